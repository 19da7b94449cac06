"""The look of priors in plain words; `meaning` finds the words."""

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

__all__ = ["Entry", "PriorDescription"]

Entry = tuple[str, str]


@dataclass(frozen=True, eq=False, repr=False)
class PriorDescription:
    """What priors mean for some rows, to be read.

    Attributes
    ----------
    title : str
        Which model, which rows, and the mass of the ranges.
    blocks : dict of str to list of (str, str)
        For each parameter a line about the whole of it, under the empty text, and one for each feature or component,
        under its name; in the units of x.
    note : str
        Whether the priors are the same for every component; empty where there is one.

    Examples
    --------
    >>> import bayesgmm as bg
    >>> bg.Priors(lkj_eta=1.0).describe(bg.load_faithful(), 2).blocks["correlations"]
    [('', 'LKJ(1): each between -0.89 and 0.89')]
    """

    title: str
    blocks: dict[str, list[Entry]]
    note: str

    def __repr__(self) -> str:
        width = 2 + max(len(cell) for cell, _ in self._rows())
        lines = [self.title, *(f"{cell:<{width}}{text}" for cell, text in self._rows()), self.note]
        return "\n".join(line for line in lines if line)

    def _repr_html_(self) -> str:
        body = "".join(
            f'<tr><td style="text-align:left; white-space:pre">{escape(cell)}</td>'
            f'<td style="text-align:left">{escape(text)}</td></tr>'
            for cell, text in self._rows()
        )
        return f"<p>{escape(self.title)}</p><table><tbody>{body}</tbody></table><p>{escape(self.note)}</p>"

    def _rows(self) -> Iterator[Entry]:
        for parameter, entries in self.blocks.items():
            yield from ((f"  {label}" if label else parameter, text) for label, text in entries)
