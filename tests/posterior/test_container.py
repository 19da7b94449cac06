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
from bayesgmm.errors import InvalidArgumentError
from bayesgmm.model.named import LogNormal, Normal
from bayesgmm.model.priors import Priors
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


def test_other_groups_are_permuted_with_the_posterior(faithful, rng):
    idata, _ = foreign_idata(faithful, 2, "full", rng)
    draws = idata["posterior"].to_dataset()
    for name in ("log_prior", "prior"):
        idata[name] = xr.DataTree(draws[["means", "sds"]])
    idata["fewer"] = xr.DataTree(draws[["means"]].isel(draw=slice(10)))
    found = Posterior.from_idata(idata, faithful)
    assert (found.group("relabelling")["permutation"] != [0, 1]).any()
    for name in ("means", "sds"):
        assert np.array_equal(found.group("log_prior")[name], found.group("posterior")[name])
        assert np.array_equal(found.group("prior")[name], draws[name])
    assert np.array_equal(found.group("fewer")["means"], draws["means"][:, :10])


def shuffled_posterior(X, rng, **provenance):
    em = fit_em(as_data(X), 2, random_state=1)
    values, _ = shuffle_values(scattered_values(em.mixture, em.family, rng), em.family, rng)
    return handmade_posterior(X, 2, rng=rng, values=values, **provenance)


@pytest.mark.parametrize("asked", [None, True, False])
def test_draws_under_priors_that_differ_between_components_are_never_permuted(asked, faithful, rng):
    posterior = shuffled_posterior(faithful, rng, is_exchangeable=False)
    again = Posterior.from_idata(posterior.idata, faithful, is_exchangeable=asked)
    assert np.array_equal(again.mixture.means, posterior.mixture.means)
    assert again.group("relabelling").attrs["is_exchangeable"] == 0


PRIORS = {
    "concentration": (Priors(concentration=[1.0, 9.0]), False),
    "means": (Priors(means=Normal(np.array([[2.0, 50.0], [4.0, 80.0]]), 1.0)), False),
    "sds": (Priors(sds=LogNormal(np.array([[0.0, 0.0], [1.0, 1.0]]), 1.0)), False),
    "defaults": (Priors(), True),
}


@pytest.mark.parametrize(("priors", "expected"), PRIORS.values(), ids=PRIORS)
@pytest.mark.filterwarnings("ignore::bayesgmm.errors.PriorWarning")
def test_exchangeability_is_read_off_recorded_priors(priors, expected, faithful, rng):
    resolved = priors.resolve(as_data(faithful), 2, FAMILIES["full"])
    assert resolved.is_exchangeable == expected
    posterior = shuffled_posterior(faithful, rng, is_exchangeable=False, priors=resolved.to_json())
    bare = xr.DataTree.from_dict({"posterior": posterior.group("posterior")})
    assert Posterior.from_idata(bare, faithful).group("relabelling").attrs["is_exchangeable"] == expected


def test_foreign_draws_are_left_alone_on_demand(faithful, rng):
    idata, _ = foreign_idata(faithful, 2, "full", rng)
    found = Posterior.from_idata(idata, faithful, is_exchangeable=False)
    assert np.array_equal(found.mixture.means, idata["posterior"]["means"])


def test_adopted_rows_may_be_rounded_and_unnamed_and_keep_their_weights(faithful, rng):
    weights = rng.uniform(0.5, 2.0, len(faithful))
    posterior = handmade_posterior(faithful, 2, rng=rng, sample_weight=weights)
    again = Posterior.from_idata(posterior.idata, faithful.to_numpy() / 3 * 3)
    assert np.array_equal(again.data.sample_weight, weights)
    unnamed = handmade_posterior(faithful.to_numpy(), 2, rng=rng)
    assert Posterior.from_idata(unnamed.idata, faithful).feature_names == ("eruptions", "waiting")


@pytest.mark.parametrize("n_components", [1, 2])
@pytest.mark.parametrize("name", FAMILIES)
def test_every_variable_of_the_family_is_needed(name, n_components, faithful, rng):
    posterior = handmade_posterior(faithful, n_components, name, rng=rng)
    group = posterior.group("posterior")
    needed = [n for n in ("weights", "means", "sds", "partials") if n in group]
    assert len(needed) == 2 + (n_components > 1) + (name in ("full", "tied"))
    for variable in needed:
        tree = posterior.idata.copy()
        tree["posterior"] = xr.DataTree(group.drop_vars(variable))
        with pytest.raises(InvalidArgumentError, match=rf"`idata` must have {variable} \("):
            Posterior(tree)


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
    assert posterior._repr_html_().count("<p>") == 4


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
    "adopt other names of features": (
        lambda p, X: Posterior.from_idata(p.idata, X[["waiting", "eruptions"]]),
        r"`X` must have the features \['eruptions', 'waiting'\] of `idata`; got .*Give the rows that `build_model`",
    ),
    "adopt fewer rows": (
        lambda p, X: Posterior.from_idata(p.idata, X[:-1]),
        r"`X` must have shape \(272, 2\) as observed_data.*got shape \(271, 2\)",
    ),
    "adopt changed rows": (
        lambda p, X: Posterior.from_idata(p.idata, X.assign(eruptions=X["eruptions"] + 1e-9)),
        "`X` must hold the rows of observed_data.*in row 0, column 'eruptions'.*in their order",
    ),
    "adopt draws without weights": (
        lambda p, X: Posterior.from_idata(
            xr.DataTree.from_dict({"posterior": p.group("posterior").drop_vars("weights")}), X
        ),
        r"`idata` must have weights \(component\)",
    ),
    "mass as text": (lambda p, X: p.summary(ci_prob="a"), "`ci_prob` must be a number .*; got 'a'"),
    "mass of rows": (lambda p, X: p.responsibilities(ci_prob=1.5), "`ci_prob` must lie strictly .* got 1.5"),
    "mass of density": (lambda p, X: p.density(X, ci_prob=[0.5]), "`ci_prob` must be a number"),
    "mass of bands": (lambda p, X: p.ellipse_band(ci_prob=True), "`ci_prob` must be a number"),
    "mass unknown": (lambda p, X: p.marginal_density(0, [1.0], ci_prob=np.nan), "`ci_prob` must lie strictly"),
    "coverage as text": (lambda p, X: p.ellipse_band(coverage="a"), "`coverage` must lie strictly"),
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
