"""The value everything else is built from: a Gaussian mixture whose parameters are known.

    f(x) = sum_k w_k N(x | m_k, L_k L_k')

EM returns one; a posterior is one with leading (chain, draw) axes; relabelling permutes one, plots draw one,
prediction asks one. It owns the algebra under which mixtures are closed: permuting components, affine maps of x,
marginals and conditionals, each exact (Bishop 2006, Pattern Recognition and Machine Learning, section 2.3). Factors
of new covariances come from a QR decomposition of the old factors, so no covariance is ever squared and rooted again.
The arithmetic stands in `parameters` and in the compiled passes of `kernel`; here is what a reader calls.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bayesgmm import markup
from bayesgmm.data import as_rows, as_seed
from bayesgmm.errors import InvalidArgumentError
from bayesgmm.kernel import draws, rows
from bayesgmm.mixture import parameters

__all__ = ["Mixture"]

Array = NDArray[np.float64]
Features = int | Sequence[int] | NDArray[np.int64]  # positions


@dataclass(frozen=True, eq=False, repr=False)
class Mixture:
    """A Gaussian mixture with known parameters, or a batch of them.

    N rows, D features, K components; "..." are any leading batch axes, such as (chain, draw). The batch axes of the
    three arrays are broadcast against each other. The arrays are copied and read-only.

    Parameters
    ----------
    weights : array of shape (..., K)
        w_k, each at least zero, summing to one to 1e-8; the remaining rounding is divided out.
    means : array of shape (..., K, D)
        m_k, in the units of x.
    scale_tril : array of shape (..., K, D, D)
        L_k, lower triangular with positive diagonal, in the units of x; the covariances are L_k L_k'.

    Raises
    ------
    InvalidArgumentError
        If a value is not finite, shapes disagree, weights leave the simplex, or a factor is not a Cholesky factor.

    Examples
    --------
    >>> from bayesgmm.mixture import Mixture
    >>> mixture = Mixture.from_sds(weights=[0.25, 0.75], means=[[0.0], [10.0]], sds=[[1.0], [2.0]])
    >>> mixture.log_density([[0.0], [10.0]]).round(3)
    array([-2.305, -1.9  ])
    >>> mixture.mean(), mixture.covariance()
    (array([7.5]), array([[22.]]))
    """

    weights: Array
    means: Array
    scale_tril: Array

    def __post_init__(self) -> None:
        arrays = parameters.as_parameters(self.weights, self.means, self.scale_tril)
        for name, array in zip(("weights", "means", "scale_tril"), arrays, strict=True):
            array.flags.writeable = False
            object.__setattr__(self, name, array)

    @classmethod
    def from_covariances(cls, weights: ArrayLike, means: ArrayLike, covariances: ArrayLike) -> "Mixture":
        """Build a mixture from covariance matrices.

        Parameters
        ----------
        weights, means : arrays of shape (..., K) and (..., K, D)
        covariances : array of shape (..., K, D, D)
            Symmetric and positive definite, in the units of x squared.

        Raises
        ------
        InvalidArgumentError
            If a covariance is not symmetric (to 1e-8 of the product of the two sds) or not positive definite.

        Examples
        --------
        >>> from bayesgmm.mixture import Mixture
        >>> Mixture.from_covariances([1.0], [[0.0, 0.0]], [[[4.0, 1.2], [1.2, 1.0]]]).correlations
        array([[0.6]])
        """
        return cls(np.asarray(weights), np.asarray(means), parameters.as_factors(covariances))

    @classmethod
    def from_sds(cls, weights: ArrayLike, means: ArrayLike, sds: ArrayLike) -> "Mixture":
        """Build a mixture without correlations.

        Parameters
        ----------
        weights, means : arrays of shape (..., K) and (..., K, D)
        sds : array of shape (..., K, D)
            Standard deviations, positive, in the units of x.

        Examples
        --------
        >>> from bayesgmm.mixture import Mixture
        >>> Mixture.from_sds([1.0], [[0.0]], [[2.0]]).covariances
        array([[[4.]]])
        """
        return cls(np.asarray(weights), np.asarray(means), parameters.as_diagonal_factors(sds))

    @property
    def batch_shape(self) -> tuple[int, ...]:
        """The leading axes; () for one mixture."""
        return self.weights.shape[:-1]

    @property
    def n_components(self) -> int:
        """K."""
        return self.weights.shape[-1]

    @property
    def n_features(self) -> int:
        """D."""
        return self.means.shape[-1]

    @property
    def log_weights(self) -> Array:
        """log w_k, of shape (..., K); minus infinity for a weight of zero."""
        with np.errstate(divide="ignore"):
            return np.log(self.weights)

    @property
    def covariances(self) -> Array:
        """L_k L_k', of shape (..., K, D, D), in the units of x squared."""
        return self.scale_tril @ np.swapaxes(self.scale_tril, -1, -2)

    @property
    def sds(self) -> Array:
        """Standard deviations of the features within each component, of shape (..., K, D), in the units of x."""
        return np.sqrt((self.scale_tril**2).sum(-1))

    @property
    def correlations(self) -> Array:
        """Correlations within each component, of shape (..., K, P), row by row of the lower triangle ("b:a")."""
        directions = self.scale_tril / self.sds[..., None]
        lower, upper = np.tril_indices(self.n_features, -1)
        return np.clip((directions[..., lower, :] * directions[..., upper, :]).sum(-1), -1.0, 1.0)

    def mean(self) -> Array:
        """Give the mean of the mixture itself, sum_k w_k m_k, of shape (..., D)."""
        return np.einsum("...k,...kd->...d", self.weights, self.means)

    def covariance(self) -> Array:
        """Give the covariance of the mixture itself, within plus between components, of shape (..., D, D)."""
        between = self.means - self.mean()[..., None, :]
        outer = between[..., :, None] * between[..., None, :]
        return np.einsum("...k,...kde->...de", self.weights, self.covariances + outer)

    def log_density(self, X: ArrayLike) -> Array:
        """Give log f(x_n).

        Parameters
        ----------
        X : array of shape (N, D)

        Returns
        -------
        array of shape (..., N)
            Natural logarithm of a density per unit of x to the power D.

        Examples
        --------
        >>> from bayesgmm.mixture import Mixture
        >>> Mixture.from_sds([1.0], [[0.0]], [[1.0]]).log_density([[0.0], [2.0]]).round(4)
        array([-0.9189, -2.9189])
        """
        if self.batch_shape:
            return self._evaluate(draws.draw_log_densities, X)
        return rows.log_density(as_rows(X, self.n_features), self.log_weights, self.means, self._scale)

    def component_log_density(self, X: ArrayLike) -> Array:
        """Give log N(x_n | m_k, L_k L_k'), the components without their weights, of shape (..., N, K)."""
        return self._evaluate(draws.draw_component_log_densities, X)

    def responsibilities(self, X: ArrayLike) -> Array:
        """Give r_nk = w_k N(x_n | m_k, L_k L_k') / f(x_n), the probability that row n belongs to component k.

        Parameters
        ----------
        X : array of shape (N, D)

        Returns
        -------
        array of shape (..., N, K)
            Each row sums to one. A posterior's moments come from `kernel.draws.draw_moments` without such an array.

        Examples
        --------
        >>> from bayesgmm.mixture import Mixture
        >>> Mixture.from_sds([0.5, 0.5], [[-1.0], [1.0]], [[1.0], [1.0]]).responsibilities([[0.0], [1.0]]).round(3)
        array([[0.5  , 0.5  ],
               [0.119, 0.881]])
        """
        if self.batch_shape:
            return self._evaluate(draws.draw_shares, X)
        return rows.responsibilities(as_rows(X, self.n_features), self.log_weights, self.means, self._scale)[1]

    def sample(
        self, n_samples: int = 1, random_state: int | np.random.Generator | np.random.RandomState | None = None
    ) -> tuple[Array, NDArray[np.int64]]:
        """Draw rows.

        From a batch each row comes from a member chosen at random: from a posterior that is the posterior predictive.

        Parameters
        ----------
        n_samples : int
            How many rows; one by default, as in scikit-learn.
        random_state : int, numpy.random.Generator, numpy.random.RandomState or None
            None, the default, takes fresh entropy.

        Returns
        -------
        X : array of shape (n_samples, D)
            In random order.
        labels : integer array of shape (n_samples,)
            The component that each row came from.

        Raises
        ------
        InvalidArgumentError
            If `n_samples` is no positive integer.

        Examples
        --------
        >>> from bayesgmm.mixture import Mixture
        >>> X, labels = Mixture.from_sds([0.5, 0.5], [[0.0], [100.0]], [[1.0], [1.0]]).sample(4, random_state=1)
        >>> bool(((X[:, 0] > 50) == (labels == 1)).all())
        True
        """
        rng, flat = np.random.default_rng(as_seed(random_state)), self.flatten()
        return parameters.draw_rows(n_samples, rng, weights=flat.weights, means=flat.means, scale_tril=flat.scale_tril)

    def marginal(self, features: Features) -> "Mixture":
        """Give the distribution of some features; the others are integrated out.

        Parameters
        ----------
        features : int or sequence of int
            Their positions; the result has them in this order.

        Examples
        --------
        >>> from bayesgmm.mixture import Mixture
        >>> Mixture.from_sds([1.0], [[0.0, 5.0]], [[1.0, 2.0]]).marginal(1).means
        array([[5.]])
        """
        return self.affine(np.eye(self.n_features)[parameters.as_positions(features, self.n_features)])

    def conditional(self, features: Features, values: ArrayLike) -> "Mixture":
        """Give the distribution of the remaining features where some are known.

        Component k keeps its Gaussian conditional and gets the weight w_k N(values | its marginal), normalised.

        Parameters
        ----------
        features : int or sequence of int
            Positions of the known features; at least one is left, and those left keep their order.
        values : array of shape (F,)
            The known values, in the units of x.

        Examples
        --------
        >>> from bayesgmm.mixture import Mixture
        >>> mixture = Mixture.from_covariances([1.0], [[0.0, 0.0]], [[[1.0, 0.6], [0.6, 1.0]]])
        >>> rest = mixture.conditional(0, 2.0)
        >>> rest.means, rest.sds
        (array([[1.2]]), array([[0.8]]))
        """
        D, given = self.n_features, np.atleast_1d(parameters.as_finite("values", values))
        known = parameters.as_positions(features, D)
        unknown = np.setdiff1d(np.arange(D), known)
        if not unknown.size:
            raise InvalidArgumentError("features", f"leave at least one of {D} features unknown", features)
        if given.shape != known.shape:
            raise InvalidArgumentError("values", f"hold a number for each of {known.size} known features", values)
        ordered = self.marginal(np.concatenate([known, unknown]))
        return Mixture(*parameters.condition(given, self.log_weights, ordered.means, ordered.scale_tril))

    def affine(self, matrix: ArrayLike, shift: ArrayLike = 0.0) -> "Mixture":
        """Give the distribution of A x + b.

        Parameters
        ----------
        matrix, shift : arrays of shape (E, D) and (E,)
            A, of full row rank, and b; a number, zero by default, serves every feature.

        Raises
        ------
        InvalidArgumentError
            If A has another number of columns than D or is not of full row rank.

        Examples
        --------
        >>> from bayesgmm.mixture import Mixture
        >>> fahrenheit = Mixture.from_sds([1.0], [[20.0]], [[5.0]]).affine([[1.8]], 32.0)
        >>> fahrenheit.means, fahrenheit.sds
        (array([[68.]]), array([[9.]]))
        """
        A, b = parameters.as_finite("matrix", matrix), parameters.as_finite("shift", shift)
        if A.ndim != 2 or A.shape[1] != self.n_features or not 0 < len(A) == np.linalg.matrix_rank(A):
            raise InvalidArgumentError("matrix", f"be of shape (E, {self.n_features}) and full row rank", matrix)
        return Mixture(self.weights, self.means @ A.T + b, parameters.triangular(A @ self.scale_tril))

    def permute(self, order: ArrayLike) -> "Mixture":
        """Put component ``order[k]`` in place k.

        Parameters
        ----------
        order : integer array of shape (K,) or (..., K)
            A permutation, or one per member of the batch.

        Examples
        --------
        >>> from bayesgmm.mixture import Mixture
        >>> Mixture.from_sds([0.25, 0.75], [[0.0], [1.0]], [[1.0], [1.0]]).permute([1, 0]).weights
        array([0.75, 0.25])
        """
        index = parameters.as_order(order, self.weights.shape)
        return Mixture(
            np.take_along_axis(self.weights, index, -1),
            np.take_along_axis(self.means, index[..., None], -2),
            np.take_along_axis(self.scale_tril, index[..., None, None], -3),
        )

    def canonical_order(self) -> NDArray[np.int64]:
        """Give the order (..., K) by which `permute` sorts by the mean of the first feature, ties by the next."""
        return np.lexsort(np.moveaxis(self.means, -1, 0)[::-1], axis=-1)

    def ellipse(self, features: Sequence[int] = (0, 1), coverage: float = 0.95, n_points: int = 100) -> Array:
        """Give the outline of each component's ellipse in the plane of two features.

        Parameters
        ----------
        features : two int
        coverage : float
            The component's mass inside, in (0, 1); 0.95 by default. The radius is sqrt(-2 log(1 - coverage)), the root
            of chi-square's quantile with two degrees of freedom.
        n_points : int
            Points on the outline, the last equal to the first; 100, the default, draw a smooth curve.

        Returns
        -------
        array of shape (..., K, n_points, 2)
            In the units of x.

        Examples
        --------
        >>> from bayesgmm.mixture import Mixture
        >>> Mixture.from_sds([1.0], [[0.0, 0.0]], [[1.0, 3.0]]).ellipse(coverage=0.95).max(axis=(0, 1)).round(1)
        array([2.4, 7.3])
        """
        plane = self.marginal(features)
        if plane.n_features != 2:
            raise InvalidArgumentError("features", "name two features", features)
        points = parameters.circle(coverage, n_points)
        return plane.means[..., None, :] + points @ np.swapaxes(plane.scale_tril, -1, -2)

    def flatten(self) -> "Mixture":
        """Merge the batch axes into one; a single mixture becomes a batch of one."""
        K, D = self.means.shape[-2:]
        return Mixture(self.weights.reshape(-1, K), self.means.reshape(-1, K, D), self.scale_tril.reshape(-1, K, D, D))

    def __getitem__(self, index: Any) -> "Mixture":
        """Index the batch axes, as NumPy does: ``mixture[chain, draw]``, ``mixture[:, ::10]``."""
        chosen, flat = np.arange(self.weights[..., 0].size).reshape(self.batch_shape)[index], self.flatten()
        return Mixture(flat.weights[chosen], flat.means[chosen], flat.scale_tril[chosen])

    def __repr__(self) -> str:
        batch = f", batch_shape={self.batch_shape}" if self.batch_shape else ""
        return f"Mixture(n_components={self.n_components}, n_features={self.n_features}{batch})"

    def _repr_html_(self) -> str:
        parts = [] if self.batch_shape else [map(markup.number_texts, (self.weights, self.means, self.sds))]
        return markup.code(repr(self)) + "".join(markup.component_table(*part) for part in parts)

    @cached_property
    def _scale(self) -> Array:
        """What the compiled passes read: the sds where there are no correlations, which spares D x D work."""
        diagonal = np.diagonal(self.scale_tril, axis1=-2, axis2=-1)
        return diagonal.copy() if np.count_nonzero(self.scale_tril) == diagonal.size else self.scale_tril

    def _evaluate(self, function: Callable[..., Array], X: ArrayLike) -> Array:
        """Call a pass over draws with the batch as its draws."""
        flat, x = self.flatten(), as_rows(X, self.n_features)
        values = function(x, flat.log_weights, flat.means, flat._scale)
        return values.reshape(*self.batch_shape, *values.shape[1:])
