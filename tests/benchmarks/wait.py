"""How long a user waits: from process start to what was asked for. Old Faithful, K = 2, full, 4 x 1000 draws.

    PYTHONPATH=tests python -m benchmarks wait

Warm is the median of fresh processes; cold is one whose numba cache is an empty folder (NUMBA_CACHE_DIR has to be set
before the import). Each process that reached its summary then fits data of another K, D and N and counts what numba
compiled for it.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

from benchmarks.measuring import make_stamp, run_program, save_results, say

PACKAGES = ("bayesgmm", "numba", "numpy", "nutpie", "scikit-learn", "arviz-stats")
REPEATS = 5
IMPORT = "import bayesgmm"
EM = "import bayesgmm as bg; bg.GaussianMixture(n_components=2, random_state=1).fit(bg.load_faithful())"
FIT = """
import json
import bayesgmm as bg

X = bg.load_faithful()
fit = bg.BayesianGaussianMixture(n_components=2, random_state=1, progressbar=False).fit(X)
fit.summary()
print("summary", flush=True)

import time
import numpy as np
from numba.core import event

others = {}
for K, D, N in (3, 2, 272), (1, 1, 100), (4, 6, 2000):
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(N, D)) + 8.0 * rng.integers(K, size=(N, 1))
    began = time.perf_counter()
    with event.install_recorder("numba:compile") as compilations:
        bg.BayesianGaussianMixture(n_components=K, random_state=1, progressbar=False).fit(rows).summary()
    others[f"K = {K}, D = {D}, N = {N}"] = time.perf_counter() - began, len(compilations.buffer)
print(json.dumps(others))
"""


def run(peers):
    """Measure, warm processes in turns, and keep the figures."""
    stamp = make_stamp(PACKAGES)
    wait_for_summary()  # fills the caches
    seconds, others = {"import": [], "EM": [], "summary": []}, []
    for repeat in range(REPEATS):
        say(f"wait: processes {repeat + 1} of {REPEATS}")
        seconds["import"].append(run_program(["-c", IMPORT])[1])
        seconds["EM"].append(run_program(["-c", EM])[1])
        first, rest = wait_for_summary()
        seconds["summary"].append(first)
        others.append(rest)
    say("wait: an empty cache")
    with tempfile.TemporaryDirectory() as folder:
        cold, _ = wait_for_summary(folder)
    rows = {
        name: {"seconds": statistics.median(taken), "from": min(taken), "to": max(taken)}
        for name, taken in seconds.items()
    }
    rows["cold"] = {"seconds": cold}
    for name in others[0]:
        taken, compiled = zip(*(rest[name] for rest in others), strict=True)
        rows[name] = {"seconds": statistics.median(taken), "compilations": sum(compiled)}
    save_results("wait", stamp, rows)
    if any(figures.get("compilations") for figures in rows.values()):
        sys.exit("wait: data of another shape made numba compile")


def wait_for_summary(cache_folder=None):
    """Run one process; give the seconds until its summary, and for each other fit its seconds and compilations."""
    environment = dict(os.environ) if cache_folder is None else {**os.environ, "NUMBA_CACHE_DIR": cache_folder}
    began = time.perf_counter()
    with subprocess.Popen([sys.executable, "-c", FIT], stdout=subprocess.PIPE, text=True, env=environment) as process:
        first_line = process.stdout.readline()
        seconds = time.perf_counter() - began
        rest = process.stdout.read()
    if process.returncode or first_line != "summary\n":
        raise RuntimeError("the process that fits Old Faithful failed")
    return seconds, json.loads(rest)


if __name__ == "__main__":
    run(set(sys.argv[1:]))
