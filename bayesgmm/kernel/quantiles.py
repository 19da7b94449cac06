"""Order statistics and spread over the draws, for many columns at once.

    sd = sqrt(sum_s (v_s - mean)^2 / S),   v_(1) <= ... <= v_(S)

A quantile over thousands of draws needs two order statistics and no sort. Values are counted in bins of equal width in
the bits of a float, whose order is that of the numbers and which for small numbers are a logarithmic scale, so that
shares near zero, near one and in between spread over the bins alike. The bin in which a rank falls is taken out and
divided anew until few values are left (bucket selection; Devroye 1986, Lecture Notes on Bucket Algorithms,
doi:10.1007/978-1-4899-3531-1), which are sorted. Three passes, free of branches, over a column that lies in the cache.
"""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bayesgmm.kernel.blocks import as_input, bits_from_float
from bayesgmm.kernel.compilation import jit, jit_inner

__all__ = ["draw_spread"]

Array = NDArray[np.float64]

SIDE = 8  # columns read side by side: a cache line of doubles
N_BINS = 512  # with a few thousand draws a bin then holds a few values
ALL_BUT_SIGN = 2**63 - 1
FEW = 24  # values that are sorted by insertion


def draw_spread(values: Array, probabilities: ArrayLike) -> tuple[Array, Array]:
    """Give standard deviation and quantiles over the first axis.

    Parameters
    ----------
    values : array of shape (S, ...)
        A column with NaN gives NaN.
    probabilities : array of shape (P,)
        In [0, 1]. Between two order statistics the quantile is interpolated linearly, as NumPy does (type 7 of Hyndman
        and Fan 1996, doi:10.1080/00031305.1996.10473566).

    Returns
    -------
    sd : array of shape (...)
        With divisor S.
    quantiles : array of shape (P, ...)

    Examples
    --------
    >>> import numpy as np
    >>> from bayesgmm.kernel.quantiles import draw_spread
    >>> draw_spread(np.array([[4.0], [1.0], [0.0], [3.0]]), [0.5])
    (array([1.58113883]), array([[2.]]))
    """
    S, shape = values.shape[0], values.shape[1:]
    places = np.asarray(probabilities, dtype=np.float64) * (S - 1)
    lower = np.floor(places).astype(np.int64)
    ranks = np.stack([lower, np.minimum(lower + 1, S - 1)], axis=1).ravel()
    (columns,) = as_input(values.reshape(S, -1))
    sd, found = np.empty(columns.shape[1]), np.empty((ranks.size, columns.shape[1]))
    _spread(columns, ranks, sd, found)
    below, above = found[::2], found[1::2]
    share = (places - lower)[:, None]
    # From the nearer end, as NumPy interpolates: so the result is NumPy's to the last bit.
    quantiles = np.where(share < 0.5, below + (above - below) * share, above - (above - below) * (1 - share))
    return sd.reshape(shape), quantiles.reshape(-1, *shape)


@jit_inner
def _key(value):
    """Give the bits of a float as an integer in the order of the floats: of a negative one all but the sign turn."""
    bits = bits_from_float(value)
    return bits ^ ((bits >> 63) & ALL_BUT_SIGN)


@jit_inner
def _bin(value, first, factor):
    """Give the bin of a number whose key is at least `first`."""
    return int(_steps(_key(value), first) * factor)


@jit_inner
def _steps(key, first):
    """Give how many keys lie between two; without a sign, because there may be more than half of all."""
    return float(np.uint64(key - first))


@jit_inner
def _count(values, n, bins):
    """Count values in bins between the least and the largest; return the least's key and bins per step of a key."""
    low, high = values[0], values[0]
    for i in range(n):
        low = values[i] if values[i] < low else low
        high = values[i] if values[i] > high else high
    first = _key(low)
    factor = (N_BINS - 0.5) / max(1.0, _steps(_key(high), first))
    for j in range(N_BINS):
        bins[j] = 0
    if low == high:  # counting into one bin alone is slow: each count waits for the last
        bins[0] = n
        return first, factor
    for i in range(n):
        bins[_bin(values[i], first, factor)] += 1
    return first, factor


@jit_inner
def _take(values, n, first, factor, chosen, taken):
    """Copy the values of one bin, and return how many there are; `taken` may be `values`."""
    kept = 0
    for i in range(n):
        value = values[i]
        taken[kept] = value
        kept += _bin(value, first, factor) == chosen
    return kept


@jit_inner
def _select(values, n, rank, bins):
    """Give the value of a rank among n; the values are used up."""
    while n > FEW:
        first, factor = _count(values, n, bins)
        chosen = 0
        while rank >= bins[chosen]:
            rank -= bins[chosen]
            chosen += 1
        if bins[chosen] == n:  # all in one bin: they are equal
            return values[0]
        n = _take(values, n, first, factor, chosen, values)
    for i in range(1, n):
        value, j = values[i], i
        while j > 0 and values[j - 1] > value:
            values[j] = values[j - 1]
            j -= 1
        values[j] = value
    return values[rank]


@jit
def _spread(columns, ranks, sds, found):
    """Write the standard deviation and the order statistics of the ranks of each column."""
    S, M = columns.shape
    tile, taken = np.empty((SIDE, S)), np.empty(S + 1)
    bins, inner = np.empty(N_BINS, np.int64), np.empty(N_BINS, np.int64)
    for start in range(0, M, SIDE):
        width = min(SIDE, M - start)
        for s in range(S):
            for t in range(width):
                tile[t, s] = columns[s, start + t]
        for t in range(width):
            column, total, square, rest = tile[t], 0.0, 0.0, 0.0
            for s in range(S):
                total += column[s]
            if math.isnan(total):  # its bits have no bin
                sds[start + t], found[:, start + t] = np.nan, np.nan
                continue
            mean = total / S
            for s in range(S):
                rest += column[s] - mean
                square += (column[s] - mean) ** 2
            # Less what the mean's rounding adds (Chan, Golub and LeVeque 1983, doi:10.1080/00031305.1983.10483115).
            sds[start + t] = math.sqrt(max(square - rest * rest / S, 0.0) / S)
            first, factor = _count(column, S, bins)
            last, n = -1, 0
            for r in range(ranks.shape[0]):
                rank, chosen = ranks[r], 0
                while rank >= bins[chosen]:
                    rank -= bins[chosen]
                    chosen += 1
                if chosen == last and n <= FEW:  # sorted for the rank before
                    found[r, start + t] = taken[rank]
                    continue
                last, n = chosen, _take(column, S, first, factor, chosen, taken)
                found[r, start + t] = _select(taken, n, rank, inner)
