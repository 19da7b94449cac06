"""Three components: each row a point in the triangle of its responsibilities, with the line along which it may lie.

The numbers are `membership_lines`; here they are only drawn.
"""

from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike, NDArray

from bayesgmm.errors import InvalidArgumentError
from bayesgmm.plots import style
from bayesgmm.plots.legend import (
    LETTER_WIDTH,
    add_legend,
    component_entries,
    component_label,
    legend_size,
    note_entries,
    percent,
)
from bayesgmm.plots.plane import RASTER_FROM, draw_points
from bayesgmm.plots.subject import Subject, as_subject, need_rows
from bayesgmm.posterior.spread import membership_lines

__all__ = ["plot_ternary"]

Array = NDArray[np.float64]

SIDE = 4.4  # inches of a square around the triangle; the legend stands to the right
CORNERS = np.array([[0.0, 0.0], [1.0, 0.0], [0.5, np.sqrt(0.75)]])  # of components 0, 1 and 2
NAME_SIZE = 9.0  # points
MEDIANS = 0.5  # of a component's share: the line on which it is as likely as the others together
SHORTEST = 0.01  # length of a line that is drawn; a point is wider
LINE_ALPHA = 0.5
HALF_LINE: style.Look = {"linewidth": 0.6, "linestyle": ":"}
ROOM = 0.06  # beyond the triangle, in its sides
LABELS = (  # how far from its corner, and on which side of that, each name stands: long ones stay within the picture
    ((-0.05, -0.035), ("left", "top")),
    ((0.05, -0.035), ("right", "top")),
    ((0.0, 0.035), ("center", "bottom")),
)


def plot_ternary(
    fit: Any, X: ArrayLike | None = None, *, ci_prob: float | None = None, legend: bool = True, ax: Axes | None = None
) -> Axes:
    """Draw the memberships of three components in a triangle.

    A row in a corner belongs to that component, one in the middle could belong to any; the height above a side is the
    responsibility of the component opposite. With a posterior the point is E r_n, and the line through it shows how
    far the parameters leave it open: it runs where the row's responsibilities vary most over the draws, and holds
    them with the credible probability (see `bayesgmm.posterior.spread`).

    Parameters
    ----------
    fit : fitted estimator, Posterior, EMFit or Mixture
        Of three components. Without a posterior there are no lines.
    X : array or DataFrame of shape (N, D), or None
        Rows to show, in the units of x; of more than 10 000 a random part. None: those that a posterior was fitted
        to; EM keeps none, so that it needs them.
    ci_prob : float or None
        The posterior probability of the lines, in (0, 1); None takes ArviZ's ``rcParams["stats.ci_prob"]``.
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
        If there are not three components, no rows, or `ci_prob` leaves (0, 1).
    InvalidArgumentTypeError
        If `fit` or `ax` is of another kind.

    Examples
    --------
    >>> import bayesgmm as bg
    >>> three = bg.GaussianMixture(3, random_state=1).fit(bg.load_faithful())
    >>> [text.get_text() for text in bg.plot_ternary(three, bg.load_faithful()).texts]
    ['component 0', 'component 1', 'component 2']
    """
    subject = as_subject(fit, X)
    K = subject.point.n_components
    if K != 3:
        raise InvalidArgumentError(
            "fit", "have three components", str(K), "Use `plot_responsibilities` for any number."
        )
    x, shares = need_rows(subject)
    with style.plot_style():
        axes = style.open_axes(ax, (SIDE, SIDE))
        _draw_triangle(axes, subject)
        if subject.draws is not None:
            _draw_lines(axes, membership_lines(subject.draws, x, ci_prob=ci_prob), shares)
        draw_points(axes, shares @ CORNERS, shares)
        if legend:
            entries = _entries(subject, axes, ci_prob)
            figure = axes.get_figure(root=True)
            if ax is None and figure is not None:
                figure.set_figwidth(SIDE + legend_size(entries)[0])
            add_legend(axes, entries, is_own=ax is None)
    return axes


def _draw_triangle(ax: Axes, subject: Subject) -> None:
    """Draw the sides, the lines on which a component has half of the membership, and the names at the corners."""
    soft, colors = style.soft_ink(ax), style.component_colors(3)
    letters = max(len(component_label(name)) for name in subject.component_names)
    size = NAME_SIZE * min(1.0, min(style.axes_size(ax)) / (2.4 * LETTER_WIDTH * letters))  # two side by side
    ax.set_aspect("equal", adjustable="datalim")
    ax.update_datalim([(-ROOM, -2 * ROOM), (1 + ROOM, CORNERS[2, 1] + 2 * ROOM)])
    ax.set_axis_off()
    ax.plot(*CORNERS[[0, 1, 2, 0]].T, color=style.ink(ax), linewidth=0.8, zorder=1, label="_sides")
    for k, name in enumerate(subject.component_names):
        half = MEDIANS * CORNERS[k] + (1 - MEDIANS) * np.delete(CORNERS, k, axis=0)
        ax.plot(*half.T, color=soft, zorder=1, label="_half", **HALF_LINE)
        (x, y), gap, (ha, va) = CORNERS[k], *LABELS[k]
        look: style.Look = {"ha": ha, "va": va, "fontweight": "bold", "fontsize": size}
        ax.text(x + gap[0], y + gap[1], component_label(name), color=colors[k], **look)


def _draw_lines(ax: Axes, lines: Any, shares: Array) -> None:
    """Draw the lines of the rows whose membership is open, in the colours of the rows."""
    ends = np.stack([lines[name].to_numpy() @ CORNERS for name in ("lower", "upper")], axis=1)  # (N, 2, 2)
    is_open = np.linalg.norm(ends[:, 1] - ends[:, 0], axis=1) > SHORTEST
    _, colors = style.blend(shares[is_open], style.component_colors(3), style.paper(ax))
    look: style.Look = {
        "linewidths": 1.0,
        "alpha": LINE_ALPHA,
        "zorder": 1.5,
        "rasterized": is_open.sum() >= RASTER_FROM,
    }
    ax.add_collection(LineCollection(list(ends[is_open]), colors=colors, label="_spread", **look))


def _entries(subject: Subject, ax: Axes, ci_prob: float | None) -> list[Artist]:
    entries = component_entries(subject, ax)[3:]  # the corners have names
    if subject.draws is not None:
        label = f"{percent(ci_prob)} credible line"
        entries.append(Line2D([], [], color=style.ink(ax), alpha=LINE_ALPHA, linewidth=1.0, label=label))
    entries.append(Line2D([], [], color=tuple(style.soft_ink(ax)), label="responsibility 0.5", **HALF_LINE))
    return [*entries, *note_entries(subject)]
