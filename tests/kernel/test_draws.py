"""The pass over draws against the plain formulas on every output, and the laws of its moments."""

import subprocess
import sys

import numpy as np
import pytest
from scipy.special import entr, logsumexp

from bayesgmm import density
from bayesgmm.kernel import draws, rows

K = 3
dense_and_diagonal = pytest.mark.parametrize("is_diagonal", [False, True], ids=["dense", "diagonal"])


def make_draws(rng, S, D, *, is_diagonal=False, spread=0.3):
    """S mixtures scattered around one."""
    log_weights = np.log(rng.dirichlet(np.full(K, 5.0), size=S))
    means = 2 * rng.normal(size=(K, D)) + spread * rng.normal(size=(S, K, D))
    scale = np.tril(rng.normal(size=(S, K, D, D)) * 0.3)
    scale[..., np.arange(D), np.arange(D)] = rng.uniform(0.5, 1.5, size=(S, K, D))
    return log_weights, means, np.diagonal(scale, axis1=2, axis2=3).copy() if is_diagonal else scale


def as_dense(log_weights, means, scale):
    return log_weights, means, scale if scale.ndim == 4 else scale[..., None] * np.eye(scale.shape[-1])


def plain_moments(x, *parameters):
    """The moments, each as its definition says."""
    joint = density.log_joint(x, *parameters)  # (S, N, K)
    shares, S = density.responsibilities(x, *parameters), len(joint)
    return draws.DrawMoments(
        mean=shares.mean(0),
        square=(shares**2).mean(0),
        overlap=entr(shares).sum(-1).mean(0),
        log_density=logsumexp(density.log_density(x, *parameters), axis=0) - np.log(S),
        log_joint=logsumexp(joint, axis=0) - np.log(S),
    )


@pytest.mark.parametrize("N", [1, 128, 200])
@pytest.mark.parametrize("S, D", [(1, 1), (17, 2), (40, 5)])
@dense_and_diagonal
def test_moments_equal_the_plain_formulas(rng, N, S, D, is_diagonal):
    parameters, x = make_draws(rng, S, D, is_diagonal=is_diagonal), 2 * rng.normal(size=(N, D))
    moments, expected = draws.draw_moments(x, *parameters), plain_moments(x, *as_dense(*parameters))
    for name in draws.DrawMoments._fields:
        np.testing.assert_allclose(getattr(moments, name), getattr(expected, name), rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("N", [1, 128, 200])
@dense_and_diagonal
def test_values_per_draw_equal_the_plain_formulas(rng, N, is_diagonal):
    parameters, x = make_draws(rng, 9, 3, is_diagonal=is_diagonal), 2 * rng.normal(size=(N, 3))
    plain = as_dense(*parameters)
    np.testing.assert_allclose(draws.draw_log_densities(x, *parameters), density.log_density(x, *plain), rtol=1e-12)
    np.testing.assert_allclose(draws.draw_log_joints(x, *parameters), density.log_joint(x, *plain), rtol=1e-12)
    np.testing.assert_allclose(
        draws.draw_component_log_densities(x, *parameters), density.component_log_density(x, *plain[1:]), rtol=1e-12
    )
    np.testing.assert_allclose(
        draws.draw_shares(x, *parameters), density.responsibilities(x, *plain), rtol=1e-10, atol=1e-300
    )


@dense_and_diagonal
def test_one_draw_is_the_pass_over_rows(rng, is_diagonal):
    parameters, x = make_draws(rng, 1, 2, is_diagonal=is_diagonal), rng.normal(size=(150, 2))
    log_f, shares = rows.responsibilities(x, *(array[0] for array in parameters))
    moments = draws.draw_moments(x, *parameters)
    np.testing.assert_allclose(moments.mean, shares, rtol=1e-14)
    np.testing.assert_allclose(moments.square, shares**2, rtol=1e-14)
    np.testing.assert_allclose(moments.log_density, log_f, rtol=1e-14)


def test_moments_obey_their_inequalities(rng):
    parameters, x = make_draws(rng, 50, 2), 2 * rng.normal(size=(300, 2))
    moments = draws.draw_moments(x, *parameters)
    np.testing.assert_allclose(moments.mean.sum(1), 1.0, rtol=1e-13)
    assert (moments.square >= moments.mean**2 - 1e-15).all()
    assert (moments.overlap >= 0).all()
    assert (entr(moments.mean).sum(1) >= moments.overlap - 1e-13).all()
    np.testing.assert_allclose(logsumexp(moments.log_joint, axis=1), moments.log_density, rtol=1e-13)


def test_repeated_draws_change_no_moment(rng):
    parameters, x = make_draws(rng, 11, 2), rng.normal(size=(30, 2))
    once = draws.draw_moments(x, *parameters)
    twice = draws.draw_moments(x, *(np.repeat(array, 2, axis=0) for array in parameters))
    for first, second in zip(once, twice, strict=True):
        np.testing.assert_allclose(second, first, rtol=1e-12, atol=1e-14)


def test_order_of_draws_changes_no_moment(rng):
    """Log densities that rise from draw to draw, and that fall."""
    parameters, x = make_draws(rng, 30, 2, spread=20.0), rng.normal(size=(30, 2))
    forward = draws.draw_moments(x, *parameters)
    backward = draws.draw_moments(x, *(array[::-1] for array in parameters))
    for first, second in zip(forward, backward, strict=True):
        np.testing.assert_allclose(second, first, rtol=1e-10, atol=1e-13)


def test_one_component_per_draw_permuted_permutes_the_moments(rng):
    log_weights, means, scale = make_draws(rng, 8, 2)
    x, order = rng.normal(size=(20, 2)), [2, 0, 1]
    moments = draws.draw_moments(x, log_weights, means, scale)
    moved = draws.draw_moments(x, log_weights[:, order], means[:, order], scale[:, order])
    np.testing.assert_allclose(moved.mean, moments.mean[:, order], rtol=1e-12)
    np.testing.assert_allclose(moved.log_joint, moments.log_joint[:, order], rtol=1e-12)
    np.testing.assert_allclose(moved.overlap, moments.overlap, rtol=1e-11)


@pytest.mark.parametrize("distance", [1e2, 1e8, 1e100])
@dense_and_diagonal
def test_far_outliers_have_finite_moments(rng, distance, is_diagonal):
    parameters, x = make_draws(rng, 20, 2, is_diagonal=is_diagonal), np.array([[distance, -distance]])
    moments = draws.draw_moments(x, *parameters)
    for name in ("mean", "square", "overlap", "log_density"):
        assert np.isfinite(getattr(moments, name)).all()
    np.testing.assert_allclose(moments.mean.sum(1), 1.0, rtol=1e-13)
    np.testing.assert_allclose(moments.log_density, plain_moments(x, *as_dense(*parameters)).log_density, rtol=1e-12)


def test_component_without_weight_takes_no_part(rng):
    log_weights, means, scale = make_draws(rng, 12, 2)
    log_weights[:, 1] = -np.inf
    moments = draws.draw_moments(rng.normal(size=(20, 2)), log_weights, means, scale)
    assert (moments.mean[:, 1] == 0).all()
    assert (moments.log_joint[:, 1] == -np.inf).all()
    assert np.isfinite(moments.overlap).all()


def test_nan_in_one_draw_shows_in_every_moment(rng):
    log_weights, means, scale = make_draws(rng, 12, 2)
    means[5, 1] = np.nan
    for moment in draws.draw_moments(rng.normal(size=(20, 2)), log_weights, means, scale):
        assert np.isnan(moment).all()


MEASURE = """
import resource
import numpy as np
from bayesgmm.kernel import draws
S, K, D, N = 1000, 5, 2, 20_000
def make(S):
    rng = np.random.default_rng(0)
    return np.full((S, K), -np.log(K)), rng.normal(size=(S, K, D)), np.tile(np.eye(D), (S, K, 1, 1))
parameters, x = make(S), np.random.default_rng(1).normal(size=(N, D))
draws.draw_moments(x[:300], *make(2))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
draws.draw_moments(x, *parameters)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_pass_keeps_nothing_of_size_draws_by_rows():
    """A thousand draws of 20 000 rows and five components would take 800 MB; the results themselves take 6."""
    grown = subprocess.run([sys.executable, "-c", MEASURE], capture_output=True, text=True, check=True).stdout
    unit = 1 if sys.platform == "darwin" else 1024
    assert int(grown) * unit < 32e6
