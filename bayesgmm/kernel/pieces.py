"""Many rows in pieces, by several threads; compiled passes hold no lock.

Where the rows are cut depends on their number alone and results come back in order, so what is summed does not depend
on how many threads there are.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from numba.core import config

from bayesgmm.kernel.blocks import BLOCK

__all__ = ["PIECE", "in_pieces", "n_threads"]

PIECE = 512 * BLOCK  # rows: half a millisecond at the least, five times what a thread costs


def in_pieces[Result](work: Callable[[int, int], Result], n_rows: int) -> list[Result]:
    """Let `work` take the rows piece by piece, on as many threads as numba may use (``NUMBA_NUM_THREADS``).

    Parameters
    ----------
    work : callable
        Takes the first row of a piece, and the first after it.
    n_rows : int
        N.

    Returns
    -------
    list
        What `work` returned, in the order of the rows.

    Examples
    --------
    >>> from bayesgmm.kernel.pieces import in_pieces
    >>> in_pieces(lambda begin, end: end - begin, 100_000)
    [65536, 34464]
    """
    begins = range(0, max(n_rows, 1), PIECE)
    ends = [min(begin + PIECE, n_rows) for begin in begins]
    if len(begins) == 1:
        return [work(0, n_rows)]
    with ThreadPoolExecutor(min(len(begins), n_threads())) as pool:
        return list(pool.map(work, begins, ends))


def n_threads() -> int:
    """Give how many threads numba may use, and with it all of this package: ``NUMBA_NUM_THREADS``, else every core.

    Returns
    -------
    int

    Examples
    --------
    >>> from bayesgmm.kernel.pieces import n_threads
    >>> n_threads() >= 1
    True
    """
    return int(config.NUMBA_NUM_THREADS)  # type: ignore[attr-defined]
