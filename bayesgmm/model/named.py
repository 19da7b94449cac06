"""The named priors: the distributions that the compiled log posterior knows, as values in plain NumPy.

Each is written in the units of x, element by element, normalised on its support. All but `Normal` are priors of
standard deviations; their support is (lower, infinity) with ``lower`` zero unless said otherwise. With s for the value:

Normal                 -(s - loc)^2 / (2 scale^2)
LogNormal              -log s - (log s - mu)^2 / (2 sigma^2),  s > lower
HalfNormal             -s^2 / (2 sigma^2)
Exponential            -rate s
Gamma                  (shape - 1) log s - rate s
InverseGammaVariance   -(2 shape + 1) log s - scale / s^2         (s^2 has an inverse gamma distribution)
HalfStudentT           -((nu + 1) / 2) log(1 + s^2 / (nu sigma^2))

plus ``log_normaliser``. This room needs no PyMC.
"""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, field, fields, replace
from typing import Any, ClassVar, Self, override

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, log_ndtr

from bayesgmm.errors import InvalidArgumentError

__all__ = [
    "Exponential",
    "Gamma",
    "HalfNormal",
    "HalfStudentT",
    "InverseGammaVariance",
    "LogNormal",
    "NamedPrior",
    "Normal",
    "ScalePrior",
]

Array = NDArray[np.float64]

LOG_2PI = math.log(2 * math.pi)


def _zero() -> Array:
    return np.zeros(())


class NamedPrior(ABC):
    """A prior that the compiled log posterior knows; its fields are numbers or arrays, kept read-only.

    Attributes
    ----------
    positive : tuple of str
        The fields that must be positive.
    """

    positive: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        for name, given in self.parameters.items():
            value = np.array(given, dtype=float)
            if not np.isfinite(value).all() or (name in self.positive and not (value > 0).all()):
                constraint = "be positive and finite" if name in self.positive else "be finite"
                raise InvalidArgumentError(f"{type(self).__name__}.{name}", constraint, given)
            value.flags.writeable = False
            object.__setattr__(self, name, value)

    @property
    def parameters(self) -> dict[str, Array]:
        """The fields by name."""
        return {f.name: getattr(self, f.name) for f in fields(self)}  # type: ignore[arg-type]

    @property
    @abstractmethod
    def log_normaliser(self) -> Array:
        """What must be added to the formula of the module's table to make it integrate to one."""

    @abstractmethod
    def log_density(self, value: Array) -> Array:
        """Give the normalised log density of each element of `value`, per unit of x."""

    @abstractmethod
    def rescale(self, factor: Array) -> Self:
        """Give the prior of value / factor: the same one in another unit."""

    def broadcast(self, shape: tuple[int, ...]) -> Self:
        """Give every field the shape `shape`; raises ValueError where one does not fit."""
        return self._replace(**{name: np.broadcast_to(value, shape) for name, value in self.parameters.items()})

    def _replace(self, **changes: Array) -> Self:
        return replace(self, **changes)  # type: ignore[type-var]

    def to_dict(self) -> dict[str, Any]:
        """Describe the prior by its name and parameters, as short as they allow."""
        return {"name": type(self).__name__} | {name: _shorten(value) for name, value in self.parameters.items()}

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={_shorten(value)}" for name, value in self.parameters.items())
        return f"{type(self).__name__}({shown})"


class ScalePrior(NamedPrior):
    """A prior of standard deviations.

    Attributes
    ----------
    lower : array
        Where its support begins, in the units of x.
    vanishes_at_zero : bool
        Whether no column of equal values can outweigh it: its support keeps off zero, or its density falls faster
        than every power there.
    """

    lower: Array = _zero()

    @property
    def vanishes_at_zero(self) -> NDArray[np.bool_]:
        """Whether each element's density vanishes at zero faster than any power, or its support keeps off zero."""
        return self.lower > 0

    @override
    def log_density(self, value: Array) -> Array:
        """Give the normalised log density of each element of `value`, per unit of x; minus infinity off the support."""
        value = np.asarray(value, dtype=float)
        inside = value > self.lower
        density = self.log_shape(np.where(inside, value, self.lower + 1.0)) + self.log_normaliser
        return np.where(inside, density, -np.inf)

    @abstractmethod
    def log_shape(self, value: Array) -> Array:
        """Give the formula of the module's table, for values on the support."""


@dataclass(frozen=True, eq=False, repr=False)
class Normal(NamedPrior):
    """Normal prior of means.

    Parameters
    ----------
    loc, scale : array
        Mean and standard deviation, in the units of x.

    Examples
    --------
    >>> from bayesgmm.model.named import Normal
    >>> Normal(0.0, 2.0)
    Normal(loc=0.0, scale=2.0)
    """

    loc: Array
    scale: Array
    positive: ClassVar[tuple[str, ...]] = ("scale",)

    @property
    @override
    def log_normaliser(self) -> Array:
        return -np.log(self.scale) - 0.5 * LOG_2PI

    @override
    def log_density(self, value: Array) -> Array:
        return self.log_normaliser - 0.5 * ((value - self.loc) / self.scale) ** 2

    @override
    def rescale(self, factor: Array) -> "Normal":
        return Normal(self.loc / factor, self.scale / factor)


@dataclass(frozen=True, eq=False, repr=False)
class LogNormal(ScalePrior):
    """Log-normal prior, truncated below.

    Parameters
    ----------
    mu, sigma : array
        Mean and standard deviation of log s, s in the units of x.
    lower : array
        Where the support begins, in the units of x; zero by default: no truncation.

    Examples
    --------
    >>> import numpy as np
    >>> from bayesgmm.model.named import LogNormal
    >>> float(LogNormal(0.0, 1.0, lower=1.0).log_density(np.exp(1.0)).round(6))
    -1.725791
    """

    mu: Array
    sigma: Array
    lower: Array = field(default_factory=_zero)
    positive: ClassVar[tuple[str, ...]] = ("sigma",)

    def __post_init__(self) -> None:
        super().__post_init__()
        if (self.lower < 0).any():
            raise InvalidArgumentError("LogNormal.lower", "be zero or positive", self.lower)

    @property
    @override
    def log_normaliser(self) -> Array:
        with np.errstate(divide="ignore"):
            kept: Array = log_ndtr((self.mu - np.log(self.lower)) / self.sigma)
        return -np.log(self.sigma) - 0.5 * LOG_2PI - kept

    @override
    def log_shape(self, value: Array) -> Array:
        return -np.log(value) - 0.5 * ((np.log(value) - self.mu) / self.sigma) ** 2

    @override
    def rescale(self, factor: Array) -> "LogNormal":
        return LogNormal(self.mu - np.log(factor), self.sigma, self.lower / factor)


@dataclass(frozen=True, eq=False, repr=False)
class HalfNormal(ScalePrior):
    """Half-normal prior.

    Parameters
    ----------
    sigma : number or array
        In the units of x.
    """

    sigma: Array
    positive: ClassVar[tuple[str, ...]] = ("sigma",)

    @property
    @override
    def log_normaliser(self) -> Array:
        return 0.5 * math.log(2 / math.pi) - np.log(self.sigma)

    @override
    def log_shape(self, value: Array) -> Array:
        return -0.5 * (value / self.sigma) ** 2

    @override
    def rescale(self, factor: Array) -> "HalfNormal":
        return HalfNormal(self.sigma / factor)


@dataclass(frozen=True, eq=False, repr=False)
class Exponential(ScalePrior):
    """Exponential prior.

    Parameters
    ----------
    rate : number or array
        Per unit of x.
    """

    rate: Array
    positive: ClassVar[tuple[str, ...]] = ("rate",)

    @property
    @override
    def log_normaliser(self) -> Array:
        return np.log(self.rate)

    @override
    def log_shape(self, value: Array) -> Array:
        return -self.rate * value

    @override
    def rescale(self, factor: Array) -> "Exponential":
        return Exponential(self.rate * factor)


@dataclass(frozen=True, eq=False, repr=False)
class Gamma(ScalePrior):
    """Gamma prior.

    Parameters
    ----------
    shape : number or array
        Without unit.
    rate : number or array
        Per unit of x.
    """

    shape: Array
    rate: Array
    positive: ClassVar[tuple[str, ...]] = ("shape", "rate")

    @property
    @override
    def log_normaliser(self) -> Array:
        return np.asarray(self.shape * np.log(self.rate) - gammaln(self.shape))

    @override
    def log_shape(self, value: Array) -> Array:
        return (self.shape - 1.0) * np.log(value) - self.rate * value

    @override
    def rescale(self, factor: Array) -> "Gamma":
        return Gamma(self.shape, self.rate * factor)


@dataclass(frozen=True, eq=False, repr=False)
class InverseGammaVariance(ScalePrior):
    """Inverse gamma prior of the variance s^2.

    Parameters
    ----------
    shape : number or array
        Without unit.
    scale : number or array
        In the units of x squared.
    """

    shape: Array
    scale: Array
    positive: ClassVar[tuple[str, ...]] = ("shape", "scale")

    @property
    @override
    def vanishes_at_zero(self) -> NDArray[np.bool_]:
        return np.ones(np.shape(self.shape), dtype=bool)

    @property
    @override
    def log_normaliser(self) -> Array:
        return np.asarray(math.log(2) + self.shape * np.log(self.scale) - gammaln(self.shape))

    @override
    def log_shape(self, value: Array) -> Array:
        return -(2.0 * self.shape + 1.0) * np.log(value) - self.scale / value**2

    @override
    def rescale(self, factor: Array) -> "InverseGammaVariance":
        return InverseGammaVariance(self.shape, self.scale / factor**2)


@dataclass(frozen=True, eq=False, repr=False)
class HalfStudentT(ScalePrior):
    """Half Student's t prior.

    Parameters
    ----------
    nu : number or array
        Degrees of freedom; 1 gives the half-Cauchy.
    sigma : number or array
        In the units of x.
    """

    nu: Array
    sigma: Array
    positive: ClassVar[tuple[str, ...]] = ("nu", "sigma")

    @property
    @override
    def log_normaliser(self) -> Array:
        ratio: Array = gammaln((self.nu + 1.0) / 2.0) - gammaln(self.nu / 2.0)
        return math.log(2) + ratio - 0.5 * np.log(self.nu * math.pi) - np.log(self.sigma)

    @override
    def log_shape(self, value: Array) -> Array:
        return -(self.nu + 1.0) / 2.0 * np.log1p((value / self.sigma) ** 2 / self.nu)

    @override
    def rescale(self, factor: Array) -> "HalfStudentT":
        return HalfStudentT(self.nu, self.sigma / factor)


def _shorten(value: Array) -> Any:
    """Drop leading axes along which nothing changes."""
    while value.ndim and (value == value[:1]).all():
        value = value[0]
    if value.ndim == 1 and (value == value[0]).all():
        value = value[0]
    return value.tolist()
