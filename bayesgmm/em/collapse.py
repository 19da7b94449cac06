"""When a component has collapsed: its likelihood then grows without bound and says nothing about the data.

A component is held for collapsed where
- it holds fewer rows than determine its own parameters (D + 1 for a covariance matrix of its own, 2 for variances,
  1 for a mean alone), or
- an sd is below what the column resolves: half the smallest step between values that repeat, at most a tenth of the
  column's sd (so that a column of zeros and ones is not at fault by itself), or
- in some direction less of its variance comes from the rows than from regularisation: its variance there is below
  twice the floor, which is the ridge and at least 1e-12 of the columns' variances. Where the data as a whole are
  hardly wider than the floor, nothing can be told from that and nothing is.

Day (1969, doi:10.1093/biomet/56.3.463) showed that every single row makes such a singularity.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bayesgmm.covariance import CovarianceFamily
from bayesgmm.data import Data

__all__ = ["Limits", "find_collapsed", "set_limits"]

Array = NDArray[np.float64]

BLOCK = 1 << 16  # rows standardised at once
RESOLVED_SHARE = 0.1  # of a column's sd, above which its resolution is no sign of collapse
LEAST_VARIANCE = 1e-12  # relative; sds a million times smaller than the column's
FLOOR_SHARE = 2.0  # variance over floor: half of it is regularisation
WHOLE_SHARE = 0.01  # of the variance of all rows over floor


class Limits(NamedTuple):
    """What a component must exceed.

    Attributes
    ----------
    rows : float
        Its weight in rows, N_k.
    sds : array of shape (D,)
        Its sds, in the units of x.
    floor : array of shape (D,)
        Variances, in units of x squared, ...
    n_floors : float
        ... that many times in every direction.
    """

    rows: float
    sds: Array
    floor: Array
    n_floors: float


def set_limits(data: Data, family: CovarianceFamily, ridge: Array) -> Limits:
    """Set the limits for a family on some data.

    Parameters
    ----------
    data : Data
        Weights that sum to less than the number of rows are taken as relative: they are scaled up to it.
    family : CovarianceFamily
    ridge : array of shape (D,)
        What is added to the variances, in units of x squared.

    Returns
    -------
    Limits
    """
    floor = np.maximum(np.maximum(ridge, LEAST_VARIANCE * data.scale**2), np.finfo(float).tiny)
    floor = family.pool(np.ones(1), floor[None])[0] if family.is_diagonal else floor
    whole = (data.scale**2 / floor).min() if family.is_diagonal else np.linalg.eigvalsh(_scatter(data, floor))[0]
    return Limits(
        rows=family.rows_needed(data.n_features) * data.row_unit,
        sds=family.shared_sds(np.minimum(data.resolution / 2, RESOLVED_SHARE * data.scale)),
        floor=floor,
        n_floors=min(FLOOR_SHARE, WHOLE_SHARE * max(float(whole), 0.0)),
    )


def find_collapsed(limits: Limits, counts: Array, scale: Array) -> tuple[int, ...]:
    """Name the components that have collapsed.

    Parameters
    ----------
    limits : Limits
    counts : array of shape (K,)
        N_k.
    scale : array of shape (K, D, D) or (K, D)
        As the compiled passes read it, in the units of x.

    Returns
    -------
    tuple of int
        Positions in ascending order; empty where all is well, and for a single component, which has all rows.

    Examples
    --------
    >>> import numpy as np
    >>> from bayesgmm.covariance import Diagonal
    >>> from bayesgmm.data import as_data
    >>> from bayesgmm.em.collapse import find_collapsed, set_limits
    >>> limits = set_limits(as_data([[0.0], [1.0], [2.0], [3.0]]), Diagonal(), np.zeros(1))
    >>> find_collapsed(limits, np.array([3.0, 1.0]), np.array([[0.8], [0.5]]))
    (1,)
    """
    if len(counts) == 1:
        return ()
    is_dense = scale.ndim == 3
    sds = np.sqrt((scale**2).sum(-1)) if is_dense else scale  # (K, D)
    relative = scale / np.sqrt(limits.floor)[:, None] if is_dense else scale / np.sqrt(limits.floor)
    narrowest = np.linalg.svd(relative, compute_uv=False)[:, -1] if is_dense else relative.min(1)
    few = counts < limits.rows * (1 - 1e-6)
    narrow = (sds < limits.sds).any(1)
    flat = narrowest**2 < limits.n_floors
    return tuple(np.flatnonzero(few | narrow | flat).tolist())


def _scatter(data: Data, floor: Array) -> Array:
    """Covariance of all rows in units of the floor, of shape (D, D), from blocks of rows."""
    sums = np.zeros((data.n_features, data.n_features))
    for start in range(0, len(data.rows), BLOCK):
        block = slice(start, start + BLOCK)
        z = (data.rows[block] - data.location) / np.sqrt(floor)
        sums += (z if data.row_weights is None else data.row_weights[block, None] * z).T @ z
    return sums / data.total_weight
