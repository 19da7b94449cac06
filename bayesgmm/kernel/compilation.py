"""How every function of this room is compiled: once, cached on disk, without the interpreter's lock.

The floating-point licence is the smallest that lets sums run side by side in vector registers: regrouping of sums,
fused multiply-add, no care for the sign of zero. Infinities and NaN keep their meaning, so a failure stays visible.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
from numba.core.caching import CacheImpl, UserProvidedCacheLocator

__all__ = ["FLOATING", "can_cache", "compile_callback", "jit", "jit_inline", "jit_scalar"]

FLOATING = {"reassoc", "contract", "nsz"}


def _can_cache() -> bool:
    """Tell whether numba finds a folder to write to; asking it to cache where it finds none fails at import."""
    source = str(Path(__file__))
    locators: list[Any] = [UserProvidedCacheLocator, *CacheImpl._locator_classes]
    return any(locator.from_function(_can_cache, source) is not None for locator in locators)


can_cache: bool = _can_cache()


def jit(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function, and compile it anew into every compiled function that calls it.

    Anew, because a shared copy would be the one that the process happened to load first, optimised beside other code:
    the last bits of a sum, and so a chain's draws, would depend on what ran before. ``error_model="numpy"``: a division
    by zero gives infinity and no Python exception, which no foreign caller of a compiled callback could catch.

    Parameters
    ----------
    function : callable

    Returns
    -------
    callable
        Compiled at its first call for each type of arguments.
    """
    return _compile(function, FLOATING)


def jit_inline(function: Callable[..., Any]) -> Callable[..., Any]:
    """Write a function into its caller before that is compiled: around a pass over rows each layer costs a second.

    Parameters
    ----------
    function : callable

    Returns
    -------
    callable
        Compiled with the licence of its caller.
    """
    compiled: Callable[..., Any] = numba.njit(inline="always")(function)
    return compiled


def jit_scalar(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function of one number into the loops that call it, so that these still vectorise.

    Sums are not regrouped: such functions rest on the order of their roundings.

    Parameters
    ----------
    function : callable

    Returns
    -------
    callable
    """
    return _compile(function, {"contract"})


def compile_callback(function: Callable[..., Any], signature: Any) -> Any:
    """Compile a C function that foreign threads call by its address.

    Parameters
    ----------
    function : callable
    signature : numba signature
        Of numbers and pointers.

    Returns
    -------
    numba.core.ccallback.CFunc
        With attributes ``address`` and ``ctypes``.
    """
    return numba.cfunc(signature, cache=can_cache, error_model="numpy", fastmath=FLOATING)(function)


def _compile(function: Callable[..., Any], fastmath: set[str]) -> Callable[..., Any]:
    compile_by = numba.njit(fastmath=fastmath, cache=can_cache, nogil=True, error_model="numpy", forceinline=True)
    compiled: Callable[..., Any] = compile_by(function)
    return compiled
