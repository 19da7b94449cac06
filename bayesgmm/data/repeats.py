"""Rows that repeat (pictures, rounded data) collapsed to counts: exact, and much faster for every pass over them.

And how heavy the commonest of them is.
"""

import numpy as np
from numpy.typing import NDArray

__all__ = ["collapse_rows", "heaviest_row"]

Array = NDArray[np.float64]

COLLAPSE_FROM = 100  # with fewer rows there is nothing to gain
COLLAPSE_BELOW = 0.75  # share of distinct rows above which counts and an index cost more than they save
BLOCK = 1 << 14  # rows compared at a time, so that temporaries stay small


def collapse_rows(x: Array, n_distinct: int = 1) -> tuple[Array, NDArray[np.intp] | None]:
    """Give the distinct rows and each row's place among them, where that pays.

    Rows are recognised by a 64-bit key of their bits and compared bit for bit afterwards.

    Parameters
    ----------
    x : array of shape (N, D)
        Finite float64 rows.
    n_distinct : int
        A lower bound of the number of distinct rows, such as the distinct values of one column: where it says that
        collapsing does not pay, nothing else is done. 1 says nothing.

    Returns
    -------
    rows : array of shape (M, D)
        The distinct rows in order of appearance; `x` itself where it has fewer than 100 rows, or M exceeds 0.75 N.
    row_index : array of shape (N,) or None
        ``rows[row_index]`` equals `x`; None where `rows` is `x`.

    Examples
    --------
    >>> import numpy as np
    >>> from bayesgmm.data.repeats import collapse_rows
    >>> rows, row_index = collapse_rows(np.tile([[1.0], [2.0]], (50, 1)))
    >>> rows.ravel(), np.bincount(row_index)
    (array([1., 2.]), array([50, 50]))
    """
    N = len(x)
    if N < COLLAPSE_FROM or n_distinct > COLLAPSE_BELOW * N:  # a column's distinct values bound the rows' from below
        return x, None
    _, first, place = np.unique(_row_keys(x), return_index=True, return_inverse=True)
    if len(first) > COLLAPSE_BELOW * N:
        return x, None
    order = np.argsort(first)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    rows, row_index = x[first[order]], rank[place]
    is_exact = all(np.array_equal(rows[row_index[i : i + BLOCK]], x[i : i + BLOCK]) for i in range(0, N, BLOCK))
    return (rows, row_index) if is_exact else (x, None)  # two rows with one key: not seen in practice


def heaviest_row(x: Array, weights: Array | None = None) -> float:
    """Give how often the commonest row occurs, or what its copies weigh together.

    Parameters
    ----------
    x : array of shape (N, D)
        Finite float64 rows.
    weights : array of shape (N,), optional
        None: every row weighs one.

    Returns
    -------
    float

    Examples
    --------
    >>> import numpy as np
    >>> from bayesgmm.data.repeats import heaviest_row
    >>> heaviest_row(np.array([[1.0, 2.0], [1.0, 3.0], [1.0, 2.0]]))
    2.0
    """
    _, place = np.unique(_row_keys(x), return_inverse=True)
    return float(np.bincount(place, weights).max())


def _row_keys(x: Array) -> NDArray[np.uint64]:
    """Mix the bits of each row into 64 (Steele, Lea and Flood 2014, doi:10.1145/2660193.2660195)."""
    keys = np.zeros(len(x), np.uint64)
    for column in x.T:
        keys ^= (column + 0.0).view(np.uint64)  # -0.0 + 0.0 is 0.0
        for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
            keys ^= keys >> np.uint64(shift)
            keys *= np.uint64(factor)
        keys ^= keys >> np.uint64(31)
    return keys
