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
def whiten(x, start, n, constants, means, scale, y, q):
    inverse = np.empty(means.shape)
    blocks.prepare(constants, scale, np.empty(constants.shape), inverse)
    for k in range(means.shape[0]):
        blocks.whiten_block(x, start, n, k, constants, means, scale, inverse, y, k, q)


@numba.njit
def open_last(x, start, n, z):
    source, at, n_padded = blocks.open_block(x, start, n, z)
    return source[:, at : at + n_padded].copy()


@numba.njit
def address(shape):
    return blocks.make_room(shape).ctypes.data


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


@pytest.mark.parametrize("is_diagonal", [False, True], ids=["dense", "diagonal"])
@pytest.mark.parametrize("D", range(1, 14))
def test_whiten_block_solves_the_factor(rng, D, is_diagonal):
    """Every size of the last tile, behind none to three full ones; rows begin anywhere in a line of the cache."""
    K, start, n = 2, 3, 24
    factor = np.tril(rng.normal(size=(K, D, D))) + 2 * np.eye(D)
    factor = factor * np.eye(D) if is_diagonal else factor
    scale = np.diagonal(factor, axis1=1, axis2=2)[..., None] if is_diagonal else factor
    x, means, constants = rng.normal(size=(start + n, D)), rng.normal(size=(K, D)), np.array([0.5, -2.0])
    y, q = np.empty((K, D, n)), np.empty((K, n))
    whiten(*blocks.as_input(x.T), start, n, constants, means, np.ascontiguousarray(scale), y, q)
    expected = np.stack([density.whiten(x[start:], means[k][None], factor[k][None])[0] for k in range(K)])
    np.testing.assert_allclose(y, expected, rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(q, constants[:, None] - 0.5 * (y**2).sum(1), rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("n", [1, 7, 8, 9, 120, 127])
def test_open_block_fills_the_last_pack_with_its_last_row(rng, n):
    x, start = rng.normal(size=(2, 200)), 5
    opened = open_last(*blocks.as_input(x), start, n, np.full((2, blocks.BLOCK), np.nan))
    n_padded = -(-n // 8) * 8
    np.testing.assert_array_equal(opened[:, :n], x[:, start : start + n])
    np.testing.assert_array_equal(opened[:, n:], np.repeat(x[:, start + n - 1, None], n_padded - n, axis=1))


@pytest.mark.parametrize("shape", [(1,), (3, 5), (2, 3, 128)])
def test_make_room_begins_on_a_line_of_the_cache(shape):
    assert {address(shape) % 64 for _ in range(10)} == {0}


def test_as_input_gives_one_type_of_array():
    given = np.ones((2, 3)), np.ones((3, 2)).T, np.ones((2, 3), dtype=np.float32), np.ones((4, 3))[::2]
    assert len({numba.typeof(view) for view in blocks.as_input(*given)}) == 1
    assert given[0].flags.writeable
