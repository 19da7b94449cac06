"""EM beside the posterior, or several fits side by side, parameter by parameter, on one scale.

Every parameter is shown in posterior standard deviations from its posterior mean, (value - mean) / sd, so that minutes,
shares and correlations stand on one axis; the numbers in their own units stand beside the rows. They are the tables of
`compare_em` and `compare_fits`; of several fits the reference gives mean and sd.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.lines import Line2D
from numpy.typing import NDArray
from scipy.special import ndtri

from bayesgmm.comparison.em import compare_em
from bayesgmm.comparison.fits import Comparison, compare_fits
from bayesgmm.errors import InvalidArgumentError
from bayesgmm.plots import legend, style
from bayesgmm.posterior.container import as_result
from bayesgmm.posterior.prediction import interval_bounds
from bayesgmm.posterior.tables import Table, choose_rows, row_kinds
from bayesgmm.schema import COMPONENT

__all__ = ["plot_comparison"]

Array = NDArray[np.float64]

WIDTH = 8.4  # inches; half of it is text
LEAST_WIDTH = 3.0  # inches of the axes themselves, whatever the names beside them
ROW = 0.25  # inches, two intervals and a line of text
LINE = 0.085  # inches from one interval to the next in a row
ENTRY = 0.2  # inches, a line of the legend
STRIPE = 0.05  # how dark every other row is, so that the eye keeps to its row
MARGIN = 1.2  # inches for the axis and the legend
LEAD = 0.08  # inches between the intervals of one row and the next
HEAD = 0.1  # inches above the rows, half a line
GAP = 0.7  # rows between one kind of parameter and the next
OFFSET = 0.17  # rows by which EM stands above and the posterior below the middle of a row
WIDE_LINE = 2.4  # points
THIN_LINE = 1.8  # points, where several fits share a row
AREA = 20.0  # of a marker, in square points
SMALL_AREA = 14.0  # of a marker of one of several fits


def plot_comparison(
    fit: Any,
    em: Any = None,
    *,
    parameters: str | Sequence[str] | None = None,
    ci_prob: float | None = None,
    ci_kind: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw EM's estimate with its interval and the posterior's interval side by side, or the intervals of several fits.

    EM's interval is the estimate plus and minus z standard errors, z the normal quantile of `ci_prob`; where the
    information is singular the estimate stands alone. The axis counts posterior sds from the posterior mean; of several
    fits, from those of the first by NUTS, else of the first posterior. The legend then says what each fit cost, and
    k-hat. A `Mixture` among them, such as the truth of a simulation, is a point.

    Parameters
    ----------
    fit : fitted BayesianGaussianMixture, Posterior, or mapping of str to fits as in `compare_fits`
    em : fitted GaussianMixture or EMFit, or None
        None: the EM solution at which the chains started. Several fits have EM among them.
    parameters : str, sequence of str, or None
        Which kinds, such as ``"means"``. None: all in the table.
    ci_prob : float or None
        Mass of both intervals, in (0, 1). None takes ArviZ's ``rcParams["stats.ci_prob"]``.
    ci_kind : {"eti", "hdi"} or None
        Equal-tailed or highest-density interval of the posterior. None takes ArviZ's ``rcParams["stats.ci_kind"]``.
    ax : Axes or None
        Where to draw; None makes a figure as tall as it has rows and as wide as the names need. The numbers stand to
        the right of the axes.

    Returns
    -------
    Axes

    Raises
    ------
    InvalidArgumentError
        If a kind of parameter is not in the table, or `em`, or one of several fits, does not fit to the posterior.
    InvalidArgumentTypeError
        If `fit` has no posterior, or `ax` is of another kind.

    Examples
    --------
    >>> import bayesgmm as bg
    >>> ax = bg.plot_comparison(fit, parameters="weights")
    >>> [label.get_text() for label in ax.get_yticklabels()]
    ['weights[0]', 'weights[1]']
    >>> ax = bg.plot_comparison({"nuts": fit, "EM": fit.em_}, parameters="means")
    """
    if isinstance(fit, Mapping) or type(fit) in (list, tuple):
        if em is not None:
            raise InvalidArgumentError("em", "be None beside several fits", type(em).__name__, "Put it among them.")
        return _plot_fits(compare_fits(fit, ci_prob=ci_prob, ci_kind=ci_kind), parameters, ci_prob=ci_prob, ax=ax)
    table = compare_em(fit, em, parameters=parameters, ci_prob=ci_prob, ci_kind=ci_kind)
    places = _places(row_kinds(table.index))
    with style.plot_style():
        axes = style.open_axes(ax, (WIDTH, MARGIN - ROW * places[-1]))
        axes.axvline(0.0, color=style.ink(axes), linewidth=0.8, alpha=0.4, zorder=1)
        colors = _colors(table, as_result(fit), style.ink(axes))
        _draw_intervals(axes, table, places, colors=colors, z=float(ndtri(interval_bounds(ci_prob)[1])))
        axes.set_yticks(places, labels=table.index)
        axes.set_ylim(places[-1] - 0.8, 1.3)
        axes.set_xlabel("(value - posterior mean) / posterior sd")
        _write_numbers(axes, table, places, legend.percent(ci_prob))
        where: style.Look = {"loc": "lower left", "bbox_to_anchor": (0.0, 1.0), "borderaxespad": 0.2}
        axes.legend(handles=_entries(axes, legend.percent(ci_prob)), ncols=2, frameon=False, handlelength=3.0, **where)
        if ax is None:
            _make_room(axes)
    return axes


def _places(kinds: Sequence[str], *, step: float = 1.0, gap: float = GAP) -> Array:
    """Give each row its height: downwards from zero, with a gap before another kind."""
    is_new = np.array([a != b for a, b in zip(kinds[1:], kinds[:-1], strict=True)])
    return -np.concatenate([[0.0], np.cumsum(step + gap * is_new)])


def _colors(table: Table, posterior: Any, ink: str) -> Array:
    """Give each row its component's colour, of shape (rows, 3), or the ink where all components share it."""
    kinds, draws = np.array(row_kinds(table.index)), posterior.idata["posterior"]
    components = style.component_colors(posterior.n_components)
    colors = np.tile(to_rgb(ink), (len(table), 1))
    for name in set(kinds) & set(draws.data_vars):
        if COMPONENT in draws[name].dims:  # the first after chain and draw, so its blocks follow each other
            rows = np.flatnonzero(kinds == name)
            colors[rows] = np.repeat(components, len(rows) // len(components), axis=0)
    return colors


def _draw_intervals(ax: Axes, table: Table, places: Array, *, colors: Array, z: float) -> None:
    """Draw EM above and the posterior below the middle of each row."""
    mean, sd = table["mean"].to_numpy(), table["sd"].to_numpy()
    em = (table["em"].to_numpy() - mean) / sd
    reach = z * table["em_se"].to_numpy() / sd
    lower, upper = (table[_interval(table)].to_numpy() - mean[:, None]).T / sd
    up, down, ink, known = places + OFFSET, places - OFFSET, style.ink(ax), np.isfinite(reach)
    look: style.Look = {"colors": ink, **style.POINT_LINE}
    ax.hlines(up[known], (em - reach)[known], (em + reach)[known], zorder=2, label="_EM interval", **look)
    ax.scatter(em, up, marker="s", s=AREA, facecolors=tuple(style.paper(ax)), edgecolors=ink, zorder=3, label="_EM")
    look = {"colors": colors, "linewidth": WIDE_LINE}
    ax.hlines(down, lower, upper, zorder=2, label="_posterior interval", **look)
    ax.scatter(np.zeros(len(down)), down, s=AREA, c=colors, zorder=3, label="_posterior mean")


def _entries(ax: Axes, percent: str) -> list[Line2D]:
    """Make the legend's two entries."""
    ink, paper = style.ink(ax), tuple(style.paper(ax))
    dashed: style.Look = {"color": ink, "marker": "s", "markerfacecolor": paper, "markersize": 4.5, **style.POINT_LINE}
    em = Line2D([], [], label=f"EM, {percent} interval", **dashed)
    solid: style.Look = {"color": ink, "linewidth": WIDE_LINE, "marker": "o", "markersize": 4.5}
    return [em, Line2D([], [], label=f"posterior, {percent} interval", **solid)]


def _write_numbers(ax: Axes, table: Table, places: Array, percent: str) -> None:
    """Write the numbers as tick labels of a second axis on the right, in two columns under a head."""
    left, right = ["EM ± se"], [f"posterior mean [{percent}]"]
    for value, se, mean, sd, *ends in table[["em", "em_se", "mean", "sd", *_interval(table)]].to_numpy():
        error = f" ± {style.number_text(se, sd)}" if np.isfinite(se) else ""
        left.append(style.number_text(value, sd) + error)
        right.append(f"{style.number_text(mean, sd)} [{', '.join(style.number_text(end, sd) for end in ends)}]")
    width = max(map(len, left))
    _write_beside(ax, [0.9, *places], [f"{a:<{width}}   {b}" for a, b in zip(left, right, strict=True)])


def _write_beside(ax: Axes, heights: Sequence[float], lines: Sequence[str]) -> None:
    """Write lines as tick labels of a second axis on the right."""
    numbers = ax.secondary_yaxis("right")
    numbers.set_yticks(heights, labels=lines, family="monospace", fontsize=8)
    numbers.tick_params(length=0)
    numbers.spines["right"].set_visible(False)


def _make_room(ax: Axes) -> None:
    """Widen the figure until the texts on both sides leave the axes their least width."""
    figure: Any = ax.get_figure(root=True)
    sides = (ax.yaxis, ax.child_axes[0].yaxis)
    texts = [max(label.get_window_extent().width for label in side.get_ticklabels()) / figure.dpi for side in sides]
    figure.set_figwidth(max(WIDTH, LEAST_WIDTH + sum(texts)))


def _interval(table: Table) -> list[str]:
    """Name the two columns of the interval, which ArviZ calls after kind and mass."""
    return [name for name in table.columns if name.startswith(("eti", "hdi"))]


def _plot_fits(
    comparison: Comparison, parameters: str | Sequence[str] | None, *, ci_prob: float | None, ax: Axes | None
) -> Axes:
    """Draw the intervals of several fits, a line each in every row; heights are inches."""
    names = list(comparison.fits.index)
    table = comparison.parameters.loc[choose_rows(comparison.parameters.index, parameters)]
    reference = comparison.reference or next(name for name in names if "mean" in table[name])
    row = max(LINE * len(names) + LEAD, ROW)
    places = _places(row_kinds(table.index), step=row, gap=GAP * ROW)
    percent = legend.percent(ci_prob)
    with style.plot_style():
        axes = style.open_axes(ax, (WIDTH, MARGIN + ENTRY * len(names) + row - places[-1]))
        axes.axvline(0.0, color=style.ink(axes), linewidth=0.8, alpha=0.4, zorder=1)
        for place in places[::2]:
            stripe = place - row / 2, place + row / 2
            axes.axhspan(*stripe, color=style.ink(axes), alpha=STRIPE, linewidth=0, zorder=0, label="_stripe")
        looks = _fit_looks(comparison, axes)
        mean, sd = table[reference].to_numpy()[:, :2].T
        for i, name in enumerate(names):
            standard = (table[name].to_numpy()[:, [0, 2, 3]] - mean[:, None]) / sd[:, None]
            _draw_fit(axes, name, standard, places + LINE * ((len(names) - 1) / 2 - i), looks[name])
        axes.set_yticks(places, labels=table.index)
        axes.set_ylim(places[-1] - row / 2 - HEAD, row / 2 + 2 * HEAD)
        axes.set_xlabel(f"(value - mean of {reference}) / sd of {reference}")
        lines = [f"{reference} [{percent}]", *_numbers(table[reference].to_numpy())]
        _write_beside(axes, [row / 2 + HEAD, *places], lines)
        handles = [Line2D([], [], label=_cost(comparison, name), markersize=4.5, **looks[name]) for name in names]
        where: style.Look = {"loc": "lower left", "bbox_to_anchor": (0.0, 1.0), "borderaxespad": 0.2}
        title = f"{percent} intervals"
        axes.legend(handles=handles, title=title, frameon=False, alignment="left", **where)
        if ax is None:
            _make_room(axes)
    return axes


def _fit_looks(comparison: Comparison, ax: Axes) -> dict[str, style.Look]:
    """Give each fit its colour and marker; EM's is dashed and hollow, what is known has no line at all."""
    F = len(comparison.fits)
    solid: style.Look = {"linewidth": THIN_LINE}
    hollow: style.Look = {"marker": "s", "markerfacecolor": tuple(style.paper(ax))}
    looks = {"em": hollow | style.POINT_LINE, "known": hollow | {"marker": "D", "linestyle": "none"}}
    colors, markers = style.component_colors(F), style.component_markers(F)
    return {
        name: {"color": tuple(color), "marker": marker, **looks.get(method, solid)}
        for (name, method), color, marker in zip(comparison.fits["method"].items(), colors, markers, strict=True)
    }


def _draw_fit(ax: Axes, name: str, standard: Array, heights: Array, look: style.Look) -> None:
    """Draw one fit's lines from lower to upper end and its points; `standard` is centre, lower, upper."""
    centre, lower, upper = standard.T
    known = np.isfinite(lower)
    line = {key: value for key, value in look.items() if key.startswith("line")}
    ax.hlines(heights[known], lower[known], upper[known], look["color"], label=f"_{name} interval", zorder=2, **line)
    face = look.get("markerfacecolor", look["color"])
    kind: style.Look = {"marker": look["marker"], "facecolors": [face], "edgecolors": [look["color"]]}
    ax.scatter(centre, heights, s=SMALL_AREA, zorder=3, label=f"_{name}", **kind)


def _numbers(statistics: Array) -> list[str]:
    """Write mean and interval of each row to the digits of its sd."""
    return [
        f"{style.number_text(mean, sd)} [{style.number_text(lower, sd)}, {style.number_text(upper, sd)}]"
        for mean, sd, lower, upper in statistics
    ]


def _cost(comparison: Comparison, name: str) -> str:
    """Name a fit with what is known of its time, its effective draws and k-hat."""
    _, fits = comparison.rounded()
    texts = {"seconds": "{} s", "ess_per_second": "{} ESS/s", "pareto_k": "k-hat {}"}
    known = [text.format(fits.loc[name, key]) for key, text in texts.items() if fits.loc[name, key]]
    return f"{name}: {', '.join(known)}" if known else name
