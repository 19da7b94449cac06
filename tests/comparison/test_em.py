"""EM beside the posterior: every column against its source, whatever the order of EM's components."""

import numpy as np
import pandas as pd
import pytest

import bayesgmm as bg
from bayesgmm.comparison.em import compare_em
from bayesgmm.covariance import FAMILIES
from bayesgmm.data import as_data
from bayesgmm.em.fit import fit_em
from bayesgmm.em.information import standard_errors
from handmade import handmade_posterior, scattered_values


@pytest.mark.parametrize("n_components", [1, 2])
@pytest.mark.parametrize("name", FAMILIES)
def test_columns_are_em_its_errors_and_the_summary(name, n_components, faithful, rng):
    posterior = handmade_posterior(faithful, n_components, name, rng=rng)
    table, summary = compare_em(posterior), posterior.summary()
    assert table.index.tolist() == summary.index.tolist()
    assert list(table.columns) == ["em", "em_se", "mean", "sd", "eti89_lb", "eti89_ub", "shift"]
    for column in ("mean", "sd", "eti89_lb", "eti89_ub"):
        assert np.array_equal(table[column], summary[column])
    assert np.allclose(table["shift"], (table["mean"] - table["em"]) / table["sd"])
    em = posterior.em
    assert np.allclose(table["em"][table.index.str.startswith("means")], em.means.ravel(), rtol=1e-12)
    sds = posterior.family.compact_sds(em.sds)
    assert np.allclose(table["em"][table.index.str.startswith("sds")], sds.ravel(), rtol=1e-12)
    errors = standard_errors(
        fit_em(as_data(faithful), n_components, posterior.family, random_state=1), as_data(faithful)
    )
    assert np.allclose(table["em_se"][table.index.str.startswith("means")], errors["means"].ravel(), rtol=0.02)


def test_errors_of_old_faithful_lie_near_the_bootstrap(faithful, rng):
    """999 resamples by mclust: weights .0298; means .0337 and .4745 (long), .0292 and .6044 (short)."""
    table = compare_em(handmade_posterior(faithful, 2, rng=rng))
    rows = ["weights[0]", "means[0, eruptions]", "means[0, waiting]", "means[1, eruptions]", "means[1, waiting]"]
    assert np.allclose(table.loc[rows, "em_se"], [0.0298, 0.0292, 0.6044, 0.0337, 0.4745], rtol=0.15)


def test_another_em_fit_may_come_in_any_order(faithful, rng):
    posterior = handmade_posterior(faithful, 2, rng=rng)
    em = fit_em(as_data(faithful), 2, random_state=5)
    straight, turned = compare_em(posterior, em), compare_em(posterior, em.permute([1, 0]))
    assert np.allclose(straight.to_numpy(float), turned.to_numpy(float), rtol=1e-6, atol=1e-8)
    assert np.allclose(straight["em"], compare_em(posterior)["em"], rtol=1e-3)


def test_an_em_fit_to_the_same_rows_and_weights_is_taken(faithful, rng):
    weights = rng.uniform(0.5, 2.0, len(faithful))
    posterior = handmade_posterior(faithful, 2, rng=rng, sample_weight=weights)
    order = rng.permutation(len(faithful))
    em = bg.GaussianMixture(2, random_state=1).fit(faithful.iloc[order], sample_weight=weights[order])
    assert compare_em(posterior, em).attrs["label_agreement"] > 0.9


def test_rows_are_compared(faithful, rng):
    posterior = handmade_posterior(faithful, 2, rng=rng)
    table = compare_em(posterior)
    ours, theirs = posterior.responsibilities()["mean"].values, posterior.em.responsibilities(faithful)
    assert table.attrs["label_agreement"] == pytest.approx((ours.argmax(1) == theirs.argmax(1)).mean())
    assert table.attrs["largest_change"] == pytest.approx(np.abs(ours - theirs).max(), abs=1e-9)
    assert table.notes[0].startswith("Rows: ") and table.notes[1].startswith("Labels: ")


def test_agreement_falls_where_the_posterior_moves_away(faithful, rng):
    em = fit_em(as_data(faithful), 2, random_state=1)
    values = scattered_values(em.mixture, em.family, rng)
    values["means"][..., 0, :] += 2 * em.mixture.sds[0]
    table = compare_em(handmade_posterior(faithful, 2, rng=rng, values=values))
    assert table.attrs["label_agreement"] < 1.0
    assert table.attrs["largest_change"] > 0.5
    assert table.loc["means[0, waiting]", "shift"] > 10


def test_no_row_per_component_where_labels_mean_nothing(faithful, rng):
    em = fit_em(as_data(faithful), 2, random_state=1)
    values = scattered_values(em.mixture, em.family, rng, scatter=3.0)
    table = compare_em(handmade_posterior(faithful, 2, rng=rng, values=values))
    assert table.index[0] == "sorted_weights[0]"
    assert table["em_se"].isna().all() and np.isfinite(table["em"]).all()
    assert np.allclose(table.loc["mixture_mean[waiting]", "em"], faithful["waiting"].mean(), rtol=1e-6)


ERRORS = {
    "no posterior": (lambda p, X: compare_em(p.em), "`fit` must have a posterior"),
    "no EM fit": (lambda p, X: compare_em(p, p), "`em` must be a fitted GaussianMixture"),
    "other K": (
        lambda p, X: compare_em(p, fit_em(as_data(X), 3, random_state=1)),
        "`em` must have n_components=2, as the posterior has; got n_components=3",
    ),
    "other family": (
        lambda p, X: compare_em(p, fit_em(as_data(X), 2, FAMILIES["tied"], random_state=1)),
        "`em` must have covariance_type='full', as the posterior has; got covariance_type='tied'",
    ),
    "other rows": (
        lambda p, X: compare_em(p, fit_em(as_data(X[:-1]), 2, random_state=1)),
        "`em` must be fitted to the rows of the posterior; got .* over 271 rows.* Fit it to the same rows",
    ),
    "changed rows": (
        lambda p, X: compare_em(p, fit_em(as_data(1.001 * X), 2, random_state=1)),
        "`em` must be fitted to the rows of the posterior",
    ),
    "other weights": (
        lambda p, X: compare_em(p, fit_em(as_data(X, sample_weight=np.tile([0.5, 1.5], 136)), 2, random_state=1)),
        "`em` must be fitted to the rows of the posterior",
    ),
}


@pytest.mark.parametrize(("call", "match"), ERRORS.values(), ids=ERRORS)
def test_wrong_argument_is_one_clear_error(call, match, faithful, rng):
    posterior = handmade_posterior(faithful, 2, rng=rng)
    with pytest.raises((ValueError, TypeError), match=match):
        call(posterior, faithful)


@pytest.mark.parametrize("parameters", ["means", ["weights", "sds"]])
def test_rows_can_be_chosen_and_keep_digits_and_notes(parameters, faithful, rng):
    posterior = handmade_posterior(faithful, 2, rng=rng)
    whole, part = compare_em(posterior), compare_em(posterior, parameters=parameters)
    kinds = [parameters] if isinstance(parameters, str) else parameters
    chosen = [name for name in whole.index if name.split("[")[0] in kinds]
    assert list(part.index) == chosen and part.notes == whole.notes and part.attrs == whole.attrs
    pd.testing.assert_frame_equal(part.rounded(), whole.rounded().loc[chosen])
    with pytest.raises(ValueError, match=r"`parameters` must be among 'weights', 'means', .*; got 'modes'"):
        compare_em(posterior, parameters="modes")
