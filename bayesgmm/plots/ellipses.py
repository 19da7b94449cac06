"""The plane of two features: rows, EM's ellipses, and the posterior's with their credible band.

The numbers are `Mixture.ellipse` and `ellipse_band`; here they are only drawn.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from numpy.typing import ArrayLike, NDArray

from bayesgmm.plots import style
from bayesgmm.plots.legend import add_legend, component_entries, layer_entries, wide_figure
from bayesgmm.plots.plane import as_plane, draw_names, draw_rows
from bayesgmm.plots.subject import Subject, as_subject
from bayesgmm.posterior.ellipses import ellipse_band

__all__ = ["draw_plane", "plane_entries", "plot_ellipses"]

Array = NDArray[np.float64]

FIGSIZE = (7.2, 4.6)  # inches; the legend stands to the right of nearly square axes
MEAN_WIDTH = 2.0  # points


def plot_ellipses(
    fit: Any,
    X: ArrayLike | None = None,
    features: Sequence[int | str] | None = None,
    *,
    coverage: float = 0.95,
    ci_prob: float | None = None,
    legend: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """Draw rows and components in the plane of two features.

    Points have the colours of the components, mixed by responsibility; the less sure a membership, the emptier the
    point. Each component has EM's ellipse (dashed) and, where there is a posterior, the ellipse of the posterior means
    of mean and covariance (solid) within the pointwise credible band of the ellipse over the draws (see
    `bayesgmm.posterior.ellipses`).

    Parameters
    ----------
    fit : fitted estimator, Posterior, EMFit or Mixture
        Without a posterior the dashed ellipses alone are drawn.
    X : array or DataFrame of shape (N, D), or None
        Rows to show, in the units of x; of more than 10 000 a random part. None: those that a posterior was fitted
        to; EM keeps none.
    features : two names or positions, or None
        Horizontal and vertical axis. None: the first two.
    coverage : float
        A component's mass inside its ellipse, in (0, 1); 0.95 by default.
    ci_prob : float or None
        The posterior probability of the band, in (0, 1); None takes ArviZ's ``rcParams["stats.ci_prob"]``.
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
        If the fit has one feature only, `features` are not two known ones, or a probability leaves (0, 1).
    InvalidArgumentTypeError
        If `fit` or `ax` is of another kind.

    References
    ----------
    .. [1] Johnson, R. A. and Wichern, D. W. (2007). Applied Multivariate Statistical Analysis, 6th edition, Result
       4.7: the ellipse of a Gaussian that holds the mass p has the radius of chi-square's p-quantile.

    Examples
    --------
    >>> import bayesgmm as bg
    >>> ax = bg.plot_ellipses(fit)
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('eruptions', 'waiting')
    """
    subject = as_subject(fit, X)
    plane = as_plane(features, subject.feature_names)
    with style.plot_style():
        axes = style.open_axes(ax, wide_figure(FIGSIZE, subject.point.n_components))
        draw_plane(axes, subject, plane, coverage=coverage, ci_prob=ci_prob)
        axes.set_xlabel(subject.feature_names[plane[0]])
        axes.set_ylabel(subject.feature_names[plane[1]])
        title = f"ellipses hold {100 * coverage:g} %"
        if legend:
            add_legend(axes, plane_entries(axes, subject, ci_prob), is_own=ax is None, title=title)
    return axes


def draw_plane(
    ax: Axes,
    subject: Subject,
    plane: Sequence[int],
    *,
    coverage: float,
    ci_prob: float | None,
    size: float = 1.0,
) -> None:
    """Draw points, bands, ellipses and the components' names on axes, without labels or legend.

    Parameters
    ----------
    ax : Axes
    subject : Subject
        What to draw.
    plane : two int
        Positions of the features.
    coverage, ci_prob : float, float or None
        As in `plot_ellipses`.
    size : float
        Size of points and names; one is made for a picture of its own.
    """
    colors = style.component_colors(subject.point.n_components)
    outlines = subject.point.ellipse(plane, coverage=coverage, n_points=181)
    centres = subject.point.means[:, plane]
    point_colors: Sequence[Any] = list(colors)
    if subject.draws is not None:
        band = ellipse_band(subject.draws, plane, coverage=coverage, ci_prob=ci_prob)
        _draw_bands(ax, band, subject.component_names, colors)
        centres, point_colors = band["centre"].to_numpy(), [style.ink(ax)] * len(colors)
    draw_rows(ax, subject, plane, size)
    for name, outline, color in zip(subject.component_names, outlines, point_colors, strict=True):
        ax.plot(*outline.T, color=color, zorder=4, label=f"_{subject.point_name} {name}", **style.POINT_LINE)
    draw_names(ax, centres, subject.component_names, size)


def plane_entries(ax: Axes, subject: Subject, ci_prob: float | None) -> list[Artist]:
    """Make the legend's entries for what `draw_plane` draws.

    Parameters
    ----------
    ax : Axes
    subject : Subject
    ci_prob : float or None
        As in `plot_ellipses`.

    Returns
    -------
    list of Artist
    """
    layers = layer_entries(subject, ax, ci_prob, mean_color=style.ink(ax), width=MEAN_WIDTH)
    return [*component_entries(subject, ax), *layers]


def _draw_bands(ax: Axes, band: xr.Dataset, names: Sequence[str], colors: Array) -> None:
    """Fill between the inner and the outer outline, and draw the posterior-mean ellipse."""
    outlines = zip(*(band[name].to_numpy() for name in ("lower", "mean", "upper")), strict=True)
    for name, color, (lower, mean, upper) in zip(names, colors, outlines, strict=True):
        ring = Path.make_compound_path(Path(upper, closed=True), Path(lower[::-1], closed=True))
        look: style.Look = {"facecolor": color, "alpha": style.BAND_ALPHA, "linewidth": 0}
        ax.add_patch(PathPatch(ring, zorder=1, label=f"_band {name}", **look))
        line: style.Look = {"color": color, "linewidth": MEAN_WIDTH, "path_effects": style.halo(ax, 1.5 * MEAN_WIDTH)}
        ax.plot(*mean.T, zorder=3, label=f"_posterior mean {name}", **line)
