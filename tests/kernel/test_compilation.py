"""The compiled room caches where it can, and works where it cannot."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import bayesgmm
from bayesgmm.kernel.compilation import FLOATING, can_cache, jit, jit_scalar

EVALUATE = """
import numpy as np
from bayesgmm.kernel import rows
from bayesgmm.kernel.compilation import can_cache
one = np.ones((1, 1))
print(can_cache, rows.log_density(np.zeros((1, 1)), np.zeros(1), np.zeros((1, 1)), one)[0].round(6))
"""


@pytest.fixture
def package(tmp_path):
    """A copy of the package in which numba cannot make its folder: a file stands in its place."""
    copy = tmp_path / "site" / "bayesgmm"
    shutil.copytree(Path(bayesgmm.__file__).parent, copy, ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "kernel" / "__pycache__").write_text("no folder")
    return copy


def run(package, **environment):
    """Evaluate a density with that copy, no home folder, and these variables."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("NUMBA_", "XDG_", "PYTHON"))}
    nowhere = dict.fromkeys(("HOME", "USERPROFILE", "LOCALAPPDATA", "XDG_CACHE_HOME"), "/dev/null/nowhere")
    variables = kept | nowhere | {"PYTHONPATH": str(package.parent), "PYTHONDONTWRITEBYTECODE": "1"} | environment
    command = [sys.executable, "-W", "error", "-c", EVALUATE]
    return subprocess.run(command, env=variables, cwd=package.parent, capture_output=True, text=True, check=False)


def test_import_and_evaluation_work_where_nothing_can_be_written(package):
    result = run(package)
    assert result.returncode == 0, result.stderr
    assert result.stdout.split() == ["False", "-0.918939"]


def test_compiled_code_is_kept_where_a_folder_is_named(package, tmp_path):
    """The second process finds what the first compiled."""
    folder = tmp_path / "cache"
    first = run(package, NUMBA_CACHE_DIR=str(folder))
    assert first.stdout.split() == ["True", "-0.918939"], first.stderr
    kept = {path: path.stat().st_mtime_ns for path in folder.rglob("*.nbc")}
    assert kept
    second = run(package, NUMBA_CACHE_DIR=str(folder))
    assert second.stdout == first.stdout
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*.nbc")} == kept


def test_an_edit_of_any_file_of_the_room_makes_what_was_kept_stale(package, tmp_path):
    """`rows` is compiled with code of `blocks`: without the constant of the normal density it gives log 1."""
    folder = str(tmp_path / "cache")
    assert run(package, NUMBA_CACHE_DIR=folder).stdout.split() == ["True", "-0.918939"]
    blocks = package / "kernel" / "blocks.py"
    source = blocks.read_text(encoding="utf-8")
    edited = source.replace("HALF_LOG_2PI = 0.5 *", "HALF_LOG_2PI = 0.0 *")
    assert edited != source
    blocks.write_text(edited, encoding="utf-8")
    assert float(run(package, NUMBA_CACHE_DIR=folder).stdout.split()[1]) == 0.0


def test_tests_run_with_a_cache():
    assert can_cache


def test_division_by_zero_raises_nothing():
    """No foreign caller of a compiled callback could catch it."""
    assert _divide(1.0, 0.0) == np.inf


def test_floating_licence_keeps_infinities_and_nan():
    assert not FLOATING & {"nnan", "ninf", "fast"}
    assert np.isnan(_add(np.nan, 1.0))
    assert _add(np.inf, 1.0) == np.inf


def test_scalar_function_keeps_the_order_of_its_roundings():
    """Adding and subtracting 1.5 * 2**52 rounds to an integer; regrouped it would do nothing."""
    assert _round(2.3) == 2.0
    assert _round_all(np.array([2.3, -1.7])).tolist() == [2.0, -2.0]


@jit
def _divide(a, b):
    return a / b


@jit
def _add(a, b):
    return a + b


@jit_scalar
def _round(x):
    return (x + 6755399441055744.0) - 6755399441055744.0


@jit
def _round_all(x):
    return np.array([_round(value) for value in x])


def test_compiled_functions_release_the_interpreters_lock():
    assert _add.targetoptions["nogil"]
