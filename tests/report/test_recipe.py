"""The code on the page repeats the fit."""

import html
import re

import numpy as np
import pymc as pm
import pytest

import bayesgmm as bg
from bayesgmm.report.recipe import estimate_recipe, posterior_recipe

CODE = re.compile(r"<code>(.*?)</code>", re.DOTALL)


def code_of(section):
    return html.unescape(CODE.search(section.body)[1])


def run(section, **names):
    exec(code_of(section), names)
    return names["fit"]


@pytest.mark.parametrize("is_known", [True, False], ids=["estimator", "posterior"])
def test_code_repeats_a_posterior_draw_for_draw(faithful, is_known):
    fit = bg.BayesianGaussianMixture(2, covariance_type="diag", draws=50, chains=2, random_state=3, progressbar=False)
    posterior = fit.fit(faithful).posterior_
    again = run(posterior_recipe(posterior, fit if is_known else None), X=faithful)
    np.testing.assert_array_equal(again.mixture_.means, fit.mixture_.means)


def test_seed_of_a_generator_is_written_out(faithful):
    fit = bg.BayesianGaussianMixture(
        2, method="laplace", draws=50, random_state=np.random.default_rng(4), progressbar=False
    ).fit(faithful)
    again = run(posterior_recipe(fit.posterior_, fit), X=faithful)
    np.testing.assert_array_equal(again.mixture_.means, fit.mixture_.means)


def test_code_repeats_em(faithful):
    em = bg.GaussianMixture(3, covariance_type="tied", means_init=np.eye(3, 2), random_state=1).fit(faithful)
    again = run(estimate_recipe(em, 272, ["eruptions", "waiting"]), X=faithful)
    np.testing.assert_array_equal(again.means_, em.means_)


def test_what_cannot_be_written_gets_a_name(faithful):
    priors = bg.Priors(means=pm.Normal.dist(50, 50))
    fit = bg.BayesianGaussianMixture(1, method="laplace", priors=priors, draws=50, random_state=1, progressbar=False)
    section = posterior_recipe(fit.fit(faithful[["waiting"]]).posterior_, fit)
    assert "# priors: as it was given to the fit" in code_of(section)
    assert run(section, X=faithful[["waiting"]], priors=priors).n_components == 1


def test_seed_that_is_not_known_is_said(faithful):
    em = bg.GaussianMixture(2, random_state=np.random.RandomState(1)).fit(faithful)
    section = estimate_recipe(em, 272, ["eruptions", "waiting"])
    assert "random_state" not in code_of(section)
    assert "The random state was no integer" in section.body


def test_names_of_columns_stay_in_their_line(faithful):
    em = bg.GaussianMixture(2, random_state=1).fit(faithful)
    section = estimate_recipe(em, 272, ["a\nimport os", "b"])
    assert "# X: 272 rows with the columns a import os, b\n" in code_of(section)
