"""The writer: tables between markers, the prose around them untouched."""

import json
import re

import pytest

from benchmarks import measuring, tables

STAMP = {"date": "2026-01-01", "machine": "a machine, 2 cores", "load": 0.1, "versions": {"numpy": "2.5"}}
OURS = {"ess": 1000.0, "rhat": 1.001, "gradients": 2000, "sampling": 0.5, "process": 2.0, "runs": 3}
PEER = {"ess": 500.0, "rhat": 1.004, "gradients": 4000, "sampling": 25.0, "process": 50.0, "runs": 1}
SECONDS = dict.fromkeys(("full", "posterior", "diag", "spherical"), 1e-3)
RESULTS = {
    "kernel": {
        "1,000, 3, 2": {
            "seconds": {f"ours, {name}": value for name, value in SECONDS.items()}
            | {"JAX, solve": 4e-3, "JAX, multiply": 3e-3, "products": 2e-3, "bare products": 5e-4}
        }
    },
    "em": {
        "100, 2, 2; one core": {
            "iteration": {"ours": 1e-3, "scikit-learn": 5e-3},
            "fit": {"ours": 0.1, "scikit-learn": 1.0},
            "n_iter": {"ours": 12, "scikit-learn": 12},
        }
    },
    "chains": {"N = 10; ours": OURS, "N = 10; stan": PEER},
    "growth": {
        "100": {
            "seconds": dict.fromkeys(
                ("EM", "fit", "NUTS", "summary", "score_samples", "predict_proba", "responsibilities"), 0.5
            ),
            "rows": 0,
            "baseline": 2**20,
            "peak": dict.fromkeys(("EM", "fit", "answers"), 3 * 2**20),
            "rhat": 1.001,
            "ess": 900.0,
        }
    },
    "wait": {"cold": {"seconds": 8.0}, "K = 3": {"seconds": 0.3, "compilations": 0}},
}
EXPECTED = {
    "kernel": "| 1,000, 3, 2 | - | 3x | 2x | 2x |",
    "em": "| 100, 2, 2; one core | 5 | 1 | 5x | 1,000 | 100 | 10x | 12 and 12 |",
    "chains": "| N = 10; stan (1) | 500 | 1.004 | 4,000 | 25 s | 50 s | 125 (4x) | 20 (100x) | 10 (50x) |",
    "growth": "| peak memory after EM, above imports and rows, MiB | 2 |",
    "wait": "| then, in the same process: K = 3, 0 compilations | 0.30 |",
}


@pytest.fixture
def page(tmp_path, monkeypatch):
    """A page with a marker for every suite, and results for all of them."""
    monkeypatch.setattr(measuring, "RESULTS", tmp_path)
    for suite, rows in RESULTS.items():
        measuring.save_results(suite, STAMP, rows)
    markers = "\n\n".join(f"<!-- {suite} -->\nold\n<!-- /{suite} -->" for suite in tables.TABLES)
    path = tmp_path / "page.md"
    path.write_text(f"before\n\n{markers}\n\nafter\n", encoding="utf-8")
    return path


def test_tables_stand_between_their_markers(page):
    tables.write_tables(page)
    text = page.read_text(encoding="utf-8")
    assert text.startswith("before\n\n<!-- kernel -->\n")
    assert text.endswith("<!-- /wait -->\n\nafter\n")
    assert "old" not in text
    for suite, line in EXPECTED.items():
        block = re.search(rf"<!-- {suite} -->\n(.*?)<!-- /{suite} -->", text, re.DOTALL)[1]
        assert line in block.splitlines()
        assert "2026-01-01, a machine, 2 cores, load before the run 0.1; numpy 2.5." in block


def test_a_suite_without_figures_keeps_its_table(page):
    measuring.result_path("em").unlink()
    tables.write_tables(page)
    text = page.read_text(encoding="utf-8")
    assert "<!-- em -->\nold\n<!-- /em -->" in text


def test_writing_twice_changes_nothing(page):
    tables.write_tables(page)
    once = page.read_text(encoding="utf-8")
    tables.write_tables(page)
    assert page.read_text(encoding="utf-8") == once


def test_the_page_has_a_place_for_every_table():
    text = tables.PAGE.read_text(encoding="utf-8")
    for suite in tables.TABLES:
        assert text.count(f"<!-- {suite} -->") == text.count(f"<!-- /{suite} -->") == 1


def test_results_are_json(page):
    assert json.loads(measuring.result_path("wait").read_text(encoding="utf-8"))["cold"]["stamp"] == STAMP
