"""`BayesianGaussianMixture`: scikit-learn's contract, the reference posterior of Old Faithful, ArviZ on its result."""

import inspect
import logging
import pickle

import arviz as az
import numpy as np
import pymc as pm
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import cross_val_score
from sklearn.utils.estimator_checks import parametrize_with_checks

import bayesgmm as bg
from bayesgmm.covariance import FAMILIES
from bayesgmm.errors import InvalidArgumentError, InvalidArgumentTypeError, PriorWarning
from bayesgmm.estimators.bayesian import BayesianGaussianMixture
from bayesgmm.model.named import HalfNormal
from bayesgmm.model.priors import Priors

FEW = {"draws": 250, "tune": 50, "chains": 2, "random_state": 1, "progressbar": False}


@pytest.fixture(scope="module")
def default(faithful):
    """Two components on Old Faithful with the default settings."""
    return BayesianGaussianMixture(2, random_state=1, progressbar=False).fit(faithful)


@pytest.fixture(scope="module")
def few(faithful):
    """A short fit of every family."""
    return {name: BayesianGaussianMixture(2, covariance_type=name, **FEW).fit(faithful) for name in FAMILIES}


@pytest.fixture(scope="module")
def whole(faithful):
    """A fit of every family with the default draws: fewer leave `az.loo` in doubt of single rows."""
    settings = {"random_state": 1, "progressbar": False}
    return {name: BayesianGaussianMixture(2, covariance_type=name, **settings).fit(faithful) for name in FAMILIES}


@parametrize_with_checks(
    [
        BayesianGaussianMixture(method="nuts", draws=25, tune=25, chains=2, progressbar=False),
        BayesianGaussianMixture(method="laplace", draws=25, chains=2, progressbar=False),
        BayesianGaussianMixture(method="fullrank_advi", draws=25, chains=2, progressbar=False),
    ],
)
def test_scikit_learns_checks_pass(estimator, check):
    check(estimator)


def test_old_faithful_has_the_posterior_that_the_bootstrap_leads_one_to_expect(default, faithful):
    """Means within 0.2 posterior sd of EM; sds within 15 % of mclust's bootstrap errors (999 resamples)."""
    posterior, em = default.idata["posterior"], default.em_.mixture
    sd = {name: posterior[name].std(("chain", "draw")).values for name in ("weights", "means")}
    assert default.em_.log_likelihood == pytest.approx(-1130.26396, abs=5e-6)
    np.testing.assert_array_less(np.abs(default.means_ - em.means), 0.2 * sd["means"])
    np.testing.assert_allclose(sd["weights"], 0.0298, rtol=0.15)
    np.testing.assert_allclose(sd["means"], [[0.0292, 0.6044], [0.0337, 0.4745]], rtol=0.15)


def test_default_settings_suffice_on_old_faithful(default):
    posterior, stats = default.idata["posterior"].dataset, default.idata["sample_stats"].dataset
    assert dict(posterior.sizes) | {"chain": 4, "draw": 1000} == dict(posterior.sizes)
    assert max(float(value.max()) for value in az.rhat(posterior).values()) < 1.01
    for method in ("bulk", "tail"):
        assert min(float(value.min()) for value in az.ess(posterior, method=method).values()) > 1000
    assert not stats["diverging"].any()
    assert default.posterior_.is_identified


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("columns", [["waiting"], ["eruptions", "waiting"]], ids=len)
@pytest.mark.parametrize("n_components", [1, 2])
def test_default_settings_suffice_for_every_family(n_components, columns, name, faithful):
    fit = BayesianGaussianMixture(n_components, covariance_type=name, random_state=2, progressbar=False)
    idata = fit.fit(faithful[columns]).idata
    assert max(float(value.max()) for value in az.rhat(idata["posterior"].dataset).values()) < 1.01
    assert min(float(value.min()) for value in az.ess(idata["posterior"].dataset).values()) > 1000
    assert not idata["sample_stats"]["diverging"].any()


@pytest.mark.parametrize("name", FAMILIES)
def test_fitted_attributes_are_posterior_means_in_scikit_learns_layouts(name, few, faithful):
    fit, draws = few[name], few[name].mixture_
    assert draws.batch_shape == (2, 250)
    np.testing.assert_allclose(fit.weights_, draws.weights.mean((0, 1)))
    np.testing.assert_allclose(fit.means_, draws.means.mean((0, 1)))
    em = bg.GaussianMixture(2, covariance_type=name, random_state=1).fit(faithful)
    assert fit.covariances_.shape == em.covariances_.shape
    np.testing.assert_allclose(fit.covariances_, em.covariances_, rtol=0.4, atol=0.2)
    assert fit.n_features_in_ == 2
    assert fit.feature_names_in_.tolist() == ["eruptions", "waiting"]


def test_verbs_are_the_posteriors(default, faithful, tmp_path):
    posterior, X = default.posterior_, faithful[:20]
    np.testing.assert_array_equal(default.predict(X), posterior.predict(X))
    np.testing.assert_array_equal(default.predict_proba(X), posterior.predict_proba(X))
    np.testing.assert_array_equal(default.score_samples(X), posterior.score_samples(X))
    assert default.score(X) == pytest.approx(posterior.score_samples(X).mean())
    assert default.responsibilities(X).equals(posterior.responsibilities(X))
    assert default.summary(ci_prob=0.5).equals(posterior.summary(ci_prob=0.5))
    assert default.idata is posterior.idata
    assert default.save(tmp_path / "fit.nc") == tmp_path / "fit.nc"
    assert bg.load(tmp_path / "fit.nc").idata.identical(posterior.idata)
    rows, labels = default.sample(500)
    assert rows.shape == (500, 2) and set(labels) == {0, 1}
    np.testing.assert_array_equal(default.sample(500)[0], rows)


def test_fit_predict_labels_the_rows_it_was_given(faithful):
    labels = BayesianGaussianMixture(2, **FEW).fit_predict(faithful)
    assert np.bincount(labels).tolist() == [97, 175]  # EM's and mclust's sizes


def test_model_is_the_one_that_was_fitted_whatever_is_set_later(few, faithful):
    fit = clone(few["tied"]).fit(faithful).set_params(n_components=5, covariance_type="full")
    assert {v.name: tuple(v.shape.eval(mode="FAST_COMPILE")) for v in fit.model_.free_RVs} == {
        "weights": (2,),
        "means": (2, 2),
        "sds": (2,),
        "partials": (1,),
    }


def test_model_has_the_priors_of_the_fit_and_warns_of_them_once(faithful):
    """The warning belongs to the fit; what is set, pickled or asked for later changes nothing and says nothing."""
    fit = BayesianGaussianMixture(2, priors=Priors(sds=HalfNormal([1.0, 20.0])), **FEW)
    with pytest.warns(PriorWarning, match="'eruptions', 'waiting'"):
        fit.fit(faithful)
    again = pickle.loads(pickle.dumps(fit)).set_params(priors=None)
    assert {type(f.model_["sds"].owner.op).__name__ for f in (fit, again)} == {"HalfNormalRV"}


@pytest.mark.parametrize("fitted", [False, True], ids=["first fit", "refit"])
def test_column_names_are_refused_before_any_work(fitted, few, faithful):
    """A prior that EM's solution rules out would be complained of after the work."""
    fit = clone(few["diag"]).fit(faithful) if fitted else BayesianGaussianMixture(2, **FEW)
    before = dict(vars(fit))
    fit.set_params(priors=Priors(means=pm.Uniform.dist(-2.0, -1.0)))
    with pytest.raises(TypeError, match="Feature names are only supported if all input features have string names"):
        fit.fit(faithful.rename(columns={"waiting": 3}))
    assert vars(fit) == before | {"priors": fit.priors}


def test_series_is_one_feature(faithful):
    fit = BayesianGaussianMixture(1, **FEW).fit(faithful["waiting"])
    assert fit.feature_names_in_.tolist() == ["waiting"] and len(fit.predict(faithful["waiting"])) == 272


@pytest.mark.parametrize("verb", ["predict", "predict_proba", "score_samples", "score"])
def test_nothing_is_answered_before_the_fit(verb, faithful):
    with pytest.raises(NotFittedError):
        getattr(BayesianGaussianMixture(2), verb)(faithful)


@pytest.mark.parametrize(
    "name",
    ["idata", "model_", "mixture_", "weights_", "means_", "covariances_", "summary", "responsibilities", "sample"],
)
def test_nothing_is_there_before_the_fit(name):
    fit = BayesianGaussianMixture(2)
    with pytest.raises(NotFittedError):
        found = getattr(fit, name)
        found()


def test_estimator_pickles_with_its_posterior(default, faithful):
    again = pickle.loads(pickle.dumps(default))
    assert again.idata.identical(default.idata)
    np.testing.assert_array_equal(again.predict_proba(faithful), default.predict_proba(faithful))
    assert again.em_.log_likelihood == default.em_.log_likelihood


def test_clone_is_unfitted_and_gives_the_same_draws(few, faithful):
    again = clone(few["diag"])
    assert not hasattr(again, "posterior_")
    assert again.fit(faithful).idata["posterior"].equals(few["diag"].idata["posterior"])


def test_priors_and_start_survive_pickle_clone_and_repr(default):
    given = BayesianGaussianMixture(
        2, priors=Priors(means=pm.Normal.dist([3.0, 70.0], [5.0, 50.0])), init=default.posterior_, **FEW
    )
    for again in (clone(given), pickle.loads(pickle.dumps(given))):
        assert "priors=Priors(" in repr(again)
        assert again.fit(default.posterior_.observed).posterior_.is_identified


def test_cross_validation_runs(faithful):
    scores = cross_val_score(BayesianGaussianMixture(2, **FEW), faithful.sample(frac=1.0, random_state=1), cv=3)
    assert scores.shape == (3,) and (np.abs(scores + 4.2) < 0.5).all()  # EM's mean log-likelihood is -4.155


def test_refit_that_fails_keeps_the_former_result(few, faithful):
    fit = clone(few["diag"]).fit(faithful)
    before = fit.posterior_
    with pytest.raises(ValueError, match="constant column"):
        fit.fit(np.c_[np.arange(9.0), np.ones(9)])
    assert fit.posterior_ is before and fit.feature_names_in_.tolist() == ["eruptions", "waiting"]


def test_nothing_is_printed_where_it_is_not_asked_for(faithful, capfd):
    BayesianGaussianMixture(2, **FEW).fit(faithful).summary()
    assert capfd.readouterr() == ("", "")


NO_INTEGER, NO_COUNT = InvalidArgumentTypeError, InvalidArgumentError
WRONG = [
    ("n_components", 0, NO_COUNT, "`n_components` must be a positive integer; got 0"),
    ("n_components", 2.0, NO_INTEGER, "`n_components` must be a positive integer; got 2.0"),
    ("n_components", True, NO_INTEGER, "`n_components` must be a positive integer; got True"),
    ("covariance_type", "round", InvalidArgumentError, "`covariance_type` must be one of .*; got 'round'"),
    ("covariance_type", None, InvalidArgumentError, "`covariance_type` must be one of .*; got None"),
    ("method", "gibbs", InvalidArgumentError, r"`method` must be one of \['nuts'.*; got 'gibbs'"),
    ("method", None, InvalidArgumentError, "`method` must be one of .*; got None"),
    ("draws", 0, NO_COUNT, "`draws` must be a positive integer; got 0"),
    ("draws", "many", NO_INTEGER, "`draws` must be a positive integer; got 'many'"),
    ("tune", 0, NO_COUNT, "`tune` must be a positive integer; got 0"),
    ("tune", 1.5, NO_INTEGER, "`tune` must be a positive integer; got 1.5"),
    ("chains", -1, NO_COUNT, "`chains` must be a positive integer; got -1"),
    ("chains", None, NO_INTEGER, "`chains` must be a positive integer; got None"),
    ("priors", {"lkj_eta": 1}, InvalidArgumentTypeError, "`priors` must be a `Priors` or None; got {"),
    ("init", "kmeans", InvalidArgumentTypeError, "`init` must be a fitted estimator .*; got str"),
    ("cores", 0, NO_COUNT, "`cores` must be a positive integer; got 0"),
    ("cores", "all", NO_INTEGER, "`cores` must be a positive integer; got 'all'"),
    ("random_state", -1, InvalidArgumentError, "`random_state` must be at least 0"),
    ("random_state", "seed", InvalidArgumentTypeError, "`random_state` must be an integer, .*; got seed"),
    ("progressbar", 1, InvalidArgumentTypeError, "`progressbar` must be True or False; got 1"),
    ("progressbar", None, InvalidArgumentTypeError, "`progressbar` must be True or False; got None"),
    ("method_options", [1], InvalidArgumentTypeError, r"`method_options` must be a dict or None; got \[1\]"),
    (
        "method_options",
        {"steps": 1},
        InvalidArgumentError,
        r"`method_options` must have keys among .*; got \['steps'\]",
    ),
    ("method_options", {"target_accept": 1.5}, InvalidArgumentError, "between 0 and 1; got 1.5"),
]


@pytest.mark.parametrize(("name", "value", "error", "match"), WRONG, ids=lambda value: str(value)[:20])
def test_unusable_argument_is_one_clear_error_before_any_work(name, value, error, match):
    """The rows are no rows at all, so that whatever comes before the arguments would be complained of instead."""
    with pytest.raises(error, match=match) as caught:
        BayesianGaussianMixture().set_params(**{name: value}).fit(None)
    assert caught.value.name.startswith(name)


def test_every_argument_has_a_wrong_value_in_the_table():
    assert {name for name, *_ in WRONG} == set(inspect.signature(BayesianGaussianMixture).parameters)


STATISTICS = ["summary", "rhat", "ess", "mcse", "bfmi", "diagnose", "hdi", "loo"]
PLOTS = ["plot_trace_dist", "plot_rank", "plot_forest", "plot_energy", "plot_pair"]


@pytest.mark.parametrize("name", FAMILIES)
def test_arviz_takes_the_result_as_it_is(name, whole):
    idata = whole[name].posterior_.with_log_likelihood().idata
    for statistic in STATISTICS:
        assert getattr(az, statistic)(idata) is not None
    for plot in PLOTS:
        names = (
            {} if plot == "plot_energy" else {"var_names": ["weights", "means", "sds"][: 2 if "pair" in plot else 3]}
        )
        assert getattr(az, plot)(idata, backend="none", **names) is not None


def test_pymc_goes_on_from_the_file(default, faithful, tmp_path, caplog):
    """Only `x` is drawn; its replicates have the moments of the posterior predictive, and of the rows."""
    default.save(tmp_path / "fit.nc")
    posterior = bg.load(tmp_path / "fit.nc").idata["posterior"].to_dataset().isel(draw=slice(0, 50))
    with caplog.at_level(logging.INFO, logger="pymc"), default.model_:
        predictive = pm.sample_posterior_predictive(posterior, random_seed=2, progressbar=False)
    assert [r.getMessage() for r in caplog.records if "Sampling" in r.getMessage()] == ["Sampling: [x]"]
    rows = predictive["posterior_predictive"]["x"].values.reshape(-1, 2)
    np.testing.assert_allclose(rows.mean(0), faithful.mean(), rtol=0.02)
    np.testing.assert_allclose(rows.std(0), faithful.std(), rtol=0.05)
    np.testing.assert_allclose(np.corrcoef(rows.T)[0, 1], faithful.corr().iloc[0, 1], atol=0.03)
