"""A repair of httpstan 4.17, whose wheels for every Python carry an object file compiled for Python 3.10.

Its source lies beside it, so it is compiled once for the Python that runs, with httpstan's own flags.
"""

import importlib.util
import os
import shlex
import subprocess
import sysconfig
from pathlib import Path

FLAGS = (
    "-O3 -std=c++17 -fPIC -w -D_REENTRANT -D_GLIBCXX_USE_CXX11_ABI=0 "
    "-DBOOST_DISABLE_ASSERTS -DBOOST_PHOENIX_NO_VARIADIC_EXPRESSION -DSTAN_THREADS"
)


def has_stan():
    """Say whether PyStan is installed and a compiler makes what it needs, after making that."""
    found = importlib.util.find_spec("stan") and importlib.util.find_spec("httpstan")
    try:
        return bool(found) and compile_services(Path(found.origin).parent)
    except (OSError, subprocess.CalledProcessError):
        return False


def compile_services(package):
    """Compile httpstan's stan_services.cpp for this Python, unless that was done before; give True."""
    built = package / f"stan_services.{sysconfig.get_config_var('SOABI')}.o"
    if not built.exists():
        compiler = [*shlex.split(os.environ.get("CXX", "g++")), *FLAGS.split()]
        folders = ["-I", package / "include", "-I", sysconfig.get_path("include")]
        subprocess.run([*compiler, *folders, "-c", package / "stan_services.cpp", "-o", built], check=True)
        (package / "stan_services.o").unlink()
        (package / "stan_services.o").hardlink_to(built)
    return True
