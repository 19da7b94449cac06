"""The table of criteria: every number against its source, who is best, and what cannot be compared."""

import arviz as az
import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score

import bayesgmm as bg
from bayesgmm.covariance import FAMILIES
from bayesgmm.errors import InvalidArgumentError, InvalidArgumentTypeError
from bayesgmm.selection import criteria, elpd
from bayesgmm.selection.criteria import COLLAPSED, compare_criteria, find_best
from handmade import handmade_posterior

FOLDS = KFold(3, shuffle=True, random_state=1)


@pytest.fixture(scope="module")
def ems(faithful):
    return {
        f"{name} {K}": bg.GaussianMixture(K, covariance_type=name, random_state=1).fit(faithful)
        for name in FAMILIES
        for K in (1, 2)
    }


@pytest.fixture(scope="module")
def posteriors(faithful):
    rng = np.random.default_rng(1)
    return {f"{name} 2": handmade_posterior(faithful, 2, name, rng=rng) for name in ("full", "tied", "diag")}


@pytest.fixture
def collapsed():
    """Two components, one of them on a single row."""
    with pytest.warns(UserWarning, match="collapsed"):
        return bg.GaussianMixture(2, random_state=1).fit([[0.0], [0.3], [1.0], [50.0]])


def test_em_fits_have_the_numbers_of_their_estimators(ems, faithful):
    table = compare_criteria(ems, faithful)
    for name, em in ems.items():
        row = table.loc[name]
        assert (row["covariance_type"], row["n_components"]) == (em.covariance_type, em.n_components)
        assert (row["method"], row["n_parameters"], row["verdict"]) == ("em", em.result_.n_parameters, "converged")
        expected = [em.result_.log_likelihood, em.bic(faithful), em.aic(faithful), em.icl(faithful)]
        np.testing.assert_allclose(row[["log_likelihood", "bic", "aic", "icl"]].astype(float), expected, rtol=1e-10)
    assert table[["elpd_loo", "elpd_loo_se", "elpd_loo_diff", "n_high_k"]].isna().all(axis=None)


def test_a_list_is_numbered_and_values_stand_for_their_estimators(ems, faithful):
    table = compare_criteria([em.result_ for em in ems.values()], faithful)
    assert table.index.tolist() == list(range(8))
    pd.testing.assert_frame_equal(
        pd.DataFrame(table.set_index(pd.Index(ems, name="fit"))), pd.DataFrame(compare_criteria(ems, faithful))
    )


def test_without_rows_only_icl_is_missing(ems):
    table = compare_criteria(ems)
    assert table["icl"].isna().all() and table["bic"].notna().all()
    assert table.notes[-1] == "icl: give `X`, the rows of the fits."
    assert "icl" not in repr(table).split("\n")[0]


def test_a_posterior_brings_the_rows(ems, posteriors, faithful):
    table = compare_criteria([*ems.values(), posteriors["full 2"]])
    np.testing.assert_allclose(table["icl"].iloc[:8], [em.icl(faithful) for em in ems.values()], rtol=1e-10)
    assert table["icl"].iloc[8] == pytest.approx(posteriors["full 2"].icl)


def test_leave_one_out_is_arviz(posteriors):
    """Row by row: numbers of `az.loo`, differences of `az.compare`."""
    table = compare_criteria(posteriors)
    trees = {name: posterior.with_log_likelihood().idata for name, posterior in posteriors.items()}
    compared = az.compare(trees, round_to="none")
    for name, tree in trees.items():
        found, row = az.loo(tree), table.loc[name]
        assert (row["elpd_loo"], row["elpd_loo_se"]) == pytest.approx((found.elpd, found.se), rel=1e-10)
        assert row["p_loo"] == pytest.approx(found.p, rel=1e-10)
        assert row["n_high_k"] == 0
        assert row["elpd_loo_diff"] == pytest.approx(abs(compared.loc[name, "elpd_diff"]), rel=1e-9, abs=1e-9)
        assert row["elpd_loo_diff_se"] == pytest.approx(compared.loc[name, "dse"], rel=1e-9, abs=1e-9)
    assert table["elpd_loo_diff"].min() == 0.0


def test_high_k_is_counted_and_told(faithful, rng):
    """Draws that scatter far too little for a row that lies far away."""
    far = np.vstack([faithful.to_numpy(), [[12.0, 200.0]]])
    posterior = handmade_posterior(far, 1, rng=rng)
    table = compare_criteria([posterior])
    loo = az.loo
    with pytest.warns(UserWarning, match="Pareto"):
        found = loo(posterior.with_log_likelihood().idata, pointwise=True)
    assert table["n_high_k"].iloc[0] == (found.pareto_k > found.good_k).sum() > 0
    assert f"elpd_loo is unsure of rows with a high k-hat: full 1 ({table['n_high_k'].iloc[0]:.0f})." in table.notes


def test_the_best_are_marked_and_named(ems, faithful):
    table = compare_criteria(ems, faithful)
    for criterion in ("bic", "aic", "icl"):
        assert criterion in table["best"][table[criterion].idxmin()].split()
    assert sum(len(marks.split()) for marks in table["best"]) == 3
    assert table.notes[0] == "Best: bic full 2, aic full 2, icl full 2."


def test_of_elpd_more_is_better_and_the_note_says_how_sure(posteriors, monkeypatch):
    table = compare_criteria(posteriors)
    best = table["elpd_loo"].idxmax()
    assert "elpd_loo" in table["best"][best].split()
    needed = "(by 4 nats and two standard errors of the difference)"
    assert table.notes[1] == f"elpd_loo: {best} is told apart from all others {needed}."
    monkeypatch.setattr(criteria, "TOLD_APART", 1000.0)
    others = [name for name in posteriors if name != best]
    notes = compare_criteria(posteriors).notes
    assert notes[1].startswith(f"elpd_loo: {best} is not told apart from {', '.join(others)} (")
    assert notes[2:] == tuple(f"{name}: {posteriors[name].summary().notes[-1]}" for name in [best, *others])


def test_fits_of_one_model_are_never_told_apart(faithful):
    """Sets of draws that differ by more than two standard errors, but by less than 4 nats; and a fit beside itself."""
    draws = [handmade_posterior(faithful, 1, rng=np.random.default_rng(seed)) for seed in range(4)]
    table = compare_criteria(draws)
    behind = table["elpd_loo_diff"] > 0
    assert (table["elpd_loo_diff"] > criteria.TOLD_APART * table["elpd_loo_diff_se"])[behind].any()
    best = table["elpd_loo"].idxmax()
    others = ", ".join(f"full 1 (fit {i})" for i in range(4) if i != best)
    assert table.notes[1].startswith(f"elpd_loo: full 1 (fit {best}) is not told apart from {others} (")
    twice = compare_criteria({"one": draws[0], "again": draws[0]})
    assert twice.notes[1].startswith("elpd_loo: one is not told apart from again (")


def test_of_one_posterior_alone_nothing_is_said_to_be_told_apart(posteriors, ems):
    for fits in ([posteriors["full 2"]], [*ems.values(), posteriors["full 2"]]):
        notes = compare_criteria(fits).notes
        assert notes[1] == f"full 2: {posteriors['full 2'].summary().notes[-1]}"
        assert not any("told apart" in note for note in notes)


def test_notes_call_fits_as_the_user_does(ems, posteriors):
    named = compare_criteria({"short": ems["full 1"], "long": ems["full 2"], "draws": posteriors["full 2"]})
    assert named.notes[0] == "Best: bic long, aic long, icl long, elpd_loo draws."
    assert named.notes[1].startswith("draws: Sampler")


def test_notes_give_the_place_of_what_has_the_same_family_and_size(ems, posteriors):
    notes = compare_criteria([ems["full 1"], ems["full 2"], ems["full 2"], posteriors["full 2"]]).notes
    assert notes[0] == "Best: bic full 2 (fit 1), aic full 2 (fit 1), icl full 2 (fit 1), elpd_loo full 2."


def test_what_cannot_be_cross_validated_is_told_and_is_not_best(faithful, posteriors, rng):
    weighted = handmade_posterior(faithful, 2, rng=rng, sample_weight=np.full(len(faithful), 2.0))
    table = compare_criteria({"heavy": weighted})
    assert table[["elpd_loo", "elpd_loo_diff", "n_high_k"]].isna().all(axis=None)
    assert table["best"].tolist() == ["bic aic icl"]
    assert table.notes[1:] == ("heavy: no elpd_loo; its rows are weighted.",)
    sound = posteriors["full 2"]
    attrs = {"is_resampled": 0, "pareto_k": 0.9, "method": "advi"}
    poor = sound.with_group("posterior", sound.group("posterior").assign_attrs(attrs))
    table = compare_criteria({"poor": poor, "sound": sound})
    assert table["best"].tolist() == ["bic aic icl", "elpd_loo"]
    assert (
        table.notes[2]
        == 'poor: no elpd_loo; its draws are those of advi, with k-hat 0.90 (below 0.7): use method="nuts".'
    )


def test_the_order_of_rows_matters_only_to_leave_one_out(faithful, rng):
    posteriors = [handmade_posterior(rows, 1, rng=rng) for rows in (faithful, faithful[::-1])]
    table = compare_criteria(posteriors, elpd_loo=False)
    assert table["bic"].iloc[0] == pytest.approx(table["bic"].iloc[1], rel=1e-9)
    with pytest.raises(InvalidArgumentError, match=r"`fits\[1\]` must have its rows in the order of the others"):
        compare_criteria(posteriors)


def test_labels_are_judged(posteriors):
    posterior = posteriors["full 2"]
    group = posterior.idata["posterior"].to_dataset(inherit=False).assign_attrs(is_identified=0)
    table = compare_criteria([posterior, posterior.with_group("posterior", group)])
    assert table["verdict"].tolist() == ["identified", "not identified"]


def test_what_collapsed_is_never_best(collapsed):
    """Its likelihood, and so its BIC, is better than that of the sound fit, and says nothing."""
    X = [[0.0], [0.3], [1.0], [50.0]]
    table = compare_criteria({"one": bg.GaussianMixture(1).fit(X), "two": collapsed}, X)
    assert table["verdict"].tolist() == ["converged", COLLAPSED]
    assert table["bic"].idxmin() == "two"
    assert table["best"].tolist() == ["bic aic icl", ""]
    assert find_best(table.iloc[1:], "bic") is None
    assert compare_criteria([collapsed], X).notes[0] == "Best: none."


def test_a_column_of_ones_own_has_a_best_and_is_printed(ems, faithful):
    table = compare_criteria(ems, faithful)
    table["cv"] = np.linspace(-9.0, -2.0, len(table))
    assert find_best(table, "cv") == len(table) - 1
    assert find_best(table, "cv", ["cv"]) == 0
    table[7] = -4.0
    assert "-9" in repr(table) and "cv" in table._repr_html_() and "-4" in repr(table)


def test_it_prints_to_one_decimal_and_leaves_out_what_nobody_has(ems, faithful):
    head, first, *rest = repr(compare_criteria(ems, faithful)).split("\n")
    assert head.split() == [
        "covariance_type", "n_components", "method", "n_parameters", "log_likelihood", "bic", "aic", "icl", "verdict",
        "best",
    ]  # fmt: skip
    assert first.split() == "full 1 full 1 em 5 -1289.8 2607.6 2589.6 2607.6 converged".split()
    assert rest[-1].startswith("Best: ")


def test_weights_count(faithful):
    weight = np.tile([1.0, 3.0], len(faithful) // 2)
    em = bg.GaussianMixture(2, random_state=1).fit(faithful, sample_weight=weight)
    repeated = faithful.loc[faithful.index.repeat(weight.astype(int))]
    table = compare_criteria([em], faithful, sample_weight=weight)
    assert table["icl"].iloc[0] == pytest.approx(em.icl(repeated), rel=1e-9)
    assert table["bic"].iloc[0] == pytest.approx(em.bic(repeated), rel=1e-9)


ERRORS = {
    "nothing": (lambda e, p, x: compare_criteria([]), "`fits` must hold at least one fit"),
    "one fit": (lambda e, p, x: compare_criteria(e["full 2"]), "`fits` must be a sequence or a mapping of fits"),
    "text": (lambda e, p, x: compare_criteria("abc"), "`fits` must be a sequence or a mapping of fits; got str"),
    "mixture": (lambda e, p, x: compare_criteria([p["full 2"].em]), r"`fits\[0\]` must be a fit; got Mixture"),
    "other": (lambda e, p, x: compare_criteria([1]), "`fit` must be a fitted estimator"),
    "pair": (
        lambda e, p, x: compare_criteria({("full", 2): e["full 2"]}),
        r"`fits` must name every fit by a text; got \('full', 2\)",
    ),
    "weights alone": (
        lambda e, p, x: compare_criteria(p, sample_weight=np.ones(len(x))),
        "`sample_weight` must be given with `X`, the rows of the fits; got weights without rows",
    ),
    "rows": (lambda e, p, x: compare_criteria(e, x[1:]), r"`fits\['full 1'\]` must be the rows|made of"),
    "mixed": (
        lambda e, p, x: compare_criteria([e["full 1"], bg.GaussianMixture(1).fit(x[1:])]),
        r"`fits\[1\]` must be made of 272 rows of 2 features, as the first is; got 271 rows of 2",
    ),
}


@pytest.mark.parametrize(("call", "match"), ERRORS.values(), ids=ERRORS)
def test_errors_name_the_argument(call, match, ems, posteriors, faithful):
    with pytest.raises((InvalidArgumentError, InvalidArgumentTypeError), match=match):
        call(ems, posteriors, faithful)


def test_scikit_learn_cross_validates_em(faithful):
    """The score of a fold is the mean log density of its rows under the fit to the others."""
    em = bg.GaussianMixture(2, random_state=1)
    scores = cross_val_score(em, faithful, cv=FOLDS)
    for score, (train, test) in zip(scores, FOLDS.split(faithful), strict=True):
        fit = bg.GaussianMixture(2, random_state=1).fit(faithful.iloc[train])
        assert score == pytest.approx(fit.mixture_.log_density(faithful.iloc[test]).mean(), rel=1e-10)


def test_scikit_learn_searches_a_grid(faithful):
    grid = {"n_components": [1, 2], "covariance_type": ["full", "diag"]}
    search = GridSearchCV(bg.GaussianMixture(random_state=1), grid, cv=FOLDS).fit(faithful)
    assert search.best_params_ == {"n_components": 2, "covariance_type": "full"}
    assert compare_criteria([search.best_estimator_], faithful)["n_components"].tolist() == [2]


def test_scikit_learn_cross_validates_a_posterior(faithful):
    """The score is the mean log posterior predictive density, log E f(x) over the draws."""
    model = bg.BayesianGaussianMixture(2, method="laplace", draws=100, random_state=1, progressbar=False)
    scores = cross_val_score(model, faithful, cv=FOLDS)
    train, test = next(FOLDS.split(faithful))
    draws = model.fit(faithful.iloc[train]).mixture_.log_density(faithful.iloc[test])
    assert scores[0] == pytest.approx(np.log(np.exp(draws).mean((0, 1))).mean(), rel=1e-10)


def test_leaving_one_out_is_left_out_where_it_is_not_wanted(posteriors, monkeypatch):
    monkeypatch.setattr(elpd, "loo", None)
    table = compare_criteria(posteriors, elpd_loo=False)
    assert table["elpd_loo"].isna().all() and table["bic"].notna().all()
    assert len(table.notes) == 1
