"""One look for every picture: colours, markers, the ink, the context they are drawn in.

Colours are Okabe and Ito's (2008, Color Universal Design), without black and yellow, so that each keeps apart from the
others for colour-blind readers and stands out from white and from black paper. With more components than colours, the
colours come again with another marker, and the names at the centres decide. What has no component is drawn in the ink:
near black on light paper, near white on dark. The user's rcParams are never changed: `plot_style` holds within a block.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb, to_rgba
from matplotlib.patheffects import AbstractPathEffect, withStroke
from matplotlib.rcsetup import cycler
from numpy.typing import NDArray

from bayesgmm.errors import InvalidArgumentTypeError

__all__ = [
    "BAND_ALPHA",
    "DASHES",
    "MARKERS",
    "PALETTE",
    "POINT_LINE",
    "Look",
    "axes_size",
    "blend",
    "component_colors",
    "component_markers",
    "halo",
    "ink",
    "number_text",
    "open_axes",
    "paper",
    "plot_style",
    "soft_ink",
    "unsure",
]

Array = NDArray[np.float64]
Look = dict[str, Any]  # keyword arguments of matplotlib

PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")
MARKERS = ("o", "s", "^", "D", "v", "P")
BAND_ALPHA = 0.3  # light enough for points to be seen through, dark enough to be seen among them
DASHES = (0.0, (3.5, 2.5))  # as much line as gap, so that what lies below is seen
POINT_LINE: Look = {"linestyle": DASHES, "linewidth": 1.2}  # of the point estimate, in the ink
PALEST = 0.9  # how much of the paper shines through a point that could belong to either of two components

LOOK: Any = {
    "axes.grid": False,
    "axes.labelsize": 10.0,
    "axes.linewidth": 0.8,
    "axes.prop_cycle": cycler(color=PALETTE),
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 10.0,
    "font.size": 10.0,
    "legend.fontsize": 9.0,
    "legend.framealpha": 0.8,
    "legend.title_fontsize": 9.0,
    "lines.linewidth": 1.6,
}


@contextmanager
def plot_style() -> Iterator[None]:
    """Draw in the package's look, so that pictures of your own match those of ``plot_...``.

    Sizes and frames are set, and the colours that lines and points take one after the other are those of components 0,
    1, 2 and so on. Paper, text and axes keep the user's colours, so that a dark style stays dark. The user's settings
    come back after the block; where an error ends it, the figures that it opened are closed.

    Returns
    -------
    context manager
        For a ``with`` block around everything that is drawn.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import bayesgmm as bg
    >>> before = plt.rcParams["axes.spines.top"]
    >>> with bg.plot_style():
    ...     figure, axes = plt.subplots(1, 2, layout="constrained")
    ...     (line,) = axes[0].plot([1.0, 2.0, 1.5])
    >>> line.get_color(), bool(plt.rcParams["axes.spines.top"] == before)
    ('#0072B2', True)
    """
    before = plt.get_fignums()
    with plt.rc_context(LOOK):
        try:
            yield
        except BaseException:
            for number in set(plt.get_fignums()).difference(before):
                plt.close(number)
            raise


def open_axes(ax: Axes | None, figsize: tuple[float, float]) -> Axes:
    """Take the user's axes, or make a figure with one.

    Parameters
    ----------
    ax : Axes or None
    figsize : two float
        Width and height of a new figure, in inches.

    Returns
    -------
    Axes

    Raises
    ------
    InvalidArgumentTypeError
        If `ax` is neither.
    """
    if ax is None:
        return plt.subplots(figsize=figsize, layout="constrained")[1]
    if not isinstance(ax, Axes):
        raise InvalidArgumentTypeError("ax", "be a matplotlib Axes or None", type(ax).__name__)
    return ax


def axes_size(ax: Axes) -> tuple[float, float]:
    """Estimate how large axes are, before the layout is final.

    Parameters
    ----------
    ax : Axes

    Returns
    -------
    tuple of two float
        Width and height in inches.
    """
    figure, (width, height) = ax.get_figure(root=True), ax.get_position().size
    return (width, height) if figure is None else (width * figure.get_figwidth(), height * figure.get_figheight())


def component_colors(n_components: int) -> Array:
    """Give each component its colour.

    Parameters
    ----------
    n_components : int
        K.

    Returns
    -------
    array of shape (K, 3)
        Red, green and blue between 0 and 1.

    Examples
    --------
    >>> from bayesgmm.plots.style import component_colors
    >>> component_colors(2).round(2)
    array([[0.  , 0.45, 0.7 ],
           [0.84, 0.37, 0.  ]])
    """
    return np.array([to_rgb(PALETTE[k % len(PALETTE)]) for k in range(n_components)])


def component_markers(n_components: int) -> list[str]:
    """Give each component its marker: another shape whenever the colours come again.

    Parameters
    ----------
    n_components : int
        K.

    Returns
    -------
    list of K str

    Examples
    --------
    >>> from bayesgmm.plots.style import component_markers
    >>> component_markers(8)
    ['o', 'o', 'o', 'o', 'o', 'o', 's', 's']
    """
    return [MARKERS[k // len(PALETTE) % len(MARKERS)] for k in range(n_components)]


def unsure(shares: Array) -> Array:
    """Say how unsure memberships are: entropy in bits, at most one.

    Parameters
    ----------
    shares : array of shape (N, K)
        Responsibilities.

    Returns
    -------
    array of shape (N,)
        0 for a row that belongs to one component, 1 for one that could as well belong to another.

    Examples
    --------
    >>> import numpy as np
    >>> from bayesgmm.plots.style import unsure
    >>> unsure(np.array([[1.0, 0.0], [0.5, 0.5], [0.9, 0.1]])).round(2)
    array([0.  , 1.  , 0.47])
    """
    positive = np.where(shares > 0, shares, 1.0)
    return np.clip(-(positive * np.log2(positive)).sum(-1), 0.0, 1.0)


def blend(shares: Array, colors: Array, background: Array) -> tuple[Array, Array]:
    """Mix the components' colours by responsibility, and pale what is unsure.

    Parameters
    ----------
    shares : array of shape (N, K)
        Responsibilities.
    colors : array of shape (K, 3)
    background : array of shape (3,)
        The paper.

    Returns
    -------
    faces, edges : arrays of shape (N, 3)
        A point that belongs to one component is filled with its colour; an unsure one is a ring of the mixed colour,
        nearly empty. So the message does not rest on the hue alone.

    Examples
    --------
    >>> import numpy as np
    >>> from bayesgmm.plots.style import blend
    >>> red_blue, white = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]), np.ones(3)
    >>> faces, edges = blend(np.array([[1.0, 0.0], [0.5, 0.5]]), red_blue, white)
    >>> faces.round(2), edges.round(2)
    (array([[1.  , 0.  , 0.  ],
           [0.95, 0.9 , 0.95]]), array([[1. , 0. , 0. ],
           [0.5, 0. , 0.5]]))
    """
    edges = np.clip(shares @ colors, 0.0, 1.0)
    pale = PALEST * unsure(shares)[:, None]
    return (1 - pale) * edges + pale * background, edges


def paper(ax: Axes) -> Array:
    """Give the colour behind the axes: the axes' own over the figure's over white.

    Parameters
    ----------
    ax : Axes

    Returns
    -------
    array of shape (3,)
    """
    color = np.ones(3)
    figure = ax.get_figure(root=True)
    for layer in (figure.get_facecolor() if figure is not None else "white", ax.get_facecolor()):
        *rgb, alpha = to_rgba(layer)
        color = alpha * np.array(rgb) + (1 - alpha) * color
    return color


def ink(ax: Axes) -> str:
    """Give the colour for what has no component: near black on light paper, near white on dark.

    Parameters
    ----------
    ax : Axes

    Returns
    -------
    str
    """
    luminance = paper(ax) @ [0.2126, 0.7152, 0.0722]
    return "#222222" if luminance > 0.45 else "#EEEEEE"


def soft_ink(ax: Axes) -> Array:
    """Give the colour halfway between ink and paper: for what the ink is drawn upon.

    Parameters
    ----------
    ax : Axes

    Returns
    -------
    array of shape (3,)
    """
    return (np.array(to_rgb(ink(ax))) + paper(ax)) / 2


def halo(ax: Axes, width: float) -> list[AbstractPathEffect]:
    """Outline lines with the paper's colour, so that they can be seen on top of points.

    Parameters
    ----------
    ax : Axes
    width : float
        Of line and outline together, in points.

    Returns
    -------
    list of AbstractPathEffect
    """
    return [withStroke(linewidth=width, foreground=tuple(paper(ax)))]


def number_text(value: float, sd: float) -> str:
    """Write a number to the digits that its sd makes worth reading: two of the sd's.

    Parameters
    ----------
    value : float
    sd : float
        Its standard deviation; where there is none the number is written to three decimals.

    Returns
    -------
    str

    Examples
    --------
    >>> from bayesgmm.plots.style import number_text
    >>> number_text(79.9681, 0.474), number_text(1234.5, 80.0), number_text(0.00012345, 2e-6)
    ('79.97', '1234', '0.0001234')
    """
    digits = 1 - int(np.floor(np.log10(sd))) if sd > 0 and np.isfinite(sd) else 3
    if not -4 < digits < 9:
        return f"{value:.3g}"
    return f"{value:.{max(digits, 0)}f}"
