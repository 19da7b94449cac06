"""The compiled PyMC model as a function of one unconstrained vector: for priors that the fused target does not know.

The one log posterior on which NUTS, Laplace and ADVI run there, compiled by `lifting`.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
import pytensor
import pytensor.tensor as pt
from numpy.typing import NDArray
from pymc.model import Model
from pytensor.graph.replace import vectorize_graph

from bayesgmm.covariance import partials_from_cholesky
from bayesgmm.errors import InvalidArgumentError
from bayesgmm.inference.function import CFunction
from bayesgmm.inference.lifting import compile_log_posterior
from bayesgmm.inference.problem import Problem
from bayesgmm.inference.whitening import LogPosterior
from bayesgmm.model.build import model_from_data
from bayesgmm.model.named import NamedPrior
from bayesgmm.model.users import log_density

__all__ = ["CompiledModel", "compile_model", "constrain", "curvature_errors", "start_values"]

Array = NDArray[np.float64]
Values = dict[str, Array]

POSSIBLE = "have a density above zero at the EM solution, the starting point"
STEP = 1e-4  # of standardised coordinates, far below a posterior sd of a million rows
LEAST_CURVATURE = 1.0  # of standardised coordinates; a prior of the data's own width has as much


@dataclass(frozen=True, eq=False)
class CompiledModel:
    """A PyMC model on the vector of its unconstrained values; n is its length.

    Attributes
    ----------
    log_posterior : CFunction
        x of shape (n,) to the value in nats and the gradient (n,).
    unpack : callable
        Vectors of shape (..., n) to the model's free variables by name.
    start : array of shape (n,)
        The labelled mixture.
    spread : array of shape (n,)
        How far a standard error of the means moves each coordinate.
    """

    log_posterior: CFunction
    unpack: Callable[[Array], Values]
    start: Array
    spread: Array

    @cached_property
    def errors(self) -> Array:
        """A rough width of the posterior along each coordinate, of shape (n,)."""
        return curvature_errors(self.log_posterior, self.start)


def compile_model(problem: Problem) -> CompiledModel:
    """Compile the log posterior of a problem with its gradient.

    Parameters
    ----------
    problem : Problem

    Returns
    -------
    CompiledModel

    Raises
    ------
    InvalidArgumentError
        If a prior gives no density to the means or sds of the labelled mixture.
    """
    start = start_values(problem)
    _check_start(problem, start)
    model = model_from_data(problem.data, problem.start.n_components, problem.family, problem.priors)
    counts = np.maximum(problem.start.weights * problem.data.total_weight, 1.0)  # (K,)
    point, spread = _unconstrain(model, start, problem.start.sds / np.sqrt(counts)[:, None])
    function, vector = compile_log_posterior(model, point), _ravel(point)
    if not np.isfinite(function(vector)[0]):
        raise InvalidArgumentError("priors", POSSIBLE, problem.priors.to_json())
    return CompiledModel(function, partial(constrain, model), vector, _ravel(spread))


def start_values(problem: Problem) -> Values:
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


def constrain(model: Model, x: Array) -> Values:
    """Give the free variables of a model at unconstrained vectors.

    Parameters
    ----------
    model : pymc.Model
    x : array of shape (..., n)
        Its value variables one after another.

    Returns
    -------
    dict of str to array
        The free variables by name, with the leading axes of `x`.
    """
    initial = model.initial_point(random_seed=0)
    shapes = [initial[v.name].shape for v in model.value_vars]
    batch, rows = x.shape[:-1], x.reshape(-1, x.shape[-1])
    parts = np.split(rows, np.cumsum([math.prod(shape) for shape in shapes])[:-1], axis=-1)
    stacked = [part.reshape(-1, *shape) for part, shape in zip(parts, shapes, strict=True)]
    symbols = {v: pt.tensor(dtype="float64", shape=(None, *v.type.shape)) for v in model.value_vars}
    single = [_transformed(model, v, "backward", model.rvs_to_values[v]) for v in model.free_RVs]
    backward = pytensor.function([*symbols.values()], vectorize_graph(single, symbols), mode="FAST_COMPILE")
    values = zip(model.free_RVs, backward(*stacked), strict=True)
    return {variable.name: value.reshape(*batch, *value.shape[1:]) for variable, value in values}


def curvature_errors(log_posterior: LogPosterior, start: Array) -> Array:
    """Give the width of a peak along each coordinate from its curvature there, 1 / sqrt(-d^2 log p / dx_i^2).

    Parameters
    ----------
    log_posterior : callable
        x of shape (n,) to value and gradient.
    start : array of shape (n,)
        Near the mode.

    Returns
    -------
    array of shape (n,)
        At most 1, in standardised coordinates the width of the data.
    """
    steps = STEP * np.eye(start.size)
    ahead, behind = (np.array([log_posterior(start + sign * step)[1] for step in steps]) for sign in (1.0, -1.0))
    curvature = np.diagonal(behind - ahead) / (2.0 * STEP)
    return np.asarray(1.0 / np.sqrt(np.maximum(np.abs(np.nan_to_num(curvature)), LEAST_CURVATURE)))


def _check_start(problem: Problem, start: Values) -> None:
    """Name the prior that excludes the start, before anything is compiled."""
    for name in ("means", "sds"):
        prior = getattr(problem.priors, name)
        if isinstance(prior, NamedPrior):
            continue
        if not np.isfinite(log_density(prior, name, start[name].shape)(start[name])).all():
            raise InvalidArgumentError(f"priors.{name}", POSSIBLE, f"zero at {start[name].tolist()}")


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


def _transformed(model: Model, variable: Any, direction: str, value: Any) -> Any:
    transform = model.rvs_to_transforms[variable]
    return value if transform is None else getattr(transform, direction)(value, *variable.owner.inputs)


def _ravel(values: Values) -> Array:
    return np.concatenate([v.ravel() for v in values.values()])
