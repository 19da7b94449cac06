"""EM step by step for whatever holds an EM fit."""

import numpy as np
import pytest

import bayesgmm as bg
from bayesgmm.em.result import EMSettings
from bayesgmm.errors import InvalidArgumentError, InvalidArgumentTypeError
from bayesgmm.posterior.path import em_path, fit_with_rows
from handmade import handmade_posterior

START = bg.Mixture.from_sds([0.5, 0.5], [[2.5, 80.0], [4.0, 60.0]], [[1.0, 10.0], [1.0, 10.0]])


@pytest.fixture
def posterior(faithful, rng):
    return handmade_posterior(faithful, 2, rng=rng)


def test_estimator_value_and_posterior_have_one_path(posterior, faithful):
    """All started from the pool with seed 1."""
    em = bg.GaussianMixture(2, random_state=1).fit(faithful)
    paths = [em_path(em, faithful), em_path(em.result_, faithful), em_path(posterior), em_path(posterior, faithful)]
    for path in paths:
        np.testing.assert_allclose(path.log_likelihood, paths[0].log_likelihood, rtol=1e-10)
        np.testing.assert_allclose(path.mixture.means, paths[0].mixture.means, rtol=1e-8)


@pytest.mark.parametrize("options", [{"init_params": "random"}, {"n_init": 3}, {"tol": 1e-2}, {"reg_covar": 0.5}])
def test_the_end_is_the_answer_whatever_the_procedure(options, faithful):
    em = bg.GaussianMixture(2, random_state=1, **options).fit(faithful)
    path = em_path(em, faithful)
    assert path.n_iter == em.n_iter_
    np.testing.assert_allclose(path.mixture[-1].means, em.means_, rtol=1e-9)
    np.testing.assert_allclose(path.log_likelihood[:-1] / len(faithful), em.lower_bounds_, rtol=1e-10)


def test_after_a_warm_start_the_last_run_is_shown(faithful):
    em = bg.GaussianMixture(2, random_state=1, warm_start=True, tol=1e-2).fit(faithful)
    first = em.mixture_
    path = em_path(em.set_params(tol=1e-8).fit(faithful), faithful)
    assert path.n_iter == em.n_iter_
    np.testing.assert_allclose(path.mixture[0].means, first.means, rtol=1e-9)


def test_a_file_keeps_the_start(posterior, tmp_path):
    found = bg.load(posterior.save(tmp_path / "fit.nc"))
    np.testing.assert_allclose(em_path(found).mixture.means, em_path(posterior).mixture.means, rtol=1e-9)


def test_weights_come_with_the_posterior_or_are_given(faithful, rng):
    weight = rng.integers(1, 4, len(faithful)).astype(float)
    held = em_path(handmade_posterior(faithful, 2, rng=rng, sample_weight=weight))
    em = bg.GaussianMixture(2, random_state=1).fit(faithful, sample_weight=weight)
    given = em_path(em, faithful, sample_weight=weight)
    np.testing.assert_allclose(held.log_likelihood, given.log_likelihood, rtol=1e-10)
    with pytest.raises(InvalidArgumentError, match="`X` must be the rows that the fit was made of"):
        em_path(em, faithful)


def test_another_start_may_lead_to_the_same_answer(posterior):
    path = em_path(posterior, init=START)
    np.testing.assert_allclose(path.mixture[0].means, START.means)
    assert path.log_likelihood[-1] == pytest.approx(posterior.em_fit.log_likelihood, abs=1e-3)
    assert np.diff(path.log_likelihood).min() > 0


def test_a_posterior_of_an_older_file_asks_for_a_start(posterior):
    group = posterior.group("em")
    older = posterior.with_group("em", group.drop_vars([name for name in group if str(name).startswith("initial_")]))
    assert older.em_fit.start is None
    with pytest.raises(InvalidArgumentError, match="`init` must be given where a fit does not know its start"):
        em_path(older)
    assert em_path(older, init=START).n_iter > 1


def test_the_settings_of_a_posterior_are_those_of_its_pivot(posterior, tmp_path):
    """The defaults stop at a change of 1e-6 per row, those of a pivot by that of all rows."""
    loaded = bg.load(posterior.save(tmp_path / "fit.nc"))
    for one in (posterior, loaded):
        found = fit_with_rows(one, None)[0].settings
        assert found == EMSettings.of_pivot(posterior.data) != EMSettings()


def test_the_settings_of_a_fit_and_of_its_posterior_are_the_same(faithful):
    options = {"method": "laplace", "draws": 50, "chains": 1, "random_state": 1, "progressbar": False}
    fit = bg.BayesianGaussianMixture(2, **options).fit(faithful)
    assert fit.posterior_.em_fit.settings == fit.em_.settings


ERRORS = {
    "no rows": (lambda p, x: em_path(p.em_fit), "`X` must be given where the fit holds no rows; got None"),
    "other rows": (lambda p, x: em_path(p, x[1:]), "`X` must be the rows that the fit was made of"),
    "a mixture": (lambda p, x: em_path(p.em, x), "`fit` must be a fit, with an EM solution; got Mixture"),
    "no fit": (lambda p, x: em_path("fit", x), "`fit` must be a fitted estimator"),
    "init": (lambda p, x: em_path(p, init=p.mixture), "`init` must be one `Mixture`, without batch axes"),
}


@pytest.mark.parametrize(("call", "match"), ERRORS.values(), ids=ERRORS)
def test_errors_name_the_argument(call, match, posterior, faithful):
    with pytest.raises((InvalidArgumentError, InvalidArgumentTypeError), match=match):
        call(posterior, faithful)
