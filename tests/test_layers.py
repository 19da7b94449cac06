"""The house of the architecture page: rows of rooms, imports point down, bodies and modules stay small."""

import ast
import graphlib
import importlib.metadata
import re
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "bayesgmm"
SOURCES = sorted(path for path in PACKAGE.rglob("*.py") if path.name != "conftest.py")

# From the top; a row may import the rows below it, rooms of one row never each other, a room always itself.
ROWS = (
    ("__main__",),
    ("cli",),
    ("report",),
    ("estimators",),
    ("plots",),
    ("comparison", "selection"),
    ("fitting",),
    ("inference", "posterior"),
    ("em", "model"),
    ("mixture", "datasets"),
    ("kernel",),
    ("density", "covariance"),
    ("data",),
    ("schema", "errors", "markup"),
)
LEVEL = {room: len(ROWS) - i for i, row in enumerate(ROWS) for room in row}
TOP = len(ROWS) + 1  # where a module without a room stands

ABOVE_MODEL = {room for room, level in LEVEL.items() if level > LEVEL["model"]}
ALLOWED_ROOMS = {
    "pymc": ABOVE_MODEL | {"model"},
    "pytensor": ABOVE_MODEL | {"model"},
    "nutpie": {"inference"},
    "matplotlib": {"plots", "report", "cli"},
    "pandas": {"datasets", "data", "posterior", "comparison", "selection", "cli"},
}
OPTIONAL = {"blackjax", "jax", "numpyro", "pymc.sampling.jax", "pytensor.link.jax"}  # only these may be imported late
FRONT_DOOR = {"__version__"}  # all that a room may take from the package itself

COMPILERS = {"jit", "jit_inner", "njit", "cfunc", "callback", "tile"}
CONSTRUCTORS = {"GaussianMixture.__init__", "BayesianGaussianMixture.__init__"}


def module_name(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room_of(module):
    return module.split(".")[1] if "." in module else ""


def is_module(name):
    path = ROOT.joinpath(*name.split("."))
    return path.with_suffix(".py").exists() or path.is_dir()


def string_import(node):
    """The module that `lazy_loader.load("m")`, `importlib.import_module("m")` or `__import__("m")` names."""
    if not (isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant)):
        return None
    called = ast.unparse(node.func)
    is_import = called in {"__import__", "import_module", "importlib.import_module", "lazy.load", "lazy_loader.load"}
    return node.args[0].value if is_import else None


def imported_modules(node):
    """The full names of the modules that one node imports."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        names = [f"{node.module}.{alias.name}" for alias in node.names]
        return [name if is_module(name) else f"{node.module}:{name.rpartition('.')[2]}" for name in names]
    named = string_import(node)
    return [] if named is None else [named]


def imports(tree):
    """Yield (module, name or "", is late) for every import of a tree, whatever its form."""
    late = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        for full in imported_modules(node):
            module, _, name = full.partition(":")
            yield module, name, id(node) in late


def broken_rules(path, tree):
    """Say in a sentence each what the imports of one module break."""
    module = module_name(path)
    room = room_of(module)
    for target, name, is_late in imports(tree):
        top = target.split(".")[0]
        line = f"{module} imports {target}"
        if is_late and not any(f"{target}.".startswith(f"{name}.") for name in OPTIONAL):
            yield f"{line} inside a function"
        if top == "bayesgmm":
            other = room_of(target)
            if not other:
                if name not in FRONT_DOOR:
                    yield f"{module} takes {name or 'the package'} from the front door"
            elif other != room and LEVEL.get(other, TOP) >= LEVEL.get(room, 0):
                yield f"{line}, which is not below it"
        elif room not in ALLOWED_ROOMS.get(top, {room}):
            yield f"{line}, which has no place there"


def parse(path):
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def functions(tree):
    """Yield (qualified name, node, is a method) of every function of a tree."""
    pending = [(tree, "")]
    while pending:
        scope, prefix = pending.pop()
        for node in ast.iter_child_nodes(scope):
            named = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
            name = f"{prefix}{node.name}" if named else prefix
            if named and not isinstance(node, ast.ClassDef):
                yield name, node, isinstance(scope, ast.ClassDef)
            pending.append((node, f"{name}." if named else prefix))


def decorators(node):
    called = [item.func if isinstance(item, ast.Call) else item for item in node.decorator_list]
    return {item.attr if isinstance(item, ast.Attribute) else getattr(item, "id", "") for item in called}


def body_lines(node):
    body = node.body[1:] if ast.get_docstring(node) is not None else node.body
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0


def n_parameters(node, is_method):
    args = node.args
    n = len(args.posonlyargs) + len(args.args) + len(args.kwonlyargs) + bool(args.vararg) + bool(args.kwarg)
    return n - (is_method and "staticmethod" not in decorators(node))


each_source = pytest.mark.parametrize("path", SOURCES, ids=module_name)


@each_source
def test_every_module_has_its_room(path):
    assert room_of(module_name(path)) in {"", *LEVEL}


@each_source
def test_imports_point_down(path):
    assert list(broken_rules(path, parse(path))) == []


BREACHES = {
    "up": ("kernel/rows.py", "import bayesgmm.mixture", "not below"),
    "up, from": ("covariance.py", "from bayesgmm.kernel import rows", "not below"),
    "up, from a module": ("data.py", "from bayesgmm.mixture import Mixture", "not below"),
    "sideways": ("em/fit.py", "from bayesgmm.model.priors import Priors", "not below"),
    "up from the lowest row": ("schema.py", "from bayesgmm.errors import InvalidArgumentError", "not below"),
    "late": ("cli.py", "def f():\n    import bayesgmm.mixture", "inside a function"),
    "late, by name": ("cli.py", "f = lambda: importlib.import_module('scipy.stats')", "inside a function"),
    "the front door": ("cli.py", "from bayesgmm import Mixture", "front door"),
    "PyMC below the model": ("em/fit.py", "import pymc as pm", "no place"),
    "PyTensor, lazily": ("kernel/rows.py", "pt = lazy_loader.load('pytensor.tensor')", "no place"),
    "matplotlib below plots": ("posterior/summary.py", "from matplotlib import pyplot", "no place"),
    "pandas in the value": ("mixture.py", "if TYPE_CHECKING:\n    import pandas as pd", "no place"),
}


@pytest.mark.parametrize(("file", "source", "match"), BREACHES.values(), ids=BREACHES)
def test_a_breach_is_seen(file, source, match):
    (sentence,) = broken_rules(PACKAGE / file, ast.parse(source))
    assert match in sentence


LAWFUL = {
    "down": ("em/fit.py", "from bayesgmm.kernel.rows import expected_statistics"),
    "its own room": ("em/fit.py", "from bayesgmm.em.criteria import bic"),
    "the version": ("posterior/storage.py", "from bayesgmm import __version__"),
    "an optional package, late": ("inference/nuts.py", "def f():\n    import numpyro"),
    "the part of a package that is optional": (
        "model/build.py",
        "def f():\n    from pytensor.link.jax import dispatch",
    ),
    "re-exports by name": ("em/__init__.py", "lazy_loader.attach(__name__, submod_attrs={'fit': ['fit_em']})"),
    "PyMC in the model": ("model/build.py", "import pymc as pm"),
}


@pytest.mark.parametrize(("file", "source"), LAWFUL.values(), ids=LAWFUL)
def test_what_is_lawful_passes(file, source):
    assert list(broken_rules(PACKAGE / file, ast.parse(source))) == []


def test_modules_import_each_other_in_no_circle():
    known = {module_name(path) for path in SOURCES}
    graph = {module_name(path): {m for m, _, _ in imports(parse(path))} & known for path in SOURCES}
    graphlib.TopologicalSorter(graph).prepare()  # raises CycleError with the circle


def test_every_third_party_import_is_a_declared_dependency():
    """The hard dependencies are the packages imported by name, no fewer."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = {canonical(re.match(r"[\w.-]+", line)[0]) for line in project["dependencies"]}
    owners = importlib.metadata.packages_distributions()
    tops = {module.split(".")[0] for path in SOURCES for module, _, _ in imports(parse(path))}
    foreign = tops - set(sys.stdlib_module_names) - OPTIONAL - {"bayesgmm"}
    assert {top for top in foreign if not declared & {canonical(name) for name in owners.get(top, [])}} == set()


def canonical(name):
    return re.sub(r"[-_.]+", "-", name).lower()


@each_source
def test_module_has_at_most_400_lines(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


@each_source
def test_bodies_have_at_most_40_lines(path):
    """Without the docstring; compiled loops excepted."""
    sizes = {name: body_lines(node) for name, node, _ in functions(parse(path)) if not decorators(node) & COMPILERS}
    assert {name: size for name, size in sizes.items() if size > 40} == {}


@each_source
def test_functions_have_at_most_8_parameters(path):
    """`self` is not counted, compiled loops and the two estimators' constructors are excepted."""
    counts = {
        name: n_parameters(node, is_method)
        for name, node, is_method in functions(parse(path))
        if name not in CONSTRUCTORS and not decorators(node) & COMPILERS
    }
    assert {name: count for name, count in counts.items() if count > 8} == {}
