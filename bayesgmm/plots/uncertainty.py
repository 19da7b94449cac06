"""The plane of two features by how unsure memberships are there, and why.

The numbers are `membership_map`; here they are only drawn.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, LinearSegmentedColormap, to_rgb
from numpy.typing import ArrayLike, NDArray

from bayesgmm.errors import InvalidArgumentError
from bayesgmm.plots import style
from bayesgmm.plots.legend import add_legend, component_entries, note_entries, wide_figure
from bayesgmm.plots.plane import as_plane, draw_field, draw_names, draw_rows, plane_grid
from bayesgmm.plots.subject import as_subject
from bayesgmm.posterior.regions import membership_map

__all__ = ["PARTS", "highest_entropy", "plot_uncertainty", "uncertainty_colors"]

Array = NDArray[np.float64]

FIGSIZE = (7.2, 5.0)  # inches; the colour bar stands above, the legend to the right
PARTS = {
    "entropy": "entropy of membership (nats)",
    "overlap": "entropy from overlap (nats)",
    "parameter_uncertainty": "entropy from unknown parameters (nats)",
}
DEEPEST = "#9C179E"  # a purple that no component has
INK = 0.2  # of the ink in it: darker on white paper, lighter on black
BAR: style.Look = {"location": "top", "aspect": 40, "pad": 0.02}


def plot_uncertainty(
    fit: Any,
    X: ArrayLike | None = None,
    features: Sequence[int | str] | None = None,
    *,
    part: str = "entropy",
    legend: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """Draw where in the plane of two features memberships are unsure.

    The entropy H(E r) of the membership at each point, zero where it is sure and log 2 = 0.69 nats where two components
    are equally likely, or one of its two parts: the overlap E H(r), which more rows would not lower, and what not
    knowing the parameters adds, which they would. With more than two features the others are integrated out.

    Parameters
    ----------
    fit : fitted estimator, Posterior, EMFit or Mixture
        Without a posterior all entropy is overlap.
    X : array or DataFrame of shape (N, D), or None
        Rows to show, in the units of x; of more than 10 000 a random part. None: those that a posterior was fitted
        to; EM keeps none.
    features : two names or positions, or None
        Horizontal and vertical axis. None: the first two.
    part : {"entropy", "overlap", "parameter_uncertainty"}
        What to draw, in nats. The first two have one scale, from 0 to the logarithm of a whole number; the third, which
        is mostly far smaller, its own.
    legend : bool
        Whether to draw the legend; panels side by side need but one, and axes too small for it get none.
    ax : Axes or None
        Where to draw; None makes a figure. A colour bar takes its room from them.

    Returns
    -------
    Axes

    Raises
    ------
    InvalidArgumentError
        If the fit has one feature only, `features` are not two known ones, or `part` is none of the three.
    InvalidArgumentTypeError
        If `fit` or `ax` is of another kind.

    References
    ----------
    .. [1] Depeweg, S., Hernandez-Lobato, J. M., Doshi-Velez, F. and Udluft, S. (2018). Decomposition of uncertainty
       in Bayesian deep learning. ICML. https://proceedings.mlr.press/v80/depeweg18a.html

    Examples
    --------
    >>> import bayesgmm as bg
    >>> ax = bg.plot_uncertainty(fit, part="parameter_uncertainty")
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('eruptions', 'waiting')
    """
    if part not in PARTS:
        raise InvalidArgumentError("part", f"be one of {', '.join(map(repr, PARTS))}", repr(part))
    subject = as_subject(fit, X)
    plane = as_plane(features, subject.feature_names)
    grid = plane_grid(subject, plane)
    fields = membership_map(subject.draws or subject.point, plane, *grid)
    with style.plot_style():
        axes = style.open_axes(ax, wide_figure(FIGSIZE, subject.point.n_components))
        look = {"cmap": uncertainty_colors(axes), "vmin": 0.0, "vmax": highest_entropy(fields["entropy"].to_numpy())}
        if part == "parameter_uncertainty":
            look["vmax"] = max(float(fields[part].max()), 1e-3)
        image = draw_field(axes, grid, fields[part].to_numpy(), **look)
        draw_rows(axes, subject, plane)
        draw_names(axes, subject.point.means[:, plane], subject.component_names)
        axes.set_xlabel(subject.feature_names[plane[0]])
        axes.set_ylabel(subject.feature_names[plane[1]])
        axes.figure.colorbar(image, ax=axes, label=PARTS[part], **BAR).outline.set_visible(False)
        entries = [*component_entries(subject, axes), *note_entries(subject)]
        if legend:
            add_legend(axes, entries, is_own=ax is None)
    return axes


def uncertainty_colors(ax: Axes) -> Colormap:
    """Give the scale of colours for entropies: the paper where a membership is sure, purple where it is not.

    Parameters
    ----------
    ax : Axes

    Returns
    -------
    matplotlib.colors.Colormap
    """
    deepest = (1 - INK) * np.array(to_rgb(DEEPEST)) + INK * np.array(to_rgb(style.ink(ax)))
    return LinearSegmentedColormap.from_list("unsure", [tuple(style.paper(ax)), tuple(deepest)])


def highest_entropy(entropy: Array) -> float:
    """Give where a scale of entropies ends: at the logarithm of the least whole number, from two, that none exceeds.

    Parameters
    ----------
    entropy : array
        In nats.

    Returns
    -------
    float

    Examples
    --------
    >>> import numpy as np
    >>> from bayesgmm.plots.uncertainty import highest_entropy
    >>> round(highest_entropy(np.array([0.0, 0.5])), 3)
    0.693
    """
    return float(np.log(max(2, np.ceil(np.exp(entropy.max()) - 1e-6))))
