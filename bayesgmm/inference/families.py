"""The normal distributions among which ADVI searches, each with its parameters in one vector.

    MeanField   independent coordinates: mu = mode + C a, F = diag(s exp b)
    FullRank    all of them: mu = mode + C a, F = C L, L lower triangular with a positive diagonal

of x = mu + F z, z standard normal. C and the mode are those of the whitened coordinates, so that a posterior sd is one
unit of a in every direction, and the vector of zeros is the Laplace approximation, or what is nearest to it.
"""

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from bayesgmm.inference.gaussian import Gaussian
from bayesgmm.inference.whitening import Whitening

__all__ = ["Approximation", "FullRank", "MeanField"]

Array = NDArray[np.float64]


class Approximation(Protocol):
    """A family of normal distributions, its parameters one vector: a, then those of F; zero at the start.

    Attributes
    ----------
    whitening : Whitening
        The coordinates in which it moves.
    n_parameters : int
        Length of the vector.
    """

    @property
    def whitening(self) -> Whitening:
        """The coordinates in which it moves."""

    @property
    def n_parameters(self) -> int:
        """Length of the vector."""

    def place(self, parameters: Array, z: Array) -> Array:
        """Give x = mu + F z of draws z of shape (M, n)."""

    def log_volume(self, parameters: Array) -> float:
        """Give log |F|."""

    def pull_back(self, parameters: Array, z: Array, gradients: Array) -> Array:
        """Give the gradient of the mean over m of log p(x_m), plus log |F|, from the gradients (M, n) at the x_m."""

    def shrink(self, parameters: Array) -> Array:
        """Give the parameters of half the widths."""

    def gaussian(self, parameters: Array) -> Gaussian:
        """Give the distribution itself."""


@dataclass(frozen=True, eq=False)
class MeanField:
    """Independent coordinates: mu = mode + C a, F = diag(s exp b), s^-2 the diagonal of the precision at the mode.

    Attributes
    ----------
    whitening : Whitening
        Mode and C.
    widths : array of shape (n,)
        s.
    """

    whitening: Whitening
    widths: Array

    @classmethod
    def around(cls, whitening: Whitening) -> "MeanField":
        """Make the family that starts at the best diagonal approximation of a normal peak."""
        root = np.linalg.inv(whitening.factor)
        return cls(whitening, 1.0 / np.sqrt((root**2).sum(0)))

    @property
    def n_parameters(self) -> int:
        """a and b."""
        return 2 * self.widths.size

    def place(self, parameters: Array, z: Array) -> Array:
        """Give x = mu + F z."""
        a, b = np.split(parameters, 2)
        return self.whitening.unwhiten(a) + z * self.widths * np.exp(b)

    def log_volume(self, parameters: Array) -> float:
        """Give log |F|."""
        return float(np.log(self.widths).sum() + parameters[self.widths.size :].sum())

    def pull_back(self, parameters: Array, z: Array, gradients: Array) -> Array:
        """Give the gradient in a and b."""
        b = parameters[self.widths.size :]
        widths = (gradients * z).mean(0) * self.widths * np.exp(b) + 1.0
        return np.concatenate([gradients.mean(0) @ self.whitening.factor, widths])

    def shrink(self, parameters: Array) -> Array:
        """Give the parameters of half the widths."""
        return parameters - math.log(2.0) * (np.arange(parameters.size) >= self.widths.size)

    def gaussian(self, parameters: Array) -> Gaussian:
        """Give N(mu, F F')."""
        a, b = np.split(parameters, 2)
        return Gaussian(self.whitening.unwhiten(a), np.diag(self.widths * np.exp(b)))


@dataclass(frozen=True, eq=False)
class FullRank:
    """All normal distributions: mu = mode + C a, F = C L, L lower triangular, the logarithm of its diagonal free.

    Attributes
    ----------
    whitening : Whitening
        Mode and C.
    """

    whitening: Whitening

    @property
    def n(self) -> int:
        """Coordinates."""
        return self.whitening.mode.size

    @property
    def n_parameters(self) -> int:
        """a and the lower triangle of L."""
        return self.n + self.n * (self.n + 1) // 2

    def place(self, parameters: Array, z: Array) -> Array:
        """Give x = mu + F z."""
        return self.whitening.unwhiten(parameters[: self.n] + z @ self._factor(parameters).T)

    def log_volume(self, parameters: Array) -> float:
        """Give log |F|."""
        logs = parameters[self.n :][self._is_diagonal]
        return float(np.linalg.slogdet(self.whitening.factor)[1] + logs.sum())

    def pull_back(self, parameters: Array, z: Array, gradients: Array) -> Array:
        """Give the gradient in a and L."""
        white = gradients @ self.whitening.factor  # (M, n)
        inner = (white.T @ z / len(z))[np.tril_indices(self.n)]
        diagonal = self._is_diagonal
        inner[diagonal] = inner[diagonal] * np.exp(parameters[self.n :][diagonal]) + 1.0
        return np.concatenate([white.mean(0), inner])

    def shrink(self, parameters: Array) -> Array:
        """Give the parameters of half the widths."""
        factor = 0.5 * self._factor(parameters)
        np.fill_diagonal(factor, np.log(np.diagonal(factor)))
        return np.concatenate([parameters[: self.n], factor[np.tril_indices(self.n)]])

    def gaussian(self, parameters: Array) -> Gaussian:
        """Give N(mu, F F')."""
        return Gaussian(self.whitening.unwhiten(parameters[: self.n]), self.whitening.factor @ self._factor(parameters))

    @property
    def _is_diagonal(self) -> NDArray[np.bool_]:
        rows, columns = np.tril_indices(self.n)
        return np.asarray(rows == columns)

    def _factor(self, parameters: Array) -> Array:
        factor = np.zeros((self.n, self.n))
        factor[np.tril_indices(self.n)] = parameters[self.n :]
        np.fill_diagonal(factor, np.exp(np.diagonal(factor)))
        return factor
