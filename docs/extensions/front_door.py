"""The pages of the public names, written from the front door's stub, so that a new name cannot be forgotten.

A name stands in the group of its room, the folder of the package that it lives in.
"""

import ast
from pathlib import Path
from typing import Any

__all__ = ["GROUPS", "page", "rooms", "setup"]

STUB = Path(__file__).parents[2] / "bayesgmm" / "__init__.pyi"
GROUPS = {
    "Estimators": ("estimators",),
    "Results": ("em", "mixture", "posterior"),
    "Model and priors": ("model",),
    "Comparison and selection": ("comparison", "selection"),
    "Plots": ("plots",),
    "Report": ("report",),
    "Data": ("datasets",),
}
HEAD = """
API
===

Every public name, as ``bg.name`` after ``import bayesgmm as bg``.

.. currentmodule:: bayesgmm
"""


def rooms() -> dict[str, str]:
    """Give the room of every public name."""
    lines = [node for node in ast.parse(STUB.read_text(encoding="utf-8")).body if isinstance(node, ast.ImportFrom)]
    return {alias.name: str(line.module).split(".")[0] for line in lines for alias in line.names}


def page() -> str:
    """Write the page that lists all names, group by group; each gets a page of its own from autosummary."""
    found = rooms()
    homeless = set(found.values()) - {room for group in GROUPS.values() for room in group}
    if homeless:
        raise ValueError(
            f"`GROUPS` must have a place for every room of a public name; got none for {sorted(homeless)}."
        )
    groups = {title: sorted(name for name in found if found[name] in group) for title, group in GROUPS.items()}
    return HEAD + "".join(_section(title, names) for title, names in groups.items() if names)


def _section(title: str, names: list[str]) -> str:
    listed = "".join(f"   {name}\n" for name in names)
    return f"\n{title}\n{'-' * len(title)}\n\n.. autosummary::\n   :toctree:\n   :nosignatures:\n\n{listed}"


def write_page(app: Any, config: Any) -> None:
    """Put the page where autosummary looks for it, and clear away the pages of names that are no more."""
    folder = Path(app.srcdir) / "api"
    folder.mkdir(exist_ok=True)
    (folder / "index.rst").write_text(page(), encoding="utf-8")
    for left in {*folder.glob("bayesgmm.*.rst")} - {folder / f"bayesgmm.{name}.rst" for name in rooms()}:
        left.unlink()


def setup(app: Any) -> dict[str, bool]:
    """Write the page before Sphinx looks for the files that there are."""
    app.connect("config-inited", write_page)
    return {"parallel_read_safe": True}
