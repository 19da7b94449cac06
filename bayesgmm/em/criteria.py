"""Information criteria; smaller is better, as in scikit-learn (mclust's are the negatives).

    BIC = -2 log L + p log N          (Schwarz 1978, doi:10.1214/aos/1176344136)
    AIC = -2 log L + 2 p              (Akaike 1974, doi:10.1109/TAC.1974.1100705)
    ICL = BIC - 2 sum_n g_n log max_k r_nk   (Biernacki, Celeux and Govaert 2000, doi:10.1109/34.865189)
        = -2 sum_n g_n max_k log(w_k N(x_n | m_k, Sigma_k)) + p log N

BIC asks how many components describe the density, ICL how many clusters stand apart: rows whose component is in doubt
count against a model. N is the sum of the weights.
"""

import math

import numpy as np
from numpy.typing import NDArray

from bayesgmm import density
from bayesgmm.covariance import CovarianceFamily
from bayesgmm.data import Data
from bayesgmm.mixture import Mixture

__all__ = ["aic", "bic", "icl", "n_parameters"]

Array = NDArray[np.float64]

BLOCK = 1 << 16  # rows whose log joints are held at once


def n_parameters(family: CovarianceFamily, n_components: int, n_features: int) -> int:
    """Count the free parameters: K - 1 weights, K D means, and the family's covariances.

    Parameters
    ----------
    family : CovarianceFamily
    n_components, n_features : int
        K and D.

    Returns
    -------
    int

    Examples
    --------
    >>> from bayesgmm.covariance import Full
    >>> from bayesgmm.em.criteria import n_parameters
    >>> n_parameters(Full(), 2, 2)
    11
    """
    return n_components - 1 + n_components * n_features + family.n_parameters(n_components, n_features)


def bic(log_likelihood: float, n_parameters: int, n_rows: float) -> float:
    """Give the Bayesian information criterion.

    Parameters
    ----------
    log_likelihood : float
        sum_n g_n log f(x_n).
    n_parameters : int
        p.
    n_rows : float
        N, or the sum of the weights.

    Returns
    -------
    float

    Examples
    --------
    >>> from bayesgmm.em.criteria import bic
    >>> round(bic(-1130.263960, 11, 272), 4)
    2322.1917
    """
    return -2 * log_likelihood + n_parameters * math.log(n_rows)


def aic(log_likelihood: float, n_parameters: int) -> float:
    """Give Akaike's information criterion.

    Parameters
    ----------
    log_likelihood : float
        sum_n g_n log f(x_n).
    n_parameters : int
        p.

    Returns
    -------
    float

    Examples
    --------
    >>> from bayesgmm.em.criteria import aic
    >>> aic(-10.0, 3)
    26.0
    """
    return -2 * log_likelihood + 2 * n_parameters


def icl(mixture: Mixture, data: Data, family: CovarianceFamily) -> float:
    """Give the integrated completed likelihood criterion of a mixture on some rows.

    Parameters
    ----------
    mixture : Mixture
        Without batch axes.
    data : Data
        The rows; their weights count.
    family : CovarianceFamily
        Whose parameters are counted.

    Returns
    -------
    float
        At least the BIC.

    Examples
    --------
    >>> from bayesgmm.covariance import Diagonal
    >>> from bayesgmm.data import as_data
    >>> from bayesgmm.em.criteria import icl
    >>> from bayesgmm.mixture import Mixture
    >>> twins = Mixture.from_sds([0.5, 0.5], [[0.0], [0.0]], [[1.0], [1.0]])
    >>> round(icl(twins, as_data([[0.0]]), Diagonal()), 3)  # 2 log sqrt(2 pi) + 5 log 1 + 2 log 2
    3.224
    """
    parameters, completed = (mixture.log_weights, mixture.means, mixture.scale_tril), 0.0
    for start in range(0, len(data.rows), BLOCK):
        block = slice(start, start + BLOCK)
        best = density.log_joint(data.rows[block], *parameters).max(-1)
        completed += float(best.sum() if data.row_weights is None else data.row_weights[block] @ best)
    p = n_parameters(family, mixture.n_components, mixture.n_features)
    return bic(completed, p, data.total_weight)
