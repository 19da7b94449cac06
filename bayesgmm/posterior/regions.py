"""Memberships along one feature and all over the plane of two, and the lines between regions with their credible band.

The other features are integrated out of every draw (`Mixture.marginal`), exactly. At a point x of the plane, with r_ks
the responsibility of component k under draw s, E the mean over the draws and H the entropy,

    E r_k,   H(E r) = E H(r) + {H(E r) - E H(r)}   (entropy = overlap + parameter uncertainty, in nats),

    d_ks = log w_ks N_ks(x) - max_{j != k} log w_js N_js(x),   component k's margin before its best rival.

Component k is the most likely one where its margin is positive. So the line between regions lies where the margin of
the averaged memberships, log E r_k - max_{j != k} log E r_j, is zero; and the posterior probability that k is the most
likely component, P(d_k > 0), lies between (1 - p) / 2 and (1 + p) / 2 exactly where the interval of mass p of d_k holds
zero: that is the line's credible band, pointwise. The quantiles of a margin are smooth in x where a share of draws
goes in steps, so that band and line are drawn as contours of zero on a coarse grid.
"""

from collections.abc import Sequence
from itertools import accumulate

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray
from scipy.special import entr

from bayesgmm.errors import InvalidArgumentError
from bayesgmm.kernel.draws import draw_log_joints, draw_moments, draw_shares
from bayesgmm.kernel.quantiles import draw_spread
from bayesgmm.mixture import Mixture
from bayesgmm.posterior.grid import FIELD, as_line, lay_grid
from bayesgmm.posterior.prediction import by_row_blocks, interval_bounds
from bayesgmm.posterior.thinning import N_DRAWS, monte_carlo_error, spaced_parameters
from bayesgmm.schema import COMPONENT

__all__ = ["margins", "membership_curve", "membership_map", "region_margins"]

Array = NDArray[np.float64]

VALUE = "value"
LEAST = 1e-300  # below it an averaged responsibility counts as this
WIDEST = 1e6  # nats; a weight of zero would make a margin infinite


def membership_curve(
    mixture: Mixture, feature: Sequence[int], values: ArrayLike, *, ci_prob: float | None = None, n_draws: int = N_DRAWS
) -> xr.Dataset:
    """Give the memberships along one feature, with a credible interval at each value.

    K components, V values.

    Parameters
    ----------
    mixture : Mixture
        A posterior's ``mixture``, or a single mixture, whose interval is a point.
    feature : sequence of one int
        Position of the feature.
    values : array of shape (V,)
        Where, in the units of the feature.
    ci_prob : float or None
        Mass of the equal-tailed intervals, in (0, 1). None takes ArviZ's ``rcParams["stats.ci_prob"]``.
    n_draws : int
        How many draws, evenly spaced, are taken; 500 by default.

    Returns
    -------
    xarray.Dataset
        ``mean``, ``lower``, ``upper`` (component, value): E r_k and its interval.

    Raises
    ------
    InvalidArgumentError
        If `feature` is not one position, `values` hold none or what is not finite, or `ci_prob` leaves (0, 1).

    Examples
    --------
    >>> from bayesgmm.mixture import Mixture
    >>> from bayesgmm.posterior.regions import membership_curve
    >>> mixture = Mixture.from_sds([0.5, 0.5], [[-1.0], [1.0]], [[1.0], [1.0]])
    >>> membership_curve(mixture, [0], [0.0, 1.0])["mean"].sel(component=1).to_numpy().round(3)
    array([0.5  , 0.881])
    """
    line, bounds = mixture.marginal(feature), interval_bounds(ci_prob)
    if line.n_features != 1:
        raise InvalidArgumentError("feature", "name one feature", feature)
    parameters = spaced_parameters(line, n_draws)
    points = as_line("values", values)[:, None]

    def describe(block: Array) -> tuple[Array, ...]:
        shares = draw_shares(block, *parameters)  # (S, B, K)
        return shares.mean(0), *draw_spread(shares, bounds)[1]

    parts = zip(("mean", "lower", "upper"), by_row_blocks(describe, points, 2 * parameters[0].size), strict=True)
    attrs = {"ci_prob": float(bounds[1] - bounds[0]), "n_draws": len(parameters[0])}
    return xr.Dataset({n: ((COMPONENT, VALUE), part.T) for n, part in parts}, {VALUE: points[:, 0]}, attrs)


def membership_map(
    mixture: Mixture, features: Sequence[int], x: ArrayLike, y: ArrayLike, *, n_draws: int = N_DRAWS
) -> xr.Dataset:
    """Give the memberships on a grid over two features, and how unsure they are.

    K components, a grid of G by F values.

    Parameters
    ----------
    mixture : Mixture
        A posterior's ``mixture``, or a single mixture.
    features : two int
        Positions of the features.
    x, y : arrays of shape (F,) and (G,)
        Values of the first and the second of them, in their units.
    n_draws : int
        How many draws, evenly spaced, are taken; 500 by default, which leaves E r a standard error of sd / 22.

    Returns
    -------
    xarray.Dataset
        ``mean`` (component, y, x): E r_k; ``entropy``, ``overlap``, ``parameter_uncertainty`` (y, x): nats, entropy =
        overlap + parameter_uncertainty, the last zero for a single mixture.

    Raises
    ------
    InvalidArgumentError
        If `features` are not two positions, or the grid has no points or some that are not finite.

    Examples
    --------
    >>> from bayesgmm.mixture import Mixture
    >>> from bayesgmm.posterior.regions import membership_map
    >>> mixture = Mixture.from_sds([0.5, 0.5], [[-1.0, 0.0], [1.0, 0.0]], [[1.0, 1.0], [1.0, 1.0]])
    >>> membership_map(mixture, (0, 1), [0.0, 1.0], [0.0])["mean"].sel(component=1).to_numpy().round(3)
    array([[0.5  , 0.881]])
    """
    plane, points, coords = lay_grid(mixture, features, x, y)
    parameters = spaced_parameters(plane, n_draws)

    def describe(block: Array) -> tuple[Array, ...]:
        moments = draw_moments(block, *parameters)
        entropy = np.maximum(entr(moments.mean).sum(1), moments.overlap)
        return moments.mean, entropy, moments.overlap

    shares, entropy, overlap = by_row_blocks(describe, points, 8 * mixture.n_components)
    fields = {"entropy": entropy, "overlap": overlap, "parameter_uncertainty": entropy - overlap}
    shape = len(coords["y"]), len(coords["x"])
    variables = {name: (FIELD, field.reshape(shape)) for name, field in fields.items()}
    mean = ((COMPONENT, *FIELD), shares.T.reshape(-1, *shape))
    return xr.Dataset({"mean": mean, **variables}, coords=coords, attrs={"n_draws": len(parameters[0])})


def region_margins(
    mixture: Mixture,
    features: Sequence[int],
    x: ArrayLike,
    y: ArrayLike,
    *,
    ci_prob: float | None = None,
    n_draws: int = N_DRAWS,
) -> xr.Dataset:
    """Give each component's margin before its best rival on a grid over two features, with a credible interval.

    K components, a grid of G by F values.

    Parameters
    ----------
    mixture : Mixture
        Of at least two components: a posterior's ``mixture``, or a single mixture, whose interval is a point.
    features : two int
        Positions of the features.
    x, y : arrays of shape (F,) and (G,)
        Values of the first and the second of them, in their units.
    ci_prob : float or None
        Mass of the equal-tailed interval at each point, in (0, 1). None takes ArviZ's ``rcParams["stats.ci_prob"]``.
    n_draws : int
        How many draws, evenly spaced, are taken; 500 by default. The attribute ``monte_carlo_error`` says what
        standard error that leaves in the probability beyond an edge of the band: 0.010 for 89 %.

    Returns
    -------
    xarray.Dataset
        ``mean`` (component, y, x): the margin of the averaged memberships; ``lower``, ``upper`` (component, y, x): the
        interval of the margin over the draws; in nats. Component k is the most likely one where ``mean`` is positive,
        and it may or may not be where the interval holds zero.

    Raises
    ------
    InvalidArgumentError
        If there is one component, `features` are not two positions, the grid has no points or some that are not
        finite, or `ci_prob` leaves (0, 1).

    Examples
    --------
    >>> from bayesgmm.mixture import Mixture
    >>> from bayesgmm.posterior.regions import region_margins
    >>> mixture = Mixture.from_sds([0.5, 0.5], [[-1.0, 0.0], [1.0, 0.0]], [[1.0, 1.0], [1.0, 1.0]])
    >>> region_margins(mixture, (0, 1), [0.0, 1.0], [0.0])["mean"].sel(component=1).to_numpy().round(3)
    array([[0., 2.]])
    """
    if mixture.n_components < 2:
        raise InvalidArgumentError("mixture", "have at least two components", mixture)
    bounds = interval_bounds(ci_prob)
    plane, points, coords = lay_grid(mixture, features, x, y)
    parameters = spaced_parameters(plane, n_draws)
    S = len(parameters[0])

    def describe(block: Array) -> tuple[Array, ...]:
        shares = draw_moments(block, *parameters).mean
        each = margins(draw_log_joints(block, *parameters))  # (S, B, K)
        return margins(np.log(np.maximum(shares, LEAST))), *draw_spread(each, bounds)[1]

    fields = by_row_blocks(describe, points, 8 * S * mixture.n_components)
    shape = (mixture.n_components, len(coords["y"]), len(coords["x"]))
    names = zip(("mean", "lower", "upper"), fields, strict=True)
    variables = {name: ((COMPONENT, *FIELD), field.T.reshape(shape)) for name, field in names}
    error = {"n_draws": S, "monte_carlo_error": monte_carlo_error(bounds, S)}
    return xr.Dataset(variables, coords=coords, attrs={"ci_prob": float(bounds[1] - bounds[0]), **error})


def margins(scores: Array) -> Array:
    """Give what each score is ahead of the best of the others.

    Parameters
    ----------
    scores : array of shape (..., K)
        At least two of them; logarithms.

    Returns
    -------
    array of shape (..., K)
        Positive for the best one only.

    Examples
    --------
    >>> import numpy as np
    >>> from bayesgmm.posterior.regions import margins
    >>> margins(np.array([1.0, 4.0, 2.0]))
    array([-3.,  2., -2.])
    """
    columns = np.moveaxis(scores, -1, 0)
    before, after = (list(accumulate(side, np.maximum)) for side in (columns, columns[::-1]))
    inner = [np.maximum(one, other) for one, other in zip(before[:-2], after[-3::-1], strict=True)]
    rivals = [after[-2], *inner, before[-2]]
    ahead = [column - rival for column, rival in zip(columns, rivals, strict=True)]
    return np.clip(np.stack(ahead, axis=-1), -WIDEST, WIDEST)
