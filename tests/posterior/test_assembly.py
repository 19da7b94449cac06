"""The DataTree: the schema for every family, and derived values against their formulas."""

import numpy as np
import pandas as pd
import pytest

from bayesgmm.comparison.fits import compare_fits
from bayesgmm.covariance import FAMILIES, as_family
from bayesgmm.data import as_data
from bayesgmm.em.fit import fit_em
from checks import check_schema
from handmade import handmade_posterior, scattered_values


@pytest.mark.parametrize("n_features", [1, 2, 3])
@pytest.mark.parametrize("n_components", [1, 2])
@pytest.mark.parametrize("name", FAMILIES)
def test_schema_holds(name, n_components, n_features, rng):
    X = rng.standard_normal((60, n_features)) + 6.0 * rng.integers(2, size=(60, 1))
    posterior = handmade_posterior(X, n_components, name, rng=rng)
    check_schema(posterior.idata, name, n_components, n_features)


@pytest.mark.parametrize("name", ["full", "tied"])
def test_covariances_are_sds_times_correlations(name, faithful, rng):
    draws = handmade_posterior(faithful, 2, name, rng=rng).group("posterior")
    first, second = draws["sds"].values[..., 0], draws["sds"].values[..., 1]
    covariance = draws["covariances"].values
    assert np.allclose(covariance[..., 0, 0], first**2, rtol=1e-12)
    assert np.allclose(covariance[..., 1, 0], first * second * draws["correlations"].values[..., 0], rtol=1e-12)


@pytest.mark.parametrize("name", FAMILIES)
def test_mixture_holds_what_the_draws_say(name, rng):
    X = rng.standard_normal((80, 3)) + 6.0 * rng.integers(2, size=(80, 1))
    posterior = handmade_posterior(X, 2, name, rng=rng)
    draws, mixture, family = posterior.group("posterior"), posterior.mixture, posterior.family
    assert np.array_equal(mixture.weights, draws["weights"])
    assert np.array_equal(mixture.means, draws["means"])
    assert np.allclose(family.compact_sds(mixture.sds), draws["sds"], rtol=1e-12)
    if family.has_correlations(3):
        correlations = mixture.correlations[..., 0, :] if family.is_shared else mixture.correlations
        assert np.allclose(correlations, draws["correlations"], atol=1e-12)


@pytest.mark.parametrize("name", FAMILIES)
def test_em_group_gives_the_point_estimate_back(name, faithful, rng):
    posterior = handmade_posterior(faithful, 2, name, rng=rng)
    group, em = posterior.group("em"), posterior.em
    log_likelihood = em.log_density(faithful).sum()
    assert float(group["log_likelihood"]) == pytest.approx(log_likelihood, rel=1e-12)
    p = posterior.family.n_parameters(2, 2) + 5
    assert posterior.bic == pytest.approx(p * np.log(272) - 2 * log_likelihood, rel=1e-12)
    assert posterior.aic == pytest.approx(2 * p - 2 * log_likelihood, rel=1e-12)
    assert posterior.icl > posterior.bic
    expected = posterior.family.compact(em.covariances) if name in ("full", "tied") else em.covariances
    assert np.allclose(group["covariances"], expected, rtol=1e-12)
    assert group.sizes["start"] == len(group["start_kind"]) > 1


def test_em_group_gives_the_whole_fit_back(faithful, rng):
    data = as_data(faithful)
    em, found = fit_em(data, 2, random_state=1), handmade_posterior(faithful, 2, rng=rng).em_fit
    for name in ("log_likelihood", "n_iter", "status", "total_weight", "n_parameters", "converged", "collapsed", "bic"):
        assert getattr(found, name) == getattr(em, name), name
    assert np.array_equal(found.path, em.path) and np.array_equal(found.counts, em.counts)
    assert (found.starts.kinds, found.starts.n_optima, found.starts.gap) == (
        em.starts.kinds,
        em.starts.n_optima,
        em.starts.gap,
    )
    assert np.allclose(found.mixture.scale_tril, em.mixture.scale_tril, rtol=1e-12)


def test_names_of_rows_and_columns_are_kept(faithful, rng):
    X = faithful.set_index(pd.Index([f"eruption {i}" for i in range(len(faithful))]))
    observed = handmade_posterior(X, 2, rng=rng).group("observed_data")
    assert observed["obs"].values.tolist() == X.index.tolist()
    assert observed["feature"].values.tolist() == ["eruptions", "waiting"]
    assert np.array_equal(observed["x"], X)


def test_sample_weights_are_kept_as_constant_data(faithful, rng):
    weight = rng.integers(1, 4, len(faithful)).astype(float)
    posterior = handmade_posterior(faithful, 2, rng=rng, sample_weight=weight)
    assert np.array_equal(posterior.group("constant_data")["sample_weight"], weight)
    assert posterior.data.total_weight == weight.sum()


def test_nothing_shares_memory_with_what_was_given(rng):
    X = rng.standard_normal((30, 2))
    posterior = handmade_posterior(X, 1, rng=rng)
    X[:] = 0.0
    assert (posterior.group("observed_data")["x"].values != 0).all()


@pytest.mark.parametrize("name", ["full", "tied"])
def test_a_correlation_that_rounding_made_one_is_moved_inside_and_said(name, faithful, rng):
    """One draw of 200, in one component or in all that share it."""
    family = as_family(name)
    values = scattered_values(fit_em(as_data(faithful), 2, family, random_state=1).mixture, family, rng)
    values["partials"][0, 0, ..., -1:] = 1.0
    if name == "full":
        values["partials"][0, 0, 0] = 0.3
    posterior = handmade_posterior(faithful, 2, name, rng=rng, values=values)
    partials = posterior.group("posterior")["partials"].values
    assert np.abs(partials).max() == np.nextafter(1.0, 0.0)
    assert np.isfinite(posterior.score_samples(faithful)).all()
    place = "component 1" if name == "full" else "every component"
    verdict = posterior.verdict[1]
    assert verdict.startswith("Labels: identified") and posterior.summary().notes[1] == verdict
    assert f"Degenerate: {place}, of whose draws 0.5 % have a correlation of one" in verdict
    comparison = compare_fits({"nuts": posterior, "EM": posterior.em_fit})
    assert np.isfinite(comparison.fits["shift"]).all()


def test_where_nothing_is_degenerate_nothing_is_said(faithful, rng):
    posterior = handmade_posterior(faithful, 2, rng=rng)
    assert posterior.attrs["degenerate"] == "" and posterior.verdict[1] == posterior.attrs["label_verdict"]
