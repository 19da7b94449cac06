"""EM step by step: the steps are EM's own, each is the textbook's formula, and the last is EM's answer."""

import dataclasses
import tracemalloc

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from bayesgmm.covariance import FAMILIES
from bayesgmm.data import as_data
from bayesgmm.em import path as room
from bayesgmm.em import workplace
from bayesgmm.em.fit import EMSettings, EMStatus, fit_em, project, run_em
from bayesgmm.em.path import check_rows, is_fitted_to, log_likelihood, trace_em
from bayesgmm.errors import InvalidArgumentError
from bayesgmm.mixture import Mixture

each_family = pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
EXACT = EMSettings(tol=1e-6, max_iter=1000, reg_covar=0.0)


@pytest.fixture
def rows(rng):
    """Two clusters that overlap, so that EM has work to do."""
    x = np.vstack([rng.standard_normal((60, 2)) @ [[1.0, 0.6], [0.0, 0.8]], 1.5 * rng.standard_normal((90, 2)) + 2.0])
    return rng.permutation(x)


def rough_start(x, n_components=2):
    """The first rows as means, one sd for all: a member of every family."""
    weights = np.full(n_components, 1 / n_components)
    return Mixture.from_sds(weights, x[:n_components], np.full((n_components, x.shape[1]), x.std()))


def same_mixture(a, b, rtol=1e-9):
    for name in ("weights", "means", "covariances"):
        np.testing.assert_allclose(getattr(a, name), getattr(b, name), rtol=rtol, atol=rtol)


@each_family
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("n_components", [1, 2, 3])
def test_the_path_ends_at_the_answer_of_the_pool(family, weighted, n_components, rows, rng):
    data = as_data(rows, sample_weight=rng.uniform(0.5, 2.0, len(rows)) if weighted else None)
    fit = fit_em(data, n_components, family, random_state=1)
    path = trace_em(data, fit)
    assert path.n_iter == fit.n_iter
    assert path.mixture.batch_shape == (fit.n_iter + 1,) and path.counts.shape == (fit.n_iter + 1, n_components)
    np.testing.assert_allclose(path.log_likelihood[:-1] / data.total_weight, fit.path, rtol=1e-10)
    assert path.log_likelihood[-1] == pytest.approx(fit.log_likelihood, rel=1e-12)
    same_mixture(path.mixture[-1], fit.mixture)
    np.testing.assert_allclose(path.counts[-1], fit.counts, rtol=1e-9)


@each_family
def test_the_likelihood_never_falls(family, rows):
    data = as_data(rows)
    fit = run_em(data, family, rough_start(rows, 3), dataclasses.replace(EXACT, tol=0.0, max_iter=300))
    path = trace_em(data, fit)
    assert path.n_iter == 300
    assert np.diff(path.log_likelihood).min() > -1e-9
    assert path.log_likelihood[-1] > path.log_likelihood[0] + 1.0


def test_a_ridge_takes_a_little(faithful):
    """The M-step is then no maximum: Old Faithful's variances are 1.3 and 185, and one unit is added to both."""
    data = as_data(faithful)
    steps = np.diff(trace_em(data, fit_em(data, 3, settings=EMSettings(reg_covar=1.0), random_state=1)).log_likelihood)
    assert -0.1 < steps.min() < -1e-3
    steps = np.diff(trace_em(data, fit_em(data, 3, settings=EMSettings(reg_covar=0.0), random_state=1)).log_likelihood)
    assert steps.min() > 0


@each_family
def test_every_step_is_the_plain_formula(family, rows):
    """Responsibilities from the densities, then `project`, which is tested against textbook formulas."""
    data = as_data(rows)
    path = trace_em(data, run_em(data, family, rough_start(rows), dataclasses.replace(EXACT, max_iter=6)))
    assert path.n_iter == 6
    for t in range(path.n_iter):
        shares = path.mixture[t].responsibilities(rows)
        same_mixture(path.mixture[t + 1], project(data, shares, family, np.zeros(2)))
        np.testing.assert_allclose(path.counts[t], shares.sum(0), rtol=1e-9)
        np.testing.assert_allclose(path.mixture[t + 1].weights, path.counts[t] / len(rows), rtol=1e-9)
        assert path.log_likelihood[t] == pytest.approx(path.mixture[t].log_density(rows).sum(), rel=1e-12)


def test_the_three_updates_of_full_covariances(rows):
    """Written out: weights, means and covariances of one step."""
    data = as_data(rows)
    path = trace_em(data, run_em(data, FAMILIES["full"], rough_start(rows), EXACT))
    r, following = path.mixture[0].responsibilities(rows), path.mixture[1]
    n = r.sum(0)
    means = r.T @ rows / n[:, None]
    differences = rows[:, None] - means
    covariances = np.einsum("nk,nki,nkj->kij", r, differences, differences) / n[:, None, None]
    np.testing.assert_allclose(following.weights, n / len(rows), rtol=1e-9)
    np.testing.assert_allclose(following.means, means, rtol=1e-9)
    np.testing.assert_allclose(following.covariances, covariances, rtol=1e-8)


@each_family
def test_a_start_of_ones_own_leads_where_em_leads_from_there(family, rows):
    data, start = as_data(rows), rough_start(rows)
    path = trace_em(data, fit_em(data, 2, family, EXACT, random_state=1), start)
    expected = run_em(data, family, start, EXACT)
    same_mixture(path.mixture[0], start, rtol=1e-12)
    same_mixture(path.mixture[-1], expected.mixture)
    assert path.n_iter == expected.n_iter


def test_a_start_of_another_family_is_projected(rows):
    data = as_data(rows)
    full = Mixture.from_covariances([0.5, 0.5], rows[:2], [[[1.0, 0.5], [0.5, 2.0]]] * 2)
    path = trace_em(data, fit_em(data, 2, FAMILIES["spherical"], random_state=1), full)
    assert path.mixture[0].sds == pytest.approx(np.sqrt(1.5))


def test_of_many_rows_the_run_on_all_of_them_is_taken_again(rows, monkeypatch):
    monkeypatch.setattr(workplace, "SHORT_ROWS", 50)
    data = as_data(rows)
    fit = fit_em(data, 3, random_state=1)
    assert trace_em(data, fit).log_likelihood[-1] == pytest.approx(fit.log_likelihood, rel=1e-12)


def test_components_come_in_the_order_of_the_fit(rows):
    data = as_data(rows)
    fit = fit_em(data, 3, random_state=1)
    straight, mixed = trace_em(data, fit), trace_em(data, fit.permute([2, 0, 1]))
    same_mixture(straight.mixture.permute([2, 0, 1]), mixed.mixture, rtol=1e-8)


def test_a_run_without_iterations_is_its_start(rows):
    data, start = as_data(rows), rough_start(rows)
    path = trace_em(data, run_em(data, FAMILIES["full"], start, dataclasses.replace(EXACT, max_iter=0)))
    assert path.n_iter == 0
    same_mixture(path.mixture[0], start)


def test_it_ends_before_a_singular_step():
    """One component falls on rows that are equal."""
    data = as_data(np.repeat([[0.0], [1.0], [3.0]], 5, axis=0))
    start = Mixture.from_sds([0.5, 0.5], [[0.0], [2.0]], [[0.1], [1.0]])
    settings = EMSettings(reg_covar=0.0)
    fit = run_em(data, FAMILIES["full"], start, settings)
    assert fit.status is EMStatus.SINGULAR
    for path in (trace_em(data, fit), trace_em(data, fit, start)):
        assert path.n_iter == fit.n_iter
        assert np.isfinite(path.log_likelihood).all()


def test_what_it_gives_cannot_be_written_to(rows):
    path = trace_em(as_data(rows), fit_em(as_data(rows), 2, random_state=1))
    with pytest.raises(ValueError, match="read-only"):
        path.log_likelihood[0] = 0.0


def test_beside_the_mixtures_it_keeps_memory_is_bounded():
    """Two hundred iterations in thirty features: the copy that `Mixture` makes and one check of it, no more."""
    rng = np.random.default_rng(1)
    data = as_data(np.vstack([rng.standard_normal((200, 30)) + 0.3 * k for k in range(3)]))
    fit = fit_em(data, 3, settings=EMSettings(tol=0.0, max_iter=200), random_state=1)
    tracemalloc.start()
    kept = trace_em(data, fit).mixture.scale_tril.nbytes
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert kept > 4e6
    assert peak < 3.5 * kept


def test_more_iterations_than_memory_should_hold_are_refused(rows, monkeypatch):
    data, start = as_data(rows), rough_start(rows)
    fit = run_em(data, FAMILIES["full"], start, EXACT)
    monkeypatch.setattr(room, "MOST_NUMBERS", 14 * (fit.n_iter + 1))
    assert trace_em(data, fit).n_iter == trace_em(data, fit, start).n_iter == fit.n_iter
    monkeypatch.setattr(room, "MOST_NUMBERS", 14 * fit.n_iter)
    for first in (None, start):
        with pytest.raises(InvalidArgumentError, match=f"`fit` must end within {fit.n_iter - 1} iterations.*max_iter"):
            trace_em(data, fit, first)


BAD_STARTS = {
    "components": (rough_start(np.eye(3, 2), 3), "`init` must have 2 components and 2 features, as the fit has"),
    "features": (Mixture.from_sds([0.5, 0.5], np.zeros((2, 1)), np.ones((2, 1))), "`init` must have 2 components"),
    "a batch": (Mixture.from_sds(np.ones((3, 1)), np.zeros((3, 1, 2)), np.ones((3, 1, 2))), "`init` must be one"),
    "no mixture": ("kmeans", "`init` must be one `Mixture`, without batch axes; got kmeans"),
}


@pytest.mark.parametrize(("start", "match"), BAD_STARTS.values(), ids=BAD_STARTS)
def test_a_start_must_fit(start, match, rows):
    data = as_data(rows)
    with pytest.raises(InvalidArgumentError, match=match):
        trace_em(data, fit_em(data, 2, random_state=1), start)


def test_a_fit_that_does_not_know_its_start_asks_for_one(rows):
    data = as_data(rows)
    fit = dataclasses.replace(fit_em(data, 2, random_state=1), start=None)
    with pytest.raises(InvalidArgumentError, match="`init` must be given where a fit does not know its start"):
        trace_em(data, fit)


OTHER_ROWS = {
    "fewer": (lambda x: as_data(x[1:]), "`X` must be the rows that the fit was made of; got rows of log-likelihood"),
    "other": (lambda x: as_data(x + 1e-3), "`sample_weight`"),
    "weights": (lambda x: as_data(x, sample_weight=np.linspace(0.5, 1.5, len(x))), "over 150, where the fit has"),
    "features": (lambda x: as_data(x[:, :1]), "`X` must have 2 features, as the fit has; got 1"),
}


@pytest.mark.parametrize(("change", "match"), OTHER_ROWS.values(), ids=OTHER_ROWS)
def test_other_rows_are_seen(change, match, rows):
    fit = fit_em(as_data(rows), 2, random_state=1)
    check_rows("X", fit, as_data(rows))
    with pytest.raises(InvalidArgumentError, match=match):
        check_rows("X", fit, change(rows))


def test_rows_of_another_likelihood_or_weight_are_not_those_of_a_fit(rows):
    fit = fit_em(as_data(rows), 2, random_state=1)
    assert is_fitted_to(fit, as_data(rows[::-1]))
    assert not is_fitted_to(fit, as_data(rows + 0.1))
    assert not is_fitted_to(dataclasses.replace(fit, total_weight=149.0), as_data(rows))


def test_log_likelihood_is_the_weighted_sum_over_all_rows(rows):
    weights = np.linspace(0.5, 1.5, 2 * len(rows))
    data = as_data(np.tile(rows.round(), (2, 1)), sample_weight=weights)
    mixture = fit_em(data, 2, random_state=1).mixture
    parts = zip(mixture.weights, mixture.means, mixture.covariances, strict=True)
    density = sum(weight * multivariate_normal(mean, cov).pdf(data.x) for weight, mean, cov in parts)
    assert log_likelihood(mixture, data) == pytest.approx(weights @ np.log(density), rel=1e-10)
