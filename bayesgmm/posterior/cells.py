"""Cells of a histogram: how many a column asks for, and edges that its rounding cannot make a comb of."""

import numpy as np
from numpy.typing import NDArray

from bayesgmm.data.columns import resolutions

__all__ = ["cell_edges", "column_edges", "count_cells"]

Array = NDArray[np.float64]

MOST_CELLS = 100  # along one column; a far row would ask for millions


def count_cells(x: Array) -> Array:
    """Say how many cells each column asks for: by Rice's rule, or by Freedman and Diaconis' where that asks for more.

    With N rows, range R and distance Q between the quartiles: the larger of 2 N^(1/3) and R N^(1/3) / (2 Q). The latter
    alone sees too few where rows lie in two heaps, so that Q is nearly R.

    Parameters
    ----------
    x : array of shape (N, F)

    Returns
    -------
    array of shape (F,)
        No whole numbers; infinite where half of the rows are equal.

    References
    ----------
    .. [1] Freedman, D. and Diaconis, P. (1981). On the histogram as a density estimator: L2 theory. Zeitschrift fuer
       Wahrscheinlichkeitstheorie und verwandte Gebiete 57, 453-476. doi:10.1007/BF01025868

    Examples
    --------
    >>> import numpy as np
    >>> from bayesgmm.posterior.cells import count_cells
    >>> count_cells(np.array([[0.0, 0.0], [1.0, 0.5], [2.0, 0.5], [3.0, 0.5], [4.0, 9.0]])).round(1)
    array([3.4, inf])
    """
    root = len(x) ** (1 / 3)
    spread = np.ptp(x, axis=0)
    quartiles = np.subtract(*np.quantile(x, [0.75, 0.25], axis=0))
    asked = np.full(x.shape[1], np.inf)
    np.divide(spread * root, 2 * quartiles, out=asked, where=quartiles > 0)
    result: Array = np.maximum(asked, 2 * root)
    return result


def cell_edges(least: float, most: float, resolution: float, n_cells: int) -> Array:
    """Give edges between the values that can occur, all cells a whole number of steps of the resolution wide.

    Cells that hold now three, now four of these values would make a comb of a smooth column.

    Parameters
    ----------
    least, most : float
        The column's ends; the outer cells reach beyond them.
    resolution : float
        The step between values; 0 where they do not repeat.
    n_cells : int
        At least two.

    Returns
    -------
    array of shape (n_cells + 1,)
        Wider cells than asked for leave empty ones at the ends.

    Examples
    --------
    >>> from bayesgmm.posterior.cells import cell_edges
    >>> cell_edges(0.0, 9.0, 0.0, 4), cell_edges(0.0, 9.0, 1.0, 4)
    (array([-1.5,  1.5,  4.5,  7.5, 10.5]), array([-1.5,  1.5,  4.5,  7.5, 10.5]))
    """
    width = (most - least) / (n_cells - 1)
    if resolution == 0.0:
        first = least - width / 2
    else:
        width = float(np.ceil(width / resolution)) * resolution
        first = least - (float(np.floor((n_cells * width - (most - least)) / (2 * resolution))) + 0.5) * resolution
    return first + width * np.arange(n_cells + 1, dtype=np.float64)


def column_edges(column: Array, *, widest: float = np.inf) -> Array:
    """Give the edges of a histogram of one column, as fine as it asks for or as it must be, within reason.

    Parameters
    ----------
    column : array of shape (N,)
    widest : float
        How wide a cell may be, in the units of the column, as long as a hundred are enough.

    Returns
    -------
    array
        At least two; one cell for equal rows.

    Examples
    --------
    >>> import numpy as np
    >>> from bayesgmm.posterior.cells import column_edges
    >>> len(column_edges(np.linspace(0.0, 9.0, 27))), len(column_edges(np.linspace(0.0, 9.0, 27), widest=0.5))
    (7, 20)
    """
    least, most = float(column.min()), float(column.max())
    if least == most:
        return least + (widest if np.isfinite(widest) else 1.0) * np.array([-0.5, 0.5])
    asked = max(float(count_cells(column[:, None])[0]), (most - least) / widest + 1)
    resolution = float(resolutions(column[:, None])[0][0])
    edges = cell_edges(least, most, resolution, int(np.clip(np.ceil(asked), 2, MOST_CELLS)))
    width = edges[1] - edges[0]
    return edges[(edges > least - width) & (edges < most + width)]
