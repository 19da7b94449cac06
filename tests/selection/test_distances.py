"""How far fits are from the best: distances, errors, and what stands apart."""

import numpy as np
import pandas as pd
import pytest

from bayesgmm.errors import InvalidArgumentError
from bayesgmm.selection.criteria import COLLAPSED
from bayesgmm.selection.distances import as_table, measure_distances


@pytest.fixture
def table():
    return pd.DataFrame(
        {
            "covariance_type": ["tied", "full", "full", "full", "tied"],
            "n_components": [2, 3, 1, 1, 3],
            "bic": [10.0, 4.0, 9.0, 8.0, 7.0],
            "cv": [-1.0, -2.0, np.nan, -4.0, -3.0],
            "verdict": ["converged"] * 5,
        }
    )


def test_distances_count_from_the_best_of_all_families(table):
    found = measure_distances(table, "bic")
    assert (found.best, found.where, found.side, found.sizes) == (4.0, ("full", 3), "above its least", (1, 2, 3))
    assert list(found.lines) == ["full", "tied"]
    assert found.lines["full"].n_components.tolist() == [1, 3]
    assert found.lines["full"].distances.tolist() == [4.0, 0.0]
    assert found.lines["tied"].distances.tolist() == [6.0, 3.0]
    assert np.isnan(found.lines["full"].errors).all()


def test_of_what_is_no_information_criterion_more_is_better(table):
    found = measure_distances(table, "cv")
    assert (found.best, found.where, found.side) == (-1.0, ("tied", 2), "below its highest")
    assert found.lines["full"].distances.tolist() == [3.0, 1.0]
    assert measure_distances(table, "cv", ["cv"]).where == ("full", 1)


def test_errors_of_differences_go_before_errors_of_numbers(table):
    table["cv_se"] = 0.5
    assert measure_distances(table, "cv").lines["tied"].errors.tolist() == [0.5, 0.5]
    table["cv_diff_se"] = [0.0, 0.1, 0.1, 0.1, 0.2]
    assert measure_distances(table, "cv").lines["tied"].errors.tolist() == [0.0, 0.2]


def test_collapsed_fits_stand_apart_where_their_likelihood_counts(table):
    table.loc[1, "verdict"] = COLLAPSED
    found = measure_distances(table, "bic")
    assert found.where == ("tied", 3)
    assert found.lines["full"].collapsed.tolist() == [[3.0, -3.0]]
    assert found.lines["full"].n_components.tolist() == [1]
    assert len(measure_distances(table, "cv").lines["full"].collapsed) == 0


def test_where_all_collapsed_nothing_is_best(table):
    found = measure_distances(table.assign(verdict=COLLAPSED), "bic")
    assert found.where is None and found.best == 4.0


def test_without_a_verdict_every_fit_counts(table):
    assert measure_distances(table.drop(columns="verdict"), "bic").where == ("full", 3)


def test_unknown_families_and_columns_are_named(table):
    with pytest.raises(InvalidArgumentError, match="round"):
        measure_distances(table.assign(covariance_type="round"), "bic")
    with pytest.raises(InvalidArgumentError, match=r"among \['bic', 'cv'\]; got 'verdict'"):
        measure_distances(table, "verdict")
    with pytest.raises(InvalidArgumentError, match="`fits` must have a column 'n_components'"):
        as_table(table.drop(columns="n_components"))
