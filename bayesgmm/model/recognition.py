"""Recognition: the named prior behind a PyMC variable, read off the class names of its operations.

A random variable is the output of ``variable.owner``, whose inputs are (generator, size, parameters...). A prior is
recognised when every parameter is built from constants only; it is evaluated once. Nothing here imports PyMC or
PyTensor: a variable brings its own methods along.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bayesgmm.model import named

__all__ = ["MEANS", "SDS", "Recogniser", "describe", "differs_between_components", "operation", "recognise"]

Array = NDArray[np.float64]
Recogniser = Callable[[Any], named.NamedPrior | None]

N_LEADING_INPUTS = 2  # random generator and size come before the parameters


def operation(variable: Any) -> str:
    """Name the operation that made a variable: ``"NormalRV"``, ``"Elemwise"``.

    Parameters
    ----------
    variable : PyMC or PyTensor variable

    Returns
    -------
    str
    """
    return type(variable.owner.op).__name__


def recognise(variable: Any, recognisers: Mapping[str, Recogniser]) -> Any:
    """Give the named prior that a PyMC variable is, or the variable itself.

    Parameters
    ----------
    variable : PyMC variable or NamedPrior
    recognisers : mapping of str to callable
        `MEANS` or `SDS`: by the name of the operation.

    Returns
    -------
    NamedPrior or the variable
    """
    if isinstance(variable, named.NamedPrior) or operation(variable) not in recognisers:
        return variable
    prior = recognisers[operation(variable)](variable)
    return variable if prior is None else prior


def describe(prior: Any) -> dict[str, Any]:
    """Describe a prior by name and parameters; of a variable that is no named prior, what can be read off.

    Parameters
    ----------
    prior : NamedPrior or PyMC variable

    Returns
    -------
    dict
        ``name``, and ``parameters``, "?" where one is not constant; numbers and text only.
    """
    if isinstance(prior, named.NamedPrior):
        return prior.to_dict()
    values = [_constant(p) for p in _parameters(prior)]
    shown = ["?" if v is None else v.tolist() for v in values]
    name = _scalar_operation(prior) if operation(prior) == "Elemwise" else operation(prior).removesuffix("RV")
    return {"name": name, "parameters": shown}


def differs_between_components(prior: Any, shape: tuple[int, ...]) -> bool:
    """Tell whether a prior of a parameter whose first axis runs over the components differs between them.

    A parameter that is not constant counts as differing where it ranges over the components.

    Parameters
    ----------
    prior : NamedPrior or PyMC variable
    shape : tuple of int
        Of the parameter, components first.

    Returns
    -------
    bool
    """
    if isinstance(prior, named.NamedPrior):
        full = prior.broadcast(shape).parameters.values()
        return any(bool((v != v[:1]).any()) for v in full)
    core = getattr(prior.owner.op, "ndims_params", None)
    parameters = _parameters(prior)
    core = [0] * len(parameters) if core is None or len(core) != len(parameters) else core
    n_batch = len(shape) - getattr(prior.owner.op, "ndim_supp", 0)
    ranging = [p for p, c in zip(parameters, core, strict=True) if p.type.ndim - c == n_batch and p.type.shape[0] != 1]
    values = [_constant(p) for p in ranging]
    return any(v is None or bool((v != v[:1]).any()) for v in values)


def _parameters(variable: Any) -> list[Any]:
    node = variable.owner
    has_signature = getattr(node.op, "extended_signature", None) is not None  # then its inputs stand in that order
    inputs = node.op.dist_params(node) if has_signature else node.inputs[N_LEADING_INPUTS:]
    return [v for v in inputs if hasattr(v.type, "dtype")]


def _leaves(variable: Any) -> Iterator[Any]:
    if variable.owner is None:
        yield variable
    else:
        for parent in variable.owner.inputs:
            yield from _leaves(parent)


def _constant(variable: Any) -> Array | None:
    """Evaluate a variable that is built from constants only; else None."""
    if not all(hasattr(leaf, "data") for leaf in _leaves(variable)):
        return None
    value = np.asarray(variable.data if variable.owner is None else variable.eval(mode="FAST_COMPILE"), dtype=float)
    denominator = _denominator(variable)
    return value if denominator is None else (1.0 / denominator).reshape(value.shape)


def _denominator(variable: Any) -> Array | None:
    """Give b where the variable is 1 / b: PyMC writes rates as scales, rounded to single precision for integers."""
    while variable.owner is not None and operation(variable) in ("DimShuffle", "ExpandDims"):
        variable = variable.owner.inputs[0]
    if variable.owner is None or _scalar_operation(variable) != "Reciprocal":
        return None
    return _constant(variable.owner.inputs[0])


def _scalar_operation(variable: Any) -> str:
    return type(getattr(variable.owner.op, "scalar_op", None)).__name__


def _constants(parameters: list[Any]) -> list[Array] | None:
    values = [_constant(p) for p in parameters]
    return None if any(v is None for v in values) else [v for v in values if v is not None]


def _by_parameters(build: Callable[..., named.NamedPrior | None]) -> Recogniser:
    def recogniser(variable: Any) -> named.NamedPrior | None:
        values = _constants(_parameters(variable))
        return None if values is None else build(*values)

    return recogniser


def _half_normal(loc: Array, sigma: Array) -> named.NamedPrior | None:
    return named.HalfNormal(sigma) if (loc == 0).all() else None


def _square_root(variable: Any) -> named.NamedPrior | None:
    inner = variable.owner.inputs[0]
    if _scalar_operation(variable) != "Sqrt" or inner.owner is None or operation(inner) != "InvGammaRV":
        return None
    values = _constants(_parameters(inner))
    return None if values is None else named.InverseGammaVariance(*values)


def _truncated(variable: Any) -> named.NamedPrior | None:
    is_log_normal = type(variable.owner.op.base_rv_op).__name__ == "LogNormalRV"
    values = _constants(_parameters(variable)) if is_log_normal else None
    if values is None:
        return None
    mu, sigma, lower, upper = values
    return named.LogNormal(mu, sigma, np.maximum(lower, 0.0)) if (upper == np.inf).all() else None


MEANS: dict[str, Recogniser] = {"NormalRV": _by_parameters(named.Normal)}

SDS: dict[str, Recogniser] = {
    "LogNormalRV": _by_parameters(named.LogNormal),
    "TruncatedRV": _truncated,
    "HalfNormalRV": _by_parameters(_half_normal),
    "ExponentialRV": _by_parameters(lambda scale: named.Exponential(1.0 / scale)),
    "GammaRV": _by_parameters(lambda shape, scale: named.Gamma(shape, 1.0 / scale)),
    "HalfStudentTRV": _by_parameters(named.HalfStudentT),
    "HalfCauchyRV": _by_parameters(lambda beta: named.HalfStudentT(np.ones(()), beta)),
    "Elemwise": _square_root,
}
