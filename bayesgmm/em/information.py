"""Standard errors of EM's estimate from the observed information.

    Var(theta) ~ I^-1,   I = - d^2/d theta^2 sum_n g_n log f(x_n),   Var(h(theta)) ~ J I^-1 J',   J = d h/d theta

(Louis 1982, doi:10.1111/j.2517-6161.1982.tb01203.x). I comes from central differences of the exact gradient (one pass
of the kernel each), in coordinates about the estimate in which every component is a standard normal:

    w = softmax(log w + a - mean a),   m_k = m_k + L_k b_k,   L_k = L_k (1 + B_k), B_k lower triangular,

with one B for all components where the covariance is shared, and one number for a spherical one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from bayesgmm.covariance import CovarianceFamily
from bayesgmm.data import Data
from bayesgmm.em.iteration import State, as_state
from bayesgmm.em.result import EMFit
from bayesgmm.kernel import rows as kernel

__all__ = ["standard_errors"]

Array = NDArray[np.float64]

STEP = 1e-4  # own sds; the square of it is the relative error of a central difference


def standard_errors(em_fit: EMFit, data: Data) -> dict[str, Array]:
    """Give the standard errors of the estimates, laid out as the posterior is.

    Parameters
    ----------
    em_fit : EMFit
        At an optimum; elsewhere the information is not what it should be.
    data : Data
        The rows it was fitted to; weights count as repeats.

    Returns
    -------
    dict of str to array
        ``"weights"`` (K,); ``"means"`` (K, D), in the units of x; ``"sds"``, in the units of x: (K, D), tied (D,),
        spherical (K,); ``"correlations"`` (K, P), tied (P,), where the family has some. All nan where the
        information is not positive definite, as at a collapsed component.

    Examples
    --------
    The standard error of a mean is s / sqrt(N), of an sd s / sqrt(2 N):

    >>> from bayesgmm.data import as_data
    >>> from bayesgmm.em import fit_em, standard_errors
    >>> data = as_data([[0.0], [0.0], [2.0], [2.0]])
    >>> errors = standard_errors(fit_em(data, 1), data)
    >>> errors["means"].round(4), errors["sds"].round(4)
    (array([[0.5]]), array([[0.3536]]))
    """
    chart = Chart.at(em_fit)
    with np.errstate(all="ignore"):
        information = -_differentiate(lambda theta: chart.gradient(theta, data), chart.size)
        jacobian = _differentiate(chart.estimates, chart.size)
    information = 0.5 * (information + information.T)
    try:
        factor = np.linalg.cholesky(information)
        errors = np.sqrt((np.linalg.solve(factor, jacobian.T) ** 2).sum(0))
    except np.linalg.LinAlgError:
        errors = np.full(len(jacobian), np.nan)
    return chart.unpack(errors)


@dataclass(frozen=True, eq=False)
class Chart:
    """Coordinates about an estimate: weights (K - 1), means (K D), then the free numbers of B.

    Attributes
    ----------
    family : CovarianceFamily
    state : State
        The estimate.
    basis : array of shape (K, K - 1)
        Orthonormal contrasts: every direction in which weights can move.
    places : integer array of shape (K, T)
        Which free number each entry of B is: T = D (D + 1) / 2, or D for a diagonal family.
    """

    family: CovarianceFamily
    state: State
    basis: Array
    places: NDArray[np.intp]

    @classmethod
    def at(cls, em_fit: EMFit) -> Self:
        """Lay the coordinates about an estimate."""
        family, (K, D) = em_fit.family, em_fit.mixture.means.shape
        basis = np.linalg.svd(np.eye(K) - 1.0 / K)[0][:, : K - 1]
        if family.is_diagonal:
            free = family.compact_sds(np.zeros((K, D)))
            places = family.expand_sds(np.arange(free.size, dtype=float).reshape(free.shape), K, D).astype(np.intp)
        else:
            n_sets, T = 1 if family.is_shared else K, D * (D + 1) // 2
            places = np.broadcast_to(np.arange(n_sets * T, dtype=np.intp).reshape(n_sets, T), (K, T))
        return cls(family, as_state(em_fit.mixture, family), basis, places)

    @property
    def size(self) -> int:
        """Number of coordinates."""
        return self.basis.shape[1] + self.state.means.size + int(self.places.max()) + 1

    def locate(self, theta: Array) -> State:
        """Give the parameters at a point."""
        K, D = self.state.means.shape
        a, b, c = np.split(theta, [K - 1, K - 1 + K * D])
        log_weights = self.state.log_weights + self.basis @ a
        log_weights = log_weights - np.log(np.exp(log_weights).sum())
        means = self.state.means + self.family.transform(self.state.scale, b.reshape(K, D))
        if self.family.is_diagonal:
            return State(log_weights, means, self.state.scale * (1 + c[self.places]))
        B = np.zeros((K, D, D))
        B[:, *np.tril_indices(D)] = c[self.places]
        return State(log_weights, means, self.state.scale + self.state.scale @ B)

    def gradient(self, theta: Array, data: Data) -> Array:
        """Give the gradient of the log-likelihood at a point."""
        state = self.locate(theta)
        D = state.means.shape[1]
        statistics = kernel.expected_statistics(data.rows, data.row_weights, *state)
        d_means, d_scale = kernel.gradient(statistics, state.scale)
        d_log_weights = statistics.counts - np.exp(state.log_weights) * statistics.counts.sum()
        base = self.state.scale
        if self.family.is_diagonal:
            pulled_means, pulled = base * d_means, base * d_scale
        else:
            pulled_means = np.einsum("kji,kj->ki", base, d_means)
            pulled = (np.swapaxes(base, -1, -2) @ d_scale)[:, *np.tril_indices(D)]
        d_free = np.bincount(self.places.ravel(), weights=pulled.ravel())
        return np.concatenate([self.basis.T @ d_log_weights, pulled_means.ravel(), d_free])

    def estimates(self, theta: Array) -> Array:
        """Give weights, means, sds and correlations at a point, one after the other."""
        state = self.locate(theta)
        L = self.family.scale_tril(state.scale)
        sds = np.sqrt((L**2).sum(-1))  # (K, D)
        parts = [np.exp(state.log_weights), state.means.ravel(), self.family.compact_sds(sds).ravel()]
        if self.family.has_correlations(sds.shape[1]):
            parts.append(self._correlations(L, sds).ravel())
        return np.concatenate(parts)

    def unpack(self, values: Array) -> dict[str, Array]:
        """Give the parts of what `estimates` joins, by name."""
        K, D = self.state.means.shape
        zeros = np.zeros((K, D))
        shapes = {"weights": (K,), "means": (K, D), "sds": self.family.compact_sds(zeros).shape}
        if self.family.has_correlations(D):
            shapes["correlations"] = self._correlations(np.ones((K, D, D)), np.ones((K, D))).shape
        ends = np.cumsum([int(np.prod(shape)) for shape in shapes.values()])
        pieces = np.split(values, ends[:-1])
        return {name: piece.reshape(shape) for (name, shape), piece in zip(shapes.items(), pieces, strict=True)}

    def _correlations(self, scale_tril: Array, sds: Array) -> Array:
        """Correlations (K, P), or (P,) where the covariance is shared."""
        rows, columns = np.tril_indices(sds.shape[1], -1)
        L = scale_tril / sds[..., None]
        correlations = (L[:, rows] * L[:, columns]).sum(-1)
        return correlations[0] if self.family.is_shared else correlations


def _differentiate(function: Callable[[Array], Array], size: int) -> Array:
    """Central differences at zero of a vector-valued function, one column per coordinate."""
    steps = STEP * np.eye(size)
    return np.stack([(function(step) - function(-step)) / (2 * STEP) for step in steps], axis=-1)
