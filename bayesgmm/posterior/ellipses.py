"""The credible band of a component's ellipse: the numbers behind the picture.

In the plane of two features the ellipse of component k that holds the mass p is |L_k^-1 (x - m_k)| = r, with r^2 the
p-quantile of chi-square with two degrees of freedom, r^2 = -2 log(1 - p). Let m, L be the posterior means of mean and
covariance (L its Cholesky factor). Rays leave m in the directions L (cos a, sin a), so that the posterior-mean ellipse
is crossed at the distance r along each of them, whatever the units and however long the ellipse. The ellipse of draw s
is crossed where

    |A t + b|^2 = r^2,   A = L_s^-1 L (cos a, sin a)',   b = L_s^-1 (m - m_s),

and the larger root t, the last point of that draw's ellipse on the ray, is the draw's distance. Quantiles of the
distances over the draws, ray by ray, are the inner and the outer outline. A draw whose ellipse is missed by the ray has
the distance zero: in that direction nothing of it lies beyond m. The band is pointwise: each ray is covered with the
given probability. An affine map of the features maps the band with them.
"""

from collections.abc import Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from bayesgmm.errors import InvalidArgumentError
from bayesgmm.mixture import Mixture
from bayesgmm.mixture.parameters import circle
from bayesgmm.posterior.prediction import interval_bounds
from bayesgmm.schema import COMPONENT, FEATURE

__all__ = ["ellipse_band", "posterior_mean"]

Array = NDArray[np.float64]


def ellipse_band(
    mixture: Mixture,
    features: Sequence[int] = (0, 1),
    *,
    coverage: float = 0.95,
    ci_prob: float | None = None,
    n_points: int = 181,
) -> xr.Dataset:
    """Give each component's ellipse with its pointwise credible band.

    K components, S draws (all batch axes together).

    Parameters
    ----------
    mixture : Mixture
        A batch of mixtures, labels settled: a posterior's ``mixture``.
    features : two int
        Positions of the two features; the first two by default.
    coverage : float
        The component's mass inside its ellipse, in (0, 1); 0.95 by default, as confidence ellipses are mostly drawn.
    ci_prob : float or None
        The posterior probability between the inner and the outer outline on each ray, in (0, 1), equal tails. None
        takes ArviZ's ``rcParams["stats.ci_prob"]``.
    n_points : int
        Rays, the last equal to the first; 181 puts one at every second degree.

    Returns
    -------
    xarray.Dataset
        ``mean``, ``lower``, ``upper`` (component, angle, feature): outlines in the units of x, of the posterior-mean
        ellipse and of the band; ``centre`` (component, feature): the posterior mean of the component's mean;
        ``containing`` (component): the share of draws whose ellipse contains the centre, below one only where the
        mean is about as uncertain as the component is wide.

    Raises
    ------
    InvalidArgumentError
        If `mixture` has no batch axis, `coverage` or `ci_prob` leaves (0, 1), `features` are not two positions, or
        `n_points` is below 4.

    Examples
    --------
    >>> import numpy as np
    >>> from bayesgmm.mixture import Mixture
    >>> from bayesgmm.posterior.ellipses import ellipse_band
    >>> sds = np.linspace(0.9, 1.1, 101)[:, None, None] * np.ones((1, 1, 2))  # 101 draws of one component
    >>> draws = Mixture.from_sds(np.ones((101, 1)), np.zeros((101, 1, 2)), sds)
    >>> band = ellipse_band(draws, coverage=0.95, ci_prob=0.9)
    >>> [round(float(band[name][0, 0, 0]), 2) for name in ("lower", "mean", "upper")]
    [2.23, 2.45, 2.67]
    """
    if not mixture.batch_shape:
        raise InvalidArgumentError("mixture", "have at least one batch axis, the draws", mixture)
    points = circle(coverage, n_points)
    plane = mixture.marginal(features).flatten()
    if plane.n_features != 2:
        raise InvalidArgumentError("features", "name two features", features)
    bounds = interval_bounds(ci_prob)
    radius = points[0, 0]
    rays = points.T / radius  # (2, n_points)
    pivot = posterior_mean(plane)
    levels, containing = np.empty((plane.n_components, 3, n_points)), np.empty(plane.n_components)
    for k in range(plane.n_components):
        distance, inside = _last_crossing(plane, pivot, k, rays, radius)
        levels[k, ::2] = np.quantile(distance, bounds, axis=0)
        levels[k, 1], containing[k] = radius, inside
    outlines = pivot.means[:, None, None] + np.einsum("kij,jp,klp->klpi", pivot.scale_tril, rays, levels)
    return _band_dataset(outlines, pivot.means, containing, np.linspace(0.0, 2 * np.pi, n_points))


def posterior_mean(mixture: Mixture) -> Mixture:
    """Give the mixture whose weights, means and covariances are the means over the draws.

    Parameters
    ----------
    mixture : Mixture
        A batch, labels settled.

    Returns
    -------
    Mixture
        Without batch axes.

    Examples
    --------
    >>> import numpy as np
    >>> from bayesgmm.mixture import Mixture
    >>> from bayesgmm.posterior.ellipses import posterior_mean
    >>> draws = Mixture.from_sds(np.ones((2, 1)), [[[1.0]], [[3.0]]], [[[1.0]], [[7.0]]])
    >>> mean = posterior_mean(draws)
    >>> mean.means, mean.sds  # the root of (1 + 49) / 2
    (array([[2.]]), array([[5.]]))
    """
    flat = mixture.flatten()
    return Mixture.from_covariances(flat.weights.mean(0), flat.means.mean(0), flat.covariances.mean(0))


def _last_crossing(plane: Mixture, pivot: Mixture, k: int, rays: Array, radius: float) -> tuple[Array, float]:
    """Give the distance of each draw's ellipse along each ray, (S, n_points), and the share that holds the centre."""
    inverse = np.linalg.inv(plane.scale_tril[:, k])  # (S, 2, 2)
    A = inverse @ pivot.scale_tril[k] @ rays  # (S, 2, n_points)
    b = inverse @ (pivot.means[k] - plane.means[:, k])[..., None]  # (S, 2, 1)
    square, cross, rest = (A**2).sum(1), (A * b).sum(1), (b**2).sum(1) - radius**2  # square t^2 + 2 cross t + rest = 0
    root = np.sqrt(np.maximum(cross**2 - square * rest, 0.0))
    missed = (cross**2 < square * rest) | ((rest > 0) & (cross > 0))
    return np.where(missed, 0.0, (root - cross) / square), float((rest < 0).mean())


def _band_dataset(outlines: Array, centres: Array, containing: Array, angle: Array) -> xr.Dataset:
    line = (COMPONENT, "angle", FEATURE)
    lower, mean, upper = np.moveaxis(outlines, 1, 0)
    return xr.Dataset(
        {
            "mean": (line, mean),
            "lower": (line, lower),
            "upper": (line, upper),
            "centre": ((COMPONENT, FEATURE), centres),
            "containing": (COMPONENT, containing),
        },
        coords={"angle": angle},
    )
