"""The No-U-Turn sampler (Hoffman and Gelman 2014, https://jmlr.org/papers/v15/hoffman14a.html) by nutpie.

Where every prior is a named one, nutpie moves on the fused target in whitened coordinates; otherwise on the compiled
PyMC graph. Every chain starts near the labelled mode, scattered by about one posterior standard deviation, so the K!
orders of the components never need to be crossed.

In whitened coordinates u the posterior is nearly a standard normal, and there the energy is split (Shahbaba, Lan,
Johnson and Neal 2014, doi:10.1007/s11222-012-9373-1): the normal part turns position u and momentum q exactly, and
gradients are spent on what the posterior lacks of a normal one. A step of size e is

    q += e/2 (grad log p(u) + u);   (u, q) <- (u cos e + q sin e, q cos e - u sin e);   q += e/2 (grad log p(u) + u).

Leapfrog, whose steps the normal part keeps short, takes 1.2 to 5 times as many gradients for an effective draw.
"""

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bayesgmm import inference
from bayesgmm.inference.callback import NAME, nutpie_model
from bayesgmm.inference.function import CFunction
from bayesgmm.inference.peak import Peak
from bayesgmm.inference.problem import Draws, Method, Problem, SamplingSettings
from bayesgmm.inference.samplers import NUTPIE, SAMPLER_OPTIONS, check_sampler_options
from bayesgmm.inference.sampling import NUTS_OPTIONS, sample_nutpie
from bayesgmm.inference.target import Target, make_target
from bayesgmm.inference.whitening import Whitening, complete_data_errors, whiten_posterior
from bayesgmm.kernel.target import log_posterior_callback

__all__ = ["NUTS", "sample_nuts", "scatter_start"]

Array = NDArray[np.float64]

WHITENED_TUNE = 50  # only the step size and a few widths are left to learn; R-hat as after 100, 20 seeds on 7 data sets
WHITENED = {
    "exact_normal_trajectory": True,  # the split above
    "max_step_size": 1.1,  # three steps make half a turn, pi, where a trajectory ends; longer ones only come back
    "step_size_jitter": 0.0,  # a step that chance shortens to less than pi / 3 takes seven gradients and not three
    "target_accept": 0.7,  # 111 coordinates: 6.4 gradients per effective draw, at 0.8 14, by leapfrog at 0.9 29
}
FARTHEST = 2.0  # posterior sds from the mode, per direction
HALVINGS = 10  # after which a start lies at the mode for all purposes


def sample_nuts(problem: Problem, settings: SamplingSettings) -> Draws:
    """Draw from the posterior by NUTS.

    Parameters
    ----------
    problem : Problem
    settings : SamplingSettings
        Options: ``target_accept`` (0.7; raise it towards 0.99 after divergences) and ``maxdepth`` (10: at most 1023
        gradients a draw). `tune` is 50 by default. Where the priors are no named ones they are 0.9 and 500.
        ``sampler`` is "nutpie"; "pymc", "numpyro" and "blackjax" run on the PyMC model, see `foreign`. An interrupt
        keeps the draws made so far, with NumPyro and BlackJAX none.

    Returns
    -------
    Draws

    Examples
    --------
    >>> from bayesgmm.covariance import Diagonal
    >>> from bayesgmm.data import as_data
    >>> from bayesgmm.em.fit import fit_em
    >>> from bayesgmm.inference.nuts import sample_nuts
    >>> from bayesgmm.inference.problem import Problem, SamplingSettings
    >>> from bayesgmm.model.priors import Priors
    >>> data, family = as_data([[0.0], [0.1], [0.3], [5.0], [5.2], [5.3]]), Diagonal()
    >>> problem = Problem(data, family, Priors().resolve(data, 2, family), fit_em(data, 2, family).mixture)
    >>> settings = SamplingSettings(draws=50, chains=2, tune=None, cores=1, seed=1, progressbar=False)
    >>> sample_nuts(problem, settings).values["means"].shape
    (2, 50, 2, 1)
    """
    if settings.options.get("sampler", NUTPIE) != NUTPIE:
        return inference.foreign.sample_foreign(problem, settings)
    settings = replace(
        settings, options={key: settings.options[key] for key in NUTS_OPTIONS if key in settings.options}
    )
    if not problem.priors.is_named:
        return inference.graph.sample_graph(problem, settings)
    began = time.perf_counter()
    target = make_target(problem.data, problem.family, problem.start.n_components, problem.priors)
    start = target.pack(problem.start)
    whitening = whiten_posterior(target.log_posterior, start, complete_data_errors(target, problem))
    user_data = target.user_data(whitening.mode, whitening.factor)
    function = CFunction(log_posterior_callback(), user_data, target.n_dim)
    model = nutpie_model(function, scatter_start(target, whitening))
    tune = WHITENED_TUNE if settings.tune is None else settings.tune
    drawn = sample_nutpie(model, settings, tune=tune, adaptation="diag", **WHITENED)
    attrs = {**drawn.attrs, "sampling_time": time.perf_counter() - began}  # the search for the mode included
    return replace(drawn, values=target.unpack(whitening.unwhiten(drawn.values[NAME])), attrs=attrs)


def scatter_start(target: Target | Peak, whitening: Whitening) -> Callable[[int], Array]:
    """Make the function that gives a chain its starting point.

    It draws u from a standard normal, at most 2 in every direction. Where the log posterior has fallen by more than
    |u|^2, twice what a normal peak would, it goes half way back to the mode, and again, until that is made good: a peak
    may be much narrower than its curvature at the mode.

    Parameters
    ----------
    target : Target or Peak
        Of which the log posterior is asked.
    whitening : Whitening

    Returns
    -------
    callable
        A seed to a whitened vector of shape (n,).
    """

    def scatter(seed: int) -> Array:
        u = np.random.default_rng(seed).standard_normal(whitening.mode.size).clip(-FARTHEST, FARTHEST)
        least = whitening.log_posterior - u @ u
        for _ in range(HALVINGS):
            if target.log_posterior(whitening.unwhiten(u))[0] >= least:
                break
            u = 0.5 * u
        return u

    return scatter


NUTS = Method(sample_nuts, SAMPLER_OPTIONS, check_sampler_options)
