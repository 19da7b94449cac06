"""On normal posteriors everything is known: the best approximation, its ELBO, the linear response."""

import numpy as np
import pytest

from bayesgmm.inference.elbo import fixed_draws, linear_response, maximise_elbo
from bayesgmm.inference.families import FullRank, MeanField
from bayesgmm.inference.whitening import Whitening

N_DIM = 4
KINDS = {"mean field": MeanField.around, "full rank": FullRank}


@pytest.fixture
def normal(rng):
    """A normal posterior with evidence e^3, its mean and its precision."""
    A = rng.standard_normal((N_DIM, N_DIM))
    precision, mean = A @ A.T + 0.5 * np.eye(N_DIM), rng.standard_normal(N_DIM)
    height = 3.0 + 0.5 * np.linalg.slogdet(precision / (2 * np.pi))[1]

    def log_posterior(x):
        return height - 0.5 * (x - mean) @ precision @ (x - mean), precision @ (mean - x)

    return log_posterior, mean, precision


@pytest.fixture
def somewhere(rng):
    """Whitened coordinates that are not those of the posterior."""
    return Whitening(rng.standard_normal(N_DIM), np.eye(N_DIM) + 0.3 * rng.standard_normal((N_DIM, N_DIM)), 0.0)


def search(log_posterior, family, z, **settings):
    return maximise_elbo([log_posterior] * len(z), family, z, **settings)


@pytest.mark.parametrize("n_draws", [2 * N_DIM, 50])
def test_fixed_draws_have_mean_zero_covariance_one_and_no_odd_moments(n_draws, rng):
    z = fixed_draws(n_draws, N_DIM, rng)
    assert z.shape == (n_draws, N_DIM)
    np.testing.assert_allclose(z.T @ z / n_draws, np.eye(N_DIM), atol=1e-12)
    np.testing.assert_allclose(np.einsum("mi,mj,mk->ijk", z, z, z), 0.0, atol=1e-10)


@pytest.mark.parametrize("n_draws", [2 * N_DIM, 64])
def test_full_rank_finds_a_normal_posterior_exactly(n_draws, normal, somewhere, rng):
    log_posterior, mean, precision = normal
    family = FullRank(somewhere)
    found = search(log_posterior, family, fixed_draws(n_draws, N_DIM, rng))
    gaussian = family.gaussian(found.parameters)
    assert found.converged
    np.testing.assert_allclose(gaussian.mean, mean, atol=1e-3)
    np.testing.assert_allclose(gaussian.factor @ gaussian.factor.T, np.linalg.inv(precision), atol=1e-3)
    assert found.elbo[-1] == pytest.approx(3.0, abs=1e-5)


@pytest.mark.parametrize("n_draws", [2 * N_DIM, 64])
def test_mean_field_has_the_reciprocal_diagonal_of_the_precision(n_draws, normal, somewhere, rng):
    """The ELBO is below the log evidence by half of log diag(precision) summed less log |precision|."""
    log_posterior, mean, precision = normal
    family = MeanField.around(somewhere)
    found = search(log_posterior, family, fixed_draws(n_draws, N_DIM, rng))
    gaussian = family.gaussian(found.parameters)
    np.testing.assert_allclose(gaussian.mean, mean, atol=1e-3)
    np.testing.assert_allclose(gaussian.factor, np.diag(np.diagonal(precision) ** -0.5), atol=1e-3)
    gap = 0.5 * (np.log(np.diagonal(precision)).sum() - np.linalg.slogdet(precision)[1])
    assert gap > 0.1
    assert found.elbo[-1] == pytest.approx(3.0 - gap, abs=1e-5)


def test_linear_response_of_a_normal_posterior_is_its_covariance(normal, somewhere, rng):
    log_posterior, mean, precision = normal
    family, z = MeanField.around(somewhere), fixed_draws(20, N_DIM, rng)
    found = search(log_posterior, family, z)
    gaussian = linear_response([log_posterior] * len(z), family, found.parameters, z)
    np.testing.assert_allclose(gaussian.mean, mean, atol=1e-3)
    np.testing.assert_allclose(gaussian.factor @ gaussian.factor.T, np.linalg.inv(precision), rtol=1e-4, atol=1e-5)


def test_linear_response_beyond_the_normal_is_nearer_than_the_mean_field(rng):
    """A correlated pair of which the first is seen through sinh: true sds by quadrature."""
    rho = 0.9

    def log_posterior(x):
        y, slope = np.sinh(x[0]), np.cosh(x[0])
        d = np.array([y, x[1] - rho * y])
        value = -0.5 * y**2 - 0.5 * d[1] ** 2 / (1 - rho**2) + np.log(slope)
        by_y = -y + rho * d[1] / (1 - rho**2)
        return value, np.array([by_y * slope + np.tanh(x[0]), -d[1] / (1 - rho**2)])

    grid = np.linspace(-6, 6, 20_001)
    density = np.exp(-0.5 * np.sinh(grid) ** 2) * np.cosh(grid)
    truth = np.array([np.sqrt((grid**2 * density).sum() / density.sum()), 1.0])
    start = Whitening(np.zeros(2), np.eye(2), 0.0)
    family, z = MeanField.around(start), fixed_draws(64, 2, rng)
    found = search(log_posterior, family, z)
    plain = np.diagonal(family.gaussian(found.parameters).factor)
    response = linear_response([log_posterior] * len(z), family, found.parameters, z).factor
    np.testing.assert_array_less(plain, 0.75 * truth)
    np.testing.assert_allclose(np.linalg.norm(response, axis=1), truth, rtol=0.15)


@pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)
def test_elbo_never_falls_and_counts_its_gradients(make, normal, somewhere, rng):
    calls = 0

    def counted(x):
        nonlocal calls
        calls += 1
        return normal[0](x)

    found = search(counted, make(somewhere), fixed_draws(16, N_DIM, rng))
    assert (np.diff(found.elbo) >= -1e-12).all() and found.elbo[-1] > found.elbo[0]
    assert found.n_gradients == calls


@pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)
def test_threads_change_nothing(make, normal, somewhere):
    found = [
        search(normal[0], make(somewhere), fixed_draws(16, N_DIM, np.random.default_rng(1)), workers=workers)
        for workers in (1, 3)
    ]
    np.testing.assert_array_equal(found[0].parameters, found[1].parameters)


def test_a_search_stopped_early_says_so(normal, somewhere, rng):
    found = search(normal[0], FullRank(somewhere), fixed_draws(16, N_DIM, rng), max_iter=1)
    assert not found.converged
    assert len(found.elbo) == 2


@pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)
def test_a_start_beyond_the_support_is_drawn_in(make, rng):
    """A gamma distribution of shape 9 from a start four times too wide, whose draws reach below zero."""

    def log_posterior(x):
        with np.errstate(invalid="ignore"):
            return float((8 * np.log(x) - x).sum()), 8 / x - 1

    start = Whitening(np.full(2, 8.0), 12.0 * np.eye(2), 0.0)
    family, z = make(start), fixed_draws(64, 2, rng)
    assert (family.place(np.zeros(family.n_parameters), z) < 0).any()
    found = search(log_posterior, family, z)
    gaussian = family.gaussian(found.parameters)
    assert (gaussian.place(z) > 0).all()
    np.testing.assert_allclose(gaussian.mean, 9.0, rtol=0.05)
    np.testing.assert_allclose(np.linalg.norm(gaussian.factor, axis=1), 3.0, rtol=0.15)
