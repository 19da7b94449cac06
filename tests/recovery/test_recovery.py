"""Rows simulated from known mixtures: posterior intervals hold the truth as often as they say."""

import warnings

import numpy as np
import pytest
from scipy.stats import binom

import bayesgmm as bg
from bayesgmm.covariance import FAMILIES, as_family
from bayesgmm.errors import LabelWarning
from bayesgmm.mixture import Mixture

COVERAGE = 0.89
CASES = [(name, K, D) for name in FAMILIES for K, D in [(1, 2), (2, 1), (2, 3), (3, 2)]]
N_FITS = 25  # of each case: 400 in all


def draw_truth(rng, name, K, D):
    """A mixture of the family whose components stand about eight of the largest sd apart, in the canonical order."""
    family = as_family(name)
    scatter = rng.standard_normal((K, D))
    turns = rng.standard_normal((K, D, 2 * D))
    covariances = np.einsum("kij,klj->kil", turns, turns) / (2 * D)
    if family.is_shared:
        covariances = np.broadcast_to(covariances[:1], covariances.shape)
    if family.is_diagonal:
        covariances = covariances * np.eye(D)
    if name == "spherical":
        covariances = np.eye(D) * np.trace(covariances, axis1=1, axis2=2)[:, None, None] / D
    widest = np.sqrt(np.diagonal(covariances, axis1=1, axis2=2).max())
    means = widest * (8.0 * np.arange(K)[:, None] + scatter)
    return Mixture.from_covariances(rng.dirichlet(np.full(K, 10.0)), means, covariances)


def fit_simulated(rng, name, K, D):
    """The truth and a posterior given 300 rows of it."""
    truth = draw_truth(rng, name, K, D)
    X, _ = truth.sample(300, int(rng.integers(2**32)))
    model = bg.BayesianGaussianMixture(
        K, covariance_type=name, draws=500, chains=2, random_state=int(rng.integers(2**32)), progressbar=False
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error", LabelWarning)
        return truth, model.fit(X).mixture_


def holds(draws, value):
    """Whether each number lies in its equal-tailed interval."""
    lower, upper = np.quantile(draws, [(1 - COVERAGE) / 2, (1 + COVERAGE) / 2], axis=(0, 1))
    return (lower < value) & (value < upper)


@pytest.mark.slow
def test_intervals_cover_the_truth_as_often_as_they_say():
    """One weight, one mean, one sd of each fit, chosen by chance: independent between fits.

    The number held is binomial; the bounds are its central 99.8 %.
    """
    rng = np.random.default_rng(20)
    held = {"weights": [], "means": [], "sds": []}
    for name, K, D in CASES * N_FITS:
        truth, draws = fit_simulated(rng, name, K, D)
        for quantity in held:
            found = holds(getattr(draws, quantity), getattr(truth, quantity)).ravel()
            if K > 1 or quantity != "weights":
                held[quantity].append(found[rng.integers(found.size)])
    for quantity, found in held.items():
        print(f"{quantity}: {sum(found)} of {len(found)} intervals hold the truth")
        least, most = binom.interval(0.998, len(found), COVERAGE)
        assert least <= sum(found) <= most, f"{quantity}: {sum(found)} of {len(found)}"
