"""The posterior as approximations see it: a log density with its gradient, and the peak that they start from.

Where every prior is a named one this is the fused target, otherwise the compiled PyMC model; laplace, advi and
importance do not know which.
"""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import batched, chain

import numpy as np
from numpy.typing import NDArray

from bayesgmm import inference
from bayesgmm.inference.problem import Problem, SamplingSettings
from bayesgmm.inference.target import Target, make_target
from bayesgmm.inference.whitening import LogPosterior, Whitening, complete_data_errors, whiten_posterior

__all__ = ["Peak", "evaluate", "find_peak"]

Array = NDArray[np.float64]

THREADED_ROWS = 5000  # with fewer the threads wait for Python most of the time


@dataclass(frozen=True, eq=False)
class Peak:
    """A log posterior of n unconstrained coordinates, and where and how wide its peak is.

    Attributes
    ----------
    log_posterior : callable
        x of shape (n,) to the value in nats and the gradient (n,).
    unpack : callable
        Vectors of shape (..., n) to the model's variables by name, in the units of the data.
    whitening : Whitening
        Mode and curvature.
    target : Target or None
        The fused target; None where the log posterior is the compiled PyMC model.
    workers : int
        Threads that may evaluate it side by side; results do not depend on it.
    """

    log_posterior: LogPosterior
    unpack: Callable[[Array], dict[str, Array]]
    whitening: Whitening
    target: Target | None
    workers: int


def find_peak(problem: Problem, settings: SamplingSettings) -> Peak:
    """Find the mode of the posterior next to the labelled mixture, and its curvature there.

    Parameters
    ----------
    problem : Problem
    settings : SamplingSettings
        Of which only `cores` is read.

    Returns
    -------
    Peak

    Examples
    --------
    >>> import numpy as np
    >>> from bayesgmm.covariance import Diagonal
    >>> from bayesgmm.data import as_data
    >>> from bayesgmm.em.fit import fit_em
    >>> from bayesgmm.inference.peak import find_peak
    >>> from bayesgmm.inference.problem import Problem, SamplingSettings
    >>> from bayesgmm.model.priors import Priors
    >>> data, family = as_data(np.arange(50.0)[:, None]), Diagonal()
    >>> problem = Problem(data, family, Priors().resolve(data, 1, family), fit_em(data, 1, family).mixture)
    >>> peak = find_peak(problem, SamplingSettings(50, 2, None, None, 1, False))
    >>> peak.unpack(peak.whitening.mode)["means"].round(1)
    array([[24.5]])
    """
    is_large = len(problem.data.rows) >= THREADED_ROWS
    workers = (settings.cores or os.cpu_count() or 1) if is_large else 1
    if not problem.priors.is_named:
        compiled = inference.compiled.compile_model(problem)
        whitening = whiten_posterior(compiled.log_posterior, compiled.start, compiled.errors)
        return Peak(compiled.log_posterior, compiled.unpack, whitening, None, workers)
    target = make_target(problem.data, problem.family, problem.start.n_components, problem.priors)
    start = target.pack(problem.start)
    whitening = whiten_posterior(target.log_posterior, start, complete_data_errors(target, problem))
    return Peak(target.log_posterior, target.unpack, whitening, target, workers)


def evaluate(functions: Sequence[LogPosterior], x: Array, workers: int = 1) -> tuple[Array, Array]:
    """Evaluate a log posterior at each of M points.

    Parameters
    ----------
    functions : sequence of M callables
        The m-th one is asked for the m-th point.
    x : array of shape (M, n)
    workers : int, default 1
        Threads.

    Returns
    -------
    array of shape (M,)
        In nats.
    array of shape (M, n)
        The gradients.

    Examples
    --------
    >>> import numpy as np
    >>> from bayesgmm.inference.peak import evaluate
    >>> values, gradients = evaluate([lambda x: (float(x @ x), 2 * x)] * 2, np.eye(2))
    >>> values
    array([1., 1.])
    """
    calls = list(zip(functions, x, strict=True))
    if workers == 1:
        found = [function(point) for function, point in calls]
    else:
        shares = batched(calls, -(-len(calls) // workers))
        with ThreadPoolExecutor(workers) as pool:
            found = list(chain.from_iterable(pool.map(_evaluate_share, shares)))
    return np.array([value for value, _ in found]), np.array([gradient for _, gradient in found])


def _evaluate_share(calls: Sequence[tuple[LogPosterior, Array]]) -> list[tuple[float, Array]]:
    return [function(point) for function, point in calls]
