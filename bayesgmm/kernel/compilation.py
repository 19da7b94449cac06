"""How every function of this room is compiled: once, cached on disk, without the interpreter's lock.

The floating-point licence is the smallest that lets sums run side by side in vector registers: regrouping of sums,
fused multiply-add, no care for the sign of zero. Infinities and NaN keep their meaning, so a failure stays visible.
A division by zero gives infinity and no Python exception, which no foreign caller of a compiled callback could catch.

A function is written anew into every compiled function that calls it. A shared copy would be the one that the process
happened to load first, optimised beside other code: the last bits of a sum, and so a chain's draws, would depend on
what ran before.

What is kept on disk therefore holds code of many files, but numba looks only at the file of the outermost function to
tell whether it is fresh. `RoomLocator` makes it look at all of them.
"""

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

import numba
from llvmlite import ir
from numba import types
from numba.core import caching, cgutils
from numba.extending import intrinsic

__all__ = [
    "FLOATING",
    "STAMP",
    "RoomLocator",
    "call_at",
    "callback",
    "can_cache",
    "jit",
    "jit_inner",
    "jit_scalar",
]

FLOATING = {"reassoc", "contract", "nsz"}
ROOM = Path(__file__).parent
STAMP = hashlib.sha256(b"".join(source.read_bytes() for source in sorted(ROOM.glob("*.py")))).hexdigest()
# Of these numba takes the first that finds a folder. The list is not public; without it, nothing is kept on disk.
LOCATORS: list[Any] = getattr(caching.CacheImpl, "_locator_classes", [])
OWN_LOCATORS = tuple(LOCATORS)


class RoomLocator:
    """Where numba keeps what is compiled in this room: the folder of its own choice, until a file of the room changes.

    Parameters
    ----------
    own : numba's locator
        It knows the folder and the function's own file.
    """

    def __init__(self, own: Any) -> None:
        self._own = own

    def __getattr__(self, name: str) -> Any:
        return getattr(self._own, name)

    def get_source_stamp(self) -> Any:
        """Give what changes with any file of the room."""
        return self._own.get_source_stamp(), STAMP

    @classmethod
    def from_function(cls, py_func: Any, py_file: str) -> "RoomLocator | None":
        """Take charge of a function of this room, where numba finds a folder to write to."""
        if Path(py_file).parent != ROOM:
            return None
        found = (locator.from_function(py_func, py_file) for locator in OWN_LOCATORS)
        return next((cls(own) for own in found if own is not None), None)


LOCATORS.insert(0, RoomLocator)
# Asking numba to cache where it finds no folder fails at import.
can_cache: bool = RoomLocator.from_function(RoomLocator.from_function, __file__) is not None


def jit(function: Callable[..., Any]) -> Any:
    """Compile a function that Python and compiled functions call.

    Parameters
    ----------
    function : callable

    Returns
    -------
    callable
        Compiled at its first call for each type of arguments, or loaded from disk.
    """
    return _compile(function, FLOATING, cache=can_cache)


def jit_inner(function: Callable[..., Any]) -> Any:
    """Compile a function that only compiled functions call, without the door to Python that costs as much as it does.

    Parameters
    ----------
    function : callable

    Returns
    -------
    callable
        Kept on disk with what it is written into. A call from Python ends the process.
    """
    return _compile(function, FLOATING, no_cpython_wrapper=True, no_cfunc_wrapper=True, inline="always")


def jit_scalar(function: Callable[..., Any]) -> Any:
    """Compile a function of one number, which rests on the order of its roundings: no sum is regrouped.

    The loops that it is written into still vectorise.

    Parameters
    ----------
    function : callable

    Returns
    -------
    callable
        Compiled at its first call.
    """
    return _compile(function, {"contract"})


def callback(signature: Any) -> Callable[[Callable[..., Any]], Callable[[], Any]]:
    """Decorate a function so that a call without arguments gives its C function, for foreign threads to call.

    Parameters
    ----------
    signature : numba signature
        Of numbers and pointers.

    Returns
    -------
    decorator
        What it gives returns a ``numba.core.ccallback.CFunc`` with attributes ``address`` and ``ctypes``: compiled, or
        read from the disk, when first asked for, and the same for every thread that asks.
    """
    compiler = numba.cfunc(signature, cache=can_cache, error_model="numpy", fastmath=FLOATING)

    def decorate(function: Callable[..., Any]) -> Callable[[], Any]:
        compiled, lock = cache(lambda: compiler(function)), Lock()

        def give() -> Any:
            with lock:
                return compiled()

        return give

    return decorate


def _call_at(typing_context, address, arguments):
    """Call the C function that lies at an address and returns a float; of arrays it is given the memory.

    Parameters
    ----------
    address : int
    arguments : tuple of int, float or array

    Returns
    -------
    float
    """

    def generate(context, builder, signature, values):
        given = [
            context.make_array(kind)(context, builder, value).data if isinstance(kind, types.Array) else value
            for kind, value in zip(arguments.types, cgutils.unpack_tuple(builder, values[1]), strict=True)
        ]
        function = ir.FunctionType(ir.DoubleType(), [value.type for value in given])
        return builder.call(builder.inttoptr(values[0], function.as_pointer()), given)

    return types.float64(address, arguments), generate


call_at: Any = intrinsic(_call_at)


def _compile(function: Callable[..., Any], fastmath: set[str], **options: Any) -> Any:
    return numba.njit(fastmath=fastmath, nogil=True, error_model="numpy", forceinline=True, **options)(function)
