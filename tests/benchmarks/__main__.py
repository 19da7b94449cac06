"""Run the suites, each in a process of its own, then write the tables of docs/benchmarks.md.

    PYTHONPATH=tests python -m benchmarks [kernel em chains growth wait] [--peers numpy jax pymc numpyro stan]

Without names all suites run, beside all peers that are installed. Figures lie in results/benchmarks, one file for each
suite; the tables are written from whatever lies there.
"""

import argparse
import os
import subprocess
import sys

from benchmarks.measuring import measure_load, say
from benchmarks.tables import write_tables

SUITES = ("kernel", "em", "chains", "growth", "wait")
PEERS = ("numpy", "jax", "pymc", "numpyro", "stan")


def main():
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__.partition("\n")[0])
    parser.add_argument("suites", nargs="*", help=f"from {', '.join(SUITES)}; all if none is named")
    parser.add_argument("--peers", nargs="*", choices=PEERS, default=PEERS, help="all by default")
    chosen = parser.parse_args()
    if unknown := set(chosen.suites) - set(SUITES):
        parser.error(f"suites must be among {', '.join(SUITES)}; got {', '.join(sorted(unknown))}")
    os.environ["LOAD_BEFORE"] = measure_load()
    failed = [suite for suite in chosen.suites or SUITES if not run_suite(suite, chosen.peers)]
    write_tables()
    sys.exit(f"failed: {', '.join(failed)}" if failed else 0)


def run_suite(suite, peers):
    """Run one suite in a fresh process; say whether it ended well. What it measured before a failure is kept."""
    say(f"{suite}: begins")
    return subprocess.run([sys.executable, "-m", f"benchmarks.{suite}", *peers]).returncode == 0


if __name__ == "__main__":
    main()
