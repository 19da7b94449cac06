"""The project's own files agree with each other."""

import importlib.metadata
import re
import tomllib
from pathlib import Path

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
