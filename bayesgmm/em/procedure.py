"""scikit-learn's own procedure: given parameters, or `n_init` starts of one kind, each run to convergence.

Kept beside the pool so that code written for scikit-learn gives what it gave: the same random stream, the same number
of iterations, the components in the order in which the start had them. A search runs both, the procedure and the pool.
"""

from copy import deepcopy
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bayesgmm.covariance import CovarianceFamily
from bayesgmm.data import Data
from bayesgmm.em.fit import try_pool
from bayesgmm.em.iteration import Monitor, State, maximise_rows
from bayesgmm.em.result import EMFit, EMSettings, EMStatus
from bayesgmm.em.starts import initial_responsibilities
from bayesgmm.em.workplace import Workplace, choose_fit, record_starts

__all__ = ["Procedure", "fit_by_procedure", "fit_by_search"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Procedure:
    """What to start from.

    Attributes
    ----------
    n_components : int
        K.
    init_params : {"kmeans", "k-means++", "random", "random_from_data"}
        How starts are made.
    n_init : int
        How many.
    weights : array of shape (K,) or None
    means : array of shape (K, D) or None
        In the units of x.
    scale : array of shape (K, D, D) or (K, D), or None
        As the compiled passes read it. What is None comes from the start.
    """

    n_components: int
    init_params: str = "kmeans"
    n_init: int = 1
    weights: Array | None = None
    means: Array | None = None
    scale: Array | None = None


def fit_by_procedure(
    data: Data,
    family: CovarianceFamily,
    settings: EMSettings,
    procedure: Procedure,
    *,
    random_state: np.random.RandomState,
    monitor: Monitor,
) -> EMFit:
    """Fit a mixture by scikit-learn's procedure.

    Parameters
    ----------
    data : Data
    family : CovarianceFamily
    settings : EMSettings
        With ``max_iter`` 0 the start itself is the result.
    procedure : Procedure
    random_state : numpy.random.RandomState
        The stream that scikit-learn's class would draw from.
    monitor : Monitor
        Is told of every start and iteration.

    Returns
    -------
    EMFit
        The one with the highest lower bound, in the order of its start.

    Raises
    ------
    ValueError
        If a covariance is not positive definite.
    """
    work = Workplace.of(data, family, settings)
    fits = _try_starts(work, procedure, random_state, monitor)
    return replace(_choose(fits), starts=record_starts(_kinds(procedure), fits, work.scatter))


def fit_by_search(
    data: Data,
    family: CovarianceFamily,
    settings: EMSettings,
    procedure: Procedure,
    *,
    random_state: np.random.RandomState,
    monitor: Monitor,
) -> EMFit:
    """Fit a mixture by scikit-learn's procedure and from the pool; the higher likelihood wins.

    Parameters
    ----------
    data : Data
    family : CovarianceFamily
    settings : EMSettings
        With ``max_iter`` at least 1.
    procedure : Procedure
    random_state : numpy.random.RandomState
        Both begin at the same place of the stream, so that the pool is the one that `fit_em` would run.
    monitor : Monitor
        Is told of every start and iteration of the procedure.

    Returns
    -------
    EMFit
        Components ordered by the mean of the first feature, ties by the next, whoever won; its starts are those of the
        procedure and then those of the pool.

    Raises
    ------
    ValueError
        If a covariance is not positive definite.
    """
    work, again = Workplace.of(data, family, settings), deepcopy(random_state)
    fits = _try_starts(work, procedure, random_state, monitor)
    pool_kinds, pool_fits = try_pool(work, procedure.n_components, again)
    best = choose_fit([_choose(fits), choose_fit(pool_fits, work.tolerance)], 0.0)
    starts = record_starts((*_kinds(procedure), *pool_kinds), [*fits, *pool_fits], work.scatter)
    return replace(best, starts=starts).permute(best.mixture.canonical_order())


def _try_starts(
    work: Workplace, procedure: Procedure, random_state: np.random.RandomState, monitor: Monitor
) -> list[EMFit]:
    """Run every start to convergence; one that becomes singular is an error."""
    fits: list[EMFit] = []
    for i in range(procedure.n_init):
        monitor.begin(i)
        try:
            fit = work.run(_make_state(work, procedure, random_state), monitor=monitor)
        except np.linalg.LinAlgError as error:
            raise ValueError(EMStatus.SINGULAR.value) from error
        if fit.status is EMStatus.SINGULAR:
            raise ValueError(EMStatus.SINGULAR.value)
        if work.settings.max_iter:
            monitor.end(fit.path[-1], fit.converged)
        fits.append(fit)
    return fits


def _choose(fits: list[EMFit]) -> EMFit:
    """Take the highest lower bound, as scikit-learn does; the last where no start made a step."""
    return max(fits, key=lambda fit: fit.path[-1]) if len(fits[-1].path) else fits[-1]


def _kinds(procedure: Procedure) -> tuple[str, ...]:
    return (procedure.init_params,) * procedure.n_init


def _spread_seeds(work: Workplace, shares: Array) -> State:
    """Start from single rows with the covariance of all rows about their mean, where a shared one has no other source.

    scikit-learn takes (sum_n x_n x_n' - sum_k m_k m_k') / K here, which changes when the origin is moved.
    """
    whole = maximise_rows(work.rows, np.ones((len(shares), 1)), work.family)
    g = shares if work.rows.weights is None else work.rows.weights[:, None] * shares
    counts = g.sum(0)
    means = g.T @ work.rows.x / counts[:, None]
    return State(np.log(counts / counts.sum()), means, np.repeat(whole.scale, len(counts), axis=0))


def _make_state(work: Workplace, procedure: Procedure, random_state: np.random.RandomState) -> State:
    """Complete the given parameters by those of a start; none is made where all are given."""
    weights, means, scale = procedure.weights, procedure.means, procedure.scale
    with np.errstate(divide="ignore"):
        log_weights = None if weights is None else np.log(weights)
    if log_weights is not None and means is not None and scale is not None:
        return State(log_weights, means, scale)
    shares = initial_responsibilities(work.data, procedure.n_components, procedure.init_params, random_state)
    if work.family.is_shared and not np.allclose(shares.sum(1), 1.0):
        made = _spread_seeds(work, shares)
    else:
        made = maximise_rows(work.rows, shares, work.family)
    return State(
        made.log_weights if log_weights is None else log_weights,
        made.means if means is None else means,
        made.scale if scale is None else scale,
    )
