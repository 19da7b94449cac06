"""The K! copies of every mode: reorderings of components as matrices, and a normal distribution with their symmetry.

Where the priors are the same for all components, the posterior p of the unconstrained vector x does not change when the
components are reordered, p(P x) = p(x). A reordering is linear in x, P of determinant one or minus one: it permutes the
blocks of means, sds and partials, and the centred log weights, of which x leaves out the last. Proposals for such a
posterior have the same symmetry (Frühwirth-Schnatter 2001, doi:10.1198/016214501750333063),

    q(x) = 1 / K! sum_P N(P x; mean, L L'),

so that one proposal crosses from mode to mode and none is ever lost.
"""

import math
from dataclasses import dataclass, replace
from itertools import permutations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import block_diag, solve_triangular
from scipy.special import logsumexp

from bayesgmm.covariance import CovarianceFamily

__all__ = ["SymmetricNormal", "coordinate_counts", "reorderings"]

Array = NDArray[np.float64]

BLOCK = 2**22  # numbers held at a time: 32 MB
SWEEPS = 3  # of bringing points into one order and fitting again; there is little left to gain after the second
RIDGE = 1e-6  # of the variances, so that few or equal points still have a density


def coordinate_counts(family: CovarianceFamily, n_components: int, n_features: int) -> tuple[int, int, int, int]:
    """Give the number of coordinates of weights, means, sds and partials in the unconstrained vector.

    Parameters
    ----------
    family : CovarianceFamily
    n_components, n_features : int
        K and D.

    Returns
    -------
    tuple of int
        Their sum is n.

    Examples
    --------
    >>> from bayesgmm.covariance import Full
    >>> from bayesgmm.inference.symmetry import coordinate_counts
    >>> coordinate_counts(Full(), 2, 2)
    (1, 4, 4, 2)
    """
    K, D = n_components, n_features
    pairs = D * (D - 1) // 2 if family.has_correlations(D) else 0
    return K - 1, K * D, family.compact_sds(np.empty((K, D))).size, pairs if family.is_shared else K * pairs


def reorderings(family: CovarianceFamily, n_components: int, n_features: int) -> Array:
    """Give every reordering of the components as a matrix that acts on the unconstrained vector.

    Parameters
    ----------
    family : CovarianceFamily
    n_components, n_features : int
        K and D.

    Returns
    -------
    array of shape (K!, n, n)
        The identity first.

    Examples
    --------
    >>> from bayesgmm.covariance import Spherical
    >>> from bayesgmm.inference.symmetry import reorderings
    >>> reorderings(Spherical(), 2, 1)[1] @ [0.3, 1.0, 2.0, 0.1, 0.2]  # log weight, means, log sds
    array([-0.3,  2. ,  1. ,  0.2,  0.1])
    """
    K = n_components
    _, *sizes = coordinate_counts(family, K, n_features)
    is_shared = (False, family.is_shared, family.is_shared)
    centred = np.vstack([np.eye(K - 1), -np.ones((1, K - 1))])  # (K, K - 1), v to the K log weights

    def matrix(order: tuple[int, ...]) -> Array:
        Q = np.eye(K)[list(order)]
        blocks = (
            np.eye(size) if stays else np.kron(Q, np.eye(size // K))
            for size, stays in zip(sizes, is_shared, strict=True)
        )
        return np.asarray(block_diag((Q @ centred)[:-1], *blocks))

    return np.stack([matrix(order) for order in permutations(range(K))])


@dataclass(frozen=True, eq=False)
class SymmetricNormal:
    """A normal distribution about one labelled mode and its mirror images, each of the same weight.

    Attributes
    ----------
    mean : array of shape (n,)
    factor : array of shape (n, n)
        L, lower triangular.
    matrices : array of shape (G, n, n)
        The symmetry, of determinant one or minus one each; only the identity where there is none.
    """

    mean: Array
    factor: Array
    matrices: Array

    def refit(self, points: Array) -> "SymmetricNormal":
        """Fit mean and covariance to points that are brought into one order first, the most probable about this mode.

        Parameters
        ----------
        points : array of shape (M, n)

        Returns
        -------
        SymmetricNormal
            Of the same symmetry.

        Examples
        --------
        >>> import numpy as np
        >>> from bayesgmm.inference.symmetry import SymmetricNormal
        >>> begun = SymmetricNormal(np.array([2.0]), np.eye(1), np.array([np.eye(1), -np.eye(1)]))
        >>> begun.refit(np.array([[3.0], [-5.0], [-3.0], [5.0]])).mean
        array([4.])
        """
        found = self
        for _ in range(SWEEPS if len(self.matrices) > 1 else 1):
            ordered = found.align(points)
            covariance = np.atleast_2d(np.cov(ordered, rowvar=False))
            covariance[np.diag_indices_from(covariance)] *= 1.0 + RIDGE
            covariance += RIDGE**2 * np.eye(len(covariance))
            found = replace(self, mean=ordered.mean(0), factor=np.linalg.cholesky(covariance))
        return found

    def align(self, points: Array) -> Array:
        """Bring points of shape (M, n) into the order that is the most probable about the labelled mode."""
        best = np.concatenate([self._image_densities(block).argmax(0) for block in self._blocks(points)])
        return np.einsum("mij,mj->mi", self.matrices[best], points)

    def log_density(self, points: Array) -> Array:
        """Give the log density, in nats, at points of shape (M, n)."""
        densities = np.concatenate([logsumexp(self._image_densities(b), axis=0) for b in self._blocks(points)])
        return np.asarray(densities - math.log(len(self.matrices)))

    def draw(self, size: int, rng: np.random.Generator) -> Array:
        """Draw points, of shape (size, n)."""
        return self._image(self.mean + rng.standard_normal((size, self.mean.size)) @ self.factor.T, rng)

    def draw_steps(self, size: int, rng: np.random.Generator) -> Array:
        """Draw steps of mean zero and the width of a random image, of shape (size, n); they are as likely backwards."""
        return self._image(rng.standard_normal((size, self.mean.size)) @ self.factor.T, rng)

    def _image(self, points: Array, rng: np.random.Generator) -> Array:
        chosen = self.matrices[rng.integers(len(self.matrices), size=len(points))]
        return np.einsum("mij,mj->mi", chosen, points)

    def _blocks(self, points: Array) -> list[Array]:
        size = max(1, BLOCK // self.matrices[:, 0].size)
        return [points[start : start + size] for start in range(0, len(points), size)]

    def _image_densities(self, points: Array) -> Array:
        """Give the log density of every image P x about the labelled mode; of shape (G, M)."""
        G, n = self.matrices.shape[:2]
        images = self.matrices.reshape(G * n, n) @ points.T  # (G n, M)
        shifts = images.reshape(G, n, -1).swapaxes(0, 1).reshape(n, -1) - self.mean[:, None]
        u = solve_triangular(self.factor, shifts, lower=True)  # (n, G M)
        log_volume = np.log(np.diagonal(self.factor)).sum() + 0.5 * n * math.log(2.0 * math.pi)
        return np.asarray((-0.5 * (u**2).sum(0) - log_volume).reshape(G, -1))
