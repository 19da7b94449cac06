"""Where the priors differ between components: which component stands in which place.

Such a posterior is not symmetric. Of the K! orders of EM's components the chains start in the one with the highest
prior density, an assignment problem, since the prior is a product over places: place p takes component k at the price

    -(a_p - 1) log w_k - log p_p(m_k) - log p_p(s_k).
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from bayesgmm import model
from bayesgmm.covariance import CovarianceFamily
from bayesgmm.mixture import Mixture
from bayesgmm.model.named import NamedPrior
from bayesgmm.model.priors import ResolvedPriors

__all__ = ["prior_order"]

Array = NDArray[np.float64]

IMPOSSIBLE = -1e250  # stands for a log density of minus infinity: the assignment takes finite prices


def prior_order(mixture: Mixture, priors: ResolvedPriors, family: CovarianceFamily) -> NDArray[np.intp]:
    """Give the order of the components in which the prior density is highest.

    Parameters
    ----------
    mixture : Mixture
        K components, D features.
    priors : ResolvedPriors
    family : CovarianceFamily
        Where components share their covariance, it has no say in the order.

    Returns
    -------
    integer array of shape (K,)
        The component that goes to each place, for `Mixture.permute`.

    Examples
    --------
    >>> import numpy as np
    >>> from bayesgmm.covariance import Full
    >>> from bayesgmm.inference.placement import prior_order
    >>> from bayesgmm.mixture import Mixture
    >>> from bayesgmm.model.named import HalfNormal, Normal
    >>> from bayesgmm.model.priors import ResolvedPriors
    >>> priors = ResolvedPriors(np.ones(2), Normal([[9.0], [0.0]], 1.0), HalfNormal(1.0), 2.0, False)
    >>> prior_order(Mixture.from_sds([0.5, 0.5], [[0.0], [9.0]], [[1.0], [1.0]]), priors, Full())
    array([1, 0])
    """
    gain = (priors.concentration[:, None] - 1.0) * mixture.log_weights  # (places, components)
    gain += _gain(priors.means, "means", mixture.means)
    if not family.is_shared:
        gain += _gain(priors.sds, "sds", family.compact_sds(mixture.sds))
    return linear_sum_assignment(-np.nan_to_num(gain, nan=IMPOSSIBLE, neginf=IMPOSSIBLE))[1]


def _gain(prior: Any, name: str, values: Array) -> Array:
    """Give log p_p(value of component k) for every place p and component k, of shape (K, K)."""
    K = values.shape[0]
    if isinstance(prior, NamedPrior):
        evaluate: Callable[[Array], Array] = prior.log_density
    else:
        evaluate = model.users.log_density(prior, name, values.shape)
    everywhere = [evaluate(np.repeat(value[None], K, axis=0)) for value in values]  # each (K, ...): one per place
    if np.shape(everywhere[0])[:1] != (K,):  # one event over all places: no place has a density of its own
        return np.zeros((K, K))
    return np.stack([density.reshape(K, -1).sum(-1) for density in everywhere], axis=-1)
