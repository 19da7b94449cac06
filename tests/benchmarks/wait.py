"""How long a user waits: process start to the summary of Old Faithful, K = 2, full covariances, 4 x 1000 draws.

    python tests/benchmarks/wait.py

Warm is the median of five fresh processes; cold is one whose numba cache is an empty folder (NUMBA_CACHE_DIR has to be
set before the import). Each process then fits data of another K, D and N and counts what numba compiled for it.
"""

import datetime
import importlib.metadata
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time

REPEATS = 5
PACKAGES = ("bayesgmm", "numba", "numpy", "nutpie", "scikit-learn", "arviz-stats")
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


def wait(cache_folder=None):
    """Run one process; give the seconds until its summary, and for each other fit its seconds and compilations."""
    environment = dict(os.environ) if cache_folder is None else {**os.environ, "NUMBA_CACHE_DIR": cache_folder}
    began = time.perf_counter()
    with subprocess.Popen([sys.executable, "-c", FIT], stdout=subprocess.PIPE, text=True, env=environment) as process:
        first_line = process.stdout.readline()
        seconds = time.perf_counter() - began
        rest = process.stdout.read()
    if process.returncode or first_line != "summary\n":
        sys.exit(process.returncode or 1)
    return seconds, json.loads(rest)


def main():
    """Print the table; exit with 1 where another shape made numba compile."""
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in PACKAGES)
    print(f"{datetime.date.today()}, Python {platform.python_version()}, {versions}")
    print(f"{os.cpu_count()} cores, load before the run {os.getloadavg()[0]:.1f}\n")
    wait()  # fills the caches
    runs = [wait() for _ in range(REPEATS)]
    with tempfile.TemporaryDirectory() as folder:
        cold, _ = wait(folder)
    seconds = [first for first, _ in runs]
    spread = f"{min(seconds):.2f} to {max(seconds):.2f}"
    print(f"process start to summary, warm     {statistics.median(seconds):6.2f} s   ({spread}, {REPEATS} processes)")
    print(f"process start to summary, cold     {cold:6.2f} s   (empty numba cache)")
    compiled = 0
    for name in runs[0][1]:
        times, counts = zip(*(others[name] for _, others in runs), strict=True)
        compiled += sum(counts)
        print(f"then {name:<29} {statistics.median(times):6.2f} s   ({sum(counts)} compilations)")
    sys.exit(1 if compiled else 0)


if __name__ == "__main__":
    main()
