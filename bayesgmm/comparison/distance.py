r"""How far one posterior lies from another, in the other's whitened coordinates.

With x the unconstrained vector of n numbers (log weights relative to the last, means, log sds, Fisher's z of the
partial correlations), and mu and Sigma = L L' its mean and covariance under the reference, z = L^-1 (x - mu) has mean
zero and unit covariance there. A fit whose z has mean m and covariance V lies

    shift = |m| / sqrt(n),   sd_ratio = det(V)^(1 / 2n)

away: by how many posterior sds it is shifted, in the quadratic mean over all directions, and how wide it is relative
to the reference, in their geometric mean. The first is Mahalanobis' distance (1936, doi:10.1007/s13171-019-00164-5) per
direction, the second a ratio of Wilks' generalised variances (1932, doi:10.1093/biomet/24.3-4.471). No unit of x
enters. Two samples of one posterior, worth S and T independent draws, are shifted by about sqrt(1/S + 1/T) by chance.
"""

import numpy as np
from numpy.typing import NDArray

from bayesgmm.covariance import CovarianceFamily, partials_from_cholesky
from bayesgmm.mixture import Mixture
from bayesgmm.posterior.layout import compact_pairs

__all__ = ["measure_distance", "unconstrained"]

Array = NDArray[np.float64]


def unconstrained(mixture: Mixture, family: CovarianceFamily) -> Array:
    """Give the parameters as vectors that no constraint binds.

    Parameters
    ----------
    mixture : Mixture
        S draws, whatever their axes.
    family : CovarianceFamily

    Returns
    -------
    array of shape (S, n)
        n the free parameters of the family.

    Examples
    --------
    >>> from bayesgmm.comparison.distance import unconstrained
    >>> unconstrained(fit.posterior_.mixture, fit.posterior_.family).shape
    (1000, 11)
    """
    flat = mixture.flatten()
    parts = [flat.log_weights[:, :-1] - flat.log_weights[:, -1:], flat.means, np.log(family.compact_sds(flat.sds))]
    if family.has_correlations(flat.n_features):
        parts.append(np.arctanh(compact_pairs(partials_from_cholesky(flat.scale_tril), family)))
    return np.concatenate([part.reshape(len(flat.weights), -1) for part in parts], axis=1)


def measure_distance(draws: Array, reference: Array) -> tuple[float, float]:
    """Measure how far draws are shifted from those of a reference, and how wide they are relative to them.

    Parameters
    ----------
    draws : array of shape (S, n)
        Unconstrained; one, for a point estimate.
    reference : array of shape (T, n)

    Returns
    -------
    shift : float
        In sds of the reference; NaN where T draws do not determine its covariance.
    sd_ratio : float
        Below one where the draws are the narrower; NaN where S or T draws do not determine a covariance.

    Examples
    --------
    >>> import numpy as np
    >>> from bayesgmm.comparison.distance import measure_distance
    >>> reference = np.random.default_rng(1).standard_normal((1000, 3)) * [1.0, 5.0, 25.0]
    >>> shift, sd_ratio = measure_distance(0.5 * reference + reference.std(0), reference)
    >>> round(shift, 1), round(sd_ratio, 3)
    (1.0, 0.5)
    """
    n = reference.shape[1]
    factor, scale = _root(reference), _root(draws)
    try:
        m = np.linalg.solve(factor, draws.mean(0) - reference.mean(0))
    except np.linalg.LinAlgError:
        return np.nan, np.nan
    own, its = (np.log(np.abs(np.diagonal(root))).sum() for root in (scale, factor))
    return float(np.linalg.norm(m) / np.sqrt(n)), float(np.exp((own - its) / n))


def _root(draws: Array) -> Array:
    """Give a triangular L, of shape (n, n), with L L' the covariance of draws (S, n); NaN where S <= n."""
    S, n = draws.shape
    if S <= n:
        return np.full((n, n), np.nan)
    return np.asarray(np.linalg.qr(draws - draws.mean(0), mode="r").T / np.sqrt(S - 1))
