"""The terms of the model: one registered builder per prior and one per covariance family.

    add_prior(prior, name, ...)   puts one free variable in the model that is open; registered by the prior's type.
                                  What is no named prior is the user's own PyMC distribution, resized.
    add_scale(family, ...)        puts sds and, where there are correlations, partials in it, and returns the scale that
                                  the likelihood reads: Cholesky factors L = diag(sds) R (K, D, D), or sds (K, D).

R is made of canonical partial correlations z_ij, i > j (Lewandowski, Kurowicka and Joe 2009,
doi:10.1016/j.jmva.2009.04.008):

    R_ij = z_ij sqrt(prod_{m<j} (1 - z_im^2)),   R_ii = sqrt(prod_{m<i} (1 - z_im^2)).

Every builder runs inside a ``with model:`` block.
"""

from functools import singledispatch
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pymc.distributions.transforms import Transform, _default_transform
from pymc.logprob.transforms import LogTransform
from pytensor.tensor.variable import TensorVariable

from bayesgmm.covariance import CovarianceFamily, Full, Spherical, Tied
from bayesgmm.data import Data
from bayesgmm.model import named
from bayesgmm.model.distributions import HalfStudentT, PartialCorrelation, RootInverseGamma, TruncatedLogNormal
from bayesgmm.model.priors import ResolvedPriors, column_scale, partial_exponents, sds_shape
from bayesgmm.model.transforms import Affine, Jointly, LogScale, Simplex
from bayesgmm.model.users import check_sds, resize
from bayesgmm.schema import COMPONENT, FEATURE, FEATURE_BIS, PAIR

__all__ = [
    "add_means",
    "add_prior",
    "add_scale",
    "add_weights",
    "correlation_factor",
]


def add_weights(priors: ResolvedPriors) -> TensorVariable:
    """Put the weights in the open model, Dirichlet(concentration); for K = 1 they are the constant one.

    Parameters
    ----------
    priors : ResolvedPriors

    Returns
    -------
    TensorVariable of shape (K,)
    """
    if priors.concentration.shape[0] == 1:
        return pt.constant(np.ones(1))
    weights: TensorVariable = pm.Dirichlet(
        "weights", priors.concentration, dims=(COMPONENT,), default_transform=None, transform=Simplex()
    )
    return weights


def add_means(data: Data, family: CovarianceFamily, priors: ResolvedPriors) -> TensorVariable:
    """Put the means (K, D) in the open model; the sampler sees (m - column mean) / column scale.

    Parameters
    ----------
    data : Data
    family : CovarianceFamily
    priors : ResolvedPriors

    Returns
    -------
    TensorVariable of shape (K, D)
    """
    shape = (priors.concentration.shape[0], data.n_features)
    transform = Affine(data.location, column_scale(data, family))
    return add_prior(priors.means, "means", transform=transform, shape=shape, dims=(COMPONENT, FEATURE))


@singledispatch
def add_prior(
    prior: Any, name: str, *, transform: Transform, shape: tuple[int, ...], dims: tuple[str, ...]
) -> TensorVariable:
    """Put one free variable in the open model.

    Parameters
    ----------
    prior : NamedPrior or PyMC distribution
        A PyMC distribution is resized to `shape`, and keeps its own transform where that has another range than
        `transform`.
    name : str
        "means" or "sds".
    transform : Transform
        From the variable to what the sampler sees.
    shape, dims : tuple of int, tuple of str
        One size and one name per axis.

    Returns
    -------
    TensorVariable of shape `shape`

    Raises
    ------
    InvalidArgumentTypeError
        If `prior` is neither a named prior nor a PyMC distribution.
    InvalidArgumentError
        If it cannot be resized, or is a prior of sds with negative numbers in its range.

    Examples
    --------
    >>> import numpy as np
    >>> import pymc as pm
    >>> from bayesgmm.model.transforms import LogScale
    >>> from bayesgmm.model.named import HalfNormal
    >>> from bayesgmm.model.terms import add_prior
    >>> with pm.Model(coords={"feature": ["a", "b"]}) as model:
    ...     sds = add_prior(HalfNormal(1.0), "sds", transform=LogScale(0.0, 1.0), shape=(2,), dims=("feature",))
    >>> model.value_vars
    [sds_logscale__]
    """
    distribution = resize(prior, name, shape)
    op = distribution.owner.op
    own = _default_transform(op, distribution)
    if name == "sds" and own is None:
        check_sds(prior, shape, np.ones(shape))
    transform = Jointly(transform, op.ndim_supp) if op.ndim_supp else transform
    replaced = own is None or isinstance(own, LogTransform)
    return pm.modelcontext(None).register_rv(
        distribution, name, dims=dims, default_transform=None, transform=transform if replaced else own
    )


@add_prior.register
def _(prior: named.Normal, name: str, **settings: Any) -> TensorVariable:
    return pm.Normal(name, prior.loc, prior.scale, default_transform=None, **settings)


@add_prior.register
def _(prior: named.LogNormal, name: str, **settings: Any) -> TensorVariable:
    if not prior.lower.any():
        return pm.LogNormal(name, prior.mu, prior.sigma, default_transform=None, **settings)
    return TruncatedLogNormal(name, prior.mu, prior.sigma, prior.lower, default_transform=None, **settings)


@add_prior.register
def _(prior: named.HalfNormal, name: str, **settings: Any) -> TensorVariable:
    return pm.HalfNormal(name, prior.sigma, default_transform=None, **settings)


@add_prior.register
def _(prior: named.Exponential, name: str, **settings: Any) -> TensorVariable:
    return pm.Exponential(name, prior.rate, default_transform=None, **settings)


@add_prior.register
def _(prior: named.Gamma, name: str, **settings: Any) -> TensorVariable:
    return pm.Gamma(name, alpha=prior.shape, beta=prior.rate, default_transform=None, **settings)


@add_prior.register
def _(prior: named.InverseGammaVariance, name: str, **settings: Any) -> TensorVariable:
    return RootInverseGamma(name, prior.shape, prior.scale, default_transform=None, **settings)


@add_prior.register
def _(prior: named.HalfStudentT, name: str, **settings: Any) -> TensorVariable:
    return HalfStudentT(name, prior.nu, prior.sigma, default_transform=None, **settings)


@singledispatch
def add_scale(family: CovarianceFamily, data: Data, priors: ResolvedPriors) -> TensorVariable:
    """Put the covariances of a family in the open model: sds, partials, correlations, covariances.

    Parameters
    ----------
    family : CovarianceFamily
        The diagonal families have sds only.
    data : Data
    priors : ResolvedPriors

    Returns
    -------
    TensorVariable of shape (K, D, D) or (K, D)
        Cholesky factors, or sds for a diagonal family; in the units of x.
    """
    return _add_sds(family, data, priors, (COMPONENT, FEATURE))


@add_scale.register
def _(family: Full, data: Data, priors: ResolvedPriors) -> TensorVariable:
    sds = _add_sds(family, data, priors, (COMPONENT, FEATURE))
    return _add_factor(sds, (COMPONENT,), data.n_features, priors.lkj_eta)


@add_scale.register
def _(family: Tied, data: Data, priors: ResolvedPriors) -> TensorVariable:
    factor = _add_factor(_add_sds(family, data, priors, (FEATURE,)), (), data.n_features, priors.lkj_eta)
    return factor * np.ones((priors.concentration.shape[0], 1, 1))


@add_scale.register
def _(family: Spherical, data: Data, priors: ResolvedPriors) -> TensorVariable:
    return _add_sds(family, data, priors, (COMPONENT,))[:, None] * np.ones((1, data.n_features))


def correlation_factor(partials: TensorVariable, n_features: int) -> TensorVariable:
    """Turn partial correlations (..., P) into Cholesky factors of correlation matrices (..., D, D).

    Parameters
    ----------
    partials : TensorVariable of shape (..., P)
        In (-1, 1), row by row of the lower triangle.
    n_features : int
        D, with P = D (D - 1) / 2.

    Returns
    -------
    TensorVariable of shape (..., D, D)

    Examples
    --------
    >>> import numpy as np
    >>> import pytensor.tensor as pt
    >>> from bayesgmm.model.terms import correlation_factor
    >>> correlation_factor(pt.constant(np.array([0.6])), 2).eval(mode="FAST_COMPILE")
    array([[1. , 0. ],
           [0.6, 0.8]])
    """
    D = n_features
    rows, columns = np.tril_indices(D, -1)
    position = np.zeros((D, D), dtype=int)  # of every entry among the pairs, 0 above the diagonal
    position[rows, columns] = np.arange(len(rows))
    z = partials[..., position] * np.tri(D, k=-1)  # (..., D, D)
    log_left = 0.5 * (pt.log1p(-z) + pt.log1p(z))
    before = pt.exp((log_left[..., None, :] * np.tri(D, k=-1)).sum(-1))  # sqrt of prod over m < j
    return (z + np.eye(D)) * before


def _add_sds(family: CovarianceFamily, data: Data, priors: ResolvedPriors, dims: tuple[str, ...]) -> TensorVariable:
    K, D = priors.concentration.shape[0], data.n_features
    unit = family.compact_sds(np.broadcast_to(column_scale(data, family), (K, D)))
    lower = priors.sds.lower if isinstance(priors.sds, named.ScalePrior) else 0.0
    transform = LogScale(lower, unit)
    return add_prior(priors.sds, "sds", transform=transform, shape=sds_shape(family, K, D), dims=dims)


def _add_factor(sds: TensorVariable, dims: tuple[str, ...], n_features: int, eta: float) -> TensorVariable:
    """Make Cholesky factors of sds (..., D) and, for more than one feature, of partials that are put in the model."""
    factor = sds[..., None]  # (..., D, 1)
    if n_features > 1:
        b = partial_exponents(n_features, eta)
        partials = PartialCorrelation("partials", b, shape=(*sds.type.shape[:-1], len(b)), dims=(*dims, PAIR))
        R = correlation_factor(partials, n_features)
        pairs = np.tril_indices(n_features, -1)
        pm.Deterministic("correlations", (R @ R.mT)[..., *pairs], dims=(*dims, PAIR))
        factor = factor * R
    pm.Deterministic("covariances", factor @ factor.mT, dims=(*dims, FEATURE, FEATURE_BIS))
    return factor
