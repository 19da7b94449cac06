"""EM's two steps and their repetition (Dempster, Laird and Rubin 1977, doi:10.1111/j.2517-6161.1977.tb01600.x).

E-step: the whitened expected statistics N_k, v_k, W_k of `kernel.rows`, one compiled pass over the rows.
M-step: w_k = N_k / N,  m_k <- m_k + L_k v_k / N_k,  Sigma_k by the covariance family's `maximise`.

Whitened statistics lose digits where a component jumps many of its own sds in one step, as it may in the first one
from a poor start; such a step is taken from the rows themselves.
"""

from collections.abc import Iterator
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from bayesgmm.covariance import TINY_COUNT, CovarianceFamily
from bayesgmm.kernel import rows as kernel
from bayesgmm.mixture import Mixture

__all__ = ["Monitor", "Rows", "Run", "State", "as_mixture", "as_state", "iterate", "maximise_rows"]

Array = NDArray[np.float64]

BLOCK = 1 << 16  # rows whose differences from a mean are held at once
FAR = 1e3  # sds; a jump of them costs six of sixteen digits of a variance


class Rows(NamedTuple):
    """What EM reads.

    Attributes
    ----------
    x : array of shape (M, D)
        In the units of x, feature by feature (Fortran order): the compiled passes read it so.
    weights : array of shape (M,) or None
        g_n; None where all are one.
    total : float
        G, their sum.
    ridge : array of shape (D,)
        Added to the variances in every M-step, in units of x squared.
    """

    x: Array
    weights: Array | None
    total: float
    ridge: Array


class State(NamedTuple):
    """The parameters as the compiled passes read them.

    Attributes
    ----------
    log_weights : array of shape (K,)
        log w_k.
    means : array of shape (K, D)
        m_k, in the units of x.
    scale : array of shape (K, D, D), or (K, D) for a diagonal family
        Cholesky factors or sds, in the units of x.
    """

    log_weights: Array
    means: Array
    scale: Array


class Run(NamedTuple):
    """Where a run of EM came to.

    Attributes
    ----------
    state : State
        The last parameters at which everything was finite.
    path : tuple of float
        Mean log-likelihood per row before each M-step.
    has_converged : bool
        Whether it changed by less than the tolerance at the end.
    is_singular : bool
        Whether the run ended because a covariance was not positive definite.
    """

    state: State
    path: tuple[float, ...]
    has_converged: bool
    is_singular: bool


class Monitor(Protocol):
    """Who wants to hear how EM goes on; scikit-learn's `verbose`.

    Attributes
    ----------
    begin, step, end : methods
        Are called when a start begins, after an iteration, and when a start has ended.
    """

    def begin(self, start: int) -> None:
        """Hear that a start begins."""

    def step(self, n_iter: int, change: float) -> None:
        """Hear of an iteration and the change of the mean log-likelihood."""

    def end(self, lower_bound: float, has_converged: bool) -> None:
        """Hear that a start has ended."""


def as_state(mixture: Mixture, family: CovarianceFamily) -> State:
    """Read a mixture as a member of the family.

    Parameters
    ----------
    mixture : Mixture
        Without batch axes.
    family : CovarianceFamily
        Covariances of another family are projected on it.

    Returns
    -------
    State
        Copies.
    """
    scale = mixture.sds if family.is_diagonal else mixture.scale_tril.copy()
    covariances = scale**2 if family.is_diagonal else mixture.covariances
    pooled = family.pool(mixture.weights, covariances)
    if not np.allclose(pooled, covariances, rtol=1e-12, atol=0.0):
        scale = family.root(pooled)
    return State(mixture.log_weights.copy(), mixture.means.copy(), np.ascontiguousarray(scale))


def as_mixture(state: State, family: CovarianceFamily) -> Mixture:
    """Give the mixture that a state stands for.

    Parameters
    ----------
    state : State
    family : CovarianceFamily
        Whose scale it holds.

    Returns
    -------
    Mixture
    """
    return Mixture(np.exp(state.log_weights), state.means, family.scale_tril(state.scale))


def iterate(
    rows: Rows,
    family: CovarianceFamily,
    state: State,
    *,
    tol: float,
    max_iter: int,
    previous: float = -np.inf,
    monitor: Monitor | None = None,
) -> Run:
    """Repeat E-step and M-step until the mean log-likelihood per row changes by less than `tol`.

    Parameters
    ----------
    rows : Rows
    family : CovarianceFamily
    state : State
        Where to begin.
    tol, max_iter : float, int
        When to stop: the criterion is scikit-learn's.
    previous : float
        The mean log-likelihood before the first iteration, where a run is taken up again.
    monitor : Monitor or None
        Is told of every iteration.

    Returns
    -------
    Run
    """
    path: list[float] = []
    for n_iter in range(1, max_iter + 1):
        with np.errstate(all="ignore"):  # what overflows is found out below
            statistics = kernel.expected_statistics(rows.x, rows.weights, *state)
            lower_bound = statistics.log_likelihood / rows.total
            try:
                following = _maximise(rows, family, state, statistics)
            except np.linalg.LinAlgError:
                return Run(state, tuple(path), False, True)
        change, previous = lower_bound - previous, lower_bound
        state = following
        path.append(lower_bound)
        if monitor is not None:
            monitor.step(n_iter, change)
        if abs(change) < tol:
            return Run(state, tuple(path), True, False)
    return Run(state, tuple(path), False, False)


def maximise_rows(rows: Rows, shares: Array, family: CovarianceFamily, prior_rows: float = 0.0) -> State:
    """Take an M-step from the rows and their responsibilities, in two passes over blocks of rows.

    Parameters
    ----------
    rows : Rows
    shares : array of shape (M, K)
        r_nk.
    family : CovarianceFamily
    prior_rows : float
        Rows by which each covariance is shrunk to the mean of all, sum_k N_k S_k / sum_k N_k, so that a small
        component of a rough start is not born collapsed; 0 for EM itself.

    Returns
    -------
    State

    Raises
    ------
    numpy.linalg.LinAlgError
        If a covariance is not positive definite.
    """
    counts = np.sum([g.sum(0) for _, g in _blocks(rows, shares)], axis=0) + TINY_COUNT
    means = np.sum([g.T @ x for x, g in _blocks(rows, shares)], axis=0) / counts[:, None]
    spread = _variances if family.is_diagonal else _covariances
    parts = [[spread(x - m, column) for m, column in zip(means, g.T, strict=True)] for x, g in _blocks(rows, shares)]
    covariances = np.sum(parts, axis=0)
    n = counts.reshape(-1, *[1] * (covariances.ndim - 1))
    covariances /= n
    if prior_rows:
        pooled = (n * covariances).sum(0) / n.sum()
        covariances = (n * covariances + prior_rows * pooled) / (n + prior_rows)
    ridge = rows.ridge if family.is_diagonal else np.diag(rows.ridge)
    scale = family.root(family.pool(counts, covariances + ridge))
    if not all(np.isfinite(a).all() for a in (counts, means, scale)):
        raise np.linalg.LinAlgError("moments must be finite")
    return State(np.log(counts / counts.sum()), means, scale)


def _maximise(rows: Rows, family: CovarianceFamily, state: State, statistics: kernel.Statistics) -> State:
    """M-step: from the statistics where they hold all digits, else from the rows."""
    if not np.isfinite(statistics.log_likelihood):
        raise np.linalg.LinAlgError("the log-likelihood must be finite")
    n = statistics.counts + TINY_COUNT  # (K,)
    centre = statistics.first / n[:, None]  # (K, D)
    if np.abs(centre).max() < FAR:
        try:
            scale = family.maximise(state.scale, *statistics[1:], rows.ridge)
        except np.linalg.LinAlgError:
            pass
        else:
            return State(np.log(n / n.sum()), state.means + family.transform(state.scale, centre), scale)
    return maximise_rows(rows, kernel.responsibilities(rows.x, *state)[1], family)


def _blocks(rows: Rows, shares: Array) -> Iterator[tuple[Array, Array]]:
    """Give blocks of rows (B, D), and what each of them counts for each component (B, K)."""
    for start in range(0, len(rows.x), BLOCK):
        block = slice(start, start + BLOCK)
        yield rows.x[block], shares[block] if rows.weights is None else rows.weights[block, None] * shares[block]


def _variances(difference: Array, weights: Array) -> Array:
    return weights @ difference**2


def _covariances(difference: Array, weights: Array) -> Array:
    return (weights[:, None] * difference).T @ difference
