"""Where the priors differ between components: which component stands in which place.

Such a posterior is not symmetric. Of the K! orders of EM's components the chains start in the one with the highest prior
density, an assignment problem, since the prior is a product over places: place p takes component k at the price

    -(a_p - 1) log w_k - log p_p(m_k) - log p_p(s_k).
"""

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
    K = mixture.n_components
    gain = (priors.concentration[:, None] - 1.0) * mixture.log_weights  # (places, components)
    for component in range(K):
        means = np.repeat(mixture.means[component][None], K, axis=0)
        gain[:, component] += _log_density(priors.means, means).reshape(K, -1).sum(-1)
        if not family.is_shared:
            sds = family.compact_sds(np.repeat(mixture.sds[component][None], K, axis=0))
            gain[:, component] += _log_density(priors.sds, sds).reshape(K, -1).sum(-1)
    return linear_sum_assignment(-gain)[1]


def _log_density(prior: Any, value: Array) -> Array:
    """Evaluate a named prior, or a PyMC variable."""
    evaluate = prior.log_density if isinstance(prior, NamedPrior) else model.terms.log_density(prior)
    return np.broadcast_to(evaluate(value), value.shape)
