"""The mode is where the gradient vanishes, and the posterior has unit curvature there."""

import numpy as np
import pytest
from sklearn.datasets import load_iris

from bayesgmm.covariance import FAMILIES
from bayesgmm.data import as_data
from bayesgmm.em.fit import fit_em
from bayesgmm.inference.problem import Problem
from bayesgmm.inference.target import make_target
from bayesgmm.inference.whitening import FLATTEST, complete_data_errors, whiten_posterior
from bayesgmm.mixture import Mixture
from bayesgmm.model.priors import Priors

STEP = 1e-3


def simulate(rng, N, K, D, spread=4.0):
    means = spread * rng.standard_normal((K, D))
    labels = np.arange(N) % K
    turns = np.eye(D) + 0.3 * rng.standard_normal((K, D, D))
    return means[labels] + np.einsum("nij,nj->ni", turns[labels], rng.standard_normal((N, D)))


def pose(X, name, K, start=None):
    """The problem and its target, started at EM's solution unless another start is given."""
    data, family = as_data(X), FAMILIES[name]
    priors = Priors().resolve(data, K, family)
    start = fit_em(data, K, family, random_state=1).mixture if start is None else start
    return Problem(data, family, priors, start), make_target(data, family, K, priors)


def whiten(problem, target):
    return whiten_posterior(target.log_posterior, target.pack(problem.start), complete_data_errors(target, problem))


def gradient(target, peak, u):
    return peak.factor.T @ target.log_posterior(peak.unwhiten(u))[1]


CASES = {
    "one component": lambda rng, faithful: (faithful, 1),
    "Old Faithful": lambda rng, faithful: (faithful, 2),
    "six components": lambda rng, faithful: (faithful, 6),
    "one feature": lambda rng, faithful: (faithful[["waiting"]], 2),
    "one of each": lambda rng, faithful: (faithful[["eruptions"]], 1),
    "hardly any rows": lambda rng, faithful: (simulate(rng, 6, 2, 2), 2),
    "eight features": lambda rng, faithful: (simulate(rng, 200, 2, 8), 2),
    "more components than clusters": lambda rng, faithful: (rng.standard_normal((200, 2)), 4),
    "iris": lambda rng, faithful: (load_iris().data, 3),
    "far from zero": lambda rng, faithful: (faithful * [1e-3, 1e3] + [1e3, 1e6], 2),
}


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_gradient_vanishes_at_the_mode_and_curvature_is_one(case, name, rng, faithful):
    """In whitened units: the gradient below 1 % of a posterior sd, minus the Hessian the identity but where floored."""
    problem, target = pose(*case(rng, faithful)[:1], name, case(rng, faithful)[1])
    peak = whiten(problem, target)
    n = target.n_dim
    assert np.abs(gradient(target, peak, np.zeros(n))).max() < 0.01
    assert peak.log_posterior == pytest.approx(target.log_posterior(peak.mode)[0], abs=1e-8)
    assert peak.log_posterior >= target.log_posterior(target.pack(problem.start))[0]
    for u in np.eye(n) * STEP:
        bend = (gradient(target, peak, -u) - gradient(target, peak, u)) / (2 * STEP)
        np.testing.assert_allclose(bend, u / STEP, atol=0.05)


def test_quadratic_is_whitened_exactly(rng):
    A = rng.standard_normal((4, 4))
    precision, centre = A @ A.T + np.eye(4), rng.standard_normal(4)

    def log_posterior(x):
        return -0.5 * (x - centre) @ precision @ (x - centre), precision @ (centre - x)

    peak = whiten_posterior(log_posterior, np.zeros(4), np.array([1.0, 0.3, 2.0, 0.5]))
    np.testing.assert_allclose(peak.mode, centre, atol=1e-3)
    np.testing.assert_allclose(peak.factor @ peak.factor.T, np.linalg.inv(precision), rtol=1e-6)
    np.testing.assert_allclose(peak.unwhiten(np.zeros((3, 4))), np.tile(peak.mode, (3, 1)))


def test_flat_direction_is_as_long_as_the_floor_lets_it_be():
    """No curvature along the second coordinate: its sd is 1 / sqrt(floor) of its complete-data error."""
    peak = whiten_posterior(lambda x: (-0.5 * x[0] ** 2, np.array([-x[0], 0.0])), np.ones(2), np.array([1.0, 0.1]))
    lengths = np.sort(np.linalg.norm(peak.factor, axis=0))
    np.testing.assert_allclose(lengths, [1.0, 0.1 / np.sqrt(FLATTEST)], rtol=1e-6)


def test_values_that_are_not_finite_are_kept_away_from():
    """log x - x has its mode at 1; a step below zero has no value."""

    def log_posterior(x):
        with np.errstate(invalid="ignore", divide="ignore"):
            return float(np.log(x[0]) - x[0]), 1.0 / x - 1.0

    peak = whiten_posterior(log_posterior, np.array([30.0]), np.array([10.0]))
    assert peak.mode[0] == pytest.approx(1.0, abs=1e-3)
    assert peak.factor[0, 0] == pytest.approx(1.0, rel=1e-2)


def test_change_of_units_changes_nothing(faithful):
    peaks = [whiten(*pose(X, "full", 2)) for X in (faithful, faithful * [1e3, 1e-4] + [5e3, -7.0])]
    np.testing.assert_allclose(peaks[1].mode, peaks[0].mode, atol=1e-3)
    np.testing.assert_allclose(
        peaks[1].factor @ peaks[1].factor.T, peaks[0].factor @ peaks[0].factor.T, rtol=1e-2, atol=1e-5
    )


@pytest.mark.parametrize("name", FAMILIES)
def test_complete_data_errors_are_the_posterior_sds_where_labels_are_known(name, rng):
    """One component, 5000 rows without correlation: the priors hardly count, every label is known."""
    problem, target = pose(rng.standard_normal((5000, 2)), name, 1)
    errors, peak = complete_data_errors(target, problem), whiten(problem, target)
    assert errors.shape == (target.n_dim,)
    expected = errors / np.sqrt(2) if name == "spherical" else errors  # of its sd: two columns share it
    expected[:2] = errors[:2]
    np.testing.assert_allclose(np.sqrt((peak.factor**2).sum(1)), expected, rtol=0.03)


def test_empty_component_counts_one_row(rng):
    X = rng.standard_normal((100, 2))
    start = Mixture.from_sds([1.0 - 1e-9, 1e-9], [[0.0, 0.0], [9.0, 9.0]], np.ones((2, 2)))
    problem, target = pose(X, "full", 2, start)
    assert complete_data_errors(target, problem).max() <= 2.0
    peak = whiten(problem, target)
    assert np.isfinite(peak.factor).all()
    assert np.abs(gradient(target, peak, np.zeros(target.n_dim))).max() < 0.05
