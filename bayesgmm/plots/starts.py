"""What the pool of EM starts found: every start with the log-likelihood to which it came.

The numbers are `Starts`, which every EM fit from a pool keeps; here they are only drawn.
"""

from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from bayesgmm.em.result import EMStatus, Starts
from bayesgmm.errors import InvalidArgumentError, InvalidArgumentTypeError
from bayesgmm.mixture import Mixture
from bayesgmm.plots import style
from bayesgmm.posterior.container import Posterior, as_result

__all__ = ["plot_starts"]

Array = NDArray[np.float64]

WIDTH = 7.2  # inches
ROW, MARGIN = 0.22, 1.3  # inches for a start, and for axis and legend
MOST_ROWS = 40
LINEAR = 1.0  # nats, within which the axis is linear; beyond them it is logarithmic
AREA = 36.0  # of a marker, in square points
ENTRY_WIDTH = 1.6  # inches, of a legend's entry
LARGEST_TEXT, SMALLEST_TEXT = 9.0, 4.0  # points
POINTS = 60.0  # of text in an inch of lines

WORDS = {
    EMStatus.CONVERGED: "converged",
    EMStatus.NOT_CONVERGED: "left before it converged",
    EMStatus.DEGENERATE: "a component collapsed",
    EMStatus.SINGULAR: "failed",
}


class Row(NamedTuple):
    """One line of the picture: a start, or several of one kind that came to the same optimum.

    Attributes
    ----------
    kind : str
        How they were made.
    status : EMStatus
        How they ended.
    optimum : int
        From 1, the best; 0 where none was reached.
    gain : float
        Nats above the solution used; negative below it, nan where a start failed.
    size : int
        How many starts.
    """

    kind: str
    status: EMStatus
    optimum: int
    gain: float
    size: int


def plot_starts(fit: Any, *, legend: bool = True, ax: Axes | None = None) -> Axes:
    """Draw what the starts of EM led to.

    A line for each start, or for all of one kind that came to the same optimum, the best on top; across, how far its
    log-likelihood lies above or below that of the solution used: linear within one nat, logarithmic beyond. On the
    right, that distance in nats and what became of it: the optimum it reached, counted from the best; or that it was
    left after a short run, being worse than others; or that a component collapsed, whose likelihood means nothing.

    Parameters
    ----------
    fit : fitted estimator, EMFit or Posterior
    legend : bool
        Whether to draw the legend; panels side by side need but one, and axes too small for it get none.
    ax : Axes or None
        Where to draw; None makes a figure as tall as it has lines. The words stand to the right of the axes.

    Returns
    -------
    Axes

    Raises
    ------
    InvalidArgumentError
        If EM ran from a start that was given, and from no other.
    InvalidArgumentTypeError
        If `fit` holds no EM fit, or `ax` is of another kind.

    Examples
    --------
    >>> import bayesgmm as bg
    >>> bg.plot_starts(fit).get_xlabel()
    'log-likelihood less that of the solution used (nats)'
    """
    value = as_result(fit)
    if isinstance(value, Mixture):
        raise InvalidArgumentTypeError("fit", "be a fit, with an EM solution", type(fit).__name__)
    em = value.em_fit if isinstance(value, Posterior) else value
    if em.starts is None:
        raise InvalidArgumentError("fit", "come from several starts of EM", "one that ran from the start given")
    every = _rows(em.starts, em.log_likelihood)
    rows = every[:MOST_ROWS]
    with style.plot_style():
        axes = style.open_axes(ax, (WIDTH, MARGIN + ROW * len(rows)))
        axes.axvline(0.0, color=style.ink(axes), linewidth=0.8, alpha=0.4, zorder=1)
        _draw_rows(axes, rows)
        axes.set_xscale("symlog", linthresh=LINEAR)
        axes.xaxis.set_major_formatter("{x:g}")
        left, right = axes.get_xlim()
        axes.set_xlim(min(left, -LINEAR), max(right, LINEAR))
        axes.set_ylim(len(rows) - 0.3, -0.7)
        axes.set_yticks(range(len(rows)), labels=[_name(row) for row in rows], fontsize=LARGEST_TEXT)
        axes.set_xlabel("log-likelihood less that of the solution used (nats)")
        _write_ends(axes, rows)
        _fit_texts(axes, len(rows))
        if legend:
            _add_legend(axes, rows, len(every) - len(rows))
    return axes


def _rows(starts: Starts, used: float) -> list[Row]:
    """Sort the starts, and put together those of one kind that came to one optimum."""
    gains = starts.log_likelihoods - used
    optima = _optima(starts)
    groups: dict[tuple[str, int], list[int]] = {}
    for i, (kind, optimum) in enumerate(zip(starts.kinds, optima, strict=True)):
        groups.setdefault((kind, optimum if optimum else -i), []).append(i)
    rows = [
        Row(kind, starts.statuses[where[0]], max(optimum, 0), float(gains[where].max()), len(where))
        for (kind, optimum), where in groups.items()
    ]
    return sorted(rows, key=lambda row: (np.isnan(row.gain), -row.gain))


def _optima(starts: Starts) -> list[int]:
    """Give the number of the optimum that each start reached, the best being 1; 0 where it reached none.

    Between two neighbours of one optimum lies less than between those of two, so the widest gaps part them.
    """
    found = [i for i, status in enumerate(starts.statuses) if status is EMStatus.CONVERGED]
    found.sort(key=lambda i: -starts.log_likelihoods[i])
    steps = -np.diff(starts.log_likelihoods[found])
    parting = np.sort(np.argsort(-steps, kind="stable")[: starts.n_optima - 1])
    optima = [0] * len(starts.kinds)
    for place, i in enumerate(found):
        optima[i] = 1 + int(np.searchsorted(parting, place))
    return optima


def _looks(ax: Axes) -> dict[EMStatus, style.Look]:
    ink, paper = style.ink(ax), tuple(style.paper(ax))
    return {
        EMStatus.CONVERGED: {"marker": "o", "facecolor": style.PALETTE[0], "edgecolor": style.PALETTE[0]},
        EMStatus.NOT_CONVERGED: {"marker": "o", "facecolor": paper, "edgecolor": ink},
        EMStatus.DEGENERATE: {"marker": "X", "facecolor": style.PALETTE[1], "edgecolor": style.PALETTE[1]},
        EMStatus.SINGULAR: {"marker": "", "facecolor": ink, "edgecolor": ink},
    }


def _draw_rows(ax: Axes, rows: list[Row]) -> None:
    """Draw a line from the solution used to where each start came, and its marker."""
    looks, soft = _looks(ax), style.soft_ink(ax)
    for place, row in enumerate(rows):
        if np.isfinite(row.gain):
            ax.plot([0.0, row.gain], [place, place], color=soft, linewidth=0.8, zorder=2, label=f"_way {row.kind}")
            ax.scatter(row.gain, place, s=AREA, zorder=3, label=f"_start {row.kind}", **looks[row.status])


def _name(row: Row) -> str:
    return row.kind if row.size == 1 else f"{row.kind}, {row.size} of them"


def _write_ends(ax: Axes, rows: list[Row]) -> None:
    """Write distance and outcome of each line as tick labels of a second axis on the right."""
    gains = [f"{round(row.gain, 2) + 0.0:.2f}" if np.isfinite(row.gain) else "" for row in rows]
    ends = [f"optimum {row.optimum}" if row.optimum else WORDS[row.status] for row in rows]
    width = max(map(len, gains))
    words = ax.secondary_yaxis("right")
    lines = [f"{gain:>{width}}  {end}" for gain, end in zip(gains, ends, strict=True)]
    words.set_yticks(range(len(rows)), labels=lines, family="monospace", fontsize=LARGEST_TEXT - 1)
    words.tick_params(length=0)
    words.spines["right"].set_visible(False)


def _fit_texts(ax: Axes, n_rows: int) -> None:
    """Write no larger than the lines are high."""
    room = POINTS * style.axes_size(ax)[1] / n_rows
    for axis in (ax, *ax.child_axes):
        for text in axis.get_yticklabels():
            text.set_fontsize(min(text.get_fontsize(), max(room, SMALLEST_TEXT)))


def _add_legend(ax: Axes, rows: list[Row], n_hidden: int) -> None:
    """Say above the axes what the markers mean, and how many lines are not shown."""
    entries = [
        Line2D([], [], linestyle="", marker=look["marker"], markerfacecolor=look["facecolor"],
               markeredgecolor=look["edgecolor"], markersize=6, label=WORDS[status])
        for status, look in _looks(ax).items()
        if look["marker"] and any(row.status is status for row in rows)
    ]  # fmt: skip
    if n_hidden:
        entries.append(Line2D([], [], linestyle="", label=f"and {n_hidden} worse"))
    where: style.Look = {"loc": "lower left", "bbox_to_anchor": (0.0, 1.0), "borderaxespad": 0.2}
    columns = int(np.clip(style.axes_size(ax)[0] // ENTRY_WIDTH, 1, len(entries)))
    ax.legend(handles=entries, ncols=columns, frameon=False, handletextpad=0.3, **where)
