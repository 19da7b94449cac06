"""One compiled pass over the rows of one mixture.

For rows x_n with weights g_n and components (w_k, m_k, L_k):

    log f(x_n) = log sum_k w_k N(x_n | m_k, L_k L_k'),   r_nk = responsibility,   y_nk = L_k^-1 (x_n - m_k),
    N_k = sum_n g_n r_nk,   v_k = sum_n g_n r_nk y_nk,   W_k = sum_n g_n r_nk y_nk y_nk'.

These are EM's E-step and, by Fisher's identity (d log f = E[d log joint | x]), the exact gradient of
sum_n g_n log f(x_n):

    d/d log w_k = N_k,   d/d m_k = L_k^-T v_k,   d/d L_k = tril(L_k^-T W_k) - N_k diag(1 / L_ii).

They are whitened because raw cross-products lose digits, and m_k is subtracted before anything is multiplied, so data
far from the origin lose none. Rows are read in blocks (`blocks`), so that nothing of size N is kept, and by several
threads where there are many (`pieces`). NaN in a parameter makes every row's log density NaN, NaN in a row its own.

Compiled functions read x feature by feature, (D, N): an array in Fortran order is taken as it is, any other is copied.

The scale is ``scale_tril`` (K, D, D), or its diagonal (K, D) for the families without correlations, whose pass costs
N K D and not N K D^2; compiled functions take either as (K, D, W), see `blocks`. `density` holds the same formulas in
plain NumPy.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import carray, types
from numpy.typing import NDArray

from bayesgmm.kernel.blocks import (
    BLOCK,
    as_input,
    as_parameters,
    as_read_only,
    exponentiate_block,
    make_room,
    open_block,
    prepare,
    weigh_block,
    whiten_block,
)
from bayesgmm.kernel.compilation import call_at, callback, jit, jit_inner
from bayesgmm.kernel.draws import evaluate_draws
from bayesgmm.kernel.pieces import in_pieces
from bayesgmm.kernel.tiles import LANES, TILE, add_rectangle, add_squares, add_triangle

__all__ = [
    "Statistics",
    "expected_statistics",
    "gradient",
    "log_density",
    "pull",
    "responsibilities",
    "run_pull",
    "run_sweep",
    "sweep",
    "sweep_callback",
]

Array = NDArray[np.float64]

UNIT = np.ones(1)


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
    inputs = (*as_input(x.T, UNIT if row_weights is None else row_weights), *as_parameters(log_weights, means, scale))
    K, D, W = inputs[-1].shape
    address = sweep_callback().address

    def take(begin: int, end: int) -> tuple[float, Array, Array, Array]:
        counts, first, second = np.empty(K), np.empty((K, D)), np.empty((K, D, W))
        return run_sweep(address, begin, end, *inputs, counts, first, second), counts, first, second

    first_piece, *others = in_pieces(take, x.shape[0])
    log_likelihood, counts, first, second = first_piece
    for other in others:
        log_likelihood += other[0]
        counts, first, second = counts + other[1], first + other[2], second + other[3]
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
    return _evaluate(x, log_weights, means, scale, n_shares=0)[0]


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
    return _evaluate(x, log_weights, means, scale, n_shares=1)


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
    run_pull(*as_input(counts, first, second.reshape(wide), scale.reshape(wide)), d_means, d_scale.reshape(wide))
    return d_means, d_scale


def _evaluate(x: Array, log_weights: Array, means: Array, scale: Array, n_shares: int) -> tuple[Array, Array]:
    """Evaluate one mixture as the only draw of a posterior."""
    N, K = x.shape[0], log_weights.shape[0]
    inputs = (*as_input(x.T), *as_parameters(log_weights, means, scale))
    densities, shares, joints = np.empty((1, N)), np.empty((n_shares, N, K)), np.empty((0, N, K))
    in_pieces(lambda begin, end: evaluate_draws(begin, end, K, *inputs, densities, shares, joints), N)
    return densities[0], shares.reshape(-1, K)


@jit_inner
def add_statistics(q, y, n, k, first, second):
    """Add a block's v and W of component k, lane by lane."""
    D = y.shape[1]
    if second.shape[2] < D:
        for i in range(0, D, TILE):
            add_squares(min(TILE, D - i), q, y, n, k, i, first, second)
    else:
        for i in range(0, D, TILE):
            for j in range(0, i, TILE):
                add_rectangle(min(TILE, D - i), q, y, n, k, i, j, second)
            add_triangle(min(TILE, D - i), q, y, n, k, i, first, second)


@jit_inner
def collect(lanes, total):
    """Sum lanes (K, D, W, LANES) into symmetric totals (K, D, W); what lies right of the diagonal is not read."""
    K, D, W = total.shape
    for k in range(K):
        for i in range(D):
            for j in range(min(i, W - 1) + 1):
                a = 0.0
                for b in range(LANES):
                    a += lanes[k, i, j, b]
                total[k, i, j] = a
                if W > 1:
                    total[k, j, i] = a


@jit_inner
def sweep(begin, end, x, row_weights, log_weights, means, scale, densities, counts, first, second):
    """Return the log-likelihood of the rows from begin to end; write their statistics, and log f where there is room.

    One row weight serves all rows.
    """
    D, (K, _, W) = x.shape[0], scale.shape
    constants, inverse = np.empty(K), np.empty((K, D))
    rows, total, factor = make_room((BLOCK,)), make_room((BLOCK,)), make_room((BLOCK,))
    z, q = make_room((D, BLOCK)), make_room((K, BLOCK))
    y = make_room((K, D, BLOCK))
    first_lanes = make_room((K, D, 1, LANES))
    second_lanes = make_room((K, D, W, LANES))
    first_lanes[:], second_lanes[:], counts[:] = 0.0, 0.0, 0.0
    prepare(log_weights, scale, constants, inverse)
    log_likelihood, has_one_weight = 0.0, row_weights.shape[0] == 1
    for start in range(begin, end, BLOCK):
        n = min(BLOCK, end - start)
        source, at, n_padded = open_block(x, start, n, z)
        for k in range(K):
            whiten_block(source, at, n_padded, k, constants, means, scale, inverse, y, k, q)
        exponentiate_block(q, n_padded, rows, total)
        for b in range(n):
            g = row_weights[0 if has_one_weight else start + b]
            log_likelihood += g * rows[b]
            factor[b] = g / total[b]
        for b in range(n, n_padded):
            factor[b] = 0.0
        weigh_block(q, n_padded, factor)
        if densities.shape[0] > 0:
            for b in range(n):
                densities[start + b] = rows[b]
        for k in range(K):
            count = 0.0
            for b in range(n):
                count += q[k, b]
            counts[k] += count
            add_statistics(q, y, n_padded, k, first_lanes, second_lanes)
    collect(first_lanes, first.reshape((K, D, 1)))
    collect(second_lanes, second)
    return log_likelihood


SIZE, DOUBLES = types.int64, types.CPointer(types.double)
SWEEP = types.double(*[SIZE] * 7, *[DOUBLES] * 8)


@callback(SWEEP)
def _sweep(begin, end, N, D, K, W, n_weights, x, row_weights, log_weights, means, scale, counts, first, second):
    return sweep(
        begin,
        end,
        as_read_only(carray(x, (D, N))),
        as_read_only(carray(row_weights, (n_weights,))),
        as_read_only(carray(log_weights, (K,))),
        as_read_only(carray(means, (K, D))),
        as_read_only(carray(scale, (K, D, W))),
        np.empty(0),
        carray(counts, (K,)),
        carray(first, (K, D)),
        carray(second, (K, D, W)),
    )


@jit_inner
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


def sweep_callback() -> Any:
    """Give the C function that is `sweep` without densities: one machine code for EM and the log posterior.

    Its arguments are begin, end, N, D, K, W and the number of row weights, then the addresses of x (D, N), row weights,
    log weights, means, scale, and of the results: counts, first and second.

    Returns
    -------
    numba.core.ccallback.CFunc
        With attributes ``address`` and ``ctypes``; compiled, or read from the disk, when first asked for.
    """
    return _sweep()


@jit
def run_sweep(address, begin, end, x, row_weights, log_weights, means, scale, counts, first, second):
    """Call `sweep_callback` by its address."""
    (D, N), (K, _, W) = x.shape, scale.shape
    sizes = (begin, end, N, D, K, W, row_weights.shape[0])
    return call_at(address, (*sizes, x, row_weights, log_weights, means, scale, counts, first, second))


@jit
def run_pull(counts, first, second, scale, d_means, d_scale):
    """Call `pull` from Python."""
    pull(counts, first, second, scale, d_means, d_scale)
