"""Many features in the plane of the two directions that tell the components apart best.

The numbers are `separating_directions`; everything else is `plot_ellipses` for the scores.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

from bayesgmm.errors import InvalidArgumentError
from bayesgmm.plots import style
from bayesgmm.plots.density import draw_line, line_entries
from bayesgmm.plots.ellipses import draw_plane, plane_entries
from bayesgmm.plots.legend import add_legend, wide_figure
from bayesgmm.plots.subject import Subject, as_subject
from bayesgmm.posterior.directions import Directions, separating_directions

__all__ = ["plot_directions"]

Array = NDArray[np.float64]

FIGSIZE = (7.2, 4.6)  # inches; the legend stands to the right
MOST_NAMED = 3  # features beside a direction
MOST_LETTERS = 50  # of their names; more make the label longer than the axis
LEAST_NAMED = 0.5  # correlation with the scores up to which a feature is not named, unless it is the largest one


def plot_directions(
    fit: Any,
    X: ArrayLike | None = None,
    directions: Sequence[int] | None = None,
    *,
    balance: float = 1.0,
    coverage: float = 0.95,
    ci_prob: float | None = None,
    legend: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """Draw rows and components in the plane of the two directions that tell the components apart best.

    Rows, EM's ellipses and the posterior's ellipses with their credible bands are those of `plot_ellipses`, projected
    onto the directions of `separating_directions`: linear combinations of the features with variance one, so that
    scores have no units. Each axis says how much of the separation it carries, and towards which end the features grow
    that correlate most with its scores. The directions are those of one estimate: how well they are determined, and all
    coefficients, stand in ``separating_directions(fit).summary()``.

    Where there is one direction only, its density is drawn, as by `plot_density`.

    Parameters
    ----------
    fit : fitted estimator, Posterior, EMFit or Mixture
        Without a posterior the dashed ellipses alone are drawn.
    X : array or DataFrame of shape (N, D), or None
        Rows to show, in the units of x; of more than 10 000 a random part. None: those that a posterior was fitted
        to; EM keeps none.
    directions : one or two int, or None
        Which, counted from 0. None: the first two, or the only one.
    balance : float
        As in `separating_directions`.
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
        If the fit has one component only, `directions` are not one or two that there are, or a probability leaves
        (0, 1).
    InvalidArgumentTypeError
        If `fit` or `ax` is of another kind.

    References
    ----------
    .. [1] Scrucca, L. (2010). Dimension reduction for model-based clustering. Statistics and Computing 20, 471-484.
       doi:10.1007/s11222-009-9138-7

    Examples
    --------
    >>> import bayesgmm as bg
    >>> print(bg.plot_directions(fit).get_xlabel())
    direction 1 (100 % of the separation)
    eruptions, waiting →
    """
    subject, found = as_subject(fit, X), separating_directions(fit, balance=balance)
    chosen = _as_directions(directions, found)
    scores = _project(subject, found, chosen)
    with style.plot_style():
        axes = style.open_axes(ax, wide_figure(FIGSIZE, subject.point.n_components))
        axes.set_xlabel(scores.feature_names[0])
        if len(chosen) == 1:
            draw_line(axes, scores, 0, ci_prob=ci_prob)
            axes.set_ylabel("density")
            entries, title = line_entries(axes, subject, ci_prob), None
        else:
            draw_plane(axes, scores, [0, 1], coverage=coverage, ci_prob=ci_prob)
            axes.set_ylabel(scores.feature_names[1])
            entries, title = plane_entries(axes, subject, ci_prob), f"ellipses hold {100 * coverage:g} %"
        if legend:
            add_legend(axes, entries, is_own=ax is None, title=title)
    return axes


def _as_directions(directions: Sequence[int] | None, found: Directions) -> list[int]:
    chosen = list(range(min(2, found.n_directions))) if directions is None else list(directions)
    if not 1 <= len(set(chosen)) == len(chosen) <= 2 or not set(chosen) <= set(range(found.n_directions)):
        raise InvalidArgumentError("directions", f"be one or two of 0 to {found.n_directions - 1}", directions)
    return chosen


def _project(subject: Subject, found: Directions, chosen: Sequence[int]) -> Subject:
    """Show scores in the place of features."""
    return replace(
        subject,
        point=found.project(subject.point, chosen),
        draws=None if subject.draws is None else found.project(subject.draws, chosen),
        x=None if subject.x is None else found.scores(subject.x)[:, chosen],
        feature_names=tuple(_label(found, j) for j in chosen),
    )


def _label(found: Directions, j: int) -> str:
    """Say what a direction carries, and towards which end which features grow."""
    r = found.correlations[:, j]
    order = np.argsort(-np.abs(r))[:MOST_NAMED]
    fitting = np.cumsum([len(found.feature_names[i]) for i in order]) <= MOST_LETTERS
    named = [i for i, fits in zip(order, fitting, strict=True) if i == order[0] or (fits and abs(r[i]) > LEAST_NAMED)]
    left, right = (
        ", ".join(found.feature_names[i] for i in named if (r[i] < 0) == is_left) for is_left in (True, False)
    )
    ends = "     ".join([*([f"← {left}"] if left else []), *([f"{right} →"] if right else [])])
    return f"direction {j + 1} ({100 * found.shares[j]:.0f} % of the separation)\n{ends}"
