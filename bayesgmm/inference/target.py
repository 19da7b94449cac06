"""The target: the log posterior of the unconstrained vector x, for data, a family, K and named priors.

    log p(x | data) = sum_n g_n log f(x_n) + log priors (normalised) + log |Jacobian|,

a value with everything precomputed that `kernel.target` reads: the map between parameters and x,

    weights    v = (log w - mean log w)[:-1];  absent for K = 1
    means      (m - location) / scale
    sds        log((s - lower) / scale)
    partials   2 atanh z;  absent without correlations

and the priors in these coordinates. It equals the PyMC model's log-probability, term by term. `location` is the
column mean and `scale` the column sd (spherical: one common scale), so a change of units changes nothing.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, singledispatch

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaln, gammaln

from bayesgmm.covariance import CovarianceFamily, partials_from_cholesky
from bayesgmm.data import Data
from bayesgmm.errors import InvalidArgumentError, InvalidArgumentTypeError
from bayesgmm.inference.function import CFunction
from bayesgmm.kernel.settings import N_COEFFICIENTS, Settings, flatten
from bayesgmm.kernel.target import log_posterior_callback
from bayesgmm.mixture import Mixture
from bayesgmm.model import named
from bayesgmm.model.priors import ResolvedPriors, column_scale, partial_exponents, sds_shape

__all__ = ["Target", "coefficients", "make_target"]

Array = NDArray[np.float64]

# What `Target.pack` does to a mixture on the edge of the parameter space, which has no coordinates there.
LEAST_WEIGHT = 1e-12
LEAST_WIDTH = 1e-6  # of an sd above its lower bound, in units of the column's scale
LARGEST_PARTIAL = 1.0 - 1e-12


@dataclass(frozen=True, eq=False)
class Target:
    """The log posterior of the unconstrained vector; n is its length, K components, D features, P pairs.

    Attributes
    ----------
    family : CovarianceFamily
    shapes : mapping of str to tuple of int
        The free variables in the order in which x holds them: ``weights`` (K,) (absent for K = 1), ``means`` (K, D),
        ``sds`` (K, D), tied (D,), spherical (K,), and where there are correlations ``partials`` (K, P), tied (P,).
    means_scale : array of shape (D,)
        Unit of the means' coordinates, in the units of x.
    sds_lower : array of the shape of the sds
        Where each sd's support begins, in the units of x.
    settings : Settings
        What the compiled log posterior reads.

    Examples
    --------
    >>> import numpy as np
    >>> from bayesgmm.covariance import Full
    >>> from bayesgmm.data import as_data
    >>> from bayesgmm.inference.target import make_target
    >>> from bayesgmm.model.priors import Priors
    >>> data = as_data(np.random.default_rng(1).standard_normal((50, 2)))
    >>> target = make_target(data, Full(), 2, Priors().resolve(data, 2, Full()))
    >>> target.shapes
    {'weights': (2,), 'means': (2, 2), 'sds': (2, 2), 'partials': (2, 1)}
    >>> value, gradient = target.log_posterior(np.zeros(target.n_dim))
    >>> gradient.shape
    (11,)
    """

    family: CovarianceFamily
    shapes: Mapping[str, tuple[int, ...]]
    means_scale: Array
    sds_lower: Array
    settings: Settings

    @cached_property
    def _function(self) -> CFunction:
        return CFunction(log_posterior_callback(), flatten(self.settings), self.n_dim)

    @property
    def n_dim(self) -> int:
        """Length n of the unconstrained vector."""
        return self.settings.n_dim

    @property
    def n_components(self) -> int:
        """K."""
        return self.settings.concentration.size

    @property
    def names(self) -> tuple[str, ...]:
        """The free variables, in order."""
        return tuple(self.shapes)

    def log_posterior(self, x: Array) -> tuple[float, Array]:
        """Give the log posterior density of x and its gradient.

        Parameters
        ----------
        x : array of shape (n,)

        Returns
        -------
        float
            In nats; not finite where x lies too far out.
        array of shape (n,)
            The gradient; not finite somewhere if the value is not, or where it cannot be computed.
        """
        return self._function(x)

    def user_data(self, mode: Array, factor: Array) -> Array:
        """Lay the settings out for the compiled callback, which then reads whitened coordinates u, x = mode + C u.

        Parameters
        ----------
        mode : array of shape (n,)
        factor : array of shape (n, n) or (n,)
            C, or its diagonal.

        Returns
        -------
        array of shape (length,)
            Its address is the callback's last argument; it must outlive every call.
        """
        return flatten(self.settings, np.asarray(mode, dtype=float), np.asarray(factor, dtype=float))

    def pack(self, mixture: Mixture) -> Array:
        """Give the unconstrained vector of a mixture with K components.

        Weights of zero, sds at or below their lower bound and correlations of one have no coordinates and are moved
        just inside.

        Parameters
        ----------
        mixture : Mixture
            With any leading batch axes.

        Returns
        -------
        array of shape (..., n)
        """
        settings, batch = self.settings, mixture.weights.shape[:-1]
        log_weights = np.log(np.maximum(mixture.weights, LEAST_WEIGHT))
        parts = [
            (log_weights - log_weights.mean(-1, keepdims=True))[..., :-1],
            (mixture.means - settings.location) / settings.scale,
            self._pack_sds(np.sqrt((mixture.scale_tril**2).sum(-1))),
        ]
        if "partials" in self.shapes:
            factors = mixture.scale_tril[..., : settings.n_correlations, :, :]
            partials = partials_from_cholesky(factors).clip(-LARGEST_PARTIAL, LARGEST_PARTIAL)
            parts.append(2.0 * np.arctanh(partials))
        return np.concatenate([part.reshape(*batch, -1) for part in parts], axis=-1)

    def _pack_sds(self, sds: Array) -> Array:
        scale = self.settings.sds_scale.reshape(self.shapes["sds"])
        width = (self.family.compact_sds(sds) - self.sds_lower) / scale
        return np.log(np.maximum(width, LEAST_WIDTH))

    def unpack(self, x: Array) -> dict[str, Array]:
        """Give the parameters of unconstrained vectors.

        Parameters
        ----------
        x : array of shape (..., n)

        Returns
        -------
        dict of str to array
            The variables of `shapes` with the leading axes of `x`, in the units of the data.
        """
        x, settings, K = np.asarray(x, dtype=float), self.settings, self.n_components
        sizes = [K - 1, settings.means_prior[0].size, settings.sds_scale.size]
        v, means, sds, y = np.split(x, np.cumsum(sizes), axis=-1)
        shape = {name: (*x.shape[:-1], *own) for name, own in self.shapes.items()}
        units = settings.sds_scale.reshape(self.shapes["sds"])
        values = {
            "weights": _softmax(np.concatenate([v, -v.sum(-1, keepdims=True)], axis=-1)),
            "means": settings.location + settings.scale * means.reshape(shape["means"]),
            "sds": self.sds_lower + units * np.exp(sds.reshape(shape["sds"])),
            "partials": np.tanh(0.5 * y),
        }
        return {name: values[name].reshape(shape[name]) for name in self.shapes}


def make_target(data: Data, family: CovarianceFamily, n_components: int, priors: ResolvedPriors) -> Target:
    """Make the log posterior for rows, a family and priors that are all named.

    Parameters
    ----------
    data : Data
        N rows, D features.
    family : CovarianceFamily
    n_components : int
        K.
    priors : ResolvedPriors
        For these data, this K and this family.

    Returns
    -------
    Target

    Raises
    ------
    InvalidArgumentError
        If a prior is not a named one.
    """
    if not priors.is_named:
        raise InvalidArgumentError("priors", "all be named ones", priors.to_json(), "Sample the PyMC model instead.")
    settings = _settings(data, family, n_components, priors)
    K, D = settings.means_prior.shape[1:]
    shape = sds_shape(family, K, D)
    shapes: dict[str, tuple[int, ...]] = {"weights": (K,)} if K > 1 else {}
    shapes |= {"means": (K, D), "sds": shape}
    if settings.n_correlations:
        pairs = D * (D - 1) // 2
        shapes["partials"] = (pairs,) if family.is_shared else (K, pairs)
    return Target(family, shapes, settings.scale, np.broadcast_to(priors.sds.lower, shape), settings)


def _settings(data: Data, family: CovarianceFamily, n_components: int, priors: ResolvedPriors) -> Settings:
    """Express everything in the coordinates of the unconstrained vector."""
    K, D = n_components, data.n_features
    scale, shape = column_scale(data, family), sds_shape(family, K, D)
    sds_scale = family.compact_sds(np.broadcast_to(scale, (K, D)))
    means = named.Normal(priors.means.loc - data.location, priors.means.scale).rescale(scale)
    sds = priors.sds.rescale(sds_scale).broadcast(shape)
    G = (1 if family.is_shared else K) if family.has_correlations(D) else 0
    constant = means.log_normaliser.sum() + np.broadcast_to(sds.log_normaliser, shape).sum()
    constant += _log_weights_constant(priors.concentration) + G * _log_partials_constant(priors.lkj_eta, D)
    weights = np.ones(1) if data.row_weights is None else np.asarray(data.row_weights, dtype=float)
    return Settings(
        rows=np.asarray(data.rows, dtype=float),
        row_weights=weights,
        concentration=priors.concentration,
        location=np.asarray(data.location),
        scale=scale,
        means_prior=np.stack([means.loc, 1.0 / means.scale]),
        sds_index=family.expand_sds(np.arange(float(sds_scale.size)).reshape(shape), K, D),
        sds_scale=sds_scale.ravel(),
        sds_lower=np.broadcast_to(sds.lower, shape).ravel(),
        sds_prior=coefficients(sds).reshape(-1, N_COEFFICIENTS),
        n_correlations=G,
        eta=priors.lkj_eta,
        constant=float(constant),
    )


@singledispatch
def coefficients(prior: object) -> Array:
    """Give the coefficients a to h of a named prior of sds, as the compiled log posterior reads them.

    log p(t) = a log t + b (log t - c)^2 + d t + e t^2 + f / t^2 + g log(1 + h t^2) + constant.

    Parameters
    ----------
    prior : ScalePrior
        In the unit of t.

    Returns
    -------
    array of shape (..., 8)

    Raises
    ------
    InvalidArgumentTypeError
        If the prior has no such form.

    Examples
    --------
    >>> from bayesgmm.inference.target import coefficients
    >>> from bayesgmm.model.named import Gamma
    >>> coefficients(Gamma(2.0, 3.0))
    array([ 1.,  0.,  0., -3.,  0.,  0.,  0.,  0.])
    """
    raise InvalidArgumentTypeError("prior", "be a named prior of standard deviations", prior)


@coefficients.register
def _(prior: named.LogNormal) -> Array:
    return _row(a=-1.0, b=-0.5 / prior.sigma**2, c=prior.mu)


@coefficients.register
def _(prior: named.HalfNormal) -> Array:
    return _row(e=-0.5 / prior.sigma**2)


@coefficients.register
def _(prior: named.Exponential) -> Array:
    return _row(d=-prior.rate)


@coefficients.register
def _(prior: named.Gamma) -> Array:
    return _row(a=prior.shape - 1.0, d=-prior.rate)


@coefficients.register
def _(prior: named.InverseGammaVariance) -> Array:
    return _row(a=-2.0 * prior.shape - 1.0, f=-prior.scale)


@coefficients.register
def _(prior: named.HalfStudentT) -> Array:
    return _row(g=-0.5 * (prior.nu + 1.0), h=1.0 / (prior.nu * prior.sigma**2))


def _row(**given: Array | float) -> Array:
    return np.stack(np.broadcast_arrays(*(given.get(name, 0.0) for name in "abcdefgh")), axis=-1)


def _log_weights_constant(concentration: Array) -> float:
    """Normaliser of the Dirichlet and the constant of its transform's Jacobian, log K."""
    K = concentration.size
    return float(gammaln(concentration.sum()) - gammaln(concentration).sum() + math.log(K))


def _log_partials_constant(eta: float, n_features: int) -> float:
    """Normalisers of the P Beta priors of (z + 1) / 2: -log B(b, b) - 2 b log 2 for each, Jacobian included."""
    b = partial_exponents(n_features, eta)
    return float((-betaln(b, b) - 2.0 * b * math.log(2.0)).sum())


def _softmax(y: Array) -> Array:
    exponential = np.exp(y - y.max(-1, keepdims=True))
    return np.asarray(exponential / exponential.sum(-1, keepdims=True))
