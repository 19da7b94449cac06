"""The command line: parse, call, write files.

    bayesgmm demo
    bayesgmm fit data.csv --components 2 --out results/

Whatever is wrong with the input ends in one line on stderr and exit code 2. Files are written into a folder beside the
one asked for and moved over when all of them are there, so that nothing is ever half-written.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from bayesgmm import __version__
from bayesgmm.comparison import compare_em
from bayesgmm.covariance import FAMILIES
from bayesgmm.datasets.faithful import load_faithful
from bayesgmm.errors import InvalidArgumentError
from bayesgmm.estimators.bayesian import BayesianGaussianMixture
from bayesgmm.inference.methods import METHODS
from bayesgmm.plots.comparison import plot_comparison
from bayesgmm.plots.density import plot_density
from bayesgmm.plots.ellipses import plot_ellipses
from bayesgmm.posterior.container import Posterior

__all__ = ["main"]

BAD_INPUT = 2
INTERRUPTED = 130  # as shells say it


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        What stands behind the program's name; None: ``sys.argv``.

    Returns
    -------
    int
        The exit code: 0, 2 for bad input, 130 after an interrupt.

    Examples
    --------
    >>> from bayesgmm.cli import main
    >>> main(["fit", "no-such-file.csv", "--components", "2"])
    2
    """
    options = _parser().parse_args(arguments)
    try:
        _run(options)
    except KeyboardInterrupt:
        sys.stderr.write("bayesgmm: interrupted; nothing was written.\n")
        return INTERRUPTED
    except (ValueError, TypeError, OSError) as error:
        sys.stderr.write(f"bayesgmm: {' '.join(str(error).split())}\n")
        return BAD_INPUT
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bayesgmm", description="Gaussian mixtures with full posterior uncertainty.")
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    demo = commands.add_parser("demo", help="fit the Old Faithful geyser, two components")
    demo.set_defaults(read=load_faithful, components=2)
    fit = commands.add_parser("fit", help="fit a table: .csv with a header line, or .npy")
    fit.add_argument("data", type=Path, help="the table, one row per observation")
    fit.add_argument("--components", type=int, required=True, metavar="K", help="number of components")
    for command in (demo, fit):
        command.add_argument("--covariance", choices=list(FAMILIES), default="full", help="default: full")
        command.add_argument("--method", choices=list(METHODS), default="nuts", help="default: nuts")
        command.add_argument("--draws", type=int, default=1000, help="draws kept per chain; default: 1000")
        command.add_argument("--chains", type=int, default=4, help="default: 4")
        command.add_argument("--seed", type=int, default=1, help="seed of everything random; default: 1")
        command.add_argument("--out", type=Path, default=Path("results"), help="folder for the files; default: results")
        command.add_argument("--quiet", action="store_true", help="no progress bar")
    return parser


def _run(options: argparse.Namespace) -> None:
    rows = options.read() if options.command == "demo" else read_table(options.data)
    if options.out.exists() and not options.out.is_dir():
        raise InvalidArgumentError("--out", "be a folder", str(options.out))
    estimator = BayesianGaussianMixture(
        options.components,
        covariance_type=options.covariance,
        method=options.method,
        draws=options.draws,
        chains=options.chains,
        random_state=options.seed,
        progressbar=not options.quiet,
    )
    posterior = estimator.fit(rows).posterior_
    comparison = compare_em(posterior)
    summary = posterior.summary()
    write_results(posterior, {"summary.csv": summary, "comparison.csv": comparison}, options.out)
    sys.stdout.write(f"{summary}\n\n{_verdict(posterior, comparison)}\n")


def read_table(path: Path) -> Any:
    """Read rows from a file.

    Parameters
    ----------
    path : Path
        A ``.csv`` with a header line, or a ``.npy`` of shape (N, D).

    Returns
    -------
    DataFrame or array

    Raises
    ------
    InvalidArgumentError
        If there is no such file, or it ends otherwise.

    Examples
    --------
    >>> from pathlib import Path
    >>> from bayesgmm.cli import read_table
    >>> read_table(Path("rows.xlsx"))
    Traceback (most recent call last):
    bayesgmm.errors.InvalidArgumentError: `data` must end in one of ['.csv', '.npy']; got rows.xlsx.
    """
    readers: dict[str, Callable[[Path], Any]] = {".csv": pd.read_csv, ".npy": np.load}
    if path.suffix.lower() not in readers:
        raise InvalidArgumentError("data", f"end in one of {sorted(readers)}", str(path))
    if not path.is_file():
        raise InvalidArgumentError("data", "be a file that can be read", str(path))
    return readers[path.suffix.lower()](path)


def write_results(posterior: Posterior, tables: dict[str, pd.DataFrame], folder: Path) -> None:
    """Write posterior, tables and pictures, all of them or none.

    Parameters
    ----------
    posterior : Posterior
    tables : dict of str to DataFrame
        File names and what goes into them.
    folder : Path
        Made where it does not exist; files of these names in it are replaced.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".partial-") as partial:
        there = Path(partial)
        posterior.save(there / "posterior.nc")
        for name, table in tables.items():
            table.to_csv(there / name)
        _responsibility_table(posterior).to_csv(there / "responsibilities.csv")
        for name, draw in _pictures(posterior).items():
            figure = Figure(layout="constrained")
            FigureCanvasAgg(figure)
            draw(posterior, ax=figure.subplots())
            figure.savefig(there / name, dpi=150)
        for file in sorted(there.iterdir()):
            os.replace(file, folder / file.name)


def _pictures(posterior: Posterior) -> dict[str, Callable[..., Any]]:
    """One feature has a density, more have ellipses."""
    main_picture = {"density.png": plot_density} if posterior.n_features == 1 else {"ellipses.png": plot_ellipses}
    return {**main_picture, "comparison.png": plot_comparison}


def _responsibility_table(posterior: Posterior) -> pd.DataFrame:
    """A row per observation: mean, sd and interval of every membership, and what its entropy is made of."""
    memberships = posterior.responsibilities()
    columns = {
        f"{name}[{component}]": memberships[name].sel(component=component).values
        for component in memberships["component"].values
        for name in ("mean", "sd", "lower", "upper")
    }
    entropies = {name: memberships[name].values for name in ("entropy", "overlap", "parameter_uncertainty")}
    return pd.DataFrame({**columns, **entropies}, index=pd.Index(memberships["obs"].values, name="obs"))


def _verdict(posterior: Posterior, comparison: pd.DataFrame) -> str:
    """Say in one sentence what came out."""
    K = posterior.n_components
    if not posterior.is_identified:
        return f"Verdict: the data do not tell {K} components apart; use fewer, or read label-free quantities only."
    shift = comparison["shift"].abs()
    agreement = 100 * comparison.attrs["label_agreement"]
    return (
        f"Verdict: {K} component{'s' * (K > 1)}, told apart; EM and posterior give {agreement:.1f} % of the rows the same "
        f"label, and no parameter differs by more than {shift.max():.2f} posterior sds ({shift.idxmax()})."
    )
