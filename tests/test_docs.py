"""What the pages show runs as it stands, and links between pages lead somewhere."""

import contextlib
import io
import re
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
NUMBER = re.compile(r"-?\d+(\.\d+)?(e-?\d+)?")
COMPILES = {"priors"}  # samples a changed model on PyTensor's graph, which takes a minute to compile


def blocks(page):
    return BLOCK.findall(page.read_text(encoding="utf-8"))


def wait_of(page):
    return [pytest.mark.slow] if page.stem in COMPILES else []


def anchors(page):
    """The names that a browser gives to the headings of a page."""
    words = (re.sub(r"[^\w\s-]", "", heading.lower()) for heading in HEADING.findall(page.read_text(encoding="utf-8")))
    return {re.sub(r"\s", "-", name.strip()) for name in words}


def run(source, names):
    """Run statements; give the text of the last one's value, where it is an expression."""
    *statements, last = [line for line in re.split(r"\n(?=[^\s)\]}#])", source.strip()) if line]
    exec("\n".join(statements), names)
    try:
        code = compile(last, "<page>", "eval")
    except SyntaxError:
        exec(last, names)
        return None
    return str(eval(code, names))


def words(text):
    """What stays the same from one processor to another: all but the digits."""
    return NUMBER.sub("#", text).split()


WITH_CODE = [page for page in PAGES if any(language == "python" for language, _ in blocks(page))]


@pytest.mark.parametrize("page", [pytest.param(p, marks=wait_of(p), id=p.stem) for p in WITH_CODE])
def test_the_code_of_a_page_runs_and_shows_what_it_says(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names, shown = {}, None
    with contextlib.redirect_stderr(io.StringIO()):
        for language, text in blocks(page):
            if language == "python":
                shown = run(text, names)
            elif language == "text":
                assert words(text) == words(shown)
    plt.close("all")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_between_pages_lead_somewhere(page):
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        if target.startswith(("http:", "https:")):
            continue
        path, _, anchor = target.partition("#")
        other = page.parent / path if path else page
        assert other.exists(), target
        assert not anchor or anchor in anchors(other), target
