"""The line of one feature: the rows, EM's density, and the posterior's with its credible band.

The numbers are `Mixture.log_density` and `marginal_density`; here they are only drawn.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.transforms import blended_transform_factory
from numpy.typing import ArrayLike, NDArray

from bayesgmm.errors import InvalidArgumentError
from bayesgmm.plots import style
from bayesgmm.plots.legend import add_legend, area_entry, component_label, layer_entries, wide_figure
from bayesgmm.plots.subject import Subject, as_subject
from bayesgmm.posterior.cells import column_edges
from bayesgmm.posterior.layout import feature_positions
from bayesgmm.posterior.marginals import marginal_density

__all__ = ["draw_line", "line_entries", "plot_density"]

Array = NDArray[np.float64]

FIGSIZE = (7.2, 4.0)  # inches
N_VALUES = 400  # along the curve; a component 1/100 of the range wide still gets a dozen in its bulk
REACH = 3.5  # sds beyond the outermost means
AREA_ALPHA = 0.35  # of a component's area
MEAN_WIDTH = 3.2  # points; EM's thin dashes lie on it where both agree
WIDEST_BIN = 0.5  # of the narrowest component's sd, so that its peak is seen
LEAST_ROWS = 25  # of such a component; of fewer, a bin at its peak has less than five, and shows but noise
RUG_UP_TO = 1000  # rows; more ticks than that make a black bar
RUG_HEIGHT = 0.035  # of the axes


def plot_density(
    fit: Any,
    X: ArrayLike | None = None,
    features: int | str | Sequence[int | str] | None = None,
    *,
    ci_prob: float | None = None,
    legend: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """Draw the density of one feature.

    The posterior's density E f(v) (solid) within its pointwise credible band, its components E[w_k N_k(v)] (areas),
    EM's density (dashed), over a histogram of the rows of area one, and a tick per row in the colours of its
    responsibilities. With several features the others are integrated out.

    Parameters
    ----------
    fit : fitted estimator, Posterior, EMFit or Mixture
        Without a posterior EM's density and its components are drawn.
    X : array or DataFrame of shape (N, D), or None
        Rows to show, in the units of x. None: those that a posterior was fitted to; EM keeps none.
    features : name or position, or a sequence of one, or None
        Which feature. None: the first.
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
        If `features` is not one known feature, or `ci_prob` leaves (0, 1).
    InvalidArgumentTypeError
        If `fit` or `ax` is of another kind.

    Examples
    --------
    >>> import bayesgmm as bg
    >>> bg.plot_density(fit, features="waiting").get_xlabel()
    'waiting'
    """
    subject = as_subject(fit, X)
    chosen = feature_positions(features, subject.feature_names, default=1)
    if len(chosen) != 1:
        remedy = "Use `plot_ellipses` for two features, `plot_pairs` for more."
        raise InvalidArgumentError("features", "name one feature", repr(features), remedy)
    with style.plot_style():
        axes = style.open_axes(ax, wide_figure(FIGSIZE, subject.point.n_components))
        draw_line(axes, subject, chosen[0], ci_prob=ci_prob)
        axes.set_xlabel(subject.feature_names[chosen[0]])
        axes.set_ylabel("density")
        if legend:
            add_legend(axes, line_entries(axes, subject, ci_prob), is_own=ax is None)
    return axes


def draw_line(ax: Axes, subject: Subject, feature: int, *, ci_prob: float | None) -> None:
    """Draw histogram, rug, band and curves on axes, without labels or legend.

    Parameters
    ----------
    ax : Axes
    subject : Subject
        What to draw.
    feature : int
        Its position.
    ci_prob : float or None
        As in `plot_density`.
    """
    colors, ink = style.component_colors(subject.point.n_components), style.ink(ax)
    values = _values(subject, feature)
    point = subject.point.marginal(feature)
    curve = np.exp(point.log_density(values[:, None]))
    components = np.exp(point.component_log_density(values[:, None]).T) * point.weights[:, None]  # (K, V)
    _draw_histogram(ax, subject, feature, colors)
    if subject.draws is not None:
        band = marginal_density(subject.draws, feature, values, ci_prob=ci_prob)
        components = band["components"].to_numpy()
        look: style.Look = {"facecolor": ink, "alpha": style.BAND_ALPHA, "linewidth": 0}
        ax.fill_between(values, band["lower"], band["upper"], zorder=3, label="_band", **look)
        look = {"color": style.soft_ink(ax), "linewidth": MEAN_WIDTH}
        ax.plot(values, band["mean"], zorder=4, label="_posterior mean", **look)
    for name, color, component in zip(subject.component_names, colors, components, strict=True):
        look = {"facecolor": color, "alpha": AREA_ALPHA, "linewidth": 0}
        ax.fill_between(values, component, zorder=1, label=f"_component {name}", **look)
    ax.plot(values, curve, color=ink, zorder=5, label=f"_{subject.point_name}", **style.POINT_LINE)
    ax.set_ylim(bottom=0)


def line_entries(ax: Axes, subject: Subject, ci_prob: float | None) -> list[Artist]:
    """Make the legend's entries for what `draw_line` draws.

    Parameters
    ----------
    ax : Axes
    subject : Subject
    ci_prob : float or None
        As in `plot_density`.

    Returns
    -------
    list of Artist
    """
    colors = style.component_colors(subject.point.n_components)
    areas = zip(subject.component_names, colors, strict=True)
    layers = layer_entries(subject, ax, ci_prob, mean_color=style.soft_ink(ax), width=MEAN_WIDTH)
    return [*(area_entry(component_label(name), color, AREA_ALPHA) for name, color in areas), *layers]


def _values(subject: Subject, feature: int) -> Array:
    """Give the values at which curves are drawn: as far as rows and components reach."""
    means, sds = subject.point.means[:, feature], subject.point.sds[:, feature]
    least, most = (means - REACH * sds).min(), (means + REACH * sds).max()
    if subject.x is not None:
        least, most = min(least, subject.x[:, feature].min()), max(most, subject.x[:, feature].max())
    return np.linspace(least, most, N_VALUES)


def _draw_histogram(ax: Axes, subject: Subject, feature: int, colors: Array) -> None:
    """Draw a histogram of area one, and few rows as ticks on the axis."""
    if subject.x is None or subject.shares is None:
        return
    rows = subject.x[:, feature]
    sds, weights = subject.point.sds[:, feature], subject.point.weights
    seen = sds[weights * len(rows) >= LEAST_ROWS]
    bins = column_edges(rows, widest=WIDEST_BIN * (seen.min() if len(seen) else sds.max())).tolist()
    look: style.Look = {"histtype": "step", "color": style.soft_ink(ax), "linewidth": 0.8}
    ax.hist(rows, bins=bins, density=True, zorder=2, label="_rows", **look)
    if len(rows) <= RUG_UP_TO:
        _, ticks = style.blend(subject.shares, colors, style.paper(ax))
        across = blended_transform_factory(ax.transData, ax.transAxes)
        look = {"colors": ticks, "transform": across, "linewidth": 0.8, "alpha": 0.7, "zorder": 2}
        ax.vlines(rows, 0, RUG_HEIGHT, label="_rug", **look)
