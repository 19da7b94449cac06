"""Lines where the most likely component changes, with their credible band.

The numbers are `region_margins`; here their contours of zero are drawn.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import binary_dilation

from bayesgmm.plots import style
from bayesgmm.plots.legend import add_legend, component_entries, layer_entries, note_entries, wide_figure
from bayesgmm.plots.plane import as_plane, draw_names, draw_rows, plane_grid
from bayesgmm.plots.subject import Subject, as_subject
from bayesgmm.posterior.regions import region_margins

__all__ = ["boundary_entries", "draw_boundary", "plot_decision_boundary"]

Array = NDArray[np.float64]

FIGSIZE = (7.2, 4.6)  # inches; the legend stands to the right
MEAN_WIDTH = 3.2  # points; EM's thin dashes lie on it where both agree


def plot_decision_boundary(
    fit: Any,
    X: ArrayLike | None = None,
    features: Sequence[int | str] | None = None,
    *,
    ci_prob: float | None = None,
    legend: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """Draw the lines where the most likely component changes, in the plane of two features.

    With a posterior the line of the averaged memberships E r_k (solid) lies within its pointwise credible band: where
    the posterior probability that some component is the most likely one is neither below (1 - ci_prob) / 2 nor above
    (1 + ci_prob) / 2. EM's line is dashed. With more than two features the others are integrated out.

    Parameters
    ----------
    fit : fitted estimator, Posterior, EMFit or Mixture
        Without a posterior the dashed line alone is drawn.
    X : array or DataFrame of shape (N, D), or None
        Rows to show, in the units of x; of more than 10 000 a random part. None: those that a posterior was fitted
        to; EM keeps none.
    features : two names or positions, or None
        Horizontal and vertical axis. None: the first two.
    ci_prob : float or None
        The posterior probability of the band, in (0, 1); None takes ArviZ's ``rcParams["stats.ci_prob"]``. Its edges
        are taken from 500 draws: that of an 89 % band stands where 5.5 % of the posterior lie beyond, give or take 1 %.
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
        If the fit has one feature only, `features` are not two known ones, or `ci_prob` leaves (0, 1).
    InvalidArgumentTypeError
        If `fit` or `ax` is of another kind.

    Examples
    --------
    >>> import bayesgmm as bg
    >>> ax = bg.plot_decision_boundary(fit)
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('eruptions', 'waiting')
    """
    subject = as_subject(fit, X)
    plane = as_plane(features, subject.feature_names)
    with style.plot_style():
        axes = style.open_axes(ax, wide_figure(FIGSIZE, subject.point.n_components))
        draw_boundary(axes, subject, plane, plane_grid(subject, plane), ci_prob=ci_prob)
        draw_rows(axes, subject, plane)
        draw_names(axes, subject.point.means[:, plane], subject.component_names)
        axes.set_xlabel(subject.feature_names[plane[0]])
        axes.set_ylabel(subject.feature_names[plane[1]])
        entries = [*component_entries(subject, axes), *boundary_entries(subject, axes, ci_prob)]
        if legend:
            add_legend(axes, entries, is_own=ax is None)
    return axes


def draw_boundary(
    ax: Axes, subject: Subject, plane: Sequence[int], grid: tuple[Array, Array], *, ci_prob: float | None
) -> None:
    """Draw the lines and their band on axes, without labels or legend; nothing where there is one component.

    Parameters
    ----------
    ax : Axes
    subject : Subject
    plane : two int
        Positions of the features.
    grid : two arrays
        Values of the two features at which margins are taken.
    ci_prob : float or None
        As in `plot_decision_boundary`.
    """
    if subject.point.n_components < 2:
        return
    ink = style.ink(ax)
    if subject.draws is not None:
        regions = region_margins(subject.draws, plane, *grid, ci_prob=ci_prob)
        inside = np.minimum(-regions["lower"].to_numpy(), regions["upper"].to_numpy()).max(0)
        band = ax.contourf(*grid, inside, levels=[0.0, np.inf], colors=[ink], alpha=style.BAND_ALPHA, zorder=1.5)
        band.set_label("_band")
        _draw_lines(ax, grid, regions["mean"].to_numpy(), "posterior mean", color=style.soft_ink(ax), width=MEAN_WIDTH)
    point = region_margins(subject.point, plane, *grid, ci_prob=ci_prob)["mean"].to_numpy()
    dashes = style.POINT_LINE
    _draw_lines(ax, grid, point, subject.point_name, color=ink, width=dashes["linewidth"], dashes=dashes["linestyle"])


def boundary_entries(subject: Subject, ax: Axes, ci_prob: float | None) -> list[Artist]:
    """Make the legend's entries for what `draw_boundary` draws.

    Parameters
    ----------
    subject : Subject
    ax : Axes
    ci_prob : float or None
        As in `plot_decision_boundary`.

    Returns
    -------
    list of Artist
    """
    if subject.point.n_components < 2:
        return note_entries(subject)
    return layer_entries(subject, ax, ci_prob, mean_color=style.soft_ink(ax), width=MEAN_WIDTH)


def _draw_lines(
    ax: Axes, grid: tuple[Array, Array], margins: Array, name: str, *, color: Any, width: float, dashes: Any = "solid"
) -> None:
    """Draw each line once, from the first of the two components that it parts.

    Component k's field is how far it is ahead of the later ones, where no earlier one is the most likely; a cell more
    on the edge of that, so that lines meet.
    """
    behind = np.minimum(margins, 0.0)  # what each component lags behind the most likely one
    best = margins.argmax(0)
    for k in range(len(margins) - 1):
        reached = binary_dilation(best >= k, np.ones((3, 3)))
        field = np.ma.masked_array(behind[k] - behind[k + 1 :].max(0), ~reached)
        if field.min() < 0 < field.max():
            look: style.Look = {"colors": [color], "linewidths": width, "linestyles": [dashes], "zorder": 3}
            ax.contour(*grid, field, levels=[0.0], **look).set_label(f"_{name}")
