"""Whitened coordinates: the posterior's mode and the shape of its peak.

The sampler moves in u, with x = mode + C u, C C' the inverse of minus the Hessian of the log posterior at the mode.
Near the mode the posterior of u is a standard normal, so the sampler has little left to learn.

Mode and Hessian come from exact gradients alone: L-BFGS from EM's solution, then forward differences of the gradient.
Both are taken in steps scaled by the complete-data information, which is known in closed form (McLachlan and Krishnan
2008, section 4.2: with known labels a mean has the standard error s / sqrt(N_k), a log standard deviation
1 / sqrt(2 N_k), a correlation on Fisher's scale and a log weight 1 / sqrt(N_k)).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh
from scipy.optimize import minimize

from bayesgmm.inference.problem import Problem
from bayesgmm.inference.target import Target

__all__ = ["Whitening", "complete_data_errors", "whiten_posterior"]

Array = NDArray[np.float64]
LogPosterior = Callable[[Array], tuple[float, Array]]

RELATIVE_STEP = 1e-4  # of a complete-data standard error: truncation 1e-4, rounding 1e-9 of the Hessian
FLATTEST = 1e-3  # least curvature kept, in units of the complete-data information: caps a direction at 30 of its errors
STOPPING = {"maxiter": 500, "ftol": 1e-11, "gtol": 1e-3}  # the gradient in nats per complete-data standard error


@dataclass(frozen=True, eq=False)
class Whitening:
    """The map x = mode + factor u.

    Attributes
    ----------
    mode : array of shape (n,)
        Where the log posterior of the unconstrained vector is highest.
    factor : array of shape (n, n)
        C; its columns are the principal directions of the peak, each one standard deviation long.
    log_posterior : float
        The value at the mode.
    """

    mode: Array
    factor: Array
    log_posterior: float

    def unwhiten(self, u: Array) -> Array:
        """Give x = mode + C u of vectors u of shape (..., n)."""
        return self.mode + u @ self.factor.T


def whiten_posterior(log_posterior: LogPosterior, start: Array, errors: Array) -> Whitening:
    """Find the mode and the shape of the peak around it.

    Parameters
    ----------
    log_posterior : callable
        x of shape (n,) to the value and the gradient of shape (n,).
    start : array of shape (n,)
        Where to begin, usually EM's solution.
    errors : array of shape (n,)
        The complete-data standard errors of the coordinates: the scale of every step.

    Returns
    -------
    Whitening

    Examples
    --------
    >>> import numpy as np
    >>> from bayesgmm.inference.whitening import whiten_posterior
    >>> peak = whiten_posterior(lambda x: (-2 * float(x @ x), -4 * x), np.ones(2), np.ones(2))
    >>> abs(peak.factor).max(axis=0)
    array([0.5, 0.5])
    """
    begun = log_posterior(start)[0]
    wall = -begun + abs(begun) + 1.0  # above all that L-BFGS accepts; at infinity it stops and calls that convergence

    def descend(v: Array) -> tuple[float, Array]:
        value, slope = log_posterior(start + errors * v)
        if not (np.isfinite(value) and np.isfinite(slope).all()):
            return wall, np.zeros_like(v)
        return -value, -slope * errors

    found = minimize(descend, np.zeros_like(start), jac=True, method="L-BFGS-B", options=STOPPING)
    mode = start + errors * found.x
    slope = log_posterior(mode)[1]
    ahead = [log_posterior(mode + step)[1] for step in np.diag(RELATIVE_STEP * errors)]
    hessian = (slope - np.stack(ahead)) * errors / RELATIVE_STEP
    values, directions = eigh(0.5 * (hessian + hessian.T))
    factor = errors[:, None] * directions / np.sqrt(np.maximum(np.abs(values), FLATTEST))
    return Whitening(mode, factor, -float(found.fun))


def complete_data_errors(target: Target, problem: Problem) -> Array:
    """Give the standard errors that the coordinates would have if the labels were known.

    At least one row is counted for every component: an empty one is ruled by its prior. So is a mean whose prior is
    narrower than what the rows say of it, as in the narrower columns of a spherical family.

    Parameters
    ----------
    target : Target
        The coordinates, n of them.
    problem : Problem
        The rows and the mixture at which the errors are taken.

    Returns
    -------
    array of shape (n,)

    Examples
    --------
    >>> import numpy as np
    >>> from bayesgmm.covariance import Diagonal
    >>> from bayesgmm.data import as_data
    >>> from bayesgmm.inference.problem import Problem
    >>> from bayesgmm.inference.target import make_target
    >>> from bayesgmm.inference.whitening import complete_data_errors
    >>> from bayesgmm.mixture import Mixture
    >>> from bayesgmm.model.priors import Priors
    >>> data, start = as_data(np.arange(100.0)[:, None]), Mixture.from_sds([1.0], [[49.5]], [[29.0]])
    >>> priors = Priors().resolve(data, 1, Diagonal())
    >>> target = make_target(data, Diagonal(), 1, priors)
    >>> complete_data_errors(target, Problem(data, Diagonal(), priors, start)).round(3)
    array([0.1  , 0.071])
    """
    start, family, data = problem.start, problem.family, problem.data
    K, D = start.n_components, start.n_features
    counts = np.maximum(start.weights * data.total_weight, 1.0)  # (K,)
    root = np.sqrt(counts)
    shared = np.array([np.sqrt(data.total_weight)]) if family.is_shared else root  # (K,) or (1,)
    pairs = D * (D - 1) // 2 if family.has_correlations(D) else 0
    sds = family.compact_sds(np.ones((K, D)))
    means = start.sds / root[:, None] / target.settings.scale
    parts = [
        1.0 / root[: K - 1],
        means / np.sqrt(1.0 + (means * target.settings.means_prior[1]) ** 2),
        sds / (np.sqrt(2) * shared.reshape(-1, *(1,) * (sds.ndim - 1))),
        np.repeat(2.0 / shared, pairs),
    ]
    return np.concatenate([part.ravel() for part in parts])
