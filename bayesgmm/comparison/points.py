"""EM's answer laid out as a posterior's rows, and whether it belongs beside them.

The standard errors come from the observed information (Louis 1982, doi:10.1111/j.2517-6161.1982.tb01203.x).
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from bayesgmm.data import Data
from bayesgmm.em.fit import EMFit
from bayesgmm.em.information import standard_errors
from bayesgmm.errors import InvalidArgumentError
from bayesgmm.mixture import Mixture
from bayesgmm.posterior.container import Posterior
from bayesgmm.posterior.layout import compact_pairs
from bayesgmm.posterior.relabel import match
from bayesgmm.posterior.summary import invariants

__all__ = ["check_alike", "estimates", "order_like"]

Array = NDArray[np.float64]

ROUNDING = 1e-7  # of the log-likelihood, and nats per row; other rows differ by much more


def check_alike(argument: str, em: EMFit, posterior: Posterior) -> None:
    """Refuse an EM fit of another mixture, or to rows or weights under which its log-likelihood is another.

    Parameters
    ----------
    argument : str
        What the caller calls it.
    em : EMFit
    posterior : Posterior
        What it shall stand beside.

    Raises
    ------
    InvalidArgumentError
        If components, features, covariance family, rows or weights differ; the sentence names which.

    Examples
    --------
    >>> from bayesgmm.comparison.points import check_alike
    >>> check_alike("em", fit.em_, fit.posterior_)
    """
    has = _kind(em.mixture.n_components, em.mixture.n_features, em.family.name)
    needed = _kind(posterior.n_components, posterior.n_features, posterior.family.name)
    odd = [name for name in needed if has[name] != needed[name]]
    if odd:
        wanted, shown = (", ".join(f"{name}={kind[name]!r}" for name in odd) for kind in (needed, has))
        raise InvalidArgumentError(argument, f"have {wanted}, as the posterior has", shown)
    _check_rows(argument, em, posterior.data)


def _kind(n_components: int, n_features: int, covariance_type: str) -> dict[str, int | str]:
    return {"n_components": n_components, "n_features": n_features, "covariance_type": covariance_type}


def _check_rows(argument: str, em: EMFit, data: Data) -> None:
    terms = em.mixture.log_density(data.rows)
    found = float(terms.sum() if data.row_weights is None else data.row_weights @ terms)
    has_total = np.isclose(em.total_weight, data.total_weight, rtol=ROUNDING, atol=0.0)
    if not has_total or not np.isclose(found, em.log_likelihood, rtol=ROUNDING, atol=ROUNDING * data.total_weight):
        shown = f"log-likelihood {em.log_likelihood:.6g} over {em.total_weight:g} rows, which here would be {found:.6g}"
        shown += f" over {data.total_weight:g}"
        remedy = "Fit it to the same rows with the same `sample_weight`."
        raise InvalidArgumentError(argument, "be fitted to the rows of the posterior", shown, remedy)


def order_like(em: EMFit, pivot: EMFit) -> NDArray[np.int64]:
    """Give the order that brings the components of one EM fit into that of another, as draws are matched to EM.

    Parameters
    ----------
    em, pivot : EMFit
        Of K components each.

    Returns
    -------
    integer array of shape (K,)
        Component ``order[k]`` goes to place k.

    Examples
    --------
    >>> from bayesgmm.comparison.points import order_like
    >>> order_like(fit.em_.permute([1, 0]), fit.em_)
    array([1, 0])
    """
    mixture = em.mixture
    batch = Mixture(mixture.weights[None], mixture.means[None], mixture.scale_tril[None])
    return np.asarray(match(batch, pivot).permutation[0])


def estimates(em: EMFit, data: Data, variables: Iterable[str]) -> tuple[Array, Array]:
    """Give EM's values and their standard errors, one after the other as a posterior's table has its rows.

    Parameters
    ----------
    em : EMFit
    data : Data
        The rows it was fitted to.
    variables : iterable of str
        The variables of the table, in its order.

    Returns
    -------
    values, errors : arrays of shape (rows,)
        In the units of x. Errors are NaN where the information is singular, and of what needs no labels.

    Examples
    --------
    >>> from bayesgmm.comparison.points import estimates
    >>> values, errors = estimates(fit.em_, fit.posterior_.data, ["weights"])
    >>> values.round(2), errors.round(2)
    (array([0.36, 0.64]), array([0.03, 0.03]))
    """
    names, mixture, family = list(variables), em.mixture, em.family
    free = invariants(mixture)
    values = {
        "weights": mixture.weights,
        "means": mixture.means,
        "sds": family.compact_sds(mixture.sds),
        "correlations": compact_pairs(mixture.correlations, family),
        **free,
    }
    known = {} if set(names) <= set(free) else standard_errors(em, data)
    errors = {name: known.get(name, np.full(values[name].shape, np.nan)) for name in names}
    flat = [np.concatenate([np.ravel(part[name]) for name in names]) for part in (values, errors)]
    return flat[0], flat[1]
