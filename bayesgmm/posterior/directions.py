"""The directions in which components differ: a view of many features in few.

In coordinates y = C^-1 (x - mu) in which the mixture itself has mean zero and covariance one (Sigma = C C'), component
k has the mean a_k = C^-1 (m_k - mu) and the covariance V_k = C^-1 Sigma_k C^-T. With A = sum_k w_k a_k a_k' and
V = sum_k w_k V_k = I - A, the kernel of Scrucca (2010, 2014) is

    M = 2 b A^2 + 2 (1 - b) sum_k w_k (V_k - V)^2,   b = 1 by default,

which is 2 b M_I Sigma^-1 M_I + 2 (1 - b) M_II in the coordinates of x, all of shape (D, D). Its eigenvectors u with
eigenvalues l, largest first, give the directions C^-T u, the solutions of M v = l Sigma v with v' Sigma v = 1. The
first term of l counts how the means differ, the second how the covariances do. With b = 1/2 both count
alike, as in Scrucca (2010); with b = 1 only the means, and the components lie as far apart as they can: the directions
are the canonical variates of linear discriminant analysis, at most K - 1, and the root of l / 2 is the part of a
direction's variance that lies between the components.

Eigenvalues and scores stay the same under any affine map of x, up to the scores' sign. Scrucca takes the covariance of
the rows for Sigma and scales directions to length one; here Sigma is the mixture's own, which a converged EM fit shares
with its rows where the family is full or tied, and scores have variance one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linear_sum_assignment

from bayesgmm.data import as_rows
from bayesgmm.data.table import default_names
from bayesgmm.errors import InvalidArgumentError, InvalidArgumentTypeError
from bayesgmm.mixture import Mixture
from bayesgmm.posterior.container import Posterior, as_result
from bayesgmm.posterior.ellipses import posterior_mean
from bayesgmm.posterior.layout import given_names
from bayesgmm.posterior.prediction import interval_bounds

__all__ = ["Directions", "separating_directions"]

Array = NDArray[np.float64]

LEAST = 1.5e-8  # eigenvalues are free of units; below the root of the rounding error they are none, as in mclust
BLOCK = 2**20  # numbers per array of draws that are worked on at once: 8 MB


@dataclass(frozen=True, eq=False, repr=False)
class Directions:
    """Directions in which the components of a mixture differ, the most telling first.

    D features, d directions, S draws.

    Attributes
    ----------
    coefficients : array of shape (D, d)
        A column for each direction, per unit of the features. Its sign: the feature that correlates most with the
        scores does so positively.
    eigenvalues : array of shape (d,)
        How much the components differ along each; free of units.
    from_means : array of shape (d,)
        The part of each eigenvalue that the means make, in [0, 1]; the covariances make the rest.
    centre : array of shape (D,)
        mu, where all scores are zero, in the units of x.
    covariance : array of shape (D, D)
        Sigma, the mixture's own, in the units of x squared.
    feature_names : tuple of D str
    has_feature_names : bool
        Whether they came with the data; rows that have names too must then have these, in this order.
    eigenvalue_draws, coefficient_draws : arrays of shape (S, d) and (S, D, d), or None
        The directions of every draw, each matched to one of these and turned to its side; None without a posterior.

    Examples
    --------
    >>> import bayesgmm as bg
    >>> directions = bg.separating_directions(fit)
    >>> directions.coefficients.shape, directions.scores([[3.5, 70.0]]).shape
    ((2, 1), (1, 1))
    """

    coefficients: Array
    eigenvalues: Array
    from_means: Array
    centre: Array
    covariance: Array
    feature_names: tuple[str, ...]
    has_feature_names: bool = False
    eigenvalue_draws: Array | None = None
    coefficient_draws: Array | None = None

    @property
    def n_directions(self) -> int:
        """d; at most D, and with b = 1 or equal covariances at most K - 1."""
        return len(self.eigenvalues)

    @property
    def shares(self) -> Array:
        """The part of the sum of eigenvalues that each direction carries, of shape (d,)."""
        return self.eigenvalues / self.eigenvalues.sum()

    @property
    def correlations(self) -> Array:
        """The correlations of the features with the scores, of shape (D, d): what the arrows of a picture show."""
        return _correlations(self.coefficients, self.covariance)

    @property
    def agreement(self) -> Array | None:
        """The mean over the draws of the correlation between a draw's scores and these, of shape (d,)."""
        if self.coefficient_draws is None:
            return None
        return _alignment(self.coefficient_draws, self.coefficients, self.covariance).diagonal(0, 1, 2).mean(0)

    def scores(self, X: ArrayLike) -> Array:
        """Give the rows' places along the directions, of shape (N, d); under the mixture their variance is one."""
        names = self.feature_names if self.has_feature_names else None
        rows = as_rows(X, len(self.centre), feature_names=names, owner="Directions")
        return (rows - self.centre) @ self.coefficients

    def project(self, mixture: Mixture, chosen: Sequence[int] | None = None) -> Mixture:
        """Give the distribution of the scores under a mixture, for the chosen directions or all."""
        B = self.coefficients if chosen is None else self.coefficients[:, list(chosen)]
        return mixture.affine(B.T, -self.centre @ B)

    def summary(self, ci_prob: float | None = None) -> pd.DataFrame:
        """Tabulate eigenvalues, shares and coefficients.

        Parameters
        ----------
        ci_prob : float, optional
            Mass of the equal-tailed interval of the eigenvalue over the draws. None: ArviZ's rcParams (0.89).

        Returns
        -------
        DataFrame
            A row for each direction: ``share``, ``from_means``, ``eigenvalue``; with a posterior also its ``lower`` and
            ``upper`` and ``agreement``, the mean over the draws of the correlation between the draw's scores and these
            (near one: the direction is well determined); then ``correlation[...]`` of each feature with the scores.

        Examples
        --------
        >>> import bayesgmm as bg
        >>> bg.separating_directions(fit).summary().columns[3:].tolist()
        ['lower', 'upper', 'agreement', 'correlation[eruptions]', 'correlation[waiting]']
        """
        columns = {"share": self.shares, "from_means": self.from_means, "eigenvalue": self.eigenvalues}
        if self.eigenvalue_draws is not None and self.agreement is not None:
            columns["lower"], columns["upper"] = np.quantile(self.eigenvalue_draws, interval_bounds(ci_prob), axis=0)
            columns["agreement"] = self.agreement
        named = [f"correlation[{name}]" for name in self.feature_names]
        columns |= dict(zip(named, self.correlations, strict=True))
        index = pd.RangeIndex(1, self.n_directions + 1, name="direction")
        return pd.DataFrame(columns, index=index)

    def __repr__(self) -> str:
        shares = ", ".join(f"{100 * share:.0f} %" for share in self.shares)
        return f"Directions({self.n_directions} of {len(self.centre)} features; shares {shares})"


def separating_directions(fit: Any, *, balance: float = 1.0) -> Directions:
    """Find the directions in which the components of a fit differ most.

    Parameters
    ----------
    fit : fitted estimator, Posterior, EMFit or Mixture
        Of a posterior the directions are those of the posterior means of weights, means and covariances, and each draw
        has its own beside them. Where components cannot be told apart these means are of no component, and the
        directions are those of EM; a draw's own do not depend on the order of its components.
    balance : float
        b, how much the means count against the covariances, in [0, 1]. At 1, the default, as in mclust from version 6,
        the means alone, so that the components lie as far apart as they can; at 0.5 both alike, as in Scrucca (2010):
        then components of one mean but other covariances are told apart too.

    Returns
    -------
    Directions

    Raises
    ------
    InvalidArgumentError
        If the fit has one component only, its components are all equal in what `balance` counts, or `balance` leaves
        [0, 1].
    InvalidArgumentTypeError
        If `fit` or `balance` is of another kind.

    References
    ----------
    .. [1] Scrucca, L. (2010). Dimension reduction for model-based clustering. Statistics and Computing 20, 471-484.
       doi:10.1007/s11222-009-9138-7
    .. [2] Scrucca, L. (2014). Graphical tools for model-based mixture discriminant analysis. Advances in Data Analysis
       and Classification 8, 147-165. doi:10.1007/s11634-013-0147-1

    Examples
    --------
    >>> import bayesgmm as bg
    >>> bg.separating_directions(fit)
    Directions(1 of 2 features; shares 100 %)
    """
    result, weight = as_result(fit), _as_balance(balance)
    draws = result.mixture.flatten() if isinstance(result, Posterior) else None
    point = _point_of(result)
    if point.n_components == 1:
        raise InvalidArgumentError("fit", "have at least two components", "one: nothing to tell apart")
    eigenvalues, coefficients, from_means = (part[0] for part in _solve(point.flatten(), weight))
    d = int((eigenvalues > LEAST).sum())
    if not d:
        raise InvalidArgumentError("fit", "have components that differ", "equal ones", "Change `balance`.")
    covariance, (names, is_named) = point.covariance(), _names(fit, result, point.n_features)
    B = coefficients[:, :d] * _signs(coefficients[:, :d], covariance)
    aligned = (None, None) if draws is None else _align(draws, weight, B, covariance)
    return Directions(
        coefficients=B,
        eigenvalues=eigenvalues[:d],
        from_means=from_means[:d],
        centre=point.mean(),
        covariance=covariance,
        feature_names=names,
        has_feature_names=is_named,
        eigenvalue_draws=aligned[0],
        coefficient_draws=aligned[1],
    )


def _as_balance(balance: Any) -> float:
    if not isinstance(balance, Real) or isinstance(balance, bool):
        raise InvalidArgumentTypeError("balance", "be a number between 0 and 1", repr(balance))
    if not 0.0 <= float(balance) <= 1.0:
        raise InvalidArgumentError("balance", "lie between 0 and 1", balance)
    return float(balance)


def _point_of(result: Any) -> Mixture:
    """Give the one mixture whose directions are asked for."""
    mixture: Mixture = result if isinstance(result, Mixture) else result.mixture
    if isinstance(result, Posterior):
        return posterior_mean(mixture) if result.is_identified else result.em
    if mixture.batch_shape:
        remedy = "Give the `Posterior` that the draws belong to."
        raise InvalidArgumentError("fit", "be a single mixture, without batch axes", mixture, remedy)
    return mixture


def _names(fit: Any, result: Any, n_features: int) -> tuple[tuple[str, ...], bool]:
    """Give the features' names, and whether they came with the data."""
    if isinstance(result, Posterior):
        return result.feature_names, given_names(result.group("observed_data")) is not None
    named = getattr(fit, "feature_names_in_", None)
    return (default_names(n_features), False) if named is None else (tuple(map(str, named)), True)


def _solve(mixture: Mixture, balance: float) -> tuple[Array, Array, Array]:
    """Give eigenvalues (S, D), largest first, directions (S, D, D) and the parts that the means make, (S, D)."""
    w = mixture.weights[..., None, None]  # (S, K, 1, 1)
    C = np.linalg.cholesky(mixture.covariance())[:, None]  # (S, 1, D, D)
    a = np.linalg.solve(C, (mixture.means - mixture.mean()[:, None])[..., None])  # (S, K, D, 1)
    L = np.linalg.solve(C, mixture.scale_tril)
    V = L @ L.swapaxes(-1, -2)  # (S, K, D, D)
    A = (w * a * a.swapaxes(-1, -2)).sum(1)
    Q = V - (w * V).sum(1, keepdims=True)
    of_means, of_covariances = 2 * balance * A @ A, 2 * (1 - balance) * (w * (Q @ Q)).sum(1)
    eigenvalues, u = (part[..., ::-1] for part in np.linalg.eigh(of_means + of_covariances))
    eigenvalues = np.maximum(eigenvalues, 0.0)
    from_means = np.einsum("sdi,sde,sei->si", u, of_means, u) / np.maximum(eigenvalues, LEAST)
    return eigenvalues, np.linalg.solve(C[:, 0].swapaxes(-1, -2), u), from_means


def _correlations(B: Array, covariance: Array) -> Array:
    """Give the correlations (D, d) of the features with the scores along B."""
    return covariance @ B / np.sqrt(np.diagonal(covariance))[:, None]


def _signs(B: Array, covariance: Array) -> Array:
    """Turn each direction to the side of the feature that it has most to do with."""
    r = _correlations(B, covariance)
    return np.sign(r[np.abs(r).argmax(0), np.arange(B.shape[1])])


def _align(draws: Mixture, balance: float, B: Array, covariance: Array) -> tuple[Array, Array]:
    """Give eigenvalues (S, d) and directions (S, D, d) of every draw, in the order and on the side of those of B.

    Where a draw's eigenvalue is none its direction is any one of many, and is taken only when no other is left.
    """
    S, K, D = draws.means.shape
    size = max(1, BLOCK // (K * D * D))
    parts = [_solve(draws[start : start + size], balance)[:2] for start in range(0, S, size)]
    eigenvalues, coefficients = (np.concatenate(part) for part in zip(*parts, strict=True))
    alignment = np.abs(_alignment(coefficients, B, covariance))  # (S, D, d)
    alignment = np.where(eigenvalues[..., None] > LEAST, alignment, alignment - 1.0)
    order = np.array([linear_sum_assignment(one.T, maximize=True)[1] for one in alignment])  # (S, d)
    matched = np.take_along_axis(coefficients, order[:, None], 2)
    side = np.sign(_alignment(matched, B, covariance).diagonal(0, 1, 2))
    return np.take_along_axis(eigenvalues, order, 1), matched * side[:, None]


def _alignment(draws: Array, B: Array, covariance: Array) -> Array:
    """Give the correlations (S, e, d) of scores along the directions of each draw, (S, D, e), with those along B."""
    lengths = np.sqrt(np.einsum("sde,df,sfe->se", draws, covariance, draws))
    return draws.swapaxes(-1, -2) @ (covariance @ B) / lengths[..., None]
