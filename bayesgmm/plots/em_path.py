"""EM step by step: how the components move over the iterations, and how the log-likelihood rises.

The numbers are `em_path`; here they are only drawn.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike, NDArray

from bayesgmm.em.path import EMPath, trace_em
from bayesgmm.errors import InvalidArgumentError
from bayesgmm.mixture import Mixture
from bayesgmm.plots import style
from bayesgmm.plots.density import draw_line
from bayesgmm.plots.ellipses import draw_plane
from bayesgmm.plots.legend import COLUMN_WIDTH, component_entries, legend_columns
from bayesgmm.plots.subject import Subject, as_subject
from bayesgmm.posterior.layout import feature_positions
from bayesgmm.posterior.path import fit_with_rows

__all__ = ["plot_em_path"]

Array = NDArray[np.float64]

FIGSIZE = (10.4, 4.4)  # inches
WIDTHS = (1.5, 1.0)  # of the two panels
SHOWN = 8  # iterations; more ellipses hide each other
PALEST = 0.25  # opacity of the start; the end has 1
THIN = 1.3  # points
N_VALUES = 400  # along a curve


def plot_em_path(
    fit: Any,
    X: ArrayLike | None = None,
    features: int | str | Sequence[int | str] | None = None,
    *,
    sample_weight: ArrayLike | None = None,
    init: Mixture | None = None,
    coverage: float = 0.95,
    legend: bool = True,
) -> Figure:
    """Draw how EM came to its answer.

    On the left, the components at the start and after some iterations, the paler the earlier, with the way of their
    means; rows have the colours of the components to which they belong at the end, whose ellipses are dashed.
    Of one feature, the components' densities w_k N_k(v). On the right, the log-likelihood at every iteration, with
    points where the left side shows the components.

    Parameters
    ----------
    fit : fitted estimator, EMFit or Posterior
    X : array or DataFrame of shape (N, D), or None
        The rows of the fit. None: those that a posterior holds; EM keeps none.
    features : one or two names or positions, or None
        None: the first two, or the only one.
    sample_weight : array-like of shape (N,), or None
        The weights of the fit; a posterior holds its own.
    init : Mixture or None
        Where to begin; None: where the fit began. See `em_path`.
    coverage : float
        A component's mass inside its ellipse, in (0, 1); 0.95 by default.
    legend : bool
        Whether to draw the legend; panels side by side need but one, and axes too small for it get none.

    Returns
    -------
    Figure
        Two panels: the components, and the log-likelihood in nats.

    Raises
    ------
    InvalidArgumentError
        If `X` is missing or not the rows of the fit, `features` are not one or two known ones, `init` has other
        components or features, or `coverage` leaves (0, 1).
    InvalidArgumentTypeError
        If `fit` holds no EM fit.

    Examples
    --------
    >>> import bayesgmm as bg
    >>> start = bg.Mixture.from_sds([0.5, 0.5], [[2.5, 80.0], [4.0, 60.0]], [[1.0, 10.0], [1.0, 10.0]])
    >>> left, right = bg.plot_em_path(fit, init=start).axes
    >>> left.get_xlabel(), right.get_xlabel()
    ('eruptions', 'iteration')
    """
    em, data = fit_with_rows(fit, X, sample_weight)
    path = trace_em(data, em, init)
    subject = replace(as_subject(fit, X), draws=None, is_identified=True)
    chosen = feature_positions(features, subject.feature_names, default=2)
    end = path.mixture[-1]
    shares = None if subject.x is None else end.responsibilities(subject.x)
    subject = replace(subject, point=end, shares=shares)
    shown = _shown(path.log_likelihood)
    with style.plot_style():
        figure, (left, right) = plt.subplots(1, 2, figsize=FIGSIZE, width_ratios=WIDTHS, layout="constrained")
        draw = _draw_curves if len(chosen) == 1 else _draw_ellipses
        draw(left, path, subject, chosen, shown, coverage)
        _draw_log_likelihood(right, path, shown)
        if legend:
            _add_legend(figure, left, subject, path, shown)
    return figure


def _shown(log_likelihood: Array) -> list[int]:
    """Choose the iterations at which components are drawn, the first and the last among them.

    Between one and the next the run moves about equally far: a step that gains d nats has a length of about sqrt(2 d)
    standard errors.
    """
    lengths = np.sqrt(2 * np.maximum(np.diff(log_likelihood), 0.0))
    way = np.concatenate([[0.0], np.cumsum(lengths)])
    marks = np.linspace(0.0, way[-1], SHOWN)[1:-1]
    return sorted({0, *np.abs(way - marks[:, None]).argmin(1).tolist(), len(lengths)})


def _opacities(shown: Sequence[int]) -> Array:
    return np.linspace(PALEST, 1.0, len(shown))[:-1]


def _draw_ellipses(
    ax: Axes, path: EMPath, subject: Subject, plane: Sequence[int], shown: Sequence[int], coverage: float
) -> None:
    """Draw ellipses of the shown iterations and the way of each mean; the end is drawn as EM's answer always is."""
    if len(plane) != 2:
        raise InvalidArgumentError("features", "name one or two features", [subject.feature_names[j] for j in plane])
    draw_plane(ax, subject, plane, coverage=coverage, ci_prob=None)
    outlines = path.mixture[shown[:-1]].ellipse(plane, coverage=coverage, n_points=181)  # (S, K, 181, 2)
    ways = path.mixture.means[:, :, plane]  # (T + 1, K, 2)
    for k, color in enumerate(style.component_colors(subject.point.n_components)):
        name, outline = subject.component_names[k], style.halo(ax, 2 * THIN)
        for t, ellipse, opacity in zip(shown, outlines[:, k], _opacities(shown), strict=False):
            look: style.Look = {"color": color, "alpha": opacity, "linewidth": THIN, "zorder": 3}
            ax.plot(*ellipse.T, label=f"_iteration {t} {name}", **look)
        way: style.Look = {"color": color, "linewidth": THIN, "marker": ".", "markevery": shown, "zorder": 4}
        ax.plot(*ways[:, k].T, label=f"_way {name}", path_effects=outline, **way)
    ax.set_xlabel(subject.feature_names[plane[0]])
    ax.set_ylabel(subject.feature_names[plane[1]])


def _draw_curves(
    ax: Axes, path: EMPath, subject: Subject, features: Sequence[int], shown: Sequence[int], coverage: float
) -> None:
    """Draw the components' densities at the shown iterations over those of the end."""
    draw_line(ax, subject, features[0], ci_prob=None)
    values = np.linspace(*ax.get_xlim(), N_VALUES)
    for t, opacity in zip(shown, _opacities(shown), strict=False):
        mixture = path.mixture[t].marginal(features[0])
        curves = np.exp(mixture.component_log_density(values[:, None]).T) * mixture.weights[:, None]  # (K, V)
        for name, color, curve in zip(
            subject.component_names, style.component_colors(len(curves)), curves, strict=True
        ):
            look: style.Look = {"color": color, "alpha": opacity, "linewidth": THIN, "zorder": 3}
            ax.plot(values, curve, label=f"_iteration {t} {name}", **look)
    ax.set_xlabel(subject.feature_names[features[0]])
    ax.set_ylabel("density")


def _draw_log_likelihood(ax: Axes, path: EMPath, shown: Sequence[int]) -> None:
    ax.plot(
        path.log_likelihood, color=style.ink(ax), marker=".", markevery=shown, markersize=9, label="_log-likelihood"
    )
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.ticklabel_format(axis="y", useOffset=False)
    ax.set_xlabel("iteration")
    ax.set_ylabel("log-likelihood (nats)")


def _add_legend(figure: Figure, ax: Axes, subject: Subject, path: EMPath, shown: Sequence[int]) -> None:
    """Name the components, and say what pale and dashed mean."""
    ink, between = style.ink(ax), [str(t) for t in shown[1:-1]]
    entries: list[Artist] = [*component_entries(subject, ax)]
    if path.n_iter:
        entries.append(Line2D([], [], color=ink, alpha=PALEST, linewidth=THIN, label="start"))
    if between:
        entries.append(Line2D([], [], color=ink, alpha=0.6, linewidth=THIN, label=f"after {', '.join(between)}"))
    entries.append(Line2D([], [], color=ink, label=f"after {path.n_iter}: EM", **style.POINT_LINE))
    columns = legend_columns(len(entries), FIGSIZE[1])
    figure.set_figwidth(FIGSIZE[0] + (columns - 1) * COLUMN_WIDTH)
    figure.legend(handles=entries, loc="outside right upper", ncols=columns, frameon=False, alignment="left")
