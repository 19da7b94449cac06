"""NUTS on the compiled PyMC graph: for priors that the fused target does not know.

The same textbook model, started at the same labelled mixture, but compiled by PyTensor for every new shape, which takes
some ten seconds. There are no whitened coordinates, so the warm-up learns a low-rank metric.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import nutpie
import pymc as pm
from numpy.typing import NDArray

from bayesgmm.covariance import partials_from_cholesky
from bayesgmm.errors import InvalidArgumentError
from bayesgmm.inference.problem import Draws, Problem, SamplingSettings
from bayesgmm.inference.sampling import sample_nutpie
from bayesgmm.model.build import model_from_data
from bayesgmm.model.named import NamedPrior
from bayesgmm.model.users import log_density

__all__ = ["sample_graph", "start_values"]

Array = NDArray[np.float64]

GRAPH_TUNE = 500  # the metric has to be learned


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
    names = [variable.name for variable in model.free_RVs]
    counts = np.maximum(problem.start.weights * problem.data.total_weight, 1.0)  # (K,)
    points: dict[str, Any] = {name: start[name] for name in names}
    points["means"] = pm.Normal.dist(start["means"], problem.start.sds / np.sqrt(counts)[:, None])
    compiled = nutpie.compile_pymc_model(model, initial_points=points, jitter_rvs=set(), var_names=names)
    tune = GRAPH_TUNE if settings.tune is None else settings.tune
    drawn = sample_nutpie(compiled, settings, tune=tune, adaptation="low_rank")
    return replace(drawn, values={name: drawn.values[name] for name in names})


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


def _check_start(problem: Problem, start: dict[str, Array]) -> None:
    for name in ("means", "sds"):
        prior = getattr(problem.priors, name)
        if isinstance(prior, NamedPrior):
            continue
        if not np.isfinite(log_density(prior, name, start[name].shape)(start[name])).all():
            constraint = "have a density above zero at the EM solution, where the chains start"
            raise InvalidArgumentError(f"priors.{name}", constraint, f"zero at {start[name].tolist()}")
