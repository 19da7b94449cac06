"""What every picture of the plane of two features shares: which two, how far it reaches, its rows and its names."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.image import AxesImage
from numpy.typing import NDArray

from bayesgmm.errors import InvalidArgumentError
from bayesgmm.plots import style
from bayesgmm.plots.legend import LETTER_WIDTH
from bayesgmm.plots.subject import Subject
from bayesgmm.posterior.layout import feature_positions

__all__ = [
    "RASTER_FROM",
    "as_plane",
    "draw_field",
    "draw_names",
    "draw_points",
    "draw_rows",
    "feature_grid",
    "plane_grid",
]

Array = NDArray[np.float64]

RASTER_FROM = 2000  # rows from which points become a picture inside a vector file, which else grows by 100 bytes each
POINT_AREA = 22.0  # square points, for up to SPARSE rows; more rows get smaller points
SPARSE = 300
SMALLEST_AREA = 3.0
N_VALUES = 121  # of a grid along each axis; between them contours are straight, for three points of print at most
REACH = 3.0  # sds beyond the outermost means
BADGE = (0.1, 0.2)  # inches: what it is wider than its name, and its height
MOST_HIDDEN = 0.1  # of the axes, by badges
MARGIN = 0.03  # of the range, beyond rows and components


def as_plane(features: Sequence[int | str] | None, names: Sequence[str]) -> list[int]:
    """Give the positions of the two features of a picture.

    Parameters
    ----------
    features : two names or positions, or None
        None: the first two.
    names : sequence of str
        The D feature names.

    Returns
    -------
    list of two int

    Raises
    ------
    InvalidArgumentError
        If there is one feature only, or `features` are not two known ones.

    Examples
    --------
    >>> from bayesgmm.plots.plane import as_plane
    >>> as_plane(["c", "a"], ["a", "b", "c"])
    [2, 0]
    """
    if len(names) == 1:
        remedy = "Use `plot_density` for one feature."
        raise InvalidArgumentError("fit", "have at least two features", f"one, {names[0]!r}", remedy)
    plane = feature_positions(features, names, default=2)
    if len(plane) != 2:
        remedy = "Use `plot_density` for one feature, `plot_pairs` for more than two."
        raise InvalidArgumentError("features", "name two features", repr(features), remedy)
    return plane


def plane_grid(
    subject: Subject, plane: Sequence[int], n_values: int = N_VALUES, holding: Array | None = None
) -> tuple[Array, Array]:
    """Give the values of two features at which a field is drawn: as far as rows and components reach.

    Parameters
    ----------
    subject : Subject
    plane : two int
        Positions of the features.
    n_values : int
        Along each axis.
    holding : array of shape (P, 2) or None
        Points that it must hold besides.

    Returns
    -------
    x, y : arrays of shape (n_values,)
        In the units of the features.

    Examples
    --------
    >>> from bayesgmm.plots.plane import plane_grid
    >>> from bayesgmm.plots.subject import as_subject
    >>> x, y = plane_grid(as_subject(fit), (0, 1), 5)
    >>> len(x), bool(x[0] < 1.6 and 5.1 < x[-1])  # the shortest and the longest eruption
    (5, True)
    """
    x, y = feature_grid(subject, plane, n_values, holding)
    return x, y


def feature_grid(subject: Subject, features: Sequence[int], n_values: int, holding: Array | None = None) -> Array:
    """Give equally spaced values of each feature, as far as rows and components reach.

    Parameters
    ----------
    subject : Subject
    features : F int
        Their positions.
    n_values : int
    holding : array of shape (P, F) or None
        Points that it must hold besides.

    Returns
    -------
    array of shape (F, n_values)
        In the units of the features.

    Examples
    --------
    >>> from bayesgmm.plots.plane import feature_grid
    >>> from bayesgmm.plots.subject import as_subject
    >>> feature_grid(as_subject(fit), [1], 5).shape
    (1, 5)
    """
    means, sds = subject.point.means[:, features], subject.point.sds[:, features]
    rows = None if subject.x is None else subject.x[:, features]
    held = np.concatenate(
        [part for part in (means - REACH * sds, means + REACH * sds, rows, holding) if part is not None]
    )
    least, most = held.min(0), held.max(0)
    pad = MARGIN * (most - least)
    return np.linspace(least - pad, most + pad, n_values).T


def draw_rows(ax: Axes, subject: Subject, plane: Sequence[int], size: float = 1.0) -> None:
    """Scatter the rows, as `draw_points` does.

    Parameters
    ----------
    ax : Axes
    subject : Subject
        Without rows nothing is drawn.
    plane : two int
        Positions of the features.
    size : float
        Of the points; one is made for a picture of its own.
    """
    if subject.x is not None and subject.shares is not None:
        draw_points(ax, subject.x[:, plane], subject.shares, size)


def draw_points(ax: Axes, points: Array, shares: Array, size: float = 1.0) -> None:
    """Scatter points in the colours of their memberships, smaller where there are many, one call per marker.

    Parameters
    ----------
    ax : Axes
    points : array of shape (M, 2)
    shares : array of shape (M, K)
        Their responsibilities.
    size : float
        Of the points; one is made for a picture of its own.
    """
    colors = style.component_colors(shares.shape[1])
    faces, edges = style.blend(shares, colors, style.paper(ax))
    markers = np.array(style.component_markers(len(colors)))[shares.argmax(1)]
    area = np.clip(POINT_AREA * np.sqrt(SPARSE / len(points)), SMALLEST_AREA, POINT_AREA)
    look: style.Look = {
        "s": area * size**2,
        "linewidths": 0.7 * size,
        "zorder": 2,
        "rasterized": len(points) >= RASTER_FROM,
    }
    for marker in np.unique(markers):
        chosen = markers == marker
        x, y = points[chosen].T
        ax.scatter(x, y, marker=marker, facecolors=faces[chosen], edgecolors=edges[chosen], label="_rows", **look)


def draw_names(ax: Axes, centres: Array, names: Sequence[str], size: float = 1.0) -> None:
    """Write each component's name at its centre, on a badge framed in its colour.

    Where badges would hide the picture, each centre has the component's marker instead.

    Parameters
    ----------
    ax : Axes
    centres : array of shape (K, 2)
        In the units of the features.
    names : sequence of K str
    size : float
        Of the letters; one is made for a picture of its own.
    """
    colors, ink = style.component_colors(len(names)), style.ink(ax)
    if not _have_room(ax, names, size):
        mark: style.Look = {"linestyle": "", "markersize": 9 * size, "markeredgecolor": ink, "zorder": 5}
        for name, centre, color, marker in zip(
            names, centres, colors, style.component_markers(len(names)), strict=True
        ):
            ax.plot(*centre, color=color, marker=marker, label=f"_centre {name}", **mark)
        return
    text: style.Look = {"ha": "center", "va": "center", "fontsize": 8.5 * size, "fontweight": "bold", "color": ink}
    for name, centre, color in zip(names, centres, colors, strict=True):
        badge: style.Look = {
            "boxstyle": "round,pad=0.3",
            "facecolor": tuple(style.paper(ax)),
            "edgecolor": color,
            "linewidth": 1.6 * size,
        }
        ax.annotate(name, centre, bbox=badge, zorder=5, **text)


def _have_room(ax: Axes, names: Sequence[str], size: float) -> bool:
    """Say whether badges hide little of the axes: each less than half of the width, all of them a tenth of the area."""
    widths = size * (LETTER_WIDTH * np.array([len(name) for name in names]) + BADGE[0])
    width, height = style.axes_size(ax)
    return bool(widths.max() < width / 2 and widths.sum() * size * BADGE[1] < MOST_HIDDEN * width * height)


def draw_field(ax: Axes, grid: tuple[Array, Array], field: Array, **look: Any) -> AxesImage:
    """Draw numbers or colours of a grid as a picture, smooth between them, under everything else.

    Parameters
    ----------
    ax : Axes
    grid : two arrays of shape (F,) and (G,)
        Values of the two features, at equal steps.
    field : array of shape (G, F) or (G, F, 3)
    **look
        Arguments of ``imshow``.

    Returns
    -------
    AxesImage
    """
    x, y = grid
    half = (x[1] - x[0]) / 2, (y[1] - y[0]) / 2  # a value stands at the centre of its cell
    extent = (x[0] - half[0], x[-1] + half[0], y[0] - half[1], y[-1] + half[1])
    look = {"origin": "lower", "aspect": "auto", "interpolation": "bilinear", "zorder": 0, **look}
    image = ax.imshow(field, extent=extent, label="_field", **look)
    ax.set(xlim=x[[0, -1]], ylim=y[[0, -1]])
    return image
