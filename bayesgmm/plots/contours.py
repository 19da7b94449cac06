"""The density of two features as a map: contours that hold a given mass, or of the score, with their credible band.

The numbers are `plane_density` and `mass_heights`; here they are only drawn.
"""

from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
import xarray as xr
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike, NDArray

from bayesgmm.errors import InvalidArgumentError
from bayesgmm.plots import style
from bayesgmm.plots.legend import add_legend, area_entry, component_entries, note_entries, percent, wide_figure
from bayesgmm.plots.plane import as_plane, draw_rows, plane_grid
from bayesgmm.plots.subject import Subject, as_subject
from bayesgmm.posterior.surfaces import height_reach, mass_heights, plane_density

__all__ = ["plot_density_contours"]

Array = NDArray[np.float64]

FIGSIZE = (7.2, 4.6)  # inches; the legend stands to the right
MASSES = (0.5, 0.8, 0.95)
N_SCORES = 7  # contours of the score, about
SCORE_DEPTH = 8.0  # nats below the highest density; a component's bulk ends after four
DEEP = 6.0  # sds beyond the outermost means, where the lowest contour is looked for; 2e-8 of a component lie beyond
MEAN_WIDTH = 2.2  # points; EM's thin dashes lie on it where both agree


class Kind(NamedTuple):
    """What contours are of: the legend's words, the text on a line, its log density, and whether it has a band."""

    meaning: str
    text: Callable[[float], str]
    heights: Callable[[Array, Sequence[float]], Array]
    has_band: bool


KINDS = {
    "mass": Kind("smallest region that holds", lambda mass: f"{100 * mass:g} %", mass_heights, True),
    "score": Kind("log density", lambda score: f"{score:g}", lambda _, scores: np.asarray(scores, float), False),
}


def plot_density_contours(
    fit: Any,
    X: ArrayLike | None = None,
    features: Sequence[int | str] | None = None,
    *,
    of: Literal["mass", "score"] = "mass",
    levels: Sequence[float] | None = None,
    ci_prob: float | None = None,
    legend: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """Draw contours of the density of two features over the rows.

    A contour of mass p is the outline of the smallest region that holds p of the density (`of="mass"`); a contour of
    the score is one of equal log density, as of scikit-learn's ``score_samples`` (`of="score"`). With a posterior the
    contours of the posterior predictive density E f are solid; those of a mass lie within the pointwise credible band
    of where f reaches their height (contours of the score are too many for bands). EM's are dashed. With more than two
    features the others are integrated out.

    Parameters
    ----------
    fit : fitted estimator, Posterior, EMFit or Mixture
        Without a posterior the dashed contours alone are drawn.
    X : array or DataFrame of shape (N, D), or None
        Rows to show, in the units of x; of more than 10 000 a random part. None: those that a posterior was fitted
        to; EM keeps none.
    features : two names or positions, or None
        Horizontal and vertical axis. None: the first two.
    of : {"mass", "score"}
        What the levels are.
    levels : sequence of float, or None
        Masses in (0, 1), or log densities. None: 0.5, 0.8 and 0.95, or about seven round log densities.
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
        If the fit has one feature only, `features` are not two known ones, `of` is neither word, or a mass or
        `ci_prob` leaves (0, 1).
    InvalidArgumentTypeError
        If `fit` or `ax` is of another kind.

    Examples
    --------
    >>> import bayesgmm as bg
    >>> ax = bg.plot_density_contours(fit, of="score")
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('eruptions', 'waiting')
    """
    if of not in KINDS:
        raise InvalidArgumentError("of", f"be one of {', '.join(map(repr, KINDS))}", repr(of))
    subject = as_subject(fit, X)
    plane = as_plane(features, subject.feature_names)
    with style.plot_style():
        axes = style.open_axes(ax, wide_figure(FIGSIZE, subject.point.n_components))
        draw_rows(axes, subject, plane)
        _draw_contours(axes, subject, plane, (of, levels), ci_prob)
        axes.set_xlabel(subject.feature_names[plane[0]])
        axes.set_ylabel(subject.feature_names[plane[1]])
        if legend:
            add_legend(axes, _entries(axes, subject, of, ci_prob), is_own=ax is None, title=KINDS[of].meaning)
    return axes


def _draw_contours(
    ax: Axes, subject: Subject, plane: Sequence[int], asked: tuple[str, Sequence[float] | None], ci_prob: float | None
) -> None:
    """Draw bands, the posterior's contours and the point estimate's; the posterior's, if there is one, are labelled."""
    kind = KINDS[asked[0]]
    values, (x, y) = _levels_and_grid(subject, plane, asked, ci_prob)
    point = plane_density(subject.point, plane, x, y)["mean"].to_numpy()
    look: style.Look = {"colors": [style.ink(ax)], "linewidths": style.POINT_LINE["linewidth"], "zorder": 4}
    dashed = ax.contour(x, y, point, np.sort(kind.heights(point, values)), linestyles=[style.DASHES], **look)
    dashed.set_label(f"_{subject.point_name}")
    labelled, at = dashed, kind.heights(point, values)
    if subject.draws is not None:
        field = plane_density(subject.draws, plane, x, y, ci_prob=ci_prob)
        at = kind.heights(field["mean"].to_numpy(), values)
        if kind.has_band:
            _draw_bands(ax, (x, y), field, at)
        look = {"colors": [style.soft_ink(ax)], "linewidths": MEAN_WIDTH, "zorder": 3}
        labelled = ax.contour(x, y, field["mean"], np.sort(at), linestyles="solid", **look)
        labelled.set_label("_posterior mean")
    texts = dict(zip(at, map(kind.text, values), strict=True))
    for letters in ax.clabel(labelled, fmt=texts, fontsize=8.5, inline=False, colors=[style.ink(ax)], zorder=5):
        letters.set_bbox({"facecolor": tuple(style.paper(ax)), "linewidth": 0, "pad": 1.0})


def _levels_and_grid(
    subject: Subject, plane: Sequence[int], asked: tuple[str, Sequence[float] | None], ci_prob: float | None
) -> tuple[list[float], tuple[Array, Array]]:
    """Choose the levels where none are asked for, and a grid that holds the lowest contour with its band."""
    (of, levels), means, reach = asked, subject.point.means[:, plane], DEEP * subject.point.sds[:, plane]
    deep = plane_grid(subject, plane, holding=np.concatenate([means - reach, means + reach]))
    point = plane_density(subject.point, plane, *deep)["mean"].to_numpy()
    values = _default_levels(of, point) if levels is None else list(levels)
    lowest = KINDS[of].heights(point, values).min()
    held = height_reach(subject.draws or subject.point, plane, lowest, ci_prob=ci_prob)
    return values, plane_grid(subject, plane, holding=held)


def _draw_bands(ax: Axes, grid: tuple[Array, Array], field: xr.Dataset, heights: Array) -> None:
    """Fill where the interval of the log density holds a contour's height."""
    for height in heights:
        inside = np.minimum(field["upper"] - height, height - field["lower"])
        band = ax.contourf(*grid, inside, [0.0, np.inf], colors=[style.ink(ax)], alpha=style.BAND_ALPHA, zorder=1.5)
        band.set_label("_band")


def _default_levels(of: str, log_density: Array) -> list[float]:
    if of == "mass":
        return list(MASSES)
    top = float(log_density.max())
    return [float(score) for score in MaxNLocator(N_SCORES).tick_values(top - SCORE_DEPTH, top) if score < top]


def _entries(ax: Axes, subject: Subject, of: str, ci_prob: float | None) -> list[Artist]:
    """Make the legend: components, posterior, band where there is one, point estimate, notes."""
    ink, entries = style.ink(ax), component_entries(subject, ax)
    if subject.draws is not None:
        entries.append(Line2D([], [], color=tuple(style.soft_ink(ax)), linewidth=MEAN_WIDTH, label="posterior mean"))
        if KINDS[of].has_band:
            entries.append(area_entry(f"{percent(ci_prob)} credible band", ink, style.BAND_ALPHA))
    entries.append(Line2D([], [], color=ink, label=subject.point_name, **style.POINT_LINE))
    return [*entries, *note_entries(subject)]
