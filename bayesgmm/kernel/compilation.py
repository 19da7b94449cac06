"""How every function of this room is compiled: once, cached on disk, without the interpreter's lock.

The floating-point licence is the smallest that lets sums run side by side in vector registers: regrouping of sums,
fused multiply-add, no care for the sign of zero. Infinities and NaN keep their meaning, so a failure stays visible.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
from numba.core.caching import CacheImpl, UserProvidedCacheLocator

__all__ = ["FLOATING", "can_cache", "jit", "jit_scalar"]

FLOATING = {"reassoc", "contract", "nsz"}


def _can_cache() -> bool:
    """Tell whether numba finds a folder to write to; asking it to cache where it finds none fails at import."""
    source = str(Path(__file__))
    locators: list[Any] = [UserProvidedCacheLocator, *CacheImpl._locator_classes]
    return any(locator.from_function(_can_cache, source) is not None for locator in locators)


can_cache: bool = _can_cache()


def jit(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function for this room.

    ``error_model="numpy"``: a division by zero gives infinity and no Python exception, which no foreign
    caller of a compiled callback could catch.
    """
    compiled: Callable[..., Any] = numba.njit(cache=can_cache, nogil=True, error_model="numpy", fastmath=FLOATING)(
        function
    )
    return compiled


def jit_scalar(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function of one number into the loops that call it, so that these still vectorise.

    Sums are not regrouped: such functions rest on the order of their roundings.
    """
    compiled: Callable[..., Any] = numba.njit(
        cache=can_cache, nogil=True, error_model="numpy", fastmath={"contract"}, forceinline=True
    )(function)
    return compiled
