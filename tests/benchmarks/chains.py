"""Sampling beside the peers: the same rows and priors, 2 chains of 500 + 500, both cores, a fresh process each.

    PYTHONPATH=tests python -m benchmarks chains --peers numpyro pymc

Effective draws are ArviZ's bulk ESS, the least over all weights, means, sds and correlations.
"""

import statistics
import sys
import tempfile
from pathlib import Path

import numpy as np
from arviz_stats.base import array_stats

from benchmarks.measuring import make_stamp, run_program, save_results, say
from benchmarks.peers.stan_services import has_stan
from benchmarks.problem import simulate, state_problem, write_problem

PACKAGES = ("bayesgmm", "numba", "nutpie", "numpyro", "jax", "pymc", "pytensor", "pystan", "httpstan", "arviz-stats")
PEERS = {"ours": "ours", "numpyro": "numpyro_mixture", "pymc": "pymc_mixture", "stan": "stan_mixture"}
SHAPES = ((10_000, 5, 5), (1_000, 3, 2))
REPEATS = 3
ENOUGH = 150.0  # seconds; a program that has had them at one shape is not repeated
WARM_UP = 10  # draws of the process that fills the caches of compiled code


def run(peers):
    """Run every program at every shape, in turns, and keep the figures of each as soon as they are there."""
    stamp = make_stamp(PACKAGES)
    chosen = {name: module for name, module in PEERS.items() if name == "ours" or name in peers}
    if "stan" in chosen and not has_stan():
        say("chains: PyStan cannot compile a model here; Stan is left out")
        del chosen["stan"]
    with tempfile.TemporaryDirectory() as folder:
        for shape in SHAPES:
            measure_shape(shape, chosen, stamp, Path(folder))


def measure_shape(shape, chosen, stamp, folder):
    """Warm every program up, then run them in turns."""
    N, K, D = shape
    x, truth = simulate(N, K, D)
    where = "N = {:,}, K = {}, D = {}".format(*shape)
    runs = {name: [] for name in chosen}
    for seed in range(REPEATS + 1):
        draws = 500 if seed else WARM_UP
        write_problem(folder / "problem.npz", state_problem(x, truth, draws=draws, tune=draws, seed=seed))
        for name in list(runs):
            if sum(taken["process"] for taken in runs[name]) > ENOUGH:
                continue
            try:
                taken = run_peer(chosen[name], folder)
            except RuntimeError as failure:
                say(f"chains: {where}, {name} failed and is left out: {failure}")
                del runs[name]
                continue
            say(f"chains: {where}, {name}, {f'run {seed}' if seed else 'warm-up'}: {taken['process']:.1f} s")
            if seed:
                runs[name].append(taken)
                medians = {key: statistics.median(run[key] for run in runs[name]) for key in taken}
                save_results("chains", stamp, {f"{where}; {name}": medians | {"runs": len(runs[name])}})


def run_peer(module, folder):
    """Run one program in a fresh process and judge its draws."""
    cache = {"JAX_COMPILATION_CACHE_DIR": str(folder / "jax"), "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0"}
    files = folder / "problem.npz", folder / "draws.npz"
    _, process = run_program(["-m", f"benchmarks.peers.{module}", *files], environment=cache)
    with np.load(files[1]) as drawn:
        amounts = {"process": process, "sampling": float(drawn["seconds"]), "gradients": int(drawn["gradients"])}
        return amounts | judge_draws(drawn["weights"], drawn["means"], drawn["scale_tril"])


def judge_draws(weights, means, scale_tril):
    """Give the least ESS and the largest R-hat over weights, means, sds and correlations, from draws (C, S, K, ...)."""
    sds = np.linalg.norm(scale_tril, axis=-1)
    roots = scale_tril / sds[..., None]
    i, j = np.tril_indices(sds.shape[-1], -1)
    correlations = (roots @ roots.mT)[..., i, j]
    parts = weights, means, sds, correlations
    values = np.concatenate([part.reshape(*part.shape[:2], -1) for part in parts], axis=-1)
    ess = array_stats.ess(values, chain_axis=0, draw_axis=1, method="bulk")
    rhat = array_stats.rhat(values, chain_axis=0, draw_axis=1)
    return {"ess": float(np.min(ess)), "rhat": float(np.max(rhat))}


if __name__ == "__main__":
    run(set(sys.argv[1:]))
