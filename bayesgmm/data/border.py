"""The border's value: checked rows with their names, weights and measures, and the checks that need all of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bayesgmm.data.columns import dependent_columns, moments, resolutions, rounding_noise
from bayesgmm.data.counts import as_count
from bayesgmm.data.repeats import collapse_rows
from bayesgmm.data.table import Table, default_names, read_table, read_vector
from bayesgmm.errors import InvalidArgumentError

__all__ = ["Data", "as_data", "as_rows", "check_n_components", "check_rank"]

Array = NDArray[np.float64]

SMALLEST = 1e-150  # squares of smaller spreads leave the range of float64
OTHER_FAMILY = "Covariance types 'diag' and 'spherical' estimate no correlations and need less."


@dataclass(frozen=True, eq=False)
class Data:
    """Checked rows with their names and what the columns are like; N rows, D features. Made by `as_data`.

    Attributes
    ----------
    x : array of shape (N, D)
        All rows in the user's order, in the user's units; float64, C-contiguous, read-only.
    sample_weight : array of shape (N,) or None
        As given; rows of weight zero stay in `x` and count nowhere else.
    feature_names : tuple of str
        ``"x0", "x1", ...`` where the input had no names.
    obs_names : array of shape (N,)
        Integers, floats, datetime64 or text, which are what netCDF can hold.
    has_feature_names : bool
        Whether `feature_names` came with the input.
    location, scale : arrays of shape (D,)
        Weighted column means and standard deviations (divided by the total weight), in the units of `x`.
    resolution : array of shape (D,)
        The smallest step between distinct values of a column in which values repeat, else 0, in the units of `x`.
    rows : array of shape (M, D)
        What the compiled passes read: the distinct rows where collapsing pays, in order of appearance; else `x` itself.
    row_weights : array of shape (M,) or None
        Counts times sample weights of `rows`; None where all are one.
    row_index : array of shape (N,) or None
        ``rows[row_index]`` equals `x`; None where `rows` is `x`.

    Examples
    --------
    >>> from bayesgmm.data import as_data
    >>> data = as_data([[1.0, 2.0], [3.0, 2.5], [5.0, 2.0]])
    >>> data.n_rows, data.feature_names
    (3, ('x0', 'x1'))
    >>> data.location.round(3)
    array([3.   , 2.167])
    >>> data.resolution
    array([0. , 0.5])
    """

    x: Array
    sample_weight: Array | None
    feature_names: tuple[str, ...]
    obs_names: NDArray[Any]
    has_feature_names: bool
    location: Array
    scale: Array
    resolution: Array
    rows: Array
    row_weights: Array | None
    row_index: NDArray[np.intp] | None

    @property
    def n_rows(self) -> int:
        """N."""
        return self.x.shape[0]

    @property
    def n_features(self) -> int:
        """D."""
        return self.x.shape[1]

    @property
    def total_weight(self) -> float:
        """Sum of the sample weights; N without."""
        return float(self.n_rows if self.sample_weight is None else self.sample_weight.sum())

    @property
    def n_counted(self) -> int:
        """Number of rows whose weight is not zero."""
        return self.n_rows if self.sample_weight is None else int(np.count_nonzero(self.sample_weight))

    @property
    def row_unit(self) -> float:
        """What one row weighs: the mean weight where weights sum to less than the rows, being relative; else 1."""
        return min(1.0, self.total_weight / self.n_counted)

    @property
    def common_scale(self) -> float:
        """One scale for all columns, the root mean square of `scale`, in the units of x."""
        return float(np.sqrt(np.mean(self.scale**2)))


def as_data(X: ArrayLike | Data, *, sample_weight: ArrayLike | None = None) -> Data:
    """Check rows and weights and take their measure.

    Parameters
    ----------
    X : array-like of shape (N, D), DataFrame, Series, DataArray or Data
        Finite real numbers, at most 1e150 in size, in any units. A `Data` is returned as it is, or with other weights.
    sample_weight : array-like of shape (N,), optional
        Nonnegative, at least one positive; a weight of 2 counts a row twice. None: every row counts once.

    Returns
    -------
    Data
        `x` shares memory with an input that is a C-contiguous float64 array; nothing writes to it.

    Raises
    ------
    InvalidArgumentError
        For a wrong shape, for values that are no finite real numbers, for column names that occur twice, for a column
        whose variance underflows, and for weights that are negative or all zero.
    InvalidArgumentTypeError
        For containers and cells of a type that holds no real numbers.

    Examples
    --------
    >>> from bayesgmm.data import as_data
    >>> as_data([[1.0], [4.0]], sample_weight=[2, 1]).location
    array([2.])
    """
    if isinstance(X, Data) and sample_weight is None:
        return X
    names = (X.feature_names if X.has_feature_names else None) if isinstance(X, Data) else None
    table = Table(X.x, names, X.obs_names) if isinstance(X, Data) else read_table(X)
    weights = None if sample_weight is None else _read_weights(sample_weight, len(table.x))
    return _measure(table, weights)


def as_rows(
    X: ArrayLike | Data,
    n_features: int | None = None,
    *,
    feature_names: Sequence[str] | None = None,
    owner: str = "Mixture",
) -> Array:
    """Check new rows for something that knows its features.

    Parameters
    ----------
    X : array-like of shape (N, D), DataFrame, Series, DataArray or Data
        Finite real numbers in the units of the rows it was fitted to.
    n_features : int, optional
        D. None: that of `feature_names`, or any number where those are missing too.
    feature_names : sequence of str, optional
        The names the features must have, in this order, where `X` has names.
    owner : str
        The class whose name the error says, as scikit-learn does.

    Returns
    -------
    array of shape (N, D)
        float64, C-contiguous, read-only.

    Raises
    ------
    InvalidArgumentError
        For other, missing or reordered names, for another number of features, and as `as_data`.
    InvalidArgumentTypeError
        As `as_data`.

    Examples
    --------
    >>> from bayesgmm.data import as_rows
    >>> as_rows([[1, 2]], 2)
    array([[1., 2.]])
    """
    if isinstance(X, Data):
        x, names = X.x, X.feature_names if X.has_feature_names else None
    else:
        table = read_table(X)
        x, names = table.x, table.feature_names
    if names is not None and feature_names is not None:
        _check_names(names, tuple(feature_names))
    n_expected = len(feature_names) if n_features is None and feature_names is not None else n_features
    if n_expected is not None and x.shape[1] != n_expected:
        remedy = f"X has {x.shape[1]} features, but {owner} is expecting {n_expected} features as input."
        raise InvalidArgumentError("X", f"have {n_expected} features", f"shape {x.shape}", remedy)
    return x


def check_n_components(data: Data, n_components: int) -> int:
    """Check that there are enough rows for the components.

    Parameters
    ----------
    data : Data
        Rows of weight zero do not count.
    n_components : int
        K, at least 1.

    Returns
    -------
    int
        `n_components` as a plain integer.

    Raises
    ------
    InvalidArgumentError
        For fewer than one component and for more components than rows.
    InvalidArgumentTypeError
        For anything but an integer.

    Examples
    --------
    >>> from bayesgmm.data import as_data, check_n_components
    >>> check_n_components(as_data([[1.0], [2.0]]), 2)
    2
    """
    K, n_rows = as_count("n_components", n_components), data.n_counted
    if n_rows < K:
        remedy = (
            f"Expected n_samples >= n_components but got n_components = {K}, n_samples = {n_rows}. "
            "Ask for fewer components."
        )
        raise InvalidArgumentError("n_components", "be at most the number of rows", K, remedy)
    return K


def check_rank(data: Data, *, correlated: bool) -> None:
    """Refuse columns that leave a covariance singular: constant ones, and linear combinations of others.

    Only what is exact but for rounding is refused: a direction 1e-5 of the range wide passes, at any offset.

    Parameters
    ----------
    data : Data
        Rows of weight zero do not count.
    correlated : bool
        Whether the covariance family has correlations (full, tied). Else only constant columns are refused.

    Raises
    ------
    InvalidArgumentError
        For too few rows; else it names the columns involved.

    Examples
    --------
    >>> from bayesgmm.data import as_data, check_rank
    >>> check_rank(as_data([[0.0, 1.0], [1.0, 1.5], [2.0, 0.5]]), correlated=True)
    """
    n_rows, D = data.n_counted, data.n_features
    fewest = D + 1 if correlated else 2
    if n_rows < fewest:
        got = f"n_samples = {n_rows}, n_features = {D}"
        raise InvalidArgumentError("X", f"have at least {fewest} rows", got, OTHER_FAMILY if correlated else "")
    x = data.rows if data.row_weights is None else data.rows[data.row_weights > 0]
    is_constant = data.scale <= rounding_noise(x)
    if is_constant.any():
        raise InvalidArgumentError("X", "have no constant column", _quoted(data, is_constant), "Leave it out.")
    if correlated and D > 1:
        _check_independent(data, x)


def _measure(table: Table, weights: Array | None) -> Data:
    """Take location, scale and resolution of the columns and collapse repeated rows."""
    x, names = table.x, table.feature_names
    counted = x if weights is None or weights.all() else x[weights > 0]
    location, scale = moments(x, weights)
    shown = names or default_names(x.shape[1])
    _check_spread(counted, scale, shown)
    can_repeat = weights is not None and bool((weights >= 2).any())  # a weight of two is a repeated value
    resolution, n_distinct = resolutions(counted, can_repeat=can_repeat)
    rows, row_index = collapse_rows(x, n_distinct)
    counts = weights if row_index is None else np.bincount(row_index, weights).astype(np.float64)
    row_weights = None if counts is None or (counts == 1).all() else counts
    arrays = (location, scale, resolution, rows, *(a for a in (weights, row_weights, row_index) if a is not None))
    for array in arrays:
        array.flags.writeable = False
    return Data(
        x=x,
        sample_weight=weights,
        feature_names=shown,
        obs_names=table.obs_names,
        has_feature_names=names is not None,
        location=location,
        scale=scale,
        resolution=resolution,
        rows=rows,
        row_weights=row_weights,
        row_index=row_index,
    )


def _check_spread(x: Array, scale: Array, names: Sequence[str]) -> None:
    for j in map(int, np.flatnonzero(scale < SMALLEST)):
        if (spread := np.ptp(x[:, j])) > 0:
            got = f"a spread of {spread:.3g} in column {names[j]!r}"
            remedy = "Its square underflows: multiply that column by a power of ten."
            raise InvalidArgumentError("X", f"have columns that vary by more than {SMALLEST:g}", got, remedy)


def _check_independent(data: Data, x: Array) -> None:
    involved, n_relations = dependent_columns(x, data.location, data.scale)
    if not n_relations:
        return
    n_distinct = len(np.unique(x, axis=0))
    if n_distinct <= data.n_features:
        constraint = f"have at least {data.n_features + 1} distinct rows"
        raise InvalidArgumentError("X", constraint, f"{n_distinct}", OTHER_FAMILY)
    verb = "is" if n_relations == 1 else "are"
    got = f"{_quoted(data, involved)}, {n_relations} of which {verb} a linear combination of the others"
    remedy = f"Leave out {n_relations} of them. {OTHER_FAMILY}"
    raise InvalidArgumentError("X", "have linearly independent columns", got, remedy)


def _read_weights(sample_weight: ArrayLike, n_rows: int) -> Array:
    weights = read_vector(sample_weight, "sample_weight", n_rows)
    if (weights < 0).any():
        i = int(np.argmax(weights < 0))
        raise InvalidArgumentError("sample_weight", "be nonnegative", f"{weights[i]:g} in row {i}")
    if not weights.any():
        remedy = "Sample weights must contain at least one non-zero number."
        raise InvalidArgumentError("sample_weight", "be positive somewhere", "zeros only", remedy)
    return weights


def _check_names(names: tuple[str, ...], expected: tuple[str, ...]) -> None:
    """Compare names in scikit-learn's words."""
    if names == expected:
        return
    remedy = "The feature names should match those that were passed during fit.\n"
    for title, odd in (
        ("Feature names unseen at fit time", sorted(set(names) - set(expected))),
        ("Feature names seen at fit time, yet now missing", sorted(set(expected) - set(names))),
    ):
        if odd:
            listed = "".join(f"- {label}\n" for label in odd[:5]) + ("- ...\n" if len(odd) > 5 else "")
            remedy += f"{title}:\n{listed}"
    if set(names) == set(expected):
        remedy += "Feature names must be in the same order as they were in fit.\n"
    raise InvalidArgumentError("X", "have the features it was fitted to, in that order", repr(list(names)), remedy)


def _quoted(data: Data, chosen: NDArray[np.bool_]) -> str:
    return ", ".join(repr(data.feature_names[j]) for j in np.flatnonzero(chosen))
