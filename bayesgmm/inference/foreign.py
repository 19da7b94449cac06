"""NUTS by PyMC itself, by NumPyro and by BlackJAX: `pymc.sample` on the textbook model, for any priors.

Every chain starts near the labelled mode, scattered like nutpie's, and learns a diagonal metric from one: in the
unconstrained, standardised space of the model, not in whitened coordinates. PyMC compiles the model for every fit.

On JAX the likelihood is that of `model.jax_likelihood`, in double precision. PyTensor's JAX part asks JAX for double
precision once for the whole process when it is imported, as in any PyMC model that runs there; a process that takes
it back has it here all the same. PyMC's own chains are processes, forked where that is the system's way: after JAX has
run in a process, ask PyMC for one core.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pymc as pm
from numpy.typing import NDArray

from bayesgmm import model
from bayesgmm.errors import InvalidArgumentError
from bayesgmm.inference.nuts import scatter_start
from bayesgmm.inference.peak import find_peak
from bayesgmm.inference.problem import Draws, Problem, SamplingSettings
from bayesgmm.inference.sampling import NUTS_OPTIONS, SAMPLE_STATS

__all__ = ["FOREIGN", "sample_foreign", "scatter_values"]

FOREIGN_TUNE = 1000  # PyMC's own: step size and metric are learned from nothing
STATS = {  # their words for those of `SAMPLE_STATS`
    "acceptance_rate": "mean_tree_accept",
    "lp": "logp",
    "reached_max_treedepth": "maxdepth_reached",
    "tree_depth": "depth",
}
ATTRS = ("inference_library", "inference_library_version", "sampling_time", "tuning_steps")


def sample_foreign(problem: Problem, settings: SamplingSettings) -> Draws:
    """Draw from the posterior by a sampler other than nutpie.

    Parameters
    ----------
    problem : Problem
    settings : SamplingSettings
        Options: ``sampler``, a key of `FOREIGN`; ``target_accept`` (0.9) and ``maxdepth`` (10); on JAX
        ``chain_method``, "parallel" (a device for each chain) or "vectorized" (all on one, in step); None takes
        "parallel" where there are enough devices, as JAX is given on CPUs. `tune` is 1000 by default; `cores` is
        PyMC's only, and BlackJAX shows no progress.

    Returns
    -------
    Draws
        `sample_stats` has those of `SAMPLE_STATS` that the sampler records.

    Raises
    ------
    InvalidArgumentError
        If "parallel" was asked for and there are fewer devices than chains.
    KeyboardInterrupt
        If it was stopped; nothing is kept.
    """
    return FOREIGN[settings.options["sampler"]](problem, settings)


def scatter_values(problem: Problem, settings: SamplingSettings) -> list[dict[str, NDArray[np.float64]]]:
    """Give each chain a starting point near the labelled mode, by variable, in the units of the data.

    Parameters
    ----------
    problem : Problem
    settings : SamplingSettings
        Of which `chains` and `seed` are read.

    Returns
    -------
    list of dict of str to array
        One for each chain.
    """
    peak = find_peak(problem, settings)
    scatter = scatter_start(peak, peak.whitening)
    seeds = np.random.SeedSequence(settings.seed).generate_state(settings.chains)
    values = peak.unpack(peak.whitening.unwhiten(np.stack([scatter(int(seed)) for seed in seeds])))
    return [{name: value[chain] for name, value in values.items()} for chain in range(settings.chains)]


def _sample_pymc(problem: Problem, settings: SamplingSettings) -> Draws:
    chosen = {**NUTS_OPTIONS, **settings.options}
    nuts = {"target_accept": chosen["target_accept"], "max_treedepth": chosen["maxdepth"]}
    return _sample(problem, settings, nuts=nuts, init="adapt_diag", cores=settings.cores)


def _sample_numpyro(problem: Problem, settings: SamplingSettings) -> Draws:
    drawn = _sample_jax(problem, settings, "max_tree_depth")
    return replace(drawn, sample_stats={**drawn.sample_stats, "logp": -drawn.sample_stats["logp"]})  # it had minus that


def _sample_blackjax(problem: Problem, settings: SamplingSettings) -> Draws:
    return _sample_jax(problem, replace(settings, progressbar=False), "max_num_doublings")  # its bar fails in `vmap`


def _sample_jax(problem: Problem, settings: SamplingSettings, depth: str) -> Draws:
    """Sample on JAX; `depth` is the library's word for the greatest depth of a tree."""
    import jax

    model.jax_likelihood.register_jax_form()
    chosen = {**NUTS_OPTIONS, **settings.options}
    nuts = {
        "target_accept": chosen["target_accept"],
        depth: chosen["maxdepth"],
        "chain_method": _as_chain_method(chosen.get("chain_method"), settings.chains),
        "jitter": False,
    }
    with jax.enable_x64(True):
        return _sample(problem, settings, nuts=nuts)


FOREIGN: Mapping[str, Callable[[Problem, SamplingSettings], Draws]] = {
    "pymc": _sample_pymc,
    "numpyro": _sample_numpyro,
    "blackjax": _sample_blackjax,
}


def _sample(problem: Problem, settings: SamplingSettings, **arguments: Any) -> Draws:
    stated = model.build.model_from_data(problem.data, problem.start.n_components, problem.family, problem.priors)
    tree = pm.sample(
        settings.draws,
        tune=FOREIGN_TUNE if settings.tune is None else settings.tune,
        chains=settings.chains,
        random_seed=settings.seed,
        progressbar=settings.progressbar,
        quiet=not settings.progressbar,
        nuts_sampler=settings.options["sampler"],
        initvals=scatter_values(problem, settings),
        model=stated,
        var_names=[variable.name for variable in stated.free_RVs],
        compute_convergence_checks=False,
        **arguments,
    )
    posterior, stats = tree["posterior"].dataset, tree["sample_stats"].dataset
    if (posterior.sizes["chain"], posterior.sizes["draw"]) != (settings.chains, settings.draws):
        raise KeyboardInterrupt
    named = {STATS.get(str(name), str(name)): value.values for name, value in stats.data_vars.items()}
    named["n_steps"] = named["n_steps"].astype(np.int64)  # PyMC counts in floats
    return Draws(
        {str(name): np.asarray(value.values) for name, value in posterior.data_vars.items()},
        {name: named[name] for name in SAMPLE_STATS if name in named},
        {name: posterior.attrs[name] for name in ATTRS},
    )


def _as_chain_method(asked: str | None, chains: int) -> str:
    import jax
    import pymc.sampling.jax  # noqa: F401  it has JAX make many devices of a CPU, before JAX looks for them

    devices = jax.local_device_count()
    if asked == "parallel" and devices < chains:
        constraint, found = 'be "vectorized" where there are fewer devices than chains', f"{asked!r} with {devices}"
        raise InvalidArgumentError('method_options["chain_method"]', constraint, found)
    return asked or ("parallel" if devices >= chains else "vectorized")
