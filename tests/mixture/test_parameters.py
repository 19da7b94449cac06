"""The arithmetic on a mixture's arrays against matrix algebra; the checks are tested through `Mixture`."""

import numpy as np
import pytest

from bayesgmm.mixture import parameters


@pytest.mark.parametrize("shape", [(1, 1), (1, 3), (3, 3), (2, 5), (4, 2, 2, 3)])
def test_triangular_is_the_cholesky_factor_of_the_product(rng, shape):
    roots = rng.normal(size=shape)
    factor = parameters.triangular(roots)
    np.testing.assert_allclose(factor, np.linalg.cholesky(roots @ np.swapaxes(roots, -1, -2)), rtol=1e-9, atol=1e-12)
    assert not np.triu(factor, 1).any()


def test_triangular_leaves_a_factor_as_it_is(rng):
    factor = np.tril(rng.normal(size=(3, 3)), -1) + np.diag([1.0, 1e-6, 1e6])
    np.testing.assert_allclose(parameters.triangular(factor), factor, rtol=1e-9, atol=1e-15)


def test_condition_equals_the_schur_complement(rng):
    """Bishop (2006), equations 2.81 and 2.82."""
    L, m, v, F = np.tril(rng.normal(size=(5, 5))) + 3 * np.eye(5), rng.normal(size=5), rng.normal(size=2), 2
    S = L @ L.T
    weights, means, factors = parameters.condition(v, np.zeros(1), m[None], L[None])
    gain = S[F:, :F] @ np.linalg.inv(S[:F, :F])
    np.testing.assert_allclose(means[0], m[F:] + gain @ (v - m[:F]), rtol=1e-11)
    np.testing.assert_allclose(factors[0] @ factors[0].T, S[F:, F:] - gain @ S[:F, F:], rtol=1e-10, atol=1e-12)
    assert weights == 1.0


def test_circle_has_constant_radius_and_closes():
    points = parameters.circle(0.9, 17)
    np.testing.assert_allclose((points**2).sum(1), -2 * np.log(0.1), rtol=1e-14)
    np.testing.assert_allclose(points[0], points[-1], atol=1e-14)


def test_draw_rows_in_blocks_equals_one_block(monkeypatch, rng):
    arrays = {"weights": np.full((1, 2), 0.5), "means": rng.normal(size=(1, 2, 3))}
    arrays["scale_tril"] = np.tril(rng.normal(size=(1, 2, 3, 3)))
    whole = parameters.draw_rows(50, np.random.default_rng(1), **arrays)
    monkeypatch.setattr(parameters, "SAMPLE_BLOCK", 64)
    pieces = parameters.draw_rows(50, np.random.default_rng(1), **arrays)
    for first, second in zip(whole, pieces, strict=True):
        np.testing.assert_array_equal(first, second)
