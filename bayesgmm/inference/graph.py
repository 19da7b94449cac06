"""NUTS on the compiled PyMC graph: for priors that the fused target does not know.

The same textbook model, started at the same labelled mixture, but compiled by PyTensor for every new shape, which takes
some ten seconds. There are no whitened coordinates, so the warm-up learns a low-rank metric.
"""

import numpy as np
import nutpie
import pymc as pm

from bayesgmm.covariance import partials_from_cholesky
from bayesgmm.inference.problem import Draws, Problem, SamplingSettings
from bayesgmm.inference.sampling import sample_nutpie
from bayesgmm.model.build import model_from_data

__all__ = ["sample_graph"]

GRAPH_TUNE = 500  # the metric has to be learned


def sample_graph(problem: Problem, settings: SamplingSettings) -> Draws:
    """Draw by NUTS on the compiled graph of `build_model`; arguments and result as for `sample_nuts`."""
    model = model_from_data(problem.data, problem.start.n_components, problem.family, problem.priors)
    names = [variable.name for variable in model.free_RVs]
    compiled = nutpie.compile_pymc_model(
        model, initial_points=_initial_points(problem, names), jitter_rvs=set(), var_names=names
    )
    tune = GRAPH_TUNE if settings.tune is None else settings.tune
    values, sample_stats, attrs = sample_nutpie(compiled, settings, tune, "low_rank")
    return Draws({name: values[name] for name in names}, sample_stats, attrs)


def _initial_points(problem: Problem, names: list[str]) -> dict[str, object]:
    """Start every chain at the labelled mixture, the means scattered by their standard errors."""
    start, family = problem.start, problem.family
    counts = np.maximum(start.weights * problem.data.total_weight, 1.0)  # (K,)
    partials = partials_from_cholesky(start.scale_tril)  # (K, P)
    points = {
        "weights": start.weights,
        "means": pm.Normal.dist(start.means, start.sds / np.sqrt(counts)[:, None]),
        "sds": family.compact_sds(start.sds),
        "partials": partials[0] if family.is_shared else partials,
    }
    return {name: points[name] for name in names}
