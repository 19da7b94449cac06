"""How far rows lie from components, in the components' own standard deviations (Mahalanobis 1936).

    d_nk = |L_k^-1 (x_n - m_k)|,   and of a posterior E d_nk, its mean over the draws

The pass over the draws gives log N(x_n | m_k, L_k L_k') = -d_nk^2 / 2 - log|L_k| - D log(2 pi) / 2, from which d_nk is
read: to about 1e-7 at the centre of a component, and to many digits away from it.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bayesgmm.data import as_rows
from bayesgmm.mixture import Mixture
from bayesgmm.posterior.prediction import by_row_blocks

__all__ = ["component_distances"]

Array = NDArray[np.float64]


def component_distances(mixture: Mixture, X: ArrayLike) -> Array:
    """Give the distance of each row from each component, averaged over the draws where there are any.

    N rows, D features, K components.

    Parameters
    ----------
    mixture : Mixture
        One, or with leading axes the draws of a posterior.
    X : array or DataFrame of shape (N, D)
        In the units of x.

    Returns
    -------
    array of shape (N, K)
        At least zero, without a unit: rows of a component have squared distances that follow chi-square's distribution
        with D degrees of freedom.

    References
    ----------
    .. [1] Mahalanobis, P. C. (1936). On the generalised distance in statistics. Proceedings of the National Institute
       of Sciences of India 2, 49-55.

    Examples
    --------
    >>> from bayesgmm.mixture import Mixture
    >>> from bayesgmm.posterior.distances import component_distances
    >>> component_distances(Mixture.from_sds([0.5, 0.5], [[0.0], [10.0]], [[1.0], [2.0]]), [[3.0]])
    array([[3. , 3.5]])
    """
    flat = mixture.flatten()
    scales = np.diagonal(flat.scale_tril, axis1=-2, axis2=-1)  # (S, K, D)
    peaks = np.log(scales).sum(-1) + flat.n_features * np.log(2.0 * np.pi) / 2.0  # (S, K), minus the log of each

    def distances(block: Array) -> tuple[Array]:
        squared = -2.0 * (flat.component_log_density(block) + peaks[:, None, :])  # (S, B, K)
        return (np.sqrt(np.maximum(squared, 0.0)).mean(0),)

    return by_row_blocks(distances, as_rows(X, flat.n_features), peaks.size)[0]
