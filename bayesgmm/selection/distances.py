"""How far each fit is from the best by a criterion, family by family: the numbers behind the picture."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from bayesgmm.covariance import FAMILIES, as_family
from bayesgmm.errors import InvalidArgumentError
from bayesgmm.selection.criteria import COLLAPSED, SMALLER_IS_BETTER, compare_criteria, find_best

__all__ = ["Distances", "Line", "as_table", "measure_distances"]

Array = NDArray[np.float64]


class Line(NamedTuple):
    """The fits of one covariance family; n sizes.

    Attributes
    ----------
    n_components : array of shape (n,)
        K, ascending.
    distances, errors : arrays of shape (n,)
        How much worse than the best of all, in the criterion's unit, and the standard error of it (NaN where unknown).
        Of several fits of one size the best.
    collapsed : array of shape (m, 2)
        K and distance of the fits with a collapsed component, which stand apart where that tells against them.
    """

    n_components: Array
    distances: Array
    errors: Array
    collapsed: Array


class Distances(NamedTuple):
    """How far fits are from the best.

    Attributes
    ----------
    criterion : str
    lines : dict of str to Line
        By family, in the package's order.
    best : float
        The best value.
    where : tuple of str and int, or None
        Family and size of the best; None where a component collapsed in every fit.
    side : str
        In words, from where distances are counted.
    sizes : tuple of int
        All numbers of components in the table.
    """

    criterion: str
    lines: dict[str, Line]
    best: float
    where: tuple[str, int] | None
    side: str
    sizes: tuple[int, ...]


def as_table(fits: Any, X: ArrayLike | None = None, *, elpd_loo: bool = True) -> pd.DataFrame:
    """Give the table of criteria: the one given, or that of fits.

    Parameters
    ----------
    fits : table of `compare_criteria`, or what it takes
    X : array or DataFrame of shape (N, D), or None
        As in `compare_criteria`.
    elpd_loo : bool
        As in `compare_criteria`.

    Returns
    -------
    pandas.DataFrame

    Raises
    ------
    InvalidArgumentError
        If a DataFrame is no such table.

    Examples
    --------
    >>> from bayesgmm.selection.distances import as_table
    >>> as_table([fit])["n_components"].tolist()
    [2]
    """
    table = fits if isinstance(fits, pd.DataFrame) else compare_criteria(fits, X, elpd_loo=elpd_loo)
    for needed in ("covariance_type", "n_components"):
        if needed not in table:
            raise InvalidArgumentError("fits", f"have a column {needed!r}, as `compare_criteria` makes it", list(table))
    return table


def measure_distances(
    table: pd.DataFrame, criterion: str, smaller_is_better: Sequence[str] = SMALLER_IS_BETTER
) -> Distances:
    """Measure how far each fit is from the best by a criterion.

    Parameters
    ----------
    table : pandas.DataFrame
        As `compare_criteria` makes it, with columns that were added to it.
    criterion : str
        A column with numbers. A column with ``_diff_se`` behind the name holds the standard errors of the distances;
        one with ``_se`` those of the numbers, which are taken where there is no such other.
    smaller_is_better : sequence of str
        The criteria of which less is better.

    Returns
    -------
    Distances

    Raises
    ------
    InvalidArgumentError
        If the criterion is no column with numbers, or a covariance type is unknown.

    Examples
    --------
    >>> import pandas as pd
    >>> from bayesgmm.selection.distances import measure_distances
    >>> sizes = {"covariance_type": ["full", "full"], "n_components": [1, 2]}
    >>> found = measure_distances(pd.DataFrame(sizes | {"bic": [2607.5, 2322.25]}), "bic")
    >>> found.where, found.lines["full"].distances
    (('full', 2), array([285.25,   0.  ]))
    """
    numbers = [name for name in table.select_dtypes("number") if name != "n_components" and table[name].notna().any()]
    if criterion not in numbers:
        remedy = "ICL needs `X`, elpd_loo a posterior among the fits, without weights." if criterion in table else ""
        raise InvalidArgumentError("criterion", f"name columns with numbers among {numbers}", repr(criterion), remedy)
    is_small = criterion in smaller_is_better
    place, values = find_best(table, criterion, smaller_is_better), table[criterion]
    best = float(values.min() if is_small else values.max()) if place is None else float(values.iloc[place])
    fits = _lay_out(table, criterion, values - best if is_small else best - values)
    held = {as_family(name).name for name in fits["covariance_type"]}
    return Distances(
        criterion=criterion,
        lines={name: _line(fits[fits["covariance_type"] == name]) for name in FAMILIES if name in held},
        best=best,
        where=None
        if place is None
        else (str(table["covariance_type"].iloc[place]), int(table["n_components"].iloc[place])),
        side="above its least" if is_small else "below its highest",
        sizes=tuple(sorted(set(table["n_components"].astype(int)))),
    )


def _lay_out(table: pd.DataFrame, criterion: str, distances: "pd.Series[float]") -> pd.DataFrame:
    """Give the fits that have the criterion, with distance, error and whether a collapse tells against them."""
    found = [name for name in (f"{criterion}_diff_se", f"{criterion}_se") if name in table]
    is_lost = (table["verdict"] == COLLAPSED) if "verdict" in table and criterion in SMALLER_IS_BETTER else False
    columns: Mapping[str, Any] = {"distance": distances, "error": table[found[0]] if found else np.nan}
    return table[["covariance_type", "n_components"]].assign(is_lost=is_lost, **columns)[distances.notna()]


def _line(fits: pd.DataFrame) -> Line:
    sound = fits[~fits["is_lost"]].sort_values(["n_components", "distance"]).drop_duplicates("n_components")
    sizes, distances, errors = sound[["n_components", "distance", "error"]].to_numpy(dtype=float).T
    lost = fits[fits["is_lost"]]
    return Line(sizes, distances, errors, lost[["n_components", "distance"]].to_numpy(dtype=float))
