"""NUTS draws from the posterior, the same draws for the same seed, from starts about one posterior sd apart."""

import numpy as np
import pytest
from scipy import stats

from bayesgmm.covariance import FAMILIES
from bayesgmm.data import as_data
from bayesgmm.em.fit import fit_em
from bayesgmm.inference.nuts import sample_nuts, scatter_start
from bayesgmm.inference.problem import Problem, SamplingSettings
from bayesgmm.inference.target import make_target
from bayesgmm.inference.whitening import Whitening, complete_data_errors, whiten_posterior
from bayesgmm.model.priors import Priors


def pose(X, name="full", K=2):
    data, family = as_data(X), FAMILIES[name]
    return Problem(data, family, Priors().resolve(data, K, family), fit_em(data, K, family, random_state=1).mixture)


def settings(**changes):
    chosen = {"draws": 50, "chains": 4, "tune": None, "cores": 2, "seed": 1, "progressbar": False} | changes
    return SamplingSettings(**chosen)


@pytest.fixture(scope="module")
def problem(faithful):
    return pose(faithful)


@pytest.mark.parametrize("cores", [1, 4, None])
def test_draws_do_not_depend_on_the_number_of_cores(cores, problem):
    expected, found = (sample_nuts(problem, settings(cores=c)) for c in (2, cores))
    for name, value in expected.values.items():
        np.testing.assert_array_equal(found.values[name], value)
    for name, value in expected.sample_stats.items():
        np.testing.assert_array_equal(found.sample_stats[name], value)


def test_another_seed_and_another_chain_give_other_draws(problem):
    one, other = (sample_nuts(problem, settings(seed=seed)).values["means"] for seed in (1, 2))
    chains = np.concatenate([one, other])[:, :, 0, 0]  # (8, S)
    assert np.unique(chains).size > 0.7 * chains.size  # NUTS stays where it is now and then, within a chain only
    first, last = chains[:, 0], chains[:, -1]
    assert np.unique(first).size == np.unique(last).size == len(chains)


@pytest.mark.parametrize("name", FAMILIES)
def test_starts_scatter_by_a_posterior_sd_and_follow_the_seed(name, faithful):
    problem = pose(faithful, name)
    target = make_target(problem.data, problem.family, 2, problem.priors)
    start = target.pack(problem.start)
    whitening = whiten_posterior(target.log_posterior, start, complete_data_errors(target, problem))
    scatter = scatter_start(target, whitening)
    u = np.stack([scatter(seed) for seed in range(200)])
    assert np.abs(u).max() <= 2.0
    assert np.abs(u.mean(0)).max() < 0.35
    assert 0.75 < u.std(0).min() and u.std(0).max() < 1.15  # a normal cut at two sds has 0.96
    np.testing.assert_array_equal(scatter(7), u[7])


def test_start_goes_back_towards_a_mode_narrower_than_its_curvature(problem):
    """Coordinates stretched tenfold: u of length one is ten posterior sds, so starts are halved until they are near."""
    target = make_target(problem.data, problem.family, 2, problem.priors)
    start = target.pack(problem.start)
    true = whiten_posterior(target.log_posterior, start, complete_data_errors(target, problem))
    scatter = scatter_start(target, Whitening(true.mode, 10.0 * true.factor, true.log_posterior))
    for seed in range(20):
        u = scatter(seed)
        fallen = true.log_posterior - target.log_posterior(true.mode + 10.0 * true.factor @ u)[0]
        assert 0.0 < fallen < 4 * target.n_dim
        assert 0.5 < np.linalg.norm(10.0 * u) < 8.0


def test_one_component_of_one_feature_has_the_posterior_that_a_grid_gives(rng):
    """Two parameters, 30 rows: posterior means and sds of mean and sd by quadrature, within four Monte Carlo errors."""
    x = rng.normal(3.0, 2.0, 30)
    problem = pose(x[:, None], "diag", 1)
    m, log_s = np.meshgrid(np.linspace(-1, 7, 400), np.linspace(-0.5, 2.0, 400), indexing="ij")
    s, priors = np.exp(log_s), problem.priors
    log_density = stats.norm.logpdf(x, m[..., None], s[..., None]).sum(-1) + log_s
    log_density += stats.norm.logpdf(m, priors.means.loc.item(), priors.means.scale.item())
    log_density += stats.lognorm.logpdf(s, priors.sds.sigma.item(), scale=np.exp(priors.sds.mu.item()))
    p = np.exp(log_density - log_density.max())
    p /= p.sum()
    drawn = sample_nuts(problem, settings(draws=2000))
    assert "weights" not in drawn.values
    for name, grid in (("means", m), ("sds", s)):
        mean, sd = (p * grid).sum(), np.sqrt((p * grid**2).sum() - (p * grid).sum() ** 2)
        found = drawn.values[name].ravel()
        assert found.mean() == pytest.approx(mean, abs=4 * sd / np.sqrt(3000))
        assert found.std() == pytest.approx(sd, rel=0.08)


def test_method_records_what_it_ran_with(problem):
    default, given = (sample_nuts(problem, settings(tune=tune)).attrs for tune in (None, 70))
    assert (default["tuning_steps"], given["tuning_steps"]) == (50, 70)
    assert default["inference_library"] == "nutpie"
    assert default["sampling_time"] > 0


def test_options_reach_the_sampler(problem):
    """A higher acceptance asks for smaller steps; a tree no deeper than 1 has at most one."""
    sure = sample_nuts(problem, settings(options={"target_accept": 0.99})).sample_stats
    shallow = sample_nuts(problem, settings(options={"maxdepth": 1})).sample_stats
    assert sure["step_size"].mean() < 0.7 * shallow["step_size"].mean()
    assert shallow["depth"].max() == 1 and shallow["n_steps"].max() == 1
    assert shallow["maxdepth_reached"].any()
