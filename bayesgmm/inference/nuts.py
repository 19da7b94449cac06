"""The No-U-Turn sampler (Hoffman and Gelman 2014, https://jmlr.org/papers/v15/hoffman14a.html) by nutpie.

Where every prior is a named one, nutpie moves on the fused target in whitened coordinates; otherwise on the compiled
PyMC graph. Every chain starts near the labelled mode, scattered by about one posterior standard deviation, so the K!
orders of the components never need to be crossed.
"""

import numpy as np
from numpy.typing import NDArray

from bayesgmm import inference
from bayesgmm.inference.callback import NAME, nutpie_model
from bayesgmm.inference.problem import Draws, Problem, SamplingSettings
from bayesgmm.inference.sampling import sample_nutpie
from bayesgmm.inference.target import make_target
from bayesgmm.inference.whitening import complete_data_errors, whiten_posterior

__all__ = ["sample_nuts"]

Array = NDArray[np.float64]

WHITENED_TUNE = 200  # nothing is left to learn but the step size and a few widths


def sample_nuts(problem: Problem, settings: SamplingSettings) -> Draws:
    """Draw from the posterior by NUTS.

    Parameters
    ----------
    problem : Problem
    settings : SamplingSettings
        Options: ``target_accept`` (0.8: in whitened coordinates no smaller steps are needed; raise it towards 0.99
        after divergences) and ``maxdepth`` (10: at most 1023 gradients a draw).

    Returns
    -------
    Draws

    """
    if not problem.priors.is_named:
        return inference.graph.sample_graph(problem, settings)
    target = make_target(problem.data, problem.family, problem.start.n_components, problem.priors)
    start = target.pack(problem.start)
    whitening = whiten_posterior(target.log_posterior, start, complete_data_errors(target, problem))

    def scatter(seed: int) -> Array:
        return np.random.default_rng(seed).standard_normal(target.n_dim).clip(-2, 2)

    tune = WHITENED_TUNE if settings.tune is None else settings.tune
    values, sample_stats, attrs = sample_nutpie(nutpie_model(target, whitening, scatter), settings, tune, "diag")
    return Draws(target.unpack(whitening.unwhiten(values[NAME])), sample_stats, attrs)
