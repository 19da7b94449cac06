"""Distances from components against SciPy's, one draw at a time, and against their distribution."""

import numpy as np
import pytest
from scipy.spatial.distance import mahalanobis
from scipy.stats import chi2, kstest

from bayesgmm.errors import InvalidArgumentError
from bayesgmm.mixture import Mixture
from bayesgmm.posterior.distances import component_distances


def random_mixtures(n_draws, K, D, seed):
    rng = np.random.default_rng(seed)
    roots = rng.normal(size=(n_draws, K, D, D))
    covariances = roots @ roots.swapaxes(-1, -2) + 0.1 * np.eye(D)
    return Mixture.from_covariances(rng.dirichlet(np.ones(K), n_draws), rng.normal(size=(n_draws, K, D)), covariances)


@pytest.mark.parametrize(("K", "D"), [(1, 1), (2, 3), (4, 2)])
def test_distances_are_the_mean_of_scipys_over_the_draws(K, D):
    draws = random_mixtures(5, K, D, seed=K + D)
    rows = np.random.default_rng(0).normal(size=(7, D)) * 3
    plain = [
        [
            np.mean([mahalanobis(x, draws.means[s, k], np.linalg.inv(draws.covariances[s, k])) for s in range(5)])
            for k in range(K)
        ]
        for x in rows
    ]
    np.testing.assert_allclose(component_distances(draws, rows), plain, rtol=1e-10)


def test_axes_of_chains_and_draws_are_averaged_alike():
    flat = random_mixtures(6, 2, 2, seed=1)
    shaped = Mixture(*(a.reshape(2, 3, *a.shape[1:]) for a in (flat.weights, flat.means, flat.scale_tril)))
    rows = np.random.default_rng(0).normal(size=(4, 2))
    np.testing.assert_array_equal(component_distances(shaped, rows), component_distances(flat, rows))


def test_distances_are_zero_at_the_centres_and_do_not_feel_units():
    mixture = random_mixtures(1, 3, 2, seed=2)[0]
    assert component_distances(mixture, mixture.means).diagonal() == pytest.approx(np.zeros(3), abs=1e-7)
    units, rows = np.array([1e6, 1e-6]), np.random.default_rng(0).normal(size=(5, 2))
    rescaled = component_distances(mixture.affine(np.diag(units)), rows * units)
    np.testing.assert_allclose(rescaled, component_distances(mixture, rows), rtol=1e-9)


def test_squared_distances_of_a_components_rows_are_chi_square():
    mixture = random_mixtures(1, 1, 3, seed=3)[0]
    rows, _ = mixture.sample(2000, random_state=1)
    assert kstest(component_distances(mixture, rows)[:, 0] ** 2, chi2(3).cdf).pvalue > 0.01


def test_rows_of_another_number_of_features_are_refused():
    with pytest.raises(InvalidArgumentError, match="`X` must"):
        component_distances(random_mixtures(1, 2, 2, seed=4)[0], np.ones((3, 3)))
