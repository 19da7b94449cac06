"""Whole numbers: one check and one sentence for every argument that counts something."""

from numbers import Integral

import numpy as np

from bayesgmm.errors import InvalidArgumentError, InvalidArgumentTypeError

__all__ = ["as_count"]


def as_count(name: str, value: object, least: int = 1) -> int:
    """Check a whole number.

    Parameters
    ----------
    name : str
        What the caller calls the argument; errors say it.
    value : object
        An integer of any kind, Python's or NumPy's; a bool is none.
    least : int
        The smallest that can be used; 1, as most arguments count something that must be there.

    Returns
    -------
    int
        `value` as a plain integer.

    Raises
    ------
    InvalidArgumentError
        For an integer below `least`.
    InvalidArgumentTypeError
        For anything but an integer.

    Examples
    --------
    >>> import numpy as np
    >>> from bayesgmm.data import as_count
    >>> as_count("draws", np.int64(5))
    5
    >>> as_count("draws", 0)
    Traceback (most recent call last):
        ...
    bayesgmm.errors.InvalidArgumentError: `draws` must be a positive integer; got 0.
    """
    constraint = "be a positive integer" if least == 1 else f"be an integer of at least {least}"
    if isinstance(value, bool | np.bool_) or not isinstance(value, Integral):
        raise InvalidArgumentTypeError(name, constraint, repr(value))
    if value < least:
        raise InvalidArgumentError(name, constraint, int(value))
    return int(value)
