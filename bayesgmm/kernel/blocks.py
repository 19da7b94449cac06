"""What every pass does to one block of rows: open, whiten, exponentiate, weigh.

Rows are read feature by feature, so that every inner loop runs over rows side by side; those that meet features with
features are in `tiles`. The exponential and the logarithm are written out (Cody and Waite 1980; Muller 2016, Elementary
Functions, doi:10.1007/978-1-4899-7983-4), because a call to the C library for each number would keep a loop from
taking several rows at a time.

Every compiled pass of this room reads the scale of a component as an array (D, W): a Cholesky factor for W = D, the
standard deviations of a family without correlations for W = 1, which are all that is left of each row of a diagonal
one. Row i has ``min(i, W - 1)`` entries left of the diagonal, so that is the column of its diagonal entry. One pass
serves both, at the cost of each. NaN passes through all functions.
"""

import math
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.imputils import impl_ret_borrowed, impl_ret_new_ref
from numba.extending import intrinsic
from numpy.typing import NDArray

from bayesgmm.kernel.compilation import jit_inner, jit_scalar
from bayesgmm.kernel.tiles import LANES, TILE, standardise_tile, whiten_first, whiten_tile

__all__ = [
    "BLOCK",
    "LOWEST",
    "as_input",
    "as_parameters",
    "as_read_only",
    "exponential",
    "exponentiate_block",
    "logarithm",
    "make_room",
    "open_block",
    "prepare",
    "weigh_block",
    "whiten_block",
]

Array = NDArray[np.float64]

BLOCK = 128  # rows, a multiple of LANES; K D BLOCK doubles fit the second-level cache up to K D = 1000
HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)
ROUNDING_SHIFT = 6755399441055744.0  # 1.5 * 2**52: adding it leaves an integer in the low bits of the float
LOG2_E = 1.4426950408889634
LN2_HIGH, LN2_LOW = 0.693145751953125, 1.42860682030941723212e-6  # ln 2 in two parts (Cody and Waite 1980)
LOWEST = -np.finfo(float).max  # below every log density; not infinite, so that nothing becomes inf - inf
LOWEST_EXPONENT = -709.0  # there 2^t has no normal float and is written as zero
ITEM, CACHE_LINE = 8, 64  # bytes of a number, and of what a processor reads at once
MANTISSA = 52  # bits of a float below its exponent
SQRT_HALF = 0x3FE6A09E667F3BCD  # sqrt(1 / 2), as a float's bits
ONE = 0x3FF0000000000000  # 1, as a float's bits


def as_input(*arrays: Array) -> tuple[Array, ...]:
    """Give read-only C-ordered views: one type of array, so that a pass is compiled once whatever it is called with.

    Parameters
    ----------
    *arrays : arrays of numbers

    Returns
    -------
    tuple of arrays of float64
        Copies where a view cannot be had.

    Examples
    --------
    >>> import numpy as np
    >>> from bayesgmm.kernel.blocks import as_input
    >>> (x,) = as_input(np.ones((2, 3)).T)
    >>> x.flags.c_contiguous, x.flags.writeable
    (True, False)
    """
    views = []
    for array in arrays:
        view = np.ascontiguousarray(array, dtype=np.float64).view()
        view.flags.writeable = False
        views.append(view)
    return tuple(views)


def as_parameters(log_weights: Array, means: Array, scale: Array) -> tuple[Array, Array, Array]:
    """Give the parameters of mixtures as the compiled passes read them: components in a row, the scale with its W.

    Parameters
    ----------
    log_weights, means : arrays of shape (..., K) and (..., K, D)
    scale : array of shape (..., K, D, D) or (..., K, D)
        Cholesky factors, or standard deviations where there are no correlations.

    Returns
    -------
    log_weights, means, scale : arrays of shape (C,), (C, D) and (C, D, W)
        C counts the components of all mixtures.

    Examples
    --------
    >>> import numpy as np
    >>> from bayesgmm.kernel.blocks import as_parameters
    >>> as_parameters(np.zeros(1), np.zeros((1, 2)), np.ones((1, 2)))[2].shape
    (1, 2, 1)
    """
    C, D = log_weights.size, means.shape[-1]
    log_weights, means, scale = as_input(log_weights.reshape(C), means.reshape(C, D), scale.reshape(C, D, -1))
    return log_weights, means, scale


def _as_read_only(typing_context, array):
    """Give an array of compiled code under the type that `as_input` gives.

    Parameters
    ----------
    array : C-ordered array of float64

    Returns
    -------
    array
        The same memory.
    """

    def generate(context, builder, signature, arguments):
        return impl_ret_borrowed(context, builder, signature.return_type, arguments[0])

    return array.copy(readonly=True)(array), generate


def _make_room(typing_context, shape):
    """Make an array whose memory begins where a line of the cache begins: a pack across two lines costs twice.

    Parameters
    ----------
    shape : tuple of int

    Returns
    -------
    array of that shape
        C-ordered, of float64, not filled.
    """
    kind = types.Array(types.float64, len(shape), "C")

    def generate(context, builder, signature, arguments):
        sizes, item = cgutils.unpack_tuple(builder, arguments[0]), ir.IntType(64)(ITEM)
        strides: list[Any] = []
        size = item
        for length in reversed(sizes):
            strides.insert(0, size)
            size = builder.mul(size, length)
        room = context.nrt.meminfo_alloc_aligned(builder, size, align=CACHE_LINE)
        array = context.make_array(kind)(context, builder)
        data = builder.bitcast(context.nrt.meminfo_data(builder, room), array.data.type)
        context.populate_array(array, data=data, shape=sizes, strides=strides, itemsize=item, meminfo=room)
        return impl_ret_new_ref(context, builder, kind, array._getvalue())

    return kind(shape), generate


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


as_read_only: Any = intrinsic(_as_read_only)
make_room: Any = intrinsic(_make_room)
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


@jit_inner
def prepare(log_weights, scale, constants, inverse):
    """Write log w - (D log 2 pi) / 2 - log |L| and 1 / L_ii for each component."""
    for k in range(scale.shape[0]):
        constants[k] = log_weights[k]
        for i in range(scale.shape[1]):
            diagonal = scale[k, i, min(i, scale.shape[2] - 1)]
            constants[k] -= HALF_LOG_2PI + math.log(diagonal)
            inverse[k, i] = 1.0 / diagonal


@jit_inner
def open_block(x, start, n, z):
    """Say where n rows lie, feature by feature: in which array, from which column on, and how many in full packs.

    Rows that end within a pack are copied to z, and the last one repeated to its end.
    """
    n_padded = (n + LANES - 1) // LANES * LANES
    if n == n_padded:
        return x, start, n
    for i in range(x.shape[0]):
        for b in range(n):
            z[i, b] = x[i, start + b]
        for b in range(n, n_padded):
            z[i, b] = x[i, start + n - 1]
    return as_read_only(z), 0, n_padded


@jit_inner
def whiten_block(x, start, n, c, constants, means, scale, inverse, y, k, q):
    """Write y = L^-1 (x - m), by forward substitution, and q[k] = log w N(x | m, L L') of component c.

    The n rows are full packs.
    Where y has room for one component only, each is written over the last.
    """
    D, room = means.shape[1], min(k, y.shape[0] - 1)
    for b in range(n):
        q[k, b] = constants[c]
    if scale.shape[2] < D:
        for j in range(0, D, TILE):
            standardise_tile(min(TILE, D - j), x, start, n, c, means, inverse, j, room, y, k, q)
    else:
        whiten_first(min(TILE, D), x, start, n, c, means, scale, inverse, room, y, k, q)
        for j in range(TILE, D, TILE):
            whiten_tile(min(TILE, D - j), x, start, n, c, means, scale, inverse, j, room, y, k, q)


@jit_inner
def exponentiate_block(q, n, rows, total):
    """Turn log joints q (K, n) into their exponentials relative to the largest; write their sum and rows = log f."""
    K = q.shape[0]
    for b in range(n):
        rows[b] = LOWEST
        total[b] = 0.0
    for k in range(K):
        for b in range(n):
            rows[b] = rows[b] if q[k, b] <= rows[b] else q[k, b]
    for k in range(K):
        for b in range(n):
            q[k, b] = exponential(q[k, b] - rows[b])
            total[b] += q[k, b]
    for b in range(n):
        rows[b] += logarithm(total[b])


@jit_inner
def weigh_block(q, n, factor):
    """Multiply the numbers of each row by its factor; 1 / total makes exponentials responsibilities."""
    for k in range(q.shape[0]):
        for b in range(n):
            q[k, b] *= factor[b]
