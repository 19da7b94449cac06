"""Fits side by side: EM's answer and its standard errors beside the posterior.

The standard errors come from the observed information (Louis 1982, doi:10.1111/j.2517-6161.1982.tb01203.x); a
posterior's sds lie near them where the sample is large and the priors are weak. The shift is

    (posterior mean - EM) / posterior sd.
"""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayesgmm.em.fit import EMFit
from bayesgmm.em.information import standard_errors
from bayesgmm.errors import InvalidArgumentError, InvalidArgumentTypeError
from bayesgmm.mixture import Mixture
from bayesgmm.posterior.container import Posterior, as_result
from bayesgmm.posterior.prediction import row_moments
from bayesgmm.posterior.relabel import match
from bayesgmm.posterior.summary import describe_draws, invariants, tabulated
from bayesgmm.posterior.tables import Table

__all__ = ["compare_em"]

Array = NDArray[np.float64]

ROUNDING = 1e-7  # of the log-likelihood, and nats per row; other rows differ by much more


def compare_em(fit: Any, em: Any = None, *, ci_prob: float | None = None, ci_kind: str | None = None) -> Table:
    """Compare a posterior with EM, parameter by parameter and row by row.

    Parameters
    ----------
    fit : fitted BayesianGaussianMixture or Posterior
    em : fitted GaussianMixture or EMFit, optional
        Its components may come in any order. None: the EM solution at which the chains started.
    ci_prob : float, optional
        Mass of the interval. None: ArviZ's rcParams (0.89).
    ci_kind : {"eti", "hdi"}, optional
        Equal-tailed or highest-density. None: ArviZ's rcParams ("eti").

    Returns
    -------
    Table
        A row per parameter, in the units of x: ``em``, ``em_se`` (its standard error; NaN where the information is
        singular), posterior ``mean``, ``sd`` and interval, and ``shift``, in posterior sds. The notes, and
        ``attrs["label_agreement"]`` and ``attrs["largest_change"]``, say which share of the rows has the same most
        probable component in both, and by how much a responsibility changes at most. Where components cannot be told
        apart, the rows are those that need no labels, without standard errors.

    Raises
    ------
    InvalidArgumentTypeError
        If `fit` has no posterior or `em` is no EM fit.
    InvalidArgumentError
        If `em` has other components or features, or another covariance family, or was fitted to other rows or weights.

    References
    ----------
    .. [1] Louis, T. A. (1982). Finding the observed information matrix when using the EM algorithm. JRSS B 44,
       226-233. https://doi.org/10.1111/j.2517-6161.1982.tb01203.x

    Examples
    --------
    >>> import bayesgmm as bg
    >>> table = bg.compare_em(fit)
    >>> list(table.columns[:4]), bool(table["shift"].abs().max() < 0.5)
    (['em', 'em_se', 'mean', 'sd'], True)
    """
    posterior = as_result(fit)
    if not isinstance(posterior, Posterior):
        raise InvalidArgumentTypeError("fit", "have a posterior", type(fit).__name__)
    pivot = posterior.em_fit
    chosen = pivot if em is None else _in_order(_as_em(em, posterior), pivot)
    draws = tabulated(posterior)
    statistics = describe_draws(draws, "stats", ci_prob, ci_kind)
    values = _em_columns(chosen, posterior)
    flat = {name: np.concatenate([np.ravel(part[str(key)]) for key in draws]) for name, part in values.items()}
    table = pd.concat([pd.DataFrame(flat, index=statistics.index), statistics], axis=1)
    table["shift"] = (table["mean"] - table["em"]) / table["sd"]
    table.index.name = "parameter"
    agreement, change = _compare_rows(chosen.mixture, posterior)
    shown = f"{100 * agreement:.1f} % have the same label in both"
    rows = f"Rows: {shown}; the largest change of a responsibility is {change:.3f}."
    result = Table.with_notes(table, [rows, posterior.verdict[1]])
    result.attrs |= {"label_agreement": agreement, "largest_change": change}
    return result


def _as_em(em: Any, posterior: Posterior) -> EMFit:
    value = as_result(em)
    if not isinstance(value, EMFit):
        raise InvalidArgumentTypeError("em", "be a fitted GaussianMixture or an EMFit", type(em).__name__)
    has = value.mixture.n_components, value.mixture.n_features, value.family.name
    needed = posterior.n_components, posterior.n_features, posterior.family.name
    if has != needed:
        raise InvalidArgumentError("em", f"have (n_components, n_features, covariance_type) {needed}", f"{has}")
    _check_rows(value, posterior)
    return value


def _check_rows(em: EMFit, posterior: Posterior) -> None:
    """Refuse EM fitted to rows or weights under which its log-likelihood is another."""
    data = posterior.data
    terms = em.mixture.log_density(data.rows)
    found = float(terms.sum() if data.row_weights is None else data.row_weights @ terms)
    has_total = np.isclose(em.total_weight, data.total_weight, rtol=ROUNDING, atol=0.0)
    if not has_total or not np.isclose(found, em.log_likelihood, rtol=ROUNDING, atol=ROUNDING * data.total_weight):
        shown = f"log-likelihood {em.log_likelihood:.6g} over {em.total_weight:g} rows, which here would be {found:.6g}"
        shown += f" over {data.total_weight:g}"
        remedy = "Fit EM to the same rows with the same `sample_weight`."
        raise InvalidArgumentError("em", "be fitted to the rows of the posterior", shown, remedy)


def _in_order(em: EMFit, pivot: EMFit) -> EMFit:
    """Bring the components of another EM fit into the order of the pivot."""
    mixture = em.mixture
    batch = Mixture(mixture.weights[None], mixture.means[None], mixture.scale_tril[None])
    return em.permute(match(batch, pivot).permutation[0])


def _em_columns(em: EMFit, posterior: Posterior) -> dict[str, dict[str, Array]]:
    """EM's values and standard errors by variable, laid out as the posterior's."""
    mixture, family = em.mixture, em.family
    if not posterior.is_identified:
        values = invariants(mixture)
        return {"em": values, "em_se": {name: np.full(value.shape, np.nan) for name, value in values.items()}}
    correlations = mixture.correlations[0] if family.is_shared else mixture.correlations
    values = {
        "weights": mixture.weights,
        "means": mixture.means,
        "sds": family.compact_sds(mixture.sds),
        "correlations": correlations,
    }
    return {"em": values, "em_se": standard_errors(em, posterior.data)}


def _compare_rows(mixture: Mixture, posterior: Posterior) -> tuple[float, float]:
    """Share of the rows with equal label, and the largest change of a responsibility."""
    data = posterior.data
    ours, theirs = row_moments(posterior, data.rows).mean, mixture.responsibilities(data.rows)
    is_same = ours.argmax(1) == theirs.argmax(1)
    return float(np.average(is_same, weights=data.row_weights)), float(np.abs(ours - theirs).max())
