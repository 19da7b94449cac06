"""A million rows: seconds and memory of EM, NUTS and what is asked afterwards, beside a hundredth and a tenth of them.

    PYTHONPATH=tests python -m benchmarks growth

Each N has a fresh process. Memory is the most that the process ever held, less the rows, and less what it held when
the imports were made and the rows were there.
"""

import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import bayesgmm as bg
from benchmarks.measuring import call_in_fresh_process, make_stamp, save_results, say
from benchmarks.problem import simulate

PACKAGES = ("bayesgmm", "numba", "numpy", "nutpie", "scikit-learn", "arviz-stats")
SIZES = (10_000, 100_000, 1_000_000)
K, D = 3, 2
DRAWS, CHAINS = 500, 4
UNIT = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss, in bytes


def run(peers):
    """Measure every N and keep the figures."""
    stamp = make_stamp(PACKAGES)
    with tempfile.TemporaryDirectory() as folder:
        for N in SIZES:
            path = Path(folder) / "rows.npy"
            call_in_fresh_process(write_rows, str(path), N)
            say(f"growth: {N:,} rows")
            save_results("growth", stamp, {f"{N:,}": call_in_fresh_process(measure_size, str(path))})


def write_rows(path, N):
    """Simulate in a process of its own: a child begins with its parent's peak of memory."""
    np.save(path, simulate(N, K, D)[0])


def measure_size(path):
    """Give the seconds of each step, the peak after EM and after NUTS, in bytes, and how well the chains mixed."""
    bg.BayesianGaussianMixture(2, draws=50, chains=2, random_state=1, progressbar=False).fit(bg.load_faithful())
    x = np.load(path)
    baseline, seconds = peak_memory(), {}

    def timed(name, call):
        began = time.perf_counter()
        value = call()
        seconds[name] = time.perf_counter() - began
        return value

    timed("EM", lambda: bg.GaussianMixture(K, random_state=1).fit(x))
    after_em = peak_memory()
    estimator = bg.BayesianGaussianMixture(K, draws=DRAWS, chains=CHAINS, random_state=1, progressbar=False)
    fit = timed("fit", lambda: estimator.fit(x))
    after_fit = peak_memory()
    table = timed("summary", fit.summary)
    timed("score_samples", lambda: fit.score_samples(x))
    timed("predict_proba", lambda: fit.predict_proba(x))
    timed("responsibilities", fit.responsibilities)
    return {
        "seconds": seconds | {"NUTS": fit.idata.posterior.attrs["sampling_time"]},
        "rows": x.nbytes,
        "baseline": baseline,
        "peak": {"EM": after_em, "fit": after_fit, "answers": peak_memory()},
        "rhat": float(table["r_hat"].max()),
        "ess": float(table["ess_bulk"].min()),
    }


def peak_memory():
    """Give the most bytes that this process has ever held."""
    return UNIT * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    run(set(sys.argv[1:]))
