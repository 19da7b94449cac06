"""One name for the log marginal likelihood: log K! is added once, and only where it is known to be right."""

import math

import numpy as np
import pymc as pm
import pytest

import bayesgmm as bg
from bayesgmm.errors import InvalidArgumentError, InvalidArgumentTypeError
from bayesgmm.posterior.container import Posterior
from bayesgmm.posterior.evidence import log_marginal_likelihood

EXPLICIT = bg.Priors(means=pm.Normal.dist(1.0, 3.0), sds=pm.LogNormal.dist(0.5, 0.8))


def fit(X, K, method, **changes):
    chosen = {"draws": 500, "chains": 4, "random_state": 1, "progressbar": False, "priors": EXPLICIT} | changes
    return bg.BayesianGaussianMixture(K, method=method, **chosen).fit(X)


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(1)
    return rng.standard_normal((40, 1)) + 8.0 * (np.arange(40) % 2)[:, None]


@pytest.fixture(scope="module")
def laplace(rows):
    return fit(rows, 2, "laplace").posterior_


def changed(posterior, *, group="posterior", **attrs):
    """The same posterior with other attributes in one group."""
    tree = posterior.idata.copy(deep=True)
    tree[group].attrs |= attrs
    return Posterior(tree)


def test_one_mode_is_counted_as_often_as_it_has_copies(laplace):
    found = log_marginal_likelihood(laplace)
    assert found.value == laplace.attrs["log_evidence_one_mode"] + math.log(2)
    assert found.error == laplace.attrs["log_evidence_one_mode_error"]
    assert found.method == "importance sampling"
    assert str(found).endswith("by importance sampling of one mode, plus log 2!.")
    assert f"{found.value:.2f}" in str(found)


def test_methods_agree_within_their_errors(laplace, rows):
    """Normal approximations of one mode with log 2, and SMC through both without it."""
    smc, advi = (log_marginal_likelihood(fit(rows, 2, method)) for method in ("smc", "fullrank_advi"))
    one = log_marginal_likelihood(laplace)
    assert advi.value == pytest.approx(one.value, abs=4 * math.hypot(one.error, advi.error))
    assert smc.value == pytest.approx(one.value, abs=4 * smc.error)
    assert 0.0 < smc.error < 0.3
    assert smc.method == "smc"


def test_closed_form_is_near_the_importance_weights_without_their_error(laplace):
    """40 rows: within 0.2 nats, and not the same; log 2 is added to it in the same way."""
    found, weighed = log_marginal_likelihood(laplace, closed_form=True), log_marginal_likelihood(laplace)
    assert found.value == laplace.attrs["log_evidence_one_mode_laplace"] + math.log(2)
    assert math.isnan(found.error)
    assert 10 * weighed.error < abs(found.value - weighed.value) < 0.2
    assert found.method == "Laplace's formula"
    assert (
        str(found)
        == f"Evidence: log marginal likelihood {found.value:.2f}, by Laplace's formula of one mode, plus log 2!."
    )


def test_closed_form_is_refused_far_from_the_normal_distribution():
    """Ten rows in two features, where k-hat says that the posterior is not near the mode's normal distribution."""
    rows = np.random.default_rng(2).standard_normal((10, 2)) + 9.0 * (np.arange(10) > 4)[:, None] * [1.0, 0.0]
    few = fit(rows, 2, "laplace", priors=None).posterior_
    assert few.attrs["pareto_k"] >= 0.7
    for closed_form in (False, True):
        with pytest.raises(InvalidArgumentError, match=r"k-hat below 0\.7; got k-hat"):
            log_marginal_likelihood(few, closed_form=closed_form)


def test_closed_form_is_laplaces_only(complete):
    match = r'`fit` must be by method="laplace" for the evidence in closed form; got .nuts.\.'
    with pytest.raises(InvalidArgumentError, match=match):
        log_marginal_likelihood(complete, closed_form=True)


def test_one_component_has_no_copies(rows):
    posterior = fit(rows, 1, "laplace").posterior_
    found = log_marginal_likelihood(posterior)
    assert found.value == posterior.attrs["log_evidence_one_mode"]
    assert "log" not in str(found).removeprefix("Evidence: log")


def test_saved_and_loaded_evidence_is_the_same(laplace, tmp_path):
    assert log_marginal_likelihood(bg.load(laplace.save(tmp_path / "fit.nc"))) == log_marginal_likelihood(laplace)


REFUSED = {
    "weights not to be believed": ("posterior", {"pareto_k": 0.7}, r"k-hat below 0\.7; got k-hat 0\.70\. Fit it with"),
    "priors that differ": ("relabelling", {"is_exchangeable": 0}, "the same priors for all components; got one mode"),
    "modes that overlap": ("posterior", {"is_identified": 0}, r"told apart; got .* between -\d+\.\d+ and -\d+\.\d+\."),
}


@pytest.mark.parametrize(("group", "attrs", "match"), REFUSED.values(), ids=REFUSED)
def test_one_mode_that_does_not_tell_the_whole_is_refused(group, attrs, match, laplace):
    poor = changed(laplace, group=group, **attrs)
    with pytest.raises(InvalidArgumentError, match=match):
        log_marginal_likelihood(poor)
    with pytest.raises(InvalidArgumentError, match=match):
        log_marginal_likelihood(poor, closed_form=True)


def test_method_that_estimates_none_is_one_clear_error(complete):
    with pytest.raises(InvalidArgumentError, match="`fit` must have estimated the marginal likelihood; got"):
        log_marginal_likelihood(complete)


def test_fit_without_a_posterior_is_one_clear_error(rows):
    with pytest.raises(InvalidArgumentTypeError, match="`fit` must have a posterior; got GaussianMixture"):
        log_marginal_likelihood(bg.GaussianMixture(2, random_state=1).fit(rows))
