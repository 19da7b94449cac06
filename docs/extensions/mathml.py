"""Formulas as MathML, which browsers draw by themselves: no script, no network, no fonts to load."""

from typing import Any

from docutils import nodes
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.util import logging

__all__ = ["setup"]

LOGGER = logging.getLogger(__name__)


def translate(node: nodes.Element, formula: str, is_block: bool) -> str:
    """Turn one formula into MathML; what cannot be turned is a warning, which ends the build."""
    try:
        return tex2mathml(formula, as_block=is_block)
    except MathError as error:
        LOGGER.warning("formula %r: %s", formula, error, location=node)
        return ""


def visit_inline(writer: Any, node: nodes.math) -> None:
    """Write a formula within a line."""
    writer.body.append(translate(node, node.astext(), is_block=False))
    raise nodes.SkipNode


def visit_block(writer: Any, node: nodes.math_block) -> None:
    """Write a formula on lines of its own; several lines are aligned at ``&``."""
    formula = node.astext()
    if r"\\" in formula and r"\begin" not in formula:
        formula = rf"\begin{{aligned}} {formula} \end{{aligned}}"
    writer.body.append(writer.starttag(node, "div", CLASS="math"))
    writer.body.append(translate(node, formula, is_block=True) + "</div>\n")
    raise nodes.SkipNode


def setup(app: Any) -> dict[str, bool]:
    """Offer the renderer by its name, for `html_math_renderer`."""
    app.add_html_math_renderer("mathml", inline_renderers=(visit_inline, None), block_renderers=(visit_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
