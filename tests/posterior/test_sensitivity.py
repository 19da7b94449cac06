"""Power scaling: against the reweighting written out, and the words for it."""

import re

import numpy as np
import pymc as pm
import pytest
import xarray as xr

import bayesgmm as bg
from bayesgmm.covariance import FAMILIES
from bayesgmm.errors import InvalidArgumentError
from bayesgmm.posterior.sensitivity import THRESHOLD
from handmade import handmade_posterior


def with_densities(posterior, rng, *, prior, likelihood):
    """The log densities a multiple of a function of the first weight, so that scaling moves it by so much."""
    first = posterior.idata["posterior"]["weights"].values[..., 0]
    z = (first - first.mean()) / first.std()
    noise = 1e-3 * rng.standard_normal(z.shape)
    groups = {"log_prior": ("weights", prior), "log_likelihood": ("x", likelihood)}
    for group, (name, strength) in groups.items():
        value = -0.5 * strength * (z + noise) ** 2
        dims = ("chain", "draw") if group == "log_prior" else ("chain", "draw", "obs")
        value = value if group == "log_prior" else value[..., None]
        posterior = posterior.with_group(group, xr.Dataset({name: (dims, value)}))
    return posterior


FAINT = 1e-3
CASES = {  # strength of the prior and of the likelihood in the first weight, and what is said
    "the data": (FAINT, 1.0, "the data decide"),
    "the prior": (1.0, FAINT, "the prior decides"),
    "both": (1.0, 1.0, "prior and data may disagree"),
    "neither": (FAINT, FAINT, "neither moves it"),
}


@pytest.mark.parametrize(("prior", "likelihood", "verdict"), CASES.values(), ids=CASES)
def test_verdict_says_what_matters(prior, likelihood, verdict, faithful, rng):
    posterior = with_densities(handmade_posterior(faithful, 2, rng=rng), rng, prior=prior, likelihood=likelihood)
    found = posterior.sensitivity().loc["weights[0]"]
    assert found["verdict"] == verdict
    assert (found["prior"] >= THRESHOLD) == (prior > FAINT)
    assert (found["likelihood"] >= THRESHOLD) == (likelihood > FAINT)


def cumulative_distance(values, weights):
    """The cumulative Jensen-Shannon distance of weighed draws from the draws as they are (Kallioinen et al. 2024)."""
    order = np.argsort(values)
    width = np.diff(values[order])
    p, q = np.linspace(1 / len(values), 1, len(values))[:-1], np.cumsum(weights[order])[:-1]

    def one_way(p, q):
        with np.errstate(divide="ignore", invalid="ignore"):
            terms = np.where(p > 0, p * (np.log2(p) - np.log2((p + q) / 2)), 0.0)
        return (width * terms).sum() + (width * (q - p)).sum() / (2 * np.log(2))

    bound = (width * (p + q)).sum()
    return np.sqrt((one_way(p, q) + one_way(q, p)) / bound)


def test_sensitivity_is_the_distance_for_a_doubling(faithful, rng):
    """Reweighting by p^(a - 1) written out; ArviZ also smooths the largest weights, which here makes 1.5 %."""
    posterior = with_densities(handmade_posterior(faithful, 2, rng=rng), rng, prior=1.0, likelihood=0.3)
    found = posterior.sensitivity()
    log_prior = posterior.group("log_prior")["weights"].values.ravel()
    for name, draws in (
        ("weights[0]", posterior.mixture.weights[..., 0]),
        ("weights[1]", posterior.mixture.weights[..., 1]),
    ):
        slopes = []
        for power in (0.99, 1.01):
            weights = np.exp((power - 1) * log_prior)
            weights /= weights.sum()
            both = [cumulative_distance(sign * draws.ravel(), weights) for sign in (1.0, -1.0)]
            slopes.append(max(both) / abs(np.log2(power)))
        np.testing.assert_allclose(found.loc[name, "prior"], np.mean(slopes), rtol=0.02)


@pytest.mark.parametrize("n_components", [1, 2])
@pytest.mark.parametrize("family", FAMILIES)
def test_rows_are_those_of_the_summary(family, n_components, faithful, rng):
    posterior = handmade_posterior(faithful, n_components, family, rng=rng)
    found = posterior.sensitivity()
    assert list(found.index) == list(posterior.summary().index)
    assert list(found.columns) == ["prior", "likelihood", "verdict"]
    assert np.isfinite(found[["prior", "likelihood"]].to_numpy(float)).all()


def test_rows_carry_the_users_names(complete):
    assert "means[long, waiting]" in complete.rename(["short", "long"]).sensitivity().index
    assert "means[1, waiting]" in complete.sensitivity().index


def test_components_that_cannot_be_told_apart_have_rows_without_labels(complete):
    group = complete.group("posterior")
    found = complete.with_group("posterior", group.assign_attrs(is_identified=0)).sensitivity()
    assert list(found.index[:2]) == ["sorted_weights[0]", "sorted_weights[1]"]


def test_groups_are_made_where_they_are_missing(complete):
    tree = complete.idata.drop_nodes(["log_likelihood", "log_prior"])
    found = type(complete)(tree).sensitivity()
    assert found.equals(complete.sensitivity())
    assert {"log_likelihood", "log_prior"}.isdisjoint(tree.children)


def test_weights_count_as_repeated_rows_do(faithful, rng):
    weight = np.tile([0.0, 1.0, 3.0, 2.0], len(faithful) // 4)
    weighted = handmade_posterior(faithful, 2, rng=rng, sample_weight=weight)
    draws = weighted.group("posterior")
    values = {name: draws[name].values for name in ("weights", "means", "sds", "partials")}
    repeated = handmade_posterior(np.repeat(faithful.to_numpy(), weight.astype(int), 0), 2, rng=rng, values=values)
    scaled = ["prior", "likelihood"]
    found, expected = (p.sensitivity()[scaled].to_numpy(float) for p in (weighted, repeated))
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    assert np.isfinite(expected).all() and (expected > 0).all()


PULLING = bg.Priors(means=pm.Normal.dist(0.5, 0.4), sds=pm.LogNormal.dist(0.0, 0.5))  # against the rows


def fit_pulled(method, seed=1, **options):
    """One component of twelve rows whose mean, 3, lies six prior sds from where its prior has it."""
    rows = 3.0 + np.random.default_rng(4).standard_normal((12, 1))
    chosen = {"random_state": seed, "progressbar": False, "priors": PULLING, "method_options": options}
    return bg.BayesianGaussianMixture(1, method=method, **chosen).fit(rows).posterior_


@pytest.fixture(scope="module")
def pulled():
    """Sensitivities of ten runs of NUTS, as many draws each: they vary, and grow with the range of the draws."""
    return [fit_pulled("nuts", seed).sensitivity() for seed in range(10)]


METHODS = {"smc": {}, "laplace": {}, "fullrank_advi": {}, "advi": {"resample": True}}


@pytest.mark.parametrize(("method", "options"), METHODS.items())
def test_every_method_tells_what_nuts_tells(method, options, pulled):
    """Within four of the standard deviations by which runs of NUTS differ, 4 to 8 % of the sensitivity."""
    found = fit_pulled(method, **options).sensitivity()
    assert list(found["verdict"]) == list(pulled[0]["verdict"])
    scaled = ["prior", "likelihood"]
    runs = np.array([run[scaled].to_numpy(float) for run in pulled])
    z = (found[scaled].to_numpy(float) - runs.mean(0)) / runs.std(0, ddof=1)
    assert np.abs(z).max() < 4


AS_THEY_ARE = {
    "advi, its default": ("advi", {}, 'Fit it with method_options={"resample": True}.'),
    "laplace": ("laplace", {"resample": False}, 'Fit it with method_options={"resample": True}.'),
}


@pytest.mark.parametrize(("method", "options", "remedy"), AS_THEY_ARE.values(), ids=AS_THEY_ARE)
def test_draws_of_an_approximation_are_refused_with_the_remedy(method, options, remedy):
    """Weighed as if they were the posterior's, ADVI's would have the data move the sd by 0.09 and not 0.27."""
    posterior = fit_pulled(method, **options)
    match = (
        rf"`fit` must have draws of the posterior itself; got .* by '{method}' with k-hat 0\.\d\d\. {re.escape(remedy)}"
    )
    with pytest.raises(InvalidArgumentError, match=match):
        posterior.sensitivity()


def test_draws_that_cannot_be_repaired_ask_for_nuts(complete):
    poor = complete.group("posterior").assign_attrs(pareto_k=0.9, is_resampled=0, method="advi")
    with pytest.raises(InvalidArgumentError, match=r"with k-hat 0\.90\. Fit it with method=\"nuts\"\."):
        complete.with_group("posterior", poor).sensitivity()
