r"""Leave-one-out cross-validation of posteriors without refitting, and how far each lies below the best.

    elpd_loo = sum_n log p(x_n | all other rows),    p(x_n | all other rows) = 1 / E[1 / f(x_n | theta)]

over the posterior, by Pareto-smoothed importance sampling as ArviZ does it (Vehtari, Gelman and Gabry 2017,
doi:10.1007/s11222-016-9696-4). Draws of an approximation q that were not resampled are weighed by p / q besides
(Magnusson, Andersen, Jonasson and Vehtari 2019, PMLR 97, 4244-4253): as they are, they would give the elpd of q, which
may well be the better one.
"""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from arviz_stats.loo import loo, loo_approximate_posterior
from numpy.typing import NDArray

from bayesgmm.errors import InvalidArgumentError
from bayesgmm.posterior.container import Posterior
from bayesgmm.schema import HIGHEST_PARETO_K

__all__ = ["Loo", "cross_validate", "measure_differences"]

Array = NDArray[np.float64]

OF_Q = {"log_p", "log_q"}  # what is recorded of the draws of an approximation


class Loo(NamedTuple):
    """What leave-one-out cross-validation says of a posterior.

    Attributes
    ----------
    rows : array of shape (N,)
        log p(x_n | all other rows), in nats.
    numbers : dict of str to float
        Their sum with its standard error, the effective number of parameters, the rows with a high k-hat.
    """

    rows: Array
    numbers: dict[str, float]


def cross_validate(posteriors: Mapping[Any, Posterior]) -> tuple[dict[Any, Loo], dict[Any, str]]:
    """Cross-validate posteriors of the same rows, row by row.

    Parameters
    ----------
    posteriors : mapping of Posterior

    Returns
    -------
    loos : dict of Loo
        By name, of those that can be cross-validated.
    obstacles : dict of str
        By name, why the others cannot.

    Raises
    ------
    InvalidArgumentError
        If rows stand in different orders: the standard error of a difference would be wrong.

    Examples
    --------
    >>> from bayesgmm.selection.elpd import cross_validate
    >>> loos, obstacles = cross_validate({"full 2": fit.posterior_})
    >>> loos["full 2"].rows.shape, obstacles
    ((272,), {})
    """
    found = {name: _find_obstacle(posterior) for name, posterior in posteriors.items()}
    judged = {name: posterior for name, posterior in posteriors.items() if not found[name]}
    _check_order(judged)
    loos = {name: _leave_one_out(posterior) for name, posterior in judged.items()}
    return loos, {name: why for name, why in found.items() if why}


def measure_differences(names: Sequence[Any], loos: Mapping[Any, Loo]) -> Array:
    """Measure how far each posterior lies below the best, with the standard error of the difference.

    Parameters
    ----------
    names : sequence
        Of all fits.
    loos : mapping of Loo
        Of those that were cross-validated.

    Returns
    -------
    array of shape (fits, 2)
        In nats; NaN for what was not cross-validated.

    Examples
    --------
    >>> import numpy as np
    >>> from bayesgmm.selection.elpd import Loo, measure_differences
    >>> a, b = Loo(np.array([-1.0, -2.0]), {"elpd_loo": -3.0}), Loo(np.array([-4.0, -1.0]), {"elpd_loo": -5.0})
    >>> measure_differences(["a", "b", "em"], {"a": a, "b": b})
    array([[0.        , 0.        ],
           [2.        , 2.82842712],
           [       nan,        nan]])
    """
    best = max(loos.values(), key=lambda cross: cross.numbers["elpd_loo"], default=None)
    differences = np.full((len(names), 2), np.nan)
    for i, name in enumerate(names):
        if name in loos and best is not None:
            rows = best.rows - loos[name].rows
            differences[i] = rows.sum(), np.sqrt(len(rows)) * rows.std()
    return differences


def _is_of_q(posterior: Posterior) -> bool:
    return not posterior.attrs.get("is_resampled", 1)


def _find_obstacle(posterior: Posterior) -> str:
    """Say why a posterior cannot be cross-validated; nothing where it can."""
    if posterior.data.sample_weight is not None:
        return "its rows are weighted"
    if not _is_of_q(posterior):
        return ""
    named, k_hat = f"its draws are those of {posterior.attrs['method']}", float(posterior.attrs["pareto_k"])
    if not k_hat < HIGHEST_PARETO_K:
        return f'{named}, with k-hat {k_hat:.2f} (below {HIGHEST_PARETO_K}): use method="nuts"'
    is_recorded = "sample_stats" in posterior.idata.children and OF_Q <= set(posterior.group("sample_stats").data_vars)
    return "" if is_recorded else f"{named}, and not all were weighed: make fewer `draws`"


def _check_order(posteriors: Mapping[Any, Posterior]) -> None:
    """Refuse rows that do not stand in the order of the first."""
    first = next((posterior.data.x for posterior in posteriors.values()), None)
    for name, posterior in posteriors.items():
        x = posterior.data.x
        if first is not None and not np.array_equal(x, first):
            i = int((x != first).any(1).argmax())
            shown = f"{x[i]} in row {i}, where the first has {first[i]}"
            raise InvalidArgumentError(f"fits[{name!r}]", "have its rows in the order of the others", shown)


def _leave_one_out(posterior: Posterior) -> Loo:
    tree = posterior.with_log_likelihood().idata
    with warnings.catch_warnings():  # what ArviZ warns of is counted
        warnings.simplefilter("ignore", UserWarning)
        if _is_of_q(posterior):
            stats = posterior.group("sample_stats")
            found = loo_approximate_posterior(tree, stats["log_p"], stats["log_q"], pointwise=True)  # type: ignore[no-untyped-call]
        else:
            found = loo(tree, pointwise=True)  # type: ignore[no-untyped-call]
    high = int((found.pareto_k > found.good_k).sum())
    numbers = {"elpd_loo": found.elpd, "elpd_loo_se": found.se, "p_loo": found.p, "n_high_k": high}
    return Loo(np.asarray(found.elpd_i), {name: float(number) for name, number in numbers.items()})
