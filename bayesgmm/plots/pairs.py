"""All planes and lines of several features in one figure: ellipses below the diagonal, densities on it."""

from collections.abc import Sequence
from math import ceil
from textwrap import fill
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.artist import Artist
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from bayesgmm.errors import InvalidArgumentError
from bayesgmm.plots import style
from bayesgmm.plots.density import draw_line
from bayesgmm.plots.ellipses import draw_plane, plane_entries
from bayesgmm.plots.legend import legend_columns, legend_size, text_entry
from bayesgmm.plots.subject import Subject, as_subject
from bayesgmm.posterior.layout import feature_positions

__all__ = ["plot_pairs"]

FEW_FEATURES = 6  # drawn when none are named; more panels than these 21 are too small for a page
PANEL = 2.1  # inches
ROOMY_PANEL = 2.8  # for two features, so that the legend has room above the diagonal
LINE = 20  # letters of a feature's name beside a panel, before it goes on in a new line
SMALL = 0.75  # size of points and names in a panel, relative to a picture of its own


def plot_pairs(
    fit: Any,
    X: ArrayLike | None = None,
    features: Sequence[int | str] | None = None,
    *,
    coverage: float = 0.95,
    ci_prob: float | None = None,
    legend: bool = True,
) -> Figure:
    """Draw every pair of features as `plot_ellipses` does, and every feature as `plot_density` does.

    Parameters
    ----------
    fit : fitted estimator, Posterior, EMFit or Mixture
        Without a posterior EM's ellipses and densities are drawn.
    X : array or DataFrame of shape (N, D), or None
        Rows to show, in the units of x; of more than 10 000 a random part. None: those that a posterior was fitted
        to; EM keeps none.
    features : names or positions, or None
        At least two, in the order of the panels. None: all, or the first six where there are more.
    coverage : float
        A component's mass inside its ellipse, in (0, 1); 0.95 by default.
    ci_prob : float or None
        The posterior probability of the bands, in (0, 1); None takes ArviZ's ``rcParams["stats.ci_prob"]``.
    legend : bool
        Whether to draw the legend; panels side by side need but one, and axes too small for it get none.

    Returns
    -------
    Figure
        Panel (i, j) with j < i has feature j across and feature i upwards; panel (i, i) is the density of feature i;
        there are none above the diagonal.

    Raises
    ------
    InvalidArgumentError
        If fewer than two features are there or named, or a probability leaves (0, 1).
    InvalidArgumentTypeError
        If `fit` is of another kind.

    Examples
    --------
    >>> import bayesgmm as bg
    >>> len(bg.plot_pairs(fit).axes)
    3
    """
    subject = as_subject(fit, X)
    chosen = feature_positions(features, subject.feature_names, default=FEW_FEATURES)
    if len(chosen) < 2:
        remedy = "Use `plot_density` for one feature."
        raise InvalidArgumentError("features", "name at least two features", repr(chosen), remedy)
    n = len(chosen)
    panel = PANEL if n > 2 else ROOMY_PANEL
    with style.plot_style():
        size = (panel * n, panel * n)
        figure, grid = plt.subplots(n, n, figsize=size, sharex="col", squeeze=False, layout="constrained")
        _draw_panels(grid, subject, chosen, coverage, ci_prob)
        _label_panels(grid, [subject.feature_names[j] for j in chosen])
        entries = plane_entries(grid[0, 0], subject, ci_prob)
        if features is None and n < len(subject.feature_names):
            entries.append(text_entry(f"first {n} of {len(subject.feature_names)} features"))
        if legend:
            _add_legend(figure, entries, f"ellipses hold {100 * coverage:g} %", n)
    return figure


def _add_legend(figure: Figure, entries: Sequence[Artist], title: str, n: int) -> None:
    """Put the legend above the diagonal if it has room there, else beside a figure made wider."""
    size = figure.get_figheight()
    width, height = legend_size(entries)
    look: style.Look = {"title": title, "frameon": False, "alignment": "left", "columnspacing": 1.0}
    if ceil(n * width / size) + ceil(n * height / size) <= n:
        figure.legend(handles=entries, loc="upper right", **look)
        return
    columns = legend_columns(len(entries), size)
    figure.set_figwidth(size + columns * width)
    figure.legend(handles=entries, loc="outside right upper", ncols=columns, **look)


def _draw_panels(
    grid: NDArray[Any], subject: Subject, chosen: Sequence[int], coverage: float, ci_prob: float | None
) -> None:
    for i, row in enumerate(grid):
        for j, ax in enumerate(row):
            if j > i:
                ax.remove()
            elif j == i:
                draw_line(ax, subject, chosen[i], ci_prob=ci_prob)
            else:
                plane = [chosen[j], chosen[i]]
                draw_plane(ax, subject, plane, coverage=coverage, ci_prob=ci_prob, size=SMALL)


def _label_panels(grid: NDArray[Any], names: Sequence[str]) -> None:
    """Name the outer axes, give each feature one range wherever it stands, and free the diagonal of its y axis."""
    for i, (row, name) in enumerate(zip(grid, names, strict=True)):
        row[i].set_yticks([])
        row[i].spines["left"].set_visible(False)
        grid[-1, i].set_xlabel(fill(name, LINE))
        for ax in row[:i]:
            ax.set_ylim(row[i].get_xlim())
            ax.tick_params(labelleft=ax is row[0])
            row[0].set_ylabel(fill(name, LINE))
    row[0].figure.align_ylabels(grid[1:, 0])
