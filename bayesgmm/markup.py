"""Fragments of HTML that notebooks and the report show: every text escaped, no colour of their own.

Who shows them gives the colours, so that they can be read in a dark notebook too; what is wider than the page scrolls
within itself.
"""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["code", "component_table", "number_texts", "paragraph", "table", "text"]

Texts = NDArray[np.str_]

ON_ONE_LINE = 'style="white-space:nowrap"'  # a number and its error stay together
DIGITS = 4  # significant, of numbers whose error is not known
MOST_COMPONENTS = 20  # rows of a compact table
MOST_FEATURES = 5  # columns of it, for the means and again for the sds


def text(words: str) -> str:
    """Set plain text as it is, whatever signs it has.

    Parameters
    ----------
    words : str

    Returns
    -------
    str

    Examples
    --------
    >>> from bayesgmm.markup import text
    >>> text("a < b & 'c'")
    "a &lt; b &amp; 'c'"
    """
    return escape(words, quote=False)


def paragraph(words: str) -> str:
    """Set a paragraph.

    Parameters
    ----------
    words : str
        Plain text.

    Returns
    -------
    str

    Examples
    --------
    >>> from bayesgmm.markup import paragraph
    >>> paragraph("a < b")
    '<p>a &lt; b</p>'
    """
    return f"<p>{text(words)}</p>"


def code(words: str) -> str:
    """Set a paragraph of code.

    Parameters
    ----------
    words : str
        Plain text.

    Returns
    -------
    str

    Examples
    --------
    >>> from bayesgmm.markup import code
    >>> code("Mixture(n_components=2)")
    '<p><code>Mixture(n_components=2)</code></p>'
    """
    return f"<p><code>{text(words)}</code></p>"


def table(head: Sequence[str], rows: Iterable[Sequence[str]], *, caption: str = "", kind: str = "") -> str:
    """Set a table; the first cell of a row is its name.

    Parameters
    ----------
    head : sequence of str
        The names of the columns.
    rows : iterable of sequence of str
        Plain texts.
    caption : str
        What stands above it; empty for none.
    kind : str
        A class for the style sheet of a page; empty for none.

    Returns
    -------
    str

    Examples
    --------
    >>> from bayesgmm.markup import table
    >>> table(["", "weight"], [["0", "1"]])
    '<div style="overflow-x:auto"><table ...><thead><tr><th scope="col">...<th scope="row">0</th><td>1</td></tr>...'
    """
    shown = f"<caption>{text(caption)}</caption>" if caption else ""
    names = "".join(f'<th scope="col">{text(name)}</th>' for name in head)
    body = "".join(
        f'<tr><th scope="row">{text(row[0])}</th>{"".join(f"<td>{text(cell)}</td>" for cell in row[1:])}</tr>'
        for row in rows
    )
    opening = f'<table class="{escape(kind)}"' if kind else "<table"
    inner = f"{opening} {ON_ONE_LINE}>{shown}<thead><tr>{names}</tr></thead><tbody>{body}</tbody></table>"
    return f'<div style="overflow-x:auto">{inner}</div>'


def number_texts(values: ArrayLike) -> Texts:
    """Write numbers to four significant digits.

    Parameters
    ----------
    values : array

    Returns
    -------
    array of str
        Of the same shape.

    Examples
    --------
    >>> from bayesgmm.markup import number_texts
    >>> number_texts([54.47853, 0.35587]).tolist()
    ['54.48', '0.3559']
    """
    numbers = np.asarray(values, dtype=float)
    return np.array([f"{value:#.{DIGITS}g}".rstrip(".") for value in numbers.ravel()], dtype=str).reshape(numbers.shape)


def component_table(
    weights: Texts,
    means: Texts,
    sds: Texts,
    *,
    feature_names: Sequence[Any] | None = None,
    component_names: Sequence[Any] | None = None,
) -> str:
    """Set a table with a row for each component: its weight, its means, its sds.

    Parameters
    ----------
    weights : array of str, of shape (K,)
    means, sds : arrays of str, of shape (K, D)
    feature_names, component_names : sequence, optional
        None: x0, x1, ... and 0, 1, ...

    Returns
    -------
    str
        Of many components the first 20, of many features the first 5; a line below says so.

    Examples
    --------
    >>> from bayesgmm.markup import component_table, number_texts
    >>> "mean waiting" in component_table(*map(number_texts, ([1], [[5]], [[2]])), feature_names=["waiting"])
    True
    """
    K, D = means.shape
    features = [f"x{j}" for j in range(D)] if feature_names is None else list(map(str, feature_names))
    components = range(K) if component_names is None else component_names
    shown = features[:MOST_FEATURES]
    head = ["component", "weight", *(f"mean {name}" for name in shown), *(f"sd {name}" for name in shown)]
    cells = np.column_stack([weights, means[:, :MOST_FEATURES], sds[:, :MOST_FEATURES]])
    rows = [[str(name), *row] for name, row in zip(components, cells.tolist(), strict=True)]
    cuts = [("components", K, MOST_COMPONENTS), ("features", D, MOST_FEATURES)]
    left_out = [f"the first {most} of {n} {what}" for what, n, most in cuts if n > most]
    note = paragraph(f"Shown: {' and '.join(left_out)}.") if left_out else ""
    return table(head, rows[:MOST_COMPONENTS]) + note
