"""scikit-learn's layouts and sentences for the parameters that a user gives to start from.

A precision P = U U' is held by its upper triangular root U; the Cholesky factor of the covariance is L = U^-T. Any
root serves, as it does in scikit-learn: the lower triangular factor of P^-1 = U^-T U^-1 comes from a QR decomposition.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_array

from bayesgmm.covariance import CovarianceFamily
from bayesgmm.mixture.parameters import triangular

__all__ = ["check_means", "check_precisions", "check_weights", "root_precisions", "scale_from_roots"]

Array = NDArray[np.float64]


def check_weights(weights: ArrayLike, n_components: int) -> Array:
    """Check weights to start from.

    Parameters
    ----------
    weights : array-like of shape (K,)
    n_components : int
        K.

    Returns
    -------
    array of shape (K,)

    Raises
    ------
    ValueError
        For another shape, or weights off the simplex, in scikit-learn's words (its maximum and minimum swapped).
    """
    checked = check_array(weights, dtype=[np.float64, np.float32], ensure_2d=False)
    _check_shape(checked, (n_components,), "weights")
    if (checked < 0).any() or (checked > 1).any():
        raise ValueError(
            "The parameter 'weights' should be in the range [0, 1], but got "
            f"max value {checked.min():.5f}, min value {checked.max():.5f}"
        )
    if abs(1.0 - checked.sum()) > (1e-6 if checked.dtype == np.float32 else 1e-8):
        raise ValueError(f"The parameter 'weights' should be normalized, but got sum(weights) = {checked.sum():.5f}")
    return checked.astype(float) / checked.sum(dtype=float)


def check_means(means: ArrayLike, n_components: int, n_features: int) -> Array:
    """Check means to start from.

    Parameters
    ----------
    means : array-like of shape (K, D)
    n_components, n_features : int
        K and D.

    Returns
    -------
    array of shape (K, D)

    Raises
    ------
    ValueError
        For another shape, in scikit-learn's words.
    """
    checked = check_array(means, dtype=[np.float64, np.float32], ensure_2d=False)
    _check_shape(checked, (n_components, n_features), "means")
    return np.array(checked, dtype=float, order="C")


def check_precisions(precisions: ArrayLike, family: CovarianceFamily, n_components: int, n_features: int) -> Array:
    """Check precisions to start from.

    Parameters
    ----------
    precisions : array-like
        In the family's compact layout.
    family : CovarianceFamily
    n_components, n_features : int
        K and D.

    Returns
    -------
    array of shape (K, D, D)

    Raises
    ------
    ValueError
        For another shape, or matrices that are not symmetric and positive definite, in scikit-learn's words.
    """
    name = f"{family.name} precision"
    checked = check_array(precisions, dtype=[np.float64, np.float32], ensure_2d=False, allow_nd=True).astype(float)
    _check_shape(checked, family.compact(np.zeros((n_components, n_features, n_features))).shape, name)
    matrices = family.expand(checked, n_components, n_features)
    if family.is_diagonal:
        if (checked <= 0).any():
            raise ValueError(f"'{name}' should be positive")
    elif not (np.allclose(matrices, matrices.swapaxes(-1, -2)) and (np.linalg.eigvalsh(matrices) > 0).all()):
        raise ValueError(f"'{name}' should be symmetric, positive-definite")
    return matrices


def root_precisions(precisions: Array) -> Array:
    """Give the upper triangular U with P = U U'.

    Parameters
    ----------
    precisions : array of shape (K, D, D)
        P, in inverse units of x squared.

    Returns
    -------
    array of shape (K, D, D)

    Examples
    --------
    >>> import numpy as np
    >>> from bayesgmm.estimators.layouts import root_precisions
    >>> root_precisions(np.array([[[4.0, 2.0], [2.0, 4.0]]])).round(3)
    array([[[1.732, 1.   ],
            [0.   , 2.   ]]])
    """
    return np.linalg.cholesky(precisions[:, ::-1, ::-1])[:, ::-1, ::-1]


def scale_from_roots(roots: Array) -> Array:
    """Give the Cholesky factors L of the covariances, L L' = (U U')^-1, from any roots U of the precisions.

    Parameters
    ----------
    roots : array of shape (K, D, D)
        U, in inverse units of x.

    Returns
    -------
    array of shape (K, D, D)
        In the units of x.

    Examples
    --------
    >>> import numpy as np
    >>> from bayesgmm.estimators.layouts import scale_from_roots
    >>> scale_from_roots(np.array([[[0.5]]]))
    array([[[2.]]])
    """
    return triangular(np.swapaxes(np.linalg.inv(roots), -1, -2))  # U^-T is L up to an orthogonal factor on its right


def _check_shape(value: Array, shape: tuple[int, ...], name: str) -> None:
    if value.shape != shape:
        raise ValueError(f"The parameter '{name}' should have the shape of {shape}, but got {value.shape}")
