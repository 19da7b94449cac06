"""What a notebook shows of an estimator: scikit-learn's diagram before the fit, the result after it."""

import numpy as np
import pytest
from sklearn import config_context
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import bayesgmm as bg

UNFITTED = {"em": bg.GaussianMixture(2), "posterior": bg.BayesianGaussianMixture(2)}


@pytest.fixture(scope="module")
def fitted(faithful):
    posterior = bg.BayesianGaussianMixture(2, method="laplace", draws=100, random_state=1, progressbar=False)
    return {"em": bg.GaussianMixture(2, random_state=1).fit(faithful), "posterior": posterior.fit(faithful)}


@pytest.mark.parametrize("name", UNFITTED)
def test_unfitted_estimator_is_scikit_learns_diagram(name):
    html = UNFITTED[name]._repr_html_()
    assert "sk-container" in html
    assert "Not fitted" in html


@pytest.mark.parametrize("name", UNFITTED)
def test_fitted_estimator_shows_call_verdict_and_table(fitted, name):
    estimator = fitted[name]
    html = estimator._repr_html_()
    assert html.startswith(f"<p><code>{repr(estimator).splitlines()[0]}")
    assert {"em": "EM converged.", "posterior": "Labels: identified"}[name] in html
    assert html.count("<table") == 1
    assert "mean waiting" in html
    assert "sk-container" not in html
    assert not any(word in html for word in ("color:", "background", "<script", "<style"))
    assert estimator._repr_mimebundle_() == {"text/plain": repr(estimator), "text/html": html}


@pytest.mark.parametrize("name", UNFITTED)
def test_plain_text_is_shown_where_scikit_learn_is_told_so(fitted, name):
    with config_context(display="text"):
        assert not hasattr(fitted[name], "_repr_html_")
        assert set(fitted[name]._repr_mimebundle_()) == {"text/plain"}


@pytest.mark.parametrize("name", UNFITTED)
def test_pipeline_keeps_its_diagram(fitted, name):
    html = make_pipeline(StandardScaler(), fitted[name])._repr_html_()
    assert type(fitted[name]).__name__ in html
    assert "sk-container" in html


def test_attributes_set_by_hand_are_scikit_learns_diagram():
    em = bg.GaussianMixture(1)
    em.weights_, em.means_ = np.ones(1), np.zeros((1, 1))
    em.covariances_ = em.precisions_cholesky_ = np.ones((1, 1, 1))
    assert "sk-container" in em._repr_html_()


def test_names_are_escaped(faithful):
    renamed = faithful.rename(columns={"waiting": "<b>"})
    html = bg.GaussianMixture(2, random_state=1).fit(renamed)._repr_html_()
    assert "mean &lt;b&gt;" in html
    assert "<b>" not in html
