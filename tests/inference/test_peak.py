"""Evaluations do not depend on threads; the peak is that of the target."""

import numpy as np
import pytest

from bayesgmm.covariance import FAMILIES
from bayesgmm.data import as_data
from bayesgmm.em.fit import fit_em
from bayesgmm.inference.peak import THREADED_ROWS, evaluate, find_peak
from bayesgmm.inference.problem import Problem, SamplingSettings
from bayesgmm.model.priors import Priors


def pose(X, name="full", K=2):
    data, family = as_data(X), FAMILIES[name]
    return Problem(data, family, Priors().resolve(data, K, family), fit_em(data, K, family, random_state=1).mixture)


def settings(cores=2):
    return SamplingSettings(100, 2, None, cores, 1, False)


@pytest.mark.parametrize("n_points", [1, 2, 7])
@pytest.mark.parametrize("workers", [1, 2, 5])
def test_every_function_sees_its_own_point(workers, n_points, rng):
    functions = [lambda x, m=m: (m + x.sum(), m * x) for m in range(n_points)]
    x = rng.standard_normal((n_points, 3))
    values, gradients = evaluate(functions, x, workers)
    np.testing.assert_array_equal(values, np.arange(n_points) + x.sum(1))
    np.testing.assert_array_equal(gradients, np.arange(n_points)[:, None] * x)


def test_threads_give_the_same_numbers(faithful, rng):
    peak = find_peak(pose(faithful), settings())
    x = peak.whitening.unwhiten(rng.standard_normal((50, peak.target.n_dim)))
    one, many = (evaluate([peak.log_posterior] * 50, x, workers) for workers in (1, 4))
    np.testing.assert_array_equal(one[0], many[0])
    np.testing.assert_array_equal(one[1], many[1])


def test_threads_are_for_many_rows(faithful, rng):
    assert find_peak(pose(faithful), settings(2)).workers == 1
    rows = rng.standard_normal((THREADED_ROWS, 2))
    assert find_peak(pose(rows, K=1), settings(2)).workers == 2
    assert find_peak(pose(rows, K=1), settings(None)).workers >= 1


@pytest.mark.parametrize("name", FAMILIES)
def test_peak_is_where_the_log_posterior_is_highest(name, faithful, rng):
    peak = find_peak(pose(faithful, name), settings())
    x = peak.whitening.unwhiten(0.5 * rng.standard_normal((20, peak.target.n_dim)))
    assert evaluate([peak.log_posterior] * 20, x)[0].max() < peak.whitening.log_posterior
    assert peak.unpack(x)["means"].shape == (20, 2, 2)
