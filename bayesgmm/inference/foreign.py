"""NUTS by PyMC itself, by NumPyro and by BlackJAX: `pymc.sample` on the textbook model, for any priors.

Every chain starts near the labelled mode, scattered like nutpie's, and learns a diagonal metric from one: in the
unconstrained, standardised space of the model, not in whitened coordinates. PyMC compiles the model for every fit.

On JAX the likelihood is that of `model.jax_likelihood`, in double precision. PyTensor's JAX part asks JAX for double
precision once for the whole process when it is imported, as in any PyMC model that runs there; a process that takes
it back has it here all the same. PyMC's own chains are processes, forked where that is the system's way: after JAX has
run in a process, ask PyMC for one core.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import pymc as pm
from numpy.typing import NDArray

from bayesgmm import model
from bayesgmm.errors import InvalidArgumentError
from bayesgmm.inference.interrupt import NOTHING, check_kept
from bayesgmm.inference.nuts import scatter_start
from bayesgmm.inference.peak import find_peak
from bayesgmm.inference.problem import Draws, Problem, SamplingSettings
from bayesgmm.inference.sampling import NUTS_OPTIONS, SAMPLE_STATS

__all__ = ["FOREIGN", "sample_foreign", "scatter_values"]

FOREIGN_TUNE = 1000  # PyMC's own: step size and metric are learned from nothing
PYMC_CORES = 4  # at most, where the user leaves it open: PyMC's own default
TOO_FEW = "Not enough samples to build a trace."  # PyMC's words for an interrupt during the warm-up
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
        If it was stopped before PyMC had draws to keep. NumPyro and BlackJAX keep none: an interrupt is heard when
        their compiled run has come to its end, or not at all.

    Warns
    -----
    ConvergenceWarning
        If PyMC was stopped: the chains and draws of each that it had are kept.
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
    cores = settings.cores or min(PYMC_CORES, os.cpu_count() or 1)
    watch = _Watch(settings.draws + _n_tune(settings)) if cores == 1 else None
    return _sample(problem, settings, nuts=nuts, init="adapt_diag", cores=cores, callback=watch)


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
    starts = scatter_values(problem, settings)
    with _interruptible():
        tree = pm.sample(
            settings.draws,
            tune=_n_tune(settings),
            chains=settings.chains,
            random_seed=settings.seed,
            progressbar=settings.shows_live_bar,
            quiet=not settings.shows_live_bar,
            nuts_sampler=settings.options["sampler"],
            initvals=starts,
            model=stated,
            var_names=[variable.name for variable in stated.free_RVs],
            compute_convergence_checks=False,
            **arguments,
        )
    posterior, stats = tree["posterior"].dataset, tree["sample_stats"].dataset
    check_kept(posterior.sizes["chain"], posterior.sizes["draw"], settings)
    named = {STATS.get(str(name), str(name)): value.values for name, value in stats.data_vars.items()}
    named["n_steps"] = named["n_steps"].astype(np.int64)  # PyMC counts in floats
    return Draws(
        {str(name): np.asarray(value.values) for name, value in posterior.data_vars.items()},
        {name: named[name] for name in SAMPLE_STATS if name in named},
        {name: posterior.attrs[name] for name in ATTRS},
    )


class _Watch:
    """Ends a run of chains one after another where one was interrupted: PyMC would go on to the next.

    Parameters
    ----------
    length : int
        Of a whole chain, warm-up included.
    """

    def __init__(self, length: int) -> None:
        self.length, self.drawn = length, Counter[int]()

    def __call__(self, trace: Any, draw: Any) -> None:
        """Take note of a draw, as PyMC's callback."""
        self.drawn[draw.chain] += 1
        if any(self.drawn[chain] < self.length for chain in range(draw.chain)):
            raise KeyboardInterrupt


@contextmanager
def _interruptible() -> Iterator[None]:
    """Say that nothing is kept, where PyMC says that it has too few draws or nothing at all."""
    try:
        yield
    except KeyboardInterrupt:
        raise KeyboardInterrupt(NOTHING) from None
    except ValueError as error:
        if str(error) == TOO_FEW:
            raise KeyboardInterrupt(NOTHING) from None
        raise


def _n_tune(settings: SamplingSettings) -> int:
    return FOREIGN_TUNE if settings.tune is None else settings.tune


def _as_chain_method(asked: str | None, chains: int) -> str:
    import jax
    import pymc.sampling.jax  # noqa: F401  it has JAX make many devices of a CPU, before JAX looks for them

    devices = jax.local_device_count()
    if asked == "parallel" and devices < chains:
        constraint, found = 'be "vectorized" where there are fewer devices than chains', f"{asked!r} with {devices}"
        raise InvalidArgumentError('method_options["chain_method"]', constraint, found)
    return asked or ("parallel" if devices >= chains else "vectorized")
