"""The border: one clear error for whatever holds no rows of numbers; measures and collapsing obey their laws."""

import datetime
import decimal
import pickle
import re
import zlib
from fractions import Fraction

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse
import xarray as xr

from bayesgmm.data import as_count, as_data, as_rows, as_seed, check_n_components, check_rank
from bayesgmm.data.repeats import collapse_rows
from bayesgmm.errors import InvalidArgumentError, InvalidArgumentTypeError

GOOD = np.array([[1.0, 2.0], [3.0, 4.5], [5.0, 1.0], [0.0, 2.5]])
DAY = datetime.date(2020, 1, 1)
NAMED = pd.DataFrame(GOOD, columns=["a", "b"])


def frame(column):
    return pd.DataFrame({"a": column})


def cell(value):
    return [[1.0, 2.0], [3.0, value]]


def objects(value):
    return np.array(cell(value), dtype=object)


# ---- what is refused: container -> (what it is, error, match) ----------------------------------------------------

VALUE, TYPE = InvalidArgumentError, InvalidArgumentTypeError
NAN = frame([1.0, np.nan])
LABELLED_NAN = xr.DataArray(NAN.to_numpy(), {"obs": ["e0", "e1"]}, ("obs", "feature"))
BAD_X = {
    "one dimension": (np.ones(3), VALUE, r"Expected 2D array, got 1D array instead. Reshape your data"),
    "empty list": ([], VALUE, "Reshape your data"),
    "number": (3.0, VALUE, "got scalar array instead. Reshape your data"),
    "three dimensions": (np.ones((2, 2, 2)), VALUE, "Found array with dim 3, while dim <= 2 is required"),
    "labelled, one dimension": (xr.DataArray(np.ones(3)), VALUE, "Reshape your data"),
    "no rows": (np.ones((0, 3)), VALUE, r"0 sample\(s\) \(shape=\(0, 3\)\) while a minimum of 1 is required"),
    "no columns": (np.ones((12, 0)), VALUE, r"0 feature\(s\) \(shape=\(12, 0\)\) while a minimum of 1 is required."),
    "frame without rows": (NAMED.iloc[:0], VALUE, r"0 sample\(s\)"),
    "frame without columns": (pd.DataFrame(index=[1, 2]), VALUE, r"0 feature\(s\)"),
    "polars without rows": (pl.DataFrame({"a": []}), VALUE, r"0 sample\(s\)"),
    "ragged": ([[1, 2], [3]], VALUE, "must be a rectangular array of numbers; got list"),
    "None": (None, TYPE, "must be an array of numbers; got NoneType"),
    "dict": ({"a": [1, 2]}, TYPE, "must be an array of numbers; got dict"),
    "set": ({1, 2}, TYPE, "got set"),
    "generator": ((i for i in range(3)), TYPE, "got generator"),
    "a word": ("abc", VALUE, "must hold real numbers; got text"),
    "labelled dataset": (xr.Dataset({"a": ("row", [1.0])}), VALUE, "got Dataset"),
    "lazy": (pl.LazyFrame({"a": [1.0]}), TYPE, r"must be in memory; got LazyFrame. Call its `collect\(\)` first"),
    "sparse array": (scipy.sparse.csr_array(np.eye(3)), TYPE, "Sparse data are not supported"),
    "sparse matrix": (scipy.sparse.coo_matrix(np.eye(3)), TYPE, "Sparse data are not supported"),
    "sparse column": (frame(pd.arrays.SparseArray([0.0, 1.0])), TYPE, "got a sparse column 'a'"),
    "masked": (np.ma.masked_equal(GOOD, 3.0), TYPE, "an array without a mask"),
    "masked nowhere": (np.ma.asarray(GOOD), TYPE, "an array without a mask"),
    "records": (np.zeros(3, dtype=[("a", float)]), VALUE, "got records"),
    "complex": (GOOD + 1j, VALUE, "Complex data not supported"),
    "complex cell": (cell(1j), VALUE, "Complex data not supported"),
    "complex object": (objects(1j), VALUE, r"complex numbers in row 1, column 'x1'\. Complex data not supported"),
    "text": ([["a", "b"]], VALUE, "got text. Convert your data to numeric values explicitly"),
    "numbers as text": (np.array([["1", "2"]]), VALUE, "got text"),
    "bytes": (np.array([[b"1", b"2"]]), VALUE, "got text"),
    "NumPy's string type": (np.array([["1"]], dtype=np.dtypes.StringDType()), VALUE, "got text"),
    "text cell": (objects("b"), VALUE, "got text in row 1, column 'x1'"),
    "text column": (frame(["u", "v"]), VALUE, "got text in row 0, column 'a'"),
    "decimal commas": (frame([1.0, "71,5"]), VALUE, r"text '71,5' in row 1, .*\.str\.replace\(.*\)\.astype\(float\)"),
    "polars text": (pl.DataFrame({"n": [1.0], "a": ["u"]}), VALUE, "got text in row 0, column 'a'"),
    "NaN": (cell(np.nan), VALUE, r"got NaN in row 1, column 'x1'\. Input X contains NaN"),
    "NaN in a row with a name": (NAN.set_axis(["e0", "e1"]), VALUE, r"got NaN in row 1 \('e1'\), column 'a'"),
    "NaN in a row with a number": (NAN.set_axis([0, 7]), VALUE, r"got NaN in row 1 \(7\), column 'a'"),
    "NaN in a row with two names": (NAN.set_axis([("u", 1), ("v", 2)]), VALUE, r"NaN in row 1 \(v, 2\), column 'a'"),
    "NaN in a row without a name": (NAN, VALUE, "got NaN in row 1, column 'a'"),
    "text in a row with a name": (frame(["u", "v"]).set_axis(["e0", "e1"]), VALUE, r"text in row 0 \('e0'\), "),
    "NaN in a labelled row": (LABELLED_NAN, VALUE, r"got NaN in row 1 \('e1'\), column 'x0'"),
    "NaN twice": ([[np.nan, 1], [1, np.nan]], VALUE, "and 1 more places. Input X contains NaN"),
    "NaN before infinity": ([[np.inf, np.nan]], VALUE, "Input X contains NaN"),
    "infinity": (cell(-np.inf), VALUE, "Input X contains infinity or a value too large"),
    "None cell": (cell(None), VALUE, r"got None in row 1, column 'x1'\. Input X contains NaN"),
    "NA cell": (objects(pd.NA), VALUE, "Input X contains NaN"),
    "NaT cell": (objects(pd.NaT), VALUE, "Input X contains NaN"),
    "nullable integers": (frame(pd.array([1, None], dtype="Int64")), VALUE, "got NaN in row 1, column 'a'"),
    "nullable bools": (frame(pd.array([True, None], dtype="boolean")), VALUE, "Input X contains NaN"),
    "arrow integers": (frame(pd.array([1, None], dtype="int64[pyarrow]")), VALUE, "Input X contains NaN"),
    "polars null": (pl.DataFrame({"a": [1, None]}), VALUE, "got NaN in row 1, column 'a'"),
    "polars bool null": (pl.DataFrame({"a": [True, None]}), VALUE, "Input X contains NaN"),
    "dates": (frame(pd.date_range("2020", periods=2)), VALUE, "dates or durations in column 'a'"),
    "dates with a timezone": (frame(pd.date_range("2020", periods=2, tz="UTC")), VALUE, "dates or durations"),
    "durations": (np.array([[1, 2]], dtype="m8[s]"), VALUE, "dates or durations"),
    "date objects": (objects(DAY), VALUE, "dates or durations in row 1, column 'x1'"),
    "periods": (frame(pd.period_range("2020", periods=2)), TYPE, "got a Period"),
    "polars dates": (pl.DataFrame({"a": [DAY]}), VALUE, "dates or durations in column 'a'"),
    "categories": (frame(pd.Categorical([1, 2])), VALUE, "categories in column 'a'"),
    "polars categories": (pl.DataFrame({"a": ["u"]}, schema={"a": pl.Categorical}), VALUE, "categories in column 'a'"),
    "polars lists": (pl.DataFrame({"a": [[1, 2]]}), TYPE, "got a ndarray in row 0, column 'a'"),
    "polars structs": (pl.DataFrame({"a": [{"b": 1, "c": 2}]}), TYPE, "nested values in column 'a'"),
    "dict cell": (objects({"foo": "bar"}), TYPE, "argument must be a string or a real number, not 'dict'"),
    "object cell": (frame([1.0, object()]), TYPE, "got a object in row 1, column 'a'"),
    "square overflows": (cell(1e200), VALUE, r"numbers up to 1e\+150; got a value whose square overflows in row 1"),
    "extended precision": (np.full((1, 1), np.longdouble("1e400")), VALUE, "contains infinity or a value too large"),
    "integer overflows": ([[10**400, 1]], VALUE, "integers beyond the range of float64"),
    "names twice": (pd.DataFrame(GOOD, columns=["a", "a"]), VALUE, "distinct column names; got 'a' twice"),
    "names twice as text": (pd.DataFrame(GOOD, columns=[1, "1"]), VALUE, "distinct column names; got '1' twice"),
}  # fmt: skip


@pytest.mark.parametrize(("X", "kind", "match"), BAD_X.values(), ids=BAD_X)
@pytest.mark.parametrize("read", [as_data, as_rows])
def test_bad_rows_are_refused(read, X, kind, match):
    with pytest.raises(kind, match=match) as caught:
        read(X)
    assert type(caught.value) is kind
    assert str(caught.value).startswith("`X` must ")


def test_spread_whose_square_underflows_is_refused():
    with pytest.raises(InvalidArgumentError, match=r"1e-200 in column 'x0'\. .* multiply that column"):
        as_data([[1e-200], [2e-200]])


BAD_WEIGHTS = {
    "too few": ([1, 1], VALUE, r"have shape \(4,\), one number per row of `X`; got shape \(2,\)"),
    "two dimensions": (np.ones((4, 2)), VALUE, r"got shape \(4, 2\)"),
    "a column": (np.ones((4, 1)), VALUE, r"got shape \(4, 1\)"),
    "number": (2.0, VALUE, r"got shape \(\)"),
    "negative": ([1, 2, -3, 1], VALUE, "must be nonnegative; got -3 in row 2"),
    "NaN": ([1, np.nan, 1, 1], VALUE, r"got NaN in row 1\. Input sample_weight contains NaN"),
    "infinity": ([1, 1, 1, np.inf], VALUE, "contains infinity"),
    "missing": ([1, 1, 1, None], VALUE, "contains NaN"),
    "all zero": (np.zeros(4), VALUE, "Sample weights must contain at least one non-zero number"),
    "text": (["a", "b", "c", "d"], VALUE, "must hold real numbers; got text"),
    "complex": (np.ones(4) * 1j, VALUE, "Complex data not supported"),
    "object": (np.array([1, 1, 1, {}], dtype=object), TYPE, "got a dict in row 3"),
    "dict": ({"a": 1}, TYPE, "must be an array of numbers; got dict"),
    "sparse": (scipy.sparse.csr_array(np.ones((4, 1))), TYPE, "Sparse data are not supported"),
    "masked": (np.ma.ones(4), TYPE, "without a mask"),
}


@pytest.mark.parametrize(("weights", "kind", "match"), BAD_WEIGHTS.values(), ids=BAD_WEIGHTS)
def test_bad_weights_are_refused(weights, kind, match):
    with pytest.raises(kind, match=match) as caught:
        as_data(GOOD, sample_weight=weights)
    assert str(caught.value).startswith("`sample_weight` must ")


BAD_COMPONENTS = {
    "zero": (0, VALUE, "must be a positive integer; got 0"),
    "negative": (np.int64(-2), VALUE, "must be a positive integer; got -2"),
    "float": (2.0, TYPE, "must be a positive integer; got 2.0"),
    "bool": (True, TYPE, "must be a positive integer; got True"),
    "NumPy's bool": (np.True_, TYPE, "must be a positive integer"),
    "text": ("2", TYPE, "must be a positive integer; got '2'"),
    "None": (None, TYPE, "must be a positive integer; got None"),
    "more than rows": (5, VALUE, "Expected n_samples >= n_components but got n_components = 5, n_samples = 4"),
}


@pytest.mark.parametrize(("n_components", "kind", "match"), BAD_COMPONENTS.values(), ids=BAD_COMPONENTS)
def test_bad_n_components_is_refused(n_components, kind, match):
    with pytest.raises(kind, match=match):
        check_n_components(as_data(GOOD), n_components)


def test_counts_are_plain_integers_of_at_least_so_many():
    assert type(as_count("draws", np.int64(3))) is int
    assert as_count("tune", 0, least=0) == 0
    with pytest.raises(InvalidArgumentError, match=r"`chains` must be an integer of at least 2; got 1\."):
        as_count("chains", 1, least=2)
    with pytest.raises(InvalidArgumentTypeError, match=r"`draws` must be a positive integer; got '5'\."):
        as_count("draws", "5")


@pytest.mark.parametrize(
    ("weights", "n_counted", "unit"),
    [(None, 4, 1.0), ([1, 0, 1, 0], 2, 1.0), ([0.25] * 4, 4, 0.25), ([0.5, 0, 0.1, 0], 2, 0.3), ([9] * 4, 4, 1.0)],
)
def test_what_a_row_weighs(weights, n_counted, unit):
    data = as_data(GOOD, sample_weight=weights)
    assert data.n_counted == n_counted
    assert data.row_unit == pytest.approx(unit)


def test_rows_of_weight_zero_do_not_count_for_components():
    data = as_data(GOOD, sample_weight=[1, 0, 1, 0])
    assert check_n_components(data, np.int32(2)) == 2
    with pytest.raises(InvalidArgumentError, match="n_samples = 2"):
        check_n_components(data, 3)


BAD_SEEDS = {
    "negative": (-1, VALUE, r"at least 0 and below 2\*\*32; got -1"),
    "large": (2**32, VALUE, "got 4294967296"),
    "float": (1.0, TYPE, "got 1.0"),
    "text": ("1", TYPE, "got 1"),
    "list": ([1, 2], TYPE, "Generator or RandomState, or None"),
}


@pytest.mark.parametrize(("random_state", "kind", "match"), BAD_SEEDS.values(), ids=BAD_SEEDS)
def test_bad_random_state_is_refused(random_state, kind, match):
    with pytest.raises(kind, match=match):
        as_seed(random_state)


# ---- what is accepted --------------------------------------------------------------------------------------------

EQUAL_TO_GOOD = {
    "list": GOOD.tolist(),
    "tuple of arrays": tuple(GOOD),
    "float32": GOOD.astype(np.float32),
    "float16": GOOD.astype(np.float16),
    "extended precision": GOOD.astype(np.longdouble),
    "other byte order": GOOD.astype(">f8"),
    "Fortran order": np.asfortranarray(GOOD),
    "strided": np.repeat(GOOD, 2, axis=0)[::2],
    "read-only": np.frombuffer(GOOD.tobytes()).reshape(GOOD.shape),
    "unaligned": np.frombuffer(b"\0" + GOOD.tobytes(), offset=1).reshape(GOOD.shape),
    "objects": GOOD.astype(object),
    "decimals": np.array([[decimal.Decimal(v) for v in row] for row in GOOD]),
    "fractions": [[Fraction(v) for v in row] for row in GOOD],
    "matrix": GOOD.view(np.matrix),
    "frame": NAMED,
    "nullable frame": NAMED.astype("Float64"),
    "arrow frame": NAMED.astype("double[pyarrow]"),
    "frame of objects": NAMED.astype(object),
    "polars": pl.DataFrame(GOOD, schema=["a", "b"]),
    "arrow table": pa.table({"a": GOOD[:, 0], "b": GOOD[:, 1]}),
    "labelled": xr.DataArray(GOOD, dims=("row", "column")),
}


@pytest.mark.parametrize("X", EQUAL_TO_GOOD.values(), ids=EQUAL_TO_GOOD)
def test_containers_give_the_same_rows(X):
    x = as_data(X).x
    np.testing.assert_array_equal(x, GOOD)
    assert x.dtype == np.float64 and x.dtype.isnative
    assert x.flags.c_contiguous and x.flags.aligned and not x.flags.writeable
    np.testing.assert_array_equal(as_rows(X, 2), GOOD)


INTEGERS = np.array([[0, 1], [1, 0], [1, 1]])


@pytest.mark.parametrize("dtype", [bool, np.int8, np.uint8, np.int32, np.uint64, np.int64])
def test_integers_and_bools_are_numbers(dtype):
    np.testing.assert_array_equal(as_data(INTEGERS.astype(dtype)).x, INTEGERS)


@pytest.mark.parametrize("dtype", ["Int64", "boolean", "bool[pyarrow]", "UInt8", "int32[pyarrow]"])
def test_pandas_numbers_of_any_kind(dtype):
    X = pd.DataFrame(INTEGERS.astype(bool)).astype(dtype)
    np.testing.assert_array_equal(as_data(X).x, INTEGERS)


def test_mixed_columns_keep_names_and_index():
    X = pd.DataFrame({"a": [1, 2], "b": [True, False], "c": [0.5, 1.5]}, index=["u", "v"])
    data = as_data(X)
    assert data.feature_names == ("a", "b", "c")
    assert data.has_feature_names
    np.testing.assert_array_equal(data.x, [[1, 1, 0.5], [2, 0, 1.5]])
    np.testing.assert_array_equal(data.obs_names, ["u", "v"])


SERIES = {
    "pandas": (pd.Series([1.0, 2.0], name="a"), ("a",), True),
    "pandas without a name": (pd.Series([1.0, 2.0]), ("x0",), False),
    "polars": (pl.Series("a", [1.0, 2.0]), ("a",), True),
    "polars without a name": (pl.Series([1.0, 2.0]), ("x0",), False),
}


@pytest.mark.parametrize(("X", "names", "has_names"), SERIES.values(), ids=SERIES)
def test_series_is_one_feature(X, names, has_names):
    data = as_data(X)
    assert (data.x.shape, data.feature_names, data.has_feature_names) == ((2, 1), names, has_names)


NAMES = {
    "none": (GOOD, ("x0", "x1"), False),
    "counted": (pd.DataFrame(GOOD), ("x0", "x1"), False),
    "text": (NAMED, ("a", "b"), True),
    "integers": (pd.DataFrame(GOOD, columns=[3, 7]), ("3", "7"), True),
    "tuples": (pd.DataFrame(GOOD, columns=pd.MultiIndex.from_tuples([("u", 1), ("u", 2)])), ("u, 1", "u, 2"), True),
    "polars": (pl.DataFrame({"b": [1.0], "a": [2.0]}), ("b", "a"), True),
    "labelled": (xr.DataArray(GOOD, dims=("r", "c"), coords={"c": ["u", "v"]}), ("u", "v"), True),
    "labelled without labels": (xr.DataArray(GOOD, dims=("r", "c")), ("x0", "x1"), False),
}


@pytest.mark.parametrize(("X", "names", "has_names"), NAMES.values(), ids=NAMES)
def test_feature_names(X, names, has_names):
    data = as_data(X)
    assert (data.feature_names, data.has_feature_names) == (names, has_names)


DAYS = pd.date_range("2020-01-01", periods=2)
OBS_NAMES = {
    "none": (None, [0, 1], "i"),
    "range": (pd.RangeIndex(5, 9, 2), [5, 7], "i"),
    "int32": (np.array([3, 1], np.int32), [3, 1], "i"),
    "unsigned": (np.array([3, 1], np.uint64), [3, 1], "i"),
    "unsigned beyond int64": (np.array([1, 2**64 - 1], np.uint64), ["1", "18446744073709551615"], "U"),
    "floats": ([0.5, 1.5], [0.5, 1.5], "f"),
    "text": (["u", "v"], ["u", "v"], "U"),
    "dates": (DAYS, DAYS.to_numpy(), "M"),
    "dates with a timezone": (DAYS.tz_localize("UTC"), ["2020-01-01 00:00:00+00:00", "2020-01-02 00:00:00+00:00"], "U"),
    "durations": (pd.to_timedelta([1, 2], unit="D"), ["1 days 00:00:00", "2 days 00:00:00"], "U"),
    "periods": (pd.period_range("2020", periods=2, freq="Y"), ["2020", "2021"], "U"),
    "tuples": (pd.MultiIndex.from_tuples([("u", 1), ("v", 2)]), ["u, 1", "v, 2"], "U"),
    "categories": (pd.CategoricalIndex([1, 2]), ["1", "2"], "U"),
    "mixed": ([1, "v"], ["1", "v"], "U"),
    "bools": ([True, False], ["True", "False"], "U"),
    "nullable": (pd.Index([4, 5], dtype="Int64"), [4, 5], "i"),
}


@pytest.mark.parametrize(("index", "names", "kind"), OBS_NAMES.values(), ids=OBS_NAMES)
def test_obs_names_are_what_netcdf_can_hold(index, names, kind, tmp_path):
    obs_names = as_data(pd.DataFrame([[1.0], [2.0]], index=index)).obs_names
    np.testing.assert_array_equal(obs_names, names)
    assert obs_names.dtype.kind == kind
    path = tmp_path / "names.nc"
    xr.Dataset(coords={"obs": obs_names}).to_netcdf(path)
    with xr.open_dataset(path) as loaded:
        assert list(loaded.obs.values) == list(obs_names)


def test_labelled_rows_keep_their_labels():
    X = xr.DataArray(GOOD, dims=("r", "c"), coords={"r": list("stuv")})
    np.testing.assert_array_equal(as_data(X).obs_names, list("stuv"))


def test_data_passes_through():
    data = as_data(NAMED)
    assert as_data(data) is data
    weighted = as_data(data, sample_weight=[1, 2, 0, 1])
    assert weighted.feature_names == ("a", "b") and weighted.has_feature_names
    assert weighted.total_weight == 4.0
    assert weighted.x.base is not None and np.shares_memory(weighted.x, data.x)
    np.testing.assert_array_equal(as_rows(data, feature_names=("a", "b")), GOOD)


def test_contiguous_input_is_not_copied_and_stays_writeable():
    X = GOOD.copy()
    data = as_data(X)
    assert np.shares_memory(data.x, X)
    assert data.rows is data.x
    assert X.flags.writeable
    with pytest.raises(ValueError, match="read-only"):
        data.x[0, 0] = 0.0


def test_arrays_of_a_value_are_read_only_and_detached():
    weights = np.array([1.0, 2.0, 3.0, 1.0])
    data = as_data(GOOD, sample_weight=weights)
    weights[:] = 9.0
    np.testing.assert_array_equal(data.sample_weight, [1, 2, 3, 1])
    arrays = [v for v in vars(data).values() if isinstance(v, np.ndarray)]
    assert not any(v.flags.writeable for v in arrays)


def test_data_survives_pickling():
    data = as_data(np.repeat(GOOD, 50, axis=0))
    again = pickle.loads(pickle.dumps(data))
    for name, value in vars(data).items():
        np.testing.assert_array_equal(getattr(again, name), value)


# ---- new rows ----------------------------------------------------------------------------------------------------

MATCH_NAMES = "The feature names should match those that were passed during fit.\n"
EIGHT = [f"f{j}" for j in range(8)]
BAD_NEW_ROWS = {
    "fewer": (lambda: as_rows(GOOD[:, :1], 4), r"X has 1 features, but Mixture is expecting 4 features as input"),
    "more": (lambda: as_rows(GOOD, 1, owner="GaussianMixture"), "but GaussianMixture is expecting 1 features as input"),
    "fewer than names": (lambda: as_rows(GOOD, feature_names="abc"), r"X has 2 features, but \w+ is expecting 3"),
    "reordered": (
        lambda: as_rows(NAMED[["b", "a"]], 2, feature_names=("a", "b")),
        MATCH_NAMES + "Feature names must be in the same order as they were in fit.\n",
    ),
    "other": (
        lambda: as_rows(NAMED, feature_names=("a", "c")),
        MATCH_NAMES + "Feature names unseen at fit time:\n- b\nFeature names seen at fit time, yet now missing:\n- c\n",
    ),
    "missing": (
        lambda: as_rows(NAMED, 3, feature_names=("a", "b", "c")),
        MATCH_NAMES + "Feature names seen at fit time, yet now missing:\n- c\n",
    ),
    "many": (lambda: as_rows(NAMED, feature_names=EIGHT), "- f0\n- f1\n- f2\n- f3\n- f4\n- ...\n"),
}


@pytest.mark.parametrize(("call", "match"), BAD_NEW_ROWS.values(), ids=BAD_NEW_ROWS)
def test_new_rows_must_have_the_features(call, match):
    with pytest.raises(InvalidArgumentError, match=match):
        call()


def test_new_rows_without_names_go_by_position():
    np.testing.assert_array_equal(as_rows(GOOD, feature_names=("a", "b")), GOOD)
    np.testing.assert_array_equal(as_rows(NAMED, 2), GOOD)
    np.testing.assert_array_equal(as_rows(GOOD), GOOD)


# ---- seeds -------------------------------------------------------------------------------------------------------


def test_integer_is_its_own_seed():
    assert [as_seed(s) for s in (0, 7, np.int32(7), 2**32 - 1)] == [0, 7, 7, 2**32 - 1]


@pytest.mark.parametrize("make", [np.random.default_rng, np.random.RandomState])
def test_generator_gives_one_draw_and_moves_on(make):
    generator = make(3)
    first, second = as_seed(generator), as_seed(generator)
    assert first == as_seed(make(3)) != second
    assert all(type(seed) is int and 0 <= seed < 2**32 for seed in (first, second))


def test_no_random_state_takes_fresh_entropy():
    assert len({as_seed(None) for _ in range(5)}) > 1


# ---- location, scale, resolution ---------------------------------------------------------------------------------


def test_moments_equal_numpy(rng):
    x = rng.normal([3.0, -2.0], [0.1, 5.0], size=(40_000, 2))
    data = as_data(x)
    np.testing.assert_allclose(data.location, x.mean(axis=0), rtol=1e-13)
    np.testing.assert_allclose(data.scale, x.std(axis=0), rtol=1e-13)
    np.testing.assert_allclose(data.common_scale, np.sqrt(x.var(axis=0).mean()), rtol=1e-13)
    assert (data.n_rows, data.n_features, data.total_weight) == (40_000, 2, 40_000.0)


@pytest.mark.parametrize("offset", [1e6, 1e9])
def test_moments_lose_no_digits_at_an_offset(rng, offset):
    """Against exact rational arithmetic on the very numbers that are stored."""
    x = rng.normal(size=(300, 1)) + offset
    exact = [Fraction(v) for v in x[:, 0]]
    mean = sum(exact) / len(exact)
    variance = sum((v - mean) ** 2 for v in exact) / len(exact)
    data = as_data(x)
    assert abs(Fraction(data.location[0]) - mean) <= Fraction(np.spacing(offset))
    np.testing.assert_allclose(data.scale[0], np.sqrt(float(variance)), rtol=1e-14)


def test_integer_weights_equal_repeated_rows(rng):
    x = rng.normal(size=(60, 3)) + 1e6
    weights = rng.integers(0, 4, size=60)
    weighted, repeated = as_data(x, sample_weight=weights), as_data(np.repeat(x, weights, axis=0))
    np.testing.assert_allclose(weighted.location, repeated.location, rtol=1e-15)
    np.testing.assert_allclose(weighted.scale, repeated.scale, rtol=1e-13)
    np.testing.assert_array_equal(weighted.resolution, repeated.resolution)
    assert weighted.total_weight == repeated.total_weight
    assert (weighted.resolution > 0).all()


def test_rows_of_weight_zero_influence_no_measure(rng):
    x = np.round(rng.normal(size=(50, 2)), 1)
    outlier = np.vstack([[1e12, -1e12], x, [0.33, 0.33]])
    weights = np.r_[0.0, rng.uniform(0.5, 1.5, size=50), 0.0]
    with_zeros, without = as_data(outlier, sample_weight=weights), as_data(x, sample_weight=weights[1:-1])
    np.testing.assert_allclose(with_zeros.location, without.location, rtol=1e-14)
    np.testing.assert_allclose(with_zeros.scale, without.scale, rtol=1e-14)
    np.testing.assert_array_equal(with_zeros.resolution, without.resolution)
    assert with_zeros.n_rows == 52
    assert check_rank(with_zeros, correlated=True) is None


def test_scale_of_weights_is_immaterial_to_location_and_scale(rng):
    x, weights = rng.normal(size=(30, 2)), rng.uniform(size=30)
    small, large = (as_data(x, sample_weight=weights * factor) for factor in (1e-300, 1e140))
    np.testing.assert_allclose(small.location, large.location, rtol=1e-13)
    np.testing.assert_allclose(small.scale, large.scale, rtol=1e-13)


def test_measures_follow_shift_and_scale(rng):
    x = np.round(rng.normal(size=(200, 2)), 1)
    factor, shift = np.array([1e-8, -3e5]), np.array([1e-4, 7e6])
    before, after = as_data(x), as_data(x * factor + shift)
    np.testing.assert_allclose(after.location, before.location * factor + shift, rtol=1e-12)
    np.testing.assert_allclose(after.scale, before.scale * np.abs(factor), rtol=1e-9)
    np.testing.assert_allclose(after.resolution, before.resolution * np.abs(factor), rtol=1e-6)


def test_measures_follow_powers_of_two_exactly(rng):
    x = np.round(rng.normal(size=(200, 2)), 1)
    before, after = as_data(x), as_data(x * np.array([2.0**40, 2.0**-40]))
    for name in ("location", "scale", "resolution"):
        np.testing.assert_array_equal(getattr(after, name), getattr(before, name) * [2.0**40, 2.0**-40])


RESOLUTIONS = {
    "no value repeats": ([0.0, 0.1, 0.35], 0.0),
    "one value repeats": ([0.0, 0.1, 0.1, 0.35], 0.1),
    "integers": ([3, 1, 7, 3, 5], 2.0),
    "constant": ([2.0, 2.0, 2.0], 0.0),
    "one row": ([2.0], 0.0),
    "equal but for rounding": ([0.3, 0.1 + 0.2, 0.5], 0.2),
    "two signs of zero": ([0.0, -0.0, 0.25], 0.25),
}


@pytest.mark.parametrize(("column", "resolution"), RESOLUTIONS.values(), ids=RESOLUTIONS)
def test_resolution(column, resolution):
    np.testing.assert_allclose(as_data(np.c_[column]).resolution, [resolution], rtol=1e-14)


def test_old_faithful_is_measured_to_thousandths_of_a_minute(faithful):
    data = as_data(faithful)
    assert data.feature_names == ("eruptions", "waiting")
    np.testing.assert_allclose(data.resolution, [0.001, 1.0], rtol=1e-9)
    assert data.rows is data.x and data.row_weights is None


# ---- repeated rows -----------------------------------------------------------------------------------------------


def test_collapse_is_exact(rng):
    x = rng.integers(0, 5, size=(5000, 3)) * 0.1 - 0.2
    data = as_data(x)
    assert len(data.rows) == 125
    np.testing.assert_array_equal(data.rows[data.row_index], x)
    np.testing.assert_array_equal(data.row_weights, np.bincount(data.row_index))
    assert data.row_weights.sum() == data.total_weight == 5000
    _, first = np.unique(data.row_index, return_index=True)
    assert (np.diff(first) > 0).all()  # in order of appearance


def test_collapse_adds_up_weights(rng):
    x, weights = rng.integers(0, 3, size=(400, 2)), rng.uniform(0.1, 2.0, size=400)
    data = as_data(x, sample_weight=weights)
    assert len(data.rows) == 9
    np.testing.assert_allclose(data.row_weights.sum(), data.total_weight, rtol=1e-14)
    in_first = (x == data.rows[0]).all(axis=1)
    np.testing.assert_allclose(data.row_weights[0], weights[in_first].sum(), rtol=1e-14)


def test_distinct_rows_with_repeated_values_are_left_alone(rng):
    x = rng.integers(0, 100, size=(300, 3)).astype(float)
    rows, row_index = collapse_rows(x)
    assert rows is x and row_index is None


def test_few_rows_are_left_alone():
    data = as_data(np.repeat(GOOD, 20, axis=0))
    assert data.rows is data.x and data.row_index is None and data.row_weights is None


def test_signs_of_zero_are_one_value():
    rows, row_index = collapse_rows(np.tile([[0.0, 1.0], [-0.0, 1.0]], (80, 1)))
    assert rows.shape == (1, 2) and (row_index == 0).all()


def test_rows_that_differ_in_the_last_bit_stay_apart():
    one = np.array([1.0, 2.0])
    x = np.tile([one, np.nextafter(one, 3), one[::-1]], (60, 1))
    rows, row_index = collapse_rows(x)
    assert len(rows) == 3
    np.testing.assert_array_equal(rows[row_index], x)


def test_weights_of_one_are_no_weights():
    data = as_data(GOOD, sample_weight=np.ones(4))
    assert data.row_weights is None
    np.testing.assert_array_equal(data.sample_weight, np.ones(4))


# ---- rank --------------------------------------------------------------------------------------------------------

CONDITIONS = [(0.0, 1.0), (1e6, 1.0), (0.0, 1e-9), (1e6, 1e9)]  # offset in sds, factor of the first column


def conditioned(x, offset, factor):
    x = x + offset * x.std(axis=0)
    return x * np.r_[factor, np.ones(x.shape[1] - 1)]


@pytest.mark.parametrize(("offset", "factor"), CONDITIONS)
def test_full_rank_passes(rng, offset, factor):
    check_rank(as_data(conditioned(rng.normal(size=(200, 4)), offset, factor)), correlated=True)


@pytest.mark.parametrize(("offset", "factor"), CONDITIONS)
def test_clusters_narrow_in_a_slanted_direction_pass(rng, offset, factor):
    """Two clusters on a line, 1e-5 of the range wide across it."""
    along = np.repeat([0.0, 1.0], 100)[:, None] * [1.0, 1.0] + 1e-5 * rng.normal(size=(200, 2))
    check_rank(as_data(conditioned(along, offset, factor)), correlated=True)


@pytest.mark.parametrize(("offset", "factor"), CONDITIONS)
def test_linear_combination_is_named(rng, offset, factor):
    x = conditioned(rng.normal(size=(200, 4)), offset, factor)
    x[:, 2] = 2.0 * x[:, 1] - 0.3 * x[:, 3] + 1.0
    data = as_data(pd.DataFrame(x, columns=list("abcd")))
    match = re.escape("got 'b', 'c', 'd', 1 of which is a linear combination of the others. Leave out 1 of them.")
    with pytest.raises(InvalidArgumentError, match=match):
        check_rank(data, correlated=True)
    check_rank(data, correlated=False)


def test_combination_with_a_column_of_other_units_is_named(rng):
    x = rng.normal(size=(50, 3)) * [1e-9, 1.0, 1e9]
    x[:, 1] = 3e8 * x[:, 0] + 2e-9 * x[:, 2]
    with pytest.raises(InvalidArgumentError, match="'x0', 'x1', 'x2', 1 of which"):
        check_rank(as_data(x), correlated=True)


def test_combination_is_found_among_many_rows(rng):
    x = rng.normal(size=(300_000, 3))
    check_rank(as_data(x), correlated=True)
    x[:, 2] = x[:, 0] - x[:, 1]
    with pytest.raises(InvalidArgumentError, match="1 of which is"):
        check_rank(as_data(x), correlated=True)


def test_two_relations_are_counted(rng):
    a, b = rng.normal(size=(2, 40))
    with pytest.raises(InvalidArgumentError, match=r"'x0', 'x1', 'x2', 'x3', 2 of which are .* Leave out 2 of them"):
        check_rank(as_data(np.c_[a, 2 * a, b, 1 - b]), correlated=True)


BAD_RANKS = {
    "constant": (np.c_[GOOD, np.ones(4)], False, "no constant column; got 'x2'"),
    "constant, correlated": (np.c_[GOOD, np.ones(4)], True, "no constant column; got 'x2'"),
    "constant but for rounding": (np.c_[GOOD, [1e9, 1e9, 1e9 + 1.2e-7, 1e9]], False, "got 'x2'"),
    "one row": (GOOD[:1], False, r"at least 2 rows; got n_samples = 1, n_features = 2\.$"),
    "one row, correlated": (GOOD[:1], True, "at least 3 rows; got n_samples = 1, n_features = 2. Covariance types"),
    "as many rows as features": (GOOD[:2], True, "at least 3 rows; got n_samples = 2"),
    "few distinct rows": (np.repeat(GOOD[:2], 30, axis=0), True, "at least 3 distinct rows; got 2"),
    "few distinct rows, many": (np.repeat(GOOD[:2], 300, axis=0), True, "at least 3 distinct rows; got 2"),
}


@pytest.mark.parametrize(("X", "correlated", "match"), BAD_RANKS.values(), ids=BAD_RANKS)
def test_bad_rank_is_refused(X, correlated, match):
    with pytest.raises(InvalidArgumentError, match=match):
        check_rank(as_data(X), correlated=correlated)


def test_rows_of_weight_zero_do_not_help_the_rank():
    x = np.c_[np.arange(6.0), np.arange(6.0)]
    x[3, 1] = 9.0
    check_rank(as_data(x), correlated=True)
    with pytest.raises(InvalidArgumentError, match="linearly independent columns; got 'x0', 'x1'"):
        check_rank(as_data(x, sample_weight=[1, 1, 1, 0, 1, 1]), correlated=True)


# ---- random valid and invalid inputs -----------------------------------------------------------------------------


def cross_border(X, sample_weight=None, n_components=2, random_state=1, new_rows=None):
    """Everything that a fit and a prediction check."""
    data = as_data(X, sample_weight=sample_weight)
    check_n_components(data, n_components)
    check_rank(data, correlated=True)
    as_seed(random_state)
    names = data.feature_names if data.has_feature_names else None
    as_rows(data if new_rows is None else new_rows, data.n_features, feature_names=names)
    return data


def put(value):
    """Put a value in a random cell."""

    def mutate(x, rng):
        x = x.astype(object)
        x[rng.integers(len(x)), rng.integers(x.shape[1])] = value
        return x

    return mutate


def put_number(value):
    return lambda x, rng: put(value)(x, rng).astype(float)


CONTAINERS = [np.asarray, np.asfortranarray, np.ndarray.tolist, pd.DataFrame, lambda x: pl.DataFrame(x, orient="row")]
IN_ANY_CONTAINER = [put_number(v) for v in (np.nan, np.inf, -np.inf, 1e151, -1e300)] + [
    lambda x, rng: np.where(np.arange(x.shape[1]) == rng.integers(x.shape[1]), 7.0, x),
    lambda x, rng: np.column_stack([x, x @ rng.normal(size=x.shape[1]) + rng.normal()]),
    lambda x, rng: x[: rng.integers(1, x.shape[1] + 1)],
    lambda x, rng: x[:0],
]
AS_THEY_ARE = [put(v) for v in (None, "u", b"u", 1j, {}, [1, 2], DAY, pd.NA, pd.NaT, object(), 10**400)] + [
    lambda x, rng: x.ravel(),
    lambda x, rng: x[None],
    lambda x, rng: x[:, :0],
    lambda x, rng: x.astype(str),
    lambda x, rng: x.astype(complex),
    lambda x, rng: x.astype("M8[s]"),
    lambda x, rng: [*x.tolist(), [1.0] * (x.shape[1] + 1)],
    lambda x, rng: scipy.sparse.csc_array(x),
    lambda x, rng: np.ma.masked_less(x, rng.normal()),
    lambda x, rng: pd.DataFrame(x).astype("category"),
    lambda x, rng: pd.DataFrame(np.c_[x, x], columns=[*range(x.shape[1])] * 2),
    lambda x, rng: x * 1e-200,
]
IN_ARGUMENTS = [
    lambda x, rng: {"sample_weight": rng.normal(size=len(x)) - 9.0},
    lambda x, rng: {"sample_weight": rng.uniform(size=len(x) + rng.integers(1, 3))},
    lambda x, rng: {"sample_weight": rng.uniform(size=x.shape)[:, :1]},
    lambda x, rng: {"sample_weight": np.zeros(len(x))},
    lambda x, rng: {"sample_weight": np.where(np.arange(len(x)) == rng.integers(len(x)), np.nan, 1.0)},
    lambda x, rng: {"n_components": len(x) + int(rng.integers(1, 9))},
    lambda x, rng: {"n_components": -int(rng.integers(0, 9))},
    lambda x, rng: {"n_components": float(rng.normal())},
    lambda x, rng: {"random_state": -int(rng.integers(1, 9))},
    lambda x, rng: {"random_state": float(rng.normal())},
    lambda x, rng: {"new_rows": x[:, 1:] if x.shape[1] > 1 else np.c_[x, x]},
    lambda x, rng: {"new_rows": x[0]},
    lambda x, rng: {"new_rows": put_number(np.nan)(x, rng)},
]


def random_rows(rng):
    N, D = rng.integers(8, 40), rng.integers(1, 5)
    x = rng.normal(size=(N, D)) * 10.0 ** rng.integers(-6, 6, size=D) + rng.normal(size=D)
    return x, CONTAINERS[rng.integers(len(CONTAINERS))]


MUTATIONS = [
    *(lambda x, contain, rng, m=m: {"X": contain(m(x, rng))} for m in IN_ANY_CONTAINER),
    *(lambda x, contain, rng, m=m: {"X": m(x, rng)} for m in AS_THEY_ARE),
    *(lambda x, contain, rng, m=m: {"X": contain(x), **m(x, rng)} for m in IN_ARGUMENTS),
]


@pytest.mark.parametrize("case", range(10))
def test_random_invalid_inputs_give_one_clear_error(case):
    rng = np.random.default_rng(zlib.crc32(b"invalid") + case)
    for _ in range(100):
        arguments = MUTATIONS[rng.integers(len(MUTATIONS))](*random_rows(rng), rng)
        with pytest.raises((ValueError, TypeError)) as caught:
            cross_border(**arguments)
        assert type(caught.value) in {InvalidArgumentError, InvalidArgumentTypeError}, repr(caught.value)
        assert re.match(r"`(X|sample_weight|n_components|random_state)` must .+; got .+\.", str(caught.value), re.S)


@pytest.mark.parametrize("is_weighted", [False, True])
def test_random_valid_inputs_pass(is_weighted, rng):
    for _ in range(200):
        x, contain = random_rows(rng)
        data = cross_border(contain(x), sample_weight=rng.uniform(0.1, 3.0, size=len(x)) if is_weighted else None)
        np.testing.assert_array_equal(data.x, x)
