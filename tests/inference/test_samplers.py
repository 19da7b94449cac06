"""Whatever program runs NUTS: the same posterior, the same draws from a seed, the same layout, clear errors."""

import importlib.metadata
import signal
import subprocess
import sys
from importlib.util import find_spec

import arviz_stats as azs
import numpy as np
import pymc as pm
import pytest
from xarray import Dataset

import bayesgmm as bg
from bayesgmm.covariance import FAMILIES, correlation_cholesky
from bayesgmm.data import as_data
from bayesgmm.em.fit import fit_em
from bayesgmm.errors import ConvergenceWarning, InvalidArgumentError, InvalidArgumentTypeError
from bayesgmm.inference import foreign, samplers
from bayesgmm.inference.foreign import FOREIGN, scatter_values
from bayesgmm.inference.nuts import sample_nuts
from bayesgmm.inference.problem import Problem, SamplingSettings
from bayesgmm.inference.samplers import SAMPLERS, check_sampler_options
from bayesgmm.inference.sampling import SAMPLE_STATS
from bayesgmm.inference.target import make_target
from bayesgmm.mixture import Mixture
from bayesgmm.model import named
from bayesgmm.model.jax_likelihood import register_jax_form
from bayesgmm.model.priors import Priors
from checks import check_schema

COMMON_STATS = {"diverging", "depth", "n_steps", "mean_tree_accept", "logp", "energy"}


@pytest.fixture(scope="module")
def problem(faithful):
    data, family = as_data(faithful), FAMILIES["full"]
    return Problem(data, family, Priors().resolve(data, 2, family), fit_em(data, 2, family, random_state=1).mixture)


def settings(sampler, **changes):
    options = {"sampler": sampler} | changes.pop("options", {})
    chosen = {"draws": 1000, "chains": 2, "tune": 400, "cores": 1, "seed": 1, "progressbar": False} | changes
    return SamplingSettings(**chosen, options=options)


def need(sampler):
    """Skip where a package is missing; not by importing it: BlackJAX has JAX count its devices."""
    missing = [package for package in SAMPLERS[sampler].packages if find_spec(package) is None]
    if missing:
        pytest.skip(f"{missing} not installed")


@pytest.fixture(scope="module", params=FOREIGN)
def drawn(request, problem):
    need(request.param)
    return request.param, sample_nuts(problem, settings(request.param))


def test_posterior_is_nutpies(drawn, problem):
    """Means within 0.15 sd and sds within a tenth: 2000 draws leave errors of about 0.03 sd and 2 %."""
    truth = sample_nuts(problem, settings("nutpie", draws=4000, tune=None, chains=4)).values
    for name, value in drawn[1].values.items():
        mean, sd = truth[name].mean((0, 1)), truth[name].std((0, 1))
        assert np.abs((value.mean((0, 1)) - mean) / sd).max() < 0.15
        assert np.abs(value.std((0, 1)) / sd - 1.0).max() < 0.1
        dims = ("chain", "draw", *map(str, range(value.ndim - 2)))
        assert azs.rhat(Dataset({name: (dims, value)}))[name].max() < 1.02


def test_draws_keep_the_contract(drawn, problem):
    sampler, draws = drawn
    assert {name: value.shape for name, value in draws.values.items()} == {
        "weights": (2, 1000, 2),
        "means": (2, 1000, 2, 2),
        "sds": (2, 1000, 2, 2),
        "partials": (2, 1000, 2, 1),
    }
    assert COMMON_STATS <= set(draws.sample_stats) <= set(SAMPLE_STATS)
    assert {value.shape for value in draws.sample_stats.values()} == {(2, 1000)}
    assert draws.sample_stats["diverging"].dtype == bool and draws.sample_stats["n_steps"].dtype == np.int64
    assert draws.attrs["inference_library"] == sampler
    assert draws.attrs["inference_library_version"] == importlib.metadata.version(sampler)
    assert draws.attrs["tuning_steps"] == 400 and draws.attrs["sampling_time"] > 0


def test_recorded_density_is_that_of_the_draw(drawn, problem):
    """And the energy lies above minus it by a kinetic energy: half a chi-squared number of 11 coordinates."""
    _, draws = drawn
    target, stats = make_target(problem.data, problem.family, 2, problem.priors), draws.sample_stats
    for chain, draw in ((0, 0), (1, 500), (1, 999)):
        weights, means, sds, partials = (draws.values[name][chain, draw] for name in target.names)
        factor = sds[..., None] * correlation_cholesky(partials, 2)
        x = target.pack(Mixture(weights, means, factor))
        assert stats["logp"][chain, draw] == pytest.approx(target.log_posterior(x)[0], abs=1e-6)
    kinetic = stats["energy"] + stats["logp"]
    assert kinetic.min() > 0
    assert kinetic.mean() == pytest.approx(5.5, rel=0.1)


def test_same_seed_same_draws(drawn, problem):
    sampler, draws = drawn
    again = sample_nuts(problem, settings(sampler))
    for name, value in draws.values.items():
        np.testing.assert_array_equal(again.values[name], value)
    assert np.unique(draws.values["means"][:, 0, 0, 0]).size == 2  # chains of their own


def test_starts_scatter_by_a_posterior_sd_and_follow_the_seed(problem):
    starts, again = (scatter_values(problem, settings("pymc", chains=100)) for _ in range(2))
    truth = sample_nuts(problem, settings("nutpie", tune=None)).values["means"]
    means = np.stack([start["means"] for start in starts])
    np.testing.assert_array_equal(means, np.stack([start["means"] for start in again]))
    assert np.abs((means.mean(0) - truth.mean((0, 1))) / truth.std((0, 1))).max() < 0.4
    assert np.abs(means.std(0) / truth.std((0, 1)) - 1).max() < 0.25


def interrupt_at(monkeypatch, chain, length):
    """Have a real Ctrl-C come where a chain has so many draws, warm-up counted; give the counts of draws by chain."""
    counts = []

    class Interrupted(foreign._Watch):
        def __init__(self, length):
            super().__init__(length)
            counts.append(self.drawn)

        def __call__(self, trace, draw):
            super().__call__(trace, draw)
            if draw.chain == chain and self.drawn[chain] == length:
                signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(foreign, "_Watch", Interrupted)
    return counts


def test_interrupt_of_pymc_keeps_what_was_drawn(monkeypatch, problem):
    """Two chains of 30 draws are more than one of 50, and the third and fourth are not begun in earnest."""
    counts = interrupt_at(monkeypatch, 1, 50 + 30)
    with pytest.warns(
        ConvergenceWarning, match=r"interrupted: 2 chains of (29|30) draws are kept of the 4 chains of 50"
    ):
        drawn = sample_nuts(problem, settings("pymc", draws=50, tune=50, chains=4))
    assert drawn.values["means"].shape in {(2, 29, 2, 2), (2, 30, 2, 2)}
    assert np.isfinite(drawn.values["means"]).all()
    assert (counts[0][0], counts[0][2], counts[0][3]) == (100, 1, 1)


def test_interrupt_of_pymcs_warm_up_leaves_no_half_state(monkeypatch, faithful):
    interrupt_at(monkeypatch, 0, 10)
    options = {"draws": 50, "tune": 50, "cores": 1, "random_state": 1, "progressbar": False}
    model = bg.BayesianGaussianMixture(2, method_options={"sampler": "pymc"}, **options)
    with pytest.raises(KeyboardInterrupt, match="interrupted before there were draws to keep"):
        model.fit(faithful)
    assert not [name for name in vars(model) if name.endswith("_")]


STOPPED = """
import importlib, os, signal, sys, threading
import pymc.sampling.jax
import bayesgmm as bg

importlib.import_module(sys.argv[1])  # a package whose import is stopped cannot be imported again

settings = {"draws": 2000, "chains": 2, "random_state": 1, "progressbar": False}
model = bg.BayesianGaussianMixture(2, method_options={"sampler": sys.argv[1]}, **settings)
threading.Timer(2.0, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    model.fit(bg.load_faithful())
except KeyboardInterrupt:
    assert not [name for name in vars(model) if name.endswith("_")]
    settings |= {"draws": 30, "tune": 30}
    model.set_params(**settings).fit(bg.load_faithful())
    print("stopped, and fitted again")
else:
    assert model.posterior_.mixture.batch_shape == (2, 2000)
    print("not heard, and fitted")
"""


@pytest.mark.slow
@pytest.mark.parametrize("sampler", ["numpyro", "blackjax"])
def test_interrupt_on_jax_leaves_no_half_state(sampler):
    """In a process of its own, while PyMC and JAX compile, which takes longer than two seconds.

    Where it falls into a callback from compiled code, Python drops it: then the fit is whole.
    """
    need(sampler)
    command = [sys.executable, "-W", "ignore", "-c", STOPPED, sampler]
    found = subprocess.run(command, check=True, timeout=300, capture_output=True, text=True)
    assert found.stdout in ("stopped, and fitted again\n", "not heard, and fitted\n")


CHAINS = [("numpyro", "vectorized"), ("blackjax", "vectorized"), ("numpyro", "parallel")]


@pytest.mark.slow
@pytest.mark.parametrize(("sampler", "chain_method"), CHAINS)
def test_user_priors_and_the_schema(sampler, chain_method, rng, tmp_path):
    """Priors that only the PyMC graph knows, a diagonal family, through the front door, to a file and back."""
    need(sampler)
    X = rng.standard_normal((60, 2)) + 6.0 * (np.arange(60) % 2)[:, None]
    priors = bg.Priors(means=pm.Laplace.dist(3.0, 10.0))
    chosen = {"covariance_type": "diag", "priors": priors, "random_state": 1, "progressbar": False, "draws": 500}
    known, other = (
        bg.BayesianGaussianMixture(2, chains=2, method_options=options, **chosen).fit(X).posterior_
        for options in ({}, {"sampler": sampler, "chain_method": chain_method})
    )
    check_schema(other.idata, "diag", 2, 2)
    assert bg.load(other.save(tmp_path / "fit.nc")).idata["posterior"].equals(other.idata["posterior"])
    for name in ("weights", "means", "sds"):
        truth, found = (posterior.idata["posterior"][name].values for posterior in (known, other))
        assert np.abs((found.mean((0, 1)) - truth.mean((0, 1))) / truth.std((0, 1))).max() < 0.2


ANY_CORES = """
import numpy as np
import bayesgmm as bg

if __name__ == "__main__":
    settings = {"draws": 30, "tune": 30, "chains": 2, "random_state": 1, "method_options": {"sampler": "pymc"}}
    fits = [bg.BayesianGaussianMixture(2, cores=cores, **settings).fit(bg.load_faithful()) for cores in (1, 2)]
    np.testing.assert_array_equal(*(fit.idata["posterior"]["means"] for fit in fits))
"""


@pytest.mark.slow
def test_pymc_draws_do_not_depend_on_the_number_of_cores(tmp_path):
    """In a process of its own: PyMC forks, which it should not where JAX has run."""
    script = tmp_path / "cores.py"
    script.write_text(ANY_CORES)
    subprocess.run([sys.executable, script], check=True, timeout=300)


SDS = {
    "LogNormal": named.LogNormal(0.3, 0.8),
    "HalfNormal": named.HalfNormal(1.7),
    "Exponential": named.Exponential(0.4),
    "Gamma": named.Gamma(2.3, 0.6),
    "InverseGammaVariance": named.InverseGammaVariance(1.5, 0.8),
    "HalfStudentT": named.HalfStudentT(3.0, 1.2),
}
MODELS = [(family, None, K, D) for family in FAMILIES for K, D in ((3, 3), (1, 1))]
MODELS += [("full", prior, 2, 2) for prior in SDS]


@pytest.mark.parametrize(("family", "prior", "K", "D"), MODELS)
def test_model_on_jax_is_the_fused_target(family, prior, K, D, rng):
    """Log posterior and gradient of the whole graph, as NumPyro and BlackJAX get it."""
    jax = pytest.importorskip("jax")
    jax_part = pytest.importorskip("pymc.sampling.jax")
    register_jax_form()
    X, priors = 3.0 + rng.standard_normal((40, D)), bg.Priors(sds=SDS.get(prior))
    X = X.round(1) if prior is None else X  # values that repeat bound the default sds from below
    stated = bg.build_model(X, K, covariance_type=family, priors=priors)
    data = as_data(X)
    target = make_target(data, FAMILIES[family], K, priors.resolve(data, K, FAMILIES[family]))
    x = 0.5 * rng.standard_normal(target.n_dim)
    begun = stated.initial_point()
    sizes = [begun[v.name].size for v in stated.value_vars]
    parts = np.split(x, np.cumsum(sizes)[:-1])
    point = [part.reshape(begun[v.name].shape) for v, part in zip(stated.value_vars, parts, strict=True)]
    value, gradient = target.log_posterior(x)
    with jax.enable_x64(True):
        found, slopes = jax.value_and_grad(jax_part.get_jaxified_logp(stated))(point)
    assert float(found) == pytest.approx(value, rel=1e-10)
    found_gradient = np.concatenate([np.ravel(slope) for slope in slopes])
    np.testing.assert_allclose(found_gradient, gradient, rtol=0, atol=1e-8 * (1 + np.abs(gradient).max()))


def test_parallel_chains_want_a_device_each(problem):
    need("numpyro")
    options = {"sampler": "numpyro", "chain_method": "parallel"}
    with pytest.raises(InvalidArgumentError, match='be "vectorized" where there are fewer devices than chains; got'):
        sample_nuts(problem, settings("numpyro", chains=1000, options=options))


WRONG = {
    "unknown sampler": (
        {"sampler": "stan"},
        InvalidArgumentError,
        r"sampler\"\]` must be one of \['nutpie', .*; got 'stan'\.",
    ),
    "sampler no word": ({"sampler": 3}, InvalidArgumentError, r"must be one of .*; got 3\."),
    "an option of another sampler": (
        {"chain_method": "vectorized"},
        InvalidArgumentError,
        r"`method_options` must have keys among .* for the sampler 'nutpie'; got \['chain_method'\]",
    ),
    "value out of range": ({"sampler": "pymc", "target_accept": 2.0}, InvalidArgumentError, "between 0 and 1; got 2.0"),
    "value of another type": ({"sampler": "pymc", "maxdepth": "3"}, InvalidArgumentTypeError, "integer of at least 1"),
}


@pytest.mark.parametrize(("options", "error", "match"), WRONG.values(), ids=WRONG)
def test_unusable_option_is_one_clear_error(options, error, match):
    with pytest.raises(error, match=match):
        check_sampler_options(options)


def pretend(monkeypatch, **versions):
    """Say that these packages, and no others, are installed."""

    def version(package):
        if package not in versions:
            raise importlib.metadata.PackageNotFoundError(package)
        return versions[package]

    monkeypatch.setattr(samplers, "version", version)


@pytest.mark.parametrize("sampler", ["numpyro", "blackjax"])
def test_missing_package_is_named_before_any_work(sampler, monkeypatch):
    """Before the rows are looked at: these are none."""
    pretend(monkeypatch)
    model = bg.BayesianGaussianMixture(2, method_options={"sampler": sampler})
    with pytest.raises(InvalidArgumentError, match=rf"without jax and {sampler}.*pip install \"bayesgmm\[jax\]\""):
        model.fit("no rows")


def test_a_version_that_pymc_cannot_drive_counts_as_missing(monkeypatch):
    pretend(monkeypatch, jax="0.12.0.1", blackjax="1.6.2")
    with pytest.raises(InvalidArgumentError, match=r"'blackjax' without blackjax<1\.6\."):
        check_sampler_options({"sampler": "blackjax"})
    pretend(monkeypatch, jax="0.12.0.1", blackjax="1.5")
    check_sampler_options({"sampler": "blackjax", "chain_method": "vectorized"})
    with pytest.raises(InvalidArgumentError, match=r"must be one of \('parallel', 'vectorized'\) or None; got 'fast'"):
        check_sampler_options({"sampler": "blackjax", "chain_method": "fast"})
