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
N K D and not N K D^2; compiled functions take either as (K, D, W), see `blocks`. `density` holds the same formulas in
plain NumPy.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bayesgmm.kernel.blocks import (
    BLOCK,
    as_input,
    as_parameters,
    load_block,
    log_constant,
    normalise_block,
    whiten_block,
)
from bayesgmm.kernel.compilation import jit, jit_inner

__all__ = ["Statistics", "expected_statistics", "gradient", "log_density", "pull", "responsibilities", "sweep"]

Array = NDArray[np.float64]

UNIT = np.ones(1)
NO_DENSITIES, NO_SHARES = np.empty(0), np.empty((0, 0))
NO_STATISTICS = np.empty(0), np.empty((0, 0)), np.empty((0, 0, 0))


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
    parameters = as_parameters(log_weights, means, scale)
    counts, first, second = np.empty(len(means)), np.empty(means.shape), np.empty(parameters[2].shape)
    inputs = (*as_input(x, UNIT if row_weights is None else row_weights), *parameters)
    log_likelihood = sweep(*inputs, NO_DENSITIES, NO_SHARES, counts, first, second)
    return Statistics(log_likelihood, counts, first, second.reshape(scale.shape))


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
    rows = np.empty(x.shape[0])
    sweep(*as_input(x, UNIT), *as_parameters(log_weights, means, scale), rows, NO_SHARES, *NO_STATISTICS)
    return rows


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
    rows, shares = np.empty(x.shape[0]), np.empty((x.shape[0], log_weights.shape[0]))
    sweep(*as_input(x, UNIT), *as_parameters(log_weights, means, scale), rows, shares, *NO_STATISTICS)
    return rows, shares


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
    _, counts, first, second = statistics
    wide = (*first.shape, -1)
    d_means, d_scale = np.empty(first.shape), np.zeros(scale.shape)
    pull(*as_input(counts, first, second.reshape(wide), scale.reshape(wide)), d_means, d_scale.reshape(wide))
    return d_means, d_scale


@jit_inner
def add_statistics(q, g, y, n, t, first, second):
    """Weigh a block's responsibilities q of one component by g, add its v and W, and return its count.

    A row of y meets four others at a time, so that it is read once for all of them.
    """
    count = 0.0
    for b in range(n):
        q[b] *= g[b]
        count += q[b]
    for i in range(y.shape[0]):
        left = min(i, second.shape[1] - 1)
        a, c = 0.0, 0.0
        for b in range(n):
            t[b] = q[b] * y[i, b]
            a += t[b]
            c += t[b] * y[i, b]
        first[i] += a
        second[i, left] += c
        for j in range(left % 4):
            a = 0.0
            for b in range(n):
                a += t[b] * y[j, b]
            second[i, j] += a
        for j in range(left % 4, left, 4):
            a0, a1, a2, a3 = 0.0, 0.0, 0.0, 0.0
            for b in range(n):
                a0 += t[b] * y[j, b]
                a1 += t[b] * y[j + 1, b]
                a2 += t[b] * y[j + 2, b]
                a3 += t[b] * y[j + 3, b]
            second[i, j] += a0
            second[i, j + 1] += a1
            second[i, j + 2] += a2
            second[i, j + 3] += a3
    return count


@jit
def sweep(x, row_weights, log_weights, means, scale, densities, shares, counts, first, second):
    """Return the log-likelihood; write log f, the responsibilities and the statistics, each where there is room for it.

    One row weight serves all rows.
    """
    N, D = x.shape
    K, n_kept = log_weights.shape[0], max(1, counts.shape[0])  # without statistics no y but the last is needed
    constants, rows, total, g, t = np.empty(K), np.empty(BLOCK), np.empty(BLOCK), np.empty(BLOCK), np.empty(BLOCK)
    z, y, q = np.empty((D, BLOCK)), np.empty((n_kept, D, BLOCK)), np.empty((K, BLOCK))
    for k in range(K):
        constants[k] = log_constant(log_weights[k], scale[k])
    for k in range(counts.shape[0]):
        counts[k] = 0.0
        for i in range(D):
            first[k, i] = 0.0
            for j in range(second.shape[2]):
                second[k, i, j] = 0.0
    log_likelihood, has_one_weight = 0.0, row_weights.shape[0] == 1
    for start in range(0, N, BLOCK):
        n = min(BLOCK, N - start)
        load_block(x, start, n, z)
        for k in range(K):
            whiten_block(z, n, constants[k], means[k], scale[k], y[k % n_kept], q[k])
        normalise_block(q, n, rows, total)
        for b in range(n):
            g[b] = row_weights[0 if has_one_weight else start + b]
            log_likelihood += g[b] * rows[b]
        if densities.shape[0] > 0:
            for b in range(n):
                densities[start + b] = rows[b]
        if shares.shape[0] > 0:
            for b in range(n):
                for k in range(K):
                    shares[start + b, k] = q[k, b]
        for k in range(counts.shape[0]):
            counts[k] += add_statistics(q[k], g, y[k], n, t, first[k], second[k])
    for k in range(counts.shape[0]):
        for i in range(second.shape[2]):
            for j in range(i):
                second[k, j, i] = second[k, i, j]
    return log_likelihood


@jit
def pull(counts, first, second, scale, d_means, d_scale):
    """Write L^-T v and tril(L^-T W) - N diag(1 / L_ii) by back substitution, nothing above the diagonal."""
    K, D, W = scale.shape
    for k in range(K):
        L = scale[k]
        for i in range(D - 1, -1, -1):
            left, below = min(i, W - 1), D if W > 1 else 0
            inverse = 1.0 / L[i, left]
            a = first[k, i]
            for m in range(i + 1, below):
                a -= L[m, i] * d_means[k, m]
            d_means[k, i] = a * inverse
            # Row i of L^-T W needs the rows below it, of which the lower triangle has the columns up to i already.
            for j in range(left + 1):
                a = second[k, i, j]
                for m in range(i + 1, below):
                    a -= L[m, i] * d_scale[k, m, j]
                d_scale[k, i, j] = a * inverse
            d_scale[k, i, left] -= counts[k] * inverse
