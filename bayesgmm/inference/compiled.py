"""The compiled PyMC model as a function of one unconstrained vector: for priors that the fused target does not know.

PyTensor compiles it for every new model, which takes some ten seconds; no other module of the approximations knows it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pymc as pm
from numpy.typing import NDArray
from pymc.initial_point import make_initial_point_fn

from bayesgmm.errors import InvalidArgumentError
from bayesgmm.inference.graph import start_values
from bayesgmm.inference.problem import Problem
from bayesgmm.inference.whitening import LogPosterior
from bayesgmm.model.build import model_from_data

__all__ = ["CompiledModel", "compile_model", "curvature_errors"]

Array = NDArray[np.float64]

STEP = 1e-4  # of standardised coordinates, far below a posterior sd of a million rows
LEAST_CURVATURE = 1.0  # of standardised coordinates; a prior of the data's own width has as much


@dataclass(frozen=True, eq=False)
class CompiledModel:
    """A PyMC model on the vector of its unconstrained values; n is its length.

    Attributes
    ----------
    log_posterior : callable
        x of shape (n,) to the value in nats and the gradient (n,). Not to be called from two threads at once.
    unpack : callable
        Vectors of shape (..., n) to the model's free variables by name.
    start : array of shape (n,)
        The labelled mixture.
    errors : array of shape (n,)
        A rough width of the posterior along each coordinate.
    """

    log_posterior: LogPosterior
    unpack: Callable[[Array], dict[str, Array]]
    start: Array
    errors: Array


def compile_model(problem: Problem) -> CompiledModel:
    """Compile the log posterior of a problem with its gradient, and the way back to the parameters.

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
    model = model_from_data(problem.data, problem.start.n_components, problem.family, problem.priors)
    begin = make_initial_point_fn(
        model=model, overrides={variable: start[variable.name] for variable in model.free_RVs}, return_transformed=True
    )
    begun = begin(0)
    point = {value.name: np.asarray(begun[value.name], dtype=float) for value in model.value_vars}
    function: Any = model.logp_dlogp_function(initial_point=begun, ravel_inputs=True)

    def log_posterior(x: Array) -> tuple[float, Array]:
        value, gradient = function(np.ascontiguousarray(x, dtype=float))
        return float(value), np.array(gradient)

    vector = np.concatenate([point[value.name].ravel() for value in model.value_vars])
    if not np.isfinite(log_posterior(vector)[0]):
        constraint = "have a density above zero at the EM solution, where the search starts"
        raise InvalidArgumentError("priors", constraint, problem.priors.to_json())
    return CompiledModel(log_posterior, _way_back(model, point), vector, curvature_errors(log_posterior, vector))


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


def _way_back(model: pm.Model, point: dict[str, Array]) -> Callable[[Array], dict[str, Array]]:
    """Compile the map from the unconstrained vector to the free variables; it goes through draws one by one."""
    names = [variable.name for variable in model.free_RVs]
    back = model.replace_rvs_by_values(model.free_RVs)
    convert = pm.compile(model.value_vars, back, on_unused_input="ignore")
    shapes = [point[value.name].shape for value in model.value_vars]
    ends = np.cumsum([int(np.prod(shape)) for shape in shapes])[:-1]

    def unpack(x: Array) -> dict[str, Array]:
        x = np.asarray(x, dtype=float)
        rows = [
            convert(*(part.reshape(shape) for part, shape in zip(np.split(row, ends), shapes, strict=True)))
            for row in x.reshape(-1, x.shape[-1])
        ]
        stacked = [np.stack(column) for column in zip(*rows, strict=True)]
        return {
            name: value.reshape(*x.shape[:-1], *value.shape[1:]) for name, value in zip(names, stacked, strict=True)
        }

    return unpack
