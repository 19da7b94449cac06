"""The textbook model, as a `pymc.Model` in the user's units.

    weights ~ Dirichlet(concentration)          means ~ Normal          sds ~ a positive prior
    (partials + 1) / 2 ~ Beta(b_j, b_j), b_j = eta + (D - 2 - j) / 2: correlations ~ LKJ(eta)
    x_n ~ sum_k weights_k Normal(means_k, covariances_k), one event per row

The free variables come in this order; K = 1 has no weights, one feature and the diagonal families have no partials.
Their values on the sampler's scale, one after another, are the unconstrained vector of the compiled log posterior.
"""

from typing import Any

import pymc as pm

from bayesgmm.covariance import CovarianceFamily, as_family
from bayesgmm.data import Data, as_data, check_n_components, check_rank
from bayesgmm.model.likelihood import MixtureRows
from bayesgmm.model.priors import Priors, ResolvedPriors
from bayesgmm.model.terms import add_means, add_scale, add_weights
from bayesgmm.schema import COMPONENT, FEATURE, FEATURE_BIS, OBS, PAIR, pair_names

__all__ = ["build_model", "model_from_data"]


def build_model(
    X: Any,
    n_components: int = 1,
    *,
    covariance_type: str | CovarianceFamily = "full",
    priors: Priors | None = None,
) -> pm.Model:
    r"""State the Gaussian mixture as a PyMC model, in the units of `X`; nothing is compiled.

    .. math:: x_n \sim \sum_k w_k \, N(m_k, \Sigma_k)

    with K components, D features, N rows and P = D (D - 1) / 2 pairs of features.

    Parameters
    ----------
    X : array-like of shape (N, D)
        The rows; a DataFrame's column and row names become coordinates.
    n_components : int, default 1
        K, exactly: no upper bound.
    covariance_type : {"full", "tied", "diag", "spherical"}, default "full"
        "full" is the least restrictive.
    priors : Priors, optional
        None: defaults scaled to the data, see `Priors`.

    Returns
    -------
    pymc.Model
        Free variables ``weights`` (component), ``means`` (component, feature), ``sds`` (component, feature; tied:
        feature; spherical: component), ``partials`` (component, pair; tied: pair); deterministic ``correlations``
        and ``covariances``; observed ``x`` (obs, feature) on the data ``x_data``.

    Raises
    ------
    InvalidArgumentError, InvalidArgumentTypeError
        If `X` is no table of finite numbers of full rank, or another argument cannot be used.

    Notes
    -----
    Every variable can be drawn, so the prior and the posterior predictive distribution need nothing more; the log
    likelihood is per row. Other rows: ``pm.set_data({"x_data": rows}, coords={"obs": names})``. Components are
    interchangeable under the default priors: the posterior has K! copies of every mode.

    References
    ----------
    .. [1] Lewandowski, Kurowicka and Joe (2009), doi:10.1016/j.jmva.2009.04.008

    Examples
    --------
    >>> import numpy as np
    >>> import bayesgmm as bg
    >>> X = np.random.default_rng(1).normal(size=(50, 2))
    >>> [variable.name for variable in bg.build_model(X, 2).free_RVs]
    ['weights', 'means', 'sds', 'partials']
    """
    data = as_data(X)
    K = check_n_components(data, n_components)
    family = as_family(covariance_type)
    check_rank(data, correlated=not family.is_diagonal)
    resolved = (Priors() if priors is None else priors).resolve(data, K, family)
    return model_from_data(data, K, family, resolved)


def model_from_data(data: Data, n_components: int, family: CovarianceFamily, priors: ResolvedPriors) -> pm.Model:
    """Build the model of `build_model` from values that were checked before.

    Parameters
    ----------
    data : Data
        All its rows enter, one event each; sample weights are no part of the model.
    n_components : int
        K.
    family : CovarianceFamily
    priors : ResolvedPriors
        For these data, K and family.

    Returns
    -------
    pymc.Model
    """
    names = list(data.feature_names)
    coords: dict[str, Any] = {COMPONENT: range(n_components), FEATURE: names, OBS: data.obs_names}
    if not family.is_diagonal:
        coords |= {FEATURE_BIS: names}
    if family.has_correlations(data.n_features):
        coords |= {PAIR: pair_names(names)}
    with pm.Model(coords=coords) as model:
        weights = add_weights(priors)
        means = add_means(data, family, priors)
        scale = add_scale(family, data, priors)
        rows = pm.Data("x_data", data.x, dims=(OBS, FEATURE))
        MixtureRows("x", weights, means, scale, observed=rows, dims=(OBS, FEATURE))
    return model
