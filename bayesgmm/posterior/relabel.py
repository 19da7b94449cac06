"""Labels: every draw's components matched to EM's.

EM's sufficient statistics of component j are N_j rows with mean m_j and covariance S_j. Under component k of a draw,
with weight w_k, mean m_k, covariance L_k L_k' and precision P_k, their expected negative log-likelihood is, up to a
constant,

    C[j, k] = -N_j {log w_k - log|L_k| - tr(P_k [S_j + (m_j - m_k)(m_j - m_k)']) / 2}.

The permutation that minimises sum_j C[j, permutation(j)] is the criterion of Stephens (2000,
doi:10.1111/1467-9868.00265) and of equivalence classes representatives (Papastamoulis and Iliopoulos 2010,
doi:10.1198/jcgs.2010.09008) with EM as pivot, in closed form: it costs nothing per row and no unit of x enters.
"""

from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from bayesgmm.em.fit import EMFit
from bayesgmm.mixture import Mixture
from bayesgmm.schema import COMPONENT, SAMPLE_DIMS

__all__ = ["Relabelling", "assignment_costs", "match", "permute_components"]

Array = NDArray[np.float64]

BLOCK = 2**21  # numbers held per intermediate array: 16 MB
LARGEST = 1e250  # stands for an infinite cost, so that sums of costs stay finite


@dataclass(frozen=True, eq=False)
class Relabelling:
    """How draws were matched to the pivot.

    Attributes
    ----------
    permutation : integer array of shape (C, S, K)
        The draw's component that goes to place j.
    cost : array of shape (C, S)
        sum_j C[j, permutation(j)], in nats.
    is_clear : boolean array of shape (C, S)
        Whether every component of the pivot alone prefers the component it was given.
    is_exchangeable : bool
        Whether all orders of the components have the same prior; where not, no draw is permuted.
    """

    permutation: NDArray[np.int64]
    cost: Array
    is_clear: NDArray[np.bool_]
    is_exchangeable: bool

    def __post_init__(self) -> None:
        for name in ("permutation", "cost", "is_clear"):
            value = getattr(self, name).copy()
            value.flags.writeable = False
            object.__setattr__(self, name, value)


def match(mixture: Mixture, em: EMFit, *, is_exchangeable: bool = True) -> Relabelling:
    """Match every draw's components to EM's.

    Parameters
    ----------
    mixture : Mixture
        The draws, with leading axes (C, S).
    em : EMFit
        The pivot; its counts, means and covariances are used.
    is_exchangeable : bool
        Whether all orders of the components have the same prior; True by default. Where not, the permutation is the
        identity, and a draw is clear if the assignment agrees with it.

    Returns
    -------
    Relabelling

    References
    ----------
    .. [1] Stephens, M. (2000). Dealing with label switching in mixture models. JRSS B 62, 795-809.
       https://doi.org/10.1111/1467-9868.00265

    Examples
    --------
    >>> from bayesgmm.posterior.relabel import match
    >>> posterior = fit.posterior_
    >>> match(posterior.mixture, fit.em_).permutation[0, 0]
    array([0, 1])
    """
    K, shape = mixture.n_components, mixture.batch_shape
    counts = em.counts
    costs = assignment_costs(mixture, em.mixture)  # (S, J, K)
    nearest = costs.argmin(-1)  # (S, J)
    identity = np.arange(K)
    if is_exchangeable:
        is_clear = (np.sort(nearest, -1) == identity).all(-1)
        permutation = nearest.copy()
        for s in np.flatnonzero(~is_clear):
            permutation[s] = linear_sum_assignment(counts[:, None] * costs[s])[1]
    else:
        is_clear = (nearest == identity).all(-1)
        permutation = np.broadcast_to(identity, nearest.shape)
    chosen = np.take_along_axis(costs, permutation[..., None], -1)[..., 0]
    return Relabelling(
        permutation.reshape(*shape, K), (chosen @ counts).reshape(shape), is_clear.reshape(shape), is_exchangeable
    )


def assignment_costs(mixture: Mixture, pivot: Mixture) -> Array:
    """Give C[j, k] / N_j for every draw.

    Parameters
    ----------
    mixture : Mixture
        The draws, with any leading axes; S of them in all.
    pivot : Mixture
        One mixture, EM's.

    Returns
    -------
    array of shape (S, K, K)
        In nats per row; the first component axis is the pivot's.

    Examples
    --------
    >>> from bayesgmm.mixture import Mixture
    >>> from bayesgmm.posterior.relabel import assignment_costs
    >>> pivot = Mixture.from_sds([0.5, 0.5], [[0.0], [10.0]], [[1.0], [1.0]])
    >>> assignment_costs(pivot.permute([1, 0]), pivot)[0].argmin(-1)
    array([1, 0])
    """
    flat = mixture.flatten()
    K, D = flat.means.shape[-2:]
    size = max(1, BLOCK // (K * D * max(K, D)))
    blocks = [_block_costs(flat[s : s + size], pivot) for s in range(0, len(flat.weights), size)]
    return np.nan_to_num(np.concatenate(blocks), nan=LARGEST, posinf=LARGEST)


def _block_costs(draws: Mixture, pivot: Mixture) -> Array:
    S, K, D = draws.means.shape
    with np.errstate(over="ignore", invalid="ignore"):
        whitening = np.linalg.inv(draws.scale_tril)  # (S, K, D, D)
        precision = np.swapaxes(whitening, -1, -2) @ whitening
        within = precision.reshape(S * K, D * D) @ pivot.covariances.reshape(K, D * D).T
        shifts = pivot.means - draws.means[:, :, None, :]  # (S, K, J, D)
        between = ((shifts @ np.swapaxes(whitening, -1, -2)) ** 2).sum(-1)
        log_det = np.log(np.diagonal(draws.scale_tril, axis1=-2, axis2=-1)).sum(-1)
        costs = (log_det - draws.log_weights)[..., None] + 0.5 * (within.reshape(S, K, K) + between)
    return np.swapaxes(costs, -1, -2)


def permute_components(dataset: xr.Dataset, permutation: NDArray[np.int64]) -> xr.Dataset:
    """Permute every variable that has components by one permutation per draw; leave the others alone.

    Parameters
    ----------
    dataset : xarray.Dataset
        Variables with dims (chain, draw, ...).
    permutation : integer array of shape (C, S, K)

    Returns
    -------
    xarray.Dataset
        The coordinates stay in place.

    Examples
    --------
    >>> import numpy as np
    >>> import xarray as xr
    >>> from bayesgmm.posterior.relabel import permute_components
    >>> draws = xr.Dataset({"weights": (("chain", "draw", "component"), np.array([[[0.25, 0.75]]]))})
    >>> permute_components(draws, np.array([[[1, 0]]])).weights.values
    array([[[0.75, 0.25]]])
    """
    return dataset.assign(
        {
            name: _permuted(variable, permutation)
            for name, variable in dataset.data_vars.items()
            if {COMPONENT, *SAMPLE_DIMS} <= set(variable.dims)
        }
    )


def _permuted(variable: xr.DataArray, permutation: NDArray[np.int64]) -> xr.DataArray:
    dims = variable.dims
    first = variable.transpose(*SAMPLE_DIMS, COMPONENT, ...)
    index = permutation.reshape(permutation.shape + (1,) * (first.ndim - 3))
    return first.copy(data=np.take_along_axis(first.values, index, 2)).transpose(*dims)
