"""EM beside scikit-learn's: the same start, the same tolerance, the same number of iterations.

    PYTHONPATH=tests python -m benchmarks em

On one core, and as both are installed: scikit-learn's matrix products and our passes may then use every core.
"""

import sys
import warnings

import numpy as np
import sklearn.mixture

import bayesgmm as bg
from benchmarks.measuring import call_in_fresh_process, make_stamp, save_results, say, take_turns
from benchmarks.problem import simulate

PACKAGES = ("bayesgmm", "numba", "numpy", "scikit-learn")
PEERS = ("sklearn",)
SHAPES = ((10_000, 5, 5), (200_000, 5, 5), (100_000, 8, 10))
REPEATS = 3
ITERATIONS = 10  # over which one iteration is averaged
CLASSES = {"ours": bg.GaussianMixture, "scikit-learn": sklearn.mixture.GaussianMixture}


def run(peers):
    """Measure every shape and keep the figures."""
    stamp = make_stamp(PACKAGES)
    for shape in SHAPES:
        for cores, one_core in {"one core": True, "all cores": False}.items():
            say(f"em: N, K, D = {shape}, {cores}")
            figures = call_in_fresh_process(measure_shape, *shape, one_core=one_core)
            save_results("em", stamp, {"{:,}, {}, {}; {}".format(*shape, cores): figures})


def measure_shape(N, K, D, repeats=REPEATS):
    """Give the median seconds of one iteration and of a whole fit, and where the fits ended."""
    warnings.simplefilter("ignore")  # runs are stopped early on purpose
    x, truth = simulate(N, K, D)
    rng = np.random.default_rng(2)
    start = {
        "n_components": K,
        "reg_covar": 1e-6,
        "weights_init": np.full(K, 1.0 / K),
        "means_init": truth.means + rng.normal(scale=0.7, size=truth.means.shape),
        "precisions_init": np.broadcast_to(np.eye(D), (K, D, D)).copy(),
    }

    def fit(name, **settings):
        return CLASSES[name](**start, **settings).fit(x)

    def short(name, n):
        return lambda: fit(name, tol=0.0, max_iter=n)

    def whole(name):
        return lambda: fit(name, tol=1e-6, max_iter=1000)

    few = take_turns({(name, n): short(name, n) for n in (1, 1 + ITERATIONS) for name in CLASSES}, repeats)
    ends = {name: whole(name)() for name in CLASSES}
    return {
        "iteration": {name: (few[name, 1 + ITERATIONS] - few[name, 1]) / ITERATIONS for name in CLASSES},
        "fit": take_turns({name: whole(name) for name in CLASSES}, repeats),
        "n_iter": {name: int(end.n_iter_) for name, end in ends.items()},
        "mean log-likelihood": {name: float(end.score(x)) for name, end in ends.items()},
    }


if __name__ == "__main__":
    run(set(sys.argv[1:]))
