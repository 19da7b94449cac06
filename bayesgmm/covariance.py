"""Covariance families in plain NumPy: full, tied, diag, spherical, and the algebra of their parameters.

A family knows its shapes, its number of free parameters, its M-step and its symmetry. Two layouts occur:

scale     what the compiled passes read: ``scale_tril`` of shape (..., K, D, D), or, for the families whose
          covariance is diagonal, its diagonal (..., K, D), so that they never pay for D x D work.
compact   what a user reads: one array per component or one for all, as scikit-learn and the posterior lay it out.

Correlations are parameterised by canonical partial correlations z_ij, i > j, row by row of the lower triangle
(Lewandowski, Kurowicka and Joe 2009, doi:10.1016/j.jmva.2009.04.008); the Cholesky factor R of the correlation
matrix follows by

    R_ij = z_ij sqrt(prod_{m<j} (1 - z_im^2)),   R_ii = sqrt(prod_{m<i} (1 - z_im^2)).
"""

from abc import ABC, abstractmethod
from typing import ClassVar, override

import numpy as np
from numpy.typing import NDArray

from bayesgmm.errors import InvalidArgumentError

__all__ = [
    "FAMILIES",
    "CovarianceFamily",
    "Diagonal",
    "Full",
    "Spherical",
    "Tied",
    "as_family",
    "correlation_cholesky",
    "partials_from_cholesky",
]

Array = NDArray[np.float64]

TINY_COUNT = 10 * np.finfo(float).eps  # scikit-learn's: added to N_k, so that an empty component divides by no zero


class CovarianceFamily(ABC):
    """What a covariance structure knows of itself; K components, D features.

    Attributes
    ----------
    name : str
        scikit-learn's word for it.
    is_diagonal : bool
        Whether every covariance is diagonal; the scale is then (..., K, D).
    is_shared : bool
        Whether all components have the same covariance; compact arrays then have no component axis.
    """

    name: ClassVar[str]
    is_diagonal: ClassVar[bool] = False
    is_shared: ClassVar[bool] = False

    @abstractmethod
    def n_parameters(self, n_components: int, n_features: int) -> int:
        """Count the free covariance parameters."""

    def pool(self, counts: Array, covariances: Array) -> Array:
        """Project per-component covariances on the family: the maximum of the expected log-likelihood.

        Parameters
        ----------
        counts : array of shape (K,)
            Expected rows per component, N_k.
        covariances : array of shape (K, D, D) or, for a diagonal family, (K, D)
            Weighted covariances about the components' means, or their diagonals, in units of x squared.

        Returns
        -------
        array of the shape of `covariances`
        """
        return covariances

    @abstractmethod
    def compact(self, matrices: Array) -> Array:
        """Lay (..., K, D, D) matrices of this family out as scikit-learn does."""

    @abstractmethod
    def expand(self, compact: Array, n_components: int, n_features: int) -> Array:
        """Undo `compact`: (..., K, D, D) from scikit-learn's layout."""

    def compact_sds(self, sds: Array) -> Array:
        """Lay (..., K, D) standard deviations out as the posterior does."""
        return sds

    def expand_sds(self, sds: Array, n_components: int, n_features: int) -> Array:
        """Undo `compact_sds`: (..., K, D)."""
        return sds

    def has_correlations(self, n_features: int) -> bool:
        """Tell whether the family has correlations between `n_features` features."""
        return not self.is_diagonal and n_features > 1

    def scale(self, scale_tril: Array) -> Array:
        """Give what the compiled passes read: `scale_tril`, or its diagonal where that is all there is."""
        return np.diagonal(scale_tril, axis1=-2, axis2=-1).copy() if self.is_diagonal else scale_tril

    def scale_tril(self, scale: Array) -> Array:
        """Undo `scale`: (..., K, D, D)."""
        return scale[..., None] * np.eye(scale.shape[-1]) if self.is_diagonal else scale

    def rows_needed(self, n_features: int) -> int:
        """Count the rows that a component must hold before its own parameters are determined.

        One for the mean where the covariance is shared, two for variances of its own, D + 1 for a whole matrix.
        """
        return n_features + 1

    def shared_sds(self, sds: Array) -> Array:
        """Turn lower bounds (D,) on the sds into bounds of this family: the least of them where all sds are one."""
        return sds

    def transform(self, scale: Array, y: Array) -> Array:
        """Give L_k y_k, of shape (K, D), for whitened vectors `y` of shape (K, D)."""
        return scale * y if self.is_diagonal else np.einsum("kij,kj->ki", scale, y)

    def maximise(self, scale: Array, counts: Array, first: Array, second: Array, ridge: Array) -> Array:
        """M-step of the covariances from the whitened statistics of the E-step.

        Sigma_k = L_k (W_k/N_k - v_k v_k'/N_k^2) L_k' + diag(ridge), pooled by the family.

        Parameters
        ----------
        scale : array of shape (K, D, D) or (K, D)
            The scale at which the statistics were taken.
        counts, first, second : arrays of shape (K,), (K, D) and the shape of `scale`
            N_k, v_k and W_k (its diagonal for a diagonal family).
        ridge : array of shape (D,)
            Added to the variances, in units of x squared; a family with one variance adds its mean.

        Returns
        -------
        array of the shape of `scale`
            C-ordered.

        Raises
        ------
        numpy.linalg.LinAlgError
            If a covariance is not positive definite.

        Examples
        --------
        Two rows, 0 and 2, seen from a component with mean 0 and sd 1:

        >>> import numpy as np
        >>> from bayesgmm.covariance import Diagonal
        >>> one, counts, first, second = np.ones((1, 1)), np.array([2.0]), np.array([[2.0]]), np.array([[4.0]])
        >>> Diagonal().maximise(one, counts, first, second, np.zeros(1))
        array([[1.]])
        """
        n = counts + TINY_COUNT  # (K,)
        centre = first / n[:, None]  # (K, D)
        if self.is_diagonal:
            variances = scale**2 * (second / n[:, None] - centre**2)
            return self.root(self.pool(counts, variances + ridge))
        inner = second / n[:, None, None] - centre[:, :, None] * centre[:, None, :]
        covariances = scale @ inner @ np.swapaxes(scale, -1, -2)  # (K, D, D)
        return self.root(self.pool(counts, covariances + np.diag(ridge)))

    def root(self, covariances: Array) -> Array:
        """Give the scale of covariances (K, D, D), or of variances (K, D) for a diagonal family.

        Raises
        ------
        numpy.linalg.LinAlgError
            If one is not positive definite.
        """
        if not self.is_diagonal:
            return np.linalg.cholesky(covariances)
        if not np.all(covariances > 0):
            raise np.linalg.LinAlgError("variances must be positive")
        return np.ascontiguousarray(np.sqrt(covariances))

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class Full(CovarianceFamily):
    """Each component has its own covariance matrix; symmetric under any affine map of x."""

    name = "full"

    @override
    def n_parameters(self, n_components: int, n_features: int) -> int:
        return n_components * n_features * (n_features + 1) // 2

    @override
    def compact(self, matrices: Array) -> Array:
        return matrices

    @override
    def expand(self, compact: Array, n_components: int, n_features: int) -> Array:
        return compact


class Tied(CovarianceFamily):
    """All components share one covariance matrix; symmetric under any affine map of x."""

    name = "tied"
    is_shared = True

    @override
    def rows_needed(self, n_features: int) -> int:
        return 1

    @override
    def n_parameters(self, n_components: int, n_features: int) -> int:
        return n_features * (n_features + 1) // 2

    @override
    def pool(self, counts: Array, covariances: Array) -> Array:
        shared = np.einsum("k,kij->ij", counts / counts.sum(), covariances)
        return np.broadcast_to(shared, covariances.shape)

    @override
    def compact(self, matrices: Array) -> Array:
        return matrices[..., 0, :, :]

    @override
    def expand(self, compact: Array, n_components: int, n_features: int) -> Array:
        return np.repeat(compact[..., None, :, :], n_components, axis=-3)

    @override
    def compact_sds(self, sds: Array) -> Array:
        return sds[..., 0, :]

    @override
    def expand_sds(self, sds: Array, n_components: int, n_features: int) -> Array:
        return np.repeat(sds[..., None, :], n_components, axis=-2)


class Diagonal(CovarianceFamily):
    """Each component has its own variances and no correlations; symmetric under shift and scale per column."""

    name = "diag"
    is_diagonal = True

    @override
    def rows_needed(self, n_features: int) -> int:
        return 2

    @override
    def n_parameters(self, n_components: int, n_features: int) -> int:
        return n_components * n_features

    @override
    def compact(self, matrices: Array) -> Array:
        return np.diagonal(matrices, axis1=-2, axis2=-1).copy()

    @override
    def expand(self, compact: Array, n_components: int, n_features: int) -> Array:
        return compact[..., None] * np.eye(n_features)


class Spherical(CovarianceFamily):
    """Each component has one variance for all features; symmetric under rotation, shift and one common scale."""

    name = "spherical"
    is_diagonal = True

    @override
    def rows_needed(self, n_features: int) -> int:
        return 2

    @override
    def shared_sds(self, sds: Array) -> Array:
        return np.full_like(sds, sds.min())

    @override
    def n_parameters(self, n_components: int, n_features: int) -> int:
        return n_components

    @override
    def pool(self, counts: Array, covariances: Array) -> Array:
        return np.broadcast_to(covariances.mean(-1, keepdims=True), covariances.shape)

    @override
    def compact(self, matrices: Array) -> Array:
        return matrices[..., 0, 0]

    @override
    def expand(self, compact: Array, n_components: int, n_features: int) -> Array:
        return compact[..., None, None] * np.eye(n_features)

    @override
    def compact_sds(self, sds: Array) -> Array:
        return sds[..., 0]

    @override
    def expand_sds(self, sds: Array, n_components: int, n_features: int) -> Array:
        return np.repeat(sds[..., None], n_features, axis=-1)


FAMILIES: dict[str, CovarianceFamily] = {f.name: f for f in (Full(), Tied(), Diagonal(), Spherical())}


def as_family(covariance_type: str | CovarianceFamily) -> CovarianceFamily:
    """Turn the word for a family into the family.

    Parameters
    ----------
    covariance_type : {"full", "tied", "diag", "spherical"} or CovarianceFamily

    Returns
    -------
    CovarianceFamily

    Raises
    ------
    InvalidArgumentError
        If there is no such family.

    Examples
    --------
    >>> from bayesgmm.covariance import as_family
    >>> as_family("tied").n_parameters(3, 2)
    3
    """
    if isinstance(covariance_type, CovarianceFamily):
        return covariance_type
    if not isinstance(covariance_type, str) or covariance_type not in FAMILIES:
        raise InvalidArgumentError("covariance_type", f"be one of {list(FAMILIES)}", repr(covariance_type))
    return FAMILIES[covariance_type]


def correlation_cholesky(partials: Array, n_features: int) -> Array:
    """Turn canonical partial correlations into Cholesky factors of correlation matrices.

    Parameters
    ----------
    partials : array of shape (..., P)
        Canonical partial correlations in (-1, 1), row by row of the lower triangle.
    n_features : int
        D, with P = D (D - 1) / 2.

    Returns
    -------
    array of shape (..., D, D)
        R, lower triangular with rows of unit length.

    Examples
    --------
    >>> import numpy as np
    >>> from bayesgmm.covariance import correlation_cholesky
    >>> R = correlation_cholesky(np.array([0.6]), 2)
    >>> R @ R.T
    array([[1. , 0.6],
           [0.6, 1. ]])
    """
    D = n_features
    z = np.zeros((*partials.shape[:-1], D, D))
    rows, columns = np.tril_indices(D, -1)
    z[..., rows, columns] = partials
    left = np.sqrt((1.0 - z) * (1.0 + z))  # (..., D, D), ones on and above the diagonal
    rest = np.cumprod(left, axis=-1)
    before = np.concatenate([np.ones_like(rest[..., :1]), rest[..., :-1]], axis=-1)  # prod over m < j
    diagonal = np.eye(D, dtype=bool)
    return np.where(diagonal, before, z * before)


def partials_from_cholesky(factors: Array) -> Array:
    """Undo `correlation_cholesky`; the rows of the factors may have any length.

    Parameters
    ----------
    factors : array of shape (..., D, D)
        Cholesky factors of correlation or covariance matrices.

    Returns
    -------
    array of shape (..., P)
        Canonical partial correlations, row by row of the lower triangle.

    Examples
    --------
    >>> import numpy as np
    >>> from bayesgmm.covariance import partials_from_cholesky
    >>> partials_from_cholesky(np.linalg.cholesky(np.array([[4.0, 1.2], [1.2, 1.0]])))
    array([0.6])
    """
    rows, columns = np.tril_indices(factors.shape[-1], -1)
    tail = np.sqrt(np.cumsum(factors[..., ::-1] ** 2, axis=-1)[..., ::-1])  # norm of R_i,j..i
    tail = np.where(tail > 0, tail, 1.0)
    return (factors / tail)[..., rows, columns]
