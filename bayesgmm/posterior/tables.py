"""The look of a table: numbers to the digits that matter, and the verdicts in a line each below it."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Self

import numpy as np
import pandas as pd

from bayesgmm import markup
from bayesgmm.errors import InvalidArgumentError

__all__ = ["Table", "choose_rows", "row_kinds", "with_error"]

DIGITS = 2  # significant digits of a standard deviation; what stands beside it is shown to the same place
SHORT = ("mcse", "shift", "em_se")  # columns shown by their own significant digits


class Table(pd.DataFrame):
    """A DataFrame that prints notes below itself; what is cut from it is a plain DataFrame.

    Numbers are shown to two significant digits of the row's ``sd``, counts as whole numbers; what is stored,
    computed with or written to a file is not rounded.

    Attributes
    ----------
    notes : tuple of str
        The lines below the table.

    Examples
    --------
    >>> import pandas as pd
    >>> from bayesgmm.posterior.tables import Table
    >>> Table.with_notes(pd.DataFrame({"mean": [4.28966], "sd": [0.0337]}, index=["means[0]"]), ["Sampler: sound."])
               mean     sd
    means[0]  4.290  0.034
    Sampler: sound.
    """

    @classmethod
    def with_notes(cls, frame: pd.DataFrame, notes: Iterable[str]) -> Self:
        """Put notes below a frame."""
        table = cls(frame)
        table.attrs["notes"] = list(notes)
        return table

    @property
    def notes(self) -> tuple[str, ...]:
        """The lines below the table."""
        return tuple(self.attrs.get("notes", ()))

    @property
    def _constructor(self) -> type[pd.DataFrame]:
        return pd.DataFrame

    def rounded(self) -> pd.DataFrame:
        """Give the table as text, each number to the digits that matter."""
        digits = _decimals(self["sd"].to_numpy()) if "sd" in self else np.full(len(self), 4)
        columns = {name: _texts(name, self[name].to_numpy(), digits) for name in self.columns}
        return pd.DataFrame(columns, index=self.index)

    def __repr__(self) -> str:
        text = self.rounded().to_string(max_rows=pd.get_option("display.max_rows"), index_names=False)
        return "\n".join([text, *self.notes])

    def _repr_html_(self) -> str:
        body = self.rounded().to_html(max_rows=pd.get_option("display.max_rows"), index_names=False)
        return body + "".join(map(markup.paragraph, self.notes))


def row_kinds(names: Iterable[str]) -> list[str]:
    """Name the variable that each row of a table belongs to.

    Parameters
    ----------
    names : iterable of str
        The rows' names, such as "means[0, waiting]".

    Returns
    -------
    list of str

    Examples
    --------
    >>> from bayesgmm.posterior.tables import row_kinds
    >>> row_kinds(["weights[0]", "means[0, waiting]"])
    ['weights', 'means']
    """
    return [name.partition("[")[0] for name in names]


def choose_rows(names: Iterable[str], parameters: str | Sequence[str] | None) -> list[bool]:
    """Mark the rows of the kinds asked for.

    Parameters
    ----------
    names : iterable of str
        The rows' names.
    parameters : str, sequence of str, or None
        Which kinds, such as ``"means"``. None: all.

    Returns
    -------
    list of bool

    Raises
    ------
    InvalidArgumentError
        If a kind is not among the rows, or none is asked for.

    Examples
    --------
    >>> from bayesgmm.posterior.tables import choose_rows
    >>> choose_rows(["weights[0]", "means[0, waiting]", "sds[0]"], ["means", "sds"])
    [False, True, True]
    """
    kinds = row_kinds(names)
    asked = dict.fromkeys(kinds) if parameters is None else [parameters] if isinstance(parameters, str) else parameters
    odd = [name for name in asked if name not in kinds]
    if odd or not asked:
        choice = ", ".join(map(repr, dict.fromkeys(kinds)))
        raise InvalidArgumentError("parameters", f"be among {choice}", repr(odd[0] if odd else parameters))
    return [kind in asked for kind in kinds]


def with_error(values: np.ndarray, sds: np.ndarray) -> np.ndarray:
    """Write numbers with their errors, to two significant digits of the error.

    Parameters
    ----------
    values, sds : arrays of one shape
        Where an sd is not finite, the number stands alone.

    Returns
    -------
    array of str
        Of the same shape.

    Examples
    --------
    >>> import numpy as np
    >>> from bayesgmm.posterior.tables import with_error
    >>> with_error(np.array([4.28966, 0.25]), np.array([0.0337, np.nan])).tolist()
    ['4.290 ± 0.034', '0.25']
    """
    triples = zip(values.ravel(), sds.ravel(), _decimals(sds).ravel(), strict=True)
    texts = [
        f"{value:.{places}f} ± {sd:.{places}f}" if np.isfinite(sd) else str(markup.number_texts(value))
        for value, sd, places in triples
    ]
    return np.array(texts, dtype=str).reshape(values.shape)


def _decimals(sds: np.ndarray | np.float64) -> np.ndarray:
    """Places after the point that show two significant digits of each sd."""
    magnitude = np.floor(np.log10(np.where((sds > 0) & np.isfinite(sds), sds, 1e-3)))
    return np.clip(DIGITS - 1 - magnitude, 0, 12).astype(int)


def _texts(name: Hashable, values: np.ndarray, digits: np.ndarray) -> list[str]:
    write = _writer(str(name))
    return [write(value, places) for value, places in zip(values, digits, strict=True)]


def _writer(name: str) -> Callable[[float, int], str]:
    kinds: dict[str, Callable[[float, int], str]] = {
        "ess": lambda value, _: f"{np.floor(value):.0f}",
        "r_hat": lambda value, _: f"{value:.3f}",
        **dict.fromkeys(SHORT, lambda value, _: f"{value:.{_decimals(np.abs(value))}f}"),
    }
    found = [write for start, write in kinds.items() if name.startswith(start)]
    return found[0] if found else lambda value, places: f"{value:.{places}f}"
