"""Draws from the prior against closed forms, for every family; the groups that hold them; what is refused."""

import warnings

import numpy as np
import pandas as pd
import pymc as pm
import pytest
import xarray as xr
from scipy import stats

import bayesgmm as bg
from bayesgmm.covariance import FAMILIES
from bayesgmm.data import as_data
from bayesgmm.errors import InvalidArgumentError, InvalidArgumentTypeError, PriorWarning
from bayesgmm.model.simulation import draw_prior
from checks import expected_dims

pytestmark = pytest.mark.filterwarnings("ignore:`sds` leaves a spike:bayesgmm.errors.PriorWarning")

DRAWS, LEAST_P = 2000, 1e-3


def rows(n_features, n_rows=20):
    x = np.random.default_rng(7).normal(size=(n_rows, n_features)) * 10.0 ** np.arange(n_features) + 3.0
    x[:, 0] = x[:, 0].round(1)
    return pd.DataFrame(x, columns=[f"f{j}" for j in range(n_features)])


def draw(n_components, n_features, family="full", **priors):
    """Parameters from the prior, chain left out; few rows, so that it costs little."""
    X = rows(n_features)
    tree = bg.prior_predictive(
        X, n_components, covariance_type=family, priors=bg.Priors(**priors), draws=DRAWS, random_state=2
    )
    return tree["prior"].to_dataset().isel(chain=0), as_data(X)


def p_value(values, frozen):
    return stats.kstest(np.ravel(values), frozen.cdf).pvalue


@pytest.mark.parametrize("concentration", [[1.0, 2.0, 5.0], [0.5, 0.5, 0.5], [20.0, 1.0, 1.0]])
def test_weights_have_dirichlets_moments_and_marginals(concentration):
    """E w = a / A, Cov = {diag(a) A - a a'} / {A^2 (A + 1)}, w_k ~ Beta(a_k, A - a_k); within 4 standard errors."""
    a = np.array(concentration)
    total = a.sum()
    w = draw(3, 1, "diag", concentration=a)[0]["weights"].to_numpy()
    covariance = (np.diag(a) * total - np.outer(a, a)) / (total**2 * (total + 1))
    assert (np.abs(w.mean(0) - a / total) < 4 * np.sqrt(np.diag(covariance) / DRAWS)).all()
    products = (w - a / total)[:, :, None] * (w - a / total)[:, None, :]
    assert (np.abs(products.mean(0) - covariance) < 4 * products.std(0) / np.sqrt(DRAWS)).all()
    np.testing.assert_allclose(w.sum(1), 1.0, rtol=1e-12)
    assert all(p_value(w[:, k], stats.beta(a[k], total - a[k])) > LEAST_P for k in range(3))


@pytest.mark.parametrize("eta", [0.6, 1.0, 2.0, 7.0])
@pytest.mark.parametrize("n_features", [2, 3, 5])
def test_each_correlation_is_a_beta(n_features, eta):
    """(r + 1) / 2 ~ Beta(eta - 1 + D / 2, same), whatever the pair (Lewandowski, Kurowicka and Joe 2009)."""
    r = draw(1, n_features, "tied", lkj_eta=eta)[0]["correlations"].to_numpy()
    b = eta - 1 + n_features / 2
    assert r.shape == (DRAWS, n_features * (n_features - 1) // 2)
    assert all(p_value((column + 1) / 2, stats.beta(b, b)) > LEAST_P for column in r.T)


def test_correlation_matrices_are_lkjs():
    """det R is the product of 1 - z^2 over the partial correlations z = 2 b - 1, and E(1 - z^2) = 2 b_j / (2 b_j + 1).

    For D = 3 and eta = 1 these are 3/4, 3/4 and 2/3, so that E det R = 3/8.
    """
    r = draw(2, 3, lkj_eta=1.0)[0]["correlations"].to_numpy().reshape(-1, 3).T
    determinant = 1 + 2 * r.prod(0) - (r**2).sum(0)
    assert abs(determinant.mean() - 3 / 8) < 4 * determinant.std() / np.sqrt(determinant.size)
    assert determinant.min() > 0


@pytest.mark.parametrize("family", FAMILIES)
def test_default_sds_are_truncated_lognormals(family):
    """Put through their own distribution function they are uniform; none lies below half the column's step."""
    drawn, data = draw(3, 2, family)
    sds, member = drawn["sds"].to_numpy(), FAMILIES[family]
    scale = np.full(2, np.sqrt((data.scale**2).mean())) if family == "spherical" else data.scale
    half = np.zeros(2) if family == "spherical" else data.resolution / 2
    centre, bound = (member.compact_sds(np.broadcast_to(v, (3, 2))) for v in (scale / np.sqrt(3), half))
    lognormal = stats.lognorm(1.0, scale=centre)
    uniform = (lognormal.cdf(sds) - lognormal.cdf(bound)) / lognormal.sf(bound)
    assert (sds > bound).all()
    columns = uniform.reshape(DRAWS, -1).T
    assert all(p_value(column, stats.uniform()) > LEAST_P for column in columns)


SDS = {
    "HalfNormal": (lambda: pm.HalfNormal.dist([1.0, 5.0]), [stats.halfnorm(scale=s) for s in (1.0, 5.0)]),
    "Exponential": (lambda: pm.Exponential.dist(3.0), [stats.expon(scale=1 / 3)] * 2),
    "Gamma": (lambda: pm.Gamma.dist(2.0, [3.0, 4.0]), [stats.gamma(2.0, scale=1 / b) for b in (3.0, 4.0)]),
    "Weibull, no name": (lambda: pm.Weibull.dist(2.0, [1.0, 3.0]), [stats.weibull_min(2.0, scale=s) for s in (1, 3)]),
}


@pytest.mark.parametrize(("build", "exact"), SDS.values(), ids=SDS)
def test_given_sds_are_drawn_from_the_given_distribution(build, exact):
    sds = draw(2, 2, "diag", sds=build())[0]["sds"].to_numpy()
    assert all(p_value(sds[:, k, j], exact[j]) > LEAST_P for k in range(2) for j in range(2))


def test_half_student_t_and_root_inverse_gamma():
    sds = draw(2, 2, "diag", sds=pm.HalfStudentT.dist(3.0, 2.0))[0]["sds"].to_numpy()
    assert stats.kstest(sds.ravel(), lambda s: 2 * stats.t(3, scale=2.0).cdf(s) - 1).pvalue > LEAST_P
    sds = draw(2, 2, "diag", sds=pm.math.sqrt(pm.InverseGamma.dist(3.0, 2.0)))[0]["sds"].to_numpy()
    assert p_value(sds**2, stats.invgamma(3.0, scale=2.0)) > LEAST_P


def test_means_of_each_component_and_feature():
    loc, scale = np.array([[0.0, 50.0], [9.0, -50.0]]), np.array([[1.0, 2.0], [3.0, 4.0]])
    means = draw(2, 2, means=pm.Normal.dist(loc, scale))[0]["means"].to_numpy()
    assert all(
        p_value(means[:, k, j], stats.norm(loc[k, j], scale[k, j])) > LEAST_P for k in range(2) for j in range(2)
    )


def test_rows_follow_their_own_draw():
    """One component: each draw's rows, less its mean and over its sd, are standard normal."""
    tree = bg.prior_predictive(rows(1), draws=DRAWS // 10, random_state=2)
    means, sds = (tree["prior"][name].values.reshape(-1, 1, 1) for name in ("means", "sds"))
    assert p_value((tree["prior_predictive"]["x"].values[0] - means) / sds, stats.norm()) > LEAST_P


@pytest.mark.parametrize(("n_components", "n_features"), [(1, 1), (2, 1), (1, 2), (2, 3)])
@pytest.mark.parametrize("family", FAMILIES)
def test_groups_follow_the_schema(family, n_components, n_features):
    X = rows(n_features).set_axis([f"row {i}" for i in range(20)])
    tree = bg.prior_predictive(X, n_components, covariance_type=family, draws=5, random_state=3)
    assert set(tree.children) == {"prior", "prior_predictive", "observed_data"}
    expected = expected_dims(FAMILIES[family], n_components, n_features)
    assert {n: v.dims for n, v in tree["prior"].data_vars.items()} == {
        n: ("chain", "draw", *d) for n, d in expected.items()
    }
    replicates = tree["prior_predictive"]["x"]
    assert replicates.dims == ("chain", "draw", "obs", "feature") and replicates.shape == (1, 5, 20, n_features)
    assert list(replicates["feature"].values) == list(X) and list(replicates["obs"].values) == list(X.index)
    np.testing.assert_array_equal(tree["observed_data"]["x"], X)
    assert tree["prior"].attrs["covariance_type"] == family
    assert tree["prior"].attrs["n_components"] == n_components


def test_same_seed_same_draws_and_a_file_holds_them(tmp_path):
    first, again, other = (bg.prior_predictive(rows(2), 2, draws=5, random_state=s) for s in (1, 1, 2))
    assert first.identical(again)
    assert not first["prior"].equals(other["prior"])
    first.to_netcdf(tmp_path / "prior.nc")
    with xr.open_datatree(tmp_path / "prior.nc") as loaded:
        assert loaded.identical(first)


def test_draws_of_one_distribution_have_the_shape_asked_for():
    assert draw_prior(pm.MvNormal.dist(np.zeros(2), np.eye(2)), "means", (3, 2), 1).shape == (1, 3, 2)
    again = [draw_prior(pm.Laplace.dist(0.0, 1.0), "means", (3, 2), 4, seed=s) for s in (1, 1, 2)]
    assert np.array_equal(again[0], again[1]) and not np.array_equal(again[0], again[2])


ERRORS = {
    "draws": ({"draws": 0}, InvalidArgumentError, "`draws` must be"),
    "components": ({"n_components": 1.5}, InvalidArgumentTypeError, "n_components"),
    "family": ({"covariance_type": "round"}, InvalidArgumentError, "`covariance_type` must be one of"),
    "a flat prior": (
        {"priors": bg.Priors(means=pm.Flat.dist())},
        InvalidArgumentError,
        "`priors` must be distributions that can be drawn from; got Cannot sample from flat variable",
    ),
}


@pytest.mark.parametrize(("arguments", "error", "match"), ERRORS.values(), ids=ERRORS)
def test_bad_arguments_are_refused(arguments, error, match):
    with pytest.raises(error, match=match):
        bg.prior_predictive(rows(2), **arguments)


def test_a_prior_that_leaves_a_spike_is_warned_of():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        bg.prior_predictive(rows(1), 2, priors=bg.Priors(sds=pm.HalfNormal.dist(1.0)), draws=2, random_state=1)
    assert [w.category for w in caught] == [PriorWarning]
