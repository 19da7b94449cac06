"""The command line: parse, call, write files.

    bayesgmm demo
    bayesgmm fit data.csv --components 2 --out results/

Whatever is wrong with the input ends in one line on stderr and exit code 2. Files are written into a folder of their
own inside the one asked for and moved over when all of them are there, so that nothing is ever half-written.
"""

import argparse
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
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
from bayesgmm.datasets.faithful import load_faithful
from bayesgmm.errors import InvalidArgumentError, InvalidArgumentTypeError, invalid_sentence
from bayesgmm.estimators.bayesian import BayesianGaussianMixture
from bayesgmm.inference.methods import METHODS
from bayesgmm.plots.comparison import plot_comparison
from bayesgmm.plots.density import plot_density
from bayesgmm.plots.ellipses import plot_ellipses
from bayesgmm.plots.pairs import plot_pairs
from bayesgmm.posterior.container import Posterior
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
PICTURES = ("density.png", "ellipses.png", "pairs.png", "comparison.png")
DPI = 150  # legible on a page of a paper, small enough for mail
LONGEST_COMPARISON = 120  # rows; a longer picture cannot be read, and matplotlib's limit lies at 65 536 pixels


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
        posterior = _fit(rows, options)
        summary, comparison = posterior.summary(), compare_em(posterior)
        posterior.save(stage / "posterior.nc")
        summary.to_csv(stage / "summary.csv", index_label="parameter")
        comparison.to_csv(stage / "comparison.csv", index_label="parameter")
        _responsibility_table(posterior).to_csv(stage / "responsibilities.csv", index_label="obs")
        _draw_pictures(posterior, comparison, stage)
        verdict = _verdict(posterior, comparison)
        written = sorted(file.name for file in stage.iterdir())
    sys.stdout.write(f"{summary}\n\n{verdict}\n")
    sys.stdout.write(f"Written to {options.out}: {', '.join(written)}.\n")


def _fit(rows: Any, options: argparse.Namespace) -> Posterior:
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
    posterior = estimator.fit(rows).posterior_
    sizes = posterior.group("posterior").sizes
    if sizes[CHAIN] * sizes[DRAW] < options.chains * options.draws:
        raise KeyboardInterrupt  # in a notebook an interrupt keeps the draws so far; files would not tell
    return posterior


def _read_table(path: Path) -> Any:
    """Read a DataFrame from .csv, an array from .npy."""
    readers: dict[str, Callable[[Path], Any]] = {".csv": _read_csv, ".npy": _read_npy}
    if path.suffix.lower() not in readers:
        raise InvalidArgumentError("data", f"end in {' or '.join(readers)}", str(path))
    if not path.is_file():
        raise InvalidArgumentError("data", "be an existing file", str(path))
    return readers[path.suffix.lower()](path)


def _read_csv(path: Path) -> pd.DataFrame:
    """Read a comma-separated table whose first line names the columns; whatever pandas would guess is an error."""
    try:
        cells = pd.read_csv(path, header=None, dtype=str, nrows=1, keep_default_na=False, skipinitialspace=True)
        names = [name.strip() for name in cells.iloc[0]]
        _check_names(names)
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # rows longer than the header
            table = pd.read_csv(path, header=0, names=names, index_col=False, skipinitialspace=True)
    except (pd.errors.EmptyDataError, pd.errors.ParserError, pd.errors.ParserWarning, UnicodeDecodeError) as error:
        reason = f"The reader says: {str(error).strip().rstrip('.')}."
        raise InvalidArgumentError("data", "be a table of comma-separated values", str(path), reason) from error
    _check_cells(table)
    return table


def _check_cells(table: pd.DataFrame) -> None:
    """Refuse text, and say where it stands: one word turns a whole column into text."""
    for name, column in table.items():
        is_odd = pd.to_numeric(column, errors="coerce").isna() & column.notna()
        if is_odd.any():
            line = int(is_odd.to_numpy().argmax()) + 2  # the first line of the file names the columns
            found = f"{column[is_odd].iloc[0]!r} in line {line}, column {name!r}"
            raise InvalidArgumentError("data", "hold numbers only", found, "Leave such columns or lines out.")


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
            for picture in PICTURES:
                (folder / picture).unlink(missing_ok=True)  # one that this fit does not draw would be another's
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
    _save(plot_comparison(posterior, parameters=_shown_kinds(comparison)), folder / "comparison.png")


def _save(picture: Any, path: Path) -> None:
    """Save and close a figure, or the one that axes stand in."""
    figure = picture if isinstance(picture, Figure) else picture.get_figure()
    figure.savefig(path, dpi=DPI)
    plt.close(figure)


def _shown_kinds(comparison: pd.DataFrame) -> list[str]:
    """Choose the kinds of parameters that a picture has room for, in the order of the table; at least one."""
    kinds = comparison.index.str.partition("[").get_level_values(0)
    sizes = kinds.value_counts(sort=False).cumsum()
    return [kind for kind, size in sizes.items() if size <= LONGEST_COMPARISON] or [kinds[0]]


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


def _verdict(posterior: Posterior, comparison: pd.DataFrame) -> str:
    """Say in one sentence what came out."""
    K = posterior.n_components
    if not posterior.is_identified:
        return f"Verdict: the data do not tell {K} components apart; use fewer, or read label-free quantities only."
    shift = comparison["shift"].abs()
    agreement = (
        f"EM and posterior give {100 * comparison.attrs['label_agreement']:.1f} % of the rows the same label, and"
    )
    found = f"{K} components, told apart; {agreement}" if K > 1 else "1 component; between EM and posterior"
    if not shift.notna().any():
        return f"Verdict: {found} how far parameters differ cannot be said of a single draw."
    return f"Verdict: {found} no parameter differs by more than {shift.max():.2f} posterior sds ({shift.idxmax()})."
