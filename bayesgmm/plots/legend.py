"""Legends: an entry per component, and what solid, dashed, filled and empty mean."""

from collections.abc import Sequence
from typing import Any

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from bayesgmm.plots import style
from bayesgmm.plots.subject import Subject
from bayesgmm.posterior.prediction import interval_bounds

__all__ = [
    "add_legend",
    "area_entry",
    "component_entries",
    "component_label",
    "layer_entries",
    "legend_columns",
    "legend_scale",
    "legend_size",
    "note_entries",
    "percent",
    "text_entry",
    "wide_figure",
]

LINE_HEIGHT = 0.2  # inches from one entry to the next
COLUMN_WIDTH = 1.35  # inches
SIGN_WIDTH = 0.6  # inches, before the words
LETTER_WIDTH = 0.078  # inches, of the wider letters
TEXT_SIZE = 9.0  # points
MOST_COVERED = 0.35  # of a user's axes
SMALLEST_SCALE = 0.6  # 5.4 points


def component_entries(subject: Subject, ax: Axes) -> list[Artist]:
    """Make an entry per component with its marker, and one that explains the empty points where there are points.

    Parameters
    ----------
    subject : Subject
    ax : Axes
        On which the points are; its paper decides the ink.

    Returns
    -------
    list of Artist
    """
    names = subject.component_names
    looks = zip(names, style.component_colors(len(names)), style.component_markers(len(names)), strict=True)
    entries: list[Artist] = [_marker_entry(component_label(name), color, marker) for name, color, marker in looks]
    if subject.x is not None and len(names) > 1:
        entries.append(_marker_entry("unsure member", style.ink(ax), "o", markerfacecolor="none", markeredgewidth=0.8))
    return entries


def component_label(name: str) -> str:
    """Call a component by its name, or by its number.

    Parameters
    ----------
    name : str

    Returns
    -------
    str

    Examples
    --------
    >>> from bayesgmm.plots.legend import component_label
    >>> component_label("1"), component_label("long eruptions")
    ('component 1', 'long eruptions')
    """
    return f"component {name}" if name.isdecimal() else name


def layer_entries(subject: Subject, ax: Axes, ci_prob: float | None, *, mean_color: Any, width: float) -> list[Artist]:
    """Make the entries of posterior, band and point estimate, and say what else the reader must know.

    Parameters
    ----------
    subject : Subject
    ax : Axes
    ci_prob : float or None
        As in the plots.
    mean_color : color
        Of the posterior mean's line.
    width : float
        Of the posterior mean's line, in points.

    Returns
    -------
    list of Artist
    """
    ink, entries = style.ink(ax), list[Artist]()
    if subject.draws is not None:
        entries.append(Line2D([], [], color=mean_color, linewidth=width, label="posterior mean"))
        entries.append(area_entry(f"{percent(ci_prob)} credible band", ink, style.BAND_ALPHA))
    entries.append(Line2D([], [], color=ink, label=subject.point_name, **style.POINT_LINE))
    return [*entries, *note_entries(subject)]


def note_entries(subject: Subject) -> list[Artist]:
    """Make the entries that say what a reader must know: rows left out, components that cannot be told apart.

    Parameters
    ----------
    subject : Subject

    Returns
    -------
    list of Artist
    """
    notes = list[Artist]()
    if subject.x is not None and len(subject.x) < subject.n_rows:
        notes.append(text_entry(f"{len(subject.x):,} of {subject.n_rows:,} rows shown"))
    if not subject.is_identified:
        notes.append(text_entry("components not identified"))
    return notes


def area_entry(label: str, color: Any, alpha: float) -> Patch:
    """Make an entry for a band or an area.

    Parameters
    ----------
    label : str
    color : color
    alpha : float
        Its opacity, in [0, 1].

    Returns
    -------
    Patch
    """
    return Patch(facecolor=color, alpha=alpha, linewidth=0, label=label)


def text_entry(label: str) -> Line2D:
    """Make an entry of words only.

    Parameters
    ----------
    label : str

    Returns
    -------
    Line2D
        Without line and marker.
    """
    return Line2D([], [], linestyle="", label=label)


def percent(ci_prob: float | None) -> str:
    """Write the mass of an interval.

    Parameters
    ----------
    ci_prob : float or None
        In (0, 1); None is ArviZ's.

    Returns
    -------
    str

    Examples
    --------
    >>> from bayesgmm.plots.legend import percent
    >>> percent(0.5)
    '50 %'
    """
    lower, upper = interval_bounds(ci_prob)
    return f"{100 * (upper - lower):g} %"


def legend_columns(n_entries: int, height: float) -> int:
    """Give the columns that a legend with a title needs.

    Parameters
    ----------
    n_entries : int
    height : float
        How high it may be, in inches.

    Returns
    -------
    int

    Examples
    --------
    >>> from bayesgmm.plots.legend import legend_columns
    >>> legend_columns(7, 4.6), legend_columns(25, 4.6)
    (1, 2)
    """
    return -(-n_entries // max(round(height / LINE_HEIGHT) - 3, 1))


def legend_size(entries: Sequence[Artist]) -> tuple[float, float]:
    """Estimate how large a legend of one column with a title is.

    Parameters
    ----------
    entries : sequence of Artist

    Returns
    -------
    tuple of two float
        Width and height in inches.

    Examples
    --------
    >>> from bayesgmm.plots.legend import legend_size, text_entry
    >>> width, height = legend_size([text_entry("component 0")] * 2)
    >>> round(width, 2), round(height, 2)
    (1.46, 0.7)
    """
    longest = max(len(str(entry.get_label())) for entry in entries)
    return SIGN_WIDTH + LETTER_WIDTH * longest, LINE_HEIGHT * (len(entries) + 1.5)


def legend_scale(entries: Sequence[Artist], room: tuple[float, float]) -> float:
    """Say how large a legend on axes may be drawn.

    Parameters
    ----------
    entries : sequence of Artist
    room : two float
        Width and height of the axes, in inches.

    Returns
    -------
    float
        At most one, so that it covers a third of the axes; zero where it could not be read then.

    Examples
    --------
    >>> from bayesgmm.plots.legend import legend_scale, text_entry
    >>> entries = [text_entry("component 0")] * 6
    >>> [round(legend_scale(entries, room), 2) for room in [(5.0, 4.0), (2.4, 1.8), (1.5, 1.2)]]
    [1.0, 0.83, 0.0]
    """
    size = legend_size(entries)
    ratios = room[0] / size[0], room[1] / size[1]
    scale = min(1.0, *ratios, (MOST_COVERED * ratios[0] * ratios[1]) ** 0.5)
    return scale if scale >= SMALLEST_SCALE else 0.0


def wide_figure(figsize: tuple[float, float], n_components: int) -> tuple[float, float]:
    """Widen a figure whose legend needs more than one column beside the axes.

    Parameters
    ----------
    figsize : two float
        Width and height in inches, with one column.
    n_components : int

    Returns
    -------
    tuple of two float
        Width and height in inches.

    Examples
    --------
    >>> from bayesgmm.plots.legend import wide_figure
    >>> wide_figure((7.2, 4.6), 3)
    (7.2, 4.6)
    """
    most = n_components + 4  # beside the components: ring, mean, band, point
    return figsize[0] + COLUMN_WIDTH * (legend_columns(most, figsize[1]) - 1), figsize[1]


def add_legend(ax: Axes, entries: Sequence[Artist], *, is_own: bool, title: str | None = None) -> None:
    """Put the legend beside the axes where the figure is our own, else where it hides least of the user's axes.

    There it is smaller where it would cover much of them, and left out where it could not be read.

    Parameters
    ----------
    ax : Axes
    entries : sequence of Artist
    is_own : bool
        Whether the figure was made for this picture.
    title : str or None
    """
    look: style.Look = {"handles": list(entries), "title": title, "alignment": "left", "columnspacing": 1.0}
    if is_own:
        figure = ax.get_figure(root=True)
        columns = legend_columns(len(entries), figure.get_figheight()) if figure is not None else 1
        ax.legend(ncols=columns, frameon=False, loc="upper left", bbox_to_anchor=(1.01, 1.0), borderaxespad=0.0, **look)
        return
    scale = legend_scale(entries, style.axes_size(ax))
    if scale > 0:
        size = scale * TEXT_SIZE
        legend = ax.legend(loc="best", fontsize=size, title_fontsize=size, **look)
        legend.get_frame().set_linewidth(0.0)
        legend.set_in_layout(False)


def _marker_entry(label: str, color: Any, marker: str, **look: Any) -> Line2D:
    return Line2D([], [], color=color, marker=marker, linestyle="", markersize=5, label=label, **look)
