"""What every pass does to one block of rows: load, whiten, exponentiate, normalise.

A block is laid out feature by feature, so that every inner loop runs over its rows and vectorises. The exponential and
the logarithm are written out (Cody and Waite 1980; Muller 2016, Elementary Functions, doi:10.1007/978-1-4899-7983-4),
because a call to the C library for each number would stop that.

Functions that take a scale read a Cholesky factor (D, D) or standard deviations (D,); which of the two is known when
they are compiled, and the other branch vanishes. NaN passes through all of them.
"""

import math
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from bayesgmm.kernel.compilation import jit, jit_scalar

__all__ = [
    "BLOCK",
    "LOWEST",
    "as_input",
    "exponential",
    "load_block",
    "log_constant",
    "logarithm",
    "normalise_block",
    "whiten_block",
]

Array = NDArray[np.float64]

BLOCK = 128  # rows; K D BLOCK doubles fit the second-level cache up to K D = 250
HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)
ROUNDING_SHIFT = 6755399441055744.0  # 1.5 * 2**52: adding it leaves an integer in the low bits of the float
LOG2_E = 1.4426950408889634
LN2_HIGH, LN2_LOW = 0.693145751953125, 1.42860682030941723212e-6  # ln 2 in two parts (Cody and Waite 1980)
LOWEST = -np.finfo(float).max  # below every log density; not infinite, so that nothing becomes inf - inf
LOWEST_EXPONENT = -709.0  # there 2^t has no normal float and is written as zero
MANTISSA = 52  # bits of a float below its exponent
SQRT_HALF = 0x3FE6A09E667F3BCD  # sqrt(1 / 2), as a float's bits
ONE = 0x3FF0000000000000  # 1, as a float's bits


def as_input(*arrays: Array) -> tuple[Array, ...]:
    """Give read-only C-ordered views: one type of array, so that a pass is compiled once whatever it is called with."""
    views = []
    for array in arrays:
        view = np.ascontiguousarray(array, dtype=np.float64).view()
        view.flags.writeable = False
        views.append(view)
    return tuple(views)


def _float_from_bits(typing_context, bits):
    """Read an integer's bits as a float, in a register."""

    def generate(context, builder, signature, arguments):
        return builder.bitcast(arguments[0], ir.DoubleType())

    return types.float64(types.int64), generate


def _bits_from_float(typing_context, value):
    """Read a float's bits as an integer, in a register."""

    def generate(context, builder, signature, arguments):
        return builder.bitcast(arguments[0], ir.IntType(64))

    return types.int64(types.float64), generate


float_from_bits: Any = intrinsic(_float_from_bits)
bits_from_float: Any = intrinsic(_bits_from_float)


@jit_scalar
def exponential(x):
    """Give exp(x) for x <= 0, to about one unit in the last place; zero below -709.

    exp(x) = 2^t exp(r), t = round(x / ln 2), |r| <= ln 2 / 2, exp(r) by its Taylor series to the twelfth power,
    2^t by writing t into a float's exponent.
    """
    x = LOWEST_EXPONENT if x < LOWEST_EXPONENT else x
    shifted = x * LOG2_E + ROUNDING_SHIFT
    t = shifted - ROUNDING_SHIFT
    r = x - t * LN2_HIGH - t * LN2_LOW
    p = 1.0 / 479001600
    p = p * r + 1.0 / 39916800
    p = p * r + 1.0 / 3628800
    p = p * r + 1.0 / 362880
    p = p * r + 1.0 / 40320
    p = p * r + 1.0 / 5040
    p = p * r + 1.0 / 720
    p = p * r + 1.0 / 120
    p = p * r + 1.0 / 24
    p = p * r + 1.0 / 6
    p = p * r + 0.5
    p = p * r + 1.0
    p = p * r + 1.0
    return p * float_from_bits((bits_from_float(shifted) + 1023) << MANTISSA)


@jit_scalar
def logarithm(x):
    """Give log(x) for a positive normal number, to about one unit in the last place; minus infinity for 0.

    log(2^e m) = e ln 2 + 2 atanh(s), sqrt(1/2) <= m < sqrt(2), s = (m - 1) / (m + 1), by its series to s^21.
    """
    bits = bits_from_float(x)
    e = (bits - SQRT_HALF) >> MANTISSA
    m = float_from_bits(bits - (e << MANTISSA))
    f = m - 1.0
    s = f / (m + 1.0)
    u = s * s
    p = 2.0 / 21
    p = p * u + 2.0 / 19
    p = p * u + 2.0 / 17
    p = p * u + 2.0 / 15
    p = p * u + 2.0 / 13
    p = p * u + 2.0 / 11
    p = p * u + 2.0 / 9
    p = p * u + 2.0 / 7
    p = p * u + 2.0 / 5
    p = p * u + 2.0 / 3
    # 2 s = f - s f: the large part is exact.
    t = float(e)
    value = t * LN2_HIGH + (f - s * (f - u * p) + t * LN2_LOW)
    return value if x > 0.0 else x - np.inf


@jit
def log_constant(log_weight, scale):
    """Give log w - (D log 2 pi) / 2 - log |L|."""
    total = log_weight
    for i in range(scale.shape[0]):
        total -= HALF_LOG_2PI + math.log(scale[i, i] if scale.ndim == 2 else scale[i])
    return total


@jit
def load_block(x, start, n, z):
    """Lay n rows out feature by feature."""
    for i in range(x.shape[1]):
        zi = z[i]
        for b in range(n):
            zi[b] = x[start + b, i]


@jit
def whiten_block(z, n, constant, mean, scale, y, q):
    """Write y = L^-1 (x - m), by forward substitution, and q = log w N(x | m, L L') of n rows.

    Four columns of L at a time, so that a block's row of y is stored once for four products.
    """
    for b in range(n):
        q[b] = constant
    for j in range(mean.shape[0]):
        yj, zj, m = y[j], z[j], mean[j]
        inverse = 1.0 / (scale[j, j] if scale.ndim == 2 else scale[j])
        for b in range(n):
            yj[b] = (zj[b] - m) * inverse
        if scale.ndim == 2:
            for i in range(j % 4):
                yi, a = y[i], scale[j, i] * inverse
                for b in range(n):
                    yj[b] -= a * yi[b]
            for i in range(j % 4, j, 4):
                y0, y1, y2, y3 = y[i], y[i + 1], y[i + 2], y[i + 3]
                a0, a1 = scale[j, i] * inverse, scale[j, i + 1] * inverse
                a2, a3 = scale[j, i + 2] * inverse, scale[j, i + 3] * inverse
                for b in range(n):
                    yj[b] -= a0 * y0[b] + a1 * y1[b] + a2 * y2[b] + a3 * y3[b]
        for b in range(n):
            q[b] -= 0.5 * yj[b] * yj[b]


@jit
def normalise_block(q, n, rows, total):
    """Turn log joints q (K, n) into responsibilities and write rows = log f."""
    K = q.shape[0]
    for b in range(n):
        rows[b] = LOWEST
        total[b] = 0.0
    for k in range(K):
        qk = q[k]
        for b in range(n):
            rows[b] = rows[b] if qk[b] <= rows[b] else qk[b]
    for k in range(K):
        qk = q[k]
        for b in range(n):
            qk[b] = exponential(qk[b] - rows[b])
            total[b] += qk[b]
    for b in range(n):
        rows[b] += logarithm(total[b])
        total[b] = 1.0 / total[b]
    for k in range(K):
        qk = q[k]
        for b in range(n):
            qk[b] *= total[b]
