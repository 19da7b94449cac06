"""The front door: every public name, lazily; every public object documented."""

import ast
import dataclasses
import enum
import importlib
import inspect
import re
import subprocess
import sys
import types
from pathlib import Path

import pytest

import bayesgmm

ROOT = Path(__file__).parents[1]
HOMES = {
    "BayesianGaussianMixture": "estimators.bayesian",
    "GaussianMixture": "estimators.gaussian",
    "Mixture": "mixture",
    "MixtureFeatures": "estimators.features",
    "Posterior": "posterior.container",
    "Priors": "model.priors",
    "build_model": "model.build",
    "compare_criteria": "selection.criteria",
    "compare_em": "comparison.em",
    "compare_fits": "comparison.fits",
    "em_path": "posterior.path",
    "load": "posterior.storage",
    "load_faithful": "datasets.faithful",
    "log_marginal_likelihood": "posterior.evidence",
    "plot_comparison": "plots.comparison",
    "plot_criteria": "plots.criteria",
    "plot_decision_boundary": "plots.boundary",
    "plot_density": "plots.density",
    "plot_density_contours": "plots.contours",
    "plot_density_surface": "plots.surface",
    "plot_directions": "plots.directions",
    "plot_elbo": "plots.elbo",
    "plot_ellipses": "plots.ellipses",
    "plot_em_path": "plots.em_path",
    "plot_pairs": "plots.pairs",
    "plot_predictive_check": "plots.predictive",
    "plot_prior": "plots.prior",
    "plot_responsibilities": "plots.responsibilities",
    "plot_responsibility_map": "plots.map",
    "plot_segmentation": "plots.segmentation",
    "plot_starts": "plots.starts",
    "plot_style": "plots.style",
    "plot_ternary": "plots.ternary",
    "plot_uncertainty": "plots.uncertainty",
    "prior_predictive": "model.simulation",
    "segment_image": "posterior.segmentation",
    "separating_directions": "posterior.directions",
    "write_report": "report.page",
}
HEAVY = {"arviz", "matplotlib", "numba", "numpy", "pandas", "pymc", "pytensor", "scipy", "sklearn", "xarray"}
FOR_SAMPLING_ONLY = {"arviz", "arviz_base", "arviz_stats", "matplotlib", "nutpie", "pymc", "pytensor"}
EM_FIT = "bayesgmm.GaussianMixture(n_components=2, random_state=1).fit(bayesgmm.load_faithful())"

SECTION = re.compile(r"^(\w[\w ]*)\n-+$", re.MULTILINE)
SAME_ARGUMENTS = re.compile(r"[Aa]rguments as in `(\w+)`")


def loaded_by(statement):
    """The top-level packages that a fresh interpreter has loaded after one statement."""
    code = f"import bayesgmm, sys; {statement}; print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return {name.split(".")[0] for name in done.stdout.split()}


def test_front_door_names_what_the_design_names():
    assert set(bayesgmm.__all__) == {*HOMES, "__version__"}
    assert set(HOMES) <= set(dir(bayesgmm))


def test_stub_lists_every_name_that_it_imports():
    """Type checkers believe the stub's own `__all__`, lazy loading its imports."""
    stub = ast.parse((ROOT / "bayesgmm" / "__init__.pyi").read_text(encoding="utf-8"))
    imported = {
        alias.name: node.module for node in stub.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    (listed,) = [ast.literal_eval(node.value) for node in stub.body if isinstance(node, ast.Assign)]
    assert imported == HOMES
    assert sorted(listed) == sorted(bayesgmm.__all__)


@pytest.mark.parametrize("name", HOMES)
def test_public_name_is_the_object_of_its_home(name):
    home = importlib.import_module(f"bayesgmm.{HOMES[name]}")
    assert getattr(bayesgmm, name) is getattr(home, name)
    assert name in home.__all__


def test_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="GausianMixture"):
        _ = bayesgmm.GausianMixture


def test_import_loads_nothing_heavy():
    assert loaded_by("pass") & HEAVY == set()


def test_em_fit_loads_nothing_for_sampling():
    assert loaded_by(EM_FIT) & FOR_SAMPLING_ONLY == set()


MODULES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for path in (ROOT / "bayesgmm").rglob("*.py")
    if path.name not in {"__init__.py", "__main__.py", "conftest.py"}
)


def sections(thing):
    return set(SECTION.findall(inspect.getdoc(thing) or ""))


def is_exempt(thing):
    """Tell whether the object says all in its own words: exceptions, enumerations and compiled functions."""
    is_plain = isinstance(thing, type) and issubclass(thing, Exception | enum.Enum)
    return is_plain or hasattr(thing, "py_func")


def returns_something(function):
    return inspect.signature(function).return_annotation not in (None, "None", inspect.Signature.empty)


def missing_sections(module, thing):
    """The numpydoc sections that an object of a module lacks; it may hand its arguments over to a sibling's."""
    doc = inspect.getdoc(thing) or ""
    if not doc or (dataclasses.is_dataclass(thing) and doc.startswith(f"{thing.__name__}(")):
        return {"a docstring"}
    other = SAME_ARGUMENTS.search(doc)
    if is_exempt(thing) or (other and "Parameters" in sections(getattr(module, other[1]))):
        return set()
    found, missing = sections(thing), set()
    if inspect.signature(thing).parameters and not found & {"Parameters", "Attributes"}:
        missing.add("Parameters")
    if not isinstance(thing, type) and returns_something(thing) and not found & {"Returns", "Yields"}:
        missing.add("Returns")
    return missing


@pytest.mark.parametrize("name", MODULES)
def test_public_objects_of_a_module_are_documented(name):
    module = importlib.import_module(name)
    assert module.__doc__
    public = {key: getattr(module, key) for key in module.__all__}
    own = {key: thing for key, thing in public.items() if callable(thing) and inspect.getmodule(thing) is module}
    lacking = {key: missing_sections(module, thing) for key, thing in own.items()}
    assert {key: missing for key, missing in lacking.items() if missing} == {}


@pytest.mark.parametrize("name", MODULES)
def test_public_methods_are_documented_or_inherit_their_words(name):
    module = importlib.import_module(name)
    classes = [thing for thing in map(vars(module).get, module.__all__) if isinstance(thing, type)]
    methods = [
        getattr(thing, key)
        for thing in classes
        for key, value in vars(thing).items()
        if not key.startswith("_") and isinstance(value, staticmethod | classmethod | property | types.FunctionType)
    ]
    assert [method for method in methods if not inspect.getdoc(method)] == []


@pytest.mark.parametrize("name", HOMES)
def test_public_name_has_a_runnable_example(name):
    assert ">>> " in (inspect.getdoc(getattr(bayesgmm, name)) or "")
