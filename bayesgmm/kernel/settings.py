"""The flat vector of doubles in which everything that the compiled log posterior needs travels.

A header of sizes, numbers and places, then the arrays. A foreign caller can pass one address and nothing else.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bayesgmm.kernel.rows import sweep_callback

__all__ = [
    "AT_CONCENTRATION",
    "AT_FACTOR",
    "AT_LOCATION",
    "AT_MEANS_PRIOR",
    "AT_MODE",
    "AT_ROWS",
    "AT_ROW_WEIGHTS",
    "AT_SCALE",
    "AT_SDS_INDEX",
    "AT_SDS_LOWER",
    "AT_SDS_PRIOR",
    "AT_SDS_SCALE",
    "COMPONENTS",
    "CONSTANT",
    "ETA",
    "FACTOR_WIDTH",
    "FEATURES",
    "HEADER",
    "LENGTH",
    "N_COEFFICIENTS",
    "ROWS",
    "ROW_WEIGHTS",
    "SCALES",
    "SDS",
    "SWEEP",
    "WIDTH",
    "Settings",
    "flatten",
]

Array = NDArray[np.float64]

N_COEFFICIENTS = 8  # of a prior of standard deviations, see `target`

# Where the flat vector keeps what: sizes and numbers, then the places where the arrays begin.
LENGTH, ROWS, FEATURES, COMPONENTS, SDS, SCALES, WIDTH, ROW_WEIGHTS, FACTOR_WIDTH, ETA, CONSTANT = range(11)
AT_MODE, AT_FACTOR, AT_CONCENTRATION, AT_LOCATION, AT_SCALE, AT_MEANS_PRIOR = range(11, 17)
AT_SDS_INDEX, AT_SDS_SCALE, AT_SDS_LOWER, AT_SDS_PRIOR, AT_ROW_WEIGHTS, AT_ROWS, SWEEP, HEADER = range(17, 25)


@dataclass(frozen=True, eq=False)
class Settings:
    """What the compiled log posterior needs to know; N rows, D features, K components, E standard deviations.

    Attributes
    ----------
    rows : array of shape (N, D)
    row_weights : array of shape (N,) or (1,)
        g_n; one number serves all rows.
    concentration : array of shape (K,)
        Of the Dirichlet prior.
    location, scale : arrays of shape (D,)
        The affine map of the means, in the units of x.
    means_prior : array of shape (2, K, D)
        Location and reciprocal sd of the normal prior, in the units of the unconstrained vector.
    sds_index : array of shape (K, D)
        Which of the E standard deviations belongs to each component and feature.
    sds_scale, sds_lower : arrays of shape (E,)
        The column's scale in the units of x, and the lower bound in units of it.
    sds_prior : array of shape (E, 8)
        Coefficients a to h of the prior of t.
    n_correlations : int
        Correlation matrices: K, 1 or 0.
    eta : float
        LKJ parameter.
    constant : float
        All normalisers together.
    """

    rows: Array
    row_weights: Array
    concentration: Array
    location: Array
    scale: Array
    means_prior: Array
    sds_index: Array
    sds_scale: Array
    sds_lower: Array
    sds_prior: Array
    n_correlations: int
    eta: float
    constant: float

    @property
    def n_dim(self) -> int:
        """Length of the unconstrained vector."""
        K, D = self.concentration.size, self.location.size
        return K - 1 + K * D + self.sds_scale.size + self.n_correlations * D * (D - 1) // 2

    @property
    def n_scales(self) -> int:
        """How many scales are computed; components beyond these share the first."""
        return self.n_correlations or self.concentration.size

    @property
    def width(self) -> int:
        """Width W of a component's scale, D or 1, see `blocks`."""
        return self.location.size if self.n_correlations else 1


def flatten(settings: Settings, mode: Array | None = None, factor: Array | None = None) -> Array:
    """Lay settings and whitening out as the one flat vector that the compiled functions read.

    Parameters
    ----------
    settings : Settings
    mode : array of shape (n,), optional
        Where u = 0 lies; None: at zero.
    factor : array of shape (n, n) or (n,), optional
        C in x = mode + C u, or its diagonal; None: x = mode + u.

    Returns
    -------
    array of shape (length,)
        Writable, because numba compiles once more for a read-only array. It holds an address: good in this process.
    """
    n = settings.n_dim
    mode = np.zeros(n) if mode is None else mode
    factor = np.ones(n) if factor is None else factor
    header = np.zeros(HEADER)
    header[ROWS], header[FEATURES] = settings.rows.shape
    header[COMPONENTS], header[SDS] = settings.concentration.size, settings.sds_scale.size
    header[SCALES], header[WIDTH] = settings.n_scales, settings.width
    header[ETA], header[CONSTANT] = settings.eta, settings.constant
    header[ROW_WEIGHTS], header[FACTOR_WIDTH] = settings.row_weights.size, factor.size // n
    parts = {
        AT_MODE: mode,
        AT_FACTOR: factor,
        AT_CONCENTRATION: settings.concentration,
        AT_LOCATION: settings.location,
        AT_SCALE: settings.scale,
        AT_MEANS_PRIOR: settings.means_prior,
        AT_SDS_INDEX: settings.sds_index,
        AT_SDS_SCALE: settings.sds_scale,
        AT_SDS_LOWER: settings.sds_lower,
        AT_SDS_PRIOR: settings.sds_prior,
        AT_ROW_WEIGHTS: settings.row_weights,
        AT_ROWS: settings.rows.T,  # feature by feature
    }
    place = HEADER
    for slot, part in parts.items():
        header[slot] = place
        place += part.size
    header[LENGTH] = place
    header.view(np.int64)[SWEEP] = sweep_callback().address  # of the compiled pass over the rows
    return np.concatenate([header, *(np.ravel(part) for part in parts.values())])
