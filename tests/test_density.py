"""The plain formulas, by which fast code is tested, against SciPy, closed forms and their own definitions."""

import numpy as np
import pytest
from scipy.special import logsumexp
from scipy.stats import multivariate_normal, norm

from bayesgmm import density


def make_parameters(rng, K, D, batch=()):
    factors = np.tril(rng.normal(size=(*batch, K, D, D)) * 0.5)
    factors[..., np.arange(D), np.arange(D)] = rng.uniform(0.5, 2.0, size=(*batch, K, D))
    return np.log(rng.dirichlet(np.ones(K), size=batch)), rng.normal(size=(*batch, K, D)), factors


@pytest.mark.parametrize("D", [1, 2, 5])
def test_component_log_density_equals_scipy(rng, D):
    _, means, factors = make_parameters(rng, 3, D)
    x = rng.normal(size=(20, D))
    expected = [multivariate_normal(m, L @ L.T).logpdf(x) for m, L in zip(means, factors, strict=True)]
    np.testing.assert_allclose(density.component_log_density(x, means, factors), np.transpose(expected), rtol=1e-10)


def test_whiten_undoes_the_factor(rng):
    _, means, factors = make_parameters(rng, 2, 3)
    y = rng.normal(size=(2, 3, 10))  # (K, D, N)
    for k in range(2):
        x = (factors[k] @ y[k]).T + means[k]
        np.testing.assert_allclose(density.whiten(x, means, factors)[k], y[k], atol=1e-13)


def test_log_density_of_one_component_is_the_normal(rng):
    x = rng.normal(size=(10, 1))
    rows = density.log_density(x, np.zeros(1), np.full((1, 1), 0.5), np.full((1, 1, 1), 2.0))
    np.testing.assert_allclose(rows, norm(0.5, 2.0).logpdf(x[:, 0]), rtol=1e-13)


@pytest.mark.parametrize("batch", [(), (3,), (2, 3)])
def test_batch_equals_its_members_one_by_one(rng, batch):
    parameters, x = make_parameters(rng, 3, 2, batch), rng.normal(size=(7, 2))
    rows, shares = density.log_density(x, *parameters), density.responsibilities(x, *parameters)
    assert rows.shape == (*batch, 7)
    assert shares.shape == (*batch, 7, 3)
    for index in np.ndindex(*batch):
        member = [array[index] for array in parameters]
        np.testing.assert_allclose(rows[index], density.log_density(x, *member), rtol=1e-14)
        np.testing.assert_allclose(shares[index], density.responsibilities(x, *member), rtol=1e-14)


def test_responsibilities_sum_to_one_far_from_every_component(rng):
    shares = density.responsibilities(np.full((1, 2), 1e8), *make_parameters(rng, 3, 2))
    np.testing.assert_allclose(shares.sum(-1), 1.0, rtol=1e-13)


@pytest.mark.parametrize("values", [[0.0, -1e4], [1e4, 1e4], [-np.inf, 2.0], [-np.inf, -np.inf], [-1e-300, 0.0]])
def test_log_sum_exp_equals_scipy(values):
    assert density.log_sum_exp(np.array(values)) == pytest.approx(logsumexp(values), rel=1e-15)


def test_log_sum_exp_passes_nan_on():
    assert np.isnan(density.log_sum_exp(np.array([np.nan, 0.0])))


def test_expected_statistics_are_their_sums(rng):
    """Written as loops over rows and components."""
    log_weights, means, factors = make_parameters(rng, 2, 2)
    x, g = rng.normal(size=(6, 2)), rng.uniform(size=6)
    shares, y = density.responsibilities(x, log_weights, means, factors), density.whiten(x, means, factors)
    log_likelihood, counts, first, second = density.expected_statistics(x, g, log_weights, means, factors)
    assert log_likelihood == pytest.approx(g @ density.log_density(x, log_weights, means, factors), rel=1e-14)
    for k in range(2):
        weighted = g * shares[:, k]
        assert counts[k] == pytest.approx(weighted.sum(), rel=1e-14)
        np.testing.assert_allclose(first[k], sum(weighted[n] * y[k, :, n] for n in range(6)), rtol=1e-12)
        outer = sum(weighted[n] * np.outer(y[k, :, n], y[k, :, n]) for n in range(6))
        np.testing.assert_allclose(second[k], outer, rtol=1e-12)


def test_statistics_of_one_component_are_those_of_the_sample(rng):
    x = rng.normal(size=(30, 2))
    one = np.zeros(1), x.mean(0)[None], np.linalg.cholesky(np.cov(x.T, ddof=0))[None]
    _, counts, first, second = density.expected_statistics(x, np.ones(30), *one)
    assert counts[0] == pytest.approx(30.0, rel=1e-14)
    np.testing.assert_allclose(first, 0.0, atol=1e-12)
    np.testing.assert_allclose(second[0], 30 * np.eye(2), atol=1e-12)
