"""A C function is called from Python as nutpie calls it: on its own data, from several threads, without a crash."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from bayesgmm.covariance import FAMILIES
from bayesgmm.data import as_data
from bayesgmm.inference.function import CFunction
from bayesgmm.inference.target import make_target
from bayesgmm.kernel.target import log_posterior_callback
from bayesgmm.model.priors import Priors


@pytest.fixture(scope="module")
def target(faithful):
    data, family = as_data(faithful), FAMILIES["full"]
    return make_target(data, family, 2, Priors().resolve(data, 2, family))


def whitened(target, mode, factor):
    return CFunction(log_posterior_callback(), target.user_data(mode, factor), target.n_dim)


def test_whitened_function_is_the_target_at_the_unwhitened_point(target, rng):
    """By the chain rule: f(u) = log p(mode + C u), f'(u) = C' (log p)'(mode + C u)."""
    n = target.n_dim
    mode, factor = 0.3 * rng.standard_normal(n), 0.1 * rng.standard_normal((n, n))
    function = whitened(target, mode, factor)
    for u in rng.standard_normal((3, n)):
        value, gradient = target.log_posterior(mode + factor @ u)
        found = function(u)
        assert found[0] == pytest.approx(value, rel=1e-12)
        np.testing.assert_allclose(found[1], factor.T @ gradient, rtol=1e-9, atol=1e-9)


def test_threads_side_by_side_get_what_one_gets(target, rng):
    function = whitened(target, np.zeros(target.n_dim), np.eye(target.n_dim))
    points = 0.3 * rng.standard_normal((400, target.n_dim))
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(function, points))
    for point, (value, gradient) in zip(points, found, strict=True):
        expected = function(point)
        assert value == expected[0]
        np.testing.assert_array_equal(gradient, expected[1])


def test_point_without_a_density_is_no_number(target):
    function = whitened(target, np.zeros(target.n_dim), np.eye(target.n_dim))
    value, gradient = function(np.full(target.n_dim, np.nan))
    assert np.isnan(value) and not np.isfinite(gradient).all()
