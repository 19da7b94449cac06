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
from functools import cache
from typing import Any

import numpy as np
from numba import carray, types

from bayesgmm.kernel.compilation import compile_callback, jit, jit_inline
from bayesgmm.kernel.rows import gradient_dense, gradient_diagonal, sweep
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
    CORRELATIONS,
    DENSE,
    ETA,
    FEATURES,
    LENGTH,
    N_COEFFICIENTS,
    ROW_WEIGHTS,
    ROWS,
    SDS,
    as_read_only,
    cut,
)

__all__ = ["copy_callback", "log_posterior_callback"]

LOG_4 = math.log(4.0)
FINE, GRADIENT_NOT_FINITE, VALUE_NOT_FINITE = 0, 3, 4  # statuses; nutpie rejects a step for a positive one


@jit
def unwhiten(settings, u, x):
    """Write x = mode + C u."""
    n = u.shape[0]
    mode = cut(settings, settings[AT_MODE], n)
    if settings[DENSE] == 0.0:
        factor = cut(settings, settings[AT_FACTOR], n)
        for i in range(n):
            x[i] = mode[i] + factor[i] * u[i]
    else:
        factor = cut(settings, settings[AT_FACTOR], n * n)
        for i in range(n):
            a = 0.0
            for j in range(n):
                a += factor[i * n + j] * u[j]
            x[i] = mode[i] + a


@jit
def whiten_gradient(settings, slope, gradient):
    """Write C' slope."""
    n = slope.shape[0]
    if settings[DENSE] == 0.0:
        factor = cut(settings, settings[AT_FACTOR], n)
        for i in range(n):
            gradient[i] = factor[i] * slope[i]
    else:
        factor = cut(settings, settings[AT_FACTOR], n * n)
        for j in range(n):
            gradient[j] = 0.0
        for i in range(n):
            for j in range(n):
                gradient[j] += factor[i * n + j] * slope[i]


@jit
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


@jit
def pull_weights(settings, counts, log_weights, slope):
    """Write the gradient in v from that in log w taken as free; return the Dirichlet term with its Jacobian."""
    K = log_weights.shape[0]
    concentration = cut(settings, settings[AT_CONCENTRATION], K)
    total, value = 0.0, 0.0
    for k in range(K):
        total += counts[k] + concentration[k]
        value += concentration[k] * log_weights[k]
    last = counts[K - 1] + concentration[K - 1] - math.exp(log_weights[K - 1]) * total
    for k in range(K - 1):
        slope[k] = counts[k] + concentration[k] - math.exp(log_weights[k]) * total - last
    return value


@jit
def read_means(x, settings, means):
    """Write m; return the sum of log p(m) + log dm/dy, less its constant."""
    K, D = means.shape
    location, scale = cut(settings, settings[AT_LOCATION], D), cut(settings, settings[AT_SCALE], D)
    prior, value = cut(settings, settings[AT_MEANS_PRIOR], 2 * K * D), 0.0
    for k in range(K):
        for i in range(D):
            e = k * D + i
            y = x[K - 1 + e]
            distance = (y - prior[e]) * prior[K * D + e]
            means[k, i] = location[i] + scale[i] * y
            value -= 0.5 * distance * distance
    return value


@jit
def pull_means(x, settings, d_means, slope):
    """Write the gradient in the means' coordinates: the likelihood's and the prior's."""
    K, D = d_means.shape
    scale, prior = cut(settings, settings[AT_SCALE], D), cut(settings, settings[AT_MEANS_PRIOR], 2 * K * D)
    for k in range(K):
        for i in range(D):
            e = k * D + i
            root = prior[K * D + e]
            slope[K - 1 + e] = d_means[k, i] * scale[i] - (x[K - 1 + e] - prior[e]) * root * root


@jit
def read_sds(x, settings, first, sds, relative, slope):
    """Write s, d log s / dy and the gradient of log p(t) + log dt/dy; return their sum, less its constant."""
    E, value = sds.shape[0], 0.0
    scale, lower = cut(settings, settings[AT_SDS_SCALE], E), cut(settings, settings[AT_SDS_LOWER], E)
    prior = cut(settings, settings[AT_SDS_PRIOR], E * N_COEFFICIENTS).reshape((E, N_COEFFICIENTS))
    for i in range(E):
        a, b, c, d = prior[i, 0], prior[i, 1], prior[i, 2], prior[i, 3]
        e, f, g, h = prior[i, 4], prior[i, 5], prior[i, 6], prior[i, 7]
        y = x[first + i]
        step = math.exp(y)
        t = lower[i] + step
        log_t, t2 = math.log(t), t * t
        distance = log_t - c
        value += y + a * log_t + b * distance * distance + d * t + e * t2 + f / t2 + g * math.log1p(h * t2)
        change = a + 2.0 * b * distance + d * t + 2.0 * e * t2 - 2.0 * f / t2 + 2.0 * g * h * t2 / (1.0 + h * t2)
        sds[i] = scale[i] * t
        relative[i] = step / t
        slope[first + i] = 1.0 + change * relative[i]
    return value


@jit
def spread_sds(settings, sds, scale):
    """Write the (K, D) standard deviations from the family's own."""
    K, D = scale.shape
    index = cut(settings, settings[AT_SDS_INDEX], K * D)
    for k in range(K):
        for i in range(D):
            scale[k, i] = sds[int(index[k * D + i])]


@jit
def pull_sds(settings, first, scale, d_scale, relative, slope):
    """Add the likelihood's gradient in the coordinates of the family's own sds."""
    K, D = scale.shape
    index = cut(settings, settings[AT_SDS_INDEX], K * D)
    for k in range(K):
        for i in range(D):
            e = int(index[k * D + i])
            slope[first + e] += d_scale[k, i] * scale[k, i] * relative[e]


@jit
def read_factors(x, settings, first, sds, partials, factors):
    """Write L = diag(s) R(z) and (z, s_i prod_{m<j} c_im, 1 - z^2); return the Beta terms with their Jacobian.

    A factor that all components share is computed once and copied.
    """
    K, D = factors.shape[:2]
    G, eta, value, p = int(settings[CORRELATIONS]), settings[ETA], 0.0, 0
    for k in range(G):
        for i in range(D):
            left = sds[k * D + i]
            for j in range(i):
                y = x[first + p]
                e = math.exp(-abs(y))
                z = math.copysign((1.0 - e) / (1.0 + e), y)
                value += (eta + 0.5 * (D - 2 - j)) * (LOG_4 - abs(y) - 2.0 * math.log1p(e))
                partials[p, 0] = z
                partials[p, 1] = left
                partials[p, 2] = 4.0 * e / ((1.0 + e) * (1.0 + e))
                factors[k, i, j] = left * z
                left *= 2.0 * math.exp(-0.5 * abs(y)) / (1.0 + e)
                p += 1
            factors[k, i, i] = left
    for k in range(G, K):
        for i in range(D):
            for j in range(i + 1):
                factors[k, i, j] = factors[0, i, j]
    return value


@jit
def pull_factors(settings, first, factors, d_factors, relative, partials, slope):
    """Add the gradient in the sds' coordinates and write that in the partial correlations'."""
    K, D = factors.shape[:2]
    E, G, eta, row = relative.shape[0], int(settings[CORRELATIONS]), settings[ETA], 0
    for k in range(G, K):
        for i in range(D):
            for j in range(i + 1):
                d_factors[0, i, j] += d_factors[k, i, j]
    for k in range(G):
        for i in range(D):
            after = d_factors[k, i, i] * factors[k, i, i]  # sum over m > j of dL_im L_im
            for j in range(i - 1, -1, -1):
                p, d = row + j, d_factors[k, i, j]
                z, left, kept = partials[p, 0], partials[p, 1], partials[p, 2]
                slope[first + E + p] = 0.5 * (d * left * kept - z * after) - (eta + 0.5 * (D - 2 - j)) * z
                after += d * factors[k, i, j]
            row += i
            slope[first + k * D + i] += after * relative[k * D + i]


@jit_inline
def read_common(x, settings, log_weights, means, sds, relative, slope):
    """Write what all families have: weights, means, sds; return their log priors."""
    read_weights(x, log_weights)
    value = settings[CONSTANT] + read_means(x, settings, means)
    return value + read_sds(x, settings, means.size + log_weights.size - 1, sds, relative, slope)


@jit_inline
def pull_common(x, settings, counts, d_means, log_weights, slope):
    """Write the gradient in the coordinates of weights and means; return the Dirichlet term with its Jacobian."""
    pull_means(x, settings, d_means, slope)
    return pull_weights(settings, counts, log_weights, slope)


@jit_inline
def log_posterior_dense(x, settings, slope):
    """Write the gradient and return the log posterior at the unconstrained vector x, with correlations."""
    D, K, E = int(settings[FEATURES]), int(settings[COMPONENTS]), int(settings[SDS])
    first = K - 1 + K * D
    log_weights, counts = np.empty(K), np.empty(K)
    means, d_means, v = np.empty((K, D)), np.empty((K, D)), np.empty((K, D))
    sds, relative, partials = np.empty(E), np.empty(E), np.empty((x.shape[0] - first - E, 3))
    factors, d_factors, products = np.empty((K, D, D)), np.empty((K, D, D)), np.empty((K, D, D))
    value = read_common(x, settings, log_weights, means, sds, relative, slope)
    value += read_factors(x, settings, first + E, sds, partials, factors)
    value += sweep_settings(settings, log_weights, means, factors, counts, v, products)
    gradient_dense(counts, v, products, factors, d_means, d_factors)
    pull_factors(settings, first, factors, d_factors, relative, partials, slope)
    return value + pull_common(x, settings, counts, d_means, log_weights, slope)


@jit_inline
def log_posterior_diagonal(x, settings, slope):
    """Do the same without correlations."""
    D, K, E = int(settings[FEATURES]), int(settings[COMPONENTS]), int(settings[SDS])
    first = K - 1 + K * D
    log_weights, counts = np.empty(K), np.empty(K)
    means, d_means, v = np.empty((K, D)), np.empty((K, D)), np.empty((K, D))
    sds, relative = np.empty(E), np.empty(E)
    scale, d_scale, squares = np.empty((K, D)), np.empty((K, D)), np.empty((K, D))
    value = read_common(x, settings, log_weights, means, sds, relative, slope)
    spread_sds(settings, sds, scale)
    value += sweep_settings(settings, log_weights, means, scale, counts, v, squares)
    gradient_diagonal(counts, v, squares, scale, d_means, d_scale)
    pull_sds(settings, first, scale, d_scale, relative, slope)
    return value + pull_common(x, settings, counts, d_means, log_weights, slope)


@jit_inline
def sweep_settings(settings, log_weights, means, scale, counts, first, second):
    """Sweep over the rows that the flat vector holds."""
    N, D = int(settings[ROWS]), int(settings[FEATURES])
    x = as_read_only(cut(settings, settings[AT_ROWS], N * D).reshape((N, D)))
    row_weights = as_read_only(cut(settings, settings[AT_ROW_WEIGHTS], int(settings[ROW_WEIGHTS])))
    w, m, s = as_read_only(log_weights), as_read_only(means), as_read_only(scale)
    return sweep(x, row_weights, w, m, s, np.empty(0), np.empty((0, 0)), counts, first, second)


@jit
def judge(value, gradient):
    """Return the status."""
    for i in range(gradient.shape[0]):
        if not math.isfinite(gradient[i]):
            return GRADIENT_NOT_FINITE
    return FINE if math.isfinite(value) else VALUE_NOT_FINITE


DOUBLES = types.CPointer(types.double)
EVALUATE = types.int64(types.uint64, DOUBLES, DOUBLES, DOUBLES, DOUBLES)
COPY = types.int64(types.uint64, types.uint64, DOUBLES, DOUBLES, DOUBLES)


@cache
def log_posterior_callback(is_dense: bool) -> Any:
    """Give the C function that writes the log posterior at x = mode + C u and its gradient in u.

    Its signature is nutpie's: ``int64 (uint64 n, double *u, double *gradient, double *value, double *settings)``. The
    status is 0, or positive where the value or the gradient is not finite.

    Parameters
    ----------
    is_dense : bool
        Whether the settings are those of a family with correlations. One function serves all such settings, and is
        compiled, or read from the disk, when it is first asked for.

    Returns
    -------
    numba.core.ccallback.CFunc
        With attributes ``address`` and ``ctypes``.
    """
    return compile_callback(_evaluate_dense if is_dense else _evaluate_diagonal, EVALUATE)


@cache
def copy_callback() -> Any:
    """Give the C function that copies u: nutpie keeps whitened draws, which are unpacked all together later.

    Returns
    -------
    numba.core.ccallback.CFunc
        With attributes ``address`` and ``ctypes``.
    """
    return compile_callback(_copy, COPY)


def _evaluate_dense(n_dim, u_at, gradient_at, value_at, settings_at):
    n = int(n_dim)
    u, gradient, value = carray(u_at, (n,)), carray(gradient_at, (n,)), carray(value_at, (1,))
    settings = carray(settings_at, (int(carray(settings_at, (1,))[LENGTH]),))
    x, slope = np.empty(n), np.empty(n)
    unwhiten(settings, u, x)
    value[0] = log_posterior_dense(x, settings, slope)
    whiten_gradient(settings, slope, gradient)
    return judge(value[0], gradient)


def _evaluate_diagonal(n_dim, u_at, gradient_at, value_at, settings_at):
    n = int(n_dim)
    u, gradient, value = carray(u_at, (n,)), carray(gradient_at, (n,)), carray(value_at, (1,))
    settings = carray(settings_at, (int(carray(settings_at, (1,))[LENGTH]),))
    x, slope = np.empty(n), np.empty(n)
    unwhiten(settings, u, x)
    value[0] = log_posterior_diagonal(x, settings, slope)
    whiten_gradient(settings, slope, gradient)
    return judge(value[0], gradient)


def _copy(n_dim, n_copied, u_at, copied_at, settings_at):
    u, copied = carray(u_at, (int(n_dim),)), carray(copied_at, (int(n_copied),))
    for i in range(min(int(n_dim), int(n_copied))):
        copied[i] = u[i]
    return FINE
