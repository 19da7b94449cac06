"""`GaussianMixture`: scikit-learn's contract, what goes beyond it, and its errors and warnings."""

import pickle
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.mixture import GaussianMixture as ScikitLearn
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from bayesgmm.data import as_data
from bayesgmm.errors import ConvergenceWarning, DegenerateComponentWarning, InvalidArgumentError
from bayesgmm.estimators.gaussian import GaussianMixture

NAMES = ["full", "tied", "diag", "spherical"]
INIT_PARAMS = ["kmeans", "k-means++", "random", "random_from_data"]
each_family = pytest.mark.parametrize("name", NAMES)

quiet = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture(scope="module")
def X():
    rng = np.random.default_rng(7)
    return np.vstack([rng.normal(size=(60, 2)) * [1, 2], rng.normal(size=(90, 2)) * [2, 1] + [3, 4]])


def both(X, **parameters):
    """Our class and scikit-learn's with the same parameters, each fitted."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return GaussianMixture(**parameters).fit(X), ScikitLearn(**parameters).fit(X)


PARAMETERS = {"n_components": 3, "tol": 1e-5, "reg_covar": 1e-6, "max_iter": 200, "random_state": 3, "n_init": 2}
TIED_FROM_ROWS = {("tied", "k-means++"), ("tied", "random_from_data")}
SAME_STARTS = sorted({(name, init) for name in NAMES for init in INIT_PARAMS} - TIED_FROM_ROWS)


@pytest.mark.parametrize(("name", "init_params"), SAME_STARTS)
def test_given_a_procedure_everything_is_scikit_learns(name, init_params, X):
    """Tied from single rows is left out: scikit-learn's start there changes when the origin is moved."""
    ours, theirs = both(X, covariance_type=name, init_params=init_params, **PARAMETERS)
    for attribute in ("weights_", "means_", "covariances_", "precisions_", "precisions_cholesky_"):
        np.testing.assert_allclose(getattr(ours, attribute), getattr(theirs, attribute), rtol=1e-6, atol=1e-8)
    assert ours.n_iter_ == theirs.n_iter_
    assert ours.converged_ == theirs.converged_
    assert ours.lower_bound_ == pytest.approx(theirs.lower_bound_, abs=1e-10)
    np.testing.assert_allclose(ours.lower_bounds_[1:], theirs.lower_bounds_[1:], atol=1e-10)
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-7)
    np.testing.assert_allclose(ours.score_samples(X), theirs.score_samples(X), rtol=1e-6)
    assert ours.bic(X) == pytest.approx(theirs.bic(X))
    assert ours.aic(X) == pytest.approx(theirs.aic(X))


@quiet
@pytest.mark.parametrize("init_params", ["k-means++", "random_from_data"])
def test_tied_from_single_rows_does_not_depend_on_the_origin(init_params, X):
    parameters = {"covariance_type": "tied", "init_params": init_params, "random_state": 1, "reg_covar": 0.0}
    here, there = (GaussianMixture(2, **parameters).fit(rows) for rows in (X, X + 1000.0))
    np.testing.assert_allclose(there.means_, here.means_ + 1000.0, rtol=1e-9)


@each_family
def test_given_parameters_everything_is_scikit_learns(name, X):
    start = ScikitLearn(2, covariance_type=name, random_state=0).fit(X)
    given = {"weights_init": start.weights_, "means_init": start.means_[::-1], "precisions_init": start.precisions_}
    ours, theirs = both(X, n_components=2, covariance_type=name, tol=1e-6, reg_covar=1e-6, max_iter=300, **given)
    np.testing.assert_allclose(ours.means_, theirs.means_, rtol=1e-7)
    np.testing.assert_allclose(ours.covariances_, theirs.covariances_, rtol=1e-6)
    assert ours.n_iter_ == theirs.n_iter_


@each_family
def test_more_starts_are_never_worse_than_the_pool(name, X):
    """`n_init` alone asks for a search: neither scikit-learn's best of so many nor the pool is better."""
    settings = {"n_components": 3, "covariance_type": name, "tol": 1e-6, "reg_covar": 1e-6, "max_iter": 1000}
    search = GaussianMixture(n_init=3, random_state=2, **settings).fit(X).score(X)
    assert search >= GaussianMixture(random_state=2, **settings).fit(X).score(X)
    assert search >= ScikitLearn(n_init=3, random_state=2, **settings).fit(X).score(X) - 1e-9


@pytest.mark.parametrize("n_components", [2, 3])
def test_a_search_lists_all_starts_and_comes_in_one_order(n_components, faithful):
    """At K = 2 scikit-learn's start wins, at K = 3 the pool."""
    search = GaussianMixture(n_components, n_init=2, random_state=1).fit(faithful)
    pool = GaussianMixture(n_components, random_state=1).fit(faithful)
    starts = search.starts_
    assert starts.kinds == ("kmeans", "kmeans", *pool.starts_.kinds)
    np.testing.assert_array_equal(starts.log_likelihoods[2:], pool.starts_.log_likelihoods)
    assert search.result_.log_likelihood == pytest.approx(np.nanmax(starts.log_likelihoods), abs=1e-3)
    assert (starts.n_optima, starts.gap) == (pool.starts_.n_optima, pytest.approx(pool.starts_.gap, abs=1e-3))
    assert (np.diff(search.means_[:, 0]) > 0).all()


@pytest.mark.parametrize("given", [{"n_init": 1}, {"n_init": 2, "init_params": "kmeans"}])
def test_the_procedure_keeps_scikit_learns_order_and_starts(given, faithful):
    fit = GaussianMixture(2, random_state=1, **given).fit(faithful)
    assert fit.means_[0, 0] > fit.means_[1, 0]
    assert fit.starts_.kinds == ("kmeans",) * given["n_init"]


@each_family
def test_samples_are_scikit_learns(name, X):
    ours, theirs = both(X, covariance_type=name, init_params="kmeans", **PARAMETERS)
    (a, labels), (b, other) = ours.sample(500), theirs.sample(500)
    np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(labels, other)


@pytest.mark.parametrize("block", [*range(4), *(pytest.param(b, marks=pytest.mark.slow) for b in range(4, 20))])
def test_never_below_scikit_learn_from_the_same_start(block):
    """200 random inputs, equal settings; 1000 with the slow ones."""
    for seed in range(50 * block, 50 * (block + 1)):
        rng = np.random.default_rng(seed)
        D, K = rng.integers(1, 5, size=2)
        x = rng.normal(size=(int(rng.integers(20, 150)), D)) @ rng.normal(size=(D, D))
        x += rng.integers(0, 2, size=(len(x), 1)) * rng.normal(size=D) * 3
        settings = {"tol": 1e-6, "max_iter": 300, "reg_covar": 1e-6, "random_state": seed, "n_init": 1}
        ours, theirs = both(x, n_components=int(K), covariance_type=NAMES[seed % 4], **settings)
        assert ours.score(x) >= theirs.score(x) - 1e-8, seed


@each_family
def test_layouts(name, X):
    shapes = {"full": (2, 2, 2), "tied": (2, 2), "diag": (2, 2), "spherical": (2,)}
    fit = GaussianMixture(2, covariance_type=name, random_state=1).fit(X)
    for attribute in ("covariances_", "precisions_", "precisions_cholesky_"):
        assert getattr(fit, attribute).shape == shapes[name]
    matrices = fit.result_.family.expand(fit.precisions_cholesky_, 2, 2)
    np.testing.assert_allclose(matrices @ matrices.swapaxes(1, 2), np.linalg.inv(fit.mixture_.covariances), rtol=1e-9)
    np.testing.assert_array_equal(matrices, np.triu(matrices))


def test_defaults_beat_scikit_learns(faithful):
    """K = 3: the pool ends 4.77 nats above scikit-learn's default."""
    ours, theirs = GaussianMixture(3, random_state=1).fit(faithful), ScikitLearn(3, random_state=1).fit(faithful)
    assert len(faithful) * (ours.score(faithful) - theirs.score(faithful)) > 4.5
    assert ours.starts_.n_optima > 1


@each_family
def test_the_order_does_not_depend_on_the_seed(name, faithful):
    means = [GaussianMixture(2, covariance_type=name, random_state=s).fit(faithful).means_ for s in range(4)]
    np.testing.assert_allclose(means[1:], np.broadcast_to(means[0], (3, 2, 2)), rtol=1e-3)
    assert means[0][0, 0] < means[0][1, 0]


def test_a_given_start_keeps_its_order(faithful):
    fit = GaussianMixture(2, means_init=[[4.3, 80.0], [2.0, 54.0]]).fit(faithful)
    assert fit.means_[0, 0] > fit.means_[1, 0]


def test_what_goes_beyond_scikit_learn(faithful):
    fit = GaussianMixture(2, random_state=1).fit(faithful)
    assert fit.result_.mixture is fit.mixture_
    assert fit.result_.log_likelihood == pytest.approx(272 * fit.score(faithful))
    assert fit.result_.bic == pytest.approx(fit.bic(faithful)) == pytest.approx(2322.191743, abs=1e-4)
    assert fit.result_.aic == pytest.approx(fit.aic(faithful))
    shares = fit.predict_proba(faithful)
    assert fit.icl(faithful) == pytest.approx(fit.bic(faithful) - 2 * np.log(shares.max(1)).sum())
    assert fit.starts_.kinds[0] == "kmeans"
    assert np.bincount(fit.predict(faithful)).tolist() == [97, 175]


@each_family
def test_integer_weights_equal_repeated_rows(name, X, rng):
    counts = rng.integers(0, 4, size=len(X))
    parameters = {"covariance_type": name, "random_state": 1, "tol": 1e-12, "max_iter": 5000}
    weighted = GaussianMixture(2, **parameters).fit(X, sample_weight=counts)
    repeated = GaussianMixture(2, **parameters).fit(np.repeat(X, counts, axis=0))
    np.testing.assert_allclose(weighted.means_, repeated.means_, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(weighted.covariances_, repeated.covariances_, rtol=1e-3, atol=1e-4)
    np.testing.assert_array_equal(
        weighted.fit_predict(X, sample_weight=counts), weighted.fit(X, sample_weight=counts).predict(X)
    )


def test_feature_names_are_kept(faithful):
    fit = GaussianMixture(2, random_state=1).fit(faithful)
    assert fit.feature_names_in_.tolist() == ["eruptions", "waiting"]
    assert fit.n_features_in_ == 2
    with pytest.raises(ValueError, match="The feature names should match"):
        fit.predict(faithful.rename(columns={"waiting": "pause"}))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_containers_of_one_precision_agree(dtype, X):
    arrays = X.astype(dtype)
    plain = GaussianMixture(2, random_state=1).fit(arrays)
    for table in (pd.DataFrame(arrays, columns=["a", "b"]), pl.DataFrame(arrays, schema=["a", "b"])):
        fit = GaussianMixture(2, random_state=1).fit(table)
        assert fit.feature_names_in_.tolist() == ["a", "b"]
        assert fit.means_.dtype == fit.score_samples(table).dtype == dtype
        np.testing.assert_array_equal(fit.means_, plain.means_)


def test_a_series_is_one_feature(faithful):
    fit = GaussianMixture(2, random_state=1).fit(faithful["waiting"])
    assert (fit.n_features_in_, fit.feature_names_in_.tolist()) == (1, ["waiting"])
    np.testing.assert_array_equal(fit.predict(faithful["waiting"]), fit.predict(faithful[["waiting"]]))
    assert GaussianMixture().fit(faithful["waiting"].astype(np.float32)).means_.dtype == np.float32


FAILING = {
    "in the rows": {},
    "in the columns": {"n_components": 3},
    "in EM": {"n_components": 2, "reg_covar": 0.0},
}


@pytest.mark.parametrize("parameters", FAILING.values(), ids=FAILING)
def test_a_fit_that_fails_changes_nothing(parameters, faithful):
    fit = GaussianMixture(2, random_state=1).fit(faithful)
    before = {name: value for name, value in vars(fit).items() if name.endswith("_")}
    bad = pd.DataFrame(collapsed_rows(), columns=["u", "v"]).assign(w=[np.nan] + [1.0] * 9)
    with pytest.raises(ValueError, match=r"must|ill-defined"):
        fit.set_params(**parameters).fit(bad[["u", "v"]] if parameters else bad)
    after = {name: value for name, value in vars(fit).items() if name.endswith("_")}
    assert before.keys() == after.keys()
    assert all(before[name] is after[name] for name in before)
    assert fit.predict(faithful).shape == (272,)


def test_single_precision_in_single_precision_out(X):
    fit = GaussianMixture(2, random_state=1).fit(X.astype(np.float32))
    for value in (fit.weights_, fit.means_, fit.covariances_, fit.precisions_, fit.score_samples(X.astype(np.float32))):
        assert value.dtype == np.float32


def test_attributes_set_by_hand_are_obeyed(X):
    """A common way to make a mixture from known parameters, here with a lower triangular root of the precision."""
    known = GaussianMixture(2)
    known.weights_, known.means_ = np.array([0.4, 0.6]), np.array([[0.0, 0.0], [3.0, 4.0]])
    known.covariances_ = np.array([[[1.0, 0.3], [0.3, 2.0]], [[2.0, -0.5], [-0.5, 1.0]]])
    known.precisions_cholesky_ = np.linalg.cholesky(np.linalg.inv(known.covariances_))
    theirs = ScikitLearn(2, random_state=0)
    for name in ("weights_", "means_", "covariances_", "precisions_cholesky_"):
        setattr(theirs, name, getattr(known, name))
    np.testing.assert_allclose(known.score_samples(X), theirs.score_samples(X), rtol=1e-10)
    np.testing.assert_array_equal(known.predict(X), theirs.predict(X))
    known.random_state = 0
    np.testing.assert_allclose(known.sample(20)[0], theirs.sample(20)[0])


@quiet
def test_warm_start_goes_on_where_it_was(X):
    parameters = {"n_components": 2, "n_init": 1, "random_state": 1, "tol": 1e-9}
    whole = GaussianMixture(max_iter=6, **parameters)
    parts = GaussianMixture(max_iter=3, warm_start=True, **parameters)
    whole.fit(X)
    assert parts.fit(X).starts_ is not None
    parts.fit(X)
    np.testing.assert_allclose(parts.means_, whole.means_, rtol=1e-9)
    assert parts.starts_ is None


def test_max_iter_zero_gives_the_start_without_a_warning(X):
    start = GaussianMixture(2, max_iter=0, random_state=1).fit(X)
    kmeans = ScikitLearn(2, max_iter=0, random_state=1).fit(X)
    np.testing.assert_allclose(start.means_, kmeans.means_)
    assert (start.n_iter_, start.lower_bound_, start.lower_bounds_) == (0, -np.inf, [])
    assert not start.converged_


@pytest.mark.parametrize("n_init", [None, 2])
@pytest.mark.parametrize("verbose", [0, 1, 2])
def test_verbose_prints_what_scikit_learn_prints(verbose, n_init, X, capsys):
    GaussianMixture(2, n_init=n_init, random_state=1, verbose=verbose, verbose_interval=2).fit(X)
    printed = capsys.readouterr().out
    assert ("Initialization 0\n" in printed) == (verbose > 0)
    assert ("  Iteration 2" in printed) == (verbose > 0)
    assert ("Initialization converged." in printed) == (verbose > 0)
    assert ("time lapse" in printed) == (verbose > 1)


def test_clone_pickle_and_pipeline(X):
    fit = GaussianMixture(2, random_state=1).fit(X)
    loaded = pickle.loads(pickle.dumps(fit))
    np.testing.assert_array_equal(loaded.predict(X), fit.predict(X))
    assert clone(fit).get_params() == fit.get_params()
    assert make_pipeline(StandardScaler(), GaussianMixture(2, random_state=1)).fit(X).predict(X).shape == (150,)


def test_not_converged_is_said_once(faithful):
    with pytest.warns(ConvergenceWarning, match="Best performing initialization did not converge") as caught:
        GaussianMixture(4, max_iter=2, random_state=1).fit(faithful)
    assert len(caught) == 1


def test_a_collapsed_component_is_named_once():
    x = np.repeat([[0.0, 0.0], [1.0, 2.0], [3.0, 1.0], [4.0, 4.0]], 5, axis=0)
    with pytest.warns(DegenerateComponentWarning, match=r"component 0 \(5 of 20 rows\).*") as caught:
        fit = GaussianMixture(4, random_state=1).fit(x)
    assert len(caught) == 1
    assert "increase reg_covar" in str(caught[0].message)
    assert "reg_covar" not in fit.result_.message
    assert fit.converged_
    assert fit.result_.collapsed == (0, 1, 2, 3)


def collapsed_rows():
    return np.repeat([[0.0, 1.0], [1.0, 0.0]], 5, axis=0)


IRIS = load_iris().data
ERRORS = {
    "text": (lambda: GaussianMixture().fit([["a", "b"], ["c", "d"]]), "must hold real numbers; got text"),
    "nan": (lambda: GaussianMixture().fit([[1.0], [np.nan]]), "contains NaN"),
    "infinity": (lambda: GaussianMixture().fit([[1.0], [np.inf]]), "contains infinity"),
    "one dimension": (lambda: GaussianMixture().fit([1.0, 2.0, 3.0]), "Reshape your data"),
    "one row": (lambda: GaussianMixture().fit([[1.0, 2.0]]), "a minimum of 2 is required"),
    "no rows": (lambda: GaussianMixture().fit(np.empty((0, 2))), "0 sample"),
    "complex": (lambda: GaussianMixture().fit(np.array([[1j], [2.0]])), "Complex data not supported"),
    "fewer rows than components": (
        lambda: GaussianMixture(4).fit([[1.0], [2.0], [3.0]]),
        "Expected n_samples >= n_components but got n_components = 4, n_samples = 3",
    ),
    "dependent columns": (
        lambda: GaussianMixture(2).fit(pd.DataFrame({"a": IRIS[:, 0], "b": IRIS[:, 1], "twice a": 2 * IRIS[:, 0]})),
        "'a', 'twice a'",
    ),
    "constant column": (lambda: GaussianMixture(2, covariance_type="diag").fit(np.c_[IRIS, np.ones(150)]), "'x4'"),
    "singular": (
        lambda: GaussianMixture(2, reg_covar=0.0, random_state=0).fit(collapsed_rows()),
        "ill-defined empirical covariance",
    ),
    "singular, by procedure": (
        lambda: GaussianMixture(2, reg_covar=0.0, n_init=1, random_state=0).fit(collapsed_rows()),
        "ill-defined empirical covariance",
    ),
    "weights of another length": (lambda: GaussianMixture().fit(IRIS, sample_weight=[1.0, 2.0]), "sample_weight"),
    "negative weights": (lambda: GaussianMixture().fit(IRIS, sample_weight=-np.ones(150)), "`sample_weight` must be"),
    "n_components": (
        lambda: GaussianMixture(0).fit(IRIS),
        "'n_components' parameter of GaussianMixture must be an int",
    ),
    "covariance_type": (lambda: GaussianMixture(covariance_type="round").fit(IRIS), "'covariance_type' parameter"),
    "tol": (lambda: GaussianMixture(tol=-1).fit(IRIS), "'tol' parameter"),
    "reg_covar": (lambda: GaussianMixture(reg_covar=-1).fit(IRIS), "'reg_covar' parameter"),
    "n_init": (lambda: GaussianMixture(n_init=0).fit(IRIS), "'n_init' parameter"),
    "init_params": (lambda: GaussianMixture(init_params="ward").fit(IRIS), "'init_params' parameter"),
    "weights_init": (lambda: GaussianMixture(2, weights_init=[0.5, 0.6]).fit(IRIS), "should be normalized"),
    "means_init": (lambda: GaussianMixture(2, means_init=[[0.0]]).fit(IRIS), "'means' should have the shape"),
    "precisions_init": (
        lambda: GaussianMixture(1, covariance_type="diag", precisions_init=[[1.0, 1.0, 1.0, -1.0]]).fit(IRIS),
        "'diag precision' should be positive",
    ),
    "no samples": (lambda: GaussianMixture(random_state=1).fit(IRIS).sample(0), "Invalid value for 'n_samples': 0"),
    "another number of features": (lambda: GaussianMixture().fit(IRIS).predict(IRIS[:, :2]), "expecting 4 features"),
    "not fitted": (lambda: GaussianMixture().predict(IRIS), "not fitted yet"),
}


@pytest.mark.parametrize(("call", "match"), ERRORS.values(), ids=ERRORS)
def test_errors(call, match):
    with pytest.raises(ValueError, match=match):
        call()


BORDER = {
    "complex": IRIS + 1j,
    "categories": pd.DataFrame(IRIS).assign(c=pd.Categorical(["a"] * 150)),
    "sparse": scipy.sparse.csr_array(IRIS),
    "sparse column": pd.DataFrame({"a": pd.arrays.SparseArray(IRIS[:, 0])}),
    "names twice": pd.DataFrame(IRIS, columns=list("aabc")),
    "text": np.array([["1", "2", "3", "4"]] * 5),
    "missing": np.where(IRIS > 7, np.nan, IRIS),
    "one dimension": IRIS[0],
    "nothing": np.empty((0, 4)),
    "masked": np.ma.masked_greater(IRIS, 7),
}


@pytest.mark.parametrize("rows", BORDER.values(), ids=BORDER)
def test_the_border_speaks_in_one_sentence(rows):
    """The same one in all methods: that of `as_data`."""
    with pytest.raises((ValueError, TypeError)) as expected:
        as_data(rows)
    fit = GaussianMixture().fit(IRIS)
    for method in (GaussianMixture().fit, fit.predict, fit.predict_proba, fit.score_samples, fit.bic):
        with pytest.raises(type(expected.value)) as caught:
            method(rows)
        assert str(caught.value) == str(expected.value)


def test_a_warm_start_takes_the_features_and_components_it_had(faithful):
    fit = GaussianMixture(2, warm_start=True, random_state=1).fit(faithful)
    for rows in (faithful[["waiting"]], np.c_[faithful, np.sin(np.arange(272))]):
        with pytest.raises(InvalidArgumentError, match="`X` must have the 2 features of the last fit"):
            fit.fit(rows)
    with pytest.raises(InvalidArgumentError, match="`n_components` must be the 2 of the last fit; got 3"):
        fit.set_params(n_components=3).fit(faithful)


def test_a_number_for_reg_covar_takes_dependent_columns():
    fit = GaussianMixture(1, reg_covar=1e-3).fit(np.c_[IRIS, IRIS[:, 0]])
    assert fit.converged_


def test_names_that_scikit_learn_refuses_are_refused_before_em(faithful, monkeypatch):
    def run(*_):
        pytest.fail("EM ran")

    monkeypatch.setattr(GaussianMixture, "_run", run)
    with pytest.raises(TypeError, match="Feature names are only supported if all input features have string names"):
        GaussianMixture(2).fit(faithful.rename(columns={"waiting": 3}))
