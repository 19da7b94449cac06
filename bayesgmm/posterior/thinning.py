"""Few draws for pictures: evenly spaced, so that every chain and every part of it has its share.

A share or an average over S draws as good as independent has the standard error sqrt(p (1 - p) / S) or sd / sqrt(S).
With the 500 draws that pictures take, an edge of a 89 % band lies where 5.5 % of the draws fall below it, give or take
1.0 %: less than the width of a line. More draws would take their time and change nothing that is seen.
"""

import numpy as np
from numpy.typing import NDArray

from bayesgmm.data import as_count
from bayesgmm.mixture import Mixture

__all__ = ["N_DRAWS", "monte_carlo_error", "spaced_draws", "spaced_parameters"]

Array = NDArray[np.float64]

N_DRAWS = 500


def spaced_draws(mixture: Mixture, n_draws: int = N_DRAWS) -> Mixture:
    """Take at most so many draws, evenly spaced over all chains.

    Parameters
    ----------
    mixture : Mixture
        With any batch axes; a single mixture is one draw.
    n_draws : int
        At most; 500 by default.

    Returns
    -------
    Mixture
        With one batch axis.

    Raises
    ------
    InvalidArgumentError
        If `n_draws` is no positive integer.

    Examples
    --------
    >>> from bayesgmm.posterior.thinning import spaced_draws
    >>> spaced_draws(fit.posterior_.mixture, 100).batch_shape
    (100,)
    """
    flat, most = mixture.flatten(), as_count("n_draws", n_draws)
    S = flat.batch_shape[0]
    return flat if most >= S else flat[np.linspace(0, S - 1, most).round().astype(int)]


def spaced_parameters(mixture: Mixture, n_draws: int = N_DRAWS) -> tuple[Array, Array, Array]:
    """Give log weights (S, K), means (S, K, D) and factors (S, K, D, D) of those draws, as compiled passes read them.

    Parameters
    ----------
    mixture : Mixture
    n_draws : int
        As `spaced_draws` takes them.

    Returns
    -------
    tuple of three arrays

    Examples
    --------
    >>> from bayesgmm.posterior.thinning import spaced_parameters
    >>> [array.shape for array in spaced_parameters(fit.posterior_.mixture, 100)]
    [(100, 2), (100, 2, 2), (100, 2, 2, 2)]
    """
    few = spaced_draws(mixture, n_draws)
    return few.log_weights, few.means, few.scale_tril


def monte_carlo_error(bounds: tuple[float, float], n_draws: int) -> float:
    """Give the standard error of the probability that lies beyond an edge of a band.

    Parameters
    ----------
    bounds : two float
        The probabilities below the band's edges.
    n_draws : int
        S, taken as independent.

    Returns
    -------
    float
        The larger of sqrt(p (1 - p) / S).

    Examples
    --------
    >>> from bayesgmm.posterior.thinning import monte_carlo_error
    >>> round(monte_carlo_error((0.055, 0.945), 500), 3)
    0.01
    """
    return max(float(np.sqrt(p * (1 - p) / n_draws)) for p in bounds)
