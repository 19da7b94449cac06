"""The command line: parse, call, write files.

    bayesgmm demo
    bayesgmm fit data.csv --components 2 --out results/
    bayesgmm fit data.csv --components 2 --report

Whatever is wrong with the input ends in one line on stderr and exit code 2. Files are written into a folder of their
own inside the one asked for and moved over when all of them are there, so that nothing is ever half-written.
"""

import argparse
import csv
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import Any, NoReturn

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from bayesgmm import __version__
from bayesgmm.comparison import compare_em
from bayesgmm.covariance import FAMILIES
from bayesgmm.data.table import LARGEST
from bayesgmm.datasets.faithful import load_faithful
from bayesgmm.errors import InvalidArgumentError, InvalidArgumentTypeError, invalid_sentence
from bayesgmm.estimators.bayesian import BayesianGaussianMixture
from bayesgmm.inference.methods import METHODS
from bayesgmm.plots.comparison import plot_comparison
from bayesgmm.plots.density import plot_density
from bayesgmm.plots.ellipses import plot_ellipses
from bayesgmm.plots.pairs import plot_pairs
from bayesgmm.posterior.container import Posterior
from bayesgmm.report.page import write_report
from bayesgmm.report.pictures import shown_kinds
from bayesgmm.report.verdict import judge_posterior
from bayesgmm.schema import CHAIN, COMPONENT, DRAW

__all__ = ["main"]

BAD_INPUT = 2
INTERRUPTED = 130  # as shells say it

OPTION_NAMES = {
    "X": "data",
    "n_components": "--components",
    "covariance_type": "--covariance",
    "method": "--method",
    "draws": "--draws",
    "tune": "--tune",
    "chains": "--chains",
    "random_state": "--seed",
}  # what the library calls its arguments, as they are called here
REPORT = "report.html"
NOT_ALWAYS = ("density.png", "ellipses.png", "pairs.png", REPORT)  # depends on the rows and on what is asked for
CSV = "be a table of comma-separated values"
RESAVE = "Save it with commas between columns and points in numbers."
DPI = 150  # legible on a page of a paper, small enough for mail


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
    try:
        options = _parser().parse_args(arguments)
        with _warnings_in_a_line():
            _run(options)
    except KeyboardInterrupt:
        _tell("interrupted; nothing was written.")
        return INTERRUPTED
    except (InvalidArgumentError, InvalidArgumentTypeError) as error:
        name = OPTION_NAMES.get(error.name, error.name)
        _tell(invalid_sentence(name, error.constraint, error.value, error.remedy))
        return BAD_INPUT
    except (_UsageError, OSError) as error:
        _tell(str(error))
        return BAD_INPUT
    return 0


class _UsageError(Exception):
    """Arguments that the parser cannot make sense of."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise _UsageError(f"{message}; see `{self.prog} --help`.")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="bayesgmm", description="Gaussian mixtures with full posterior uncertainty.")
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    demo = commands.add_parser("demo", help="fit the Old Faithful geyser, two components")
    demo.set_defaults(read=lambda options: load_faithful(), components=2)
    fit = commands.add_parser("fit", help="fit a table: .csv with a header line, or .npy")
    fit.add_argument("data", type=Path, help="the table, one row per observation, numbers only: .csv or .npy")
    fit.add_argument("--components", type=int, required=True, metavar="K", help="number of components")
    fit.set_defaults(read=lambda options: _read_table(options.data))
    for command in (demo, fit):
        command.add_argument("--covariance", choices=list(FAMILIES), default="full", help="default: full")
        command.add_argument("--method", choices=list(METHODS), default="nuts", help="default: nuts")
        command.add_argument("--draws", type=int, default=1000, help="draws kept per chain; default: 1000")
        command.add_argument("--tune", type=int, help="warm-up steps per chain; default: the method's own")
        command.add_argument("--chains", type=int, default=4, help="default: 4")
        command.add_argument("--seed", type=int, default=1, help="seed of everything random; default: 1")
        command.add_argument("--out", type=Path, default=Path("results"), help="folder for the files; default: results")
        command.add_argument("--report", action="store_true", help=f"write {REPORT} too, one page about everything")
        command.add_argument("--quiet", action="store_true", help="no progress bar")
    return parser


def _tell(line: str) -> None:
    """Write one line to stderr, whatever line breaks a message has."""
    sys.stderr.write(f"bayesgmm: {' '.join(line.split())}\n")


@contextmanager
def _warnings_in_a_line() -> Iterator[None]:
    """Hold warnings back until the work is done, then show each as one line on stderr; after a failure, none."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        yield
    for message in dict.fromkeys(str(warning.message) for warning in caught):
        _tell(f"warning: {message}")


def _run(options: argparse.Namespace) -> None:
    rows = options.read(options)
    with _staging(options.out) as stage:
        estimator = _fit(rows, options)
        posterior = estimator.posterior_
        summary, comparison = posterior.summary(), compare_em(posterior)
        posterior.save(stage / "posterior.nc")
        summary.to_csv(stage / "summary.csv", index_label="parameter")
        comparison.to_csv(stage / "comparison.csv", index_label="parameter")
        _responsibility_table(posterior).to_csv(stage / "responsibilities.csv", index_label="obs")
        _draw_pictures(posterior, comparison, stage)
        if options.report:
            write_report(estimator, stage / REPORT)
        written = sorted(file.name for file in stage.iterdir())
    sys.stdout.write(f"{summary}\n\nVerdict: {judge_posterior(posterior, comparison)}\n")
    sys.stdout.write(f"Written to {options.out}: {', '.join(written)}.\n")


def _fit(rows: Any, options: argparse.Namespace) -> BayesianGaussianMixture:
    estimator = BayesianGaussianMixture(
        options.components,
        covariance_type=options.covariance,
        method=options.method,
        draws=options.draws,
        tune=options.tune,
        chains=options.chains,
        random_state=options.seed,
        progressbar=sys.stderr.isatty() and not options.quiet,
    )
    sizes = estimator.fit(rows).posterior_.group("posterior").sizes
    if sizes[CHAIN] * sizes[DRAW] < options.chains * options.draws:
        raise KeyboardInterrupt  # in a notebook an interrupt keeps the draws so far; files would not tell
    return estimator


def _read_table(path: Path) -> Any:
    """Read a DataFrame from .csv, an array from .npy."""
    readers: dict[str, Callable[[Path], Any]] = {".csv": _read_csv, ".npy": _read_npy}
    if path.suffix.lower() not in readers:
        raise InvalidArgumentError("data", f"end in {' or '.join(readers)}", str(path), "Save it as CSV.")
    if not path.is_file():
        raise InvalidArgumentError("data", "be an existing file", str(path))
    return readers[path.suffix.lower()](path)


def _read_csv(path: Path) -> pd.DataFrame:
    """Read a comma-separated table whose first line names the columns; whatever pandas would guess is an error."""
    try:
        cells = pd.read_csv(path, header=None, dtype=str, nrows=1, keep_default_na=False, skipinitialspace=True)
        names = [name.strip() for name in cells.iloc[0]]
        _check_separator(names)
        _check_names(names)
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # rows longer than the header
            table = pd.read_csv(path, header=0, names=names, index_col=False, skipinitialspace=True)
    except pd.errors.ParserWarning as error:
        raise InvalidArgumentError("data", CSV, f"lines with more values than the first in {path}", RESAVE) from error
    except (pd.errors.EmptyDataError, pd.errors.ParserError, UnicodeDecodeError) as error:
        reason = f"The reader says: {str(error).strip().rstrip('.')}."
        raise InvalidArgumentError("data", CSV, str(path), reason) from error
    _check_cells(table, path)
    return table


def _check_separator(names: Sequence[str]) -> None:
    """Refuse a first line with more semicolons or tabs than commas."""
    for separator, word in {";": "semicolons", "\t": "tabs"}.items():
        if sum(name.count(separator) for name in names) >= len(names):
            raise InvalidArgumentError("data", CSV, f"{word} between the names of the columns", RESAVE)


def _check_cells(table: pd.DataFrame, path: Path) -> None:
    """Refuse text, then what is missing, then what is too large, and say where the first of it stands in the file."""
    numbers = pd.DataFrame({name: pd.to_numeric(column, errors="coerce") for name, column in table.items()})
    problems = (
        (numbers.isna() & table.notna(), "hold numbers only", "Leave such columns or lines out."),
        (table.isna(), "hold finite numbers", "Drop those lines or fill them in."),
        (numbers.abs() > LARGEST, f"hold numbers up to {LARGEST:g}", "Drop those lines or rescale that column."),
    )
    for is_odd, constraint, remedy in problems:
        if (places := np.argwhere(is_odd.to_numpy())).size:
            i, j = places[0]
            cell = table.iat[i, j]
            shown = repr(cell) if isinstance(cell, str) else str(cell).replace("nan", "NaN")
            found = f"{shown} in line {_line(path, i)}, column {table.columns[j]!r}"
            has_comma = isinstance(cell, str) and _is_number(cell.replace(",", ".", 1))
            raise InvalidArgumentError("data", constraint, found, RESAVE if has_comma else remedy)


def _line(path: Path, row: int) -> int:
    """Give the line at which an editor shows a row: below the names, which may take several, and below blank ones."""
    with path.open(encoding="utf-8", newline="") as stream:
        reader = csv.reader(stream)
        lines = (reader.line_num for cells in reader if len(cells) > 1 or "".join(cells).strip())
        return next(islice(lines, row + 1, None))


def _check_names(names: Sequence[str]) -> None:
    """Refuse a first line that does not name every column, each by its own name."""
    constraint = "have a first line that names its columns"
    if all(map(_is_number, names)):
        raise InvalidArgumentError("data", constraint, f"the numbers {', '.join(names)}", "Put a line of names on top.")
    if "" in names:
        remedy = "Leave a column of row numbers out (pandas: `to_csv(..., index=False)`), or give the column a name."
        raise InvalidArgumentError("data", constraint, f"none for column {names.index('') + 1}", remedy)
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InvalidArgumentError("data", "have distinct column names", f"{twice[0]!r} twice", "Rename or drop one.")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _read_npy(path: Path) -> Any:
    """Read an array; nothing is unpickled."""
    try:
        array = np.load(path, allow_pickle=False)
    except (ValueError, EOFError) as error:
        array = error
    if not isinstance(array, np.ndarray):
        remedy = "Write it by `numpy.save(path, rows)`."
        raise InvalidArgumentError("data", "hold one array of numbers", str(path), remedy)
    return array


@contextmanager
def _staging(folder: Path) -> Iterator[Path]:
    """Give a place to write; at the end of the block its files move to the folder, unless something failed."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        stage = tempfile.TemporaryDirectory(dir=folder, prefix=".partial-")
    except OSError as error:
        _remove_empty(missing)
        raise InvalidArgumentError("--out", "be a folder to write to", str(folder), f"{error.strerror}.") from error
    try:
        with stage as name:
            yield Path(name)
            for file_name in NOT_ALWAYS:
                (folder / file_name).unlink(missing_ok=True)  # one that this fit does not draw would be another's
            for file in sorted(Path(name).iterdir()):
                file.replace(folder / file.name)
    finally:
        _remove_empty(missing)


def _remove_empty(folders: Sequence[Path]) -> None:
    for folder in folders:
        with suppress(OSError):
            folder.rmdir()


def _draw_pictures(posterior: Posterior, comparison: pd.DataFrame, folder: Path) -> None:
    """Draw one feature as a density, two as ellipses, more as ellipses and pairs; always the comparison."""
    matplotlib.use("Agg")  # files need no screen
    plane: dict[str, Callable[..., Any]] = {"ellipses.png": plot_ellipses}
    by_features: dict[int, dict[str, Callable[..., Any]]] = {1: {"density.png": plot_density}, 2: plane}
    for name, plot in by_features.get(posterior.n_features, {**plane, "pairs.png": plot_pairs}).items():
        _save(plot(posterior), folder / name)
    _save(plot_comparison(posterior, parameters=shown_kinds(comparison)), folder / "comparison.png")


def _save(picture: Any, path: Path) -> None:
    """Save and close a figure, or the one that axes stand in."""
    figure = picture if isinstance(picture, Figure) else picture.get_figure()
    figure.savefig(path, dpi=DPI)
    plt.close(figure)


def _responsibility_table(posterior: Posterior) -> pd.DataFrame:
    """Give each row its label, mean, sd and interval of every membership, and what its entropy is made of."""
    memberships = posterior.responsibilities()
    names = np.array(posterior.component_names)
    columns = {"label": names[memberships["mean"].values.argmax(1)]}
    for component in names:
        chosen = memberships.sel({COMPONENT: component})
        columns |= {f"{name}[{component}]": chosen[name].values for name in ("mean", "sd", "lower", "upper")}
    columns |= {name: memberships[name].values for name in ("entropy", "overlap", "parameter_uncertainty")}
    return pd.DataFrame(columns, index=memberships["obs"].values)
