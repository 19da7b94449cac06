"""The written-out exponential and logarithm against NumPy's, and what a block function does to one block."""

import numba
import numpy as np
import pytest

from bayesgmm import density
from bayesgmm.kernel import blocks


@numba.njit
def exponentials(x):
    return np.array([blocks.exponential(value) for value in x])


@numba.njit
def logarithms(x):
    return np.array([blocks.logarithm(value) for value in x])


@numba.njit
def whiten(z, constant, mean, scale, y, q):
    blocks.whiten_block(z, z.shape[1], constant, mean, scale, y, q)


def ulps(result, expected):
    return np.abs(result - expected) / np.spacing(np.abs(expected))


def test_exponential_is_numpys_to_two_units_in_the_last_place(rng):
    x = -np.concatenate([np.linspace(0, 708, 20_001), rng.uniform(0, 1, 20_000), 10 ** rng.uniform(-18, 0, 1000)])
    assert ulps(exponentials(x), np.exp(x)).max() <= 2


def test_exponential_below_every_normal_float_is_zero():
    assert (exponentials(np.array([-709.0, -750.0, -1e10, -1e308, -np.inf])) == 0).all()


def test_exponential_passes_nan_on():
    assert np.isnan(exponentials(np.array([np.nan]))[0])


def test_logarithm_is_numpys_to_two_units_in_the_last_place(rng):
    x = np.concatenate([np.linspace(1, 50, 20_001), 10 ** rng.uniform(-300, 300, 20_000), [1e-300, 1e300]])
    assert ulps(logarithms(x), np.log(x))[np.log(x) != 0].max() <= 2


def test_logarithm_near_one_keeps_its_digits(rng):
    f = 10 ** rng.uniform(-15, -1, 5000)
    assert ulps(logarithms(1 + f), np.log(1 + f)).max() <= 2


@pytest.mark.parametrize("x, expected", [(1.0, 0.0), (0.0, -np.inf), (np.nan, np.nan)])
def test_logarithm_of_special_numbers(x, expected):
    np.testing.assert_equal(logarithms(np.array([x]))[0], expected)


@pytest.mark.parametrize("D", range(1, 11))
def test_whiten_block_solves_the_factor(rng, D):
    """Every remainder of D by four, the columns taken at a time."""
    n, factor, mean = 5, np.tril(rng.normal(size=(D, D))) + 2 * np.eye(D), rng.normal(size=D)
    x, y, q = rng.normal(size=(n, D)), np.empty((D, n)), np.empty(n)
    whiten(np.ascontiguousarray(x.T), 0.5, mean, factor, y, q)
    np.testing.assert_allclose(y, density.whiten(x, mean[None], factor[None])[0], rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(q, 0.5 - 0.5 * (y**2).sum(0), rtol=1e-13)


def test_as_input_gives_one_type_of_array():
    given = np.ones((2, 3)), np.ones((3, 2)).T, np.ones((2, 3), dtype=np.float32), np.ones((4, 3))[::2]
    assert len({numba.typeof(view) for view in blocks.as_input(*given)}) == 1
    assert given[0].flags.writeable
