"""EM's answer, or a mixture that is known, laid out as a posterior's rows, and whether it belongs beside them.

The standard errors come from the observed information (Louis 1982, doi:10.1111/j.2517-6161.1982.tb01203.x).
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from bayesgmm.covariance import CovarianceFamily
from bayesgmm.data import Data
from bayesgmm.em.fit import EMFit
from bayesgmm.em.information import standard_errors
from bayesgmm.em.path import is_fitted_to, log_likelihood
from bayesgmm.errors import InvalidArgumentError
from bayesgmm.mixture import Mixture
from bayesgmm.posterior.container import Posterior
from bayesgmm.posterior.layout import compact_pairs
from bayesgmm.posterior.relabel import match
from bayesgmm.posterior.summary import invariants

__all__ = ["check_alike", "estimates", "order_like"]

Array = NDArray[np.float64]

ALIKE = 1e-8  # relative difference of variances that are one


def check_alike(argument: str, value: EMFit | Mixture, posterior: Posterior) -> None:
    """Refuse what is of another mixture, and an EM fit to rows or weights under which its log-likelihood is another.

    Parameters
    ----------
    argument : str
        What the caller calls it.
    value : EMFit or Mixture
        A mixture may be of any family whose covariances are among the posterior's; for a diagonal family correlations
        are not looked at.
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
    >>> check_alike("truth", fit.em_.mixture, fit.posterior_)
    """
    mixture, family = _mixture_of(value), value.family if isinstance(value, EMFit) else posterior.family
    if mixture.batch_shape:
        remedy = "Pick one with `mixture[index]`."
        raise InvalidArgumentError(argument, "be one mixture", f"a batch of shape {mixture.batch_shape}", remedy)
    has = _kind(mixture.n_components, mixture.n_features, family.name)
    needed = _kind(posterior.n_components, posterior.n_features, posterior.family.name)
    odd = [name for name in needed if has[name] != needed[name]]
    if odd:
        wanted, shown = (", ".join(f"{name}={kind[name]!r}" for name in odd) for kind in (needed, has))
        raise InvalidArgumentError(argument, f"have {wanted}, as the posterior has", shown)
    if isinstance(value, EMFit):
        _check_rows(argument, value, posterior.data)
    else:
        _check_family(argument, mixture, posterior.family)


def _mixture_of(value: EMFit | Mixture) -> Mixture:
    return value.mixture if isinstance(value, EMFit) else value


def _kind(n_components: int, n_features: int, covariance_type: str) -> dict[str, int | str]:
    return {"n_components": n_components, "n_features": n_features, "covariance_type": covariance_type}


def _check_rows(argument: str, em: EMFit, data: Data) -> None:
    if not is_fitted_to(em, data):
        found = log_likelihood(em.mixture, data)
        shown = f"log-likelihood {em.log_likelihood:.6g} over {em.total_weight:g} rows, which here would be {found:.6g}"
        shown += f" over {data.total_weight:g}"
        remedy = "Fit it to the same rows with the same `sample_weight`."
        raise InvalidArgumentError(argument, "be fitted to the rows of the posterior", shown, remedy)


def _check_family(argument: str, mixture: Mixture, family: CovarianceFamily) -> None:
    covariances = mixture.sds**2 if family.is_diagonal else mixture.covariances
    if not np.allclose(family.pool(mixture.weights, covariances), covariances, rtol=ALIKE, atol=0.0):
        constraint = f"have covariances of the type {family.name!r}, as the posterior has"
        raise InvalidArgumentError(argument, constraint, f"the sds {mixture.sds.tolist()}")


def order_like(value: EMFit | Mixture, pivot: EMFit) -> NDArray[np.int64]:
    """Give the order that brings components into that of an EM fit, as draws are matched to it.

    Parameters
    ----------
    value : EMFit or Mixture
    pivot : EMFit
        Of K components, too.

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
    mixture = _mixture_of(value)
    batch = Mixture(mixture.weights[None], mixture.means[None], mixture.scale_tril[None])
    return np.asarray(match(batch, pivot).permutation[0])


def estimates(value: EMFit | Mixture, posterior: Posterior, variables: Iterable[str]) -> tuple[Array, Array]:
    """Give values and their standard errors, one after the other as a posterior's table has its rows.

    Parameters
    ----------
    value : EMFit or Mixture
        Of the rows, and the family, of the posterior.
    posterior : Posterior
    variables : iterable of str
        The variables of the table, in its order.

    Returns
    -------
    values, errors : arrays of shape (rows,)
        In the units of x. Errors are NaN where the information is singular, of what needs no labels, and of a mixture
        that is known.

    Examples
    --------
    >>> from bayesgmm.comparison.points import estimates
    >>> values, errors = estimates(fit.em_, fit.posterior_, ["weights"])
    >>> values.round(2), errors.round(2)
    (array([0.36, 0.64]), array([0.03, 0.03]))
    """
    names, mixture, family = list(variables), _mixture_of(value), posterior.family
    free = invariants(mixture)
    values = {
        "weights": mixture.weights,
        "means": mixture.means,
        "sds": family.compact_sds(mixture.sds),
        "correlations": compact_pairs(mixture.correlations, family),
        **free,
    }
    needs_labels = not set(names) <= set(free)
    known = standard_errors(value, posterior.data) if isinstance(value, EMFit) and needs_labels else {}
    errors = {name: known.get(name, np.full(values[name].shape, np.nan)) for name in names}
    flat = [np.concatenate([np.ravel(part[name]) for name in names]) for part in (values, errors)]
    return flat[0], flat[1]
