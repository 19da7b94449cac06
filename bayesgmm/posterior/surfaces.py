"""The density all over the plane of two features, and the heights at which its contours hold a given mass.

The other features are integrated out of every draw (`Mixture.marginal`), exactly. At a point x of the plane, f_s the
density under draw s: log E f(x), and an interval of log f_s(x). The region

    R_p = {x : f(x) > c_p},   with c_p such that R_p holds the mass p,

is the smallest one that holds it (Hyndman 1996). On a grid the cells are taken from the highest density down until
they hold p; the height of the last one is c_p. At a point f_s(x) lies in its interval with probability ci_prob; where
the interval holds c_p the contour may pass, and this is the contour's pointwise credible band.

How far the grid must reach: f_s is below c outside the box around the K ellipses

    (x - mu_k)' Sigma_k^-1 (x - mu_k) = 2 log{K w_k N(mu_k; mu_k, Sigma_k) / c},

because there every component has less than c / K. Where all but a part q of the draws are below c / 2, and all of them
below c / (2 q), the interval's end and E f are below c.
"""

from collections.abc import Sequence

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from bayesgmm.errors import InvalidArgumentError
from bayesgmm.kernel.draws import draw_log_densities, draw_moments
from bayesgmm.kernel.quantiles import draw_spread
from bayesgmm.mixture import Mixture
from bayesgmm.posterior.grid import FIELD, lay_grid
from bayesgmm.posterior.prediction import by_row_blocks, interval_bounds
from bayesgmm.posterior.thinning import N_DRAWS, spaced_draws, spaced_parameters

__all__ = ["height_reach", "mass_heights", "plane_density"]

Array = NDArray[np.float64]


def plane_density(
    mixture: Mixture,
    features: Sequence[int],
    x: ArrayLike,
    y: ArrayLike,
    *,
    ci_prob: float | None = None,
    n_draws: int = N_DRAWS,
) -> xr.Dataset:
    """Give the log density on a grid over two features, with a credible interval.

    A grid of G by F values.

    Parameters
    ----------
    mixture : Mixture
        A posterior's ``mixture``, or a single mixture, whose interval is a point.
    features : two int
        Positions of the features.
    x, y : arrays of shape (F,) and (G,)
        Values of the first and the second of them, in their units.
    ci_prob : float or None
        Mass of the equal-tailed interval at each point, in (0, 1). None takes ArviZ's ``rcParams["stats.ci_prob"]``.
    n_draws : int
        How many draws, evenly spaced, are taken; 500 by default.

    Returns
    -------
    xarray.Dataset
        ``mean`` (y, x): log E f; ``lower``, ``upper`` (y, x): the interval of log f over the draws; f is a density per
        unit of the first feature times unit of the second.

    Raises
    ------
    InvalidArgumentError
        If `features` are not two positions, the grid has no points or some that are not finite, or `ci_prob` leaves
        (0, 1).

    Examples
    --------
    >>> from bayesgmm.mixture import Mixture
    >>> from bayesgmm.posterior.surfaces import plane_density
    >>> mixture = Mixture.from_sds([1.0], [[0.0, 0.0]], [[1.0, 2.0]])
    >>> plane_density(mixture, (0, 1), [0.0, 1.0], [0.0])["mean"].to_numpy().round(3)  # -log(4 pi), and 1/2 less
    array([[-2.531, -3.031]])
    """
    plane, points, coords = lay_grid(mixture, features, x, y)
    bounds, parameters = interval_bounds(ci_prob), spaced_parameters(plane, n_draws)

    def describe(block: Array) -> tuple[Array, ...]:
        mean = draw_moments(block, *parameters).log_density
        return mean, *draw_spread(draw_log_densities(block, *parameters), bounds)[1]

    fields = by_row_blocks(describe, points, 2 * len(parameters[0]))
    shape = len(coords["y"]), len(coords["x"])
    names = zip(("mean", "lower", "upper"), fields, strict=True)
    variables = {name: (FIELD, field.reshape(shape)) for name, field in names}
    attrs = {"ci_prob": float(bounds[1] - bounds[0]), "n_draws": len(parameters[0])}
    return xr.Dataset(variables, coords=coords, attrs=attrs)


def mass_heights(log_density: ArrayLike, masses: Sequence[float]) -> Array:
    """Give the log density on the outline of the smallest region that holds each mass.

    Parameters
    ----------
    log_density : array of shape (G, F)
        On an evenly spaced grid that holds nearly all of the mass: what lies outside is left out of the account.
    masses : sequence of M float
        In (0, 1).

    Returns
    -------
    array of shape (M,)
        log c_p; the more mass, the lower.

    Raises
    ------
    InvalidArgumentError
        If a mass leaves (0, 1), or `log_density` has no largest value that is finite.

    References
    ----------
    .. [1] Hyndman, R. J. (1996). Computing and graphing highest density regions. The American Statistician 50,
       120-126. doi:10.1080/00031305.1996.10474359

    Examples
    --------
    >>> import numpy as np
    >>> from bayesgmm.posterior.surfaces import mass_heights
    >>> x = np.linspace(-6, 6, 241)
    >>> normal = -(x**2 + x[:, None] ** 2) / 2  # without its constant; the region of mass p ends at log(1 - p)
    >>> mass_heights(normal, [0.5, 0.95]).round(2), np.log([0.5, 0.05]).round(2)
    (array([-0.69, -3.  ]), array([-0.69, -3.  ]))
    """
    asked = np.asarray(masses, dtype=np.float64)
    if asked.ndim != 1 or not asked.size or not ((asked > 0) & (asked < 1)).all():
        raise InvalidArgumentError("masses", "be numbers strictly between 0 and 1", masses)
    heights = np.sort(np.asarray(log_density, dtype=np.float64).ravel())[::-1]  # NaN comes first
    if not heights.size or not np.isfinite(heights[0]):
        raise InvalidArgumentError("log_density", "have a largest value, without NaN", log_density)
    held = np.cumsum(np.exp(heights - heights[0]))
    return np.interp(asked, held / held[-1], heights)


def height_reach(
    mixture: Mixture,
    features: Sequence[int],
    log_height: float,
    *,
    ci_prob: float | None = None,
    n_draws: int = N_DRAWS,
) -> Array:
    """Bound where the density of two features, on average over the draws or at its interval's end, is as high as that.

    Parameters
    ----------
    mixture : Mixture
        A posterior's ``mixture``, or a single mixture.
    features : two int
        Positions of the features.
    log_height : float
        log c.
    ci_prob : float or None
        Mass of the equal-tailed interval at each point, in (0, 1); q = (1 - ci_prob) / 2. None takes ArviZ's
        ``rcParams["stats.ci_prob"]``.
    n_draws : int
        How many draws, evenly spaced, are taken; 500 by default.

    Returns
    -------
    array of shape (2, 2)
        The least and the greatest values of the two features, in their units; most of the components' means are held
        in any case.

    Examples
    --------
    >>> import numpy as np
    >>> from bayesgmm.mixture import Mixture
    >>> from bayesgmm.posterior.surfaces import height_reach
    >>> mixture = Mixture.from_sds([1.0], [[0.0, 5.0]], [[1.0, 2.0]])
    >>> height_reach(mixture, (0, 1), np.log(2 / (4 * np.pi)) - 4.5)  # the peak has 1 / (4 pi)
    array([[-3., -1.],
           [ 3., 11.]])
    """
    few, bounds = spaced_draws(mixture.marginal(features), n_draws), interval_bounds(ci_prob)
    least, most = _boxes(few, log_height - np.log(2))
    far_least, far_most = _boxes(few, log_height - np.log(2 * bounds[0]))
    return np.stack(
        [
            np.minimum(np.quantile(least, bounds[0], axis=0), far_least.min(0)),
            np.maximum(np.quantile(most, bounds[1], axis=0), far_most.max(0)),
        ]
    )


def _boxes(draws: Mixture, log_height: float) -> tuple[Array, Array]:
    """Give the ends (S, D) of the box beyond which each draw is lower; its components' means are held in any case."""
    log_scales = np.log(np.diagonal(draws.scale_tril, axis1=-2, axis2=-1)).sum(-1)  # (S, K)
    peaks = draws.log_weights - draws.n_features / 2 * np.log(2 * np.pi) - log_scales
    radii = np.sqrt(np.maximum(2 * (peaks + np.log(draws.n_components) - log_height), 0.0))
    reach = radii[..., None] * draws.sds  # (S, K, D)
    return (draws.means - reach).min(1), (draws.means + reach).max(1)
