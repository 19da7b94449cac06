"""`MixtureFeatures`: its columns, their names, its place in a pipeline, and scikit-learn's own checks."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from sklearn.utils.estimator_checks import parametrize_with_checks

from bayesgmm.errors import InvalidArgumentError, InvalidArgumentTypeError
from bayesgmm.estimators.bayesian import BayesianGaussianMixture
from bayesgmm.estimators.features import MixtureFeatures
from bayesgmm.estimators.gaussian import GaussianMixture
from bayesgmm.posterior.distances import component_distances

EM = GaussianMixture(2, random_state=1)
BAYES = BayesianGaussianMixture(2, draws=100, chains=2, random_state=1, progressbar=False)
each_mixture = pytest.mark.parametrize("mixture", [EM, BAYES], ids=["em", "posterior"])


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@parametrize_with_checks([MixtureFeatures(GaussianMixture(random_state=1))])
def test_check_estimator(estimator, check):
    check(estimator)


@each_mixture
def test_columns_are_memberships_then_distances(mixture, faithful):
    features = MixtureFeatures(mixture).fit(faithful)
    found, fitted = features.transform(faithful), clone(mixture).fit(faithful)
    np.testing.assert_array_equal(found[:, :2], fitted.predict_proba(faithful))
    np.testing.assert_array_equal(found[:, 2:], component_distances(fitted.mixture_, faithful))
    assert list(features.get_feature_names_out()) == ["membership0", "membership1", "distance0", "distance1"]


def test_given_mixture_stays_as_it_was(faithful):
    mixture = GaussianMixture(2, random_state=1)
    MixtureFeatures(mixture).fit(faithful)
    assert not hasattr(mixture, "weights_")


def test_kinds_choose_and_order_the_columns(faithful):
    features = MixtureFeatures(EM, kinds=["distance"]).set_output(transform="pandas")
    assert list(features.fit_transform(faithful).columns) == ["distance0", "distance1"]


def test_it_is_a_step_of_a_pipeline_beside_other_columns():
    """The target is an exclusive or of two features, which no line separates: by chance half of the rows are right."""
    rng = np.random.default_rng(1)
    corners = rng.integers(0, 2, size=(200, 2))
    table = pd.DataFrame(6.0 * corners + rng.normal(size=(200, 2)), columns=["a", "b"])
    table["color"] = rng.choice(["red", "blue"], 200)
    target = corners[:, 0] ^ corners[:, 1]
    columns = make_column_transformer(
        (MixtureFeatures(GaussianMixture(4, random_state=1)), ["a", "b"]), (OneHotEncoder(), ["color"])
    )
    scores = cross_val_score(make_pipeline(columns, LogisticRegression()), table, target, cv=4)
    assert scores.min() > 0.95
    names = columns.fit(table).get_feature_names_out()
    assert names[0] == "mixturefeatures__membership0"
    assert names[-1] == "onehotencoder__color_red"


@pytest.mark.parametrize(
    ("features", "error", "match"),
    [
        (
            MixtureFeatures(EM, kinds=["entropy"]),
            InvalidArgumentError,
            "`kinds` must be a sequence of kinds, each once, among 'membership', 'distance'; got",
        ),
        (MixtureFeatures(EM, kinds=[]), InvalidArgumentError, "`kinds` must be a sequence of kinds"),
        (MixtureFeatures(EM, kinds=5), InvalidArgumentError, "`kinds` must be a sequence .*; got 5"),
        (MixtureFeatures(EM, kinds=None), InvalidArgumentError, "`kinds` must be a sequence .*; got None"),
        (MixtureFeatures(EM, kinds="distance"), InvalidArgumentError, "`kinds` must be a sequence .*; got 'distance'"),
        (MixtureFeatures(EM, kinds=[["distance"]]), InvalidArgumentError, "`kinds` must be a sequence of kinds"),
        (MixtureFeatures(EM, kinds=("distance",) * 2), InvalidArgumentError, "`kinds` must be .*, each once"),
        (MixtureFeatures(LogisticRegression()), InvalidArgumentTypeError, "`mixture` must be a GaussianMixture"),
        (MixtureFeatures(None), InvalidArgumentTypeError, "`mixture` must be a GaussianMixture"),
    ],
)
def test_wrong_arguments_are_refused(features, error, match, faithful):
    with pytest.raises(error, match=match):
        features.fit(faithful)
