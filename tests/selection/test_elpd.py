"""Leave-one-out cross-validation: against quadrature, the weights written out, and what it must refuse."""

import numpy as np
import pymc as pm
import pytest
from scipy import stats
from scipy.special import logsumexp

import bayesgmm as bg
from bayesgmm.errors import InvalidArgumentError
from bayesgmm.selection.elpd import cross_validate
from handmade import handmade_posterior

MEANS, LOG_SDS = (0.5, 0.4), (0.0, 0.5)  # location and scale of the priors, against the rows
ROWS = 3.0 + np.random.default_rng(4).standard_normal((12, 1))


def elpd_by_quadrature():
    """The elpd of one component by sums over a grid of its mean and log sd: log 1 / E[1 / f(x_n)], row by row."""
    mean = np.linspace(-3.0, 5.0, 1201)[:, None]
    log_sd = np.linspace(-3.0, 4.0, 1001)
    terms = stats.norm(mean, np.exp(log_sd)).logpdf(ROWS[:, :, None])
    log_posterior = stats.norm(*MEANS).logpdf(mean) + stats.norm(*LOG_SDS).logpdf(log_sd) + terms.sum(0)
    log_posterior -= logsumexp(log_posterior)
    return sum(-logsumexp(log_posterior - term) for term in terms)


def fit_as_it_is(method):
    """An approximation whose draws are not resampled."""
    priors = bg.Priors(means=pm.Normal.dist(*MEANS), sds=pm.LogNormal.dist(*LOG_SDS))
    chosen = {"random_state": 1, "progressbar": False, "priors": priors, "method_options": {"resample": False}}
    return bg.BayesianGaussianMixture(1, method=method, **chosen).fit(ROWS).posterior_


def log_densities(posterior):
    """log f(x_n) of every draw and row, (draws, N)."""
    values = posterior.with_log_likelihood().group("log_likelihood")["x"].values
    return values.reshape(-1, values.shape[-1])


@pytest.mark.parametrize("method", ["laplace", "advi", "fullrank_advi"])
def test_draws_of_an_approximation_give_the_elpd_of_the_posterior(method):
    """Less than half as far from the truth as the same draws taken for the posterior's, whose elpd is that of q."""
    posterior = fit_as_it_is(method)
    assert not posterior.attrs["is_resampled"]
    log_f = log_densities(posterior)
    as_they_are = (np.log(len(log_f)) - logsumexp(-log_f, axis=0)).sum()
    loos, obstacles = cross_validate({"q": posterior})
    truth = elpd_by_quadrature()
    assert obstacles == {}
    assert abs(loos["q"].numbers["elpd_loo"] - truth) < 0.5 * abs(as_they_are - truth)


def test_draws_of_an_approximation_are_weighed_by_both_ratios():
    """Weights p / (q f(x_n)) written out; what ArviZ smooths of them makes less than a hundredth of a nat per row."""
    posterior = fit_as_it_is("laplace")
    sample = posterior.group("sample_stats")
    log_ratio = (sample["log_p"] - sample["log_q"]).values.ravel()
    plain = logsumexp(log_ratio) - logsumexp(log_ratio[:, None] - log_densities(posterior), axis=0)
    np.testing.assert_allclose(cross_validate({"q": posterior})[0]["q"].rows, plain, atol=0.01)


@pytest.fixture(scope="module")
def sound(faithful):
    return handmade_posterior(faithful, 2, rng=np.random.default_rng(1))


def with_attrs(posterior, **attrs):
    return posterior.with_group("posterior", posterior.group("posterior").assign_attrs(attrs))


def test_an_approximation_far_off_has_no_elpd(sound):
    poor = with_attrs(sound, is_resampled=0, pareto_k=0.9, method="advi")
    loos, obstacles = cross_validate({"good": sound, "poor": poor})
    assert list(loos) == ["good"]
    assert obstacles == {"poor": 'its draws are those of advi, with k-hat 0.90 (below 0.7): use method="nuts"'}


def test_draws_that_were_not_weighed_have_no_elpd(sound):
    """Of many rows fewer draws are weighed than kept."""
    unweighed = with_attrs(sound, is_resampled=0, pareto_k=0.3, method="laplace")
    loos, obstacles = cross_validate({0: unweighed})
    assert loos == {}
    assert obstacles == {0: "its draws are those of laplace, and not all were weighed: make fewer `draws`"}


def test_weighted_rows_have_no_elpd(faithful, rng):
    weighted = handmade_posterior(faithful, 1, rng=rng, sample_weight=np.full(len(faithful), 2.0))
    assert cross_validate({0: weighted}) == ({}, {0: "its rows are weighted"})


def test_rows_in_another_order_are_refused(faithful, rng):
    """The sums would be the same, and the standard error of their difference twenty nats instead of none."""
    posteriors = {n: handmade_posterior(rows, 1, rng=rng) for n, rows in (("a", faithful), ("b", faithful[::-1]))}
    match = r"`fits\['b'\]` must have its rows in the order of the others; got \[.*\] in row 0, where the first has \["
    with pytest.raises(InvalidArgumentError, match=match):
        cross_validate(posteriors)
