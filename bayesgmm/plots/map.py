"""The plane of two features in the colours of its memberships, or the curves of memberships along one.

The numbers are `membership_map` and `membership_curve`; here they are only drawn.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike, NDArray

from bayesgmm.plots import style
from bayesgmm.plots.boundary import boundary_entries, draw_boundary
from bayesgmm.plots.legend import (
    add_legend,
    component_entries,
    component_label,
    layer_entries,
    note_entries,
    wide_figure,
)
from bayesgmm.plots.plane import as_plane, draw_field, draw_names, draw_rows, feature_grid, plane_grid
from bayesgmm.plots.subject import Subject, as_subject
from bayesgmm.posterior.layout import feature_positions
from bayesgmm.posterior.regions import membership_curve, membership_map

__all__ = ["plot_responsibility_map"]

Array = NDArray[np.float64]

FIGSIZE = (7.2, 4.6)  # inches; the legend stands to the right
STRENGTH = 0.4  # of the colours; the rows have them in full
N_VALUES = 400  # along a curve
MEAN_WIDTH = 2.0  # points
RUG = (-0.06, -0.02)  # where the ticks stand on the axis of responsibilities
RUG_UP_TO = 1000  # rows; more ticks than that make a black bar


def plot_responsibility_map(
    fit: Any,
    X: ArrayLike | None = None,
    features: int | str | Sequence[int | str] | None = None,
    *,
    boundary: bool = False,
    ci_prob: float | None = None,
    legend: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """Draw to which component a row would belong, were it here: all over the plane of two features, or along one.

    Each point of the plane has the components' colours mixed by its responsibilities, averaged over the draws where
    there are any; the less sure, the nearer to the paper. Along one feature each component has the curve of its
    responsibility (solid) within its credible band, and EM's (dashed). The other features are integrated out.

    Parameters
    ----------
    fit : fitted estimator, Posterior, EMFit or Mixture
    X : array or DataFrame of shape (N, D), or None
        Rows to show, in the units of x; of more than 10 000 a random part. None: those that a posterior was fitted
        to; EM keeps none.
    features : one or two names or positions, or None
        Horizontal and vertical axis. None: the first two, or the only one.
    boundary : bool
        Whether to draw the lines between the regions of the plane with their credible band, as
        `plot_decision_boundary` does.
    ci_prob : float or None
        The posterior probability of the bands, in (0, 1); None takes ArviZ's ``rcParams["stats.ci_prob"]``.
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
        If `features` are not one or two known ones, or `ci_prob` leaves (0, 1).
    InvalidArgumentTypeError
        If `fit` or `ax` is of another kind.

    Examples
    --------
    >>> import bayesgmm as bg
    >>> ax = bg.plot_responsibility_map(fit)
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('eruptions', 'waiting')
    """
    subject = as_subject(fit, X)
    chosen = feature_positions(features, subject.feature_names, default=2)
    with style.plot_style():
        axes = style.open_axes(ax, wide_figure(FIGSIZE, subject.point.n_components))
        if len(chosen) == 1:
            entries = _draw_curves(axes, subject, chosen, ci_prob)
        else:
            entries = _draw_map(axes, subject, as_plane(chosen, subject.feature_names), boundary, ci_prob)
        axes.set_xlabel(subject.feature_names[chosen[0]])
        axes.set_ylabel("responsibility" if len(chosen) == 1 else subject.feature_names[chosen[1]])
        if legend:
            add_legend(axes, entries, is_own=ax is None)
    return axes


def _draw_map(ax: Axes, subject: Subject, plane: Sequence[int], boundary: bool, ci_prob: float | None) -> list[Artist]:
    """Draw the plane of two features, and return the legend's entries."""
    grid = plane_grid(subject, plane)
    shares = membership_map(subject.draws or subject.point, plane, *grid)["mean"].to_numpy()
    draw_field(ax, grid, _colors(np.moveaxis(shares, 0, -1), style.paper(ax)))
    entries = component_entries(subject, ax)
    if boundary:
        draw_boundary(ax, subject, plane, grid, ci_prob=ci_prob)
        entries += boundary_entries(subject, ax, ci_prob)
    else:
        entries += note_entries(subject)
    draw_rows(ax, subject, plane)
    draw_names(ax, subject.point.means[:, plane], subject.component_names)
    return entries


def _draw_curves(ax: Axes, subject: Subject, feature: Sequence[int], ci_prob: float | None) -> list[Artist]:
    """Draw the memberships along one feature, few rows as ticks below, and return the legend's entries."""
    colors, ink = style.component_colors(subject.point.n_components), style.ink(ax)
    (values,) = feature_grid(subject, feature, N_VALUES)
    point = membership_curve(subject.point, feature, values, ci_prob=ci_prob)["mean"].to_numpy()
    curves = None if subject.draws is None else membership_curve(subject.draws, feature, values, ci_prob=ci_prob)
    for k, (name, color) in enumerate(zip(subject.component_names, colors, strict=True)):
        if curves is not None:
            lower, mean, upper = (curves[part].to_numpy()[k] for part in ("lower", "mean", "upper"))
            ax.fill_between(values, lower, upper, facecolor=color, alpha=style.BAND_ALPHA, linewidth=0, label="_band")
            ax.plot(values, mean, color=color, linewidth=MEAN_WIDTH, zorder=3, label=f"_posterior mean {name}")
        look = style.POINT_LINE | {"color": color if curves is None else ink, "zorder": 4}
        ax.plot(values, point[k], label=f"_{subject.point_name} {name}", **look)
    if subject.x is not None and subject.shares is not None and len(subject.x) <= RUG_UP_TO:
        _, ticks = style.blend(subject.shares, colors, style.paper(ax))
        look = {"colors": ticks, "linewidth": 0.8, "alpha": 0.7}
        ax.vlines(subject.x[:, feature[0]], *RUG, label="_rug", **look)
    ax.set(ylim=(RUG[0], 1.02), xlim=values[[0, -1]])
    lines = zip(map(component_label, subject.component_names), colors, strict=True)
    entries: list[Artist] = [Line2D([], [], color=tuple(color), linewidth=MEAN_WIDTH, label=n) for n, color in lines]
    return [*entries, *layer_entries(subject, ax, ci_prob, mean_color=style.soft_ink(ax), width=MEAN_WIDTH)]


def _colors(shares: Array, paper: Array) -> Array:
    """Mix the colours of memberships (G, F, K), pale enough for rows to stand out; of shape (G, F, 3)."""
    G, F, K = shares.shape
    faces, _ = style.blend(shares.reshape(-1, K), style.component_colors(K), paper)
    return (STRENGTH * faces + (1 - STRENGTH) * paper).reshape(G, F, 3)
