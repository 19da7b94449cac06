"""Containers: whatever holds a table becomes float64 rows with names, or one clear error.

Arrays, lists, pandas and polars frames and series and xarray's labelled arrays are recognised by what they offer,
so that none of those libraries is imported here. Numbers and bools pass; everything else is refused by name:
missing and infinite values, text, complex numbers, dates, categories, sparse and masked containers, and values
whose squares overflow. Where scikit-learn has a sentence for a mistake, the error holds it.
"""

import re
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from decimal import Decimal
from numbers import Number, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from bayesgmm.errors import InvalidArgumentError, InvalidArgumentTypeError

__all__ = ["LARGEST", "Table", "default_names", "read_table", "read_vector"]

Array = NDArray[np.float64]
Foreign = Any  # an object of a library that is not imported here, known by its attributes

LARGEST = 1e150  # sums of squares of larger values leave the range of float64
NUMERIC_KINDS = "biuf"
ACCEPTED_CELLS = (Real, np.bool_, Decimal)
MISSING_CELLS = {"NoneType", "NAType", "NaTType"}  # the types of None, pandas.NA and pandas.NaT

RESHAPE = (
    "Reshape your data either using array.reshape(-1, 1) if your data has a single feature "
    "or array.reshape(1, -1) if it contains a single sample."
)
TEXT = ("text", "Convert your data to numeric values explicitly, or leave that column out.")
COMMA_REMEDY = 'Where commas stand before decimals, convert such columns by `.str.replace(",", ".").astype(float)`.'
DECIMAL_COMMA = re.compile(r"\s*[-+]?\d+,\d+\s*")
DATES = ("dates or durations", "Convert them to numbers first, such as days since a start.")
COMPLEX = ("complex numbers", "Complex data not supported: pass the real and imaginary parts as two columns.")
RECORDS = ("records", "Pass a DataFrame of them, or numpy.lib.recfunctions.structured_to_unstructured(X).")
REFUSED_KINDS = {"U": TEXT, "S": TEXT, "T": TEXT, "M": DATES, "m": DATES, "c": COMPLEX, "V": RECORDS}
REFUSED_CELLS: tuple[tuple[tuple[type, ...], tuple[str, str]], ...] = (
    ((str, bytes), TEXT),
    ((date, time, timedelta, np.datetime64, np.timedelta64), DATES),
    ((Number,), COMPLEX),
)


@dataclass(frozen=True, eq=False)
class Table:
    """Rows of numbers with the names they came with; N rows, D features.

    Attributes
    ----------
    x : array of shape (N, D)
        float64, C-contiguous, read-only, finite; a view of the user's own array where that is all of this already.
    feature_names : tuple of str or None
        The column names as text; None where the input had none.
    obs_names : array of shape (N,)
        The row names as integers, floats, datetime64 or text, which are what netCDF can hold; 0, ..., N - 1 without.
    """

    x: Array
    feature_names: tuple[str, ...] | None
    obs_names: NDArray[Any]


@dataclass(frozen=True, eq=False)
class _Labels:
    """What errors call rows and columns: a row by its number, and by its label where that is another."""

    columns: Sequence[str] | None
    index: Foreign = None

    def place(self, i: int, j: int) -> str:
        label = i if self.index is None else self.index[i]
        text = _as_text(label)
        known = "" if text == str(i) else f" ({text!r})" if isinstance(label, str) else f" ({text})"
        return f"row {i}{known}" + ("" if self.columns is None else f", column {self.columns[j]!r}")


def read_table(X: Foreign, name: str = "X") -> Table:
    """Read rows and their names from an array, a list, a frame, a series or a labelled array.

    Parameters
    ----------
    X : array-like of shape (N, D), DataFrame, Series or DataArray
        Real numbers or bools. A Series is one feature; a one-dimensional array is an error.
    name : str
        What the caller calls the argument; errors say it.

    Returns
    -------
    Table

    Raises
    ------
    InvalidArgumentError
        For a wrong shape and for values that are no finite real numbers.
    InvalidArgumentTypeError
        For containers and cells of a type that holds no real numbers.

    Examples
    --------
    >>> from bayesgmm.data.table import read_table
    >>> table = read_table([[1, 2], [3, 4]])
    >>> table.x
    array([[1., 2.],
           [3., 4.]])
    >>> read_table([[1.0, float("nan")]])
    Traceback (most recent call last):
        ...
    bayesgmm.errors.InvalidArgumentError: `X` must hold finite numbers; got NaN in row 0, column 'x1'. \
Input X contains NaN. Drop those rows or fill them in.
    """
    if hasattr(X, "collect") and not hasattr(X, "to_numpy"):
        raise InvalidArgumentTypeError(name, "be in memory", type(X).__name__, "Call its `collect()` first.")
    if hasattr(X, "to_frame"):
        return _read_frame(X.to_frame(), name)
    if hasattr(X, "columns") and hasattr(X, "dtypes"):
        return _read_frame(X, name)
    return _read_array(X, name)


def read_vector(values: Foreign, name: str, length: int) -> Array:
    """Read one finite number per row.

    Parameters
    ----------
    values : array-like of shape (length,)
        Real numbers or bools.
    name : str
        What the caller calls the argument; errors say it.
    length : int
        How many there must be.

    Returns
    -------
    array of shape (length,)
        float64, C-contiguous, a copy.

    Raises
    ------
    InvalidArgumentError
        For another shape and for values that are no finite real numbers.
    InvalidArgumentTypeError
        For containers and cells of a type that holds no real numbers.

    Examples
    --------
    >>> from bayesgmm.data.table import read_vector
    >>> read_vector([1, 2], "sample_weight", 2)
    array([1., 2.])
    """
    vector = _as_array(values, name)
    if vector.shape != (length,):
        raise InvalidArgumentError(name, f"have shape ({length},), one number per row of `X`", f"shape {vector.shape}")
    floats = _as_floats(vector[:, None], _Labels(None), name)
    _check_finite(floats, _Labels(None), name)
    return floats[:, 0].copy()


def default_names(n_features: int) -> tuple[str, ...]:
    """Name features that came without names, as scikit-learn does.

    Parameters
    ----------
    n_features : int
        D.

    Returns
    -------
    tuple of str
        ``"x0", "x1", ...``

    Examples
    --------
    >>> from bayesgmm.data.table import default_names
    >>> default_names(2)
    ('x0', 'x1')
    """
    return tuple(f"x{j}" for j in range(n_features))


def _read_frame(frame: Foreign, name: str) -> Table:
    """Read a pandas or polars frame column by column, into one new array."""
    _check_shape(frame.shape, name)
    names = _feature_names(frame.columns, name)
    shown, index = names or default_names(frame.shape[1]), getattr(frame, "index", None)
    columns = (frame.iloc[:, j] for j in range(len(shown))) if hasattr(frame, "iloc") else frame.get_columns()
    x = np.empty(frame.shape)
    for j, column in enumerate(columns):
        values = _column_values(column, shown[j], name)
        x[:, j] = _as_floats(values[:, None], _Labels(shown[j : j + 1], index), name)[:, 0]
    return _make_table(x, names, index, name)


def _read_array(X: Foreign, name: str) -> Table:
    """Read anything NumPy can make an array of; dimension coordinates (xarray) give the names."""
    array = _as_array(X, name)
    _check_shape(array.shape, name)
    index, labels = _coordinates(X)
    names = None if labels is None else _feature_names(labels, name)
    shown = _Labels(names or default_names(array.shape[1]), index)
    return _make_table(_as_floats(array, shown, name), names, index, name)


def _make_table(x: Array, names: tuple[str, ...] | None, index: Foreign, name: str) -> Table:
    _check_finite(x, _Labels(names or default_names(x.shape[1]), index), name)
    rows = x.view()
    rows.flags.writeable = False
    obs_names = np.arange(len(x)) if index is None else _row_names(index)
    obs_names.flags.writeable = False
    return Table(rows, names, obs_names)


def _coordinates(X: Foreign) -> tuple[Foreign, Foreign]:
    """Row and column labels of an xarray DataArray, each None where there are none."""
    if not (hasattr(X, "dims") and hasattr(X, "coords")):
        return None, None
    row_labels, column_labels = (X.coords[dim].values if dim in X.coords else None for dim in X.dims)
    return row_labels, column_labels


def _as_array(values: Foreign, name: str) -> NDArray[Any]:
    """Make an array of any real kind or of objects; refuse containers and kinds that hold no real numbers."""
    if issparse(values) or hasattr(values, "todense"):
        raise InvalidArgumentTypeError(
            name, "be a dense array", "a sparse one", "Sparse data are not supported: convert them by `.toarray()`."
        )
    if isinstance(values, np.ma.MaskedArray):
        remedy = "Drop the masked rows, or pass `numpy.asarray` of it where nothing is masked."
        raise InvalidArgumentTypeError(name, "be an array without a mask", "a masked array", remedy)
    try:
        array = np.asarray(values)
    except (TypeError, ValueError, RuntimeError) as error:
        remedy = f"It cannot be made an array: {error}"
        raise InvalidArgumentError(name, "be a rectangular array of numbers", type(values).__name__, remedy) from error
    if array.ndim == 0 and array.dtype.kind == "O":
        remedy = "Pass an array, a list or a DataFrame."
        raise InvalidArgumentTypeError(name, "be an array of numbers", type(values).__name__, remedy)
    if array.dtype.kind in REFUSED_KINDS:
        _refuse(REFUSED_KINDS[array.dtype.kind], name)
    return array


def _column_values(column: Foreign, label: str, name: str) -> NDArray[Any]:
    """Give a frame's column as a plain array; missing values become NaN."""
    if hasattr(column.dtype, "categories"):
        remedy = "Categories are no measurements: leave the column out, or convert it by `.astype(float)`."
        raise InvalidArgumentError(name, "hold real numbers", f"categories in column {label!r}", remedy)
    if hasattr(column.dtype, "fill_value"):
        remedy = "Sparse data are not supported: convert them by `.sparse.to_dense()`."
        raise InvalidArgumentTypeError(name, "be a dense table", f"a sparse column {label!r}", remedy)
    is_nullable = not isinstance(column.dtype, np.dtype) and getattr(column.dtype, "kind", "O") in NUMERIC_KINDS
    values = np.asarray(column.to_numpy(dtype=np.float64, na_value=np.nan) if is_nullable else column.to_numpy())
    if values.ndim != 1:
        remedy = "Spread them over columns of their own."
        raise InvalidArgumentTypeError(name, "hold real numbers", f"nested values in column {label!r}", remedy)
    return values


def _as_floats(array: NDArray[Any], labels: _Labels, name: str) -> Array:
    """Convert a two-dimensional array to aligned, C-contiguous float64; no copy where it is that already."""
    kind = array.dtype.kind
    if kind in REFUSED_KINDS:
        _refuse(REFUSED_KINDS[kind], name, "" if labels.columns is None else f" in column {labels.columns[0]!r}")
    if kind == "O":
        _check_cells(array, labels, name)
    try:
        with np.errstate(over="ignore"):
            return np.require(array, np.float64, ["C", "A"])
    except OverflowError as error:
        raise InvalidArgumentError(
            name, f"hold numbers up to {LARGEST:g}", "integers beyond the range of float64", "Rescale that column."
        ) from error


def _check_cells(array: NDArray[Any], labels: _Labels, name: str) -> None:
    """Refuse the first cell of an array of objects that is no real number."""
    refused = {kind for kind in set(map(type, array.flat)) if not issubclass(kind, ACCEPTED_CELLS)}
    if not refused:
        return
    (i, j), cell = next((where, cell) for where, cell in np.ndenumerate(array) if type(cell) in refused)
    place = labels.place(i, j)
    if type(cell).__name__ in MISSING_CELLS:
        remedy = f"Input {name} contains NaN. Drop those rows or fill them in."
        raise InvalidArgumentError(name, "hold finite numbers", f"{cell} in {place}", remedy)
    if isinstance(cell, str) and DECIMAL_COMMA.fullmatch(cell):
        _refuse((f"the text {cell!r}", COMMA_REMEDY), name, f" in {place}")
    for kinds, reason in REFUSED_CELLS:
        if isinstance(cell, kinds):
            _refuse(reason, name, f" in {place}")
    kind = type(cell).__name__
    remedy = f"float() argument must be a string or a real number, not '{kind}'."
    raise InvalidArgumentTypeError(name, "hold real numbers", f"a {kind} in {place}", remedy)


def _check_shape(shape: tuple[int, ...], name: str) -> None:
    if len(shape) < 2:
        remedy = f"Expected 2D array, got {'1D' if shape else 'scalar'} array instead. {RESHAPE}"
        raise InvalidArgumentError(name, "be two-dimensional, (rows, features)", f"shape {shape}", remedy)
    if len(shape) > 2:
        remedy = f"Found array with dim {len(shape)}, while dim <= 2 is required."
        raise InvalidArgumentError(name, "be two-dimensional, (rows, features)", f"shape {shape}", remedy)
    for size, what, unit in zip(shape, ("row", "column"), ("sample", "feature"), strict=True):
        if size == 0:
            remedy = f"Found array with 0 {unit}(s) (shape={shape}) while a minimum of 1 is required."
            raise InvalidArgumentError(name, f"have at least one {what}", f"shape {shape}", remedy)


def _check_finite(x: Array, labels: _Labels, name: str) -> None:
    """Refuse NaN, infinity and values beyond `LARGEST`; one pass where all is well."""
    with np.errstate(invalid="ignore"):
        if np.maximum(x.max(), -x.min()) <= LARGEST:
            return
    missing, infinite = np.isnan(x), np.isinf(x)
    found, constraint, what, remedy = next(
        problem
        for problem in (
            (missing, "hold finite numbers", "NaN",
             f"Input {name} contains NaN. Drop those rows or fill them in."),
            (infinite, "hold finite numbers", "infinity",
             f"Input {name} contains infinity or a value too large for dtype('float64')."),
            (np.abs(x) > LARGEST, f"hold numbers up to {LARGEST:g}", "a value whose square overflows",
             "Rescale that column: divide it by a power of ten."),
        )
        if problem[0].any()
    )  # fmt: skip
    i, j = np.argwhere(found)[0]
    more = "" if (count := int(found.sum())) == 1 else f" and {count - 1} more places"
    raise InvalidArgumentError(name, constraint, f"{what} in {labels.place(i, j)}{more}", remedy)


def _feature_names(labels: Iterable[Hashable], name: str) -> tuple[str, ...] | None:
    """Column names as text; None where they only count the columns or are empty."""
    labels = list(labels)
    names = tuple(map(_as_text, labels))
    if labels == list(range(len(labels))) or not any(names):
        return None
    twice = sorted({label for label in names if names.count(label) > 1})
    if twice:
        remedy = "Rename or drop one of each."
        raise InvalidArgumentError(name, "have distinct column names", f"{', '.join(map(repr, twice))} twice", remedy)
    return names


def _row_names(index: Foreign) -> NDArray[Any]:
    """Row names as netCDF can hold them: integers, floats and datetimes as they are, all else as text."""
    dtype = index.dtype
    kind = getattr(dtype, "kind", "O")
    is_kept = kind in "iuf" or (kind == "M" and isinstance(dtype, np.dtype))  # not datetimes with a timezone
    values = np.array(index) if is_kept else np.array([_as_text(label) for label in index], dtype=str)
    if kind == "M" or values.dtype.kind == "U":
        return values
    kept = values.astype({"i": np.int64, "u": np.int64, "f": np.float64}.get(values.dtype.kind, str))
    return kept if kind != "u" or (kept >= 0).all() else values.astype(str)


def _as_text(label: Hashable) -> str:
    return ", ".join(map(str, label)) if isinstance(label, tuple) else str(label)


def _refuse(reason: tuple[str, str], name: str, place: str = "") -> None:
    raise InvalidArgumentError(name, "hold real numbers", f"{reason[0]}{place}", reason[1])
