"""The command line: what it writes and says, and that bad input leaves one line on stderr and nothing on disk."""

import contextlib
import io
import os
import signal
import subprocess
import sys
import threading

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

import bayesgmm as bg
from bayesgmm.cli import main

ALWAYS = {"comparison.csv", "comparison.png", "posterior.nc", "responsibilities.csv", "summary.csv"}
SHORT = ["--draws", "50", "--chains", "2"]


def run(*arguments):
    """Exit code, stdout and stderr of one call."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main([str(argument) for argument in arguments])
    return code, out.getvalue(), err.getvalue()


def fit(data, n_components, out, *more):
    return run("fit", data, "--components", n_components, "--out", out, *SHORT, *more)


def write_csv(folder, columns):
    path = folder / "rows.csv"
    pd.DataFrame(columns).to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """Folder, stdout and stderr of a short demo."""
    folder = tmp_path_factory.mktemp("demo") / "new" / "results"
    code, out, err = run("demo", "--out", folder, *SHORT)
    assert code == 0
    return folder, out, err


def test_demo_writes_every_file_and_nothing_else(demo):
    assert set(os.listdir(demo[0])) == ALWAYS | {"ellipses.png"}


def test_demo_prints_summary_verdict_and_where_the_files_are(demo):
    folder, out, err = demo
    *table, gap, verdict, written = out.splitlines()
    assert err == ""
    assert table[1].startswith("weights[0]")
    assert gap == ""
    assert verdict.startswith("Verdict: 2 components, told apart; EM and posterior give 100.0 % of the rows")
    assert written.startswith(f"Written to {folder}: comparison.csv, ")


def test_tables_agree_with_the_saved_posterior(demo):
    folder = demo[0]
    posterior = bg.load(folder / "posterior.nc")
    summary = pd.read_csv(folder / "summary.csv", index_col="parameter")
    comparison = pd.read_csv(folder / "comparison.csv", index_col="parameter")
    pd.testing.assert_frame_equal(summary, pd.DataFrame(posterior.summary()), check_names=False)
    assert list(comparison.index) == list(summary.index)
    assert {"em", "em_se", "mean", "sd", "shift"} <= set(comparison.columns)


def test_responsibilities_have_a_row_per_observation_and_its_label(demo, faithful):
    memberships = pd.read_csv(demo[0] / "responsibilities.csv", index_col="obs")
    labels = bg.load(demo[0] / "posterior.nc").predict(faithful)
    np.testing.assert_allclose(memberships[["mean[0]", "mean[1]"]].sum(axis=1), 1.0, atol=1e-12)
    np.testing.assert_array_equal(memberships["label"], labels)
    np.testing.assert_array_equal(memberships.index, faithful.index)


@pytest.mark.parametrize("name", ["comparison.png", "ellipses.png"])
def test_pictures_are_large_enough_to_read(demo, name):
    height, width, _ = plt.imread(demo[0] / name).shape
    assert min(height, width) > 400


def test_same_seed_writes_the_same_tables(demo, tmp_path):
    again = tmp_path / "again"
    run("demo", "--out", again, "--seed", 1, *SHORT)
    for name in ("summary.csv", "comparison.csv", "responsibilities.csv"):
        assert (again / name).read_bytes() == (demo[0] / name).read_bytes()


def test_report_is_written_when_asked_for_and_goes_with_the_next_fit(tmp_path):
    code, out, err = run("demo", "--out", tmp_path, "--report", *SHORT)
    assert (code, err) == (0, "")
    assert set(os.listdir(tmp_path)) == ALWAYS | {"ellipses.png", "report.html"}
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert out.splitlines()[-2].removeprefix("Verdict: ") in page
    assert "n_components=2" in page
    run("demo", "--out", tmp_path, *SHORT)
    assert "report.html" not in os.listdir(tmp_path)


def test_single_draw_is_written_and_said_to_tell_little(tmp_path):
    code, out, _ = run("demo", "--out", tmp_path, "--draws", 1, "--chains", 1, "--tune", 20, "--report")
    assert code == 0
    assert "how far parameters differ cannot be said of a single draw" in out
    assert set(os.listdir(tmp_path)) >= ALWAYS | {"report.html"}


def test_one_feature_has_a_density(tmp_path, faithful):
    code, out, _ = fit(write_csv(tmp_path, faithful[["waiting"]]), 2, tmp_path / "out", "--covariance", "diag")
    assert code == 0
    assert "means[0, waiting]" in out
    assert set(os.listdir(tmp_path / "out")) == ALWAYS | {"density.png"}


def test_more_features_have_pairs_and_pictures_of_another_fit_go(tmp_path, rng):
    rows = rng.normal(size=(60, 3)) + 20.0 * rng.integers(2, size=(60, 1))
    np.save(tmp_path / "rows.npy", rows)
    (tmp_path / "density.png").write_bytes(b"of another fit")
    (tmp_path / "mine.txt").write_text("stays")
    assert fit(tmp_path / "rows.npy", 2, tmp_path)[0] == 0
    written = ALWAYS | {"ellipses.png", "pairs.png"}
    assert set(os.listdir(tmp_path)) == written | {"rows.npy", "mine.txt"}


def test_one_component_reads_well(tmp_path, faithful):
    _, out, err = fit(write_csv(tmp_path, faithful), 1, tmp_path / "out")
    assert err == ""
    assert "Verdict: 1 component; between EM and posterior no parameter differs by more than" in out


def test_components_that_cannot_be_told_apart_are_said_so(tmp_path):
    """One Gaussian, fitted by two: a finding and no failure."""
    rows = np.random.default_rng(1).normal(size=(200, 2))
    code, out, err = fit(write_csv(tmp_path, {"a": rows[:, 0], "b": rows[:, 1]}), 2, tmp_path / "out")
    assert code == 0
    assert "Verdict: the data do not tell 2 components apart" in out
    assert "weights[0]" not in out.replace("sorted_weights[0]", "")
    assert err.startswith("bayesgmm: warning: Labels: not identified")
    assert err.count("\n") == 1


@pytest.mark.slow
def test_picture_of_a_long_comparison_leaves_the_last_kinds_out(tmp_path):
    """A 5 x 5 grid has 25 weights and 50 means; 50 sds more have no room."""
    rng = np.random.default_rng(1)
    rows = 10.0 * np.indices((5, 5)).reshape(2, 25).repeat(20, 1).T + rng.normal(size=(500, 2))
    np.save(tmp_path / "grid.npy", rows)
    fit(tmp_path / "grid.npy", 25, tmp_path / "out", "--covariance", "diag")
    table = pd.read_csv(tmp_path / "out" / "comparison.csv")
    assert len(table) == 125
    ax = bg.plot_comparison(bg.load(tmp_path / "out" / "posterior.nc"), parameters=["weights", "means"])
    height = plt.imread(tmp_path / "out" / "comparison.png").shape[0]
    assert height == pytest.approx(150 * ax.get_figure().get_figheight(), abs=1)


TABLES = {
    "empty": (b"", "No columns to parse"),
    "header only": (b"a,b\n", "at least one row"),
    "no header": (b"1,2\n3,4\n5,7\n", "a first line that names its columns; got the numbers 1, 2"),
    "index of pandas": (b",a,b\n0,1,2\n1,3,4\n", r"got none for column 1.*index=False"),
    "comma at the end": (b"a,b,\n1,2,\n3,4,\n", "got none for column 3"),
    "same name twice": (b"a,a\n1,2\n3,5\n", "distinct column names; got 'a' twice"),
    "ragged": (b"a,b\n1,2\n3,4,5\n", "Expected 2 fields in line 3, saw 3"),
    "longer than the header": (b"a,b\n1,2,3\n3,4,5\n", "lines with more values than the first in .* Save it with"),
    "shorter than the header": (b"a,b\n1,2\n3\n", "NaN in line 3, column 'b'"),
    "missing value": (b"a,b\n1,2\nNA,3\n4,5\n", "NaN in line 3, column 'a'. Drop those lines or fill them in"),
    "missing below blank lines": (b"a,b\n\n1,2\n  \n\n3,\n", "NaN in line 6, column 'b'"),
    "missing below a name of two lines": (b'"a\n(cm)",b\n1,2\n3,\n', "NaN in line 4, column 'b'"),
    "infinite": (b"a,b\n1,2\n3,-inf\n", "numbers up to 1e.150; got -inf in line 3, column 'b'"),
    "too large": (b"a,b\n1,2\n3,1e200\n", "got 1e.200 in line 3, column 'b'"),
    "text before what is missing": (b"id,a\nx,\ny,2\n", "'x' in line 2, column 'id'"),
    "text": (b"id,a\nx,1\ny,2\n", "'x' in line 2, column 'id'. Leave such columns or lines out"),
    "one word": (b"a,b\n1,2\n3,foo\n4,5\n", "'foo' in line 3, column 'b'"),
    "dates": (b"day,a\n2020-01-01,1\n2020-01-02,3\n", "'2020-01-01' in line 2, column 'day'"),
    "semicolons": (b"a;b\n1;2\n3;5\n", "got semicolons between .* commas between columns and points in numbers"),
    "semicolons and decimal commas": (b"a;b\n71,5;2\n73,1;5\n", "got semicolons between the names of the columns"),
    "tabs": (b"a\tb\n1\t2\n3\t5\n", "got tabs between the names of the columns"),
    "decimal commas": (b"a\n71,5\n73,1\n", "lines with more values than the first in .* points in numbers"),
    "quoted decimal commas": (b'a,b\n1,"71,5"\n2,"3,1"\n', "'71,5' in line 2, column 'b'. .* points in numbers"),
    "open quote": (b'a,b\n"1,2\n3,4\n', "EOF inside string"),
    "another encoding": (b"a,b\n\xe9,2\n3,3\n", "utf-8"),
    "dependent columns": (b"a,b\n1,2\n2,4\n3,6\n4,8\n", "linearly independent columns; got 'a', 'b'"),
    "fewer rows than components": (b"a\n1\n", "`--components` must be at most the number of rows; got 2"),
}


@pytest.mark.parametrize(("content", "match"), TABLES.values(), ids=TABLES)
def test_bad_table_is_one_line_and_writes_nothing(tmp_path, content, match):
    path = tmp_path / "rows.csv"
    path.write_bytes(content)
    check_refused(fit(path, 2, tmp_path / "out"), match)
    assert os.listdir(tmp_path) == ["rows.csv"]


ARRAYS = {
    "objects": (np.array([[1, None]], dtype=object), "hold one array of numbers"),
    "text": (np.array([["a", "b"]]), "must hold real numbers; got text"),
    "one dimension": (np.arange(5.0), "must be two-dimensional"),
    "records": (np.zeros(3, dtype=[("a", float)]), "got records"),
}


@pytest.mark.parametrize(("array", "match"), ARRAYS.values(), ids=ARRAYS)
def test_bad_array_is_one_line_and_writes_nothing(tmp_path, array, match):
    np.save(tmp_path / "rows.npy", array)
    check_refused(fit(tmp_path / "rows.npy", 2, tmp_path / "out"), match)
    assert os.listdir(tmp_path) == ["rows.npy"]


@pytest.mark.parametrize("content", [b"", b"not an array"])
def test_npy_that_is_none_is_one_line(tmp_path, content):
    (tmp_path / "rows.npy").write_bytes(content)
    check_refused(fit(tmp_path / "rows.npy", 2, tmp_path / "out"), "hold one array of numbers")


def test_several_arrays_are_one_line(tmp_path):
    with (tmp_path / "rows.npy").open("wb") as stream:
        np.savez(stream, a=np.ones((3, 2)))
    check_refused(fit(tmp_path / "rows.npy", 2, tmp_path / "out"), "hold one array of numbers")


CALLS = {
    "no command": ([], "required: COMMAND; see `bayesgmm --help`"),
    "unknown command": (["fti"], "invalid choice: 'fti'"),
    "no file": (["fit", "no.csv", "--components", "2"], r"`data` must be an existing file; got no\.csv"),
    "a folder": (["fit", "folder.csv", "--components", "2"], "`data` must be an existing file"),
    "another ending": (["fit", "rows.xlsx", "--components", "2"], r"in \.csv or \.npy; got .*xlsx\. Save it as CSV"),
    "no number of components": (["fit", "rows.csv"], "required: --components; see `bayesgmm fit --help`"),
    "components in words": (["fit", "rows.csv", "--components", "two"], "--components: invalid int value: 'two'"),
    "no components": (["fit", "rows.csv", "--components", "0"], "`--components` must be .*; got 0"),
    "family": (["demo", "--covariance", "round"], "--covariance: invalid choice: 'round'"),
    "method": (["demo", "--method", "gibbs"], "--method: invalid choice: 'gibbs'"),
    "draws": (["demo", "--draws", "0"], "`--draws` must be .*; got 0"),
    "tune": (["demo", "--tune", "-1"], "`--tune` must be .*; got -1"),
    "chains": (["demo", "--chains", "0"], "`--chains` must be .*; got 0"),
    "seed": (["demo", "--seed", "-1"], "`--seed` must be at least 0"),
    "out is a file": (["demo", "--out", "rows.csv"], r"`--out` must be a folder to write to; got rows\.csv"),
    "out lies in a file": (["demo", "--out", "rows.csv/out"], "`--out` must be a folder to write to"),
}


@pytest.mark.parametrize(("arguments", "match"), CALLS.values(), ids=CALLS)
def test_bad_call_is_one_line_and_writes_nothing(tmp_path, monkeypatch, faithful, arguments, match):
    monkeypatch.chdir(tmp_path)
    write_csv(tmp_path, faithful)
    (tmp_path / "folder.csv").mkdir()
    check_refused(run(*arguments), match)
    assert sorted(os.listdir()) == ["folder.csv", "rows.csv"]


def check_refused(answer, match):
    code, out, err = answer
    assert (code, out) == (2, "")
    assert pytest.RaisesExc(Exception, match=match).matches(Exception(err)), err
    assert err.startswith("bayesgmm: ")
    assert err.count("\n") == 1


def test_failure_keeps_what_was_there(demo, tmp_path):
    (tmp_path / "summary.csv").write_text("of an earlier fit")
    code, *_ = run("demo", "--seed", "-1", "--out", tmp_path)
    assert code == 2
    assert os.listdir(tmp_path) == ["summary.csv"]
    assert (tmp_path / "summary.csv").read_text() == "of an earlier fit"


def test_interrupt_writes_nothing(tmp_path):
    timer = threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    code, out, err = run("demo", "--draws", 2_000_000, "--chains", 1, "--out", tmp_path / "new" / "out")
    assert (code, out, err) == (130, "", "bayesgmm: interrupted; nothing was written.\n")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("arguments", [["--help"], ["fit", "--help"], ["--version"]])
def test_help_and_version_are_no_errors(arguments):
    with pytest.raises(SystemExit, match="0"):
        run(*arguments)


def test_module_runs_as_a_program(tmp_path, faithful):
    """From another folder, without a terminal: stdout holds the table, stderr nothing."""
    write_csv(tmp_path, faithful)
    command = [sys.executable, "-m", "bayesgmm", "fit", "rows.csv", "--components", "2", *SHORT]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Verdict: 2 components, told apart" in done.stdout
    assert set(os.listdir(tmp_path / "results")) == ALWAYS | {"ellipses.png"}
