r"""How far an approximation can be trusted, and what can be made good: importance weights.

Draws x of an approximation q have the importance ratios r = p(x) / q(x), p the posterior times its unknown constant.
Their mean estimates that constant, the evidence of this mode; their largest values follow a generalised Pareto
distribution whose shape k-hat tells how many moments they have. Below 0.7 the ratios, their tail smoothed by that
distribution, repair the draws; above, nothing computed from them can be believed [1]_.

References
----------
.. [1] Vehtari, A., Simpson, D., Gelman, A., Yao, Y. and Gabry, J. (2024). Pareto smoothed importance sampling. JMLR
   25(72). https://jmlr.org/papers/v25/19-556.html
"""

import math
from dataclasses import dataclass

import numpy as np
from arviz_stats.base import array_stats  # type: ignore[attr-defined]
from numpy.typing import NDArray
from scipy.special import logsumexp

__all__ = ["Weights", "resample", "smooth_weights"]

Array = NDArray[np.float64]

ALIKE = 1e-8  # a range of log ratios, in nats, that rounding makes


@dataclass(frozen=True, eq=False)
class Weights:
    """Importance weights of P draws.

    Attributes
    ----------
    weights : array of shape (P,)
        Smoothed, with sum one.
    pareto_k : float
        k-hat, the shape of the tail of the ratios: 0 where they are all alike, infinite where most are zero.
    ess : float
        Draws of the posterior itself that these are worth, 1 / sum of squared weights.
    log_evidence : float
        Logarithm of the mean ratio, in nats: of the integral of p over the mode that q covers.
    log_evidence_error : float
        Its Monte Carlo standard error; of use where `pareto_k` is below 0.7.
    """

    weights: Array
    pareto_k: float
    ess: float
    log_evidence: float
    log_evidence_error: float


def smooth_weights(log_ratios: Array) -> Weights:
    """Turn log importance ratios into weights, the largest smoothed by a generalised Pareto distribution.

    Parameters
    ----------
    log_ratios : array of shape (P,)
        log p(x) - log q(x) at draws of q; not finite where p has no value. P at least 25.

    Returns
    -------
    Weights

    Examples
    --------
    >>> import numpy as np
    >>> from bayesgmm.inference.importance import smooth_weights
    >>> u = np.random.default_rng(1).standard_normal(4000)
    >>> found = smooth_weights(-0.5 * u**2 / 0.8**2 + 0.5 * u**2)  # N(0, 0.8^2) from draws of N(0, 1)
    >>> round(found.log_evidence, 2), found.pareto_k < 0.5  # the constant of exp(-u^2 / 2 / 0.64) is 0.8 sqrt(2 pi)
    (-0.22, True)
    """
    log_ratios = np.where(np.isfinite(log_ratios), log_ratios, -np.inf)
    P, largest = log_ratios.size, log_ratios.max()
    if largest == -np.inf:
        return Weights(np.full(P, 1.0 / P), math.inf, 0.0, -math.inf, math.inf)
    ratios = np.exp(log_ratios - largest)
    mean = ratios.mean()
    log_evidence, error = float(largest + np.log(mean)), float(ratios.std(ddof=1) / mean / np.sqrt(P))
    if largest - log_ratios.min() < ALIKE:
        return Weights(np.full(P, 1.0 / P), 0.0, float(P), log_evidence, error)
    smoothed, pareto_k = array_stats.psislw(-log_ratios)  # type: ignore[no-untyped-call]
    weights = np.exp(smoothed - logsumexp(smoothed))
    pareto_k = math.inf if np.isnan(pareto_k) else float(pareto_k)
    return Weights(weights, pareto_k, float(1.0 / (weights**2).sum()), log_evidence, error)


def resample(weights: Array, size: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Choose draws in proportion to their weights, by systematic resampling, in random order.

    A draw of weight w comes floor(size w) or ceil(size w) times, so that little noise is added (Douc, Cappe and
    Moulines 2005, doi:10.1109/ISPA.2005.195385).

    Parameters
    ----------
    weights : array of shape (P,)
        With sum one.
    size : int
        How many to choose.
    rng : numpy.random.Generator

    Returns
    -------
    integer array of shape (size,)

    Examples
    --------
    >>> import numpy as np
    >>> from bayesgmm.inference.importance import resample
    >>> np.bincount(resample(np.array([0.25, 0.0, 0.75]), 8, np.random.default_rng(1)))
    array([2, 0, 6])
    """
    places = (np.arange(size) + rng.random()) / size
    chosen = np.searchsorted(np.cumsum(weights), places, side="right")
    return rng.permutation(np.minimum(chosen, weights.size - 1))
