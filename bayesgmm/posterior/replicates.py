"""Does the model make data like these? Data sets drawn from a fit, beside the data, feature by feature.

For each of R draws theta_r of the posterior a data set of N rows is drawn from f(. | theta_r), as many as were
observed, all of its rows from the same draw; a point estimate stands for every draw where there is no posterior. The
heights of the data's histogram and four statistics are then compared with those of the replicates: band and quantiles
over r, and the tail probability p = P(T(replicate) > T(data)), ties counted half (Gelman, Meng and Stern 1996).

The data are used twice, for the fit and for the check, so p is conservative: a mixture fits mean and sd of a feature
nearly whatever the data are, and a p near 1/2 there says nothing. What the check can show is a feature's shape that no
K Gaussians make: an edge, a tail, a gap, a spike. It looks at one feature at a time and is blind to what only several
features together show; and where it finds nothing, another model may do as well.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from bayesgmm.data import as_count, as_rows, as_seed
from bayesgmm.data.columns import resolutions
from bayesgmm.data.table import default_names, read_table
from bayesgmm.errors import InvalidArgumentError
from bayesgmm.mixture import Mixture
from bayesgmm.posterior.cells import cell_edges, count_cells
from bayesgmm.posterior.container import Posterior, as_result
from bayesgmm.posterior.layout import feature_positions
from bayesgmm.posterior.prediction import interval_bounds
from bayesgmm.posterior.thinning import spaced_draws
from bayesgmm.schema import FEATURE

__all__ = ["STATISTICS", "predictive_check"]

Array = NDArray[np.float64]

N_REPLICATES = 500  # an edge of a 89 % band has 5.5 % +- 1.0 % of them beyond it
FEWEST_CELLS, MOST_CELLS = 8, 40  # of a histogram
MARGIN = 2  # empty cells on either side, where replicates may lie and the data do not

CELL, EDGE, STATISTIC = "cell", "edge", "statistic"

STATISTICS: dict[str, Callable[[Array], Array]] = {
    "smallest": lambda z: z.min(0),
    "largest": lambda z: z.max(0),
    "skewness": lambda z: np.einsum("nf,nf,nf->f", z, z, z) / len(z),
    "kurtosis": lambda z: np.einsum("nf,nf,nf,nf->f", z, z, z, z) / len(z),
}  # of columns with mean zero and sd one, so that location and scale, which every fit has right, are left out


def predictive_check(
    fit: Any,
    X: ArrayLike | None = None,
    features: int | str | Sequence[int | str] | None = None,
    *,
    n_replicates: int = N_REPLICATES,
    ci_prob: float | None = None,
    random_state: Any = None,
) -> xr.Dataset:
    """Compare the rows with data sets of the same size drawn from a fit.

    Parameters
    ----------
    fit : fitted estimator, Posterior, EMFit or Mixture
        Without a posterior the replicates are drawn from the point estimate: then the band has no parameter
        uncertainty.
    X : array or DataFrame of shape (N, D), or None
        The rows, in the units of x. None: those that a posterior was fitted to, which must not be weighted; EM keeps
        none.
    features : names or positions, or None
        None: all.
    n_replicates : int
        R, at least 2; 500 by default. Of a posterior with fewer draws, as many as it has. Time grows with R N D: a
        hundred do where there are a hundred thousand rows.
    ci_prob : float or None
        Mass of the band over the replicates, in (0, 1), equal tails, for each cell by itself. None takes ArviZ's
        ``rcParams["stats.ci_prob"]``.
    random_state : int, numpy.random.Generator, numpy.random.RandomState or None
        None, the default, takes fresh entropy.

    Returns
    -------
    xarray.Dataset
        ``edges`` (feature, edge): the histogram's, in the units of x, a whole multiple of the column's resolution
        apart; ``observed``, ``lower``, ``median``, ``upper`` (feature, cell): heights, per unit of the feature;
        ``of_data`` and ``tail_probability`` (feature, statistic): statistics of the data's standardised column, and
        their p.

    Raises
    ------
    InvalidArgumentError
        If there are no rows, fewer than two of them, a constant column, weights, or a bad count or probability.

    References
    ----------
    .. [1] Gelman, A., Meng, X.-L. and Stern, H. (1996). Posterior predictive assessment of model fitness via realized
       discrepancies. Statistica Sinica 6, 733-807.

    Examples
    --------
    >>> from bayesgmm.posterior.replicates import predictive_check
    >>> check = predictive_check(fit, random_state=1)
    >>> inside = (check["lower"] <= check["observed"]) & (check["observed"] <= check["upper"])
    >>> bool(inside.mean() > 0.7)
    True
    """
    x, mixture, names = _read(fit, X)
    chosen = feature_positions(features, names, default=len(names))
    bounds, rng = interval_bounds(ci_prob), np.random.default_rng(as_seed(random_state))
    x, draws = x[:, chosen], _as_draws(mixture.marginal(chosen), as_count("n_replicates", n_replicates, least=2))
    edges = _edges(x)  # (F, cells + 1)
    replicates = list(_describe(draws, len(x), edges, rng))
    heights, statistics = (np.array(part) for part in zip(*replicates, strict=True))  # (R, F, cells), (R, F, 4)
    observed, own = _heights(x, edges), _statistics(x)
    lower, median, upper = np.quantile(heights, [bounds[0], 0.5, bounds[1]], axis=0)
    return xr.Dataset(
        {
            "edges": ((FEATURE, EDGE), edges),
            "observed": ((FEATURE, CELL), observed),
            "lower": ((FEATURE, CELL), lower),
            "median": ((FEATURE, CELL), median),
            "upper": ((FEATURE, CELL), upper),
            "of_data": ((FEATURE, STATISTIC), own),
            "tail_probability": ((FEATURE, STATISTIC), ((statistics > own).mean(0) + (statistics >= own).mean(0)) / 2),
        },
        coords={FEATURE: [names[j] for j in chosen], STATISTIC: list(STATISTICS)},
        attrs={"ci_prob": float(bounds[1] - bounds[0]), "n_replicates": len(replicates), "n_rows": len(x)},
    )


def _read(fit: Any, X: ArrayLike | None) -> tuple[Array, Mixture, tuple[str, ...]]:
    """Give rows, mixture and names of the features."""
    result = as_result(fit)
    if isinstance(result, Posterior):
        rows = _own_rows(result) if X is None else result.rows_of(X)
        return rows, result.mixture, result.feature_names
    mixture: Mixture = result if isinstance(result, Mixture) else result.mixture
    if X is None:
        raise InvalidArgumentError("X", "be the rows where there is no posterior: EM keeps none", X)
    names = getattr(fit, "feature_names_in_", None)
    rows = as_rows(X, mixture.n_features, feature_names=None if names is None else tuple(names))
    own = read_table(X).feature_names or default_names(mixture.n_features)
    return rows, mixture, own if names is None else tuple(names)


def _own_rows(posterior: Posterior) -> Array:
    if posterior.data.sample_weight is not None:
        remedy = "Give rows that the weighted model should make: `X`."
        raise InvalidArgumentError("X", "be the rows where those of the fit are weighted", None, remedy)
    return posterior.data.x


def _as_draws(mixture: Mixture, n_replicates: int) -> Mixture:
    """Give a mixture for each replicate, along one axis."""
    if mixture.batch_shape:
        return spaced_draws(mixture, n_replicates)
    return mixture.flatten()[np.zeros(n_replicates, dtype=np.intp)]


def _edges(x: Array) -> Array:
    """Give every feature the edges of as many cells, (F, cells + 1), some of them empty at either end."""
    least, most = x.min(0), x.max(0)
    if len(x) < 2 or not (most > least).all():
        raise InvalidArgumentError("X", "have at least two rows and no constant column", f"{len(x)} rows")
    n_cells = int(np.clip(count_cells(x).max(), FEWEST_CELLS, MOST_CELLS))
    columns = zip(least, most, resolutions(x)[0], strict=True)
    edges = np.array([cell_edges(*column, n_cells) for column in columns])
    width, margin = edges[:, 1:2] - edges[:, :1], np.arange(1, MARGIN + 1)
    return np.hstack([edges[:, :1] - width * margin[::-1], edges, edges[:, -1:] + width * margin])


def _describe(draws: Mixture, n_rows: int, edges: Array, rng: np.random.Generator) -> Iterator[tuple[Array, Array]]:
    """Draw a data set from each mixture, one at a time, and keep its heights and statistics."""
    for r in range(draws.batch_shape[0]):
        rows, _ = draws[r].sample(n_rows, rng)
        yield _heights(rows, edges), _statistics(rows)


def _heights(x: Array, edges: Array) -> Array:
    """Give the histogram of each column, (F, cells): the share of all rows per cell and unit of the feature."""
    F, n_cells = len(edges), edges.shape[1] - 1
    widths = (edges[:, -1] - edges[:, 0]) / n_cells
    place = np.clip(np.floor((x - edges[:, 0]) / widths), -1, n_cells).astype(np.intp) + 1  # both ends catch the rest
    counts = np.bincount((place + np.arange(F) * (n_cells + 2)).ravel(), minlength=F * (n_cells + 2))
    return counts.reshape(F, n_cells + 2)[:, 1:-1] / (len(x) * widths[:, None])


def _statistics(x: Array) -> Array:
    """Give the statistics of each standardised column, (F, 4)."""
    z = x - x.mean(0)
    z /= np.sqrt(np.einsum("nf,nf->f", z, z) / len(z))
    return np.column_stack([statistic(z) for statistic in STATISTICS.values()])
