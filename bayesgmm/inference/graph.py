"""NUTS on the compiled PyMC model: for priors that the fused target does not know.

The same textbook model, started at the same labelled mixture. There are no whitened coordinates, so the warm-up learns
a low-rank metric.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bayesgmm.inference.callback import NAME, nutpie_model
from bayesgmm.inference.compiled import compile_model
from bayesgmm.inference.problem import Draws, Problem, SamplingSettings
from bayesgmm.inference.sampling import sample_nutpie

__all__ = ["sample_graph"]

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
    compiled = compile_model(problem)

    def scatter(seed: int) -> Array:
        return compiled.start + compiled.spread * np.random.default_rng(seed).standard_normal(compiled.start.size)

    model = nutpie_model(compiled.log_posterior, scatter)
    tune = GRAPH_TUNE if settings.tune is None else settings.tune
    drawn = sample_nutpie(model, settings, tune=tune, adaptation="low_rank")
    return replace(drawn, values=compiled.unpack(drawn.values[NAME]))
