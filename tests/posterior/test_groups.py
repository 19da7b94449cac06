"""The groups that PyMC makes, from a posterior or its file."""

import json
import logging

import numpy as np
import pymc as pm
import pytest
from scipy.stats import beta, dirichlet

from bayesgmm.model.priors import Priors
from bayesgmm.posterior.container import Posterior
from bayesgmm.posterior.groups import recorded_priors
from bayesgmm.posterior.storage import load, save
from handmade import handmade_posterior


def test_log_prior_equals_the_densities_written_out(complete):
    found, draws, priors = complete.group("log_prior"), complete.group("posterior"), recorded_priors(complete)
    weights = draws["weights"].values.reshape(-1, 2)
    assert np.allclose(found["weights"].values.ravel(), [dirichlet.logpdf(w, [2.0, 2.0]) for w in weights], rtol=1e-8)
    assert np.allclose(found["means"], priors.means.log_density(draws["means"].values), rtol=1e-8)
    assert np.allclose(found["sds"], priors.sds.log_density(draws["sds"].values), rtol=1e-8)
    partials = beta.logpdf((draws["partials"].values + 1) / 2, 2.0, 2.0) - np.log(2)
    assert np.allclose(found["partials"], partials, rtol=1e-8)


def test_groups_have_the_names_and_dims_of_the_posterior(complete):
    prior, draws = complete.group("prior"), complete.group("posterior")
    assert set(prior.data_vars) == set(draws.data_vars)
    assert all(prior[name].dims == draws[name].dims for name in prior)
    for name in ("prior_predictive", "posterior_predictive"):
        assert complete.group(name)["x"].dims == ("chain", "draw", "obs", "feature")


def test_replicates_look_like_the_rows(complete):
    replicates, x = complete.group("posterior_predictive")["x"], complete.group("observed_data")["x"]
    error = x.std("obs") / np.sqrt(272)
    assert (np.abs(replicates.mean(("chain", "draw", "obs")) - x.mean("obs")) < error).all()


@pytest.mark.parametrize("name", ["full", "tied", "diag", "spherical"])
def test_no_variable_is_drawn_anew_from_a_loaded_file(name, tmp_path, faithful, rng, caplog):
    """PyMC silently redraws what a file lacks from the prior, and says so in its log only."""
    posterior = handmade_posterior(faithful, 2, name, rng=rng).rename(["short", "long"])
    loaded = load(save(posterior, tmp_path / "posterior.nc"))
    with caplog.at_level(logging.INFO, logger="pymc"):
        loaded.with_posterior_predictive(random_state=1)
    assert [record.getMessage() for record in caplog.records if "Sampling" in record.getMessage()] == ["Sampling: [x]"]


def test_every_group_comes_back_from_a_file(tmp_path, complete):
    assert load(save(complete, tmp_path / "posterior.nc")).idata.identical(complete.idata)


def test_seed_gives_the_same_replicates_again(complete):
    again = complete.with_posterior_predictive(random_state=1)
    assert again.group("posterior_predictive").equals(complete.group("posterior_predictive"))


def test_renamed_components_keep_their_names_in_every_group(complete):
    renamed = complete.rename({0: "short"}).with_log_prior().with_prior(10, random_state=1)
    for name in ("posterior", "relabelling", "em", "log_prior", "prior"):
        assert renamed.group(name)["component"].values.tolist() == ["short", "1"]


def test_unrecorded_priors_must_be_given_again(faithful, rng):
    described = {
        "concentration": 2.0,
        "means": {"name": "StudentT", "parameters": [3, 0, 1]},
        "sds": {},
        "lkj_eta": 2.0,
    }
    posterior = handmade_posterior(faithful, 2, rng=rng, priors=json.dumps(described))
    with pytest.raises(ValueError, match=r"`priors` must be recorded.*means; got 'StudentT'.*Give the `priors`"):
        posterior.with_log_prior()
    given = posterior.with_log_prior(Priors(means=pm.StudentT.dist(3, mu=0, sigma=100)))
    assert np.isfinite(given.group("log_prior")["means"]).all()
    assert isinstance(given, Posterior)
