r"""EM step by step: a run taken again, and every iteration of it kept.

    E-step: r_nk = w_k N(x_n | m_k, Sigma_k) / f(x_n),   N_k = sum_n g_n r_nk
    M-step: w_k <- N_k / N,   m_k <- sum_n g_n r_nk x_n / N_k,   Sigma_k <- sum_n g_n r_nk (x_n - m_k)(x_n - m_k)' / N_k

and the ridge on Sigma_k's diagonal. The steps are those of `iteration`, taken one at a time.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bayesgmm.data import Data
from bayesgmm.em.iteration import State, as_mixture, as_state, iterate
from bayesgmm.em.result import EMFit
from bayesgmm.em.workplace import Workplace
from bayesgmm.errors import InvalidArgumentError
from bayesgmm.kernel import rows as kernel
from bayesgmm.mixture import Mixture

__all__ = ["EMPath", "check_rows", "is_fitted_to", "log_likelihood", "trace_em"]

Array = NDArray[np.float64]

MOST_NUMBERS = 2**28  # in the mixtures kept: 2 GB, of which the checks of `Mixture` hold two copies for a moment
ROUNDING = 1e-7  # of the log-likelihood, and nats per row; other rows differ by much more


@dataclass(frozen=True, eq=False)
class EMPath:
    """Every iteration of a run of EM; T iterations, K components.

    Attributes
    ----------
    mixture : Mixture
        With a leading axis of length T + 1: the start, and where each iteration led. ``mixture[t]`` is one of them;
        its ``responsibilities(X)`` are the E-step from which the M-step makes ``mixture[t + 1]``.
    log_likelihood : array of shape (T + 1,)
        sum_n g_n log f(x_n) at each of them, in nats. It never falls, but for what the ridge takes.
    counts : array of shape (T + 1, K)
        Expected rows per component, N_k, at each of them: the next weights are N_k / N.

    Examples
    --------
    >>> import bayesgmm as bg
    >>> path = bg.em_path(fit)
    >>> path.mixture[-1].means.round(1)
    array([[ 2. , 54.5],
           [ 4.3, 80. ]])
    """

    mixture: Mixture
    log_likelihood: Array
    counts: Array

    def __post_init__(self) -> None:
        for name in ("log_likelihood", "counts"):
            value = np.array(getattr(self, name), dtype=np.float64)
            value.flags.writeable = False
            object.__setattr__(self, name, value)

    @property
    def n_iter(self) -> int:
        """T, the iterations."""
        return len(self.log_likelihood) - 1


def trace_em(data: Data, fit: EMFit, start: Mixture | None = None) -> EMPath:
    """Run EM again, with a fit's own settings, and keep every iteration.

    Parameters
    ----------
    data : Data
        The rows that the fit was made of.
    fit : EMFit
    start : Mixture or None
        Where to begin; EM then stops by the fit's criterion. None: where the fit's own run began, whose iterations are
        taken once more.

    Returns
    -------
    EMPath
        It ends before a step at which a covariance becomes singular.

    Raises
    ------
    InvalidArgumentError
        If `fit` does not know its start and none is given, `start` has other components or features than the fit, or
        the iterations' mixtures would fill the memory.

    Examples
    --------
    >>> from bayesgmm.data import as_data
    >>> from bayesgmm.em import fit_em
    >>> from bayesgmm.em.path import trace_em
    >>> data = as_data([[0.0], [1.0], [10.0], [12.0]])
    >>> em = fit_em(data, 2, random_state=1)
    >>> path = trace_em(data, em)
    >>> path.n_iter == em.n_iter, path.counts[-1].round(1)
    (True, array([2., 2.]))
    """
    first = fit.start if start is None else _as_start(start, fit)
    if first is None:
        raise InvalidArgumentError("init", "be given where a fit does not know its start", None)
    tol, max_iter = (0.0, fit.n_iter) if start is None else (fit.settings.tol, fit.settings.max_iter)
    K, D = first.means.shape
    most = max(1, MOST_NUMBERS // (K * (1 + D + D * D)))
    if start is None and max_iter >= most:
        raise _too_long(most)
    work = Workplace.of(data, fit.family, fit.settings)
    shapes = (), (K,), (K,), (K, D), (K, D, D)
    stacks = [np.empty((min(max_iter + 1, most), *shape)) for shape in shapes]
    for t, state in enumerate(_iterations(work, first, tol, max_iter)):
        if t == most:
            raise _too_long(most)
        for stack, value in zip(stacks, _measure(work, state), strict=True):
            stack[t] = value
    log_likelihood, counts, *parameters = (stack[: t + 1] for stack in stacks)
    return EMPath(Mixture(*parameters), log_likelihood, counts)


def check_rows(argument: str, em: EMFit, data: Data) -> None:
    """Refuse rows or weights that are not those of a fit: its log-likelihood is another there.

    Parameters
    ----------
    argument : str
        What the caller calls the rows.
    em : EMFit
    data : Data

    Raises
    ------
    InvalidArgumentError
        If features, total weight or log-likelihood differ.

    Examples
    --------
    >>> from bayesgmm.em.path import check_rows
    >>> check_rows("X", fit.em_, fit.posterior_.data)
    """
    if em.mixture.n_features != data.n_features:
        raise InvalidArgumentError(argument, f"have {em.mixture.n_features} features, as the fit has", data.n_features)
    if not is_fitted_to(em, data):
        shown = f"rows of log-likelihood {log_likelihood(em.mixture, data):.6g} over {data.total_weight:g}, "
        shown += f"where the fit has {em.log_likelihood:.6g} over {em.total_weight:g}"
        remedy = "Give the same rows, with the same `sample_weight`."
        raise InvalidArgumentError(argument, "be the rows that the fit was made of", shown, remedy)


def is_fitted_to(em: EMFit, data: Data) -> bool:
    """Tell whether the log-likelihood of an EM fit is that of some rows.

    Parameters
    ----------
    em : EMFit
    data : Data
        Rows of the same features, with their weights.

    Returns
    -------
    bool

    Examples
    --------
    >>> from bayesgmm.em.path import is_fitted_to
    >>> is_fitted_to(fit.em_, fit.posterior_.data)
    True
    """
    has_total = np.isclose(em.total_weight, data.total_weight, rtol=ROUNDING, atol=0.0)
    found, margin = log_likelihood(em.mixture, data), ROUNDING * data.total_weight
    return bool(has_total and np.isclose(found, em.log_likelihood, rtol=ROUNDING, atol=margin))


def log_likelihood(mixture: Mixture, data: Data) -> float:
    """Give sum_n g_n log f(x_n), in nats.

    Parameters
    ----------
    mixture : Mixture
        Without batch axes.
    data : Data
        Rows of the same features, with their weights g_n.

    Returns
    -------
    float

    Examples
    --------
    >>> from bayesgmm.em.path import log_likelihood
    >>> round(log_likelihood(fit.em_.mixture, fit.posterior_.data), 2)
    -1130.26
    """
    terms = mixture.log_density(data.rows)
    return float(terms.sum() if data.row_weights is None else data.row_weights @ terms)


def _as_start(start: Mixture, fit: EMFit) -> Mixture:
    if not isinstance(start, Mixture) or start.batch_shape:
        raise InvalidArgumentError("init", "be one `Mixture`, without batch axes", start)
    sizes = {"components": fit.mixture.n_components, "features": fit.mixture.n_features}
    if (start.n_components, start.n_features) != tuple(sizes.values()):
        needed = " and ".join(f"{size} {name}" for name, size in sizes.items())
        raise InvalidArgumentError("init", f"have {needed}, as the fit has", start)
    return start


def _too_long(most: int) -> InvalidArgumentError:
    constraint = f"end within {most - 1} iterations, whose mixtures fill {8e-9 * MOST_NUMBERS:.1f} GB"
    return InvalidArgumentError("fit", constraint, "more", "Fit EM with a smaller `max_iter`, or fewer features.")


def _iterations(work: Workplace, first: Mixture, tol: float, max_iter: int) -> Iterator[State]:
    """Give the start, and where each iteration leads."""
    state, previous = as_state(first, work.family), -np.inf
    yield state
    for _ in range(max_iter):
        run = iterate(work.rows, work.family, state, tol=tol, max_iter=1, previous=previous)
        if run.is_singular:
            return
        state, previous = run.state, run.path[-1]
        yield state
        if run.has_converged:
            return


def _measure(work: Workplace, state: State) -> tuple[float | Array, ...]:
    """Take log-likelihood and counts of a state, and its weights, means and factors."""
    statistics = kernel.expected_statistics(work.rows.x, work.rows.weights, *state)
    mixture = as_mixture(state, work.family)
    return statistics.log_likelihood, statistics.counts, mixture.weights, mixture.means, mixture.scale_tril
