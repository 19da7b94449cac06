"""The project's own files agree with each other; examples keep their form, documentation its links."""

import ast
import importlib.metadata
import io
import re
import runpy
import tokenize
import tomllib
from pathlib import Path

import jupytext
import nbformat
import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

import bayesgmm

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
EXTRAS = PROJECT["project"]["optional-dependencies"]
REQUIREMENTS = [Requirement(line) for line in [*PROJECT["project"]["dependencies"], *EXTRAS["test"], *EXTRAS["dev"]]]


def canonical(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def pinned_versions():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return {canonical(name): version for name, version in (line.split("==") for line in lines)}


def test_version_has_a_single_source():
    assert PROJECT["project"]["dynamic"] == ["version"]
    assert PROJECT["tool"]["hatch"]["version"]["path"] == "bayesgmm/__init__.py"
    assert re.fullmatch(r"\d+\.\d+\.\d+(\.dev\d+)?", bayesgmm.__version__)


def test_constraints_hold_names_and_versions_only():
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines():
        assert re.fullmatch(r"[\w.-]+==[\w.!+]+", line), line


@pytest.mark.parametrize("requirement", [r for r in REQUIREMENTS if r.name != "bayesgmm"], ids=str)
def test_every_requirement_has_a_tested_version_that_is_installed(requirement):
    version = pinned_versions()[canonical(requirement.name)]
    assert requirement.specifier.contains(version)
    assert importlib.metadata.version(requirement.name) == version


def test_the_pinned_python_is_one_that_the_project_accepts():
    pinned = (ROOT / ".python-version").read_text(encoding="utf-8").strip()
    assert SpecifierSet(PROJECT["project"]["requires-python"]).contains(f"{pinned}.0")


def test_the_package_is_typed_and_carries_its_data():
    assert (ROOT / "bayesgmm" / "py.typed").exists()
    assert (ROOT / "bayesgmm" / "datasets" / "faithful.csv").exists()


EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
EXTENSIONS = ROOT / "docs" / "extensions"
NO_CODE = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
LOWERED = {"draws", "chains", "tune"}
LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)")
NOT_IN_BOTH = re.compile(r"\]\(|`_|^#+ |^=+$|^-+$|\$|(?<!`)`(?!`)[^`]+`(?!`)", re.MULTILINE)  # in Markdown and in RST

examples = pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)


def cells(path):
    return jupytext.read(path, fmt="py:percent").cells


def calls(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [(ast.unparse(node.func), node) for node in ast.walk(tree) if isinstance(node, ast.Call)]


@examples
def test_example_begins_with_its_title_and_why_it_matters(path):
    title, line, blank, *text = cells(path)[0].source.splitlines()
    assert (line, blank) == ("=" * len(title), "")
    assert "".join(text)


@examples
def test_example_has_at_most_sixty_lines_of_code(path):
    """Blank lines, comments, text and the title are no code."""
    source = "\n".join(cell.source for cell in cells(path) if cell.cell_type == "code")
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    lines = {line for token in tokens if token.type not in NO_CODE for line in range(token.start[0], token.end[0] + 1)}
    assert len(lines) <= 60


@examples
def test_example_shows_what_its_cells_end_with(path):
    """A table or a value is the last expression of a cell, a picture is drawn; nothing is printed."""
    ends = [ast.parse(cell.source).body[-1] for cell in cells(path) if cell.cell_type == "code"]
    named = {name for name, _ in calls(path)}
    assert any(isinstance(end, ast.Expr) for end in ends)
    assert any("plot_" in name for name in named)
    assert not named & {"print", "plt.show", "display"}


@examples
def test_no_code_cell_begins_with_a_comment(path):
    """The gallery would show it as text."""
    begins = [cell.source.splitlines()[0] for cell in cells(path) if cell.cell_type == "code"]
    assert [line for line in begins if line.startswith("#")] == []


@examples
def test_example_is_seeded_and_keeps_the_default_draws(path):
    fits = [node for name, node in calls(path) if name.endswith("GaussianMixture")]
    keywords = [{keyword.arg for keyword in fit.keywords} for fit in fits]
    assert all({"random_state", None} & given for given in keywords)
    assert not any(LOWERED & given for given in keywords)


@examples
def test_text_of_an_example_means_the_same_in_markdown_and_rst(path):
    texts = [cell.source for cell in cells(path)[1:] if cell.cell_type == "markdown"]
    assert [found for text in texts for found in NOT_IN_BOTH.findall(text)] == []


@examples
def test_example_is_a_notebook(path):
    notebook = jupytext.read(path, fmt="py:percent")
    nbformat.validate(notebook)
    again = jupytext.reads(jupytext.writes(notebook, fmt="ipynb"), fmt="ipynb")
    assert [(cell.cell_type, cell.source) for cell in again.cells] == [
        (cell.cell_type, cell.source) for cell in notebook.cells
    ]
    assert {cell.cell_type for cell in notebook.cells} == {"code", "markdown"}


def test_gallery_names_every_example_in_its_order():
    order = runpy.run_path(str(EXTENSIONS / "gallery.py"))["ORDER"]
    assert sorted(order) == [path.stem for path in EXAMPLES]


def test_api_page_lists_every_public_name_once():
    listed = re.findall(r"^   (\w+)$", runpy.run_path(str(EXTENSIONS / "front_door.py"))["page"](), re.MULTILINE)
    assert sorted([*listed, "__version__"]) == sorted(bayesgmm.__all__)


@pytest.mark.parametrize(
    "path", [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))], ids=lambda path: path.name
)
def test_links_of_a_page_lead_to_files(path):
    links = LINK.findall(path.read_text(encoding="utf-8"))
    assert [link for link in links if not (path.parent / link).exists()] == []
