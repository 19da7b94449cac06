"""The page: whole, well-formed, sufficient to itself; and what it says is what the fit says."""

import base64
import html
import os
import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import numpy as np
import pytest

import bayesgmm as bg
from bayesgmm.report.page import write_report
from handmade import handmade_posterior

INLINE = {"code", "strong"}
VOID = {"br", "hr", "img", "link", "meta", "source"}
SECTIONS = ["fitted", "components", "parameters", "em", "memberships", "criteria", "diagnostics", "repeat"]
LOADING = {"src", "srcset", "data", "poster", "action", "background"}


class Page(HTMLParser):
    """Every element of a page; says where a tag is not closed."""

    def __init__(self, text):
        super().__init__()
        self.open, self.elements, self.text, self.styles = [], [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self.text.append("" if tag in INLINE else " ")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        (self.styles if self.open and self.open[-1] == "style" else self.text).append(data)

    def of(self, *tags):
        return [attrs for tag, attrs in self.elements if tag in tags]

    @property
    def words(self):
        return " ".join("".join(self.text).split())


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A page about a fit, read back, each written once."""
    folder, pages = tmp_path_factory.mktemp("pages"), {}

    def write(name, fit, *arguments, **options):
        if name not in pages:
            path = write_report(fit, folder / f"{name}.html", *arguments, **options)
            pages[name] = Page(path.read_text(encoding="utf-8"))
        return pages[name]

    return write


@pytest.fixture(params=["posterior", "crowded", "unidentified", "em", "em alone", "one feature"])
def page(request, written, faithful):
    if request.param == "one feature":
        rng = np.random.default_rng(2)
        return written(request.param, handmade_posterior(faithful[["waiting"]], 1, "spherical", rng=rng))
    fit = request.getfixturevalue(request.param.split(" ")[0])
    return written(request.param, fit, *([faithful] if request.param == "em" else []))


def test_page_is_well_formed_and_named(page):
    ids = [attrs["id"] for _, attrs in page.elements if "id" in attrs]
    assert len(set(ids)) == len(ids)
    assert dict(page.elements)["html"]["lang"] == "en"
    assert [len(page.of(tag)) for tag in ("title", "h1", "main", "header", "footer")] == [1] * 5
    assert {attrs["href"].removeprefix("#") for attrs in page.of("a")} == set(ids)
    assert any(attrs.get("name") == "viewport" for attrs in page.of("meta"))


def test_page_loads_nothing_from_elsewhere(page):
    loaded = [value for _, attrs in page.elements for key, value in attrs.items() if key in LOADING]
    loaded += [attrs["href"] for attrs in page.of("link")]
    assert loaded
    assert all(value.startswith("data:") for value in loaded)
    assert page.of("script", "iframe", "object", "embed") == []
    assert not re.search(r"url\(|@import|@font-face", "".join(page.styles))
    assert not any(key.startswith("on") for _, attrs in page.elements for key in attrs)


def test_every_picture_is_a_drawing_that_says_what_it_shows(page):
    pictures = page.of("img")
    assert pictures
    for attrs in pictures:
        kind, _, content = attrs["src"].partition(";base64,")
        assert kind == "data:image/svg+xml"
        drawing = ElementTree.fromstring(base64.b64decode(content))
        ratio = float(drawing.get("width").removesuffix("pt")) / float(drawing.get("height").removesuffix("pt"))
        assert int(attrs["width"]) / int(attrs["height"]) == pytest.approx(ratio, rel=0.01)
        assert attrs["alt"].endswith(".")


def test_long_names_of_features_have_their_place(written, faithful):
    """Matplotlib would warn of a picture that its labels leave no room."""
    names = [f"{name}, in minutes, at the geyser's only vent" for name in faithful]
    rows = faithful.set_axis(names, axis=1)
    page = written("long names", handmade_posterior(rows, 2, rng=np.random.default_rng(2)))
    assert names[0] in page.words


def test_posterior_has_every_section(written, posterior):
    page = written("posterior", posterior)
    assert [attrs["id"] for attrs in page.of("section")] == SECTIONS
    assert all(note.replace("`", "") in page.words for note in posterior.summary().notes)
    assert f"BIC {posterior.bic:.2f}" in page.words
    assert "Dirichlet(2): each component holds between" in page.words
    assert len(page.of("img")) == 2


def test_summary_and_comparison_are_there_as_they_are_printed(written, posterior):
    words = written("posterior", posterior).words
    for table in (posterior.summary(), bg.compare_em(posterior)):
        for name, cells in table.rounded().iterrows():
            assert " ".join([name, *cells]) in words


def test_rows_in_doubt_are_those_with_the_highest_entropy(written, posterior):
    shares = posterior.responsibilities()
    row = int(shares["entropy"].values.argmax())
    likeliest = int(shares["mean"].values[row].argmax())
    chosen = shares.isel(obs=row, component=likeliest)
    shown = f"{float(chosen['mean']):.3f} [{float(chosen['lower']):.3f}, {float(chosen['upper']):.3f}]"
    listed = written("posterior", posterior).words.split("The rows most in doubt")[1]
    assert shown in listed
    first_row = listed.split("from parameters ")[1].split(" ")
    assert first_row[0] == str(shares["obs"].values[row])


def test_rows_per_component_count_the_labels(written, posterior, faithful):
    counts = np.bincount(posterior.predict(faithful))
    words = written("posterior", posterior).words
    for name, n in enumerate(counts):
        assert f" {name} {n} {100 * n / len(faithful):.1f} % " in words


def test_names_are_shown_as_they_are(written, crowded):
    page = written("crowded", crowded)
    for name in crowded.feature_names:
        assert f"means[<i>first</i>, {name}]" in page.words
    assert page.of("b", "i", "script") == []


def test_components_that_cannot_be_told_apart_have_no_members(written, unidentified):
    page = written("unidentified", unidentified)
    assert "The data do not tell 2 components apart" in page.words
    assert "no row can be said to belong to one of them" in page.words
    assert "weights[0]" not in page.words.replace("sorted_weights[0]", "")


def test_em_with_its_rows_has_errors_members_and_icl(written, em, faithful):
    page = written("em", em, faithful)
    assert "2 components, a point estimate; EM converged." in page.words
    assert "4.290 ± 0.031" in page.words
    assert f"ICL {em.icl(faithful):.2f}" in page.words
    assert "Rows per component" in page.words


def test_em_without_rows_says_what_is_missing(written, em):
    page = written("em alone", em)
    assert "EM keeps none" in page.words
    assert "4.290" in page.words
    assert "±" not in page.words
    assert "memberships" not in [attrs["id"] for attrs in page.of("section")]


def test_em_with_other_rows_gives_no_standard_errors(tmp_path, em, faithful):
    words = Page(write_report(em, tmp_path / "em.html", faithful[:200]).read_text(encoding="utf-8")).words
    assert "those given are not the ones fitted" in words
    assert "±" not in words
    assert "Rows per component" in words


def test_history_of_the_elbo_is_drawn(tmp_path, faithful):
    fit = bg.BayesianGaussianMixture(2, method="advi", draws=200, random_state=1, progressbar=False).fit(faithful)
    page = Page(write_report(fit, tmp_path / "advi.html").read_text(encoding="utf-8"))
    assert [attrs["alt"] for attrs in page.of("img")][-1] == "The history of the ELBO."
    assert f"k-hat {fit.posterior_.attrs['pareto_k']:.2f}" in page.words


def test_evidence_is_given_where_the_method_estimates_it(tmp_path, faithful):
    fit = bg.BayesianGaussianMixture(2, method="laplace", draws=200, random_state=1, progressbar=False).fit(faithful)
    page = Page(write_report(fit, tmp_path / "laplace.html").read_text(encoding="utf-8"))
    assert str(bg.log_marginal_likelihood(fit)) in page.words
    assert "highest R-hat" not in page.words


def test_weak_sampling_is_said(tmp_path, faithful, rng):
    """Fifty draws in each of four chains are too few for an ESS of 400."""
    page = Page(write_report(handmade_posterior(faithful, 2, rng=rng), tmp_path / "p.html").read_text(encoding="utf-8"))
    assert "Raise tune and draws." in page.words
    assert {"tune", "draws"} <= set(page.words.split())


def test_title_is_the_users(tmp_path, em):
    path = write_report(em, tmp_path / "em.html", title="Geyser <2>")
    page = path.read_text(encoding="utf-8")
    assert page.count(html.escape("Geyser <2>")) == 2


def test_same_fit_writes_the_same_page(tmp_path, em, faithful):
    first, second = (write_report(em, tmp_path / name, faithful).read_bytes() for name in ("1.html", "2.html"))
    assert first == second


CALLS = {
    "no folder": (
        lambda fit, folder: write_report(fit, folder / "no" / "r.html"),
        FileNotFoundError,
        "existing folder",
    ),
    "a folder": (lambda fit, folder: write_report(fit, folder), ValueError, "Name a file in it, such as `report.html`"),
    "rows twice": (lambda fit, folder: write_report(fit, folder / "r.html", [[1.0]]), ValueError, "`X` must be None"),
    "a mixture": (
        lambda fit, folder: write_report(fit.em, folder / "r.html"),
        TypeError,
        "`fit` must be .*; got Mixture",
    ),
    "title": (lambda fit, folder: write_report(fit, folder / "r.html", title=1), TypeError, "`title` must be"),
    "other features": (
        lambda fit, folder: write_report(fit.em_fit, folder / "r.html", [[1.0], [2.0]]),
        ValueError,
        "features",
    ),
}


@pytest.mark.parametrize(("call", "kind", "match"), CALLS.values(), ids=CALLS)
def test_bad_call_is_named_and_leaves_nothing(tmp_path, posterior, call, kind, match):
    with pytest.raises(kind, match=match):
        call(posterior, tmp_path)
    assert os.listdir(tmp_path) == []


def test_failure_keeps_the_page_that_was_there(tmp_path, posterior, monkeypatch):
    (tmp_path / "r.html").write_text("of an earlier fit")
    monkeypatch.setattr("bayesgmm.report.posterior.compare_em", lambda fit: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write_report(posterior, tmp_path / "r.html")
    assert os.listdir(tmp_path) == ["r.html"]
    assert (tmp_path / "r.html").read_text() == "of an earlier fit"
