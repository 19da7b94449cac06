"""The Laplace approximation against integrals, a long chain, and its own limits."""

import numpy as np
import pymc as pm
import pytest
from scipy import stats
from scipy.special import logsumexp

from bayesgmm.covariance import FAMILIES
from bayesgmm.data import as_data
from bayesgmm.em.fit import fit_em
from bayesgmm.errors import InvalidArgumentTypeError
from bayesgmm.inference.laplace import check_laplace_options, fit_laplace, log_integral
from bayesgmm.inference.nuts import sample_nuts
from bayesgmm.inference.problem import Problem, SamplingSettings
from bayesgmm.inference.whitening import whiten_posterior
from bayesgmm.model.priors import Priors

EXPLICIT = Priors(means=pm.Normal.dist(1.0, 3.0), sds=pm.LogNormal.dist(0.5, 0.8))


def pose(X, name="full", K=2, priors=Priors()):  # noqa: B008  frozen
    data, family = as_data(X), FAMILIES[name]
    return Problem(data, family, priors.resolve(data, K, family), fit_em(data, K, family, random_state=1).mixture)


def settings(options=None, **changes):
    chosen = {"draws": 1000, "chains": 4, "tune": None, "cores": 2, "seed": 1, "progressbar": False} | changes
    return SamplingSettings(**chosen, options=options or {})


def integrate(problem, x):
    """Mean and log sd of one component of one feature: posterior means, sds and log evidence on a grid."""
    m, log_s = np.meshgrid(np.linspace(-2, 8, 800), np.linspace(-1.0, 2.5, 800), indexing="ij")
    s, priors = np.exp(log_s), problem.priors
    log_p = stats.norm.logpdf(x[:, None, None], m, s).sum(0)
    log_p += (
        priors.means.log_density(m[..., None, None])[..., 0, 0] + priors.sds.log_density(s[..., None, None])[..., 0, 0]
    )
    log_p += log_s  # of the measure d log s
    cell = np.log((m[1, 0] - m[0, 0]) * (log_s[0, 1] - log_s[0, 0]))
    weights = np.exp(log_p - logsumexp(log_p))
    moments = [(weights * v).sum() for v in (m, m**2, s, s**2)]
    means = np.array([moments[0], moments[2]])
    return means, np.sqrt(np.array([moments[1], moments[3]]) - means**2), logsumexp(log_p) + cell


def test_one_component_of_one_feature_has_the_posterior_that_a_grid_gives(rng):
    """15 rows, far from normal: resampled means within 0.1 sd, sds within 8 %, log evidence within four errors."""
    x = rng.normal(3.0, 2.0, 15)
    problem = pose(x[:, None], "diag", 1)
    means, sds, log_evidence = integrate(problem, x)
    drawn = fit_laplace(problem, settings(draws=4000))
    assert drawn.attrs["is_resampled"] == 1
    found = np.stack([drawn.values[name].ravel() for name in ("means", "sds")])
    np.testing.assert_array_less(np.abs(found.mean(1) - means), 0.1 * sds)
    np.testing.assert_allclose(found.std(1), sds, rtol=0.08)
    attrs = drawn.attrs
    assert attrs["log_evidence_one_mode"] == pytest.approx(log_evidence, abs=4 * attrs["log_evidence_one_mode_error"])
    assert attrs["log_evidence_one_mode_error"] < 0.02


def test_closed_form_is_exact_for_a_normal_density(rng):
    """The integral of exp(c - (x - m)'A(x - m)/2) is exp(c) (2 pi)^(n/2) / sqrt(det A)."""
    n, c = 5, -7.0
    root = np.eye(n) + 0.4 * rng.standard_normal((n, n))
    m, A = rng.standard_normal(n), root @ root.T
    whitening = whiten_posterior(lambda x: (c - 0.5 * (x - m) @ A @ (x - m), -A @ (x - m)), np.zeros(n), np.ones(n))
    exact = c + 0.5 * n * np.log(2 * np.pi) - 0.5 * np.linalg.slogdet(A)[1]
    assert log_integral(whitening) == pytest.approx(exact, abs=1e-6)


def test_closed_form_nears_the_integral_as_rows_are_added(rng):
    """Priors given; its error is of the order of 1/N: at 16 times the rows it is less than an eighth of what it was."""
    x = rng.normal(3.0, 2.0, 240)
    errors = []
    for rows in (x[:15], x):
        problem = pose(rows[:, None], "diag", 1, EXPLICIT)
        attrs = fit_laplace(problem, settings()).attrs
        errors.append(abs(attrs["log_evidence_one_mode_laplace"] - integrate(problem, rows)[2]))
    assert 1e-3 < errors[0] < 0.1
    assert errors[1] < errors[0] / 8


def test_resampled_draws_agree_with_nuts(faithful):
    """Means within 0.12 posterior sd, sds within 8 %; without resampling the worst mean is farther away."""
    problem = pose(faithful)
    expected = sample_nuts(problem, settings(draws=2000)).values
    resampled, plain = (fit_laplace(problem, settings({"resample": value}, draws=2000)) for value in (True, False))
    assert (resampled.attrs["is_resampled"], plain.attrs["is_resampled"]) == (1, 0)
    shifts = {"resampled": [], "plain": []}
    for name, value in expected.items():
        mean, sd = value.mean((0, 1)), value.std((0, 1))
        np.testing.assert_allclose(resampled.values[name].std((0, 1)), sd, rtol=0.08)
        for kind, drawn in (("resampled", resampled), ("plain", plain)):
            shifts[kind].append((np.abs(drawn.values[name].mean((0, 1)) - mean) / sd).max())
    assert max(shifts["resampled"]) < 0.12 < max(shifts["plain"])


def test_many_rows_and_clear_clusters_need_no_more_than_laplace(rng):
    """10,000 rows: k-hat near zero, and nine in ten draws count."""
    X = rng.standard_normal((10_000, 2)) + 6.0 * rng.integers(2, size=(10_000, 1))
    drawn = fit_laplace(pose(X), settings({"resample": False}))
    assert drawn.attrs["pareto_k"] < 0.3
    assert drawn.attrs["importance_ess"] > 0.9 * drawn.attrs["n_weighed"]
    assert drawn.attrs["least_sd_ratio"] == pytest.approx(1.0, abs=0.05)


def test_draws_are_independent_follow_the_seed_and_do_not_depend_on_cores(faithful):
    problem = pose(faithful)
    one, again, other = (fit_laplace(problem, settings(seed=s, cores=c)) for s, c in ((1, 1), (1, 4), (2, 1)))
    for name, value in one.values.items():
        np.testing.assert_array_equal(again.values[name], value)
        assert (other.values[name] != value).any()
    chain = one.values["means"][0, :, 0, 0]
    assert abs(np.corrcoef(chain[1:], chain[:-1])[0, 1]) < 4 / np.sqrt(chain.size)


@pytest.mark.parametrize(("value", "shown"), [(1, "1"), ("yes", "yes"), (None, "None")])
def test_switch_that_is_neither_on_nor_off_is_one_clear_error(value, shown):
    with pytest.raises(
        InvalidArgumentTypeError, match=rf'`method_options\["resample"\]` must be True or False.*{shown}'
    ):
        check_laplace_options({"resample": value})
