"""How the examples become the gallery: their order, links to them, and that a warning in one is an error."""

import re
import warnings
from contextlib import ExitStack
from pathlib import Path
from typing import Any

__all__ = ["ORDER", "judge_warnings", "lead_to_pages", "place", "setup"]

ORDER = (
    "old_faithful",
    "kmeans",
    "one_dimension",
    "two_dimensions",
    "four_families",
    "image_segmentation",
    "anomalies",
    "customer_segments",
    "recommendation",
    "choosing_k",
    "labels_that_stay",
    "em_nuts_advi",
    "features",
    "own_prior",
    "em_step_by_step",
    "low_dimensional_view",
    "arviz_pictures",
)
STRICT = ExitStack()
LINK = re.compile(r"\]\(\.\./examples(?:/(\w+)\.py)?\)")  # to a script, or to all, as they lie in the repository


def place(filename: str) -> tuple[int, str]:
    """Give the place of an example; those that `ORDER` does not name come last, by name."""
    name = Path(filename).stem
    return (ORDER.index(name) if name in ORDER else len(ORDER)), name


def judge_warnings(gallery_conf: dict[str, Any], fname: str, when: str) -> None:
    """Make warnings errors while an example runs, and leave Sphinx's own alone."""
    STRICT.close()
    if when == "before":
        STRICT.enter_context(warnings.catch_warnings(action="error"))


def lead_to_pages(app: Any, docname: str, source: list[str]) -> None:
    """Lead a link to an example's script to its page in the gallery, a link to all of them to the gallery."""
    source[0] = LINK.sub(lambda found: f"](gallery/{found[1] or 'index'}.rst)", source[0])


def setup(app: Any) -> dict[str, bool]:
    """Lead links to the gallery when a page is read."""
    app.connect("source-read", lead_to_pages)
    return {"parallel_read_safe": True}
