"""The distance between posteriors: known moments, the plain formula, and what must not change it."""

import numpy as np
import pytest

from bayesgmm.comparison.distance import measure_distance, unconstrained
from bayesgmm.covariance import FAMILIES
from bayesgmm.em.criteria import n_parameters
from handmade import handmade_posterior


def standardised(rng, shape):
    """Draws whose sample mean is exactly zero and whose sample covariance is exactly one."""
    z = rng.standard_normal(shape)
    z -= z.mean(0)
    return z @ np.linalg.inv(np.linalg.cholesky(np.cov(z.T))).T


def test_of_normals_with_known_moments(rng):
    """Three times as wide in one of three directions is 3^(1/3) on average; shifts 2, 1, 2 are sqrt(3) a direction."""
    z = standardised(rng, (500, 3))
    factor = np.array([[2.0, 0.0, 0.0], [-1.0, 0.5, 0.0], [30.0, 4.0, 10.0]])
    reference = 7.0 + z @ factor.T
    other = 7.0 + (z * [3.0, 1.0, 1.0] + [2.0, 1.0, 2.0]) @ factor.T
    assert measure_distance(other, reference) == pytest.approx((np.sqrt(3.0), 3.0 ** (1 / 3)))


def test_equals_the_plain_formula(rng):
    draws, reference = rng.standard_normal((60, 4)) + 0.3, rng.standard_normal((90, 4)) @ rng.standard_normal((4, 4))
    mean, precision = draws.mean(0) - reference.mean(0), np.linalg.inv(np.cov(reference.T))
    volumes = [np.linalg.det(np.cov(part.T)) for part in (draws, reference)]
    expected = np.sqrt(mean @ precision @ mean / 4), (volumes[0] / volumes[1]) ** (1 / 8)
    assert measure_distance(draws, reference) == pytest.approx(expected)


def test_any_affine_map_of_both_changes_nothing(rng):
    draws, reference = 0.7 * rng.standard_normal((50, 3)) + 1.0, rng.standard_normal((80, 3))
    A, b = 10.0 * rng.standard_normal((3, 3)), rng.standard_normal(3)
    mapped = measure_distance(draws @ A.T + b, reference @ A.T + b)
    assert mapped == pytest.approx(measure_distance(draws, reference))


def test_of_a_point_there_is_a_shift_and_no_width(rng):
    reference = standardised(rng, (100, 2))
    shift, sd_ratio = measure_distance(np.array([[3.0, 4.0]]), reference)
    assert shift == pytest.approx(5.0 / np.sqrt(2.0))
    assert np.isnan(sd_ratio)


@pytest.mark.parametrize("reference", [np.eye(3), np.ones((20, 3))], ids=["few", "constant"])
def test_draws_that_determine_no_covariance_measure_nothing(reference, rng):
    assert np.isnan(measure_distance(rng.standard_normal((20, 3)), reference)).all()


@pytest.mark.parametrize("n_components", [1, 3])
@pytest.mark.parametrize("name", FAMILIES)
def test_vectors_have_a_number_for_each_free_parameter(name, n_components, faithful, rng):
    posterior = handmade_posterior(faithful, n_components, name, rng=rng)
    vectors = unconstrained(posterior.mixture, posterior.family)
    assert vectors.shape == (200, n_parameters(posterior.family, n_components, 2))
    assert np.linalg.matrix_rank(vectors - vectors.mean(0)) == vectors.shape[1]


@pytest.mark.parametrize("name", ["full", "tied", "diag"])
def test_units_and_the_order_of_components_change_no_distance(name, faithful, rng):
    one, other = (handmade_posterior(faithful, 3, name, rng=rng) for _ in range(2))
    family, order = one.family, [2, 0, 1]
    plain = measure_distance(unconstrained(other.mixture, family), unconstrained(one.mixture, family))
    scaled = [part.mixture.affine(np.diag([60.0, 0.1]), [3.0, -5.0]).permute(order) for part in (other, one)]
    assert measure_distance(*(unconstrained(mixture, family) for mixture in scaled)) == pytest.approx(plain)
    assert plain[0] > 0.05
