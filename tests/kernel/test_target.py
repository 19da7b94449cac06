"""The compiled callback as a foreign caller sees it: addresses in, a status out, never compiled again."""

import ctypes
import math

import numba.core.event
import numpy as np
import pytest

from bayesgmm.kernel.settings import HEADER, LENGTH, N_COEFFICIENTS, Settings, flatten
from bayesgmm.kernel.target import copy_callback, log_posterior_callback

ADDRESS = ctypes.POINTER(ctypes.c_double)
FAMILIES = ("full", "tied", "diag", "spherical")
SHAPES = [(1, 1), (2, 1), (1, 3), (3, 2), (5, 4)]  # (K, D)


def make_settings(rng, family, K, D, N=60):
    """Settings with every coefficient of the prior of sds in use."""
    sds_shape = {"full": (K, D), "diag": (K, D), "tied": (1, D), "spherical": (K, 1)}[family]
    E = math.prod(sds_shape)
    index = np.broadcast_to(np.arange(float(E)).reshape(sds_shape), (K, D))
    coefficients = rng.uniform(-1.0, 0.0, (E, N_COEFFICIENTS))
    coefficients[:, 7] *= -1.0
    return Settings(
        rows=rng.standard_normal((N, D)),
        row_weights=rng.uniform(0.5, 2.0, N),
        concentration=rng.uniform(0.5, 2.0, K),
        location=rng.standard_normal(D),
        scale=rng.uniform(0.5, 2.0, D),
        means_prior=rng.uniform(0.2, 1.0, (2, K, D)),
        sds_index=index,
        sds_scale=rng.uniform(0.5, 2.0, E),
        sds_lower=rng.uniform(0.0, 0.1, E),
        sds_prior=coefficients,
        n_correlations={"full": K, "tied": 1}.get(family, 0) if D > 1 else 0,
        eta=1.7,
        constant=3.0,
    )


def call(u, flat):
    u = np.array(u, dtype=float)
    gradient, value = np.full(u.size, np.nan), np.full(1, np.nan)
    addresses = [a.ctypes.data_as(ADDRESS) for a in (u, gradient, value, flat)]
    status = log_posterior_callback().ctypes(u.size, *addresses)
    return status, value[0], gradient


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(("K", "D"), SHAPES)
def test_gradient_equals_central_differences(family, K, D, rng):
    settings = make_settings(rng, family, K, D)
    flat, step = flatten(settings), 1e-3
    u = 0.5 * rng.standard_normal(settings.n_dim)
    status, _, gradient = call(u, flat)
    assert status == 0
    weights = {1: 3 / 4, 2: -3 / 20, 3: 1 / 60}
    slope = [
        sum(w * (call(u + m * e, flat)[1] - call(u - m * e, flat)[1]) for m, w in weights.items()) / step
        for e in step * np.eye(u.size)
    ]
    np.testing.assert_allclose(gradient, slope, rtol=1e-7, atol=1e-8 * np.abs(gradient).max())


@pytest.mark.parametrize("family", FAMILIES)
def test_whitening_is_an_affine_map(family, rng):
    """At u the callback gives the value at mode + C u and C' times its gradient, for a full C and for a diagonal."""
    settings = make_settings(rng, family, 3, 2)
    n = settings.n_dim
    mode, factor, u = 0.3 * rng.standard_normal(n), 0.3 * rng.standard_normal((n, n)), 0.3 * rng.standard_normal(n)
    for matrix, given in ((factor, factor), (np.diag(np.diag(factor)), np.diag(factor).copy())):
        _, value, gradient = call(mode + matrix @ u, flatten(settings))
        status, whitened, whitened_gradient = call(u, flatten(settings, mode, given))
        assert status == 0
        np.testing.assert_allclose(whitened, value, rtol=1e-12)
        np.testing.assert_allclose(whitened_gradient, matrix.T @ gradient, rtol=1e-10, atol=1e-9)


@pytest.mark.parametrize("family", FAMILIES)
def test_one_weight_serves_all_rows(family, rng):
    settings = make_settings(rng, family, 2, 2)
    one, many = (
        flatten(Settings(**{**vars(settings), "row_weights": np.full(n, 2.0)})) for n in (1, settings.rows.shape[0])
    )
    u = 0.5 * rng.standard_normal(settings.n_dim)
    np.testing.assert_allclose(call(u, one)[1], call(u, many)[1], rtol=1e-13)
    np.testing.assert_allclose(call(u, one)[2], call(u, many)[2], rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("family", FAMILIES)
def test_two_components_alike_are_one(family, rng):
    """Equal components of a family share their rows: the sum over rows is that of one component."""
    two, one = (make_settings(np.random.default_rng(5), family, K, 2) for K in (2, 1))
    two = flatten(Settings(**{**vars(two), **vacuous(two), "rows": one.rows, "row_weights": one.row_weights}))
    base = flatten(Settings(**{**vars(one), **vacuous(one)}))
    y, s, z = rng.standard_normal(2), 0.1 * rng.standard_normal(2), 0.3 * rng.standard_normal(1)
    own = {"full": (s, z), "tied": (s, z), "diag": (s, []), "spherical": (s[:1], [])}[family]
    repeats = 1 if family == "tied" else 2
    single = np.concatenate([y, *own])
    double = np.concatenate([[0.4], np.tile(y, 2), np.tile(own[0], repeats), np.tile(own[1], repeats)])
    weights = np.exp([0.4, -0.4]) / np.exp([0.4, -0.4]).sum()
    scale_terms = s.sum() if family != "spherical" else s[0]
    kept = 2.0 * (np.log(4.0) - abs(z[0]) - 2 * np.log1p(np.exp(-abs(z[0])))) if len(own[1]) else 0.0
    extra = np.log(weights).sum() + (repeats - 1) * (scale_terms + kept)
    np.testing.assert_allclose(call(double, two)[1], call(single, base)[1] + extra, rtol=1e-12)


def vacuous(settings):
    """Priors and units that add nothing but the Jacobians: what is left is the rows and a few terms known by hand."""
    K, D = settings.sds_index.shape
    E = settings.sds_scale.size
    return {
        "concentration": np.ones(K),
        "location": np.zeros(D),
        "scale": np.ones(D),
        "means_prior": np.zeros((2, K, D)),
        "sds_scale": np.ones(E),
        "sds_lower": np.zeros(E),
        "sds_prior": np.zeros((E, N_COEFFICIENTS)),
        "eta": 2.0,
        "constant": 0.0,
    }


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e300, -1e300])
def test_failure_is_a_status(family, bad, rng):
    """A coordinate that is not finite, or so large that nothing finite comes out, in any place."""
    settings = make_settings(rng, family, 3, 2)
    flat = flatten(settings)
    for i in range(settings.n_dim):
        u = np.zeros(settings.n_dim)
        u[i] = bad
        status, value, gradient = call(u, flat)
        is_finite = np.isfinite(value) and np.isfinite(gradient).all()
        assert (status == 0) == is_finite
        assert status >= 0
        if not np.isfinite(bad):
            assert status > 0


def test_nothing_is_compiled_again(rng):
    """Other K, D, N, families and priors run through the code that was compiled on import."""
    with numba.core.event.install_recorder("numba:compile") as recorder:
        for family in FAMILIES:
            for K, D in SHAPES:
                settings = make_settings(rng, family, K, D, N=20 + 10 * K)
                n = settings.n_dim
                for factor in (None, np.eye(n)):
                    assert call(np.zeros(n), flatten(settings, None, factor))[0] == 0
    assert not recorder.buffer


def test_copy_callback_copies(rng):
    u, copied, flat = rng.standard_normal(7), np.zeros(7), np.zeros(1)
    addresses = [a.ctypes.data_as(ADDRESS) for a in (u, copied, flat)]
    assert copy_callback().ctypes(7, 7, *addresses) == 0
    np.testing.assert_array_equal(copied, u)


def test_flat_vector_is_as_long_as_it_says(rng):
    settings = make_settings(rng, "full", 3, 2)
    flat, n = flatten(settings), settings.n_dim
    numbers = (settings.rows, settings.row_weights, settings.sds_prior, settings.means_prior)
    assert flat.size == flat[LENGTH] == HEADER + 2 * n + sum(a.size for a in numbers) + 3 + 2 * 2 + 3 * 6
    assert flat.flags.writeable and flat.flags.c_contiguous
