"""Runs of EM on the same data: short ones from rough starts, long ones to convergence, and the choice among them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from bayesgmm.covariance import CovarianceFamily
from bayesgmm.data import Data
from bayesgmm.em.collapse import Limits, find_collapsed, set_limits
from bayesgmm.em.criteria import n_parameters
from bayesgmm.em.iteration import Monitor, Rows, Run, State, as_mixture, as_state, iterate, maximise_rows
from bayesgmm.em.result import EMFit, EMSettings, EMStatus, Starts
from bayesgmm.em.starts import Partition
from bayesgmm.kernel import rows as kernel
from bayesgmm.mixture import Mixture

__all__ = ["Workplace", "choose_fit", "record_starts"]

Array = NDArray[np.float64]
Labels = NDArray[np.intp]

BLURRED_RUN = 10  # iterations by which a rough start settles
SHORT_RUN = 15  # iterations more, after which starts are compared
SHORT_ROWS = 20_000  # rows that short runs read: they compare starts, which takes no more
FINALISTS = 5  # of the pool that run to convergence, beside its first member
SAME = 1e-9  # relative; sketches that agree so well took the same path
SCATTER = 10  # times tol per row: log-likelihoods this close belong to one optimum
LEAST_SCATTER = 1e-2  # nats, where a row weighs one
RANKS = {EMStatus.CONVERGED: 2, EMStatus.NOT_CONVERGED: 2, EMStatus.DEGENERATE: 1, EMStatus.SINGULAR: 0}


@dataclass(frozen=True, eq=False)
class Workplace:
    """Everything that runs of EM on the same data share.

    Attributes
    ----------
    data : Data
    family : CovarianceFamily
    settings : EMSettings
    rows : Rows
        What the passes read.
    limits : Limits
        What a component must exceed.
    """

    data: Data
    family: CovarianceFamily
    settings: EMSettings
    rows: Rows
    limits: Limits

    @classmethod
    def of(cls, data: Data, family: CovarianceFamily, settings: EMSettings) -> Self:
        """Lay out the rows and set the limits."""
        ridge = settings.ridge(data)
        rows = Rows(np.asfortranarray(data.rows), data.row_weights, data.total_weight, ridge)
        return cls(data, family, settings, rows, set_limits(data, family, ridge))

    @property
    def scatter(self) -> float:
        """Nats by which runs to one optimum may differ."""
        return max(LEAST_SCATTER * self.data.row_unit, SCATTER * self.tolerance)

    @property
    def tolerance(self) -> float:
        """Nats by which another start must beat the pool's first member."""
        return self.settings.tol * self.rows.total

    def run(self, state: State, *, previous: float = -np.inf, monitor: Monitor | None = None) -> EMFit:
        """Run EM from a state to convergence."""
        tol, max_iter = self.settings.tol, self.settings.max_iter
        run = iterate(self.rows, self.family, state, tol=tol, max_iter=max_iter, previous=previous, monitor=monitor)
        return self.judge(run, as_mixture(state, self.family))

    def begin(self, shares: Array, monitor: Monitor | None = None) -> EMFit | None:
        """Run EM from responsibilities (M, K); None where their covariances are singular."""
        if monitor is not None:
            monitor.begin(0)
        try:
            fit = self.run(maximise_rows(self.rows, shares, self.family), monitor=monitor)
        except np.linalg.LinAlgError:
            return None
        if monitor is not None and fit.n_iter:
            monitor.end(float(fit.path[-1]), fit.converged)
        return fit

    def sketch(self, partition: Partition, n_components: int) -> EMFit | None:
        """Run EM for a few iterations from a partition; None where its covariances are singular.

        The first ones see the rows blurred by what the columns resolve, so that no component falls on a common value
        before it has seen the others.
        """
        few, tol = self._choose_rows(partition.places), self.settings.tol
        shares = np.eye(n_components)[partition.labels]
        rows = self._choose_rows(slice(None, None, self._stride))
        blurred = rows._replace(ridge=np.maximum(rows.ridge, self.limits.sds**2))
        try:
            start = maximise_rows(few, shares, self.family, prior_rows=self.data.n_features)
        except np.linalg.LinAlgError:
            return None
        start = iterate(blurred, self.family, start, tol=tol, max_iter=BLURRED_RUN).state
        run = iterate(rows, self.family, start, tol=tol, max_iter=min(SHORT_RUN, self.settings.max_iter))
        return self._judge_short(run, as_mixture(start, self.family))

    def finish(self, sketches: Sequence[EMFit | None]) -> list[EMFit | None]:
        """Run the best sketches to convergence; the others are given back as they are.

        Where short runs read only some of the rows, the best are first run to convergence on those, and of several
        that come to the same optimum there one goes on.
        """
        finished, ends = list(sketches), np.empty(0)
        for i, fit in _choose_finalists(sketches):
            end = finished[i] = self._settle(fit)
            if self._stride == 1 or np.abs(ends - end.log_likelihood).min(initial=np.inf) > self.scatter:
                ends = np.append(ends, end.log_likelihood)
                finished[i] = self._go_on(end)
        return finished

    def judge(self, run: Run, start: Mixture | None) -> EMFit:
        """Take the measure of where a run came to, on all rows."""
        state = run.state
        statistics = kernel.expected_statistics(self.rows.x, self.rows.weights, *state)
        collapsed = find_collapsed(self.limits, statistics.counts, state.scale)
        status = EMStatus.CONVERGED if run.has_converged else EMStatus.NOT_CONVERGED
        if run.is_singular or collapsed:
            status = EMStatus.SINGULAR if run.is_singular else EMStatus.DEGENERATE
        K, D = state.means.shape
        return EMFit(
            mixture=as_mixture(state, self.family),
            family=self.family,
            log_likelihood=statistics.log_likelihood,
            n_iter=len(run.path),
            status=status,
            path=np.array(run.path),
            starts=None,
            counts=statistics.counts,
            total_weight=self.rows.total,
            n_parameters=n_parameters(self.family, K, D),
            converged=run.has_converged,
            collapsed=collapsed,
            start=start,
            settings=self.settings,
        )

    @property
    def _stride(self) -> int:
        """Every so many rows are read by short runs."""
        return -(-len(self.rows.x) // SHORT_ROWS)

    def _choose_rows(self, index: Labels | slice) -> Rows:
        weights = None if self.rows.weights is None else self.rows.weights[index]
        x = np.asfortranarray(self.rows.x[index])
        return Rows(x, weights, float(len(x) if weights is None else weights.sum()), self.rows.ridge)

    def _judge_short(self, run: Run, start: Mixture | None) -> EMFit:
        """Judge a short run; one that read only some of the rows has not converged on all of them."""
        return self.judge(run._replace(has_converged=run.has_converged and self._stride == 1), start)

    def _settle(self, sketch: EMFit) -> EMFit:
        """Run a sketch of some of the rows to convergence on them; as it is where it read all, or a component falls."""
        if self._stride == 1:
            return sketch
        rows, state = self._choose_rows(slice(None, None, self._stride)), as_state(sketch.mixture, self.family)
        run = iterate(rows, self.family, state, tol=self.settings.tol, max_iter=self.settings.max_iter)
        settled = self._judge_short(run, sketch.mixture)
        return settled if RANKS[settled.status] >= RANKS[sketch.status] else sketch

    def _go_on(self, sketch: EMFit) -> EMFit:
        """Take a short run up again, or begin anew where it read only some of the rows."""
        state, settings = as_state(sketch.mixture, self.family), self.settings
        if self._stride > 1:
            return self.run(state)
        if sketch.converged:
            return sketch
        rest, last = settings.max_iter - sketch.n_iter, float(sketch.path[-1])
        run = iterate(self.rows, self.family, state, tol=settings.tol, max_iter=rest, previous=last)
        return self.judge(run._replace(path=(*sketch.path.tolist(), *run.path)), sketch.start)


def choose_fit(fits: Sequence[EMFit | None], tolerance: float) -> EMFit:
    """Choose among fits: sound before collapsed, then the first unless another is better by more than `tolerance`.

    Parameters
    ----------
    fits : sequence of EMFit or None
        The first is the favourite; None stands for a start that failed.
    tolerance : float
        In nats.

    Returns
    -------
    EMFit

    Raises
    ------
    ValueError
        If in all of them a covariance became singular.
    """
    first = fits[0]
    top = max((fit for fit in fits if fit is not None), key=_rank, default=None)
    if top is None or top.status is EMStatus.SINGULAR:
        raise ValueError(EMStatus.SINGULAR.value)
    if first is None or RANKS[first.status] < RANKS[top.status]:
        return top
    return top if top.log_likelihood > first.log_likelihood + tolerance else first


def record_starts(kinds: Sequence[str], fits: Sequence[EMFit | None], scatter: float) -> Starts:
    """Record what the starts led to.

    Parameters
    ----------
    kinds : sequence of str
    fits : sequence of EMFit or None
        None stands for a start that failed.
    scatter : float
        Log-likelihoods of neighbours that differ by no more, in nats, belong to one optimum.

    Returns
    -------
    Starts
    """
    values = np.array([np.nan if fit is None or not RANKS[fit.status] else fit.log_likelihood for fit in fits])
    optima = -np.sort([-fit.log_likelihood for fit in fits if fit is not None and fit.status is EMStatus.CONVERGED])
    steps = -np.diff(optima)
    gaps = steps[steps > scatter]
    values.flags.writeable = False
    statuses = tuple(EMStatus.SINGULAR if fit is None else fit.status for fit in fits)
    return Starts(tuple(kinds), values, statuses, 1 + len(gaps), float(gaps[0]) if len(gaps) else np.inf)


def _rank(fit: EMFit) -> tuple[int, float]:
    return RANKS[fit.status], fit.log_likelihood


def _choose_finalists(sketches: Sequence[EMFit | None]) -> list[tuple[int, EMFit]]:
    """Choose the best sketches, one of those that took the same path, with their places."""
    ranked = [(_rank(fit), i, fit) for i, fit in enumerate(sketches) if fit and fit.status is not EMStatus.SINGULAR]
    chosen: list[tuple[int, EMFit]] = []
    for (_, value), i, fit in sorted(ranked, key=lambda item: item[0], reverse=True):
        if all(abs(other.log_likelihood - value) > SAME * abs(value) for _, other in chosen):
            chosen.append((i, fit))
    return chosen[:FINALISTS]
