r"""The evidence lower bound and its maximum, by a deterministic search.

Of the approximations q = N(mu, F F') of the unconstrained vector x, of n coordinates, the nearest to the posterior has
the highest

    ELBO(q) = E_q log p(x) + log |F| + n/2 log(2 pi e)   <=   log evidence.

Instead of fresh draws in every step, as stochastic gradients take them, M standard normal draws z_m are fixed at the
outset [1]_:

    1/M sum_m log p(mu + F z_m)   stands for   E_q log p(x),

a smooth function that L-BFGS takes to its maximum in a few dozen steps, with a stopping rule and the same result every
time. The draws come in pairs z, -z and have exactly the covariance I, so that a normal posterior is found exactly. They
must see F from all sides: with full rank and fewer draws than coordinates F grows without bound where none looks.

References
----------
.. [1] Giordano, R., Ingram, M. and Broderick, T. (2024). Black box variational inference with a deterministic
   objective: faster, more accurate, and even more black box. JMLR 25(18). https://jmlr.org/papers/v25/23-1015.html
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh, solve_triangular
from scipy.optimize import OptimizeResult, minimize

from bayesgmm.inference.families import Approximation
from bayesgmm.inference.gaussian import Gaussian
from bayesgmm.inference.peak import evaluate
from bayesgmm.inference.whitening import LogPosterior

__all__ = ["Search", "fixed_draws", "linear_response", "maximise_elbo"]

Array = NDArray[np.float64]

STOPPING = {"ftol": 1e-10, "gtol": 1e-3, "maxcor": 20}  # the gradient in nats per posterior sd
LARGEST_GRADIENT = 0.05  # at which a search that L-BFGS gave up has arrived all the same
HALVINGS = 20
RESPONSE_STEP = 1e-3  # posterior sds
FLATTEST = 1e-3  # least curvature of the response, as in whitening


@dataclass(frozen=True, eq=False)
class Search:
    """Where a search for the highest ELBO ended.

    Attributes
    ----------
    parameters : array
        Of the approximation.
    elbo : array of shape (T,)
        In nats, at the start and after every step; it never falls.
    n_gradients : int
        Gradients of the log posterior that it took.
    converged : bool
    """

    parameters: Array
    elbo: Array
    n_gradients: int
    converged: bool


def fixed_draws(n_draws: int, n_dim: int, rng: np.random.Generator) -> Array:
    """Give standard normal draws in pairs z, -z whose covariance is the identity exactly.

    Parameters
    ----------
    n_draws : int
        M, even and at least 2 n.
    n_dim : int
        n.
    rng : numpy.random.Generator

    Returns
    -------
    array of shape (M, n)

    Examples
    --------
    >>> import numpy as np
    >>> from bayesgmm.inference.elbo import fixed_draws
    >>> z = fixed_draws(8, 2, np.random.default_rng(1))
    >>> bool(np.allclose(z.T @ z / 8, np.eye(2)) and np.allclose(z.sum(0), 0.0))
    True
    """
    half = rng.standard_normal((n_draws // 2, n_dim))
    root = np.linalg.cholesky(half.T @ half / len(half))
    half = solve_triangular(root, half.T, lower=True).T
    return np.concatenate([half, -half])


def maximise_elbo(
    functions: Sequence[LogPosterior], approximation: Approximation, z: Array, *, max_iter: int = 1000, workers: int = 1
) -> Search:
    """Maximise the ELBO over a family of normal distributions, with the draws z fixed, by L-BFGS.

    Parameters
    ----------
    functions : sequence of M callables
        The log posterior, with its gradient, that each draw sees: the same for all, or minibatches of it.
    approximation : Approximation
        The family; its parameters begin at zero, at half the widths as often as is needed for finite values.
    z : array of shape (M, n)
        Of `fixed_draws`.
    max_iter : int, default 1000
        Steps.
    workers : int, default 1
        Threads.

    Returns
    -------
    Search

    Examples
    --------
    >>> import numpy as np
    >>> from bayesgmm.inference.elbo import fixed_draws, maximise_elbo
    >>> from bayesgmm.inference.families import FullRank
    >>> from bayesgmm.inference.whitening import Whitening
    >>> z = fixed_draws(8, 1, np.random.default_rng(1))
    >>> family = FullRank(Whitening(np.ones(1), np.ones((1, 1)), 0.0))  # at 1 with sd 1, of a posterior N(0, 0.5^2)
    >>> found = maximise_elbo([lambda x: (-2.0 * float(x @ x), -4.0 * x)] * 8, family, z)
    >>> gaussian = family.gaussian(found.parameters)
    >>> gaussian.mean.round(3) + 0.0, gaussian.factor.round(3)
    (array([0.]), array([[0.5]]))
    """
    constant = 0.5 * z.shape[1] * math.log(2.0 * math.pi * math.e)
    counted = 0

    def elbo(parameters: Array) -> tuple[float, Array]:
        nonlocal counted
        counted += len(z)
        values, gradients = evaluate(functions, approximation.place(parameters, z), workers)
        slope = approximation.pull_back(parameters, z, gradients)
        return float(values.mean()) + approximation.log_volume(parameters) + constant, slope

    begin, top, rise = _finite_start(elbo, approximation)
    wall = abs(top) + 1.0  # above all that L-BFGS accepts; at infinity it stops and calls that convergence

    def descend(parameters: Array) -> tuple[float, Array]:
        value, slope = (top, rise) if np.array_equal(parameters, begin) else elbo(parameters)
        if not (np.isfinite(value) and np.isfinite(slope).all()):
            return wall, np.zeros_like(parameters)
        return top - value, -slope

    history = [top]

    def note(intermediate_result: OptimizeResult) -> None:
        history.append(top - float(intermediate_result.fun))

    options = {**STOPPING, "maxiter": max_iter, "maxfun": 20 * max_iter}
    found = minimize(descend, begin, jac=True, method="L-BFGS-B", options=options, callback=note)
    converged = bool(found.success) or np.abs(found.jac).max() < LARGEST_GRADIENT
    return Search(found.x, np.array(history), counted, converged)


def _finite_start(
    elbo: Callable[[Array], tuple[float, Array]], approximation: Approximation
) -> tuple[Array, float, Array]:
    """Give parameters with a finite ELBO, its value and its gradient there."""
    parameters = np.zeros(approximation.n_parameters)
    for _ in range(HALVINGS):
        value, slope = elbo(parameters)
        if np.isfinite(value) and np.isfinite(slope).all():
            break
        parameters = approximation.shrink(parameters)
    return parameters, value, slope


def linear_response(
    functions: Sequence[LogPosterior], approximation: Approximation, parameters: Array, z: Array, workers: int = 1
) -> Gaussian:
    """Correct the variances of a mean-field approximation by the linear response of its mean.

    Tilting log p by t'x moves the best mu, and d mu / dt at t = 0 estimates the posterior covariance of x: the block
    of the inverse Hessian of -ELBO that belongs to mu (Giordano, Ingram and Broderick 2024, section 3.3).

    Parameters
    ----------
    functions, z, workers : sequence of callables, array of shape (M, n), int
        As for `maximise_elbo`.
    approximation : Approximation
        Mean-field; with full rank the Hessian is n^2 wide.
    parameters : array
        At the highest ELBO.

    Returns
    -------
    Gaussian
        The same mean, with correlations, and exact where the posterior is normal.
    """
    n = z.shape[1]

    def slope(at: Array) -> Array:
        gradients = evaluate(functions, approximation.place(at, z), workers)[1]
        return approximation.pull_back(at, z, gradients)

    steps = RESPONSE_STEP * np.eye(parameters.size)
    hessian = np.array([slope(parameters - step) - slope(parameters + step) for step in steps]) / (2 * RESPONSE_STEP)
    hessian = 0.5 * (hessian + hessian.T)
    means, cross, widths = hessian[:n, :n], hessian[:n, n:], hessian[n:, n:]
    values, directions = eigh(means - cross @ np.linalg.solve(widths, cross.T))
    factor = approximation.whitening.factor @ directions / np.sqrt(np.maximum(values, FLATTEST))
    return Gaussian(approximation.gaussian(parameters).mean, factor)
