"""The whole model: its log posterior against SciPy, its draws against closed forms, and all that PyMC does with it."""

import subprocess
import sys

import arviz as az
import cloudpickle
import numpy as np
import pandas as pd
import pymc as pm
import pytensor.tensor as pt
import pytest
from pymc.stats import compute_log_prior
from pytensor.graph.rewriting.utils import rewrite_graph
from pytensor.graph.traversal import ancestors
from scipy import stats
from scipy.linalg import solve_triangular
from scipy.special import logsumexp, softmax

from bayesgmm.covariance import FAMILIES, correlation_cholesky
from bayesgmm.data import as_data
from bayesgmm.model.build import build_model
from bayesgmm.model.likelihood import RowLogDensity, RowLogDensityPullback
from bayesgmm.model.priors import Priors, column_scale

N, K, D = 24, 3, 3
PRIORS = Priors(concentration=1.5, lkj_eta=1.3)
SHAPES = {"full": ((K, D), (K,)), "tied": ((D,), ()), "diag": ((K, D), None), "spherical": ((K,), None)}


def make_rows(n_rows=N, n_features=D, seed=0):
    """Two columns with repeated values, so that their sds are bounded below, and one without."""
    x = np.random.default_rng(seed).normal(size=(n_rows, n_features)) * np.array([1.0, 5.0, 0.2])[:n_features] + 3.0
    x[:, :2] = x[:, :2].round(1)
    return pd.DataFrame(x, columns=["a", "b", "c"][:n_features])


def make_posterior(model, n_draws=50):
    """Draws near the data's moments, by hand; only what is free, as a file must hold it."""
    rng, data, drawn = np.random.default_rng(3), as_data(make_rows()), {}
    for variable in model.free_RVs:
        noise = rng.normal(size=(1, n_draws, *variable.type.shape))
        unit = data.scale if variable.type.shape[-1:] == (D,) else data.common_scale
        drawn[variable.name] = {
            "weights": softmax(0.2 * noise, axis=-1),
            "means": data.location + 0.2 * data.scale * noise,
            "sds": unit * np.exp(0.1 * noise),
            "partials": np.tanh(0.2 * noise),
        }[variable.name]
    dims = {name: list(model.named_vars_to_dims[name]) for name in drawn}
    return az.from_dict({"posterior": drawn}, dims=dims, coords={"component": range(K), "feature": ["a", "b", "c"]})


@pytest.fixture(scope="module", params=list(FAMILIES))
def case(request):
    """A model of every family with its first draws and what PyMC computes of them."""
    model = build_model(make_rows(), K, covariance_type=request.param, priors=PRIORS)
    with model:
        prior = pm.sample_prior_predictive(draws=500, random_seed=1)
        posterior = make_posterior(model)
        predictive = pm.sample_posterior_predictive(posterior, random_seed=2, progressbar=False)
        pm.compute_log_likelihood(posterior, progressbar=False)
        compute_log_prior(posterior, progressbar=False)
    return request.param, model, prior, posterior, predictive


@pytest.fixture(scope="module")
def log_posterior(case):
    return case[1].logp_dlogp_function(ravel_inputs=True)


def read(vector, name, data, n_components=K):
    """Undo the sampler's transforms by hand; also sum the logarithms of their Jacobians."""
    family, D, K = FAMILIES[name], data.n_features, n_components
    unit = column_scale(data, family)
    lower = half_resolution(data, family)
    sds_unit, sds_lower = (family.compact_sds(np.broadcast_to(v, (K, D))) for v in (unit, lower))
    n_partials = np.prod(sds_unit.shape[:-1], dtype=int) * D * (D - 1) // 2 if family.has_correlations(D) else 0
    sizes = [K - 1, K * D, sds_unit.size, n_partials]
    v, m, s, y = np.split(vector, np.cumsum(sizes)[:-1])
    weights = softmax(np.append(v, -v.sum()))
    sds = sds_lower + sds_unit * np.exp(s.reshape(sds_unit.shape))
    z = np.tanh(y / 2).reshape(*sds_unit.shape[:-1], -1) if n_partials else np.empty(0)
    jacobian = np.log(K) + np.log(weights).sum() if K > 1 else 0.0
    jacobian += K * np.log(unit).sum() + s.sum() + np.log(sds_unit).sum() + np.log((1 - z**2) / 2).sum()
    return weights, data.location + unit * m.reshape(K, D), sds, z, jacobian


def half_resolution(data, family):
    half = data.resolution / 2
    return np.full(half.shape, half.min()) if family.name == "spherical" else half


def log_prior(name, data, priors, weights, means, sds, z):
    """Every prior's log density by SciPy, in the order of the model."""
    family, (K, D) = FAMILIES[name], means.shape
    centre, bound = column_scale(data, family) * K ** (-1 / D), half_resolution(data, family)
    centre, bound = (family.compact_sds(np.broadcast_to(v, (K, D))) for v in (centre, bound))
    lognormal = stats.lognorm(1.0, scale=centre)
    b = priors.lkj_eta + (D - 2 - np.tril_indices(D, -1)[1]) / 2
    return {
        "weights": stats.dirichlet(np.full(K, float(priors.concentration))).logpdf(weights) if K > 1 else 0.0,
        "means": stats.norm(data.location, 2.5 * data.scale).logpdf(means),
        "sds": lognormal.logpdf(sds) - lognormal.logsf(bound),
        "partials": stats.beta(b, b).logpdf((z + 1) / 2) - np.log(2) if z.size else np.zeros(0),
    }


def log_rows(name, x, weights, means, sds, z):
    family, (K, D) = FAMILIES[name], means.shape
    R = correlation_cholesky(z, D) if z.size else np.eye(D)
    L = np.broadcast_to(family.expand_sds(sds, K, D)[..., None] * R, (K, D, D))
    y = [solve_triangular(factor, (x - m).T, lower=True) for m, factor in zip(means, L, strict=True)]  # (K, D, N)
    log_normal = stats.norm.logpdf(y).sum(1) - np.log(np.diagonal(L, axis1=1, axis2=2)).sum(1)[:, None]
    return logsumexp(log_normal + np.log(weights)[:, None], axis=0)


def values_of(posterior, name):
    drawn = posterior["posterior"].to_dataset().isel(chain=0)
    return drawn[name].to_numpy() if name in drawn else np.empty((drawn.sizes["draw"], 0))


def test_log_posterior_equals_scipy_at_random_points(case, log_posterior, rng):
    name, data = case[0], as_data(make_rows())
    n_dim = sum(v.size for v in case[1].initial_point(random_seed=0).values())
    for _ in range(20):
        vector = rng.normal(size=n_dim)
        *parameters, jacobian = read(vector, name, data)
        expected = sum(v.sum() for v in log_prior(name, data, PRIORS, *parameters).values()) + jacobian
        expected += log_rows(name, data.x, *parameters).sum()
        np.testing.assert_allclose(log_posterior(vector)[0], expected, rtol=1e-10)


def test_gradient_equals_finite_differences(case, log_posterior, rng):
    n_dim = sum(v.size for v in case[1].initial_point(random_seed=0).values())
    vector, step = 0.5 * rng.normal(size=n_dim), 1e-5
    gradient = log_posterior(vector)[1]
    for i, unit in enumerate(np.eye(n_dim)):
        slope = (log_posterior(vector + step * unit)[0] - log_posterior(vector - step * unit)[0]) / (2 * step)
        np.testing.assert_allclose(gradient[i], slope, rtol=1e-5, atol=1e-5)


def test_free_variables_come_in_the_fixed_order(case):
    name, model, *_ = case
    shape, lead = SHAPES[name]
    expected = {"weights": ((K,), "simplex"), "means": ((K, D), "affine"), "sds": (shape, "logscale")}
    if lead is not None:
        expected["partials"] = ((*lead, D * (D - 1) // 2), "interval")
    assert {v.name: v.type.shape for v in model.free_RVs} == {k: shape for k, (shape, _) in expected.items()}
    assert [v.name for v in model.value_vars] == [f"{k}_{transform}__" for k, (_, transform) in expected.items()]


def test_the_pass_over_the_rows_stands_once_in_value_and_gradient(case):
    """As PyMC, and as nutpie after two rounds of rewriting, take the gradient."""
    _, model, *_ = case
    for value in (model.logp(), rewrite_graph(model.logp(), include=("canonicalize", "stabilize"))):
        nodes = {v.owner for v in ancestors([value, *pt.grad(value, model.value_vars)]) if v.owner is not None}
        assert [type(n.op) for n in nodes if isinstance(n.op, (RowLogDensity, RowLogDensityPullback))] == [
            RowLogDensity
        ]


def test_prior_draws_follow_the_priors(case):
    name, _, prior, *_ = case
    data, family = as_data(make_rows()), FAMILIES[name]
    drawn = prior["prior"].to_dataset().isel(chain=0)
    alpha = float(PRIORS.concentration)
    share = stats.beta(alpha, (K - 1) * alpha)
    assert min(stats.kstest(w, share.cdf).pvalue for w in drawn["weights"].to_numpy().T) > 1e-3
    z = (drawn["means"].to_numpy() - data.location) / (2.5 * data.scale)
    assert stats.kstest(z.ravel(), stats.norm.cdf).pvalue > 1e-3
    centre, bound = column_scale(data, family) * K ** (-1 / D), half_resolution(data, family)
    centre, bound = (family.compact_sds(np.broadcast_to(v, (K, D))) for v in (centre, bound))
    lognormal = stats.lognorm(1.0, scale=centre)
    uniform = 1 - lognormal.sf(drawn["sds"].to_numpy()) / lognormal.sf(bound)
    assert stats.kstest(uniform.ravel(), stats.uniform.cdf).pvalue > 1e-3
    if family.has_correlations(D):
        beta = PRIORS.lkj_eta - 1 + D / 2
        for r in drawn["correlations"].to_numpy().reshape(500, -1).T:
            assert stats.kstest((r + 1) / 2, stats.beta(beta, beta).cdf).pvalue > 1e-3


def test_deterministic_covariances_are_made_of_sds_and_correlations(case):
    name, _, prior, *_ = case
    drawn = prior["prior"].to_dataset().isel(chain=0)
    if not FAMILIES[name].has_correlations(D):
        assert set(drawn.data_vars) == {"weights", "means", "sds"}
        return
    sds, covariances = drawn["sds"].to_numpy(), drawn["covariances"].to_numpy()
    lead = ("component",) if name == "full" else ()
    assert drawn["correlations"].dims == ("draw", *lead, "pair")
    assert list(drawn["pair"].to_numpy()) == ["b:a", "c:a", "c:b"]
    assert drawn["covariances"].dims == ("draw", *lead, "feature", "feature_bis")
    np.testing.assert_allclose(np.diagonal(covariances, axis1=-2, axis2=-1), sds**2, rtol=1e-10)
    rows, columns = np.tril_indices(D, -1)
    correlations = covariances[..., rows, columns] / (sds[..., rows] * sds[..., columns])
    np.testing.assert_allclose(drawn["correlations"], correlations, atol=1e-10)


def test_prior_predictive_rows_follow_their_draw(case):
    """Whitened by the mixture's own mean and covariance, every draw's rows have mean 0 and variance 1."""
    name, _, prior, *_ = case
    drawn = prior["prior"].to_dataset().isel(chain=0)
    x = prior["prior_predictive"]["x"].isel(chain=0)
    assert x.dims == ("draw", "obs", "feature")
    weights, means = drawn["weights"].to_numpy(), drawn["means"].to_numpy()
    sds = FAMILIES[name].expand_sds(drawn["sds"].to_numpy(), K, D)
    centre = np.einsum("sk,skd->sd", weights, means)
    variance = np.einsum("sk,skd->sd", weights, sds**2 + (means - centre[:, None]) ** 2)
    z = (x.to_numpy() - centre[:, None]) / np.sqrt(variance)[:, None]
    assert abs(z.mean()) < 5 / np.sqrt(500 * N)
    assert abs((z**2).mean() - 1) < 0.05


def test_posterior_predictive_redraws_the_rows_only(case):
    *_, predictive = case
    assert list(predictive["posterior_predictive"].data_vars) == ["x"]
    assert predictive["posterior_predictive"]["x"].shape == (1, 50, N, D)


def test_log_likelihood_is_the_rows_log_density(case):
    name, _, _, posterior, _ = case
    names = ("weights", "means", "sds", "partials")
    log_likelihood = posterior["log_likelihood"]["x"]
    assert log_likelihood.dims == ("chain", "draw", "obs")
    for i in range(5):
        parameters = [values_of(posterior, v)[i] for v in names]
        expected = log_rows(name, as_data(make_rows()).x, *parameters)
        np.testing.assert_allclose(log_likelihood[0, i], expected, rtol=1e-9)


def test_log_prior_is_every_variables_own(case):
    name, model, _, posterior, _ = case
    names = ("weights", "means", "sds", "partials")
    got = posterior["log_prior"].to_dataset().isel(chain=0)
    assert set(got.data_vars) == {v.name for v in model.free_RVs}
    for i in range(5):
        parameters = [values_of(posterior, v)[i] for v in names]
        expected = log_prior(name, as_data(make_rows()), PRIORS, *parameters)
        for variable in got.data_vars:
            np.testing.assert_allclose(got[variable][i], expected[variable], rtol=1e-9, err_msg=variable)


@pytest.mark.filterwarnings("ignore:Estimated shape parameter of Pareto:UserWarning")
def test_loo_counts_rows(case):
    """The draws are no posterior, so the estimate itself is worth nothing, and may say so."""
    *_, posterior, _ = case
    assert az.loo(posterior, reff=1.0).n_data_points == N


def test_other_rows_can_be_set(case):
    name, model, _, posterior, _ = case
    other = make_rows(5, seed=9).to_numpy()
    with model:
        pm.set_data({"x_data": other}, coords={"obs": range(5)})
        few = posterior.isel(draw=slice(3))
        predictive = pm.sample_posterior_predictive(few, random_seed=2, progressbar=False, predictions=True)
        log_likelihood = pm.compute_log_likelihood(few, extend_inferencedata=False, progressbar=False)["x"]
        pm.set_data({"x_data": make_rows().to_numpy()}, coords={"obs": range(N)})
    assert predictive["predictions"]["x"].shape == (1, 3, 5, D)
    parameters = [values_of(few, v)[1] for v in ("weights", "means", "sds", "partials")]
    np.testing.assert_allclose(log_likelihood[0, 1], log_rows(name, other, *parameters), rtol=1e-9)


def test_observed_data_carry_the_names(case):
    _, _, prior, *_ = case
    rows = prior["observed_data"]["x"]
    assert rows.dims == ("obs", "feature")
    assert list(rows["feature"].to_numpy()) == ["a", "b", "c"]
    np.testing.assert_array_equal(rows, make_rows())


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize(("n_components", "n_features"), [(1, 1), (1, 3), (3, 1)])
def test_one_component_and_one_feature(name, n_components, n_features, rng):
    rows, family = make_rows(n_features=n_features), FAMILIES[name]
    model = build_model(rows, n_components, covariance_type=name)
    names = ["weights"] * (n_components > 1) + ["means", "sds"] + ["partials"] * family.has_correlations(n_features)
    assert [v.name for v in model.free_RVs] == names
    start = model.initial_point(random_seed=0)
    vector = rng.normal(size=sum(v.size for v in start.values()))
    point = dict(zip(start, np.split(vector, np.cumsum([v.size for v in start.values()])[:-1]), strict=True))
    point = {k: v.reshape(start[k].shape) for k, v in point.items()}
    data = as_data(rows)
    *parameters, jacobian = read(vector, name, data, n_components)
    expected = sum(np.sum(v) for v in log_prior(name, data, Priors(), *parameters).values()) + jacobian
    expected += log_rows(name, data.x, *parameters).sum()
    got = model.compile_fn(model.logp(), mode="FAST_COMPILE")(point)
    np.testing.assert_allclose(got, expected, rtol=1e-10)


READ_MODEL = """
import sys
import cloudpickle
model = cloudpickle.loads(sys.stdin.buffer.read())
point = model.initial_point(random_seed=0)
print(repr(float(model.compile_fn(model.logp(), mode="FAST_COMPILE")(point))))
"""


def test_model_travels_to_another_process():
    model = build_model(make_rows(), 2)
    expected = model.compile_fn(model.logp(), mode="FAST_COMPILE")(model.initial_point(random_seed=0))
    done = subprocess.run(
        [sys.executable, "-c", READ_MODEL], input=cloudpickle.dumps(model), capture_output=True, check=True
    )
    np.testing.assert_allclose(float(done.stdout), expected, rtol=1e-12)


@pytest.mark.filterwarnings("ignore:`sds` leaves a spike:bayesgmm.errors.PriorWarning")
def test_users_own_terms_and_priors_go_in(rng):
    priors = Priors(
        means=pm.Laplace.dist(np.array(3.0), np.array(10.0)), sds=pm.Weibull.dist(np.array(2.0), np.array(3.0))
    )
    with build_model(make_rows(), 2, covariance_type="diag", priors=priors) as model:
        pm.Potential("near", -((model["means"][0, 0] - 1.0) ** 2))
    point = model.initial_point(random_seed=0)
    point = {name: value + 0.3 * rng.normal(size=value.shape) for name, value in point.items()}
    got = model.compile_fn(model.logp(sum=False), mode="FAST_COMPILE")(point)
    data = as_data(make_rows())
    means = data.location + data.scale * point["means_affine__"]
    sds = data.scale * np.exp(point["sds_logscale__"])
    expected = stats.laplace(3.0, 10.0).logpdf(means) + np.log(data.scale)
    np.testing.assert_allclose(got[1], expected, rtol=1e-9)
    np.testing.assert_allclose(got[2], stats.weibull_min(2.0, scale=3.0).logpdf(sds) + np.log(sds), rtol=1e-9)
    np.testing.assert_allclose(got[-1], -((means[0, 0] - 1.0) ** 2), rtol=1e-9)


def test_change_of_units_changes_nothing_for_the_sampler(rng):
    factors = np.array([1000.0, 1e-3, 7.0])
    models = [build_model(rows, 2, covariance_type="diag") for rows in (make_rows(), make_rows() * factors)]
    start = models[0].initial_point(random_seed=0)
    point = {name: value + rng.normal(size=value.shape) for name, value in start.items()}
    logps = [model.compile_fn(model.logp(), mode="FAST_COMPILE")(point) for model in models]
    np.testing.assert_allclose(logps[1], logps[0] - N * np.log(factors).sum(), rtol=1e-10)


ERRORS = {
    "family": (lambda: build_model(make_rows(), 2, covariance_type="round"), "`covariance_type` must be one of"),
    "components": (lambda: build_model(make_rows(), 0), "n_components"),
    "too many components": (lambda: build_model(make_rows(3), 4), "Expected n_samples >= n_components"),
    "rank": (lambda: build_model(make_rows().assign(d=lambda x: x["a"] + x["b"]), 2), "linearly independent"),
    "concentration": (lambda: build_model(make_rows(), 2, priors=Priors(concentration=[1, 2, 3])), "concentration"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_bad_arguments_are_refused(name):
    call, match = ERRORS[name]
    with pytest.raises(ValueError, match=match):
        call()
