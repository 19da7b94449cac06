"""One compiled pass over the rows of one mixture.

For rows x_n with weights g_n and components (w_k, m_k, L_k):

    log f(x_n) = log sum_k w_k N(x_n | m_k, L_k L_k'),   r_nk = responsibility,   y_nk = L_k^-1 (x_n - m_k),
    N_k = sum_n g_n r_nk,   v_k = sum_n g_n r_nk y_nk,   W_k = sum_n g_n r_nk y_nk y_nk'.

These are EM's E-step and, by Fisher's identity (d log f = E[d log joint | x]), the exact gradient of
sum_n g_n log f(x_n):

    d/d log w_k = N_k,   d/d m_k = L_k^-T v_k,   d/d L_k = tril(L_k^-T W_k) - N_k diag(1 / L_ii).

They are whitened because raw cross-products lose digits, and m_k is subtracted before anything is multiplied, so data
far from the origin lose none. Rows are read in blocks (`blocks`), so that nothing of size N is kept. NaN in a parameter
makes every row's log density NaN, NaN in a row its own.

The scale is ``scale_tril`` (K, D, D), or its diagonal (K, D) for the families without correlations, whose pass costs
N K D and not N K D^2. `density` holds the same formulas in plain NumPy.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bayesgmm.kernel.blocks import BLOCK, as_input, load_block, log_constant, normalise_block, whiten_block
from bayesgmm.kernel.compilation import jit

__all__ = [
    "Statistics",
    "expected_statistics",
    "gradient",
    "gradient_dense",
    "gradient_diagonal",
    "log_density",
    "responsibilities",
    "sweep",
]

Array = NDArray[np.float64]

UNIT = np.ones(1)
NO_ROWS, NO_SHARES = np.empty(0), np.empty((0, 0))


class Statistics(NamedTuple):
    """The expected sufficient statistics of one mixture.

    Attributes
    ----------
    log_likelihood : float
        sum_n g_n log f(x_n).
    counts : array of shape (K,)
        N_k.
    first : array of shape (K, D)
        v_k, without unit.
    second : array of the shape of the scale
        W_k, or its diagonal.
    """

    log_likelihood: float
    counts: Array
    first: Array
    second: Array


def expected_statistics(
    x: Array, row_weights: Array | None, log_weights: Array, means: Array, scale: Array
) -> Statistics:
    """Take the expected statistics of all rows; nothing of size N is kept.

    Parameters
    ----------
    x : array of shape (N, D)
    row_weights : array of shape (N,) or (1,), or None
        g_n, or one number for every row; None means one.
    log_weights : array of shape (K,)
        log w_k; minus infinity for a component that takes no part.
    means : array of shape (K, D)
        In the units of `x`.
    scale : array of shape (K, D, D) or (K, D)
        Cholesky factors, or standard deviations for a diagonal family, in the units of `x`.

    Returns
    -------
    Statistics

    Examples
    --------
    >>> import numpy as np
    >>> from bayesgmm.kernel.rows import expected_statistics
    >>> x = np.array([[0.0], [2.0]])
    >>> expected_statistics(x, None, np.zeros(1), np.ones((1, 1)), np.ones((1, 1))).counts
    array([2.])
    """
    K, D = means.shape
    counts, first, second = np.empty(K), np.empty((K, D)), np.empty(scale.shape)
    weights = UNIT if row_weights is None else row_weights
    inputs = as_input(x, weights, log_weights, means, scale)
    return Statistics(sweep(*inputs, NO_ROWS, NO_SHARES, counts, first, second), counts, first, second)


def log_density(x: Array, log_weights: Array, means: Array, scale: Array) -> Array:
    """Give log f(x_n).

    Parameters
    ----------
    x, log_weights, means, scale : arrays
        As `expected_statistics` takes them.

    Returns
    -------
    array of shape (N,)
        Natural logarithm of a density per unit of `x` to the power D.

    Examples
    --------
    >>> import numpy as np
    >>> from bayesgmm.kernel.rows import log_density
    >>> log_density(np.zeros((1, 1)), np.zeros(1), np.zeros((1, 1)), np.ones((1, 1))).round(4)
    array([-0.9189])
    """
    densities = np.empty(x.shape[0])
    _sweep_rows(x, log_weights, means, scale, densities, NO_SHARES)
    return densities


def responsibilities(x: Array, log_weights: Array, means: Array, scale: Array) -> tuple[Array, Array]:
    """Give log f(x_n) and the responsibilities r_nk.

    Parameters
    ----------
    x, log_weights, means, scale : arrays
        As `expected_statistics` takes them.

    Returns
    -------
    log_density : array of shape (N,)
    responsibilities : array of shape (N, K)
        Each row sums to one.

    Examples
    --------
    >>> import numpy as np
    >>> from bayesgmm.kernel.rows import responsibilities
    >>> responsibilities(np.zeros((1, 1)), np.log([0.25, 0.75]), np.zeros((2, 1)), np.ones((2, 1)))[1].round(12)
    array([[0.25, 0.75]])
    """
    densities, shares = np.empty(x.shape[0]), np.empty((x.shape[0], log_weights.shape[0]))
    _sweep_rows(x, log_weights, means, scale, densities, shares)
    return densities, shares


def gradient(statistics: Statistics, scale: Array) -> tuple[Array, Array]:
    """Give the gradient of the log-likelihood in the means and the scale.

    In log w, taken as free, it is ``statistics.counts``. For a diagonal family d/d s_ki = (W_kii - N_k) / s_ki.

    Parameters
    ----------
    statistics : Statistics
    scale : array of shape (K, D, D) or (K, D)
        The scale at which they were taken.

    Returns
    -------
    d_means : array of shape (K, D)
        Per unit of x.
    d_scale : array of the shape of `scale`
        Per unit of x; zero above the diagonal.

    Examples
    --------
    >>> import numpy as np
    >>> from bayesgmm.kernel.rows import expected_statistics, gradient
    >>> sds = np.ones((1, 1))
    >>> gradient(expected_statistics(np.array([[2.0]]), None, np.zeros(1), np.zeros((1, 1)), sds), sds)
    (array([[2.]]), array([[3.]]))
    """
    pull = gradient_diagonal if scale.ndim == 2 else gradient_dense
    d_means, d_scale = np.empty(statistics.first.shape), np.zeros(scale.shape)
    pull(*as_input(statistics.counts, statistics.first, statistics.second, scale), d_means, d_scale)
    return d_means, d_scale


def _sweep_rows(x: Array, log_weights: Array, means: Array, scale: Array, densities: Array, shares: Array) -> None:
    """Sweep without taking statistics."""
    inputs = as_input(x, UNIT, log_weights, means, scale)
    sweep(*inputs, densities, shares, NO_ROWS, NO_SHARES, np.empty((0,) * scale.ndim))


@jit
def weigh_block(q, n, row_weights, start, rows):
    """Multiply responsibilities by the rows' weights; return the weighted sum of rows. One weight serves all rows."""
    log_likelihood = 0.0
    if row_weights.shape[0] == 1:
        g = row_weights[0]
        for b in range(n):
            log_likelihood += g * rows[b]
        if g != 1.0:
            for k in range(q.shape[0]):
                for b in range(n):
                    q[k, b] *= g
    else:
        for b in range(n):
            log_likelihood += row_weights[start + b] * rows[b]
        for k in range(q.shape[0]):
            for b in range(n):
                q[k, b] *= row_weights[start + b]
    return log_likelihood


@jit
def add_moments(q, y, t, n, k, counts, first, second):
    """Add a block's sums of r, r y and r y y' (lower triangle), or r y^2 where the scale is diagonal.

    A row of y meets four others at a time, so that it is read once for all of them.
    """
    a = 0.0
    for b in range(n):
        a += q[b]
    counts[k] += a
    for i in range(y.shape[0]):
        yi = y[i]
        a = 0.0
        for b in range(n):
            t[b] = q[b] * yi[b]
            a += t[b]
        first[k, i] += a
        if second.ndim == 2:
            a = 0.0
            for b in range(n):
                a += t[b] * yi[b]
            second[k, i] += a
        else:
            for j in range((i + 1) % 4):
                yj = y[j]
                a = 0.0
                for b in range(n):
                    a += t[b] * yj[b]
                second[k, i, j] += a
            for j in range((i + 1) % 4, i + 1, 4):
                y0, y1, y2, y3 = y[j], y[j + 1], y[j + 2], y[j + 3]
                a0, a1, a2, a3 = 0.0, 0.0, 0.0, 0.0
                for b in range(n):
                    a0 += t[b] * y0[b]
                    a1 += t[b] * y1[b]
                    a2 += t[b] * y2[b]
                    a3 += t[b] * y3[b]
                second[k, i, j] += a0
                second[k, i, j + 1] += a1
                second[k, i, j + 2] += a2
                second[k, i, j + 3] += a3


@jit
def sweep(x, row_weights, log_weights, means, scale, densities, shares, counts, first, second):
    """Write what has room: log f (N,), responsibilities (N, K), and N_k, v_k, W_k; return the log-likelihood.

    An array of length zero has no room. `scale` and `second` have the same shape.
    """
    N, D = x.shape
    K = log_weights.shape[0]
    constants = np.empty(K)
    for k in range(K):
        constants[k] = log_constant(log_weights[k], scale[k])
    counts[:] = 0.0
    first[:] = 0.0
    second[:] = 0.0
    z, y, q = np.empty((D, BLOCK)), np.empty((K, D, BLOCK)), np.empty((K, BLOCK))
    rows, t = np.empty(BLOCK), np.empty(BLOCK)
    log_likelihood = 0.0
    for start in range(0, N, BLOCK):
        n = min(BLOCK, N - start)
        load_block(x, start, n, z)
        for k in range(K):
            whiten_block(z, n, constants[k], means[k], scale[k], y[k], q[k])
        normalise_block(q, n, rows, t)
        for b in range(min(n, densities.shape[0])):
            densities[start + b] = rows[b]
        if shares.shape[0] > 0:
            for k in range(K):
                for b in range(n):
                    shares[start + b, k] = q[k, b]
        if counts.shape[0] > 0:
            log_likelihood += weigh_block(q, n, row_weights, start, rows)
            for k in range(K):
                add_moments(q[k], y[k], t, n, k, counts, first, second)
    if second.ndim == 3:
        for k in range(counts.shape[0]):
            for i in range(D):
                for j in range(i):
                    second[k, j, i] = second[k, i, j]
    return log_likelihood


@jit
def gradient_dense(counts, first, second, factors, d_means, d_factors):
    """Write L^-T v and tril(L^-T W) - N diag(1 / L_ii) by back substitution."""
    K, D = d_means.shape
    for k in range(K):
        L = factors[k]
        for i in range(D - 1, -1, -1):
            inverse = 1.0 / L[i, i]
            a = first[k, i]
            for m in range(i + 1, D):
                a -= L[m, i] * d_means[k, m]
            d_means[k, i] = a * inverse
        for j in range(D):
            # The whole column is needed below the diagonal only: rows m > i of it feed row i.
            for i in range(D - 1, j - 1, -1):
                a = second[k, i, j]
                for m in range(i + 1, D):
                    a -= L[m, i] * d_factors[k, m, j]
                d_factors[k, i, j] = a / L[i, i]
            d_factors[k, j, j] -= counts[k] / L[j, j]


@jit
def gradient_diagonal(counts, first, second, sds, d_means, d_sds):
    """Write v / s and (W - N) / s."""
    K, D = d_means.shape
    for k in range(K):
        for i in range(D):
            d_means[k, i] = first[k, i] / sds[k, i]
            d_sds[k, i] = (second[k, i] - counts[k]) / sds[k, i]
