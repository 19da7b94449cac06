"""What the columns are like: location, scale, resolution, and which of them depend on others.

With row weights g_n (1 by default) a column's location and scale are

    location_j = sum_n g_n x_nj / G,   scale_j^2 = sum_n g_n (x_nj - location_j)^2 / G,   G = sum_n g_n,

by the corrected two-pass algorithm (Chan, Golub and LeVeque 1983, doi:10.1080/00031305.1983.10483115) about a row of
the data, so that an offset of 1e9 standard deviations costs no digits beyond those the numbers themselves lack.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

__all__ = ["dependent_columns", "moments", "resolutions", "rounding_noise"]

Array = NDArray[np.float64]

BLOCK = 1 << 14  # rows worked on at a time, so that temporaries stay small
ROUNDING = 4 * float(np.finfo(float).eps)  # relative difference below which numbers are the same but for rounding
INVOLVED = 1e-4  # share of a standardised column in a combination below which it may be rounding alone


def moments(x: Array, weights: Array | None = None) -> tuple[Array, Array]:
    """Weighted means and standard deviations of the columns.

    Parameters
    ----------
    x : array of shape (N, D)
        Rows, in any units.
    weights : array of shape (N,), optional
        Nonnegative, one positive. None: all one.

    Returns
    -------
    location, scale : arrays of shape (D,)
        In the units of `x`; `scale` divides by the total weight and is exactly 0 for a constant column.

    Examples
    --------
    >>> import numpy as np
    >>> from bayesgmm.data.columns import moments
    >>> location, scale = moments(np.array([[0.0], [2.0]]) + 1e15)
    >>> location - 1e15, scale
    (array([1.]), array([1.]))
    """
    N = len(x)
    if weights is None:
        share, centre = np.broadcast_to(1.0 / N, N), x[0]
    else:
        share, centre = weights / weights.max(), x[np.argmax(weights)]
        share = share / share.sum()
    first = centre + _average(x, share, lambda block: block - centre)
    left = _average(x, share, lambda block: block - first)
    square = _average(x, share, lambda block: (block - first) ** 2)
    return first + left, np.sqrt(np.maximum(square - left**2, 0.0))


def resolutions(x: Array, *, can_repeat: bool = False) -> tuple[Array, int]:
    """Find the smallest step between distinct values of each column in which values repeat.

    Values that differ by rounding alone (4 eps of their size) count as repeated, not as distinct.

    Parameters
    ----------
    x : array of shape (N, D)
        Rows, in any units.
    can_repeat : bool
        Whether values count as repeated in any case, as where a row weighs two or more.

    Returns
    -------
    resolution : array of shape (D,)
        In the units of `x`; 0 where no value repeats, and for a constant column.
    n_distinct : int
        The largest number of distinct values in a column: the rows have at least as many.

    Examples
    --------
    >>> import numpy as np
    >>> from bayesgmm.data.columns import resolutions
    >>> resolutions(np.array([[0.0, 1.0], [0.5, 2.0], [0.5, 4.0]]))
    (array([0.5, 0. ]), 3)
    """
    resolution, n_distinct = np.zeros(x.shape[1]), 1
    for j, column in enumerate(x.T):
        values = np.sort(column)
        steps = np.diff(values)
        n_distinct = max(n_distinct, 1 + int(np.count_nonzero(steps)))
        sizes = np.abs(values, out=values)
        is_tie = steps <= ROUNDING * np.maximum(sizes[1:], sizes[:-1])
        if (can_repeat or is_tie.any()) and not is_tie.all():
            resolution[j] = steps[~is_tie].min()
    return resolution, n_distinct


def rounding_noise(x: Array) -> Array:
    """Bound what rounding alone can make of a constant column: 4 eps times its largest size.

    Parameters
    ----------
    x : array of shape (N, D)
        Rows, in any units.

    Returns
    -------
    array of shape (D,)
        In the units of `x`.

    Examples
    --------
    >>> import numpy as np
    >>> from bayesgmm.data.columns import rounding_noise
    >>> rounding_noise(np.array([[1.0], [-2.0]])) / np.finfo(float).eps
    array([8.])
    """
    return ROUNDING * np.maximum(x.max(axis=0), -x.min(axis=0))


def dependent_columns(x: Array, location: Array, scale: Array) -> tuple[NDArray[np.bool_], int]:
    """Find columns that are linear combinations of others, but for rounding.

    The singular values of the standardised rows divided by sqrt(N) are compared with what rounding alone can leave in
    their directions v, 4 eps (D + sum_j |v_j| max_n |x_nj| / scale_j): a direction 1e-5 of the range wide passes, a
    copy of a column does not, whatever the columns' offsets and units. The singular values come from QR
    decompositions of blocks of rows (Golub and Van Loan 2013, Matrix Computations, section 5.2), which square nothing.

    Parameters
    ----------
    x : array of shape (N, D)
        Rows, in any units.
    location, scale : arrays of shape (D,)
        As from `moments`; every scale positive.

    Returns
    -------
    involved : array of shape (D,)
        Which columns take part in a linear relation.
    n_relations : int
        How many relations there are: as many columns are to be left out.

    Examples
    --------
    >>> import numpy as np
    >>> from bayesgmm.data.columns import dependent_columns, moments
    >>> x = np.random.default_rng(1).normal(size=(9, 3))
    >>> x[:, 2] = 3 - 2 * x[:, 0]
    >>> dependent_columns(x, *moments(x))
    (array([ True, False,  True]), 1)
    """
    D = x.shape[1]
    factor = np.empty((0, D))
    for i in range(0, len(x), BLOCK):
        factor = np.linalg.qr(np.vstack([factor, (x[i : i + BLOCK] - location) / scale]), mode="r")
    _, values, directions = np.linalg.svd(factor / np.sqrt(len(x)))  # directions (D, D), one per row
    values = np.pad(values, (0, D - len(values)))
    is_null = values <= ROUNDING * D + np.abs(directions) @ (rounding_noise(x) / scale)
    involved = np.linalg.norm(directions[is_null], axis=0) > INVOLVED
    return involved, int(is_null.sum())


def _average(x: Array, share: Array, function: Callable[[Array], Array]) -> Array:
    """Sum share_n function(x_n) over the rows, block by block."""
    starts = range(0, len(x), BLOCK)
    return np.sum([share[i : i + BLOCK] @ function(x[i : i + BLOCK]) for i in starts], axis=0)
