"""Minibatches are unbiased, and the control variate makes them quiet near the mode."""

import numpy as np
import pytest

from bayesgmm.covariance import FAMILIES
from bayesgmm.data import as_data
from bayesgmm.em.fit import fit_em
from bayesgmm.inference.minibatch import minibatches, split_rows, steady
from bayesgmm.inference.peak import find_peak
from bayesgmm.inference.problem import Problem, SamplingSettings
from bayesgmm.model.priors import Priors


def pose(X, name="full", K=2, **given):
    data, family = as_data(X, **given), FAMILIES[name]
    return Problem(data, family, Priors().resolve(data, K, family), fit_em(data, K, family, random_state=1).mixture)


def peak_of(problem):
    return find_peak(problem, SamplingSettings(10, 1, None, 1, 1, False))


def mean_of(functions, x):
    values, gradients = zip(*(function(x) for function in functions), strict=True)
    return np.mean(values), np.mean(gradients, axis=0)


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("n_parts", [1, 2, 7, 272])
def test_mean_over_the_parts_is_the_whole(n_parts, name, faithful, rng):
    """Also where the parts differ in size by a row; at points a posterior sd and many sds from the mode."""
    peak = peak_of(pose(faithful, name))
    parts = [part.log_posterior for part in split_rows(peak.target, n_parts, rng)]
    assert len(parts) == n_parts
    for scatter in (1.0, 5.0):
        x = peak.whitening.unwhiten(scatter * rng.standard_normal(peak.target.n_dim))
        value, gradient = peak.log_posterior(x)
        found = mean_of(parts, x)
        assert found[0] == pytest.approx(value, rel=1e-10)
        np.testing.assert_allclose(found[1], gradient, rtol=1e-8, atol=1e-8 * np.abs(gradient).max())


def test_row_weights_are_kept(faithful, rng):
    weights = rng.integers(1, 4, len(faithful)).astype(float)
    peak = peak_of(pose(faithful, sample_weight=weights))
    parts = [part.log_posterior for part in split_rows(peak.target, 5, rng)]
    x = peak.whitening.unwhiten(rng.standard_normal(peak.target.n_dim))
    np.testing.assert_allclose(mean_of(parts, x)[1], peak.log_posterior(x)[1], rtol=1e-8, atol=1e-7)


def test_every_row_is_in_one_part(faithful, rng):
    target = peak_of(pose(faithful)).target
    rows = np.concatenate([part.settings.rows for part in split_rows(target, 6, rng)])
    np.testing.assert_array_equal(np.sort(rows, axis=0), np.sort(target.settings.rows, axis=0))


def test_control_variate_is_unbiased_exact_at_the_mode_and_quiet_around_it(faithful, rng):
    """The noise of a gradient, in nats per posterior sd, a posterior sd from the mode: a fifth of that without."""
    peak = peak_of(pose(faithful))
    mode, C = peak.whitening.mode, peak.whitening.factor
    plain = [part.log_posterior for part in split_rows(peak.target, 4, rng)]
    quiet = [steady(part, mode, *peak.log_posterior(mode)) for part in plain]
    for function in quiet:
        assert function(mode)[0] == pytest.approx(peak.log_posterior(mode)[0])
        np.testing.assert_allclose(function(mode)[1], peak.log_posterior(mode)[1], atol=1e-8)
    u = rng.standard_normal(mode.size)
    x = peak.whitening.unwhiten(u / np.linalg.norm(u))
    np.testing.assert_allclose(mean_of(quiet, x)[1], peak.log_posterior(x)[1], rtol=1e-8, atol=1e-6)
    noise = [np.std([function(x)[1] @ C for function in functions], axis=0).mean() for functions in (plain, quiet)]
    assert noise[1] < 0.35 * noise[0]


@pytest.mark.parametrize(("size", "expected"), [(50, 5), (1000, 1), (1, 272)])
def test_size_is_about_the_number_of_rows_of_a_part(size, expected, faithful, rng):
    peak = peak_of(pose(faithful))
    assert len(minibatches(peak.target, size, peak.whitening.mode, rng)) == expected
