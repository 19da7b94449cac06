"""The fused log posterior and its gradient on the unconstrained vector, compiled once for every K, D, N and family.

The vector, all parts row by row:

    weights    K - 1   v_k = log w_k - mean(log w);  w = softmax(v, -sum v)
    means      K D     (m - location) / scale, per column
    sds        E       log((s - lower) / scale); E = K D (full, diag), D (tied), K (spherical)
    partials   G P     y = 2 atanh z; G = K (full), 1 (tied), 0 (no correlations); P = D (D - 1) / 2

and its log density

    sum_n g_n log f(x_n) + Dirichlet + sum Normal + sum p(s) + sum Beta + log |Jacobian|.

A named prior of s is a row of coefficients in t = s / scale, so that no prior needs a branch:

    log p(t) = a log t + b (log t - c)^2 + d t + e t^2 + f / t^2 + g log(1 + h t^2) + constant.

The likelihood's gradient in (log w, m, L), L = diag(s) R(z), comes from one pass of `rows`; here it is pulled back:

    d/d v_j = q_j - q_K,  q_k = G_k - w_k sum G;       d/d s_i = sum_j (dL_ij L_ij) / s_i
    d/d y_ij = (dL_ij s_i prod_{m<j} c_im (1 - z_ij^2) - z_ij sum_{m>j} dL_im L_im) / 2,   c = sqrt(1 - z^2).

Everything that it needs travels in one flat vector of doubles (`settings`), which also holds the map from
whitened coordinates, x = mode + C u; the value is the log density of x, without log |C|. No path through here
raises: a value or gradient that is not finite comes back as a status.
"""

import math
from typing import Any

import numpy as np
from numba import carray, types

from bayesgmm.kernel.blocks import bits_from_float
from bayesgmm.kernel.compilation import call_at, callback, jit_inner
from bayesgmm.kernel.rows import pull
from bayesgmm.kernel.settings import (
    AT_CONCENTRATION,
    AT_FACTOR,
    AT_LOCATION,
    AT_MEANS_PRIOR,
    AT_MODE,
    AT_ROW_WEIGHTS,
    AT_ROWS,
    AT_SCALE,
    AT_SDS_INDEX,
    AT_SDS_LOWER,
    AT_SDS_PRIOR,
    AT_SDS_SCALE,
    COMPONENTS,
    CONSTANT,
    ETA,
    FACTOR_WIDTH,
    FEATURES,
    LENGTH,
    N_COEFFICIENTS,
    ROW_WEIGHTS,
    ROWS,
    SCALES,
    SDS,
    SWEEP,
    WIDTH,
)

__all__ = ["copy_callback", "log_posterior_callback"]

LOG_4 = math.log(4.0)
FINE, GRADIENT_NOT_FINITE, VALUE_NOT_FINITE = 0, 3, 4  # statuses; nutpie rejects a step for a positive one


@jit_inner
def unwhiten(settings, u, x):
    """Write x = mode + C u; C is kept as a matrix or as its diagonal.

    A row is a view of its own, so that no place in it can be negative: the loop over it vectorises.
    """
    n, W = u.shape[0], int(settings[FACTOR_WIDTH])
    mode, factor = int(settings[AT_MODE]), int(settings[AT_FACTOR])
    for i in range(n):
        row = settings[factor + i * W : factor + (i + 1) * W]
        a, first = settings[mode + i], u[i:] if W == 1 else u
        for j in range(W):
            a += row[j] * first[j]
        x[i] = a


@jit_inner
def whiten_gradient(settings, slope, gradient):
    """Write C' slope."""
    n, W, factor = slope.shape[0], int(settings[FACTOR_WIDTH]), int(settings[AT_FACTOR])
    for j in range(n):
        gradient[j] = 0.0
    for i in range(n):
        row = settings[factor + i * W : factor + (i + 1) * W]
        first, a = gradient[i:] if W == 1 else gradient, slope[i]
        for j in range(W):
            first[j] += row[j] * a


@jit_inner
def read_weights(x, log_weights):
    """Write log softmax(v, -sum v)."""
    last = log_weights.shape[0] - 1
    log_weights[last] = 0.0
    for k in range(last):
        log_weights[k] = x[k]
        log_weights[last] -= x[k]
    top, total = log_weights[last], 0.0
    for k in range(last):
        top = max(top, x[k])
    for k in range(last + 1):
        total += math.exp(log_weights[k] - top)
    top += math.log(total)
    for k in range(last + 1):
        log_weights[k] -= top


@jit_inner
def pull_weights(settings, counts, log_weights, slope):
    """Write the gradient in v from that in log w taken as free; return the Dirichlet term with its Jacobian."""
    K, concentration = log_weights.shape[0], int(settings[AT_CONCENTRATION])
    total, value = 0.0, 0.0
    for k in range(K):
        total += counts[k] + settings[concentration + k]
        value += settings[concentration + k] * log_weights[k]
    last = counts[K - 1] + settings[concentration + K - 1] - math.exp(log_weights[K - 1]) * total
    for k in range(K - 1):
        slope[k] = counts[k] + settings[concentration + k] - math.exp(log_weights[k]) * total - last
    return value


@jit_inner
def read_means(x, settings, means):
    """Write m; return the sum of log p(m) + log dm/dy, less its constant."""
    K, D = means.shape
    location, scale, centre = int(settings[AT_LOCATION]), int(settings[AT_SCALE]), int(settings[AT_MEANS_PRIOR])
    root, value = centre + K * D, 0.0
    for k in range(K):
        for i in range(D):
            e = k * D + i
            y = x[K - 1 + e]
            distance = (y - settings[centre + e]) * settings[root + e]
            means[k, i] = settings[location + i] + settings[scale + i] * y
            value -= 0.5 * distance * distance
    return value


@jit_inner
def pull_means(x, settings, d_means, slope):
    """Write the gradient in the means' coordinates: the likelihood's and the prior's."""
    K, D = d_means.shape
    scale, centre = int(settings[AT_SCALE]), int(settings[AT_MEANS_PRIOR])
    for k in range(K):
        for i in range(D):
            e = k * D + i
            root = settings[centre + K * D + e]
            slope[K - 1 + e] = d_means[k, i] * settings[scale + i] - (x[K - 1 + e] - settings[centre + e]) * root * root


@jit_inner
def read_sds(x, settings, first, sds, relative, slope):
    """Write s, d log s / dy and the gradient of log p(t) + log dt/dy; return their sum, less its constant."""
    E, value = sds.shape[0], 0.0
    scale, lower = int(settings[AT_SDS_SCALE]), int(settings[AT_SDS_LOWER])
    for i in range(E):
        p = int(settings[AT_SDS_PRIOR]) + i * N_COEFFICIENTS
        a, b, c, d = settings[p], settings[p + 1], settings[p + 2], settings[p + 3]
        e, f, g, h = settings[p + 4], settings[p + 5], settings[p + 6], settings[p + 7]
        y = x[first + i]
        step = math.exp(y)
        t = settings[lower + i] + step
        log_t, t2 = math.log(t), t * t
        distance = log_t - c
        value += y + a * log_t + b * distance * distance + d * t + e * t2 + f / t2 + g * math.log1p(h * t2)
        change = a + 2.0 * b * distance + d * t + 2.0 * e * t2 - 2.0 * f / t2 + 2.0 * g * h * t2 / (1.0 + h * t2)
        sds[i] = settings[scale + i] * t
        relative[i] = step / t
        slope[first + i] = 1.0 + change * relative[i]
    return value


@jit_inner
def read_scale(x, settings, first, sds, partials, scale):
    """Write L = diag(s) R(z) and (z, s_i prod_{m<j} c_im, 1 - z^2); return the Beta terms with their Jacobian.

    A factor that all components share is computed once and copied.
    """
    K, D, W = scale.shape
    G, eta, value, p = int(settings[SCALES]), settings[ETA], 0.0, 0
    index = int(settings[AT_SDS_INDEX])
    for k in range(G):
        for i in range(D):
            rest, left = sds[int(settings[index + k * D + i])], min(i, W - 1)
            for j in range(left):
                y = x[first + p]
                e = math.exp(-abs(y))
                z = math.copysign((1.0 - e) / (1.0 + e), y)
                value += (eta + 0.5 * (D - 2 - j)) * (LOG_4 - abs(y) - 2.0 * math.log1p(e))
                partials[p, 0] = z
                partials[p, 1] = rest
                partials[p, 2] = 4.0 * e / ((1.0 + e) * (1.0 + e))
                scale[k, i, j] = rest * z
                rest *= 2.0 * math.exp(-0.5 * abs(y)) / (1.0 + e)
                p += 1
            scale[k, i, left] = rest
    for k in range(G, K):
        for i in range(D):
            for j in range(i + 1):
                scale[k, i, j] = scale[0, i, j]
    return value


@jit_inner
def pull_scale(settings, first, scale, d_scale, relative, partials, slope):
    """Add the gradient in the sds' coordinates and write that in the partial correlations'."""
    K, D, W = scale.shape
    E, G, eta, row = relative.shape[0], int(settings[SCALES]), settings[ETA], 0
    index = int(settings[AT_SDS_INDEX])
    for k in range(G, K):
        for i in range(D):
            for j in range(i + 1):
                d_scale[0, i, j] += d_scale[k, i, j]
    for k in range(G):
        for i in range(D):
            left = min(i, W - 1)
            after = d_scale[k, i, left] * scale[k, i, left]  # sum over m > j of dL_im L_im
            for j in range(left - 1, -1, -1):
                p, d = row + j, d_scale[k, i, j]
                z, rest, kept = partials[p, 0], partials[p, 1], partials[p, 2]
                slope[first + E + p] = 0.5 * (d * rest * kept - z * after) - (eta + 0.5 * (D - 2 - j)) * z
                after += d * scale[k, i, j]
            row += left
            e = int(settings[index + k * D + i])
            slope[first + e] += after * relative[e]


DOUBLES = types.CPointer(types.double)
EVALUATE = types.int64(types.uint64, DOUBLES, DOUBLES, DOUBLES, DOUBLES)
COPY = types.int64(types.uint64, types.uint64, DOUBLES, DOUBLES, DOUBLES)


def log_posterior_callback() -> Any:
    """Give the C function that writes the log posterior at x = mode + C u and its gradient in u.

    Its signature is nutpie's: ``int64 (uint64 n, double *u, double *gradient, double *value, double *settings)``. The
    status is 0, or positive where the value or the gradient is not finite.

    Returns
    -------
    numba.core.ccallback.CFunc
        With attributes ``address`` and ``ctypes``; compiled, or read from the disk, when first asked for.
    """
    return _evaluate()


def copy_callback() -> Any:
    """Give the C function that copies u: nutpie keeps whitened draws, which are unpacked all together later.

    Returns
    -------
    numba.core.ccallback.CFunc
        With attributes ``address`` and ``ctypes``.
    """
    return _copy()


@callback(EVALUATE)
def _evaluate(n_dim, u_at, gradient_at, value_at, settings_at):
    n = int(n_dim)
    u, gradient, value = carray(u_at, (n,)), carray(gradient_at, (n,)), carray(value_at, (1,))
    settings = carray(settings_at, (int(carray(settings_at, (1,))[LENGTH]),))
    N, D, K, W = int(settings[ROWS]), int(settings[FEATURES]), int(settings[COMPONENTS]), int(settings[WIDTH])
    E, first = int(settings[SDS]), K - 1 + K * D
    x, slope, log_weights, counts = np.empty(n), np.empty(n), np.empty(K), np.empty(K)
    means, d_means, v = np.empty((K, D)), np.empty((K, D)), np.empty((K, D))
    sds, relative, partials = np.empty(E), np.empty(E), np.empty((n - first - E, 3))
    scale, d_scale, products = np.empty((K, D, W)), np.empty((K, D, W)), np.empty((K, D, W))
    unwhiten(settings, u, x)
    read_weights(x, log_weights)
    total = settings[CONSTANT] + read_means(x, settings, means)
    total += read_sds(x, settings, first, sds, relative, slope)
    total += read_scale(x, settings, first + E, sds, partials, scale)
    run, n_weights = bits_from_float(settings[SWEEP]), int(settings[ROW_WEIGHTS])
    x_rows, row_weights = settings[int(settings[AT_ROWS]) :], settings[int(settings[AT_ROW_WEIGHTS]) :]
    sizes, inputs = (0, N, N, D, K, W, n_weights), (x_rows, row_weights, log_weights, means, scale)
    total += call_at(run, sizes + inputs + (counts, v, products))
    pull(counts, v, products, scale, d_means, d_scale)
    pull_scale(settings, first, scale, d_scale, relative, partials, slope)
    pull_means(x, settings, d_means, slope)
    value[0] = total + pull_weights(settings, counts, log_weights, slope)
    whiten_gradient(settings, slope, gradient)
    for i in range(n):
        if not math.isfinite(gradient[i]):
            return GRADIENT_NOT_FINITE
    return FINE if math.isfinite(value[0]) else VALUE_NOT_FINITE


@callback(COPY)
def _copy(n_dim, n_copied, u_at, copied_at, settings_at):
    u, copied = carray(u_at, (int(n_dim),)), carray(copied_at, (int(n_copied),))
    for i in range(min(int(n_dim), int(n_copied))):
        copied[i] = u[i]
    return FINE
