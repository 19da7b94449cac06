"""Random states become one integer seed, which every sampler takes."""

from functools import singledispatch
from numbers import Integral

import numpy as np

from bayesgmm.errors import InvalidArgumentError, InvalidArgumentTypeError

__all__ = ["as_seed"]

SEEDS = 2**32


def as_seed(random_state: int | np.random.Generator | np.random.RandomState | None) -> int:
    """Turn any random state into one integer seed.

    Parameters
    ----------
    random_state : int, numpy.random.Generator, numpy.random.RandomState or None
        An integer is the seed itself; a generator gives one draw and moves on; None takes fresh entropy.

    Returns
    -------
    int
        0 <= seed < 2**32, which every sampler takes.

    Raises
    ------
    InvalidArgumentError
        For an integer outside that range.
    InvalidArgumentTypeError
        For anything else.

    Examples
    --------
    >>> from bayesgmm.data import as_seed
    >>> as_seed(1)
    1
    """
    return _draw_seed(random_state)


@singledispatch
def _draw_seed(random_state: object) -> int:
    constraint = "be an integer, a numpy.random.Generator or RandomState, or None"
    raise InvalidArgumentTypeError("random_state", constraint, random_state)


@_draw_seed.register(Integral)
def _(random_state: int) -> int:
    if not 0 <= random_state < SEEDS:
        raise InvalidArgumentError("random_state", "be at least 0 and below 2**32", int(random_state))
    return int(random_state)


@_draw_seed.register(type(None))
def _(random_state: None) -> int:
    return int(np.random.SeedSequence().generate_state(1, np.uint32)[0])


@_draw_seed.register
def _(random_state: np.random.Generator) -> int:
    return int(random_state.integers(SEEDS))


@_draw_seed.register
def _(random_state: np.random.RandomState) -> int:
    return int(random_state.randint(SEEDS, dtype=np.int64))
