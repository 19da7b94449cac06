"""EM's answer and its standard errors beside one posterior.

The standard errors come from the observed information (Louis 1982, doi:10.1111/j.2517-6161.1982.tb01203.x); a
posterior's sds lie near them where the sample is large and the priors are weak. The shift is

    (posterior mean - EM) / posterior sd.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayesgmm.comparison.points import check_alike, estimates, order_like
from bayesgmm.em.fit import EMFit
from bayesgmm.errors import InvalidArgumentTypeError
from bayesgmm.kernel.draws import draw_moments
from bayesgmm.mixture import Mixture
from bayesgmm.posterior.container import Posterior, as_result
from bayesgmm.posterior.prediction import by_row_blocks, flat_parameters
from bayesgmm.posterior.summary import describe_draws, tabulated
from bayesgmm.posterior.tables import Table, choose_rows

__all__ = ["compare_em"]

Array = NDArray[np.float64]


def compare_em(
    fit: Any,
    em: Any = None,
    *,
    parameters: str | Sequence[str] | None = None,
    ci_prob: float | None = None,
    ci_kind: str | None = None,
) -> Table:
    """Compare a posterior with EM, parameter by parameter and row by row.

    Parameters
    ----------
    fit : fitted BayesianGaussianMixture or Posterior
    em : fitted GaussianMixture or EMFit, optional
        Its components may come in any order. None: the EM solution at which the chains started.
    parameters : str or sequence of str, optional
        Which kinds of rows, such as ``"means"``. None: all.
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
        If `em` has other components or features, or another covariance family, or was fitted to other rows or weights,
        or a kind of parameter is not in the table.

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
    chosen = posterior.em_fit if em is None else _as_em(em, posterior)
    draws = tabulated(posterior)
    statistics = describe_draws(draws, "stats", ci_prob, ci_kind)
    values, errors = estimates(chosen, posterior, map(str, draws))
    table = pd.concat([pd.DataFrame({"em": values, "em_se": errors}, index=statistics.index), statistics], axis=1)
    table["shift"] = (table["mean"] - table["em"]) / table["sd"]
    table.index.name = "parameter"
    agreement, change = _compare_rows(chosen.mixture, posterior)
    shown = f"{100 * agreement:.1f} % have the same label in both"
    rows = f"Rows: {shown}; the largest change of a responsibility is {change:.3f}."
    result = Table.with_notes(table[choose_rows(table.index, parameters)], [rows, posterior.verdict[1]])
    result.attrs |= {"label_agreement": agreement, "largest_change": change}
    return result


def _as_em(em: Any, posterior: Posterior) -> EMFit:
    """Check another EM fit, and bring its components into the order of the posterior."""
    value = as_result(em)
    if not isinstance(value, EMFit):
        raise InvalidArgumentTypeError("em", "be a fitted GaussianMixture or an EMFit", type(em).__name__)
    check_alike("em", value, posterior)
    return value.permute(order_like(value, posterior.em_fit))


def _compare_rows(mixture: Mixture, posterior: Posterior) -> tuple[float, float]:
    """Share of the rows with equal label, and the largest change of a responsibility."""
    data, parameters = posterior.data, flat_parameters(posterior)

    def compare(block: Array) -> tuple[Array, ...]:
        ours, theirs = draw_moments(block, *parameters).mean, mixture.responsibilities(block)
        return ours.argmax(1) == theirs.argmax(1), np.abs(ours - theirs).max(1)

    is_same, change = by_row_blocks(compare, data.rows, 8 * posterior.n_components)
    return float(np.average(is_same, weights=data.row_weights)), float(change.max())
