"""The ellipse and its band: chi-square coverage, quantiles along rays, equivariance."""

import numpy as np
import pytest
from matplotlib.path import Path

from bayesgmm.errors import InvalidArgumentError
from bayesgmm.mixture import Mixture
from bayesgmm.posterior.ellipses import ellipse_band, posterior_mean
from handmade import handmade_posterior

LEVELS = ("lower", "mean", "upper")


@pytest.fixture(scope="module")
def draws():
    rng = np.random.default_rng(1)
    rows = rng.standard_normal((300, 3)) @ np.array([[1.0, 0.4, 0.0], [0.0, 1.0, 0.3], [0.0, 0.0, 2.0]])
    rows[:100] += 8.0
    return handmade_posterior(rows, 2, rng=rng).mixture


def repeat(mixture, n_draws=3):
    flat = mixture.flatten()
    shape = (1, n_draws)
    parts = (
        np.broadcast_to(part[0], (*shape, *part.shape[1:])) for part in (flat.weights, flat.means, flat.scale_tril)
    )
    return Mixture(*parts)


def mahalanobis(points, mixture, k):
    """Squared distances of points (P, 2) from component k of every draw, (S, P)."""
    flat = mixture.flatten()
    y = np.linalg.solve(flat.scale_tril[:, k], np.swapaxes(points - flat.means[:, k, None, :], -1, -2))
    return (y**2).sum(1)


@pytest.mark.parametrize("coverage", [0.1, 0.5, 0.95, 0.999])
def test_an_ellipse_at_coverage_p_holds_p_of_a_gaussian_sample(coverage, rng):
    """Within four binomial standard errors, and for features out of order."""
    covariance = np.array([[2.0, 0.3, -0.9], [0.3, 1.0, 0.2], [-0.9, 0.2, 5.0]])
    one = Mixture.from_covariances([1.0], [[1.0, 2.0, 3.0]], [covariance])
    x, _ = one.sample(100_000, rng)
    outline = ellipse_band(repeat(one), (2, 0), coverage=coverage, n_points=1001)["mean"].to_numpy()[0]
    share = Path(outline).contains_points(x[:, [2, 0]]).mean()
    assert abs(share - coverage) < 4 * np.sqrt(coverage * (1 - coverage) / len(x)) + 1e-5


def test_without_uncertainty_the_band_is_the_ellipse(draws):
    band = ellipse_band(repeat(draws), (0, 2), coverage=0.9)
    for level in LEVELS:
        for k in range(2):
            distance = mahalanobis(band[level].to_numpy()[k], repeat(draws, 1).marginal((0, 2)), k)
            np.testing.assert_allclose(distance, -2 * np.log(0.1), rtol=1e-9)


@pytest.mark.parametrize("ci_prob", [0.5, 0.9])
def test_the_outlines_are_quantiles_over_the_draws_on_every_ray(draws, ci_prob):
    """As many draws as the tail says end before the inner outline, and beyond the outer one."""
    band = ellipse_band(draws, (1, 0), coverage=0.95, ci_prob=ci_prob)
    S, radius = draws.weights[..., 0].size, -2 * np.log(0.05)
    for k in range(2):
        assert float(band["containing"][k]) == 1.0
        for level, beyond in (("lower", (1 + ci_prob) / 2), ("upper", (1 - ci_prob) / 2)):
            distance = mahalanobis(band[level].to_numpy()[k], draws.marginal((1, 0)), k)
            assert np.abs((distance < radius).mean(0) - beyond).max() <= 1 / S


def test_a_shift_of_the_mean_moves_the_ends_of_its_axis():
    """Two draws at +-1 with radius 3 in x: distances 2 and 4 to the right, and both again to the left."""
    means = np.array([[[-1.0, 0.0]], [[1.0, 0.0]]])
    pair = Mixture.from_sds(np.ones((2, 1)), means, np.ones((2, 1, 2)))
    band = ellipse_band(pair, coverage=1 - np.exp(-4.5), ci_prob=1 - 1e-12, n_points=5)
    x = {level: band[level].to_numpy()[0, [0, 2], 0] for level in LEVELS}
    np.testing.assert_allclose(x["lower"], [2.0, -2.0], atol=1e-9)
    np.testing.assert_allclose(x["mean"], [3.0, -3.0], atol=1e-12)
    np.testing.assert_allclose(x["upper"], [4.0, -4.0], atol=1e-9)


def test_a_draw_that_does_not_hold_the_centre_counts_as_zero_where_the_ray_misses_it():
    """Draws at -10 and 10 with radius 1: each ray along x meets one of them, rays along y none."""
    means = np.array([[[-10.0, 0.0]], [[10.0, 0.0]]])
    pair = Mixture.from_sds(np.ones((2, 1)), means, np.ones((2, 1, 2)))
    band = ellipse_band(pair, coverage=1 - np.exp(-0.5), ci_prob=1 - 1e-12, n_points=5)
    assert float(band["containing"][0]) == 0.0
    np.testing.assert_allclose(band["lower"].to_numpy()[0], 0.0, atol=1e-9)
    np.testing.assert_allclose(band["upper"].to_numpy()[0], [[11, 0], [0, 0], [-11, 0], [0, 0], [11, 0]], atol=1e-7)


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_the_band_moves_with_the_units(draws, scale):
    matrix, shift = np.array([[2.0, 0.0], [0.7, 0.5]]) * scale, np.array([3.0, -1e3]) * scale
    plane = draws.marginal((0, 1))
    ours, theirs = ellipse_band(plane.affine(matrix, shift)), ellipse_band(plane)
    for level in (*LEVELS, "centre"):
        np.testing.assert_allclose(ours[level], theirs[level].to_numpy() @ matrix.T + shift, rtol=1e-9)


def test_posterior_mean_is_the_mean_of_weights_means_and_covariances(draws):
    mean = posterior_mean(draws)
    np.testing.assert_allclose(mean.weights, draws.weights.mean((0, 1)), rtol=1e-12)
    np.testing.assert_allclose(mean.means, draws.means.mean((0, 1)), rtol=1e-12)
    np.testing.assert_allclose(mean.covariances, draws.covariances.mean((0, 1)), rtol=1e-9)


ERRORS = {
    "coverage 0": (lambda m: ellipse_band(m, coverage=0.0), "`coverage` must lie strictly between 0 and 1; got 0.0"),
    "coverage 1": (lambda m: ellipse_band(m, coverage=1.0), "`coverage`"),
    "ci_prob": (lambda m: ellipse_band(m, ci_prob=1.5), "`ci_prob` must lie strictly between 0 and 1; got 1.5"),
    "one feature": (lambda m: ellipse_band(m, [0]), "`features` must name two features"),
    "three features": (lambda m: ellipse_band(m, [0, 1, 2]), "`features` must name two features"),
    "unknown feature": (lambda m: ellipse_band(m, [0, 3]), "`features` must be distinct"),
    "no draws": (lambda m: ellipse_band(m[0, 0]), "`mixture` must have at least one batch axis"),
    "one point": (lambda m: ellipse_band(m, n_points=2), "`n_points` must be an integer of at least 4; got 2"),
}


@pytest.mark.parametrize(("call", "match"), ERRORS.values(), ids=ERRORS)
def test_errors_name_the_argument(draws, call, match):
    with pytest.raises(InvalidArgumentError, match=match):
        call(draws)
