"""One log-likelihood with its gradient: ours, and what else computes it. One core, one thread, double precision.

PYTHONPATH=tests python -m benchmarks kernel
"""

import importlib
import sys

import numpy as np

from bayesgmm.covariance import Full
from bayesgmm.data import as_data
from bayesgmm.inference.target import make_target
from bayesgmm.kernel.rows import expected_statistics, gradient
from bayesgmm.mixture import Mixture
from bayesgmm.model.priors import Priors
from benchmarks.measuring import call_in_fresh_process, make_stamp, save_results, say, take_turns
from benchmarks.problem import simulate

PACKAGES = ("bayesgmm", "numba", "numpy", "jax", "pymc", "pytensor")
PEERS = {"numpy": "numpy_products", "jax": "jax_likelihood", "pymc": "pymc_mixture"}
SHAPES = ((1_000, 3, 2), (10_000, 5, 5), (100_000, 5, 5), (10_000, 8, 10), (10_000, 5, 20), (1_000_000, 3, 2))
REPEATS = 15


def run(peers):
    """Measure every shape and keep the figures."""
    stamp = make_stamp(PACKAGES)
    chosen = [module for peer, module in PEERS.items() if peer in peers]
    for N, K, D in SHAPES:
        say(f"kernel: N = {N:,}, K = {K}, D = {D}")
        seconds = call_in_fresh_process(measure_shape, N, K, D, chosen, one_core=True)
        save_results("kernel", stamp, {f"{N:,}, {K}, {D}": {"seconds": seconds}})


def measure_shape(N, K, D, modules, repeats=REPEATS):
    """Give the median seconds of every form at one shape."""
    x, truth = simulate(N, K, D)
    calls = our_calls(x, truth)
    for module in modules:
        calls |= importlib.import_module(f"benchmarks.peers.{module}").make_calls(x, truth)
    return take_turns(calls, repeats)


def our_calls(x, truth):
    """Log-likelihood and gradient for each width of scale, and the log posterior that the sampler moves on."""
    log_weights, sds = np.log(truth.weights), np.linalg.norm(truth.scale_tril, axis=-1)
    scales = {"full": truth.scale_tril, "diag": sds, "spherical": np.repeat(sds[:, :1], sds.shape[1], axis=1)}

    def make_call(scale):
        return lambda: gradient(expected_statistics(rows, None, log_weights, truth.means, scale), scale)

    rows = np.asfortranarray(x)  # feature by feature, as EM and the sampler keep them
    data, family, K = as_data(x), Full(), len(truth.weights)
    target = make_target(data, family, K, Priors().resolve(data, K, family))
    start = target.pack(Mixture(truth.weights, truth.means, truth.scale_tril))
    calls = {f"ours, {name}": make_call(scale) for name, scale in scales.items()}
    return calls | {"ours, posterior": lambda: target.log_posterior(start)}


if __name__ == "__main__":
    run(set(sys.argv[1:]))
