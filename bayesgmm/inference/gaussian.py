"""The last mile of every approximation: draws of a normal distribution, weighed against the exact posterior.

Each method ends with a normal q = N(mean, F F') of the unconstrained vector. Its draws x = mean + F u are weighed by
p(x) / q(x), k-hat is kept, and where that allows it and the method asks for it, draws are resampled in proportion.
"""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bayesgmm import __version__
from bayesgmm.errors import InvalidArgumentTypeError
from bayesgmm.inference.importance import Weights, resample, smooth_weights
from bayesgmm.inference.peak import Peak, evaluate
from bayesgmm.inference.problem import Draws, Problem, SamplingSettings
from bayesgmm.schema import HIGHEST_PARETO_K

__all__ = ["Gaussian", "check_switch", "draw_gaussian", "n_weighed"]

Array = NDArray[np.float64]

POOL = 5  # draws weighed for each one kept, so that few are kept twice
SMALLEST_POOL = 20_000  # altogether: k-hat from a fourth of that is above 0.7 by chance now and then
FEWEST_WEIGHED = 1000  # however many the rows
TINY = np.finfo(float).tiny
BUDGET = 2e10  # of the cost N K (40 + D^2) of a gradient, measured for D up to 20: a few seconds in all


@dataclass(frozen=True, eq=False)
class Gaussian:
    """A normal distribution of the unconstrained vector x = mean + F u, u standard normal.

    Attributes
    ----------
    mean : array of shape (n,)
    factor : array of shape (n, n)
        F; the covariance is F F'.

    Examples
    --------
    >>> import numpy as np
    >>> from bayesgmm.inference.gaussian import Gaussian
    >>> q = Gaussian(np.zeros(1), np.array([[2.0]]))
    >>> q.place(np.ones((1, 1))), q.log_density(np.zeros((1, 1))).round(3)
    (array([[2.]]), array([-1.612]))
    """

    mean: Array
    factor: Array

    def place(self, u: Array) -> Array:
        """Give x = mean + F u of vectors u of shape (..., n)."""
        return self.mean + u @ self.factor.T

    def log_density(self, u: Array) -> Array:
        """Give the log density, in nats, at the x of vectors u of shape (..., n)."""
        log_volume = np.linalg.slogdet(self.factor)[1] + 0.5 * self.mean.size * math.log(2.0 * math.pi)
        return np.asarray(-0.5 * (u**2).sum(-1) - log_volume)


def n_weighed(n_draws: int, problem: Problem) -> int:
    """Tell how many draws are weighed: five times those kept, at least 20,000, fewer where the rows are many.

    Parameters
    ----------
    n_draws : int
        C S.
    problem : Problem

    Returns
    -------
    int
        At least 1000; with a million rows, 3 components and 2 features no more than that.
    """
    N, D = problem.data.rows.shape
    affordable = BUDGET / (N * problem.start.n_components * (40 + D**2))
    return max(FEWEST_WEIGHED, min(max(POOL * n_draws, SMALLEST_POOL), int(affordable)))


def check_switch(name: str, options: Mapping[str, Any]) -> None:
    """Check that an option, where given, is True or False.

    Parameters
    ----------
    name : str
    options : mapping
        The user's ``method_options``.

    Raises
    ------
    InvalidArgumentTypeError
        If it is something else.
    """
    if not isinstance(options.get(name, True), bool | np.bool_):
        raise InvalidArgumentTypeError(f'method_options["{name}"]', "be True or False", options[name])


def draw_gaussian(
    problem: Problem,
    settings: SamplingSettings,
    *,
    peak: Peak,
    gaussian: Gaussian,
    resamples: bool,
    began: float,
    rng: np.random.Generator,
) -> Draws:
    """Draw from a normal approximation, weigh the draws, and resample them where that is asked for and allowed.

    Parameters
    ----------
    problem : Problem
    settings : SamplingSettings
    peak : Peak
        The exact log posterior.
    gaussian : Gaussian
        The approximation.
    resamples : bool
        Whether draws are to be resampled where k-hat is below 0.7.
    began : float
        When the method began, by ``time.perf_counter``.
    rng : numpy.random.Generator

    Returns
    -------
    Draws
        With ``log_p`` and, where they are not resampled, ``log_q`` of each: what ``az.loo_approximate_posterior`` asks
        for. Its attributes tell k-hat (``pareto_k``), what the ``n_weighed`` draws are worth (``importance_ess``), the
        narrowest of the approximation's sds relative to the posterior's (``least_sd_ratio``; this and what follows of
        use where k-hat is below 0.7), how far its means lie from the posterior's at most, in posterior sds
        (``largest_shift``), the logarithm of the evidence of this one labelled mode with its Monte Carlo
        error (``log_evidence_one_mode``, ``log_evidence_one_mode_error``), and whether the draws are resampled.
    """
    C, S = settings.chains, settings.draws
    P = n_weighed(C * S, problem)
    u = rng.standard_normal((max(P, C * S), gaussian.mean.size))
    x, log_q = gaussian.place(u), gaussian.log_density(u)
    log_p = evaluate([peak.log_posterior] * P, x[:P], peak.workers)[0]
    weights = smooth_weights(log_p - log_q[:P])
    is_resampled = resamples and weights.pareto_k < HIGHEST_PARETO_K and P >= C * S
    kept = resample(weights.weights, C * S, rng) if is_resampled else np.arange(C * S)
    shape = (C, S)
    stats = {} if is_resampled else {"log_q": log_q[: C * S].reshape(shape)}
    if P >= C * S:
        stats |= {"log_p": log_p[kept].reshape(shape)}
    values = peak.unpack(x[kept].reshape(C, S, -1))
    attrs = _attrs(weights, is_resampled) | _distance(gaussian, x[:P], weights.weights)
    return Draws(values, stats, attrs | {"sampling_time": time.perf_counter() - began})


def _distance(gaussian: Gaussian, x: Array, weights: Array) -> dict[str, float]:
    """Compare the approximation's means and sds of the coordinates with those under the weights."""
    means = weights @ x  # (n,)
    sds = np.maximum(np.sqrt(weights @ (x - means) ** 2), TINY)
    ratios, shifts = np.linalg.norm(gaussian.factor, axis=1) / sds, np.abs(gaussian.mean - means) / sds
    return {"least_sd_ratio": float(ratios.min()), "largest_shift": float(shifts.max())}


def _attrs(weights: Weights, is_resampled: bool) -> dict[str, Any]:
    return {
        "inference_library": "bayesgmm",
        "inference_library_version": __version__,
        "pareto_k": weights.pareto_k,
        "n_weighed": weights.weights.size,
        "importance_ess": weights.ess,
        "is_resampled": int(is_resampled),
        "log_evidence_one_mode": weights.log_evidence,
        "log_evidence_one_mode_error": weights.log_evidence_error,
    }
