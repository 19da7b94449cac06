"""Every prior and every family's term against closed forms: densities by SciPy, draws by Kolmogorov and Smirnov."""

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import pytest
from pymc.distributions.shape_utils import change_dist_size
from pymc.testing import assert_no_rvs
from scipy import stats
from scipy.special import ndtr

from bayesgmm.covariance import FAMILIES, correlation_cholesky
from bayesgmm.model import named
from bayesgmm.model.distributions import HalfStudentT, PartialCorrelation, RootInverseGamma, TruncatedLogNormal
from bayesgmm.model.priors import partial_exponents
from bayesgmm.model.terms import add_prior, add_scale, correlation_factor
from bayesgmm.model.transforms import Affine, LogScale

UNIT = np.array([0.5, 2.0])


def truncated_lognormal(mu, sigma, lower):
    """SciPy has no truncated log-normal with its own names: density and distribution function by hand."""
    kept = 1.0 - ndtr((np.log(lower) - mu) / sigma)
    base = stats.lognorm(sigma, scale=np.exp(mu))
    return (lambda s: base.logpdf(s) - np.log(kept)), (lambda s: (base.cdf(s) - (1.0 - kept)) / kept)


def scipy_prior(frozen):
    return frozen.logpdf, frozen.cdf


PRIORS = {
    "LogNormal": (named.LogNormal(0.3, 0.7), scipy_prior(stats.lognorm(0.7, scale=np.exp(0.3)))),
    "LogNormal truncated": (named.LogNormal(0.3, 0.7, lower=0.8), truncated_lognormal(0.3, 0.7, 0.8)),
    "HalfNormal": (named.HalfNormal(1.5), scipy_prior(stats.halfnorm(scale=1.5))),
    "Exponential": (named.Exponential(0.4), scipy_prior(stats.expon(scale=2.5))),
    "Gamma": (named.Gamma(3.0, 2.0), scipy_prior(stats.gamma(3.0, scale=0.5))),
    "InverseGammaVariance": (
        named.InverseGammaVariance(3.0, 2.0),
        (
            lambda s: stats.invgamma(3.0, scale=2.0).logpdf(s**2) + np.log(2 * s),
            lambda s: stats.invgamma(3.0, scale=2.0).cdf(s**2),
        ),
    ),
    "HalfStudentT": (
        named.HalfStudentT(4.0, 1.5),
        (lambda s: stats.t(4, scale=1.5).logpdf(s) + np.log(2), lambda s: 2 * stats.t(4, scale=1.5).cdf(s) - 1),
    ),
}


def model_of_sds(prior):
    with pm.Model(coords={"component": range(3), "feature": ["a", "b"]}) as model:
        lower = getattr(prior, "lower", 0.0)
        add_prior(prior, "sds", transform=LogScale(lower, UNIT), shape=(3, 2), dims=("component", "feature"))
    return model


def test_every_named_prior_of_the_sds_stands_in_the_table():
    assert {type(prior) for prior, _ in PRIORS.values()} == set(named.ScalePrior.__subclasses__())


@pytest.mark.parametrize("name", PRIORS)
def test_log_density_of_a_named_prior_with_its_jacobian(name, rng):
    prior, (log_density, _) = PRIORS[name]
    model = model_of_sds(prior)
    value = rng.normal(size=(3, 2))
    sds = prior.lower + UNIT * np.exp(value)
    got = model.compile_fn(model.logp(sum=False), mode="FAST_COMPILE")({"sds_logscale__": value})[0]
    np.testing.assert_allclose(got, log_density(sds) + value + np.log(UNIT), rtol=1e-10)
    np.testing.assert_allclose(prior.log_density(sds), log_density(sds), rtol=1e-10)


@pytest.mark.parametrize("name", PRIORS)
def test_draws_of_a_named_prior(name):
    prior, (_, distribution) = PRIORS[name]
    sds = model_of_sds(prior)["sds"]
    drawn = pm.draw(change_dist_size(sds, (1000, 3, 2)), random_seed=2)
    assert stats.kstest(drawn.ravel(), distribution).pvalue > 1e-3
    assert drawn.min() > prior.lower


DRAWN = {
    "partial": (PartialCorrelation, (2.0,)),
    "root": (RootInverseGamma, (3.0, 2.0)),
    "half t": (HalfStudentT, (3.0, 2.0)),
    "most kept": (TruncatedLogNormal, (0.3, 0.7, 0.8)),
    "little kept": (TruncatedLogNormal, (0.3, 0.7, 8.0)),
    "all kept": (TruncatedLogNormal, (0.3, 0.7, 0.0)),
}


@pytest.mark.parametrize("case", DRAWN)
def test_python_draws_equal_compiled_draws_in_distribution(case):
    variable, parameters = DRAWN[case]
    rv = variable.dist(*parameters, size=4000)
    ends = [pm.draw(rv, random_seed=seed, mode=mode) for seed, mode in ((3, None), (4, "FAST_COMPILE"))]
    assert stats.ks_2samp(*ends).pvalue > 1e-3


def test_partial_correlations_have_a_symmetric_beta_distribution(rng):
    b = np.array([0.5, 1.0, 3.5])
    z = rng.uniform(-0.99, 0.99, (5, 3))
    expected = stats.beta(b, b).logpdf((z + 1) / 2) - np.log(2)
    rv = PartialCorrelation.dist(b, size=(5, 3))
    np.testing.assert_allclose(pm.logp(rv, z).eval(mode="FAST_COMPILE"), expected, rtol=1e-10)
    for outside in (-1.0, 1.0, 2.0):
        with np.errstate(invalid="ignore", divide="ignore"):
            assert pm.logp(PartialCorrelation.dist(2.0), outside).eval(mode="FAST_COMPILE") == -np.inf


@pytest.mark.parametrize("lower", [0.0, 1e-3, 0.8, 3.0, 1e3])
def test_truncated_lognormal_is_normalised_however_little_is_kept(lower):
    s = np.array([1.1, 4.0, 1e4])
    rv = TruncatedLogNormal.dist(0.3, 0.7, lower)
    expected = named.LogNormal(0.3, 0.7, lower).log_density(s)
    np.testing.assert_allclose(pm.logp(rv, s).eval(mode="FAST_COMPILE"), expected, rtol=1e-12)


@pytest.mark.parametrize("n_features", [2, 3, 6])
def test_partial_correlations_make_lkj(n_features):
    """Every correlation of LKJ(eta): (r + 1) / 2 ~ Beta(eta - 1 + D / 2, the same)."""
    eta, D = 1.7, n_features
    rv = PartialCorrelation.dist(partial_exponents(D, eta), size=(4000, D * (D - 1) // 2))
    R = correlation_cholesky(pm.draw(rv, random_seed=5), D)
    rows, columns = np.tril_indices(D, -1)
    for r in (R @ R.mT)[:, rows, columns].T:
        assert stats.kstest((r + 1) / 2, stats.beta(eta - 1 + D / 2, eta - 1 + D / 2).cdf).pvalue > 1e-3


@pytest.mark.parametrize("shape", [(1, 2), (3, 3), (5,), (2, 4, 4)], ids=str)
def test_correlation_factor_equals_the_plain_formula(shape, rng):
    D = shape[-1]
    partials = rng.uniform(-0.999, 0.999, (*shape[:-1], D * (D - 1) // 2))
    symbolic = correlation_factor(pt.constant(partials), D).eval(mode="FAST_COMPILE")
    np.testing.assert_allclose(symbolic, correlation_cholesky(partials, D), atol=1e-14)


@pytest.mark.parametrize("transform", [Affine(UNIT, 3 * UNIT), LogScale(0.1 * UNIT, UNIT)])
def test_transforms_undo_themselves_and_know_their_jacobian(transform, rng):
    value = rng.normal(size=(3, 2))
    symbol = pt.matrix()
    back = transform.backward(symbol)
    slope = pt.grad(back.sum(), symbol)
    results = [transform.forward(back), transform.log_jac_det(symbol), pt.log(slope)]
    forward, log_jacobian, log_slope = (v.eval({symbol: value}, mode="FAST_COMPILE") for v in results)
    np.testing.assert_allclose(forward, value, rtol=1e-12)
    np.testing.assert_allclose(log_jacobian, log_slope, rtol=1e-12)
    assert "_" not in transform.name


USERS = {
    "positive": (pm.Weibull.dist(2.0, 3.0), "sds_logscale__", stats.weibull_min(2.0, scale=3.0)),
    "per feature": (pm.Weibull.dist(2.0, [3.0, 3.0]), "sds_logscale__", stats.weibull_min(2.0, scale=3.0)),
    "an expression": (
        pm.CustomDist.dist(dist=lambda size: pm.math.exp(pm.Normal.dist(0.0, 0.5, size=size))),
        "sds_logscale__",
        stats.lognorm(0.5),
    ),
    "bounded": (pm.Uniform.dist(0.5, 4.0), "sds_interval__", stats.uniform(0.5, 3.5)),
}


@pytest.mark.parametrize("case", USERS)
def test_users_distribution_is_resized(case):
    distribution, value_name, frozen = USERS[case]
    model = model_of_sds(distribution)
    assert [v.name for v in model.value_vars] == [value_name]
    drawn = pm.draw(change_dist_size(model["sds"], (1000, 3, 2)), random_seed=6)
    assert stats.kstest(drawn.ravel(), frozen.cdf).pvalue > 1e-3
    assert_no_rvs(model.logp())


def test_users_distribution_can_be_multivariate():
    with pm.Model(coords={"component": range(3), "feature": ["a", "b"]}) as model:
        prior = pm.MvNormal.dist(np.zeros(2), np.eye(2))
        settings = {"transform": Affine(np.zeros(2), UNIT), "shape": (3, 2), "dims": ("component", "feature")}
        means = add_prior(prior, "means", **settings)
    assert means.type.shape == (3, 2)
    assert [v.name for v in model.value_vars] == ["means_affine__"]


ERRORS = {
    "negative numbers": (lambda: pm.Normal.dist(0, 1), ValueError, "`sds` must be a distribution of positive numbers"),
    "an expression": (lambda: pm.math.exp(pm.Normal.dist(0, 1)), TypeError, "Wrap an expression"),
    "no distribution": (lambda: 3.0, TypeError, "`sds` must be a PyMC distribution"),
    "wrong shape": (lambda: pm.Weibull.dist(2.0, np.ones(5)), ValueError, r"`sds` must broadcast to shape \(3, 2\)"),
}


@pytest.mark.parametrize("case", ERRORS)
def test_unusable_priors_are_refused(case):
    make, error, match = ERRORS[case]
    with pytest.raises(error, match=match):
        model_of_sds(make())


def test_every_family_has_a_term():
    """The diagonal families' default has sds per component and feature; every other family is registered."""
    assert all(family.is_diagonal or type(family) in add_scale.registry for family in FAMILIES.values())
