"""Reorderings leave the log posterior alone; the symmetric normal is the mixture of normals that it says it is."""

import math

import numpy as np
import pytest
from scipy import stats
from scipy.special import logsumexp

from bayesgmm.covariance import FAMILIES
from bayesgmm.data import as_data
from bayesgmm.inference import symmetry
from bayesgmm.inference.symmetry import SymmetricNormal, coordinate_counts, reorderings
from bayesgmm.inference.target import make_target
from bayesgmm.model.priors import Priors

SHAPES = [(1, 1), (1, 3), (2, 1), (3, 2), (2, 3)]


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize(("K", "D"), SHAPES)
def test_reorderings_change_no_log_posterior_and_move_the_blocks(K, D, name, rng):
    """K! matrices, the identity first; a vector and its image are the same mixture with its components permuted."""
    data, family = as_data(rng.standard_normal((40, D))), FAMILIES[name]
    target = make_target(data, family, K, Priors().resolve(data, K, family))
    matrices, x = reorderings(family, K, D), rng.standard_normal(target.n_dim)
    assert matrices.shape == (math.factorial(K), target.n_dim, target.n_dim)
    assert sum(coordinate_counts(family, K, D)) == target.n_dim
    np.testing.assert_array_equal(matrices[0], np.eye(target.n_dim))
    np.testing.assert_allclose(np.abs(np.linalg.det(matrices)), 1.0)
    expected = target.log_posterior(x)[0]
    means = target.unpack(x)["means"]
    seen = set()
    for matrix in matrices:
        assert target.log_posterior(matrix @ x)[0] == pytest.approx(expected, abs=1e-9)
        image = target.unpack(matrix @ x)["means"]
        order = [int(np.flatnonzero(np.isclose(means, row).all(1))[0]) for row in image]
        seen.add(tuple(order))
    assert len(seen) == math.factorial(K)


@pytest.fixture
def normal(rng):
    """Three components of two features, spherical: 11 coordinates, 6 orders."""
    matrices = reorderings(FAMILIES["spherical"], 3, 2)
    n = matrices.shape[-1]
    factor = np.tril(0.2 * rng.standard_normal((n, n))) + np.diag(rng.uniform(0.5, 1.5, n))
    return SymmetricNormal(2.0 * rng.standard_normal(n), np.tril(factor), matrices)


def test_density_is_that_of_the_mixture_of_images(normal, rng):
    points = 2.0 * rng.standard_normal((20, normal.mean.size))
    labelled = stats.multivariate_normal(normal.mean, normal.factor @ normal.factor.T)
    expected = logsumexp([labelled.logpdf(points @ matrix.T) for matrix in normal.matrices], axis=0) - np.log(6)
    np.testing.assert_allclose(normal.log_density(points), expected, rtol=1e-10)
    for matrix in normal.matrices:
        np.testing.assert_allclose(normal.log_density(points @ matrix.T), expected, rtol=1e-10)


def test_density_does_not_depend_on_the_blocks(normal, rng, monkeypatch):
    points = rng.standard_normal((20, normal.mean.size))
    expected = normal.log_density(points), normal.align(points)
    monkeypatch.setattr(symmetry, "BLOCK", 3 * normal.matrices[:, 0].size)
    for found, value in zip((normal.log_density(points), normal.align(points)), expected, strict=True):
        np.testing.assert_allclose(found, value, rtol=1e-12)


def test_draws_have_the_density(normal, rng):
    """Of every image one sixth of the draws, within four standard errors, and in one order mean and covariance."""
    far = SymmetricNormal(20.0 * normal.mean, normal.factor, normal.matrices)
    drawn = far.draw(20_000, rng)
    ordered = far.align(drawn)
    shares = [np.isclose(drawn @ matrix.T, ordered).all(1).mean() for matrix in far.matrices]
    np.testing.assert_allclose(shares, 1 / 6, atol=4 * np.sqrt(5 / 36 / 20_000))
    sds = np.sqrt(np.diag(far.factor @ far.factor.T))
    np.testing.assert_array_less(np.abs(ordered.mean(0) - far.mean), 4.5 * sds / np.sqrt(20_000))
    np.testing.assert_allclose(ordered.std(0), sds, rtol=0.03)


def test_refit_finds_the_normal_that_the_points_come_from(normal, rng):
    """From a poor beginning near one of the images, in the order of that beginning."""
    far = SymmetricNormal(20.0 * normal.mean, normal.factor, normal.matrices)
    begun = SymmetricNormal(far.mean + 1.0, 5.0 * np.eye(far.mean.size), far.matrices)
    found = begun.refit(far.draw(20_000, rng))
    sds = np.sqrt(np.diag(far.factor @ far.factor.T))
    np.testing.assert_allclose(found.mean, far.mean, atol=4.5 * sds.max() / np.sqrt(20_000))
    covariance = far.factor @ far.factor.T
    np.testing.assert_allclose(found.factor @ found.factor.T, covariance, atol=0.05 * covariance.max())


def test_refit_takes_points_that_are_all_the_same():
    found = SymmetricNormal(np.zeros(2), np.eye(2), np.eye(2)[None]).refit(np.ones((10, 2)))
    assert np.isfinite(found.log_density(np.ones((1, 2)))).all()
