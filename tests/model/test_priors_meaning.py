"""Priors in plain words: the ranges against SciPy and against integrals, and what is said of which data."""

import warnings
from pathlib import Path

import arviz as az
import numpy as np
import pandas as pd
import pymc as pm
import pytest
from scipy import integrate, stats

import bayesgmm as bg
from bayesgmm.covariance import FAMILIES
from bayesgmm.errors import InvalidArgumentError
from bayesgmm.model import named
from bayesgmm.model.meaning import quantile

TAILS = (0.055, 0.945)  # of ArviZ's interval

PRIORS = {
    "Normal": named.Normal(0.4, 2.0),
    "LogNormal": named.LogNormal(0.3, 0.7),
    "LogNormal truncated": named.LogNormal(0.3, 0.7, lower=0.8),
    "HalfNormal": named.HalfNormal(1.5),
    "Exponential": named.Exponential(0.4),
    "Gamma": named.Gamma(0.6, 2.0),
    "InverseGammaVariance": named.InverseGammaVariance(3.0, 2.0),
    "HalfStudentT": named.HalfStudentT(4.0, 1.5),
}


def test_every_named_prior_stands_in_the_table():
    assert {type(prior) for prior in PRIORS.values()} == {named.Normal, *named.ScalePrior.__subclasses__()}


@pytest.mark.parametrize("probability", [0.01, 0.5, 0.945])
@pytest.mark.parametrize("name", PRIORS)
def test_below_a_quantile_lies_its_share_of_the_prior(name, probability):
    prior = PRIORS[name]
    start = float(getattr(prior, "lower", -np.inf))
    end = float(quantile(prior, probability))
    mass = integrate.quad(lambda s: np.exp(prior.log_density(s)).item(), start, end, epsabs=1e-11, limit=500)[0]
    np.testing.assert_allclose(mass, probability, rtol=1e-8)


def test_quantiles_keep_the_shape_of_the_fields():
    assert quantile(named.HalfNormal(np.ones((3, 2))), 0.5).shape == (3, 2)
    with pytest.raises(TypeError, match="no quantiles are known of str"):
        quantile("Normal", 0.5)


def numbers(text):
    """The ends of the range that a line gives."""
    words = text.replace("%", "").replace(",", "").replace(";", "").split()
    i = words.index("between")
    return float(words[i + 1]), float(words[i + 3])


def lines(description, parameter):
    return dict(description.blocks[parameter])


def test_defaults_on_old_faithful(faithful):
    """Every range from SciPy's own distributions, to three digits."""
    found = bg.Priors().describe(faithful, 2)
    assert list(found.blocks) == ["weights", "means", "sds", "correlations"]
    share, correlation = stats.beta(2, 2).ppf(TAILS), 2 * stats.beta(2, 2).ppf(TAILS) - 1
    np.testing.assert_allclose(numbers(lines(found, "weights")[""]), 100 * share, rtol=5e-3)
    np.testing.assert_allclose(numbers(lines(found, "correlations")[""]), correlation, rtol=5e-3)
    for name, step in (("eruptions", 0.001), ("waiting", 1.0)):
        column = faithful[name]
        mean, sd = column.mean(), column.std(ddof=0)
        means, sds = lines(found, "means")[name], lines(found, "sds")[name]
        np.testing.assert_allclose(numbers(means), stats.norm(mean, 2.5 * sd).ppf(TAILS), rtol=5e-3)
        assert means.endswith(f"the data run from {column.min():g} to {column.max():g}")
        lognormal = stats.lognorm(1.0, scale=sd / np.sqrt(2))
        cut = lognormal.cdf(step / 2)
        expected = lognormal.ppf(cut + np.array(TAILS) * (1 - cut))
        np.testing.assert_allclose(numbers(sds), expected, rtol=5e-3)
        assert f"never below {step / 2:g}; the column sd is {sd:.3g}" in sds
    assert found.note == "The priors are the same for every component."


def test_documentation_shows_what_is_printed(faithful):
    page = (Path(__file__).parents[2] / "docs" / "priors.md").read_text(encoding="utf-8")
    assert repr(bg.Priors().describe(faithful, 2)) in page


def test_it_reads_as_a_table_on_paper_and_in_a_notebook(faithful):
    found = bg.Priors().describe(faithful.rename(columns={"eruptions": "a<b"}), 2)
    title, *body, note = repr(found).split("\n")
    assert title.startswith("Priors of 2 components, full covariances, for 272 rows of 2 features")
    assert note == found.note
    assert [line.split("  ")[0] for line in body if not line.startswith(" ")] == list(found.blocks)
    assert "  a<b" in [line[:5] for line in body]
    html = found._repr_html_()
    assert "a&lt;b" in html and "a<b" not in html
    assert html.count("<tr>") == len(body)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(("n_components", "n_features"), [(1, 1), (1, 3), (3, 1), (3, 2)])
def test_every_family_and_size_has_its_lines(family, n_components, n_features, rng):
    frame = pd.DataFrame(rng.standard_normal((30, n_features)), columns=list("abc")[:n_features])
    found = bg.Priors().describe(frame, n_components, family)
    sds = ["each component"] if family == "spherical" else list(frame)
    assert list(lines(found, "means")) == ["", *frame]
    assert list(lines(found, "sds")) == ["", *sds]
    assert ("correlations" in found.blocks) == (family in ("full", "tied") and n_features > 1)
    assert (lines(found, "weights")[""] == "one component holds all rows") == (n_components == 1)
    assert bool(found.note) == (n_components > 1)


def test_what_differs_between_components_has_a_line_for_each(faithful):
    priors = bg.Priors(
        concentration=[1.0, 9.0],
        means=pm.Normal.dist([[2.0, 54.0], [4.0, 80.0]], [[0.5, 8.0]]),
        sds=pm.Truncated.dist(pm.LogNormal.dist([[0.0], [1.0]], 0.5), lower=0.5),
    )
    found = priors.describe(faithful, 2)
    pairs = [f"component {k}, {name}" for k in range(2) for name in faithful]
    assert list(lines(found, "means")) == list(lines(found, "sds")) == ["", *pairs]
    assert list(lines(found, "weights")) == ["", "component 0", "component 1"]
    expected = stats.norm(80.0, 8.0).ppf(TAILS)
    np.testing.assert_allclose(numbers(lines(found, "means")["component 1, waiting"]), expected, rtol=5e-3)
    np.testing.assert_allclose(
        numbers(lines(found, "weights")["component 0"]), 100 * stats.beta(1, 9).ppf(TAILS), rtol=5e-3
    )
    assert found.note.endswith("takes the place that its prior fits best.")


SIMULATED = {
    "each number": (
        lambda: pm.Laplace.dist([3.0, 70.0], [0.5, 5.0]),
        stats.laplace(3.0, 0.5),
        stats.laplace(70.0, 5.0),
    ),
    "each row": (
        lambda: pm.MvNormal.dist(np.array([3.0, 70.0]), np.diag([0.25, 25.0])),
        stats.norm(3.0, 0.5),
        stats.norm(70.0, 5.0),
    ),
}


@pytest.mark.parametrize(("build", "first", "second"), SIMULATED.values(), ids=SIMULATED)
def test_a_distribution_without_a_name_is_simulated(build, first, second, faithful):
    """Draws of both components are put together: quantiles of 8000, within 4 of their standard errors."""
    found = bg.Priors(means=build()).describe(faithful, 2)
    assert lines(found, "means")[""].endswith("as given; ranges by simulation")
    for name, exact in (("eruptions", first), ("waiting", second)):
        error = np.sqrt(TAILS[0] * TAILS[1] / 8000) / exact.pdf(exact.ppf(TAILS))
        assert (np.abs(numbers(lines(found, "means")[name]) - exact.ppf(TAILS)) < 4 * error + 0.05).all()


def test_a_spherical_sd_of_each_component(faithful):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", bg.errors.PriorWarning)
        found = bg.Priors(sds=pm.HalfNormal.dist([1.0, 2.0])).describe(faithful, 2, "spherical")
    assert list(lines(found, "sds")) == ["", "component 0", "component 1"]
    np.testing.assert_allclose(
        numbers(lines(found, "sds")["component 1"]), stats.halfnorm(scale=2.0).ppf(TAILS), rtol=5e-3
    )


def test_ranges_hold_what_arviz_holds(faithful):
    with az.rc_context({"stats.ci_prob": 0.5}):
        found = bg.Priors().describe(faithful[["waiting"]])
    assert "ranges hold 50 % of the prior" in found.title
    exact = stats.norm(faithful["waiting"].mean(), 2.5 * faithful["waiting"].std(ddof=0)).ppf([0.25, 0.75])
    np.testing.assert_allclose(numbers(lines(found, "means")["waiting"]), exact, rtol=5e-3)


@pytest.mark.parametrize(("unit", "written"), [(1e-9, "1.36e-08"), (1.0, "13.6"), (1e3, "13600"), (1e9, "1.36e+10")])
def test_numbers_are_written_to_three_digits(unit, written, faithful):
    found = bg.Priors().describe(unit * faithful[["waiting"]])
    assert lines(found, "sds")["waiting"].endswith(f"the column sd is {written}")


ERRORS = {
    "text": (lambda X: bg.Priors().describe("rows"), InvalidArgumentError, "`X` must hold real numbers; got text"),
    "components": (lambda X: bg.Priors().describe(X, 0), InvalidArgumentError, "n_components"),
    "family": (lambda X: bg.Priors().describe(X, 2, "round"), InvalidArgumentError, "`covariance_type` must be one of"),
    "shape": (lambda X: bg.Priors([1, 2, 3]).describe(X, 2), InvalidArgumentError, r"of shape \(K,\) = \(2,\)"),
    "no draws": (
        lambda X: bg.Priors(means=pm.Flat.dist()).describe(X, 2),
        InvalidArgumentError,
        "`means` must be a distribution that can be drawn from; got Cannot sample from flat",
    ),
}


@pytest.mark.parametrize(("call", "error", "match"), ERRORS.values(), ids=ERRORS)
def test_what_cannot_be_described_is_refused(call, error, match, faithful):
    with pytest.raises(error, match=match):
        call(faithful)
