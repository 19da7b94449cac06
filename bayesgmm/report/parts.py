"""What the page is made of: sections, lists of terms, tables that are not endless."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from bayesgmm import markup

__all__ = ["Contents", "Section", "count", "frame_table", "sentence_list", "term_list"]

MOST_ROWS = 400  # of a table; more are not read on a page
CODE = re.compile(r"`([^`]+)`")  # how sentences name arguments and functions


@dataclass(frozen=True)
class Section:
    """A heading and what stands below it.

    Attributes
    ----------
    name : str
        The address within the page.
    title : str
        Plain text.
    body : str
        HTML.
    """

    name: str
    title: str
    body: str

    def __str__(self) -> str:
        return f'<section id="{self.name}"><h2>{markup.text(self.title)}</h2>{self.body}</section>'


@dataclass(frozen=True)
class Contents:
    """What a page says.

    Attributes
    ----------
    title, verdict : str
        Plain text.
    notes : tuple of str
        What limits the verdict, in a sentence each.
    sections : tuple of Section
    """

    title: str
    verdict: str
    notes: tuple[str, ...]
    sections: tuple[Section, ...]


def count(number: float, noun: str) -> str:
    """Write a number of things.

    Parameters
    ----------
    number : float
    noun : str
        In the singular; an s makes the plural.

    Returns
    -------
    str

    Examples
    --------
    >>> from bayesgmm.report.parts import count
    >>> count(1, "component"), count(10000, "row")
    ('1 component', '10,000 rows')
    """
    shown = f"{number:,.0f}" if float(number).is_integer() else f"{number:,g}"
    return f"{shown} {noun}" if number == 1 else f"{shown} {noun}s"


def term_list(terms: Iterable[tuple[str, str]]) -> str:
    """Set a list of terms with a text each.

    Parameters
    ----------
    terms : iterable of (str, str)
        Plain texts.

    Returns
    -------
    str

    Examples
    --------
    >>> from bayesgmm.report.parts import term_list
    >>> term_list([("rows", "272")])
    '<dl><dt>rows</dt><dd>272</dd></dl>'
    """
    inner = "".join(f"<dt>{markup.text(term)}</dt><dd>{markup.text(text)}</dd>" for term, text in terms)
    return f"<dl>{inner}</dl>"


def sentence_list(sentences: Iterable[str]) -> str:
    """Set sentences as a list; the word before a colon is what a sentence is about, that between backticks is code.

    Parameters
    ----------
    sentences : iterable of str
        Plain texts, such as "Labels: identified."

    Returns
    -------
    str

    Examples
    --------
    >>> from bayesgmm.report.parts import sentence_list
    >>> sentence_list(["Labels: identified."])
    '<ul><li><strong>Labels:</strong> identified.</li></ul>'
    """
    items = []
    for sentence in sentences:
        subject, colon, rest = CODE.sub(r"<code>\1</code>", markup.text(sentence)).partition(": ")
        items.append(f"<li><strong>{subject}:</strong> {rest}</li>" if colon else f"<li>{subject}</li>")
    return f"<ul>{''.join(items)}</ul>" if items else ""


def frame_table(head: Sequence[str], frame: Any, *, caption: str = "") -> str:
    """Set a DataFrame of texts; the index names the rows.

    Parameters
    ----------
    head : sequence of str
        The names of index and columns.
    frame : DataFrame of str
        "nan" is left blank.
    caption : str
        What stands above it.

    Returns
    -------
    str
        Of very many rows the first 400; a line below says so.
    """
    shown = frame.iloc[:MOST_ROWS]
    cells = shown.replace("nan", "").to_numpy()
    rows = [[str(name), *map(str, row)] for name, row in zip(shown.index, cells, strict=True)]
    note = markup.paragraph(f"The first {MOST_ROWS} of {len(frame):,} rows.") if len(frame) > MOST_ROWS else ""
    return markup.table(head, rows, caption=caption) + note
