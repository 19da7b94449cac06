"""The three arrays of a mixture: what makes them one, and the algebra that `Mixture` speaks in methods.

A Cholesky factor is lower triangular with positive diagonal. From a covariance it comes by Cholesky's decomposition;
from any root A of a covariance, Sigma = A A', by a QR decomposition of A', which never squares and so keeps all digits
of badly conditioned covariances (Golub and Van Loan 2013, Matrix Computations, section 5.2).

K components, D features, "..." batch axes.
"""

from numbers import Integral, Real

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bayesgmm import density
from bayesgmm.errors import InvalidArgumentError

__all__ = [
    "as_diagonal_factors",
    "as_factors",
    "as_finite",
    "as_order",
    "as_parameters",
    "as_positions",
    "circle",
    "condition",
    "draw_rows",
    "triangular",
]

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

SIMPLEX_TOLERANCE = 1e-8  # scikit-learn's; weights read from a text file sum to one only so far
SYMMETRY_TOLERANCE = 1e-8  # of the product of the two sds; printed covariances are symmetric only so far
SAMPLE_BLOCK = 2**20  # numbers of gathered factors held at once while sampling: 8 MB


def as_finite(name: str, value: ArrayLike) -> Array:
    """Copy numbers to a C-ordered float64 array.

    Parameters
    ----------
    name : str
        The argument, as an error should call it.
    value : array-like
        Numbers of any type.

    Returns
    -------
    array
        Of the same shape, finite.

    Raises
    ------
    InvalidArgumentError
        If something is not a number or not finite; it says `name`.

    Examples
    --------
    >>> from bayesgmm.mixture.parameters import as_finite
    >>> as_finite("shift", [1, 2])
    array([1., 2.])
    """
    try:
        array = np.array(value, dtype=np.float64, order="C")
    except (TypeError, ValueError) as error:
        raise InvalidArgumentError(name, "be an array of numbers", value) from error
    if not np.isfinite(array).all():
        raise InvalidArgumentError(name, "be finite", value)
    return array


def as_parameters(weights: ArrayLike, means: ArrayLike, scale_tril: ArrayLike) -> tuple[Array, Array, Array]:
    """Copy the parameters of a mixture, check them and broadcast their batch axes.

    Parameters
    ----------
    weights, means, scale_tril : arrays of shape (..., K), (..., K, D) and (..., K, D, D)
        As `Mixture` takes them.

    Returns
    -------
    weights, means, scale_tril : arrays
        Writeable copies with the same batch axes; the weights sum to one to rounding.

    Raises
    ------
    InvalidArgumentError
        If they are no mixture.

    Examples
    --------
    >>> from bayesgmm.mixture.parameters import as_parameters
    >>> [array.shape for array in as_parameters([[0.5, 0.5]], [[0.0], [1.0]], [[[1.0]], [[1.0]]])]
    [(1, 2), (1, 2, 1), (1, 2, 1, 1)]
    """
    w, m, L = as_finite("weights", weights), as_finite("means", means), as_finite("scale_tril", scale_tril)
    K = w.shape[-1] if w.ndim else 0
    if K < 1:
        raise InvalidArgumentError("weights", "be of shape (..., K) with K at least 1", f"shape {w.shape}")
    D = m.shape[-1] if m.ndim > 1 else 0
    if D < 1 or m.shape[-2] != K:
        raise InvalidArgumentError("means", f"be of shape (..., {K}, D), a row for each weight", f"shape {m.shape}")
    if L.shape[-3:] != (K, D, D):
        raise InvalidArgumentError("scale_tril", f"be of shape (..., {K}, {D}, {D})", f"shape {L.shape}")
    if not (np.diagonal(L, axis1=-2, axis2=-1) > 0).all():
        raise InvalidArgumentError("scale_tril", "have a positive diagonal", L)
    if D > 1 and np.triu(L, 1).any():
        remedy = "`Mixture.from_covariances` takes covariances."
        raise InvalidArgumentError("scale_tril", "be lower triangular", L, remedy)
    return _broadcast_batches(_as_simplex(w), m, L)


def as_factors(covariances: ArrayLike) -> Array:
    """Give the Cholesky factors of covariances.

    Parameters
    ----------
    covariances : array of shape (..., K, D, D)

    Returns
    -------
    array of shape (..., K, D, D)

    Raises
    ------
    InvalidArgumentError
        If one is not symmetric, to 1e-8 of the product of the two sds, or not positive definite.

    Examples
    --------
    >>> from bayesgmm.mixture.parameters import as_factors
    >>> as_factors([[[4.0]]])
    array([[[2.]]])
    """
    matrices = as_finite("covariances", covariances)
    if matrices.ndim < 3 or matrices.shape[-1] != matrices.shape[-2]:
        raise InvalidArgumentError("covariances", "be of shape (..., K, D, D)", f"shape {matrices.shape}")
    sds = np.sqrt(np.abs(np.diagonal(matrices, axis1=-2, axis2=-1)))
    difference = np.abs(matrices - np.swapaxes(matrices, -1, -2))
    if (difference > SYMMETRY_TOLERANCE * sds[..., :, None] * sds[..., None, :]).any():
        raise InvalidArgumentError("covariances", "be symmetric", matrices)
    try:
        return np.linalg.cholesky(matrices)
    except np.linalg.LinAlgError as error:
        remedy = "Give `scale_tril` where rounding made a valid covariance indefinite."
        raise InvalidArgumentError("covariances", "be positive definite", matrices, remedy) from error


def as_diagonal_factors(sds: ArrayLike) -> Array:
    """Give the Cholesky factors, (..., K, D, D), of covariances without correlations.

    Parameters
    ----------
    sds : array of shape (..., K, D)

    Returns
    -------
    array of shape (..., K, D, D)

    Raises
    ------
    InvalidArgumentError
        If one is not positive.

    Examples
    --------
    >>> from bayesgmm.mixture.parameters import as_diagonal_factors
    >>> as_diagonal_factors([[1.0, 2.0]])
    array([[[1., 0.],
            [0., 2.]]])
    """
    values = as_finite("sds", sds)
    if values.ndim < 2 or not (values > 0).all():
        raise InvalidArgumentError("sds", "be positive, of shape (..., K, D)", sds)
    return values[..., None] * np.eye(values.shape[-1])


def as_order(order: ArrayLike, shape: tuple[int, ...]) -> Integers:
    """Check permutations of K components and broadcast them to `shape`, (..., K).

    Parameters
    ----------
    order : integer array of shape (K,) or (..., K)
        The component that goes to each place.
    shape : tuple of int
        The batch axes and K.

    Returns
    -------
    integer array of shape (..., K)

    Raises
    ------
    InvalidArgumentError
        If one is no permutation or the batch axes do not fit.

    Examples
    --------
    >>> from bayesgmm.mixture.parameters import as_order
    >>> as_order([1, 0], (2, 2))
    array([[1, 0],
           [1, 0]])
    """
    index, K = np.asarray(order), shape[-1]
    if index.dtype.kind not in "iu" or index.shape[-1:] != (K,) or (np.sort(index, -1) != np.arange(K)).any():
        raise InvalidArgumentError("order", f"be a permutation of the integers from 0 to {K - 1}", order)
    try:
        return np.broadcast_to(index, shape)
    except ValueError as error:
        raise InvalidArgumentError("order", f"fit the shape {shape}", f"shape {index.shape}") from error


def as_positions(features: ArrayLike, n_features: int) -> Integers:
    """Check positions of features and give them as a vector.

    Parameters
    ----------
    features : int or sequence of int
        Distinct positions, from 0.
    n_features : int
        D.

    Returns
    -------
    integer array of shape (F,)
        In the order given.

    Raises
    ------
    InvalidArgumentError
        If there is none, one twice, or one that does not exist.

    Examples
    --------
    >>> from bayesgmm.mixture.parameters import as_positions
    >>> as_positions(1, 2)
    array([1])
    """
    positions = np.atleast_1d(np.asarray(features))
    is_valid = positions.ndim == 1 and positions.size > 0 and positions.dtype.kind in "iu"
    if not is_valid or not np.isin(positions, np.arange(n_features)).all() or len(set(positions)) < positions.size:
        raise InvalidArgumentError("features", f"be distinct integers from 0 to {n_features - 1}", features)
    return positions


def triangular(roots: Array) -> Array:
    """Give the Cholesky factor of A A' from A, without squaring.

    Parameters
    ----------
    roots : array of shape (..., E, D), E <= D
        A, of full row rank.

    Returns
    -------
    array of shape (..., E, E)

    Examples
    --------
    >>> import numpy as np
    >>> from bayesgmm.mixture.parameters import triangular
    >>> triangular(np.array([[3.0, 4.0]]))
    array([[5.]])
    """
    L = np.swapaxes(np.linalg.qr(np.swapaxes(roots, -1, -2), mode="r"), -1, -2)
    sign = np.where(np.diagonal(L, axis1=-2, axis2=-1) < 0, -1.0, 1.0)
    return np.tril(L * sign[..., None, :]) + 0.0


def circle(coverage: float, n_points: int) -> Array:
    """Give points of the circle that holds `coverage` of the standard normal in the plane.

    Its radius is the root of chi-square's quantile with two degrees of freedom, sqrt(-2 log(1 - coverage)).

    Parameters
    ----------
    coverage : float
        In (0, 1).
    n_points : int
        At least four, a triangle closed; the first is (radius, 0), the last equals it.

    Returns
    -------
    array of shape (n_points, 2)

    Raises
    ------
    InvalidArgumentError
        If either is out of range.

    Examples
    --------
    >>> from bayesgmm.mixture.parameters import circle
    >>> circle(0.95, 5)[0].round(3)
    array([2.448, 0.   ])
    """
    if not isinstance(coverage, Real) or not 0.0 < coverage < 1.0:
        raise InvalidArgumentError("coverage", "lie strictly between 0 and 1", coverage)
    if not isinstance(n_points, Integral) or n_points < 4:
        raise InvalidArgumentError("n_points", "be an integer of at least 4", n_points)
    angle = np.linspace(0.0, 2 * np.pi, n_points)
    return np.sqrt(-2 * np.log1p(-coverage)) * np.column_stack([np.cos(angle), np.sin(angle)])


def condition(values: Array, log_weights: Array, means: Array, scale_tril: Array) -> tuple[Array, Array, Array]:
    """Give the parameters of the last D - F features where the first F are known.

    With L = [[A, 0], [B, C]]: m + B A^-1 (v - m_F) and C; the weights w_k N(v | m_F, A A'), normalised.

    Parameters
    ----------
    values : array of shape (F,)
    log_weights, means, scale_tril : arrays of shape (..., K), (..., K, D) and (..., K, D, D)

    Returns
    -------
    weights, means, scale_tril : arrays of shape (..., K), (..., K, D - F) and (..., K, D - F, D - F)

    Examples
    --------
    >>> import numpy as np
    >>> from bayesgmm.mixture.parameters import condition
    >>> condition(np.array([2.0]), np.zeros(1), np.zeros((1, 2)), np.array([[[1.0, 0.0], [0.6, 0.8]]]))[1]
    array([[1.2]])
    """
    F, row = len(values), values[None]
    known, factors = means[..., :F], scale_tril[..., :F, :F]
    shift = (scale_tril[..., F:, :F] @ density.whiten(row, known, factors))[..., 0]  # (..., K, D - F)
    weights = density.responsibilities(row, log_weights, known, factors)[..., 0, :]
    return weights, means[..., F:] + shift, scale_tril[..., F:, F:]


def draw_rows(
    n_samples: int, rng: np.random.Generator, *, weights: Array, means: Array, scale_tril: Array
) -> tuple[Array, Integers]:
    """Draw rows, each from a member of the batch chosen at random.

    Parameters
    ----------
    n_samples : int
    rng : numpy.random.Generator
    weights, means, scale_tril : arrays of shape (S, K), (S, K, D) and (S, K, D, D)

    Returns
    -------
    X, labels : arrays of shape (n_samples, D) and (n_samples,)

    Raises
    ------
    InvalidArgumentError
        If `n_samples` is no positive integer.

    Examples
    --------
    >>> import numpy as np
    >>> from bayesgmm.mixture.parameters import draw_rows
    >>> w, m, L = np.ones((1, 1)), np.ones((1, 1, 1)), np.ones((1, 1, 1, 1))
    >>> X, labels = draw_rows(3, np.random.default_rng(1), weights=w, means=m, scale_tril=L)
    >>> X.shape, labels
    ((3, 1), array([0, 0, 0]))
    """
    if isinstance(n_samples, bool) or not isinstance(n_samples, Integral) or n_samples < 1:
        raise InvalidArgumentError("n_samples", "be a positive integer", n_samples)
    S, _, D = means.shape
    members = rng.integers(S, size=n_samples)
    cumulated = weights.cumsum(-1)
    cumulated /= cumulated[:, -1:]  # the last is one exactly, so that no label falls beyond it
    labels = (rng.random((n_samples, 1)) >= cumulated[members]).sum(-1)
    X = rng.standard_normal((n_samples, D))
    for block in np.array_split(np.arange(n_samples), -(-n_samples * D * D // SAMPLE_BLOCK)):
        chosen = members[block], labels[block]
        X[block] = means[chosen] + np.einsum("nij,nj->ni", scale_tril[chosen], X[block])
    return X, labels


def _as_simplex(weights: Array) -> Array:
    """Refuse weights off the simplex; divide out what is more than rounding, so that copies of copies stay equal."""
    total = weights.sum(-1, keepdims=True)
    if (weights < 0).any() or (np.abs(total - 1) > SIMPLEX_TOLERANCE).any():
        raise InvalidArgumentError("weights", "be at least 0 and sum to 1", weights)
    rounding = 4 * weights.shape[-1] * np.finfo(float).eps
    return np.where(np.abs(total - 1) > rounding, weights / total, weights)


def _broadcast_batches(weights: Array, means: Array, scale_tril: Array) -> tuple[Array, Array, Array]:
    """Give the arrays one batch shape; as they are where they have one already."""
    shapes = weights.shape[:-1], means.shape[:-2], scale_tril.shape[:-3]
    if len(set(shapes)) == 1:
        return weights, means, scale_tril
    try:
        batch = np.broadcast_shapes(*shapes)
    except ValueError as error:
        raise InvalidArgumentError("weights", "have batch axes that fit the other arrays'", str(shapes)) from error
    return (
        np.broadcast_to(weights, batch + weights.shape[-1:]).copy(),
        np.broadcast_to(means, batch + means.shape[-2:]).copy(),
        np.broadcast_to(scale_tril, batch + scale_tril.shape[-3:]).copy(),
    )
