"""Distributions that PyMC lacks, as classes of this module, so that a model can travel.

PartialCorrelation   (z + 1) / 2 ~ Beta(b, b). With b_j = eta + (D - 2 - j) / 2 in column j (from 0) the correlation
                     matrix that canonical partial correlations make is LKJ(eta) (Lewandowski, Kurowicka and Joe 2009,
                     doi:10.1016/j.jmva.2009.04.008).
RootInverseGamma     s^2 ~ InverseGamma(alpha, beta).
TruncatedLogNormal   log s ~ Normal(mu, sigma), s > lower.
HalfStudentT         s = |t|, t / sigma ~ Student's t with nu degrees of freedom.
                     PyMC has these two as well, with sqrt(2) and log(2) in single precision: off by 1e-8 per element.
"""

from typing import Any

import numpy as np
import pytensor.tensor as pt
from numpy.typing import NDArray
from pymc.distributions.continuous import Continuous, PositiveContinuous
from pymc.distributions.shape_utils import rv_size_is_none
from pymc.distributions.transforms import Interval, _default_transform
from pytensor.configdefaults import config
from pytensor.graph.basic import Apply
from pytensor.link.numba.dispatch.basic import numba_njit
from pytensor.link.numba.dispatch.random import numba_core_rv_funcify
from pytensor.tensor.random.op import RandomVariable
from pytensor.tensor.variable import TensorVariable
from scipy.special import log_ndtr, ndtri_exp

__all__ = [
    "HalfStudentT",
    "PartialCorrelation",
    "RootInverseGamma",
    "TruncatedLogNormal",
]

Array = NDArray[np.float64]

LOG_2PI = np.log(2.0 * np.pi)
SQRT_2 = np.sqrt(2.0)
DRAW_VERSION = 1  # of the compiled draws below; raise it with every change of theirs


class PartialCorrelationRV(RandomVariable):
    """Draws of 2 Beta(b, b) - 1."""

    name = "partial_correlation"
    signature = "()->()"
    dtype = "floatX"
    _print_name = ("PartialCorrelation", "\\operatorname{PartialCorrelation}")

    @classmethod
    def rng_fn(cls, rng: np.random.Generator, *args: Any) -> Array:
        b, size = args
        drawn: Array = 2.0 * rng.beta(b, b, size) - 1.0
        return drawn


class PartialCorrelation(Continuous):
    r"""A partial correlation, symmetric about zero.

    .. math:: p(z) = \frac{(1 - z^2)^{b - 1}}{2^{2 b - 1} B(b, b)}, \quad -1 < z < 1

    Parameters
    ----------
    b : tensor
        Both parameters of the beta distribution of (z + 1) / 2; one is uniform, more pulls towards zero.

    Examples
    --------
    >>> import pymc as pm
    >>> from bayesgmm.model.distributions import PartialCorrelation
    >>> pm.logp(PartialCorrelation.dist(1.0), 0.3).eval(mode="FAST_COMPILE").round(6)
    np.float64(-0.693147)
    """

    rv_type = PartialCorrelationRV
    rv_op = PartialCorrelationRV()

    @classmethod
    def dist(cls, b: Any, **kwargs: Any) -> Any:
        """Make the variable from its parameters."""
        return super().dist(_as_parameters(b), **kwargs)

    @staticmethod
    def support_point(rv: TensorVariable, size: Any, b: TensorVariable) -> TensorVariable:
        """Give a point inside the support, where samplers may begin."""
        return pt.zeros_like(b) if rv_size_is_none(size) else pt.zeros(size)

    @staticmethod
    def logp(value: TensorVariable, b: TensorVariable) -> TensorVariable:
        """Give the log density, normalised."""
        log_beta = 2.0 * pt.gammaln(b) - pt.gammaln(2.0 * b)
        inside = (b - 1.0) * (pt.log1p(-value) + pt.log1p(value)) - (2.0 * b - 1.0) * np.log(2.0) - log_beta
        return pt.switch(pt.abs(value) < 1.0, inside, -np.inf)


class RootInverseGammaRV(RandomVariable):
    """Draws of sqrt(InverseGamma(alpha, beta))."""

    name = "root_inverse_gamma"
    signature = "(),()->()"
    dtype = "floatX"
    _print_name = ("RootInverseGamma", "\\operatorname{RootInverseGamma}")

    @classmethod
    def rng_fn(cls, rng: np.random.Generator, *args: Any) -> Array:
        alpha, beta, size = args
        drawn: Array = np.sqrt(beta / rng.gamma(alpha, 1.0, size))
        return drawn


class RootInverseGamma(PositiveContinuous):
    r"""A standard deviation whose square has an inverse gamma distribution.

    .. math:: p(s) = \frac{2 \beta^\alpha}{\Gamma(\alpha)} s^{-2 \alpha - 1} e^{-\beta / s^2}, \quad s > 0

    Parameters
    ----------
    alpha : tensor
        Shape, without unit.
    beta : tensor
        Scale, in the units of s squared.

    Examples
    --------
    >>> import pymc as pm
    >>> from bayesgmm.model.distributions import RootInverseGamma
    >>> pm.logp(RootInverseGamma.dist(1.0, 1.0), 1.0).eval(mode="FAST_COMPILE").round(6)
    np.float64(-0.306853)
    """

    rv_type = RootInverseGammaRV
    rv_op = RootInverseGammaRV()

    @classmethod
    def dist(cls, alpha: Any, beta: Any, **kwargs: Any) -> Any:
        """Make the variable from its parameters."""
        return super().dist(_as_parameters(alpha, beta), **kwargs)

    @staticmethod
    def support_point(rv: TensorVariable, size: Any, *parameters: TensorVariable) -> TensorVariable:
        """Give a point inside the support, where samplers may begin."""
        alpha, beta = parameters
        mode = pt.sqrt(beta / (alpha + 0.5))
        return mode if rv_size_is_none(size) else pt.full(size, mode)

    @staticmethod
    def logp(value: TensorVariable, *parameters: TensorVariable) -> TensorVariable:
        """Give the log density, normalised."""
        alpha, beta = parameters
        constant = np.log(2.0) + alpha * pt.log(beta) - pt.gammaln(alpha)
        inside = constant - (2.0 * alpha + 1.0) * pt.log(value) - beta / value**2
        return pt.switch(value > 0.0, inside, -np.inf)


class TruncatedLogNormalRV(RandomVariable):
    """Draws of a log-normal above a bound."""

    name = "truncated_lognormal"
    signature = "(),(),()->()"
    dtype = "floatX"
    _print_name = ("TruncatedLogNormal", "\\operatorname{TruncatedLogNormal}")

    @classmethod
    def rng_fn(cls, rng: np.random.Generator, *args: Any) -> Array:
        mu, sigma, lower, size = args
        with np.errstate(divide="ignore"):
            log_kept = log_ndtr((mu - np.log(lower)) / sigma)
        size = np.broadcast_shapes(log_kept.shape, sigma.shape) if size is None else size
        drawn: Array = np.exp(mu - sigma * ndtri_exp(log_kept - rng.standard_exponential(size)))
        return drawn


class TruncatedLogNormal(PositiveContinuous):
    r"""Log-normal, truncated below.

    .. math:: p(s) = \frac{1}{s \sigma} \varphi\left(\frac{\log s - \mu}{\sigma}\right)
              \Big/ \Phi\left(\frac{\mu - \log \ell}{\sigma}\right), \quad s > \ell

    Parameters
    ----------
    mu, sigma : tensor
        Mean and standard deviation of log s without the bound.
    lower : tensor
        The bound, zero or positive, in the units of s.

    Examples
    --------
    >>> import pymc as pm
    >>> from bayesgmm.model.distributions import TruncatedLogNormal
    >>> pm.logp(TruncatedLogNormal.dist(0.0, 1.0, 1.0), 2.0).eval(mode="FAST_COMPILE").round(6)
    np.float64(-1.159165)
    """

    rv_type = TruncatedLogNormalRV
    rv_op = TruncatedLogNormalRV()

    @classmethod
    def dist(cls, mu: Any, sigma: Any, lower: Any, **kwargs: Any) -> Any:
        """Make the variable from its parameters."""
        return super().dist(_as_parameters(mu, sigma, lower), **kwargs)

    @staticmethod
    def support_point(rv: TensorVariable, size: Any, *parameters: TensorVariable) -> TensorVariable:
        """Give a point inside the support, where samplers may begin."""
        mu, _, lower = parameters
        point = lower + pt.exp(mu)
        return point if rv_size_is_none(size) else pt.full(size, point)

    @staticmethod
    def logp(value: TensorVariable, *parameters: TensorVariable) -> TensorVariable:
        """Give the log density, normalised."""
        mu, sigma, lower = parameters
        t = (mu - pt.log(lower)) / sigma
        tail = pt.log(0.5 * pt.erfcx(-t / SQRT_2)) - 0.5 * t**2
        log_kept = pt.switch(t < -1.0, tail, pt.log1p(-0.5 * pt.erfc(t / SQRT_2)))
        z = (pt.log(value) - mu) / sigma
        inside = -0.5 * z**2 - pt.log(value) - pt.log(sigma) - 0.5 * LOG_2PI - log_kept
        return pt.switch(value > lower, inside, -np.inf)


class HalfStudentTRV(RandomVariable):
    """Draws of |t|."""

    name = "half_student_t"
    signature = "(),()->()"
    dtype = "floatX"
    _print_name = ("HalfStudentT", "\\operatorname{HalfStudentT}")

    @classmethod
    def rng_fn(cls, rng: np.random.Generator, *args: Any) -> Array:
        nu, sigma, size = args
        size = np.broadcast_shapes(nu.shape, sigma.shape) if size is None else size
        drawn: Array = np.abs(sigma * rng.standard_t(nu, size))
        return drawn


class HalfStudentT(PositiveContinuous):
    r"""Half Student's t.

    .. math:: p(s) = \frac{2 \Gamma((\nu + 1) / 2)}{\Gamma(\nu / 2) \sqrt{\nu \pi} \sigma}
              \left(1 + \frac{s^2}{\nu \sigma^2}\right)^{-(\nu + 1) / 2}, \quad s > 0

    Parameters
    ----------
    nu : tensor
        Degrees of freedom; one is half-Cauchy.
    sigma : tensor
        Scale, in the units of s.

    Examples
    --------
    >>> import pymc as pm
    >>> from bayesgmm.model.distributions import HalfStudentT
    >>> pm.logp(HalfStudentT.dist(1.0, 1.0), 1.0).eval(mode="FAST_COMPILE").round(6)
    np.float64(-1.14473)
    """

    rv_type = HalfStudentTRV
    rv_op = HalfStudentTRV()

    @classmethod
    def dist(cls, nu: Any, sigma: Any, **kwargs: Any) -> Any:
        """Make the variable from its parameters."""
        return super().dist(_as_parameters(nu, sigma), **kwargs)

    @staticmethod
    def support_point(rv: TensorVariable, size: Any, *parameters: TensorVariable) -> TensorVariable:
        """Give a point inside the support, where samplers may begin."""
        point = parameters[1] + pt.zeros_like(parameters[0])
        return point if rv_size_is_none(size) else pt.full(size, point)

    @staticmethod
    def logp(value: TensorVariable, *parameters: TensorVariable) -> TensorVariable:
        """Give the log density, normalised."""
        nu, sigma = parameters
        constant = np.log(2.0) + pt.gammaln((nu + 1.0) / 2.0) - pt.gammaln(nu / 2.0) - 0.5 * pt.log(nu * np.pi)
        inside = constant - pt.log(sigma) - (nu + 1.0) / 2.0 * pt.log1p((value / sigma) ** 2 / nu)
        return pt.switch(value > 0.0, inside, -np.inf)


def _as_parameters(*parameters: Any) -> list[TensorVariable]:
    """Make tensors of full precision: PyTensor reads a number such as 2.0 in single precision."""
    return [pt.cast(pt.as_tensor_variable(p), config.floatX) for p in parameters]


@_default_transform.register(PartialCorrelation)
def _partial_correlation_transform(op: Any, rv: TensorVariable) -> Interval:
    return Interval(np.array(-1.0), np.array(1.0))  # arrays are read in full precision


@numba_core_rv_funcify.register(PartialCorrelationRV)
def _compile_partial_correlation(op: PartialCorrelationRV, node: Apply) -> tuple[Any, int]:
    @numba_njit
    def draw(rng, b):
        return 2.0 * rng.beta(b, b) - 1.0

    return draw, DRAW_VERSION


@numba_core_rv_funcify.register(RootInverseGammaRV)
def _compile_root_inverse_gamma(op: RootInverseGammaRV, node: Apply) -> tuple[Any, int]:
    @numba_njit
    def draw(rng, alpha, beta):
        return np.sqrt(beta / rng.gamma(alpha, 1.0))

    return draw, DRAW_VERSION


@numba_core_rv_funcify.register(TruncatedLogNormalRV)
def _compile_truncated_lognormal(op: TruncatedLogNormalRV, node: Apply) -> tuple[Any, int]:
    """Compile rejection: from the normal where half of it or more is kept, else from an exponential (Robert 1995)."""

    @numba_njit
    def draw(rng, mu, sigma, lower):
        start = (np.log(lower) - mu) / sigma
        z = rng.standard_normal()
        if start > 0.0:
            rate = 0.5 * (start + np.sqrt(start * start + 4.0))
            z = start + rng.standard_exponential() / rate
            while rng.random() > np.exp(-0.5 * (z - rate) ** 2):
                z = start + rng.standard_exponential() / rate
        while z <= start:
            z = rng.standard_normal()
        return np.exp(mu + sigma * z)

    return draw, DRAW_VERSION


@numba_core_rv_funcify.register(HalfStudentTRV)
def _compile_half_student_t(op: HalfStudentTRV, node: Apply) -> tuple[Any, int]:
    @numba_njit
    def draw(rng, nu, sigma):
        return abs(sigma * rng.standard_t(nu))

    return draw, DRAW_VERSION
