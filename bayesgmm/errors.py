"""Exceptions and warnings that carry their data.

An error sentence is "`name` must <constraint>; got <value>." and, where there is one, the remedy.
"""

from sklearn.exceptions import ConvergenceWarning

__all__ = [
    "ConvergenceWarning",
    "DegenerateComponentWarning",
    "InvalidArgumentError",
    "InvalidArgumentTypeError",
    "LabelWarning",
    "PriorWarning",
    "invalid_sentence",
]

LONGEST = 240  # characters of one part of a sentence: three lines of a terminal


def invalid_sentence(name: str, constraint: str, value: object, remedy: str = "") -> str:
    """Word an error: the argument, what it must be, what it was, what to do.

    Parameters
    ----------
    name : str
        The argument as the caller wrote it.
    constraint : str
        What must hold, beginning with a verb after "must".
    value : object
        What was given, shown by ``repr`` unless it is text already. What is long is cut in the middle.
    remedy : str
        A full sentence, or empty where there is none.

    Returns
    -------
    str
        The sentence.

    Examples
    --------
    >>> from bayesgmm.errors import invalid_sentence
    >>> invalid_sentence("draws", "be a positive integer", 0)
    '`draws` must be a positive integer; got 0.'
    """
    shown = value if isinstance(value, str) else repr(value)
    return f"`{name}` must {_cut(constraint)}; got {_cut(shown)}." + (f" {remedy}" if remedy else "")


def _cut(text: str) -> str:
    """Leave out the middle of a long text, such as that of an array, whose shape stands at its end."""
    if len(text) <= LONGEST:
        return text
    half = LONGEST // 2
    return f"{' '.join(text[:half].split())} ... {' '.join(text[-half:].split())}"


class _CarriesArgument(Exception):
    """What both argument errors hold, so that a caller can act on it; it survives pickling."""

    def __init__(self, name: str, constraint: str, value: object, remedy: str = "") -> None:
        super().__init__(invalid_sentence(name, constraint, value, remedy))
        self.name, self.constraint, self.value, self.remedy = name, constraint, value, remedy

    def __reduce__(self) -> tuple[type, tuple[object, ...]]:
        return type(self), (self.name, self.constraint, self.value, self.remedy)


class InvalidArgumentError(_CarriesArgument, ValueError):
    """An argument with a value that cannot be used; carries ``name``, ``constraint``, ``value`` and ``remedy``."""


class InvalidArgumentTypeError(_CarriesArgument, TypeError):
    """An argument of a type that cannot be used; carries ``name``, ``constraint``, ``value`` and ``remedy``."""


class DegenerateComponentWarning(ConvergenceWarning):
    """A component collapsed: narrower than the data can resolve, or with too few rows."""


class LabelWarning(UserWarning):
    """The components of a posterior cannot be told apart."""


class PriorWarning(UserWarning):
    """A prior that leaves the posterior with a spike which the data do not support."""
