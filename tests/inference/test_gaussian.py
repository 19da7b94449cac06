"""A normal distribution has SciPy's density; its draws are weighed against the posterior, and resampled if allowed."""

import time
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from bayesgmm.covariance import FAMILIES
from bayesgmm.data import as_data
from bayesgmm.em.fit import fit_em
from bayesgmm.inference.gaussian import FEWEST_WEIGHED, Gaussian, draw_gaussian, n_weighed
from bayesgmm.inference.peak import find_peak
from bayesgmm.inference.problem import Problem, SamplingSettings
from bayesgmm.model.priors import Priors


@pytest.fixture(scope="module")
def problem(faithful):
    data, family = as_data(faithful), FAMILIES["full"]
    return Problem(data, family, Priors().resolve(data, 2, family), fit_em(data, 2, family, random_state=1).mixture)


@pytest.fixture(scope="module")
def peak(problem):
    return find_peak(problem, settings())


def settings(**changes):
    chosen = {"draws": 500, "chains": 4, "tune": None, "cores": 2, "seed": 1, "progressbar": False} | changes
    return SamplingSettings(**chosen)


def draw(problem, peak, widening=1.0, *, shift=0.0, resamples=True, **changes):
    factor = peak.whitening.factor
    gaussian = Gaussian(peak.whitening.mode + shift * np.linalg.norm(factor, axis=1), widening * factor)
    rng = np.random.default_rng(1)
    return draw_gaussian(
        problem,
        settings(**changes),
        peak=peak,
        gaussian=gaussian,
        resamples=resamples,
        began=time.perf_counter(),
        rng=rng,
    )


def test_density_and_draws_are_those_of_the_normal_distribution(rng):
    gaussian = Gaussian(rng.standard_normal(3), rng.standard_normal((3, 3)))
    u = rng.standard_normal((4, 5, 3))
    x, covariance = gaussian.place(u), gaussian.factor @ gaussian.factor.T
    expected = stats.multivariate_normal(gaussian.mean, covariance).logpdf(x)
    np.testing.assert_allclose(gaussian.log_density(u), expected)


def test_densities_kept_are_those_of_the_draws_kept(problem, peak):
    assert set(draw(problem, peak).sample_stats) == {"log_p"}  # what is resampled must not be weighed again
    drawn = draw(problem, peak, resamples=False)
    log_q, log_p = drawn.sample_stats["log_q"], drawn.sample_stats["log_p"]
    parts = [drawn.values[name][0, :20].reshape(20, -1) for name in ("weights", "means", "sds", "partials")]
    x = np.concatenate([unconstrained(peak.target, part, name) for part, name in zip(parts, "wmsp", strict=True)], 1)
    np.testing.assert_allclose([peak.log_posterior(point)[0] for point in x], log_p[0, :20], atol=1e-8)
    covariance = peak.whitening.factor @ peak.whitening.factor.T
    expected = stats.multivariate_normal(peak.whitening.mode, covariance, allow_singular=True).logpdf(x)
    np.testing.assert_allclose(log_q[0, :20], expected, atol=1e-6)


def unconstrained(target, values, kind):
    """The maps that the target's docstring writes down, once more."""
    location, scale = target.settings.location, target.settings.scale
    logs = np.log(values) if kind == "w" else None
    return {
        "w": lambda: (logs - logs.mean(1, keepdims=True))[:, :-1],
        "m": lambda: (values - np.tile(location, 2)) / np.tile(scale, 2),
        "s": lambda: np.log((values - target.sds_lower.ravel()) / target.settings.sds_scale),
        "p": lambda: 2 * np.arctanh(values),
    }[kind]()


@pytest.mark.parametrize("widening", [0.9, 1.0, 1.3])
def test_resampled_draws_do_not_remember_how_wide_the_approximation_was(widening, problem, peak):
    """Means within 0.12 posterior sd and sds within 8 % of those resampled from another width."""
    expected = draw(problem, peak, 1.15, draws=2000).values
    found = draw(problem, peak, widening, draws=2000)
    assert found.attrs["is_resampled"] == 1
    assert found.attrs["least_sd_ratio"] == pytest.approx(0.97 * widening, abs=0.06)
    for name, value in expected.items():
        mean, sd = value.mean((0, 1)), value.std((0, 1))
        np.testing.assert_array_less(np.abs(found.values[name].mean((0, 1)) - mean), 0.12 * sd)
        np.testing.assert_allclose(found.values[name].std((0, 1)), sd, rtol=0.08)


@pytest.mark.parametrize("shift", [0.0, 0.3])
def test_means_that_are_off_are_found_out(shift, problem, peak):
    """By the distance to the means of draws that are resampled."""
    exact = draw(problem, peak, 1.15, draws=2000).values["means"]
    found = draw(problem, peak, 1.15, shift=shift, resamples=False, draws=2000)
    means = found.values["means"].mean((0, 1))
    distance = np.abs(means - exact.mean((0, 1))) / exact.std((0, 1))
    assert distance.max() - 0.08 < found.attrs["largest_shift"]
    assert shift - 0.15 < found.attrs["largest_shift"] < shift + 0.35


def test_an_approximation_too_narrow_is_found_out_and_left_as_it_is(problem, peak):
    narrow = draw(problem, peak, 0.4)
    assert narrow.attrs["pareto_k"] > 0.7
    assert narrow.attrs["is_resampled"] == 0
    np.testing.assert_array_equal(narrow.values["means"], draw(problem, peak, 0.4, resamples=False).values["means"])


def test_evidence_does_not_depend_on_the_width(problem, peak):
    found = [draw(problem, peak, widening, draws=2000).attrs for widening in (0.95, 1.0, 1.2)]
    values = [attrs["log_evidence_one_mode"] for attrs in found]
    assert np.ptp(values) < 4 * max(attrs["log_evidence_one_mode_error"] for attrs in found)


def test_few_draws_are_judged_by_many_and_very_many_rows_by_fewer(problem, peak):
    assert n_weighed(1, problem) == n_weighed(4000, problem) == 20_000
    assert n_weighed(10_000, problem) == 50_000
    rows = np.broadcast_to(problem.data.rows[:1], (10**9, 2))
    assert n_weighed(4000, replace(problem, data=replace(problem.data, rows=rows))) == FEWEST_WEIGHED
    few = draw(problem, peak, draws=2, chains=1)
    assert few.values["means"].shape == (1, 2, 2, 2)
    assert few.attrs["n_weighed"] == 20_000


def test_where_not_all_draws_are_weighed_none_is_resampled(problem, peak):
    drawn = draw(problem, peak, resamples=True, draws=50_000, chains=1)
    assert drawn.attrs["is_resampled"] == (drawn.attrs["n_weighed"] >= 50_000)
    rows = np.tile(problem.data.rows, (300, 1))
    many = replace(problem, data=replace(problem.data, rows=rows))
    drawn = draw(many, peak, draws=5000, chains=1)
    assert drawn.attrs["n_weighed"] < 5000
    assert drawn.attrs["is_resampled"] == 0
    assert set(drawn.sample_stats) == {"log_q"}
