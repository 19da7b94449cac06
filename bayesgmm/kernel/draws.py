"""One compiled pass over the draws of a posterior for each row, which keeps moments only.

For draws s = 1, ..., S of a mixture and rows x_n, with r_nks the responsibility of component k under draw s:

    E r_nk,  E r_nk^2,  E H(r_n) with H(r) = -sum_k r_k log r_k,  log E f(x_n),  log E[w_k N(x_n | m_k, L_k L_k')],

E the mean over the draws. Membership averaged over the posterior is E r; for a new row it is E[w_k N_k] / E f, which
weighs each draw by how well it predicts the row. The entropy of E r splits exactly in E H(r), the overlap of the
components, and the rest, which is what parameter uncertainty adds (the mutual information of label and parameters;
Depeweg et al. 2018, arXiv:1710.07283).

Rows are read in the blocks of `blocks`; for each block all draws pass by, so that beside the results only a few blocks
are held, whatever S and N. Means of densities are kept relative to a running maximum of log f, so nothing overflows.
The other functions return what has a number per draw, for callers who hand over as many rows as they can hold.

The scale is ``scale_tril`` (S, K, D, D), or the sds (S, K, D) for the families without correlations.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bayesgmm.kernel.blocks import (
    BLOCK,
    LOWEST,
    as_input,
    as_parameters,
    exponential,
    exponentiate_block,
    make_room,
    open_block,
    prepare,
    weigh_block,
    whiten_block,
)
from bayesgmm.kernel.compilation import jit

__all__ = [
    "DrawMoments",
    "draw_component_log_densities",
    "draw_log_densities",
    "draw_log_joints",
    "draw_moments",
    "draw_shares",
    "evaluate_draws",
]

Array = NDArray[np.float64]

NO_DENSITIES, NOTHING = np.empty((0, 0)), np.empty((0, 0, 0))


class DrawMoments(NamedTuple):
    """Moments over the draws, for each row.

    Attributes
    ----------
    mean, square : arrays of shape (N, K)
        E r and E r^2.
    overlap : array of shape (N,)
        E H(r), in nats.
    log_density : array of shape (N,)
        log E f(x_n), the log posterior predictive density, per unit of x to the power D.
    log_joint : array of shape (N, K)
        log E[w_k N(x_n | m_k, L_k L_k')]; minus infinity where it lies more than 700 below `log_density`.
    """

    mean: Array
    square: Array
    overlap: Array
    log_density: Array
    log_joint: Array


def draw_moments(x: Array, log_weights: Array, means: Array, scale: Array) -> DrawMoments:
    """Take the moments of responsibilities, entropy and density over all draws.

    Parameters
    ----------
    x : array of shape (N, D)
    log_weights, means : arrays of shape (S, K) and (S, K, D)
    scale : array of shape (S, K, D, D) or (S, K, D)
        Cholesky factors, or standard deviations where there are no correlations.

    Returns
    -------
    DrawMoments

    Examples
    --------
    >>> import numpy as np
    >>> from bayesgmm.kernel.draws import draw_moments
    >>> means = np.array([[[-1.0], [1.0]], [[-2.0], [2.0]]])  # two draws of two components in one dimension
    >>> moments = draw_moments(np.zeros((1, 1)), np.log(np.full((2, 2), 0.5)), means, np.ones((2, 2, 1)))
    >>> moments.mean, moments.overlap.round(4)
    (array([[0.5, 0.5]]), array([0.6931]))
    """
    N, (S, K) = x.shape[0], log_weights.shape
    mean, square, joint = np.zeros((N, K)), np.zeros((N, K)), np.zeros((N, K))
    overlap, top = np.zeros(N), np.empty(N)
    inputs = (*as_input(x.T), *as_parameters(log_weights, means, scale))
    _moments(*inputs, mean, square, overlap, joint, top)
    with np.errstate(divide="ignore"):
        log_joint = top[:, None] + np.log(joint / S)
        log_density = top + np.log(joint.sum(1) / S)
    return DrawMoments(mean / S, square / S, overlap / S, log_density, log_joint)


def draw_log_densities(x: Array, log_weights: Array, means: Array, scale: Array) -> Array:
    """Give log f(x_n) under every draw.

    Parameters
    ----------
    x, log_weights, means, scale : arrays
        As `draw_moments` takes them.

    Returns
    -------
    array of shape (S, N)

    Examples
    --------
    >>> import numpy as np
    >>> from bayesgmm.kernel.draws import draw_log_densities
    >>> draw_log_densities(np.zeros((1, 1)), np.zeros((2, 1)), np.zeros((2, 1, 1)), np.ones((2, 1, 1))).round(4)
    array([[-0.9189],
           [-0.9189]])
    """
    densities = np.empty((log_weights.shape[0], x.shape[0]))
    _evaluate(x, log_weights, means, scale, densities, NOTHING, NOTHING)
    return densities


def draw_shares(x: Array, log_weights: Array, means: Array, scale: Array) -> Array:
    """Give the responsibilities r_nks under every draw.

    Parameters
    ----------
    x, log_weights, means, scale : arrays
        As `draw_moments` takes them.

    Returns
    -------
    array of shape (S, N, K)

    Examples
    --------
    >>> import numpy as np
    >>> from bayesgmm.kernel.draws import draw_shares
    >>> draw_shares(np.zeros((1, 1)), np.log([[0.25, 0.75]]), np.zeros((1, 2, 1)), np.ones((1, 2, 1))).round(12)
    array([[[0.25, 0.75]]])
    """
    shares = np.empty((log_weights.shape[0], x.shape[0], log_weights.shape[1]))
    _evaluate(x, log_weights, means, scale, NO_DENSITIES, shares, NOTHING)
    return shares


def draw_component_log_densities(x: Array, log_weights: Array, means: Array, scale: Array) -> Array:
    """Give log N(x_n | m_k, L_k L_k') under every draw; the weights are not read.

    Parameters
    ----------
    x, log_weights, means, scale : arrays
        As `draw_moments` takes them.

    Returns
    -------
    array of shape (S, N, K)

    Examples
    --------
    >>> import numpy as np
    >>> from bayesgmm.kernel.draws import draw_component_log_densities
    >>> parameters = np.log([[0.25, 0.75]]), np.zeros((1, 2, 1)), np.ones((1, 2, 1))
    >>> draw_component_log_densities(np.zeros((1, 1)), *parameters).round(4)
    array([[[-0.9189, -0.9189]]])
    """
    return draw_log_joints(x, np.zeros_like(log_weights), means, scale)


def draw_log_joints(x: Array, log_weights: Array, means: Array, scale: Array) -> Array:
    """Give log w_k N(x_n | m_k, L_k L_k') under every draw.

    Parameters
    ----------
    x, log_weights, means, scale : arrays
        As `draw_moments` takes them.

    Returns
    -------
    array of shape (S, N, K)

    Examples
    --------
    >>> import numpy as np
    >>> from bayesgmm.kernel.draws import draw_log_joints
    >>> draw_log_joints(np.zeros((1, 1)), np.log([[0.5, 0.5]]), np.zeros((1, 2, 1)), np.ones((1, 2, 1))).round(4)
    array([[[-1.6121, -1.6121]]])
    """
    joints = np.empty((log_weights.shape[0], x.shape[0], log_weights.shape[1]))
    _evaluate(x, log_weights, means, scale, NO_DENSITIES, NOTHING, joints)
    return joints


def _evaluate(x: Array, log_weights: Array, means: Array, scale: Array, *results: Array) -> None:
    inputs = (*as_input(x.T), *as_parameters(log_weights, means, scale))
    evaluate_draws(0, x.shape[0], log_weights.shape[1], *inputs, *results)


@jit
def _moments(x, log_weights, means, scale, mean, square, overlap, joint, top):
    """Write sums over the draws; `joint` relative to exp(top), top the largest log f over the draws."""
    (C, D), K = means.shape, mean.shape[1]
    constants, inverse = np.empty(C), np.empty((C, D))
    z, y = make_room((D, BLOCK)), make_room((1, D, BLOCK))
    q, depth = make_room((K, BLOCK)), make_room((K, BLOCK))
    rows, total, fresh, faded = np.empty(BLOCK), np.empty(BLOCK), np.empty(BLOCK), np.empty(BLOCK)
    entropy, highest = np.empty(BLOCK), np.empty(BLOCK)
    first, second, third = np.empty((K, BLOCK)), np.empty((K, BLOCK)), np.empty((K, BLOCK))
    prepare(log_weights, scale, constants, inverse)
    for start in range(0, x.shape[1], BLOCK):
        n = min(BLOCK, x.shape[1] - start)
        source, at, n_padded = open_block(x, start, n, z)
        for b in range(n):
            entropy[b], highest[b] = 0.0, LOWEST
            for k in range(K):
                first[k, b], second[k, b], third[k, b] = 0.0, 0.0, 0.0
        for s in range(C // K):
            for k in range(K):
                whiten_block(source, at, n_padded, s * K + k, constants, means, scale, inverse, y, k, q)
                for b in range(n):
                    depth[k, b] = q[k, b]
            exponentiate_block(q, n_padded, rows, total)
            for b in range(n):
                total[b] = 1.0 / total[b]
            weigh_block(q, n, total)
            for b in range(n):
                both = highest[b] if rows[b] <= highest[b] else rows[b]
                fresh[b] = exponential(rows[b] - both)
                faded[b] = exponential(highest[b] - both)
                highest[b] = both
            for k in range(K):
                qk, dk, first_k, second_k, third_k = q[k], depth[k], first[k], second[k], third[k]
                for b in range(n):
                    r = qk[b]
                    first_k[b] += r
                    second_k[b] += r * r
                    third_k[b] = third_k[b] * faded[b] + fresh[b] * r
                    entropy[b] += 0.0 if r == 0.0 else r * (rows[b] - dk[b])
        for b in range(n):
            overlap[start + b] = entropy[b]
            top[start + b] = highest[b]
            for k in range(K):
                mean[start + b, k] = first[k, b]
                square[start + b, k] = second[k, b]
                joint[start + b, k] = third[k, b]


@jit
def evaluate_draws(begin, end, K, x, log_weights, means, scale, densities, shares, joints):
    """Write log f, the responsibilities and the log joints of the rows from begin to end under every draw.

    Each is written where there is room for it.
    """
    C, D = means.shape
    constants, inverse = np.empty(C), np.empty((C, D))
    z, y = make_room((D, BLOCK)), make_room((1, D, BLOCK))
    q, rows, total = make_room((K, BLOCK)), make_room((BLOCK,)), make_room((BLOCK,))
    prepare(log_weights, scale, constants, inverse)
    for start in range(begin, end, BLOCK):
        n = min(BLOCK, end - start)
        source, at, n_padded = open_block(x, start, n, z)
        for s in range(C // K):
            for k in range(K):
                whiten_block(source, at, n_padded, s * K + k, constants, means, scale, inverse, y, k, q)
            if joints.shape[0] > 0:
                for b in range(n):
                    for k in range(K):
                        joints[s, start + b, k] = q[k, b]
            else:
                exponentiate_block(q, n_padded, rows, total)
            if densities.shape[0] > 0:
                for b in range(n):
                    densities[s, start + b] = rows[b]
            if shares.shape[0] > 0:
                for b in range(n):
                    for k in range(K):
                        shares[s, start + b, k] = q[k, b] / total[b]
