"""What is believed before the data: components drawn from the prior, and the rows that they would make.

Each colour is one draw of the whole mixture, so that what belongs together is seen together; the data are in the ink.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from bayesgmm.data import as_count
from bayesgmm.errors import InvalidArgumentError, InvalidArgumentTypeError
from bayesgmm.mixture import Mixture
from bayesgmm.plots import style
from bayesgmm.plots.legend import add_legend, area_entry, text_entry
from bayesgmm.plots.subject import MAX_ROWS
from bayesgmm.posterior.adoption import family_of
from bayesgmm.posterior.cells import column_edges
from bayesgmm.posterior.container import Posterior, as_result
from bayesgmm.posterior.layout import feature_positions, mixture_of
from bayesgmm.schema import COMPONENT, FEATURE, OBS

__all__ = ["plot_prior"]

Array = NDArray[np.float64]
Limits = tuple[float, float]

FIGSIZE = (7.2, 4.6)  # inches; the legend stands to the right
N_DRAWS = 4  # more ellipses than these hide each other
N_VALUES = 400  # along a curve
REACH = 1.5  # ranges of the data shown to either side of them: the prior's far tails would make a dot of the data
TAIL = 3.5  # sds beyond its mean up to which a component's curve is drawn
LINE_WIDTH = 1.6  # points
ROW_AREA = 5.0  # square points, of a row drawn from the prior
DATA_LOOK: style.Look = {"s": 10.0, "linewidths": 0}
HEADROOM = 2.5  # how high a curve may rise above the data's histogram before it is cut: a narrow component is a needle
ROW_ALPHA = 0.5
MOST_ROWS = 300  # shown of a replicate; more say no more of where it lies


@dataclass(frozen=True, eq=False)
class _Belief:
    """What a picture of a prior draws: S mixtures, the rows that each of them made, and the rows observed."""

    mixtures: Mixture
    replicates: Array | None  # (S, M, D)
    x: Array | None  # (M, D), those shown
    n_rows: int
    feature_names: tuple[str, ...]


def plot_prior(
    prior: Any,
    features: int | str | Sequence[int | str] | None = None,
    *,
    n_draws: int = N_DRAWS,
    coverage: float = 0.95,
    legend: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """Draw a few mixtures from the prior, each in one colour with the rows that it would make, under the data.

    A prior is sensible where the data look like one of its data sets: neither all of them far wider than the data, nor
    all of them elsewhere. With two features each component is an ellipse, with one the mixture is a curve.

    Parameters
    ----------
    prior : DataTree of `prior_predictive`, fitted estimator or Posterior
        Of a fit its own priors are drawn from.
    features : one or two names or positions, or None
        None: the first two, or the only one.
    n_draws : int
        The first draws of the group ``prior``; 4 by default: more hide each other. Colours keep apart up to six.
    coverage : float
        A component's mass inside its ellipse, in (0, 1); 0.95 by default.
    legend : bool
        Whether to draw the legend; panels side by side need but one, and axes too small for it get none.
    ax : Axes or None
        Where to draw; None makes a figure.

    Returns
    -------
    Axes
        They end one and a half times the data's range beyond the data at most; tails of the prior may reach further.

    Raises
    ------
    InvalidArgumentError
        If there is no group ``prior``, `features` are not one or two known ones, or `coverage` leaves (0, 1).
    InvalidArgumentTypeError
        If `prior` or `ax` is of another kind.

    Examples
    --------
    >>> import bayesgmm as bg
    >>> ax = bg.plot_prior(bg.prior_predictive(bg.load_faithful(), 2, draws=20, random_state=1))
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('eruptions', 'waiting')
    """
    belief = _read(prior, as_count("n_draws", n_draws))
    chosen = feature_positions(features, belief.feature_names, default=2)
    if len(chosen) > 2:
        raise InvalidArgumentError("features", "name one or two features", repr(features))
    with style.plot_style():
        axes = style.open_axes(ax, FIGSIZE)
        draw = _draw_plane if len(chosen) == 2 else _draw_line
        draw(axes, belief, chosen, coverage)
        axes.set_xlabel(belief.feature_names[chosen[0]])
        title = f"ellipses hold {100 * coverage:g} %" if len(chosen) == 2 else None
        if legend:
            add_legend(axes, _entries(axes, belief, len(chosen) == 2), is_own=ax is None, title=title)
    return axes


def _read(prior: Any, n_draws: int) -> _Belief:
    if not isinstance(prior, xr.DataTree):
        prior = _tree_of(as_result(prior), n_draws)
    if "prior" not in prior.children:
        remedy = "Draw from it first: prior_predictive(X, n_components, priors=...)."
        raise InvalidArgumentError("prior", "have a group prior", list(prior.children), remedy)
    parameters = prior["prior"].to_dataset()
    K, D = parameters.sizes[COMPONENT], parameters.sizes[FEATURE]
    mixtures = mixture_of(parameters, family_of(parameters), K, D).flatten()[:n_draws]
    replicates, x = (
        prior[group]["x"].values.reshape(-1, prior[group].sizes[OBS], D) if group in prior.children else None
        for group in ("prior_predictive", "observed_data")
    )
    return _Belief(
        mixtures=mixtures,
        replicates=None if replicates is None else replicates[:n_draws, :MOST_ROWS],
        x=None if x is None else _thin(x[0]),
        n_rows=0 if x is None else len(x[0]),
        feature_names=tuple(str(name) for name in parameters[FEATURE].values),
    )


def _tree_of(value: Any, n_draws: int) -> xr.DataTree:
    if not isinstance(value, Posterior):
        remedy = "Draw from a prior first: prior_predictive(X, n_components, priors=...)."
        raise InvalidArgumentTypeError("prior", "be a fit with a posterior", type(value).__name__, remedy)
    return value.idata if "prior" in value.idata.children else value.with_prior(n_draws, 0).idata


def _draw_plane(ax: Axes, belief: _Belief, plane: Sequence[int], coverage: float) -> None:
    """Draw ellipses, replicates and data in the plane of two features."""
    outlines = belief.mixtures.ellipse(plane, coverage=coverage, n_points=181)  # (S, K, 181, 2)
    line: style.Look = {"linewidth": LINE_WIDTH, "path_effects": style.halo(ax, 1.7 * LINE_WIDTH), "zorder": 3}
    for s, (ellipses, color) in enumerate(zip(outlines, _colors(belief), strict=True)):
        for outline in ellipses:
            ax.plot(*outline.T, color=color, label=f"_draw {s}", **line)
        if belief.replicates is not None:
            look: style.Look = {"s": ROW_AREA, "color": color, "alpha": ROW_ALPHA, "linewidths": 0, "zorder": 1}
            ax.scatter(*belief.replicates[s][:, plane].T, label=f"_rows {s}", **look)
    if belief.x is not None:
        ax.scatter(*belief.x[:, plane].T, color=style.ink(ax), zorder=2, label="_data", **DATA_LOOK)
        ax.set_xlim(_common(ax.get_xlim(), _reach(belief.x[:, plane[0]])))
        ax.set_ylim(_common(ax.get_ylim(), _reach(belief.x[:, plane[1]])))
    ax.set_ylabel(belief.feature_names[plane[1]])


def _draw_line(ax: Axes, belief: _Belief, feature: Sequence[int], coverage: float) -> None:
    """Draw the density of each mixture in one feature, and the data as a histogram of area one."""
    marginals, rows = belief.mixtures.marginal(feature), None if belief.x is None else belief.x[:, feature[0]]
    values = _values(marginals, rows)
    for s, color in enumerate(_colors(belief)):
        density = np.exp(marginals[s].log_density(values[:, None]))
        ax.plot(values, density, color=color, linewidth=LINE_WIDTH, zorder=3, label=f"_draw {s}")
    if rows is not None:
        look: style.Look = {"color": style.ink(ax), "alpha": style.BAND_ALPHA, "zorder": 1}
        heights = np.asarray(ax.hist(rows, bins=column_edges(rows).tolist(), density=True, label="_data", **look)[0])
        ax.set_ylim(top=min(ax.get_ylim()[1], HEADROOM * heights.max()))
    ax.set_ylim(bottom=0)
    ax.set_xlim(values[0], values[-1])
    ax.set_ylabel("density")


def _entries(ax: Axes, belief: _Belief, is_plane: bool) -> list[Artist]:
    """Make the legend: what a colour is, what the points are, and what is not shown."""
    soft, ink = tuple(style.soft_ink(ax)), style.ink(ax)
    entries: list[Artist] = [Line2D([], [], color=soft, linewidth=LINE_WIDTH, label="prior draw, a colour each")]
    if is_plane and belief.replicates is not None:
        look: style.Look = {"linestyle": "", "marker": "o", "markeredgewidth": 0}
        entries.append(Line2D([], [], color=soft, markersize=np.sqrt(ROW_AREA), label="rows it would make", **look))
    if belief.x is None:
        return entries
    if is_plane:
        entries.append(Line2D([], [], color=ink, linestyle="", marker="o", markersize=3, label="data"))
    else:
        entries.append(area_entry("data", ink, style.BAND_ALPHA))
    if len(belief.x) < belief.n_rows:
        entries.append(text_entry(f"{len(belief.x):,} of {belief.n_rows:,} rows shown"))
    return entries


def _colors(belief: _Belief) -> Array:
    return style.component_colors(len(belief.mixtures.weights))


def _values(marginals: Mixture, rows: Array | None) -> Array:
    """Give the values at which curves are drawn: as far as components and rows reach, within reach of the rows."""
    ends = np.array([marginals.means - TAIL * marginals.sds, marginals.means + TAIL * marginals.sds])
    if rows is None:
        return np.linspace(ends.min(), ends.max(), N_VALUES)
    reached = float(min(ends.min(), rows.min())), float(max(ends.max(), rows.max()))
    return np.linspace(*_common(reached, _reach(rows)), N_VALUES)


def _reach(values: Array) -> Limits:
    """Reach beyond the data on either side, by their range or, where they have none, by one."""
    least, most = float(values.min()), float(values.max())
    margin = REACH * ((most - least) or 1.0)
    return least - margin, most + margin


def _common(first: Limits, second: Limits) -> Limits:
    return max(first[0], second[0]), min(first[1], second[1])


def _thin(x: Array) -> Array:
    """Show a random part of very many rows, the same in every picture."""
    return x if len(x) <= MAX_ROWS else np.random.default_rng(0).choice(x, MAX_ROWS, replace=False)
