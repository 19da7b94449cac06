"""NUTS on the compiled PyMC graph: for priors that the fused target does not know.

The same textbook model, started at the same labelled mixture. PyTensor compiles it, which takes many seconds, so it is
compiled as seldom as can be. The graph of the log posterior and its gradient is rewritten first, with all its numbers
in place, so that whatever follows from them is worked out once. Then its arrays of numbers and the rows are lifted out
of it and become arguments. What is left is compiled, and known by PyTensor's own hash of it: it serves other rows,
other units and other constants of the priors, in this process and, from PyTensor's folder, in every later one.

    log_posterior(x; rows, numbers)      x (n,), the values on the sampler's scale one after another

No key is made by hand that could forget something: a graph that differs in anything but its numbers has another hash,
and the numbers are read off the graph that was built for this fit. There are no whitened coordinates, so the warm-up
learns a low-rank metric.
"""

from dataclasses import dataclass, field, replace
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
from nutpie.compile_pymc import CompiledPyMCModel
from pymc.model import Model
from pymc.pytensorf import join_nonshared_inputs
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.replace import clone_replace, vectorize_graph
from pytensor.graph.rewriting.utils import rewrite_graph
from pytensor.graph.traversal import graph_inputs
from pytensor.link.numba.cache import compile_numba_function_src
from pytensor.link.numba.dispatch.basic import numba_funcify_and_cache_key
from pytensor.tensor.variable import TensorConstant

from bayesgmm.covariance import partials_from_cholesky
from bayesgmm.errors import InvalidArgumentError
from bayesgmm.inference.callback import NAME
from bayesgmm.inference.problem import Draws, Problem, SamplingSettings
from bayesgmm.inference.sampling import sample_nutpie
from bayesgmm.kernel.target import copy_callback
from bayesgmm.model.build import model_from_data
from bayesgmm.model.named import NamedPrior
from bayesgmm.model.users import log_density

__all__ = ["Routine", "callback_of", "lift_numbers", "sample_graph", "start_values"]

Array = NDArray[np.float64]
Values = dict[str, Array]

GRAPH_TUNE = 500  # the metric has to be learned
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


def sample_graph(problem: Problem, settings: SamplingSettings) -> Draws:
    """Draw from the posterior by NUTS on the compiled graph of `build_model`.

    Parameters
    ----------
    problem : Problem
    settings : SamplingSettings
        Options as for `nuts.sample_nuts`; `tune` is 500 by default.

    Returns
    -------
    Draws

    Raises
    ------
    InvalidArgumentError
        If a prior gives no density to the means or sds at which the chains would start.
    """
    start = start_values(problem)
    _check_start(problem, start)
    model = model_from_data(problem.data, problem.start.n_components, problem.family, problem.priors)
    counts = np.maximum(problem.start.weights * problem.data.total_weight, 1.0)  # (K,)
    point, spread = _unconstrain(model, start, problem.start.sds / np.sqrt(counts)[:, None])
    function, numbers = lift_numbers(model, point)
    compiled = _nutpie_model(callback_of(function), numbers, _ravel(point), _ravel(spread))
    tune = GRAPH_TUNE if settings.tune is None else settings.tune
    drawn = sample_nutpie(compiled, settings, tune=tune, adaptation="low_rank")
    return replace(drawn, values=_constrain(model, point, drawn.values[NAME]))


def start_values(problem: Problem) -> dict[str, Array]:
    """Give the model's variables at the labelled mixture, each of its own shape, in the units of x.

    Parameters
    ----------
    problem : Problem

    Returns
    -------
    dict of str to array
        ``weights`` (K,), ``means`` (K, D), ``sds`` and ``partials`` in the family's layout.
    """
    start, family = problem.start, problem.family
    partials = partials_from_cholesky(start.scale_tril)  # (K, P)
    return {
        "weights": start.weights,
        "means": start.means,
        "sds": family.compact_sds(start.sds),
        "partials": partials[0] if family.is_shared else partials,
    }


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


def _nutpie_model(callback: Any, numbers: list[Array], start: Array, spread: Array) -> CompiledPyMCModel:
    """Hand the compiled log posterior to nutpie; a chain starts at `start`, scattered by `spread` (both (n,))."""
    n = start.size
    sizes = np.concatenate([np.array(v.shape, dtype=float) for v in numbers])
    arrays = [sizes, *numbers]

    def scatter(seed: int) -> Array:
        return start + spread * np.random.default_rng(seed).standard_normal(n)

    return CompiledPyMCModel(
        dims={NAME: ("coordinate",)},
        _n_dim=n,
        _coords={"coordinate": np.arange(n)},
        _shapes={NAME: (n,)},
        compiled_logp_func=callback,
        compiled_expand_func=copy_callback(),
        initial_point_func=scatter,
        shared_data={str(i): v for i, v in enumerate(arrays)},  # alive as long as their addresses are used
        shared_var_keys={},
        user_data=np.array([v.ctypes.data for v in arrays], dtype=np.uintp),
        n_expanded=n,
        shape_info=([NAME], None, [(n,)]),
        logp_func=None,
        expand_func=None,
        reparameterized_names=[],
    )


def _unconstrain(model: Model, start: Values, error: Array) -> tuple[Values, Values]:
    """Give the start on the sampler's scale, and how far a standard error of the means (K, D) moves it there."""
    variables = model.free_RVs
    inputs = [v.type(v.name) for v in variables]
    values = [_transformed(model, v, "forward", symbol) for v, symbol in zip(variables, inputs, strict=True)]
    forward = pytensor.function(inputs, values, mode="FAST_COMPILE", on_unused_input="ignore")

    def at(step: float) -> list[Array]:
        moved = start | {"means": start["means"] + step * error}
        return [np.asarray(v) for v in forward(*(moved[variable.name] for variable in variables))]

    names = [model.rvs_to_values[v].name for v in variables]
    with np.errstate(all="ignore"):  # where a prior's range ends within a standard error, there is no scatter
        spread = [
            np.nan_to_num(0.5 * (up - down), posinf=0.0, neginf=0.0) for up, down in zip(at(1.0), at(-1.0), strict=True)
        ]
    return dict(zip(names, at(0.0), strict=True)), dict(zip(names, spread, strict=True))


def _constrain(model: Model, point: Values, vectors: Array) -> Values:
    """Give the free variables of vectors (C, S, n) on the sampler's scale."""
    lengths = [v.size for v in point.values()]
    parts = np.split(vectors, np.cumsum(lengths)[:-1], axis=-1)
    batches = [part.reshape(*vectors.shape[:-1], *v.shape) for part, v in zip(parts, point.values(), strict=True)]
    symbols = {v: pt.tensor(dtype="float64", shape=(None, None, *v.type.shape)) for v in model.value_vars}
    single = [_transformed(model, v, "backward", model.rvs_to_values[v]) for v in model.free_RVs]
    backward = pytensor.function([*symbols.values()], vectorize_graph(single, symbols), mode="FAST_COMPILE")
    return dict(zip((v.name for v in model.free_RVs), backward(*batches), strict=True))


def _transformed(model: Model, variable: Any, direction: str, value: Any) -> Any:
    transform = model.rvs_to_transforms[variable]
    return value if transform is None else getattr(transform, direction)(value, *variable.owner.inputs)


def _ravel(values: Values) -> Array:
    return np.concatenate([v.ravel() for v in values.values()])


def _check_start(problem: Problem, start: dict[str, Array]) -> None:
    for name in ("means", "sds"):
        prior = getattr(problem.priors, name)
        if isinstance(prior, NamedPrior):
            continue
        if not np.isfinite(log_density(prior, name, start[name].shape)(start[name])).all():
            constraint = "have a density above zero at the EM solution, where the chains start"
            raise InvalidArgumentError(f"priors.{name}", constraint, f"zero at {start[name].tolist()}")
