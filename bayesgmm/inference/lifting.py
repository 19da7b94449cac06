"""A PyMC model's log posterior, compiled as seldom as can be.

PyTensor takes many seconds to compile a model. So the graph of the log posterior and its gradient is rewritten first,
with all its numbers in place, so that whatever follows from them is worked out once. Then its arrays of numbers and the
rows are lifted out of it and become arguments. What is left is compiled, and known by PyTensor's own hash of it: it
serves other rows, other units and other constants of the priors, in this process and, from PyTensor's folder, in every
later one.

    log_posterior(x; rows, numbers)      x (n,), the values on the sampler's scale one after another

No key is made by hand that could forget something: a graph that differs in anything but its numbers has another hash,
and the numbers are read off the graph that was built for this fit.
"""

from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from itertools import count
from typing import Any

import numba
import numpy as np
import pytensor
import pytensor.tensor as pt
from numba import types
from numpy.typing import NDArray
from pymc.model import Model
from pymc.pytensorf import join_nonshared_inputs
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.replace import clone_replace
from pytensor.graph.rewriting.utils import rewrite_graph
from pytensor.graph.traversal import graph_inputs
from pytensor.link.numba.cache import compile_numba_function_src
from pytensor.link.numba.dispatch.basic import numba_funcify_and_cache_key
from pytensor.tensor.variable import TensorConstant

from bayesgmm.inference.function import CFunction

__all__ = ["Routine", "callback_of", "compile_log_posterior", "lift_numbers"]

Array = NDArray[np.float64]
Values = dict[str, Array]

REWRITES = ["canonicalize", "stabilize", "specialize"]
N_KEPT = 16  # compiled routines in memory, some MB each
ARGUMENTS_IN_A_CALL = 16  # Python packs a longer list of them in a way that numba does not read
DOUBLES: Any = types.CPointer(types.double)  # type: ignore[no-untyped-call]
SIGNATURE = types.int64(types.uint64, DOUBLES, DOUBLES, DOUBLES, types.CPointer(DOUBLES))  # type: ignore[no-untyped-call]
SOURCE = """
def log_posterior(n_dim, x, gradient, value, table):
    sizes = table[0]
    try:
        density, slope = evaluate(*({arguments}))
    except Exception:
        return 1
    value[0] = density.item()
    is_finite = isfinite(value[0])
    for i in range(slope.size):
        gradient[i] = slope[i]
        is_finite &= isfinite(slope[i])
    return 0 if is_finite else 2
"""


@dataclass(frozen=True)
class Routine:
    """A log posterior with its gradient, without its numbers.

    Attributes
    ----------
    key : str or None
        PyTensor's hash of the graph; None where nothing is kept: something in it has no hash, or the user's settings.
    shapes : tuple of tuple of int or None
        Of every argument after the vector, as far as the graph knows them.
    evaluate : numba's dispatcher
        Vector and arguments to value and gradient; nothing is compiled before its first use.
    """

    key: str | None
    shapes: tuple[tuple[int | None, ...], ...]
    evaluate: Any = field(compare=False)


def compile_log_posterior(model: Model, point: Values) -> CFunction:
    """Compile the log posterior of a model and its gradient, or find the function that serves it.

    Parameters
    ----------
    model : pymc.Model
    point : dict of str to array
        The value variables by name, for their shapes.

    Returns
    -------
    CFunction
        Of the vector of the unconstrained values, one after another.
    """
    function, numbers = lift_numbers(model, point)
    sizes = np.concatenate([np.array(v.shape, dtype=float) for v in numbers])
    held = (sizes, *numbers)
    table = np.array([v.ctypes.data for v in held], dtype=np.uintp)
    return CFunction(callback_of(function), table, sum(v.size for v in point.values()), held)


def lift_numbers(model: Model, point: Values) -> tuple[Any, list[Array]]:
    """Make the log posterior and its gradient a function of the unconstrained vector, the rows and every number.

    Parameters
    ----------
    model : pymc.Model
    point : dict of str to array
        The value variables by name, for their shapes.

    Returns
    -------
    PyTensor function
        (vector (n,), *numbers) to the value and the gradient (n,); nothing is compiled before its first call.
    list of array
        The numbers that this model puts in their places, the rows among them.
    """
    log_posterior: Any = rewrite_graph(model.logp(), include=["canonicalize", "stabilize"])
    gradient: Any = pt.grad(log_posterior, model.value_vars)
    gradient = pt.concatenate([g.ravel() for g in gradient])
    outputs, vector = join_nonshared_inputs(point, [log_posterior, gradient], model.value_vars)
    rewritten: Any = rewrite_graph(outputs, include=REWRITES, exclude=["cxx_only"])
    roots = [v for v in graph_inputs(rewritten) if isinstance(v, TensorConstant | SharedVariable)]
    lifted: dict[Any, Any] = {v: pt.tensor(dtype="float64", shape=v.type.shape) for v in roots if _is_array(v.type)}
    fixed = {v: pt.constant(v.get_value()) for v in roots if isinstance(v, SharedVariable) and v not in lifted}
    outputs = clone_replace(rewritten, lifted | fixed)
    function = pytensor.function([vector, *lifted.values()], outputs, mode="NUMBA", trust_input=True)
    values = [v.get_value() if isinstance(v, SharedVariable) else v.data for v in lifted]
    return function, [np.ascontiguousarray(v) for v in values]


def callback_of(function: Any) -> Any:
    """Compile the C function ``(n, x, gradient, value, table) -> status`` of a function of `lift_numbers`.

    Parameters
    ----------
    function : PyTensor function

    Returns
    -------
    numba.core.ccallback.CFunc
        The same object for every function of one hash; status 0 where value and gradient are finite.
    """
    graph = function.maker.fgraph
    evaluate, key = numba_funcify_and_cache_key(graph)
    can_keep = key is not None and pytensor.config.numba__cache
    routine = Routine(key if can_keep else None, tuple(v.type.shape for v in graph.inputs[1:]), evaluate)
    return _compile_once(routine) if can_keep else _compile(routine)


def _is_array(kind: Any) -> bool:
    """Tell whether values of this type are lifted; integers and lone scalars stay in the graph and in its hash."""
    return bool(kind.dtype == "float64" and kind.ndim)


@lru_cache(maxsize=N_KEPT)
def _compile_once(routine: Routine) -> Any:
    return _compile(routine)


def _compile(routine: Routine) -> Any:
    sizes = count()
    arrays = ["carray(x, (int(n_dim),))"]
    arrays += [
        f"carray(table[{i}], ({''.join(f'int(sizes[{next(sizes)}]),' for _ in shape)}))"
        for i, shape in enumerate(routine.shapes, start=1)
    ]
    parts = (arrays[i : i + ARGUMENTS_IN_A_CALL] for i in range(0, len(arrays), ARGUMENTS_IN_A_CALL))
    source = SOURCE.format(arguments=" + ".join(f"({', '.join(part)},)" for part in parts))
    names = {"__name__": __name__, "carray": numba.carray, "isfinite": np.isfinite, "evaluate": routine.evaluate}
    how = f"{source}{routine.shapes}{pytensor.config.numba__fastmath}"
    key = None if routine.key is None else f"{routine.key}_{sha256(how.encode()).hexdigest()}"
    written = compile_numba_function_src(source, "log_posterior", names, cache_key=key)
    return numba.cfunc(SIGNATURE, cache=key is not None)(written)
