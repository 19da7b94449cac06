"""Sequential Monte Carlo against integrals, against importance sampling, and in all orders of the components.

Truths are independent of the package: a grid for one component of one feature, the mean likelihood over a million
draws of the prior for two components of few rows.
"""

import logging
import math
import signal

import numpy as np
import pymc as pm
import pytest
from scipy import stats
from scipy.special import logsumexp

import bayesgmm as bg
from bayesgmm.covariance import FAMILIES
from bayesgmm.data import as_data
from bayesgmm.em.fit import fit_em
from bayesgmm.errors import ConvergenceWarning, InvalidArgumentError, InvalidArgumentTypeError
from bayesgmm.inference import smc
from bayesgmm.inference.laplace import fit_laplace
from bayesgmm.inference.nuts import sample_nuts
from bayesgmm.inference.particles import SymmetricKernel
from bayesgmm.inference.problem import Problem, SamplingSettings
from bayesgmm.inference.smc import check_size, check_smc_options, mean_log_evidence, sample_smc
from bayesgmm.model.priors import Priors
from checks import check_schema

MEANS, SDS = (1.0, 3.0), (0.5, 0.8)  # Normal, and LogNormal of the sds
EXPLICIT = Priors(means=pm.Normal.dist(*MEANS), sds=pm.LogNormal.dist(*SDS))


def pose(X, name="full", K=2, priors=EXPLICIT):
    data, family = as_data(X), FAMILIES[name]
    return Problem(data, family, priors.resolve(data, K, family), fit_em(data, K, family, random_state=1).mixture)


def settings(options=None, **changes):
    chosen = {"draws": 500, "chains": 4, "tune": None, "cores": 1, "seed": 1, "progressbar": False} | changes
    return SamplingSettings(**chosen, options=options or {})


def clusters(rng, N, D):
    """Two clusters, eight sds apart in every feature."""
    return rng.standard_normal((N, D)) + 8.0 * (np.arange(N) % 2)[:, None]


def integrate(x, log_prior_of_means):
    """The log marginal likelihood of one component of one feature, on a grid of mean and log sd."""
    m, log_s = np.meshgrid(np.linspace(-6, 10, 1200), np.linspace(-2.0, 3.5, 1200), indexing="ij")
    log_p = stats.norm.logpdf(x[:, None, None], m, np.exp(log_s)).sum(0)
    log_p += log_prior_of_means(m) + stats.norm.logpdf(log_s, *SDS)
    return logsumexp(log_p) + np.log((m[1, 0] - m[0, 0]) * (log_s[0, 1] - log_s[0, 0]))


def check_evidence(attrs, expected, largest=0.2):
    """Within four errors, which are no larger than they should be."""
    error = attrs["log_marginal_likelihood_error"]
    assert 0.0 < error < largest
    assert attrs["log_marginal_likelihood"] == pytest.approx(expected, abs=4 * max(error, 0.02))


def test_one_component_has_the_evidence_that_a_grid_gives(rng):
    x = rng.normal(2.0, 2.0, 15)
    drawn = sample_smc(pose(x[:, None], K=1), settings())
    check_evidence(drawn.attrs, integrate(x, stats.norm(*MEANS).logpdf))
    assert drawn.values.keys() == {"means", "sds"}


def test_prior_that_has_no_name_has_the_evidence_that_a_grid_gives(rng):
    """The same rows under a Laplace prior of the mean, on the model that PyMC compiles."""
    x = rng.normal(2.0, 2.0, 15)
    problem = pose(x[:, None], K=1, priors=Priors(means=pm.Laplace.dist(0.0, 2.0), sds=EXPLICIT.sds))
    assert not problem.priors.is_named
    drawn = sample_smc(problem, settings(draws=300, chains=3))
    check_evidence(drawn.attrs, integrate(x, stats.laplace(0.0, 2.0).logpdf), 0.3)
    assert drawn.values["means"].shape == (3, 300, 1, 1)


def test_two_components_have_the_evidence_that_draws_of_the_prior_give(rng):
    """Six rows, whose likelihood under a million draws of the prior has a mean with an error of some 0.01 nats."""
    x = np.array([-1.0, -0.5, 0.2, 4.0, 4.4, 5.0])
    size = 1_000_000
    w = rng.beta(2.0, 2.0, size)
    m, s = rng.normal(*MEANS, (2, size)), np.exp(rng.normal(*SDS, (2, size)))
    log_p = np.zeros(size)
    for value in x:
        one, other = (stats.norm.logpdf(value, m[k], s[k]) for k in (0, 1))
        log_p += np.logaddexp(np.log(w) + one, np.log1p(-w) + other)
    drawn = sample_smc(pose(x[:, None]), settings())
    check_evidence(drawn.attrs, logsumexp(log_p) - np.log(size))


SEPARATED = {
    "one feature": (1, "full", 0.3),
    "two features, one sd": (2, "spherical", 0.4),
    "two features, all there is": pytest.param(2, "full", 0.6, marks=pytest.mark.slow),
}


@pytest.mark.parametrize(("D", "name", "largest"), SEPARATED.values(), ids=SEPARATED)
def test_one_mode_times_two_has_the_evidence_of_both(D, name, largest, rng):
    """Importance sampling about one labelled mode lacks log 2, which separated modes of equal priors give it."""
    problem = pose(clusters(rng, 40, D), name)
    one = fit_laplace(problem, settings(draws=2000)).attrs
    assert one["pareto_k"] < 0.7
    assert one["log_evidence_one_mode_error"] < 0.02
    drawn = sample_smc(problem, settings())
    check_evidence(drawn.attrs, one["log_evidence_one_mode"] + math.log(2), largest)


def test_modes_that_the_priors_tell_apart_are_counted_once(rng):
    """Means believed to be 0 and 8, in this order: no log 2, whatever order the particles came in."""
    problem = pose(clusters(rng, 40, 1), priors=Priors(means=pm.Normal.dist([[0.0], [8.0]], 1.0), sds=EXPLICIT.sds))
    assert not problem.priors.is_exchangeable
    one = fit_laplace(problem, settings(draws=2000)).attrs
    drawn = sample_smc(problem, settings())
    check_evidence(drawn.attrs, one["log_evidence_one_mode"], 0.3)
    assert (drawn.values["means"][..., 0, 0] < drawn.values["means"][..., 1, 0]).all()


def test_draws_agree_with_nuts_once_in_one_order(rng):
    """Means within 0.1 posterior sd, sds within 10 %, each order half of the time."""
    problem = pose(clusters(rng, 60, 1))
    expected, found = (
        sample_nuts(problem, settings(draws=2000)).values,
        sample_smc(problem, settings(draws=1000)).values,
    )
    is_up = found["means"][..., 0, 0] < found["means"][..., 1, 0]
    assert 0.45 < is_up.mean() < 0.55
    for name, value in expected.items():
        mean, sd = value.mean((0, 1)), value.std((0, 1))
        turned = np.where(is_up.reshape(4, -1, *(1,) * (value.ndim - 2)), found[name], found[name][:, :, ::-1])
        np.testing.assert_array_less(np.abs(turned.mean((0, 1)) - mean), 0.1 * sd)
        np.testing.assert_allclose(turned.std((0, 1)), sd, rtol=0.1)


def fit(X, K, name="full", **changes):
    chosen = {"draws": 200, "chains": 2, "random_state": 1, "progressbar": False} | changes
    return bg.BayesianGaussianMixture(K, covariance_type=name, method="smc", **chosen).fit(X).posterior_


def test_every_order_is_brought_to_that_of_em_and_survives_a_file(rng, tmp_path):
    posterior = fit(clusters(rng, 40, 1), 2)
    assert posterior.is_identified
    orders = posterior.group("relabelling")["permutation"].to_numpy().reshape(-1, 2)
    assert 0.3 < (orders[:, 0] == 0).mean() < 0.7
    means = posterior.group("posterior")["means"].to_numpy()
    assert (means[..., 0, 0] < means[..., 1, 0]).all()
    assert posterior.summary().notes[-1].startswith("Sampler: ")
    loaded = bg.load(posterior.save(tmp_path / "fit.nc"))
    stats_of = posterior.group("sample_stats")
    assert stats_of["log_marginal_likelihood"].dims == ("chain",)
    assert stats_of["log_marginal_likelihood"].dtype == float
    for name, value in stats_of.items():
        np.testing.assert_array_equal(loaded.group("sample_stats")[name], value)
    for name in ("log_marginal_likelihood", "log_marginal_likelihood_error"):
        assert loaded.attrs[name] == posterior.attrs[name]


SHAPES = {
    "two features": (30, 2, 2, FAMILIES),
    "one component": (30, 2, 1, FAMILIES),
    "one of each": (10, 1, 1, FAMILIES),
    "fewer rows than features": (3, 4, 1, ("diag", "spherical")),
}
CASES = [(shape, name) for shape, (*_, names) in SHAPES.items() for name in names]


@pytest.mark.slow
@pytest.mark.parametrize(("shape", "name"), CASES)
def test_every_family_and_shape_has_the_schema(shape, name, rng):
    N, D, K, _ = SHAPES[shape]
    posterior = fit(clusters(rng, N, D), K, name)
    check_schema(posterior.idata, name, K, D)
    assert np.isfinite(posterior.attrs["log_marginal_likelihood"])


def test_draws_follow_the_seed_and_do_not_depend_on_cores(rng):
    problem = pose(rng.standard_normal((10, 1)), K=1)
    one, again, other = (sample_smc(problem, settings(draws=200, seed=s, cores=c)) for s, c in ((1, 1), (1, 4), (2, 1)))
    for name, value in one.values.items():
        np.testing.assert_array_equal(again.values[name], value)
        assert (other.values[name] != value).any()
        assert (value[0] != value[1]).any()
    np.testing.assert_array_equal(*(d.sample_stats["log_marginal_likelihood"] for d in (one, again)))


def test_one_chain_has_a_value_without_an_error(rng):
    drawn = sample_smc(pose(rng.standard_normal((10, 1)), K=1), settings(draws=200, chains=1))
    assert drawn.values["means"].shape == (1, 200, 1, 1)
    assert drawn.attrs["log_marginal_likelihood"] == drawn.sample_stats["log_marginal_likelihood"][0]
    assert math.isnan(drawn.attrs["log_marginal_likelihood_error"])


def interrupt_in(monkeypatch, chain):
    """Have a real Ctrl-C come in the first stage of a chain."""

    class Interrupted(SymmetricKernel):
        def tune(self):
            super().tune()
            if len(self.ended) == chain:
                signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(smc, "SymmetricKernel", Interrupted)


def test_interrupt_keeps_the_chains_that_had_ended(monkeypatch, rng):
    problem = pose(rng.standard_normal((10, 1)), K=1)
    whole = sample_smc(problem, settings(draws=200))
    interrupt_in(monkeypatch, 2)
    with pytest.warns(ConvergenceWarning, match="interrupted: 2 chains of 200 draws are kept of the 4 chains"):
        kept = sample_smc(problem, settings(draws=200))
    for name, value in kept.values.items():
        np.testing.assert_array_equal(value, whole.values[name][:2])
    evidence = whole.sample_stats["log_marginal_likelihood"][:2]
    assert kept.attrs["log_marginal_likelihood"] == mean_log_evidence(evidence)[0]


def test_interrupt_of_the_first_chain_leaves_no_half_state(monkeypatch, rng):
    interrupt_in(monkeypatch, 0)
    model = bg.BayesianGaussianMixture(1, method="smc", draws=200, priors=EXPLICIT, random_state=1, progressbar=False)
    level = logging.getLogger("pymc.smc.sampling").level
    with pytest.raises(KeyboardInterrupt, match="interrupted before there were draws to keep"):
        model.fit(rng.standard_normal((10, 1)))
    assert not [name for name in vars(model) if name.endswith("_")]
    assert logging.getLogger("pymc.smc.sampling").level == level


@pytest.mark.slow
def test_more_stages_have_less_error(rng):
    """A threshold of 0.9 takes more stages than one of 0.3, and its chains differ less."""
    problem = pose(clusters(rng, 40, 1))
    few, many = (sample_smc(problem, settings({"threshold": t}, draws=300, chains=6)) for t in (0.3, 0.9))
    assert (many.sample_stats["n_stages"] > few.sample_stats["n_stages"]).all()
    errors = [drawn.attrs["log_marginal_likelihood_error"] for drawn in (few, many)]
    assert errors[1] < errors[0]


def test_mean_of_the_chains_is_that_of_the_marginal_likelihoods(rng):
    """As the error of the mean of log-normal estimates; far from zero nothing overflows."""
    values = rng.normal(0.0, 0.2, 6)
    value, error = mean_log_evidence(values - 1e5)
    assert value == pytest.approx(np.log(np.exp(values).mean()) - 1e5)
    assert error == pytest.approx(stats.sem(np.exp(values)) / np.exp(values).mean(), rel=1e-6)


def test_too_many_parameters_are_refused_with_the_reason(faithful, monkeypatch):
    """Three components of two features, full: 17; EM, which would come first, is not run."""
    monkeypatch.setattr("bayesgmm.fitting.fit_em", None)
    sentence = r'`method` must be another than "smc" for more than 15 parameters, where .*; got "smc" for 17 parameters'
    with pytest.raises(InvalidArgumentError, match=sentence):
        bg.BayesianGaussianMixture(3, method="smc").fit(faithful)


def test_too_few_particles_are_refused():
    with pytest.raises(InvalidArgumentError, match=r"`draws` must be at least 100 for .*; got 50"):
        check_size(FAMILIES["full"], 1, 2, settings(draws=50))


WRONG = {
    "threshold too high": ({"threshold": 1.0}, InvalidArgumentError, r'\["threshold"\]` must be .* 0 and 1; got 1.0'),
    "refresh no number": ({"refresh": "all"}, InvalidArgumentTypeError, r'\["refresh"\]` must be .*; got all'),
    "refresh a switch": ({"refresh": True}, InvalidArgumentTypeError, "got True"),
    "not a number": ({"threshold": math.nan}, InvalidArgumentError, "got nan"),
}


@pytest.mark.parametrize(("options", "error", "match"), WRONG.values(), ids=WRONG)
def test_unusable_option_is_one_clear_error(options, error, match):
    with pytest.raises(error, match=match):
        check_smc_options(options)
