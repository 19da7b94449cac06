"""Measuring: calls in turn, fresh processes, and the stamp that every table carries.

Times of one table are taken interleaved (A B C A B C), so that whatever else the machine does meets all of them alike,
and reported as medians.
"""

import datetime
import importlib
import importlib.metadata
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "results" / "benchmarks"
LEAST = 0.02  # seconds that one measurement of a short call takes at least, by repeating the call
LIMITS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
HAS_AFFINITY = hasattr(os, "sched_setaffinity")


def say(text):
    """Tell how far the run is."""
    print(f"{datetime.datetime.now():%H:%M:%S} {text}", file=sys.stderr, flush=True)


def take_turns(calls, repeats):
    """Give the median seconds of each call, taken in turns; the first round warms up and sizes the inner loops."""
    loops, seconds = {}, {name: [] for name in calls}
    for name, call in calls.items():
        call()  # compiles, fills caches
        loops[name] = max(1, round(LEAST / _time(call, 1)))
    for _ in range(repeats):
        for name, call in calls.items():
            seconds[name].append(_time(call, loops[name]))
    return {name: statistics.median(taken) for name, taken in seconds.items()}


def _time(call, loops):
    began = time.perf_counter()
    for _ in range(loops):
        call()
    return (time.perf_counter() - began) / loops


def run_program(arguments, *, one_core=False, environment=None):
    """Run Python in a fresh process and give its output and its seconds from start to end."""
    limits = dict.fromkeys(LIMITS, "1") if one_core else {}
    pin = (lambda: os.sched_setaffinity(0, [max(os.sched_getaffinity(0))])) if one_core and HAS_AFFINITY else None
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "tests"), **limits, **(environment or {})}
    began = time.perf_counter()
    command = [sys.executable, *map(str, arguments)]
    done = subprocess.run(command, env=environment, preexec_fn=pin, capture_output=True, text=True)
    seconds = time.perf_counter() - began
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with status {done.returncode}:\n{done.stderr[-4000:]}")
    return done.stdout, seconds


def call_in_fresh_process(function, *arguments, one_core=False):
    """Call a function of a suite in a process of its own; what it takes and gives is JSON."""
    module = sys.modules[function.__module__].__spec__.name  # a suite that runs calls itself __main__
    call = ["-m", "benchmarks.measuring", module, function.__name__, json.dumps(arguments)]
    output, _ = run_program(call, one_core=one_core)
    return json.loads(output.splitlines()[-1])


def make_stamp(packages):
    """Say when, on what machine, with which versions, and the load found before this suite or the run that it is in."""
    return {
        "date": datetime.date.today().isoformat(),
        "machine": f"{_processor()}, {os.cpu_count()} cores",
        "load": float(os.environ.get("LOAD_BEFORE", measure_load())),
        "versions": {"Python": platform.python_version()} | {name: _version(name) for name in packages},
    }


def measure_load():
    """Give the mean number of processes that wanted a core in the last minute, as text with one decimal."""
    return str(round(os.getloadavg()[0], 1))


def _version(package):
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _processor():
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return platform.processor() or platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def result_path(suite):
    """Where the figures of a suite are kept."""
    return RESULTS / f"{suite}.json"


def load_results(suite):
    """Read what the last run of a suite measured, by row; nothing where it never ran."""
    path = result_path(suite)
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def save_results(suite, stamp, rows):
    """Keep figures by row, each with its stamp; rows that were not measured this time stay."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    kept = load_results(suite) | {name: {"stamp": stamp, **figures} for name, figures in rows.items()}
    result_path(suite).write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    module, name, arguments = sys.argv[1:]
    print(json.dumps(getattr(importlib.import_module(module), name)(*json.loads(arguments))))
