"""The density in a plane against plain formulas, and contours that hold what they say."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from bayesgmm.errors import InvalidArgumentError
from bayesgmm.mixture import Mixture
from bayesgmm.posterior.surfaces import height_reach, mass_heights, plane_density
from bayesgmm.posterior.thinning import spaced_draws
from handmade import handmade_posterior

X, Y = np.linspace(-2, 3, 7), np.linspace(0, 4, 5)


@pytest.fixture(scope="module")
def posterior():
    rng = np.random.default_rng(3)
    return handmade_posterior(rng.standard_normal((60, 3)) + 4 * rng.integers(2, size=(60, 1)), 2, rng=rng)


def test_the_density_of_one_mixture_is_the_sum_of_its_normals(posterior):
    mixture, found = posterior.em, plane_density(posterior.em, (2, 0), X, Y)
    chosen = np.ix_([2, 0], [2, 0])
    points = np.stack(np.meshgrid(X, Y), axis=-1)
    expected = sum(
        w * multivariate_normal(m[[2, 0]], S[chosen]).pdf(points)
        for w, m, S in zip(mixture.weights, mixture.means, mixture.covariances, strict=True)
    )
    assert found["mean"].dims == ("y", "x") and found["mean"].shape == (5, 7)
    for name in ("mean", "lower", "upper"):
        np.testing.assert_allclose(np.exp(found[name]), expected)


def test_mean_and_interval_are_those_over_the_draws(posterior):
    found = plane_density(posterior.mixture, (0, 1), X, Y, ci_prob=0.5)
    points = np.stack(np.meshgrid(X, Y), axis=-1).reshape(-1, 2)
    each = posterior.mixture.marginal([0, 1]).log_density(points).reshape(-1, 5, 7)
    np.testing.assert_allclose(found["mean"], np.log(np.exp(each).mean(0)))
    np.testing.assert_allclose([found["lower"], found["upper"]], np.quantile(each, [0.25, 0.75], axis=0))
    assert found.attrs == {"ci_prob": 0.5, "n_draws": 200}


def test_few_draws_are_those_evenly_spaced(posterior):
    few = spaced_draws(posterior.mixture, 20)
    found, expected = plane_density(posterior.mixture, (0, 1), X, Y, n_draws=20), plane_density(few, (0, 1), X, Y)
    np.testing.assert_allclose(found["mean"], expected["mean"])


@pytest.mark.parametrize("mass", [0.1, 0.5, 0.95])
def test_the_region_of_one_normal_is_its_ellipse(mass):
    """f > c_p inside the Mahalanobis radius sqrt(-2 log(1 - p)): log c_p lies -log(1 - p) below the top."""
    mixture = Mixture.from_covariances([1.0], [[1.0, 20.0]], [[[4.0, 3.0], [3.0, 9.0]]])
    field = plane_density(mixture, (0, 1), np.linspace(-9, 11, 301), np.linspace(5, 35, 301))["mean"]
    (height,) = mass_heights(field, [mass])
    assert height == pytest.approx(float(mixture.log_density([[1.0, 20.0]])[0]) + np.log(1 - mass), abs=0.02)


def test_the_region_of_a_mixture_holds_its_mass(posterior):
    """A hundred thousand rows drawn from the mixture: the share above the height, to four standard errors."""
    plane = posterior.em.marginal([0, 1])
    field = plane_density(plane, (0, 1), np.linspace(-6, 10, 301), np.linspace(-6, 10, 301))["mean"]
    rows = plane.log_density(plane.sample(100_000, 1)[0])
    for mass, height in zip((0.5, 0.9), mass_heights(field, (0.5, 0.9)), strict=True):
        assert (rows > height).mean() == pytest.approx(mass, abs=4 * np.sqrt(mass * (1 - mass) / 1e5) + 1e-3)


def test_a_factor_of_the_density_shifts_the_heights_only():
    field = -(np.linspace(-4, 4, 81) ** 2)[:, None] - np.linspace(-4, 4, 81) ** 2
    np.testing.assert_allclose(mass_heights(field - 1e4, [0.3, 0.8]) + 1e4, mass_heights(field, [0.3, 0.8]), rtol=1e-8)


ERRORS = {
    "one feature": (lambda m: plane_density(m, (0,), X, Y), "`features` must name two features"),
    "ci_prob": (lambda m: plane_density(m, (0, 1), X, Y, ci_prob=2), "`ci_prob` must lie strictly"),
    "no points": (lambda m: plane_density(m, (0, 1), X, []), "`y` must hold at least one value"),
    "a missing point": (lambda m: plane_density(m, (0, 1), [np.nan], Y), "`x` must be finite"),
    "no heights": (lambda m: mass_heights([], [0.5]), "`log_density` must have a largest value, without NaN"),
    "no mass anywhere": (lambda m: mass_heights([[-np.inf]], [0.5]), "`log_density` must have a largest value"),
    "a missing height": (lambda m: mass_heights([[0.0, np.nan]], [0.5]), "`log_density` must have a largest value"),
    "mass of one": (lambda m: mass_heights([[0.0]], [1.0]), "`masses` must be numbers strictly between 0 and 1"),
    "no mass": (lambda m: mass_heights([[0.0]], []), "`masses` must be numbers strictly between 0 and 1"),
    "a bare number": (lambda m: mass_heights([[0.0]], 0.5), "`masses` must be numbers strictly between 0 and 1"),
}


@pytest.mark.parametrize(("call", "match"), ERRORS.values(), ids=ERRORS)
def test_errors_name_the_argument(posterior, call, match):
    with pytest.raises(InvalidArgumentError, match=match):
        call(posterior.em)


@pytest.mark.parametrize("log_height", [-6.0, -20.0])
def test_beyond_the_reach_no_density_is_that_high(posterior, log_height):
    """Along each side of the box the density is lower, but not by much."""
    (left, low), (right, high) = height_reach(posterior.em, (0, 1), log_height)
    x, y = np.linspace(left, right, 400), np.linspace(low, high, 400)
    field = plane_density(posterior.em, (0, 1), x, y)["mean"].to_numpy()
    edge = np.concatenate([field[0], field[-1], field[:, 0], field[:, -1]])
    assert edge.max() < log_height and (field > log_height).any()
    assert edge.max() > log_height - np.log(4) - 0.1  # c / (2 K): the bound is not loose


@pytest.mark.parametrize("height", [-6.0, -30.0])
def test_beyond_the_reach_of_draws_neither_their_mean_nor_their_interval_is_that_high(posterior, height):
    """On the right side of the box; of wide draws see `test_contours`."""
    (_, _), (right, _) = height_reach(posterior.mixture, (0, 1), height, ci_prob=0.8)
    field = plane_density(posterior.mixture, (0, 1), [right], np.linspace(-20, 25, 500), ci_prob=0.8)
    assert field["mean"].max() < height and field["upper"].max() < height


def test_a_height_above_every_peak_reaches_the_means(posterior):
    held = height_reach(posterior.em, (0, 1), 100.0)
    np.testing.assert_allclose(held, [posterior.em.means[:, :2].min(0), posterior.em.means[:, :2].max(0)])
