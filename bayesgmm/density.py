"""The density of a Gaussian mixture in plain NumPy, batched over draws: the truth that fast code is tested against.

    log f(x) = log sum_k w_k N(x | m_k, L_k L_k'),
    log N(x | m, L L') = -(D log 2 pi)/2 - sum_i log L_ii - |L^-1 (x - m)|^2 / 2,
    r_k(x) = w_k N(x | m_k, L_k L_k') / f(x).

N rows, D features, K components; "..." are any leading batch axes of the parameters. Nothing is checked here, and
arrays of size batch x N x K x D are made: where rows or draws are many, the compiled passes of `kernel` serve.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

__all__ = [
    "component_log_density",
    "expected_statistics",
    "log_density",
    "log_joint",
    "log_sum_exp",
    "responsibilities",
    "whiten",
]

Array = NDArray[np.float64]


def whiten(x: Array, means: Array, scale_tril: Array) -> Array:
    """Give y_nk = L_k^-1 (x_n - m_k).

    Parameters
    ----------
    x : array of shape (N, D)
    means : array of shape (..., K, D)
        In the units of `x`.
    scale_tril : array of shape (..., K, D, D)
        Cholesky factors of the covariances, in the units of `x`.

    Returns
    -------
    array of shape (..., K, D, N)
        Without unit.

    Examples
    --------
    >>> import numpy as np
    >>> from bayesgmm.density import whiten
    >>> whiten(np.array([[3.0]]), np.array([[1.0]]), np.array([[[4.0]]]))
    array([[[0.5]]])
    """
    D = x.shape[1]
    difference = x.T - means[..., None]  # (..., K, D, N)
    flat = zip(scale_tril.reshape(-1, D, D), difference.reshape(-1, D, x.shape[0]), strict=True)
    solved = [solve_triangular(factor, rows, lower=True, check_finite=False) for factor, rows in flat]
    return np.asarray(solved).reshape(difference.shape)


def component_log_density(x: Array, means: Array, scale_tril: Array) -> Array:
    """Give log N(x_n | m_k, L_k L_k').

    Parameters
    ----------
    x : array of shape (N, D)
    means, scale_tril : arrays of shape (..., K, D) and (..., K, D, D)
        In the units of `x`.

    Returns
    -------
    array of shape (..., N, K)
        Natural logarithm of a density per unit of `x` to the power D.

    Examples
    --------
    >>> import numpy as np
    >>> from bayesgmm.density import component_log_density
    >>> component_log_density(np.zeros((1, 1)), np.zeros((2, 1)), np.array([[[1.0]], [[2.0]]])).round(4)
    array([[-0.9189, -1.6121]])
    """
    y = whiten(x, means, scale_tril)  # (..., K, D, N)
    log_det = np.log(np.diagonal(scale_tril, axis1=-2, axis2=-1)).sum(-1)  # (..., K)
    constant = -0.5 * x.shape[1] * np.log(2 * np.pi) - log_det
    return np.swapaxes(constant[..., None] - 0.5 * (y**2).sum(-2), -1, -2)


def log_joint(x: Array, log_weights: Array, means: Array, scale_tril: Array) -> Array:
    """Give log w_k N(x_n | m_k, L_k L_k').

    Parameters
    ----------
    x : array of shape (N, D)
    log_weights : array of shape (..., K)
        log w_k; minus infinity where a weight is zero.
    means, scale_tril : arrays of shape (..., K, D) and (..., K, D, D)
        In the units of `x`.

    Returns
    -------
    array of shape (..., N, K)

    Examples
    --------
    >>> import numpy as np
    >>> from bayesgmm.density import log_joint
    >>> log_joint(np.zeros((1, 1)), np.log([0.5, 0.5]), np.zeros((2, 1)), np.ones((2, 1, 1))).round(4)
    array([[-1.6121, -1.6121]])
    """
    return component_log_density(x, means, scale_tril) + log_weights[..., None, :]


def log_sum_exp(values: Array) -> Array:
    """Give log sum exp over the last axis, free of overflow; minus infinity where every value is.

    Parameters
    ----------
    values : array of shape (..., K)

    Returns
    -------
    array of shape (...)

    Examples
    --------
    >>> import numpy as np
    >>> from bayesgmm.density import log_sum_exp
    >>> float(log_sum_exp(np.array([1000.0, 1000.0])).round(4))
    1000.6931
    """
    top = values.max(-1, keepdims=True)
    top = np.where(np.isfinite(top), top, 0.0)
    with np.errstate(divide="ignore"):
        return np.log(np.exp(values - top).sum(-1)) + top[..., 0]


def log_density(x: Array, log_weights: Array, means: Array, scale_tril: Array) -> Array:
    """Give log f(x_n).

    Parameters
    ----------
    x, log_weights, means, scale_tril : arrays
        As `log_joint` takes them.

    Returns
    -------
    array of shape (..., N)
        Natural logarithm of a density per unit of `x` to the power D.

    Examples
    --------
    >>> import numpy as np
    >>> from bayesgmm.density import log_density
    >>> log_density(np.zeros((1, 1)), np.log([0.5, 0.5]), np.zeros((2, 1)), np.ones((2, 1, 1))).round(4)
    array([-0.9189])
    """
    return log_sum_exp(log_joint(x, log_weights, means, scale_tril))


def responsibilities(x: Array, log_weights: Array, means: Array, scale_tril: Array) -> Array:
    """Give r_nk = w_k N(x_n | m_k, L_k L_k') / f(x_n).

    Parameters
    ----------
    x, log_weights, means, scale_tril : arrays
        As `log_joint` takes them.

    Returns
    -------
    array of shape (..., N, K)
        Each row sums to one.

    Examples
    --------
    >>> import numpy as np
    >>> from bayesgmm.density import responsibilities
    >>> responsibilities(np.zeros((1, 1)), np.log([0.25, 0.75]), np.zeros((2, 1)), np.ones((2, 1, 1)))
    array([[0.25, 0.75]])
    """
    joint = log_joint(x, log_weights, means, scale_tril)
    return np.exp(joint - log_sum_exp(joint)[..., None])


def expected_statistics(
    x: Array, row_weights: Array, log_weights: Array, means: Array, scale_tril: Array
) -> tuple[float, Array, Array, Array]:
    """Give the whitened expected sufficient statistics of one mixture, written as their formulas.

    Parameters
    ----------
    x : array of shape (N, D)
    row_weights : array of shape (N,)
        g_n.
    log_weights, means, scale_tril : arrays of shape (K,), (K, D), (K, D, D)
        log w_k, m_k and L_k, the last two in the units of `x`.

    Returns
    -------
    log_likelihood : float
        sum_n g_n log f(x_n).
    counts : array of shape (K,)
        N_k = sum_n g_n r_nk.
    first : array of shape (K, D)
        v_k = sum_n g_n r_nk y_nk, without unit.
    second : array of shape (K, D, D)
        W_k = sum_n g_n r_nk y_nk y_nk', without unit.

    Examples
    --------
    >>> import numpy as np
    >>> from bayesgmm.density import expected_statistics
    >>> x, ones = np.array([[0.0], [2.0]]), np.ones((1, 1))
    >>> expected_statistics(x, np.ones(2), np.zeros(1), ones, ones[None])[3]
    array([[[2.]]])
    """
    joint = log_joint(x, log_weights, means, scale_tril)  # (N, K)
    rows = log_sum_exp(joint)
    g = row_weights[:, None] * np.exp(joint - rows[:, None])  # (N, K)
    y = whiten(x, means, scale_tril)  # (K, D, N)
    return (
        float(row_weights @ rows),
        g.sum(0),
        np.einsum("nk,kdn->kd", g, y),
        np.einsum("nk,kdn,ken->kde", g, y, y),
    )
