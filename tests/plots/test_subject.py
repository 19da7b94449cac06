"""What a picture reads of a fit: names, rows, memberships, for every kind of fit."""

import numpy as np
import pandas as pd
import pytest

import bayesgmm as bg
from bayesgmm.covariance import as_family
from bayesgmm.data import as_data
from bayesgmm.em.fit import fit_em
from bayesgmm.errors import InvalidArgumentError, InvalidArgumentTypeError
from bayesgmm.plots.subject import MAX_ROWS, as_subject


def test_a_posterior_brings_its_rows_names_and_mean_responsibilities(posterior, faithful):
    subject = as_subject(posterior)
    np.testing.assert_array_equal(subject.x, faithful)
    np.testing.assert_allclose(subject.shares, posterior.responsibilities()["mean"], rtol=1e-10)
    assert (subject.point_name, subject.feature_names) == ("EM", ("eruptions", "waiting"))
    assert subject.component_names == ("0", "1")
    assert subject.draws.batch_shape == posterior.mixture.batch_shape


def test_names_of_components_come_along(posterior):
    assert as_subject(posterior.rename(["short", "long"])).component_names == ("short", "long")


def test_other_rows_take_the_place_of_the_observed(posterior, faithful):
    subject = as_subject(posterior, faithful[:5])
    assert subject.x.shape == (5, 2)
    assert subject.n_rows == 5


def test_a_frame_is_shown_for_a_fit_on_rows_without_names(four_features):
    frame = pd.DataFrame(four_features.observed.to_numpy(), columns=list("abcd"))
    subject = as_subject(four_features, frame)
    np.testing.assert_array_equal(subject.x, frame)
    assert subject.feature_names == four_features.feature_names


def test_em_has_no_rows_of_its_own(faithful):
    em = fit_em(as_data(faithful), 2, as_family("full"), random_state=1)
    bare, full = as_subject(em), as_subject(em, faithful)
    assert bare.x is None and bare.shares is None and bare.draws is None
    assert bare.feature_names == ("x0", "x1")
    assert full.feature_names == ("eruptions", "waiting")
    np.testing.assert_allclose(full.shares, em.mixture.responsibilities(faithful))


def test_an_em_estimator_knows_the_names_of_its_features(faithful):
    subject = as_subject(bg.GaussianMixture(2, random_state=1).fit(faithful))
    assert subject.feature_names == ("eruptions", "waiting")
    assert subject.point_name == "EM"


def test_a_mixture_is_no_fit(crowd):
    assert as_subject(crowd).point_name == "mixture"


def test_of_very_many_rows_always_the_same_part_is_shown(crowd):
    x, _ = crowd.sample(MAX_ROWS + 1, 1)
    once, again = as_subject(crowd, x), as_subject(crowd, x)
    assert once.x.shape == (MAX_ROWS, 2) and once.n_rows == MAX_ROWS + 1
    np.testing.assert_array_equal(once.x, again.x)


def test_what_is_no_fit_is_refused(posterior):
    with pytest.raises(InvalidArgumentTypeError, match="`fit` must be a fitted estimator"):
        as_subject("fit")
    with pytest.raises(InvalidArgumentError, match="`fit` must be a single mixture"):
        as_subject(posterior.mixture)


ROW_ERRORS = {
    "columns": (np.zeros((3, 3)), "X has 3 features, but Posterior is expecting 2"),
    "names": (pd.DataFrame({"a": [1.0], "b": [2.0]}), "feature names should match"),
    "missing": (np.full((3, 2), np.nan), "NaN"),
}


@pytest.mark.parametrize(("X", "match"), ROW_ERRORS.values(), ids=ROW_ERRORS)
def test_rows_that_do_not_fit(posterior, X, match):
    with pytest.raises(InvalidArgumentError, match=match):
        as_subject(posterior, X)
