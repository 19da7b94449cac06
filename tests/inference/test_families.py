"""Gradients against differences, and that zero is the start."""

import numpy as np
import pytest

from bayesgmm.inference.elbo import fixed_draws
from bayesgmm.inference.families import FullRank, MeanField
from bayesgmm.inference.whitening import Whitening

N_DIM = 3
KINDS = {"mean field": MeanField.around, "full rank": FullRank}


@pytest.fixture
def whitening(rng):
    return Whitening(rng.standard_normal(N_DIM), np.eye(N_DIM) + 0.3 * rng.standard_normal((N_DIM, N_DIM)), 0.0)


def log_posterior(x):
    return -np.cosh(x).sum() - x[..., 0] * x[..., 1]


def gradient(x):
    swapped = x[..., [1, 0, 2]] * [1.0, 1.0, 0.0]
    return -np.sinh(x) - swapped


def objective(family, parameters, z):
    return np.mean([log_posterior(x) for x in family.place(parameters, z)]) + family.log_volume(parameters)


each = pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)


@each
def test_gradient_is_that_of_differences(make, whitening, rng):
    family, z = make(whitening), fixed_draws(8, N_DIM, rng)
    parameters = 0.2 * rng.standard_normal(family.n_parameters)
    found = family.pull_back(parameters, z, gradient(family.place(parameters, z)))
    steps = 1e-5 * np.eye(family.n_parameters)
    expected = [(objective(family, parameters + s, z) - objective(family, parameters - s, z)) / 2e-5 for s in steps]
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-7)


@each
def test_distribution_places_draws_where_the_search_does(make, whitening, rng):
    family, z = make(whitening), fixed_draws(8, N_DIM, rng)
    parameters = 0.2 * rng.standard_normal(family.n_parameters)
    gaussian = family.gaussian(parameters)
    np.testing.assert_allclose(gaussian.place(z), family.place(parameters, z))
    assert np.linalg.slogdet(gaussian.factor)[1] == pytest.approx(family.log_volume(parameters))


@each
def test_shrinking_halves_the_widths_and_leaves_the_mean(make, whitening, rng):
    family = make(whitening)
    parameters = 0.2 * rng.standard_normal(family.n_parameters)
    before, after = family.gaussian(parameters), family.gaussian(family.shrink(parameters))
    np.testing.assert_allclose(after.mean, before.mean)
    np.testing.assert_allclose(after.factor, 0.5 * before.factor)


@each
def test_zero_is_the_mode(make, whitening):
    family = make(whitening)
    start = family.gaussian(np.zeros(family.n_parameters))
    np.testing.assert_array_equal(start.mean, whitening.mode)
    precision = np.linalg.inv(whitening.factor @ whitening.factor.T)
    found = np.linalg.inv(start.factor @ start.factor.T)
    np.testing.assert_allclose(np.diagonal(found), np.diagonal(precision))


def test_full_rank_starts_at_the_laplace_approximation(whitening):
    family = FullRank(whitening)
    np.testing.assert_allclose(family.gaussian(np.zeros(family.n_parameters)).factor, whitening.factor)
