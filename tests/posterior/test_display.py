"""What a notebook shows of a posterior: from what is kept, without ArviZ's statistics, never with a warning."""

import re
import subprocess
import sys

import numpy as np
import pytest

import bayesgmm as bg
from bayesgmm.mixture import Mixture
from handmade import handmade_posterior


def test_table_gives_posterior_mean_and_sd(faithful, rng):
    posterior = handmade_posterior(faithful, 2, rng=rng)
    html = posterior._repr_html_()
    table = posterior.summary().rounded()
    for name in ("weights[0]", "means[1, waiting]", "sds[0, eruptions]"):
        mean, sd = re.escape(table.loc[name, "mean"]), re.escape(table.loc[name, "sd"])
        assert re.search(f"<td>{mean} ± {sd}</td>", html), name


def test_components_that_cannot_be_told_apart_have_no_table(faithful, rng):
    posterior = handmade_posterior(faithful, 2, rng=rng)
    group = posterior.idata["posterior"].to_dataset(inherit=False)
    html = posterior.with_group("posterior", group.assign_attrs(is_identified=0))._repr_html_()
    assert "<table" not in html


def test_divergences_are_counted(faithful, rng):
    posterior = handmade_posterior(faithful, 2, rng=rng)
    stats = posterior.idata["sample_stats"].to_dataset(inherit=False)
    stats["diverging"][0, :7] = True
    assert "Sampler: 7 divergences" in posterior.with_group("sample_stats", stats)._repr_html_()


def test_names_are_escaped_and_shown(faithful, rng):
    posterior = handmade_posterior(faithful, 2, rng=rng).rename(["<short>", "long"])
    assert '<th scope="row">&lt;short&gt;</th>' in posterior._repr_html_()


@pytest.mark.parametrize("K", [1, 3])
@pytest.mark.parametrize("covariance_type", ["full", "tied", "diag", "spherical"])
def test_every_family_has_a_card(rng, K, covariance_type):
    rows = rng.standard_normal((90, 2)) + 50.0 * np.repeat(np.arange(K), 90 // K)[:, None]
    html = handmade_posterior(rows, K, covariance_type, rng=rng)._repr_html_()
    assert html.count('<th scope="row">') == K
    assert "nan" not in html


def test_approximation_says_its_k_hat(faithful):
    fit = bg.BayesianGaussianMixture(2, method="laplace", draws=100, random_state=1, progressbar=False).fit(faithful)
    assert f"<p>{fit.summary().notes[-1]}</p>" in fit.posterior_._repr_html_()


def test_card_loads_no_statistics():
    """A cell that ends in a fit waits for no other package: nothing but what the fit has loaded is needed."""
    code = (
        "import sys, bayesgmm as bg\n"
        "model = bg.BayesianGaussianMixture(2, method='laplace', draws=100, random_state=1, progressbar=False)\n"
        "model.fit(bg.load_faithful())\n"
        "before = set(sys.modules)\n"
        "assert len(model._repr_html_()) > 500\n"
        "print(*{name.split('.')[0] for name in set(sys.modules) - before})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) <= {"bayesgmm", "sklearn"}


def test_em_and_mixture_have_cards(faithful):
    em = bg.GaussianMixture(2, random_state=1).fit(faithful).result_
    head, verdict = repr(em).split("\n")
    assert head == "EMFit(n_components=2, covariance_type='full'; 272 rows x 2 features)"
    assert verdict.startswith("EM converged. Log-likelihood -1130.26, BIC 2322.19, ")
    assert f"<p>{verdict}</p>" in em._repr_html_()
    assert "<td>79.97</td>" in em._repr_html_()
    assert "<td>79.97</td>" in em.mixture._repr_html_()
    draws = Mixture.from_sds(np.ones((3, 1)), np.zeros((3, 1, 1)), np.ones((3, 1, 1)))
    assert draws._repr_html_() == f"<p><code>{draws!r}</code></p>"
