"""The table of methods: what lies beyond the bounds is named, and what chance gives is beside it."""

import pytest

from recovery.methods import APPROXIMATE, DATA, EXACT, METHODS, PAGE, find_far, measure_distance, write_page

STAMP = {"date": "2026-01-01", "machine": "a machine, 2 cores", "load": 0.1, "versions": {"numpy": "2.5"}}
TRUTH = {"mean": [1.0, 10.0], "sd": [2.0, 0.5], "mcse_mean": [0.02, 0.003], "mcse_sd": [0.02, 0.003], "r_hat": 1.0}
NEAR = {"mean": [1.1, 10.0], "sd": [2.1, 0.48], "mcse_mean": [0.02, 0.004], "mcse_sd": [0.02, 0.004], "r_hat": 1.001}
FAR = {
    "a mean": NEAR | {"mean": [1.0, 9.9]},
    "an sd too small": NEAR | {"sd": [2.0, 0.44]},
    "an sd too large": NEAR | {"sd": [2.3, 0.5]},
    "no number": NEAR | {"mean": [1.0, float("nan")]},
}


def results_with(method, figures):
    stamp = {"stamp": STAMP, "seconds": 1.0}
    return {"iris; full; truth": TRUTH | stamp, f"iris; full; {method}": figures | stamp}


def test_distance_is_that_of_the_worst_parameter():
    found = measure_distance(NEAR, TRUTH)
    assert (found.shift, found.least, found.most) == pytest.approx((0.05, 0.96, 1.05))
    assert (found.error, found.error_of_sd) == pytest.approx((2**0.5 * 0.01,) * 2)
    assert found.is_near


@pytest.mark.parametrize("figures", FAR.values(), ids=FAR)
@pytest.mark.parametrize("method", EXACT)
def test_what_is_exact_must_be_near(method, figures):
    assert find_far(results_with(method, figures)) == [f"iris; full; {method}"]
    assert not find_far(results_with(method, NEAR))


@pytest.mark.parametrize("method", APPROXIMATE)
def test_an_approximation_may_be_far(method):
    assert not find_far(results_with(method, FAR["a mean"]))


def test_tables_stand_between_their_markers(tmp_path):
    page = tmp_path / "page.md"
    names = ("methods", "truth", *DATA)
    markers = "\n".join(f"<!-- {name} -->\nold\n<!-- /{name} -->" for name in names)
    page.write_text(f"before\n{markers}\nafter\n", encoding="utf-8")
    write_page(results_with("laplace", FAR["an sd too small"] | {"pareto_k": 0.31}), page)
    text = page.read_text(encoding="utf-8")
    assert (
        text.startswith("before\n<!-- methods -->\n")
        and text.endswith("<!-- /iris -->\nafter\n")
        and text.count("old") == 2
    )
    assert "| laplace | 0.05 | 0.88 to 1.00 | 0 of 1 |" in text.splitlines()
    assert "| iris; full | 2 | 0.010, 0.010 | 1.0000 |" in text.splitlines()
    assert "| full; laplace | 0.05 | 0.88 to 1.00 | 0.014, 0.014 | 1.001 | 0.31 | 1.0 | no |" in text.splitlines()
    assert "2026-01-01, a machine, 2 cores, load before the run 0.1; numpy 2.5." in text


def test_the_page_has_a_place_for_every_table():
    text = PAGE.read_text(encoding="utf-8")
    for name in ("methods", "truth", *DATA):
        assert text.count(f"<!-- {name} -->") == text.count(f"<!-- /{name} -->") == 1


def test_no_name_holds_the_separator():
    assert not any(";" in name for name in (*DATA, *METHODS))
