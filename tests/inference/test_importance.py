"""Importance weights against what is known of normal distributions: evidence, tail, effective draws."""

import numpy as np
import pytest

from bayesgmm.inference.importance import resample, smooth_weights
from bayesgmm.schema import HIGHEST_PARETO_K


def log_ratios(u, sd):
    """Of exp(-x^2 / (2 sd^2)), whose integral is sd sqrt(2 pi), at draws of N(0, 1)."""
    return -0.5 * (u / sd) ** 2 + 0.5 * u**2 + 0.5 * np.log(2 * np.pi)


@pytest.mark.parametrize(("sd", "expected"), [(1.2, 1 - 1 / 1.44), (1.6, 1 - 1 / 2.56), (3.0, 1 - 1 / 9.0)])
def test_pareto_k_is_the_shape_of_the_tail(sd, expected, rng):
    """P(r > t) falls as t^(-1/k) with k = 1 - 1/sd^2, times 1 / sqrt(log t), which hides up to 0.1 of it."""
    found = np.mean([smooth_weights(log_ratios(rng.standard_normal(20_000), sd)).pareto_k for _ in range(10)])
    assert found == pytest.approx(expected, abs=0.12)


def test_weights_of_a_narrower_distribution_have_a_bounded_tail(rng):
    assert smooth_weights(log_ratios(rng.standard_normal(4000), 0.8)).pareto_k < 0.2


@pytest.mark.parametrize("sd", [0.6, 0.9, 1.1])
def test_evidence_is_the_integral_within_its_error(sd, rng):
    """The error is the spread of the estimate: of 300 repetitions, within 15 %."""
    found = [smooth_weights(log_ratios(rng.standard_normal(2000), sd)) for _ in range(300)]
    values = np.array([weights.log_evidence for weights in found])
    error = np.mean([weights.log_evidence_error for weights in found])
    assert values.std() == pytest.approx(error, rel=0.15)
    assert values.mean() == pytest.approx(np.log(sd * np.sqrt(2 * np.pi)), abs=4 * error / np.sqrt(300))


def test_weights_repair_mean_and_variance(rng):
    """N(0.3, 0.8^2) from draws of N(0, 1), within four standard errors of the weighted draws."""
    u = rng.standard_normal(20_000)
    found = smooth_weights(-0.5 * ((u - 0.3) / 0.8) ** 2 + 0.5 * u**2)
    assert found.weights.sum() == pytest.approx(1.0)
    mean = found.weights @ u
    assert mean == pytest.approx(0.3, abs=4 * 0.8 / np.sqrt(found.ess))
    assert np.sqrt(found.weights @ (u - mean) ** 2) == pytest.approx(0.8, rel=4 / np.sqrt(2 * found.ess))


def test_ess_is_the_number_of_draws_over_the_relative_second_moment(rng):
    """(E r)^2 / E r^2 = sd sqrt(2 - sd^2) for N(0, sd^2) from N(0, 1)."""
    found = smooth_weights(log_ratios(rng.standard_normal(50_000), 0.8))
    assert found.ess / 50_000 == pytest.approx(0.8 * np.sqrt(2 - 0.64), rel=0.02)


def test_a_constant_ratio_has_equal_weights_and_no_tail():
    found = smooth_weights(np.full(1000, -3.5) + 1e-12 * np.arange(1000))
    assert (found.pareto_k, found.ess) == (0.0, 1000.0)
    assert found.log_evidence == pytest.approx(-3.5, abs=1e-8)
    np.testing.assert_array_equal(found.weights, 1e-3)


def test_draws_without_density_weigh_nothing(rng):
    u = rng.standard_normal(4000)
    values = log_ratios(u, 0.8)
    expected = smooth_weights(np.where(u > 0, values, -np.inf))
    found = smooth_weights(np.where(u > 0, values, np.nan))
    assert found.pareto_k == expected.pareto_k
    assert found.weights[u <= 0].max() == 0.0
    assert found.log_evidence == pytest.approx(np.log(0.4 * np.sqrt(2 * np.pi)), abs=0.05)


@pytest.mark.parametrize("kept", [0, 1])
def test_no_draw_or_one_with_a_density_is_the_worst_k(kept):
    values = np.full(1000, -np.inf)
    values[:kept] = 0.0
    assert smooth_weights(values).pareto_k > HIGHEST_PARETO_K
    assert np.isfinite(smooth_weights(values).weights).all()


def test_a_shift_of_the_log_density_changes_only_the_evidence(rng):
    values = log_ratios(rng.standard_normal(2000), 1.1)
    one, other = smooth_weights(values), smooth_weights(values - 1e4)
    np.testing.assert_allclose(other.weights, one.weights, rtol=1e-7)
    assert other.log_evidence == pytest.approx(one.log_evidence - 1e4)
    assert other.pareto_k == pytest.approx(one.pareto_k, abs=1e-6)


def test_resampling_takes_every_draw_as_often_as_its_weight_says(rng):
    weights = rng.dirichlet(np.full(50, 0.3))
    chosen = resample(weights, 4000, rng)
    counts = np.bincount(chosen, minlength=50)
    assert (np.abs(counts - 4000 * weights) < 1.0 + 1e-9).all()
    assert (np.diff(chosen) < 0).mean() > 0.3  # in no order


def test_resampling_follows_the_seed():
    weights = np.full(10, 0.1)
    one, again, other = (resample(weights, 30, np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert (one != other).any()
