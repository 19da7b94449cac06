"""Criteria over the number of components, a line for each covariance family.

The numbers are the table of `compare_criteria`, and columns that were added to it; here they are only drawn: how much
worse than the best each fit is, so that less is better whatever the criterion, and what lies close together can be told
apart where one family is far off.
"""

from collections.abc import Sequence
from typing import Any, overload

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike, NDArray

from bayesgmm.covariance import FAMILIES
from bayesgmm.errors import InvalidArgumentError
from bayesgmm.plots import style
from bayesgmm.plots.legend import COLUMN_WIDTH, add_legend
from bayesgmm.selection.criteria import SMALLER_IS_BETTER
from bayesgmm.selection.distances import Distances, Line, as_table, measure_distances

__all__ = ["plot_criteria"]

Array = NDArray[np.float64]

FIGSIZE = (6.4, 4.0)  # inches
PANEL = (3.6, 3.4)
MOST_ACROSS = 3  # panels in a row
DODGE = 0.07  # components by which families stand beside each other where they have error bars
BAR_WIDTH = 1.2  # points, of an error bar
RING_AREA = 170.0  # square points, around the best
LEAST_LINEAR = 1e-3  # of the largest distance
WORDS = {"bic": "BIC", "aic": "AIC", "icl": "ICL", "elpd_loo": "elpd by PSIS-LOO"}


@overload
def plot_criteria(
    fits: Any,
    criterion: str = "bic",
    X: ArrayLike | None = None,
    *,
    smaller_is_better: Sequence[str] = SMALLER_IS_BETTER,
    legend: bool = True,
    ax: Axes | None = None,
) -> Axes: ...


@overload
def plot_criteria(
    fits: Any,
    criterion: Sequence[str],
    X: ArrayLike | None = None,
    *,
    smaller_is_better: Sequence[str] = SMALLER_IS_BETTER,
    legend: bool = True,
    ax: None = None,
) -> Figure: ...


def plot_criteria(
    fits: Any,
    criterion: str | Sequence[str] = "bic",
    X: ArrayLike | None = None,
    *,
    smaller_is_better: Sequence[str] = SMALLER_IS_BETTER,
    legend: bool = True,
    ax: Axes | None = None,
) -> Axes | Figure:
    """Draw criteria over the number of components, a line for each covariance family.

    Upwards stands how much worse than the best a fit is: linear near the best, logarithmic from about the lower
    quartile of the distances, or the median error, on. The best is ringed and named above. Of several fits of one
    family and size the best is drawn.

    Parameters
    ----------
    fits : table of `compare_criteria`, or what it takes
    criterion : str or sequence of str
        A column of the table, also one that was added to it, or several: a panel each. Where the table has a column of
        that name with ``_se`` behind it, there are error bars of one standard error; a column with ``_diff_se``, the
        error of the distance from the best, goes before it: ``elpd_loo`` has one.
    X : array or DataFrame of shape (N, D), or None
        As in `compare_criteria`; not needed for its table.
    smaller_is_better : sequence of str
        The criteria of which less is better: BIC, AIC and ICL. Of all others more is.
    legend : bool
        Whether to draw the legend; panels side by side need but one, and axes too small for it get none.
    ax : Axes or None
        Where to draw one criterion; None makes a figure.

    Returns
    -------
    Axes, or Figure where several criteria are given

    Raises
    ------
    InvalidArgumentError
        If a criterion is no column with numbers, or `ax` is given for several.
    InvalidArgumentTypeError
        If `fits` or `ax` is of another kind.

    Examples
    --------
    >>> import bayesgmm as bg
    >>> X = bg.load_faithful()
    >>> table = bg.compare_criteria([bg.GaussianMixture(K, random_state=1).fit(X) for K in (1, 2, 3)], X)
    >>> bg.plot_criteria(table, "icl").get_title()
    'ICL: full, K = 2'
    >>> len(bg.plot_criteria(table, ["bic", "icl"]).axes)
    2
    """
    names = [criterion] if isinstance(criterion, str) else list(criterion)
    table = as_table(fits, X, elpd_loo="elpd_loo" in names)
    panels = [measure_distances(table, name, smaller_is_better) for name in names or [""]]
    if not isinstance(criterion, str):
        if ax is not None:
            raise InvalidArgumentError("ax", "be None for several criteria, which have a panel each", ax)
        return _draw_panels(panels, legend)
    with style.plot_style():
        axes = style.open_axes(ax, FIGSIZE)
        _draw_panel(axes, panels[0])
        if legend:
            add_legend(axes, _entries(axes, panels), is_own=ax is None)
    return axes


def _draw_panels(panels: Sequence[Distances], has_legend: bool) -> Figure:
    """Draw a panel for each criterion, with one legend."""
    n_across = 2 if len(panels) == 4 else min(len(panels), MOST_ACROSS)
    n_down = -(-len(panels) // n_across)
    with style.plot_style():
        size = (PANEL[0] * n_across + COLUMN_WIDTH * has_legend, PANEL[1] * n_down)
        figure, grid = plt.subplots(n_down, n_across, figsize=size, squeeze=False, layout="constrained")
        for axes, panel in zip(grid.ravel(), panels, strict=False):
            _draw_panel(axes, panel)
        for axes in grid.ravel()[len(panels) :]:
            axes.remove()
        if has_legend:
            figure.legend(handles=_entries(grid[0, 0], panels), loc="outside right upper", frameon=False)
    return figure


def _draw_panel(ax: Axes, panel: Distances) -> None:
    """Draw one criterion: a line for each family, its error bars, collapsed fits, and a ring around the best."""
    name, n_lines = WORDS.get(panel.criterion, panel.criterion), len(panel.lines)
    dodge = DODGE if _has_errors(panel) else 0.0
    for i, (family, line) in enumerate(panel.lines.items()):
        shift = dodge * (i - (n_lines - 1) / 2)
        _draw_line(ax, family, line, shift)
        if panel.where is not None and panel.where[0] == family:
            ring: style.Look = {"facecolors": "none", "edgecolors": style.ink(ax), "linewidths": 1.2, "zorder": 4}
            ax.scatter(panel.where[1] + shift, 0.0, s=RING_AREA, label="_best", **ring)
    _scale(ax, panel)
    ax.set_xticks(panel.sizes)
    ax.set_xlim(panel.sizes[0] - 0.4, panel.sizes[-1] + 0.4)
    ax.set_xlabel("number of components")
    ax.set_title(name if panel.where is None else f"{name}: {panel.where[0]}, K = {panel.where[1]}")
    closest = min((value for value in _distances(panel) if value > 0), default=np.nan)
    ax.set_ylabel(f"{panel.side}, {style.number_text(panel.best + 0.0, closest)}")


def _draw_line(ax: Axes, family: str, line: Line, shift: float) -> None:
    """Draw a family's fits with their error bars, joined by a line, and the collapsed ones apart."""
    look, known = _look(family), np.isfinite(line.errors)
    bars: style.Look = {"color": look["color"], "linewidth": BAR_WIDTH, "zorder": 2, "label": f"_error {family}"}
    lower, upper = line.distances - line.errors, line.distances + line.errors
    ax.vlines((line.n_components + shift)[known], lower[known], upper[known], **bars)
    ax.plot(line.n_components + shift, line.distances, zorder=3, label=f"_{family}", **look)
    x, y = line.collapsed.T
    ax.scatter(x + shift, y, marker="X", color=look["color"], zorder=3, label=f"_collapsed {family}")


def _distances(panel: Distances) -> Array:
    return np.concatenate([line.distances for line in panel.lines.values()])


def _has_errors(panel: Distances) -> bool:
    return any(np.isfinite(line.errors).any() for line in panel.lines.values())


def _scale(ax: Axes, panel: Distances) -> None:
    """Make the axis linear up to the lower quartile of the distances or the median error, and logarithmic beyond."""
    distances = _distances(panel)
    errors = np.concatenate([line.errors for line in panel.lines.values()])
    lost = np.concatenate([line.collapsed[:, 1] for line in panel.lines.values()])
    worse = distances[distances > 0]
    if len(worse):
        known = errors[errors > 0]
        enough = np.quantile(worse, 0.25), LEAST_LINEAR * worse.max(), np.median(known) if len(known) else 0.0
        linear = 10.0 ** np.round(np.log10(max(enough)))  # so that it is a tick
        low = np.concatenate([distances - np.nan_to_num(errors), lost, [0.0]]).min()
        ax.set_yscale("symlog", linthresh=linear)
        ax.yaxis.set_major_formatter("{x:g}")
        ax.set_ylim(bottom=1.2 * low - 0.2 * linear)
    else:
        ax.set_yticks([0.0])


def _look(family: str) -> style.Look:
    """Give a family its colour and marker, the same in every picture."""
    i = list(FAMILIES).index(family)
    return {"color": style.PALETTE[i], "marker": style.MARKERS[i], "markersize": 6, "linewidth": 1.4}


def _entries(ax: Axes, panels: Sequence[Distances]) -> list[Artist]:
    """Make an entry for each family, and for what else is drawn."""
    families = {family: None for panel in panels for family in panel.lines}
    entries: list[Artist] = [Line2D([], [], label=family, **_look(family)) for family in FAMILIES if family in families]
    sign: style.Look = {"linestyle": "", "color": style.ink(ax)}
    if any(panel.where for panel in panels):
        entries.append(Line2D([], [], marker="o", markersize=11, markerfacecolor="none", label="best", **sign))
    if any(len(line.collapsed) for panel in panels for line in panel.lines.values()):
        entries.append(Line2D([], [], marker="X", markersize=6, label="a component collapsed", **sign))
    if any(map(_has_errors, panels)):
        bar: style.Look = {"marker": "|", "markersize": 11, "markeredgewidth": BAR_WIDTH}
        entries.append(Line2D([], [], label="one standard error", **bar, **sign))
    return entries
