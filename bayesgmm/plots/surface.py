"""The density of two features as a mountain in three dimensions, over its contours and the rows.

The numbers are `plane_density` and `membership_map`; here they are only drawn.
"""

from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

from bayesgmm.errors import InvalidArgumentTypeError
from bayesgmm.plots import style
from bayesgmm.plots.legend import TEXT_SIZE, area_entry, component_label, legend_columns, legend_scale, note_entries
from bayesgmm.plots.plane import as_plane, plane_grid
from bayesgmm.plots.subject import Subject, as_subject
from bayesgmm.posterior.regions import membership_map
from bayesgmm.posterior.surfaces import plane_density

__all__ = ["plot_density_surface"]

Array = NDArray[np.float64]

FIGSIZE = (7.2, 5.4)  # inches
N_VALUES = 121  # of the grid along each axis
LEAST = 0.01  # of the highest density; below it the surface is left open, so that the floor is seen
FLOOR = -0.45  # of the highest density: how far below zero the contours lie
N_CONTOURS = 7
ZOOM = 0.9  # so that the labels, which no layout counts, stay within the figure
VIEW = {"elev": 26.0, "azim": -60.0}  # degrees
ROW_AREA = 5.0  # square points
GRID_ALPHA = 0.25


def plot_density_surface(
    fit: Any,
    X: ArrayLike | None = None,
    features: Sequence[int | str] | None = None,
    *,
    legend: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """Draw the density of two features as a surface, and its contours and the rows on the floor below it.

    The height is the posterior predictive density E f, or the density of the point estimate where there is no
    posterior; its colour is that of the components, mixed by responsibility. With more than two features the others
    are integrated out. How sure the density is a surface cannot show: see `plot_density_contours`.

    Parameters
    ----------
    fit : fitted estimator, Posterior, EMFit or Mixture
    X : array or DataFrame of shape (N, D), or None
        Rows to show, in the units of x; of more than 10 000 a random part. None: those that a posterior was fitted to;
        EM keeps none.
    features : two names or positions, or None
        The two axes of the floor. None: the first two.
    legend : bool
        Whether to draw the legend; panels side by side need but one, and axes too small for it get none.
    ax : Axes or None
        Where to draw, made with ``projection="3d"``; None makes a figure.

    Returns
    -------
    Axes
        Three-dimensional ones.

    Raises
    ------
    InvalidArgumentError
        If the fit has one feature only, or `features` are not two known ones.
    InvalidArgumentTypeError
        If `fit` or `ax` is of another kind.

    Examples
    --------
    >>> import bayesgmm as bg
    >>> bg.plot_density_surface(fit).get_zlabel()
    'density'
    """
    subject = as_subject(fit, X)
    plane = as_plane(features, subject.feature_names)
    with style.plot_style():
        axes = _open_axes(ax)
        _draw_surface(axes, subject, plane)
        _clean(axes)
        axes.set_xlabel(subject.feature_names[plane[0]])
        axes.set_ylabel(subject.feature_names[plane[1]])
        axes.set_zlabel("density")
        title = "posterior mean density" if subject.draws is not None else f"density of {subject.point_name}"
        if legend:
            _add_legend(axes, subject, title, is_own=ax is None)
    return axes


def _open_axes(ax: Any) -> Any:
    if ax is None:
        look: style.Look = {"projection": "3d", "computed_zorder": False, **VIEW}
        return plt.subplots(figsize=FIGSIZE, layout="constrained", subplot_kw=look)[1]
    if getattr(ax, "name", None) != "3d":
        remedy = 'Make them with `plt.subplots(subplot_kw={"projection": "3d"})`.'
        raise InvalidArgumentTypeError("ax", "be 3-D Axes or None", type(ax).__name__, remedy)
    return ax


def _draw_surface(ax: Any, subject: Subject, plane: Sequence[int]) -> None:
    """Draw the surface over its contours and the rows."""
    x, y = plane_grid(subject, plane, N_VALUES)
    mixture = subject.point if subject.draws is None else subject.draws
    density = np.exp(plane_density(mixture, plane, x, y)["mean"].to_numpy())
    shares = membership_map(mixture, plane, x, y)["mean"].to_numpy()  # (K, y, x)
    palette, top = style.component_colors(len(shares)), density.max()
    colors = np.clip(np.moveaxis(shares, 0, -1) @ palette, 0.0, 1.0)
    colors = np.dstack([colors, density > LEAST * top])  # a surface with holes would read stray memory
    look: style.Look = {
        "rstride": 1,
        "cstride": 1,
        "linewidth": 0,
        "antialiased": False,
        "zorder": 3,
        "rasterized": True,
    }
    ax.plot_surface(*np.meshgrid(x, y), density, facecolors=colors, label="_surface", **look)
    levels = np.linspace(0, top, N_CONTOURS + 2)[1:-1]
    contours = ax.contour(x, y, density, levels, zdir="z", offset=FLOOR * top, colors=[style.ink(ax)], linewidths=0.9)
    contours.set(label="_contours", zorder=2)
    if subject.x is not None and subject.shares is not None:
        faces = np.clip(subject.shares @ palette, 0.0, 1.0)
        rows = *subject.x[:, plane].T, np.full(len(subject.x), FLOOR * top)
        ax.scatter(*rows, c=faces, s=ROW_AREA, linewidths=0, depthshade=False, zorder=1, label="_rows")
    ax.set(xlim=(x[0], x[-1]), ylim=(y[0], y[-1]), zlim=(FLOOR * top, top))


def _clean(ax: Any) -> None:
    """Open the box: no walls, faint lines, no negative density on the axis, and room for the labels."""
    for axis in (ax.xaxis, ax.yaxis, ax.zaxis):
        axis.set_pane_color((0.0, 0.0, 0.0, 0.0))
        axis._axinfo["grid"].update(color=(*style.soft_ink(ax), GRID_ALPHA))
    ax.set_box_aspect(None, zoom=ZOOM)
    ax.set_zticks([tick for tick in ax.get_zticks() if 0 <= tick <= ax.get_zlim()[1]])


def _add_legend(ax: Any, subject: Subject, title: str, *, is_own: bool) -> None:
    """Put the legend into the corner that a box seen at an angle leaves free."""
    looks = zip(subject.component_names, style.component_colors(subject.point.n_components), strict=True)
    components = [area_entry(component_label(name), color, 1.0) for name, color in looks]
    entries = [*components, *note_entries(subject)]
    scale = 1.0 if is_own else legend_scale(entries, style.axes_size(ax))
    if scale > 0:
        columns = legend_columns(len(entries), FIGSIZE[1] / 2) if is_own else 1
        size = scale * TEXT_SIZE
        look: style.Look = {"loc": "upper left", "frameon": False, "alignment": "left", "columnspacing": 1.0}
        ax.legend(handles=entries, title=title, ncols=columns, fontsize=size, title_fontsize=size, **look)
