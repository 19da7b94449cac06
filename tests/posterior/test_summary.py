"""The table: the user's names, ArviZ's numbers, the verdicts below; label-free rows where labels mean nothing."""

import arviz as az
import numpy as np
import pandas as pd
import pytest

from bayesgmm.covariance import FAMILIES
from bayesgmm.data import as_data
from bayesgmm.em.fit import fit_em
from bayesgmm.posterior.tables import Table
from handmade import handmade_posterior, scattered_values, shuffle_values

ROWS = {
    ("full", 2): ["weights[0]", "weights[1]", "means[0, eruptions]", "means[0, waiting]"],
    ("tied", 2): ["sds[eruptions]", "sds[waiting]", "correlations[waiting:eruptions]"],
    ("diag", 2): ["sds[0, eruptions]", "sds[1, waiting]"],
    ("spherical", 2): ["sds[0]", "sds[1]"],
    ("full", 1): ["means[0, eruptions]", "correlations[0, waiting:eruptions]"],
}


def overlapping_posterior(X, rng):
    """Every second component means the same as its neighbour: no label can be right."""
    em = fit_em(as_data(X), 2, random_state=1)
    values = scattered_values(em.mixture, em.family, rng, scatter=3.0)
    return handmade_posterior(X, 2, rng=rng, values=values)


@pytest.mark.parametrize(("name", "n_components"), ROWS, ids=str)
def test_rows_bear_the_users_names(name, n_components, faithful, rng):
    table = handmade_posterior(faithful, n_components, name, rng=rng).summary()
    assert set(ROWS[name, n_components]) <= set(table.index)
    assert not any("partials" in row or "covariances" in row for row in table.index)


def test_numbers_are_arvizs(faithful, rng):
    posterior = handmade_posterior(faithful, 2, rng=rng)
    ours = posterior.summary(ci_prob=0.9, ci_kind="hdi")
    theirs = az.summary(
        posterior.idata,
        var_names=["weights", "means", "sds", "correlations"],
        ci_prob=0.9,
        ci_kind="hdi",
        round_to="none",
    )
    pd.testing.assert_frame_equal(pd.DataFrame(ours), theirs)
    assert {"mean", "sd", "hdi90_lb", "hdi90_ub", "ess_bulk", "ess_tail", "r_hat"} <= set(ours.columns)


def test_verdicts_stand_below_the_table(faithful, rng):
    posterior = handmade_posterior(faithful, 2, rng=rng)
    table = posterior.summary()
    assert [note.split(":")[0] for note in table.notes] == ["EM starts", "Labels", "Sampler"]
    assert repr(table).endswith("\n".join(table.notes))
    assert all(f"<p>{note}</p>" in table._repr_html_() for note in table.notes)


def test_divergences_are_counted(faithful, rng):
    posterior = handmade_posterior(faithful, 2, rng=rng)
    stats = posterior.group("sample_stats").copy()
    stats["diverging"] = stats["diverging"].copy(data=np.arange(200).reshape(4, 50) < 7)
    assert "7 divergences" in posterior.with_group("sample_stats", stats).summary().notes[2]


def test_nothing_averaged_over_labels_is_shown_where_they_are_not_identified(faithful, rng):
    posterior = overlapping_posterior(faithful, rng)
    assert not posterior.is_identified
    table = posterior.summary()
    assert {row.split("[")[0] for row in table.index} == {
        "sorted_weights",
        "mixture_mean",
        "mixture_sd",
        "mixture_correlation",
    }
    assert "not identified" in table.notes[1]


@pytest.mark.parametrize("name", FAMILIES)
def test_label_free_rows_do_not_change_when_labels_do(name, faithful, rng):
    family = FAMILIES[name]
    em = fit_em(as_data(faithful), 2, family, random_state=1)
    values = scattered_values(em.mixture, family, rng, scatter=3.0)
    shuffled, _ = shuffle_values(values, family, rng)
    tables = [handmade_posterior(faithful, 2, name, rng=rng, values=v).summary() for v in (values, shuffled)]
    assert np.allclose(*(table.drop(columns="r_hat").to_numpy() for table in tables), rtol=1e-8)


def test_table_is_shown_to_the_digits_that_matter_and_stored_in_full(tmp_path):
    frame = pd.DataFrame(
        {
            "mean": [1e6 + 1.23456, -0.000123456],
            "sd": [0.0341, 0.0000021],
            "ess_bulk": [812.9, 1000.0],
            "r_hat": [1.0014, 1.01],
        },
        index=["a", "b"],
    )
    table = Table.with_notes(frame, ["A note."])
    shown = table.rounded()
    assert shown.loc["a"].tolist() == ["1000001.235", "0.034", "812", "1.001"]
    assert shown.loc["b"].tolist() == ["-0.0001235", "0.0000021", "1000", "1.010"]
    table.to_csv(tmp_path / "table.csv")
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "table.csv", index_col=0), frame)


def test_what_is_cut_from_a_table_is_a_plain_frame(faithful, rng):
    table = handmade_posterior(faithful, 1, rng=rng).summary()
    assert type(table.iloc[:2]) is pd.DataFrame
    assert isinstance(table["mean"], pd.Series)


def test_one_chain_is_its_own_complaint(faithful, rng):
    em = fit_em(as_data(faithful), 2, random_state=1)
    values = scattered_values(em.mixture, em.family, rng, shape=(1, 200))
    table = handmade_posterior(faithful, 2, rng=rng, values=values).summary()
    assert "one chain: R-hat cannot be computed" in table.notes[2]
    assert "nan" not in table.notes[2]


@pytest.mark.parametrize("parameters", ["means", ["weights", "correlations"]])
def test_rows_can_be_chosen_and_keep_digits_and_notes(parameters, faithful, rng):
    """The verdict on the sampler is that of all rows, whichever are shown."""
    posterior = handmade_posterior(faithful, 2, rng=rng)
    whole, part = posterior.summary(), posterior.summary(parameters=parameters)
    kinds = [parameters] if isinstance(parameters, str) else parameters
    chosen = [name for name in whole.index if name.split("[")[0] in kinds]
    assert list(part.index) == chosen and part.notes == whole.notes
    pd.testing.assert_frame_equal(part.rounded(), whole.rounded().loc[chosen])
    assert repr(part).endswith("\n".join(whole.notes))


@pytest.mark.parametrize("parameters", ["modes", [], ["means", "modes"]], ids=str)
def test_rows_that_are_not_there_are_one_clear_error(parameters, faithful, rng):
    match = "`parameters` must be among 'weights', 'means', 'sds', 'correlations'; got "
    with pytest.raises(ValueError, match=match):
        handmade_posterior(faithful, 2, rng=rng).summary(parameters=parameters)
