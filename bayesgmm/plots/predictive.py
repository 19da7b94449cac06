"""Does the model make data like these? A panel for each feature: the rows beside data sets drawn from the fit.

The numbers are `predictive_check`; here they are only drawn.
"""

from collections.abc import Sequence
from math import ceil
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike, NDArray

from bayesgmm.plots import style
from bayesgmm.plots.legend import area_entry, percent
from bayesgmm.posterior.replicates import N_REPLICATES, STATISTICS, predictive_check
from bayesgmm.schema import FEATURE

__all__ = ["plot_predictive_check"]

Array = NDArray[np.float64]

PANEL = (3.2, 2.5)  # inches
LINES = 0.35  # inches, of the statistics above a panel
MOST_COLUMNS = 4
OUTSIDE: style.Look = {"marker": "o", "linestyle": "", "markersize": 4.5, "color": style.PALETTE[1]}
MEDIAN_WIDTH = 2.4  # points


def plot_predictive_check(
    fit: Any,
    X: ArrayLike | None = None,
    features: int | str | Sequence[int | str] | None = None,
    *,
    n_replicates: int = N_REPLICATES,
    statistics: bool = False,
    ci_prob: float | None = None,
    random_state: Any = None,
    legend: bool = True,
) -> Figure:
    """Draw the histogram of each feature over the band of histograms of data sets drawn from the fit.

    Each replicate has as many rows as the data and comes from one draw of the posterior, so that the band holds the
    sampling of rows and the uncertainty of the parameters. What lies outside the band has a dot; where the model is
    right a part of 1 - ci_prob of the cells lies outside all the same.

    A feature's shape that K Gaussians cannot make shows: an edge, a tail, a gap, a spike. What the picture cannot show:
    the data are used twice, for the fit and for the check, so that mean and sd always agree and the check is mild; it
    looks at each feature alone; and where no dot is seen another model may do as well.

    Parameters
    ----------
    fit : fitted estimator, Posterior, EMFit or Mixture
        Without a posterior the replicates come from the point estimate and the band is too narrow for what is not
        known of the parameters.
    X : array or DataFrame of shape (N, D), or None
        The rows, in the units of x. None: those that a posterior was fitted to; EM keeps none.
    features : names or positions, or None
        A panel for each, in this order. None: all.
    n_replicates : int
        500 by default: an edge of a 89 % band has 5.5 % of them beyond it, give or take 1 %. A hundred do where there
        are a hundred thousand rows, and take seconds instead of minutes.
    statistics : bool
        Whether each panel says of four statistics of the standardised feature which part of the replicates has a larger
        one: its smallest and largest value, skewness and kurtosis. Near 0 or 1 the model does not make it.
    ci_prob : float or None
        Mass of the band in each cell, in (0, 1); None takes ArviZ's ``rcParams["stats.ci_prob"]``.
    random_state : int, numpy.random.Generator, numpy.random.RandomState or None
        Of the replicates; None, the default, takes fresh entropy.
    legend : bool
        Whether to draw the legend; panels side by side need but one, and axes too small for it get none.

    Returns
    -------
    Figure

    Raises
    ------
    InvalidArgumentError
        If there are no rows, a column is constant, the fit's own rows are weighted, or a count or probability is bad.
    InvalidArgumentTypeError
        If `fit` is of another kind.

    References
    ----------
    .. [1] Gelman, A., Meng, X.-L. and Stern, H. (1996). Posterior predictive assessment of model fitness via realized
       discrepancies. Statistica Sinica 6, 733-807.

    Examples
    --------
    >>> import bayesgmm as bg
    >>> [ax.get_xlabel() for ax in bg.plot_predictive_check(fit, random_state=1).axes]
    ['eruptions', 'waiting']
    """
    numbers: dict[str, Any] = {"n_replicates": n_replicates, "ci_prob": ci_prob, "random_state": random_state}
    check = predictive_check(fit, X, features, **numbers)
    n = check.sizes[FEATURE]
    rows = ceil(n / MOST_COLUMNS)
    columns = ceil(n / rows)
    with style.plot_style():
        size = (PANEL[0] * columns, (PANEL[1] + LINES * statistics) * rows + 0.4)
        figure, grid = plt.subplots(rows, columns, figsize=size, squeeze=False, layout="constrained")
        for ax in grid.flat[n:]:
            ax.remove()
        for j, ax in enumerate(grid.flat[:n]):
            _draw_panel(ax, check.isel({FEATURE: j}), statistics)
        for ax in grid[:, 0]:
            ax.set_ylabel("density")
        if legend:
            look: style.Look = {"loc": "outside upper center", "ncols": columns if columns < 3 else 4, "frameon": False}
            figure.legend(handles=_entries(grid[0, 0], check), **look)
    return figure


def _draw_panel(ax: Axes, check: xr.Dataset, statistics: bool) -> None:
    """Draw the band, the rows' histogram, what lies outside, and how much that is."""
    edges, observed, lower, median, upper = (
        check[name].to_numpy() for name in ("edges", "observed", "lower", "median", "upper")
    )
    ink, centres = style.ink(ax), (edges[1:] + edges[:-1]) / 2
    band: style.Look = {"facecolor": ink, "alpha": style.BAND_ALPHA, "linewidth": 0, "fill": True}
    ax.stairs(upper, edges, baseline=lower, label="_band", **band)
    ax.stairs(median, edges, baseline=None, color=style.soft_ink(ax), linewidth=MEDIAN_WIDTH, label="_median")
    ax.stairs(observed, edges, baseline=None, color=style.PALETTE[0], linewidth=1.6, label="_data")
    outside = (observed < lower) | (observed > upper)
    ax.plot(centres[outside], observed[outside], label="_outside", **OUTSIDE)
    seen = np.flatnonzero((observed > 0) | (upper > 0))
    ax.set_xlim(edges[max(seen[0] - 1, 0)], edges[min(seen[-1] + 2, len(edges) - 1)])
    ax.set_ylim(bottom=0)
    ax.set_xlabel(str(check[FEATURE].item()))
    lines = [f"{outside.sum()} of {seen[-1] - seen[0] + 1} cells outside"]
    if statistics:
        tails = check["tail_probability"].to_numpy()
        texts = [f"{name} {tail:.2f}" for name, tail in zip(STATISTICS, tails, strict=True)]
        lines += [", ".join(texts[:2]), ", ".join(texts[2:])]
    ax.set_title("\n".join(lines), fontsize=9, loc="right")


def _entries(ax: Axes, check: xr.Dataset) -> list[Artist]:
    """Make the legend: data, replicates, their band, and what lies outside it."""
    expected = f"outside ({100 - 100 * check.attrs['ci_prob']:.0f} % expected)"
    return [
        Line2D([], [], color=style.PALETTE[0], linewidth=1.6, label="data"),
        Line2D([], [], color=tuple(style.soft_ink(ax)), linewidth=MEDIAN_WIDTH, label="median replicate"),
        area_entry(f"{percent(check.attrs['ci_prob'])} of replicates", style.ink(ax), style.BAND_ALPHA),
        Line2D([], [], label=expected, **OUTSIDE),
    ]
