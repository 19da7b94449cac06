"""Fits side by side: every number against its source, whatever the order of components and of fits."""

import itertools
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

import bayesgmm as bg
from bayesgmm.comparison.em import compare_em
from bayesgmm.comparison.fits import compare_fits
from bayesgmm.covariance import FAMILIES
from bayesgmm.data import as_data
from bayesgmm.em.fit import fit_em
from bayesgmm.mixture import Mixture
from bayesgmm.posterior.diagnostics import judge_approximation
from handmade import handmade_posterior, scattered_values

COSTS = ["seconds", "ess", "ess_per_second", "r_hat", "pareto_k"]


def with_attrs(posterior, **attrs):
    group = posterior.idata["posterior"].to_dataset(inherit=False)
    return posterior.with_group("posterior", group.assign_attrs(attrs))


def turned(posterior, order):
    """The same draws and the same EM solution, with their components in another order."""
    for name in ("posterior", "em", "relabelling"):
        group = posterior.idata[name].to_dataset(inherit=False)
        permuted = group.isel(component=order).assign_coords(component=group["component"].values)
        posterior = posterior.with_group(name, permuted)
    return posterior


def approximation(posterior, method="laplace", **attrs):
    """The same draws, said to be those of an approximation."""
    held = {"pareto_k": 0.4, "importance_ess": 600.0, "least_sd_ratio": 0.95, "largest_shift": 0.1, "is_resampled": 1}
    return with_attrs(posterior, method=method, **{**held, **attrs})


@pytest.fixture
def posterior(faithful, rng):
    return handmade_posterior(faithful, 2, rng=rng)


@pytest.mark.parametrize("n_components", [1, 2])
@pytest.mark.parametrize("name", FAMILIES)
def test_columns_are_the_summary_and_compare_em(name, n_components, faithful, rng):
    posterior = handmade_posterior(faithful, n_components, name, rng=rng)
    comparison = compare_fits({"EM": posterior.em_fit, "nuts": posterior})
    table, summary, beside = comparison.parameters, posterior.summary(), compare_em(posterior)
    assert table.columns.get_level_values("fit").unique().tolist() == ["EM", "nuts"]
    assert table.index.tolist() == summary.index.tolist()
    pd.testing.assert_frame_equal(
        table["nuts"], pd.DataFrame(summary)[table["nuts"].columns], check_names=False, check_flags=False
    )
    np.testing.assert_allclose(table["EM"][["estimate", "se"]], beside[["em", "em_se"]])
    z = norm.ppf(0.5 + 0.89 / 2)
    np.testing.assert_allclose(table["EM", "eti89_ub"] - table["EM", "estimate"], z * beside["em_se"])
    np.testing.assert_allclose(table["EM", "estimate"] - table["EM", "eti89_lb"], z * beside["em_se"])


def test_the_interval_is_the_one_asked_for(posterior):
    table = compare_fits({"nuts": posterior, "EM": posterior.em_fit}, ci_prob=0.5, ci_kind="hdi").parameters
    summary = posterior.summary(ci_prob=0.5, ci_kind="hdi")
    np.testing.assert_array_equal(table["nuts", "hdi50_lb"], summary["hdi50_lb"])
    np.testing.assert_allclose(table["EM", "hdi50_ub"], table["EM", "estimate"] + 0.6744898 * table["EM", "se"])


def test_a_fit_lies_nowhere_but_where_it_is(posterior):
    fits = compare_fits({"one": posterior, "same": posterior}).fits
    np.testing.assert_allclose(fits["shift"], 0.0, atol=1e-9)
    np.testing.assert_allclose(fits["sd_ratio"], 1.0)


@pytest.mark.parametrize("name", FAMILIES)
def test_the_order_of_components_changes_nothing(name, faithful, rng):
    one, other = (handmade_posterior(faithful, 3, name, rng=rng) for _ in range(2))
    order = [1, 2, 0]
    straight = compare_fits({"one": one, "other": other, "EM": one.em_fit})
    mixed = compare_fits({"one": one, "other": turned(other, order), "EM": one.em_fit.permute(order)})
    pd.testing.assert_frame_equal(straight.parameters, mixed.parameters, rtol=1e-6)
    pd.testing.assert_frame_equal(straight.fits, mixed.fits, rtol=1e-6)
    assert straight.notes == mixed.notes


def test_the_first_posterior_names_the_rows(posterior):
    named = turned(posterior, [1, 0]).rename(["long", "short"])
    table = compare_fits({"EM": posterior.em_fit, "named": named, "numbered": posterior}).parameters
    assert table.index[:2].tolist() == ["weights[long]", "weights[short]"]
    np.testing.assert_array_equal(table["named"], table["numbered"])
    assert table.loc["means[short, waiting]", ("EM", "estimate")] == pytest.approx(posterior.em.means[0, 1])


def test_costs_are_those_of_the_summary(posterior):
    comparison = compare_fits({"nuts": with_attrs(posterior, sampling_time=0.5), "EM": posterior.em_fit})
    summary, fits = posterior.summary(), comparison.fits
    least = summary["ess_bulk"].min()
    assert fits["method"].tolist() == ["nuts", "em"]
    assert fits.loc["nuts", COSTS[:4]].tolist() == [0.5, least, 2 * least, summary["r_hat"].max()]
    assert np.isnan(fits.loc["nuts", "pareto_k"])
    assert fits.loc["EM", COSTS].isna().all()
    assert comparison.notes == ("Distances: from nuts, in its posterior sds.", f"nuts: {summary.notes[-1]}")


def test_time_that_nobody_kept_is_not_known(posterior):
    assert np.isnan(compare_fits({"nuts": posterior}).fits.loc["nuts", ["seconds", "ess_per_second"]]).all()


def test_resampled_draws_are_worth_what_weights_and_choice_leave(posterior):
    """200 draws chosen by weights that are worth 600: 1 / (1 / 600 + 1 / 200) = 150."""
    fits = compare_fits({"nuts": posterior, "laplace": approximation(posterior, sampling_time=3.0)}).fits
    assert fits.loc["laplace", ["ess", "ess_per_second", "pareto_k"]].tolist() == pytest.approx([150.0, 50.0, 0.4])
    assert np.isnan(fits.loc["laplace", "r_hat"])


def test_draws_of_an_approximation_alone_are_worth_nothing_known(posterior):
    advi = approximation(posterior, "advi", is_resampled=0, pareto_k=1.3)
    comparison = compare_fits({"nuts": posterior, "advi": advi})
    assert np.isnan(comparison.fits.loc["advi", "ess"])
    assert "ADVI's intervals are too narrow" in comparison.notes[2]


def test_narrower_and_shifted_draws_are_seen(faithful, rng):
    em = fit_em(as_data(faithful), 2, random_state=1)
    nuts, narrow = (
        handmade_posterior(
            faithful, 2, rng=rng, values=scattered_values(em.mixture, em.family, rng, shape=(4, 1000), scatter=scatter)
        )
        for scatter in (0.04, 0.02)
    )
    values = scattered_values(em.mixture, em.family, rng, shape=(4, 1000), scatter=0.04)
    values["sds"] *= np.exp(0.04)
    shifted = handmade_posterior(faithful, 2, rng=rng, values=values)
    comparison = compare_fits({"EM": em, "narrow": approximation(narrow), "nuts": nuts, "shifted": shifted})
    assert comparison.reference == "nuts"
    assert comparison.fits["sd_ratio"].tolist()[1:] == pytest.approx([0.5, 1.0, 1.0], rel=0.02)
    assert comparison.fits["shift"].tolist() == pytest.approx([0.0, 0.0, 0.0, np.sqrt(4 / 11)], abs=0.05)


def test_without_nuts_there_is_no_distance(posterior):
    comparison = compare_fits({"laplace": approximation(posterior), "EM": posterior.em_fit})
    assert comparison.reference is None
    assert comparison.fits[["shift", "sd_ratio"]].isna().all(axis=None)
    assert comparison.notes[0] == "Distances: none, as no fit is by NUTS."


@pytest.mark.parametrize("name", FAMILIES)
def test_what_is_known_is_a_point_in_the_order_of_the_posterior(name, faithful, rng):
    posterior = handmade_posterior(faithful, 3, name, rng=rng)
    truth = posterior.em
    comparison = compare_fits({"truth": truth.permute([2, 0, 1]), "nuts": posterior, "EM": posterior.em_fit})
    table = comparison.parameters
    np.testing.assert_allclose(table["truth", "estimate"], table["EM", "estimate"], rtol=1e-12)
    assert table["truth"].iloc[:, 1:].isna().all(axis=None)
    assert comparison.fits.loc["truth", "method"] == "known"
    assert comparison.fits.loc["truth", COSTS].isna().all()
    assert comparison.fits.loc["truth", "shift"] == pytest.approx(comparison.fits.loc["EM", "shift"])
    shown = comparison.rounded()[0].loc["means[0, waiting]"]
    places = len(shown["nuts"].split()[0].partition(".")[2])
    assert shown["truth"] == f"{table.loc['means[0, waiting]', ('truth', 'estimate')]:.{places}f}"


def test_where_one_fit_has_no_labels_the_rows_need_none(posterior):
    comparison = compare_fits({"one": posterior, "other": with_attrs(posterior, is_identified=0)})
    assert comparison.parameters.index[0] == "sorted_weights[0]"
    assert comparison.fits["shift"].isna().all()
    assert "cannot be told apart" in comparison.notes[0]
    assert comparison.notes[2].startswith("other: Labels: ")


def test_it_prints_intervals_costs_and_verdicts(posterior):
    comparison = compare_fits({"nuts": posterior, "EM": posterior.em_fit})
    text, row = repr(comparison), posterior.summary().loc["means[0, waiting]"]
    shown = f"{row['mean']:.2f} [{row['eti89_lb']:.2f}, {row['eti89_ub']:.2f}]"
    assert shown in text
    assert "nan" not in text
    assert text.endswith("\n".join(comparison.notes))
    assert "<td>" + shown in comparison._repr_html_()
    assert comparison._repr_html_().count("<table") == 2


def test_an_estimate_without_standard_error_stands_alone(posterior):
    blind = with_attrs(posterior, is_identified=0)
    weights, _ = compare_fits({"EM": posterior.em_fit, "blind": blind}).rounded()
    sd = blind.mixture.weights.max(-1).std()
    assert 0.001 < sd < 0.01  # two digits of which stand in the fourth place
    assert weights.loc["sorted_weights[0]", "EM"] == f"{posterior.em.weights.max():.4f}"


def test_what_fits_cost_prints_as_a_table_of_the_house(posterior):
    comparison = compare_fits({"nuts": with_attrs(posterior, sampling_time=0.5), "EM": posterior.em_fit})
    _, costs = comparison.rounded()
    pd.testing.assert_frame_equal(comparison.fits.rounded(), costs)
    assert comparison.fits.notes == comparison.notes
    text, page = repr(comparison.fits), comparison.fits._repr_html_()
    assert text.endswith("\n".join(comparison.notes)) and "nan" not in text.lower()
    assert text.splitlines()[1].split()[:3] == ["nuts", "nuts", "0.50"]
    assert "<td>0.50</td>" in page and "<p>Distances: from nuts" in page
    assert isinstance(comparison.fits["ess"].iloc[0], float)


def test_the_page_quotes_what_the_summary_says():
    page = (Path(__file__).parents[2] / "docs" / "methods.md").read_text(encoding="utf-8")
    quoted = set(re.findall(r'"(Approximation: [^"]*|Raise[^"]*)"', page))
    cases = itertools.product(("advi", "laplace"), (0.5, 0.8), (300.0, 3000.0), (0.95, 0.5), (0.1, 0.5), (True, False))
    said = " ".join(
        judge_approximation(method, k, ess=ess, width=width, shift=shift, is_resampled=resampled and k < 0.7)
        for method, k, ess, width, shift, resampled in cases
    )
    assert len(quoted) == 6
    assert [sentence for sentence in quoted if sentence not in said] == []


ERRORS = {
    "no mapping": (lambda p, X: [p, p], 'names to fits; got list. Name them, as in `{"nuts": fit, "em": em}`.'),
    "names that are numbers": (lambda p, X: {1: p}, "`fits` must be a mapping of names to fits"),
    "nothing": (lambda p, X: {}, r"`fits` must hold at least one fit with a posterior; got \[\]"),
    "EM alone": (lambda p, X: {"EM": p.em_fit}, "`fits` must hold at least one fit with a posterior; got .'EM'"),
    "no fit": (lambda p, X: {"a": p, "b": 3}, "must be a fitted estimator of this package"),
    "many mixtures": (
        lambda p, X: {"a": p, "b": p.mixture},
        r'`fits\["b"\]` must be one mixture; got a batch of shape',
    ),
    "a mixture alone": (
        lambda p, X: {"truth": p.em},
        "`fits` must hold at least one fit with a posterior; got .'truth'",
    ),
    "a mixture of other K": (
        lambda p, X: {"a": p, "truth": Mixture.from_sds([1.0], [[1.0, 2.0]], [[1.0, 1.0]])},
        r'`fits\["truth"\]` must have n_components=2, as the posterior has; got n_components=1',
    ),
    "other K": (
        lambda p, X: {"a": p, "b": handmade_posterior(X, 3, rng=np.random.default_rng(1))},
        r'`fits\["b"\]` must have n_components=2, as the posterior has; got n_components=3',
    ),
    "other family": (
        lambda p, X: {"EM": bg.GaussianMixture(2, covariance_type="tied", random_state=1).fit(X), "a": p},
        r"`fits\[\"EM\"\]` must have covariance_type='full', as the posterior has; got covariance_type='tied'",
    ),
    "other features": (
        lambda p, X: {"a": p, "b": handmade_posterior(X[["waiting"]], 2, rng=np.random.default_rng(1))},
        r"`fits\[\"b\"\]` must have the features .'eruptions', 'waiting'., .* got .'waiting'.",
    ),
    "other rows": (
        lambda p, X: {"a": p, "b": fit_em(as_data(X[:-1]), 2, random_state=1)},
        r'`fits\["b"\]` must be fitted to the rows of the posterior; got .* Fit it to the same rows',
    ),
}


@pytest.mark.parametrize(("make", "match"), ERRORS.values(), ids=ERRORS)
def test_wrong_argument_is_one_clear_error(make, match, posterior, faithful):
    with pytest.raises((ValueError, TypeError), match=match):
        compare_fits(make(posterior, faithful))
