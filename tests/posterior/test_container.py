"""`Posterior`: what it is, what it refuses, and how other things become one."""

import subprocess
import sys

import numpy as np
import pytest
import xarray as xr
from sklearn.cluster import KMeans

import bayesgmm as bg
from bayesgmm.covariance import FAMILIES
from bayesgmm.data import as_data
from bayesgmm.em.fit import fit_em
from bayesgmm.posterior.container import Posterior, as_result
from bayesgmm.posterior.ellipses import ellipse_band
from bayesgmm.posterior.layout import coordinates, name_parameters
from bayesgmm.posterior.marginals import marginal_density
from checks import check_schema
from handmade import handmade_posterior, scattered_values, shuffle_values


def foreign_idata(X, n_components, name, rng):
    """What PyMC would hand over: shuffled draws, derived variables, a group of its own, no labels."""
    data, family = as_data(X), FAMILIES[name]
    em = fit_em(data, n_components, family, random_state=3)
    values, _ = shuffle_values(scattered_values(em.mixture, family, rng), family, rng)
    draws = name_parameters(values, family, coordinates(data.feature_names, n_components))
    draws["covariances"] = ("anything", np.zeros(3))
    stats = xr.Dataset({"energy": (("chain", "draw"), rng.standard_normal((4, 50)))})
    return xr.DataTree.from_dict({"posterior": draws, "sample_stats": stats}), em


@pytest.mark.parametrize("name", FAMILIES)
def test_draws_of_another_sampler_get_labels_and_schema(name, faithful, rng):
    idata, em = foreign_idata(faithful, 2, name, rng)
    posterior = Posterior.from_idata(idata, faithful)
    check_schema(posterior.idata, name, 2, 2)
    assert np.allclose(posterior.mixture.means.mean((0, 1)), em.mixture.means, rtol=0.01)
    assert posterior.is_identified


def test_variables_of_the_users_own_are_kept_and_permuted(faithful, rng):
    idata, _ = foreign_idata(faithful, 2, "full", rng)
    draws = idata["posterior"].to_dataset()
    draws["double"] = 2 * draws["means"].sel(feature="waiting", drop=True)
    draws["total"] = draws["means"].sum(("component", "feature"))
    idata["posterior"] = xr.DataTree(draws)
    found = Posterior.from_idata(idata, faithful).group("posterior")
    assert np.array_equal(found["double"], 2 * found["means"].sel(feature="waiting"))
    assert np.array_equal(found["total"], draws["total"])


def test_labels_do_not_depend_on_the_order_of_the_draws(faithful, rng):
    em = fit_em(as_data(faithful), 2, random_state=1)
    values = scattered_values(em.mixture, em.family, rng)
    shuffled, order = shuffle_values(values, em.family, rng)
    straight, mixed = (handmade_posterior(faithful, 2, rng=rng, values=v) for v in (values, shuffled))
    assert np.array_equal(straight.mixture.means, mixed.mixture.means)
    assert np.array_equal(straight.group("posterior")["covariances"], mixed.group("posterior")["covariances"])
    permutation = mixed.group("relabelling")["permutation"].values
    assert np.array_equal(np.take_along_axis(order, permutation, -1), np.broadcast_to([0, 1], order.shape))


def test_rename_by_list_and_by_mapping(faithful, rng):
    posterior = handmade_posterior(faithful, 2, rng=rng)
    assert posterior.rename(["short", "long"]).component_names == ("short", "long")
    assert posterior.rename({1: "long"}).component_names == ("0", "long")
    assert posterior.component_names == (0, 1)
    assert "means[short, waiting]" in posterior.rename(["short", "long"]).summary().index


def test_bands_take_features_by_name_and_carry_names(faithful, rng):
    posterior = handmade_posterior(faithful, 2, rng=rng).rename(["short", "long"])
    outline = posterior.ellipse_band(["waiting", 0], coverage=0.5, ci_prob=0.8)
    xr.testing.assert_equal(
        outline.drop_vars(["component", "feature"]),
        ellipse_band(posterior.mixture, [1, 0], coverage=0.5, ci_prob=0.8),
    )
    assert outline["feature"].values.tolist() == ["waiting", "eruptions"]
    curve = posterior.marginal_density("waiting", [50.0, 80.0])
    xr.testing.assert_equal(curve.drop_vars("component"), marginal_density(posterior.mixture, 1, [50.0, 80.0]))
    assert curve["component"].values.tolist() == outline["component"].values.tolist() == ["short", "long"]


def test_adding_a_group_leaves_the_original_alone(faithful, rng):
    posterior = handmade_posterior(faithful, 2, rng=rng)
    more = posterior.with_log_likelihood()
    assert "log_likelihood" in more.idata.children
    assert "log_likelihood" not in posterior.idata.children


def test_repr_says_what_it_is_and_whether_to_trust_it(faithful, rng):
    posterior = handmade_posterior(faithful, 2, rng=rng)
    first, *rest = repr(posterior).split("\n")
    assert first == (
        "Posterior(n_components=2, covariance_type='full', method='nuts'; 4 chains x 50 draws; 272 rows x 2 features)"
    )
    assert rest == list(posterior.verdict)
    assert posterior._repr_html_().count("<p>") == 3


def test_results_are_unwrapped(faithful, rng):
    posterior = handmade_posterior(faithful, 2, rng=rng)
    em = fit_em(as_data(faithful), 2, random_state=1)
    for value in (posterior, em, em.mixture):
        assert as_result(value) is value
    fitted = bg.GaussianMixture(2, random_state=1).fit(faithful)
    assert as_result(fitted) is fitted.result_


def test_fit_pays_neither_for_pymc_nor_for_arvizs_statistics():
    code = "import sys, bayesgmm.posterior.assembly, bayesgmm.posterior.container; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.split(".")[0] for name in done.stdout.split()}
    assert loaded & {"arviz", "arviz_stats", "arviz_plots", "matplotlib", "pymc", "pytensor", "nutpie"} == set()


ERRORS = {
    "no DataTree": (lambda p, X: Posterior(p.group("posterior")), "`idata` must be an xarray.DataTree"),
    "no groups": (lambda p, X: Posterior(xr.DataTree()), "`idata` must have posterior, relabelling"),
    "no attributes": (
        lambda p, X: Posterior(
            xr.DataTree.from_dict({n: c.to_dataset().drop_attrs() for n, c in p.idata.children.items()})
        ),
        "`idata` must have n_components",
    ),
    "adopt nothing": (lambda p, X: Posterior.from_idata(xr.DataTree(), X), "`idata` must have a group posterior"),
    "adopt other names": (
        lambda p, X: Posterior.from_idata(xr.DataTree.from_dict({"posterior": xr.Dataset({"mu": 1.0})}), X),
        "`idata` must hold `means`",
    ),
    "adopt other rows": (lambda p, X: Posterior.from_idata(p.idata, X[["waiting"]]), "`X` must have 2 features"),
    "too few names": (lambda p, X: p.rename(["a"]), "`names` must be 2 distinct texts"),
    "equal names": (lambda p, X: p.rename(["a", "a"]), "`names` must be 2 distinct texts"),
    "one text": (lambda p, X: p.rename("ab"), "`names` must be 2 distinct texts"),
    "unknown old name": (lambda p, X: p.rename({7: "a"}), r"rename components among \[0, 1\]; got \[7\]"),
    "no fit": (lambda p, X: as_result(3), "`fit` must be a fitted estimator"),
    "not fitted": (lambda p, X: as_result(bg.BayesianGaussianMixture(2)), "not fitted"),
    "not ours": (lambda p, X: as_result(KMeans(2, n_init=1).fit(X)), "`fit` must be a fitted estimator.*got KMeans"),
    "unknown feature": (lambda p, X: p.ellipse_band(["waiting", "z"]), "`features` must be names or positions among"),
    "two features": (lambda p, X: p.marginal_density([0, 1], [1.0]), "`feature` must be one position"),
    "no interval": (lambda p, X: p.summary(ci_kind="wide"), "`ci_kind` must be 'eti', 'hdi' or None"),
}


@pytest.mark.parametrize(("call", "match"), ERRORS.values(), ids=ERRORS)
def test_wrong_argument_is_one_clear_error(call, match, faithful, rng):
    posterior = handmade_posterior(faithful, 2, rng=rng)
    with pytest.raises((ValueError, TypeError), match=match):
        call(posterior, faithful)
