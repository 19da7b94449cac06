"""Every row's membership as a bar, sorted, with its credible interval.

The numbers are `describe_responsibilities`; here they are only drawn.
"""

from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import StepPatch
from numpy.typing import ArrayLike, NDArray

from bayesgmm.plots import style
from bayesgmm.plots.legend import (
    LETTER_WIDTH,
    add_legend,
    area_entry,
    component_label,
    note_entries,
    percent,
    wide_figure,
)
from bayesgmm.plots.plane import RASTER_FROM
from bayesgmm.plots.subject import Subject, as_subject, need_rows
from bayesgmm.posterior.container import Posterior, as_result
from bayesgmm.posterior.prediction import row_names

__all__ = ["plot_responsibilities"]

Array = NDArray[np.float64]

FIGSIZE = (7.2, 3.6)  # inches; the legend stands to the right
FEW_ROWS = 80  # up to which each row has a bar and a whisker of its own; of more the bars touch and whiskers are a band
BAR_GAP = 0.25  # between bars of few rows, in rows
GROUP_GAP = 0.012  # between components, of all rows
ALPHA = 0.75  # of the bars
BAND_ALPHA = 0.4  # of the band upon them
NAME_SIZE, SMALLEST_SIZE = 8.5, 5.0  # points, of names
POINTS = 65.0  # of text for an inch of bars
MOST_LETTERS = 20  # of a row's name
LEFT_OVER = 0.75  # of the axes' width, when the legend has taken its room


def plot_responsibilities(
    fit: Any, X: ArrayLike | None = None, *, ci_prob: float | None = None, legend: bool = True, ax: Axes | None = None
) -> Axes:
    """Draw each row's responsibilities as a stacked bar.

    Rows stand by their most likely component, the surest first, and that component's share stands lowest. With a
    posterior the bars are E r_nk, and the credible interval of the lowest share is a whisker on its edge; where there
    are many rows the whiskers run together into a band. Few rows with names of their own have them below their bars.

    Parameters
    ----------
    fit : fitted estimator, Posterior, EMFit or Mixture
        Without a posterior there are no whiskers.
    X : array or DataFrame of shape (N, D), or None
        Rows to show, in the units of x; of more than 10 000 a random part. None: those that a posterior was fitted
        to; EM keeps none, so that it needs them.
    ci_prob : float or None
        The posterior probability of the intervals, in (0, 1); None takes ArviZ's ``rcParams["stats.ci_prob"]``.
    legend : bool
        Whether to draw the legend; panels side by side need but one, and axes too small for it get none.
    ax : Axes or None
        Where to draw; None makes a figure.

    Returns
    -------
    Axes

    Raises
    ------
    InvalidArgumentError
        If there are no rows, or `ci_prob` leaves (0, 1).
    InvalidArgumentTypeError
        If `fit` or `ax` is of another kind.

    Examples
    --------
    >>> import bayesgmm as bg
    >>> bg.plot_responsibilities(fit).get_ylabel()
    'responsibility'
    """
    subject = as_subject(fit, X)
    x, shares = need_rows(subject)
    result, interval = as_result(fit), None
    names = _row_names(result, X) if len(x) <= FEW_ROWS else None
    if isinstance(result, Posterior):
        described = result.responsibilities(x, ci_prob=ci_prob)
        interval = described["lower"].to_numpy(), described["upper"].to_numpy()
    with style.plot_style():
        axes = style.open_axes(ax, wide_figure(FIGSIZE, subject.point.n_components))
        _draw_bars(axes, subject, shares, interval, names)
        axes.set_ylabel("responsibility")
        if legend:
            add_legend(axes, _entries(subject, axes, ci_prob), is_own=ax is None)
    return axes


def _row_names(result: Any, X: ArrayLike | None) -> NDArray[Any] | None:
    """Give the names of rows that have some; counted from 0 they have none."""
    names = row_names(result.data if X is None else X)
    if names.dtype.kind == "M":
        return np.datetime_as_string(names.astype(np.datetime64), unit="auto")
    return None if np.array_equal(names, np.arange(len(names))) else names.astype(str)


def _draw_bars(
    ax: Axes,
    subject: Subject,
    shares: Array,
    interval: tuple[Array, Array] | None,
    names: NDArray[Any] | None,
) -> None:
    """Draw the bars from left to right, the whiskers upon them, and the names of rows and components."""
    owner = shares.argmax(1)
    order = np.lexsort((-shares.max(1), owner))
    owner, shares, rows = owner[order], shares[order], np.arange(len(order))
    left, right = _places(owner)
    look: style.Look = {"linewidth": 0, "alpha": ALPHA, "rasterized": len(rows) >= RASTER_FROM}
    for k, color in enumerate(style.component_colors(shares.shape[1])):
        own: style.Look = {"facecolor": color, "zorder": 1, "label": f"_bars {subject.component_names[k]}"}
        _add_bars(ax, (left, right), _stack(shares, owner, k), **own, **look)
    if interval is not None:
        lower, upper = (bound[order][rows, owner] for bound in interval)
        _draw_whiskers(ax, left, right, lower, upper)
    ax.set(ylim=(0.0, 1.0), xlim=(left[0] - BAR_GAP, right[-1] + BAR_GAP))
    centres = (left + right) / 2
    ax.set_xticks([])
    is_named = names is not None and _name_rows(ax, names[order], centres)
    _name_groups(ax, subject.component_names, owner, centres, is_above=is_named)
    is_below = any(text.get_text() for text in ax.texts)
    ax.set_xlabel("rows by component, the surest first", labelpad=3.4 * NAME_SIZE if is_below else None)


def _places(owner: NDArray[np.intp]) -> tuple[Array, Array]:
    """Give each bar's left and right edge, in rows, with room between the components."""
    gap = BAR_GAP if len(owner) <= FEW_ROWS else 0.0
    between = np.diff(owner, prepend=owner[0]) > 0
    left = np.arange(len(owner)) + between.cumsum() * max(GROUP_GAP * len(owner), 2 * gap)
    return left + gap / 2, left + 1.0 - gap / 2


def _stack(shares: Array, owner: NDArray[np.intp], k: int) -> tuple[Array, Array]:
    """Give where component k's part of each bar ends and begins: the owner's stands lowest, the others in order."""
    below = shares[:, :k].sum(1) + np.where(owner > k, shares[np.arange(len(owner)), owner], 0.0)
    base = np.where(owner == k, 0.0, below)
    return base + shares[:, k], base


def _add_bars(ax: Axes, sides: tuple[Array, Array], ends: tuple[Array, Array], **look: Any) -> None:
    """Add bars as one artist, with nothing where there is a gap.

    As an artist, because a patch is asked for its limits vertex by vertex, which takes seconds for many rows.
    """
    left, right = sides
    edges = np.column_stack(sides).ravel()
    top, base = (np.insert(level, np.arange(1, len(level)), np.nan) for level in ends)
    is_bar = np.ones(len(top), bool)
    is_bar[1::2] = left[1:] > right[:-1]
    look |= {"baseline": base[is_bar], "fill": True}
    ax.add_artist(StepPatch(top[is_bar], edges[np.append(True, is_bar)], **look))


def _draw_whiskers(ax: Axes, left: Array, right: Array, lower: Array, upper: Array) -> None:
    ink = style.ink(ax)
    if len(left) <= FEW_ROWS:
        ax.vlines((left + right) / 2, lower, upper, color=ink, linewidth=1.2, zorder=3, label="_whiskers")
        return
    look: style.Look = {"linewidth": 0, "alpha": BAND_ALPHA, "rasterized": len(left) >= RASTER_FROM}
    _add_bars(ax, (left, right), (upper, lower), facecolor=ink, zorder=3, label="_whiskers", **look)


def _name_rows(ax: Axes, names: NDArray[Any], centres: Array) -> bool:
    """Write the rows' names below their bars, if they can be read, and say whether."""
    room = LEFT_OVER * style.axes_size(ax)[0] / float(np.ptp(ax.get_xlim()))
    if POINTS * room < SMALLEST_SIZE:
        return False
    texts = [name if len(name) <= MOST_LETTERS else f"{name[: MOST_LETTERS - 1]}…" for name in names]
    angle = 0.0 if LETTER_WIDTH * max(map(len, texts)) < room else 90.0
    ax.set_xticks(centres, texts, rotation=angle, fontsize=min(POINTS * room, NAME_SIZE))
    ax.tick_params(axis="x", length=0)
    return True


def _name_groups(ax: Axes, names: tuple[str, ...], owner: NDArray[np.intp], centres: Array, *, is_above: bool) -> None:
    """Write each component's name and number of rows above or below its bars, as far as there is room."""
    width, span = LEFT_OVER * style.axes_size(ax)[0], float(np.ptp(ax.get_xlim()))
    places, texts = list[float](), list[str]()
    for k, name in enumerate(names):
        mine = owner == k
        letters = width * mine.sum() / span / LETTER_WIDTH
        lines = [line for line in (name, f"{mine.sum():,} rows") if max(len(name), len(line)) < letters]
        places.append(float(centres[mine].mean()) if mine.any() else 0.0)
        texts.append("\n".join(lines))
    if is_above:
        above = ax.secondary_xaxis("top")
        above.set_xticks(places, texts, fontsize=NAME_SIZE)
        above.tick_params(length=0)
        above.spines["top"].set_visible(False)
        return
    look: style.Look = {"ha": "center", "va": "top", "fontsize": NAME_SIZE, "transform": ax.get_xaxis_transform()}
    for place, text in zip(places, texts, strict=True):
        ax.text(place, -0.02, text, **look)


def _entries(subject: Subject, ax: Axes, ci_prob: float | None) -> list[Artist]:
    looks = zip(subject.component_names, style.component_colors(subject.point.n_components), strict=True)
    entries: list[Artist] = [area_entry(component_label(name), color, ALPHA) for name, color in looks]
    if subject.draws is not None:
        label = f"{percent(ci_prob)} credible interval"
        entries.append(Line2D([], [], color=style.ink(ax), linewidth=1.2, label=label))
    return [*entries, *note_entries(subject)]
