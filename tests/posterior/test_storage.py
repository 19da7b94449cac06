"""One netCDF file: it comes back equal, or was never there."""

import netCDF4
import numpy as np
import pandas as pd
import pytest
import xarray as xr

import bayesgmm as bg
from bayesgmm.covariance import FAMILIES
from bayesgmm.errors import InvalidArgumentError
from bayesgmm.posterior.container import Posterior
from bayesgmm.posterior.storage import load, save
from handmade import handmade_posterior

ROW_NAMES = {
    "integers": lambda n: np.arange(10, 10 + n),
    "floats": lambda n: np.arange(n) / 7,
    "text": lambda n: [f"row {i} é" for i in range(n)],
    "dates": lambda n: pd.date_range("2024-01-01 00:00:00.123456789", periods=n, freq="37min"),
    "categories": lambda n: pd.CategoricalIndex([f"c{i}" for i in range(n)]),
    "tuples": lambda n: pd.MultiIndex.from_tuples([(i, "a") for i in range(n)]),
    "mixed": lambda n: [1, "b", *range(2, n)],
}


@pytest.mark.parametrize("names", ROW_NAMES.values(), ids=ROW_NAMES)
def test_file_comes_back_equal_whatever_the_rows_are_called(names, tmp_path, faithful, rng):
    posterior = handmade_posterior(faithful.set_axis(pd.Index(names(len(faithful)))), 2, rng=rng)
    path = save(posterior, tmp_path / "posterior.nc")
    assert load(path).idata.identical(posterior.idata)


@pytest.mark.parametrize("n_components", [1, 2])
@pytest.mark.parametrize("name", FAMILIES)
def test_every_family_comes_back_equal_and_answers_the_same(name, n_components, tmp_path, faithful, rng):
    posterior = handmade_posterior(faithful, n_components, name, rng=rng)
    posterior.save(tmp_path / "posterior.nc")
    loaded = bg.load(tmp_path / "posterior.nc")
    assert loaded.idata.identical(posterior.idata)
    assert np.array_equal(loaded.score_samples(faithful), posterior.score_samples(faithful))
    assert repr(loaded) == repr(posterior)


def test_added_groups_and_names_come_back(tmp_path, faithful, rng):
    posterior = handmade_posterior(faithful, 2, rng=rng).with_log_likelihood().rename(["short", "long"])
    assert load(save(posterior, tmp_path / "p.nc")).idata.identical(posterior.idata)


def test_file_is_closed_and_can_be_replaced(tmp_path, faithful, rng):
    path = tmp_path / "posterior.nc"
    save(handmade_posterior(faithful, 1, rng=rng), path)
    first = load(path)
    save(handmade_posterior(faithful, 2, rng=rng), path)
    assert (first.n_components, load(path).n_components) == (1, 2)


def test_failure_leaves_nothing_half_written(tmp_path, faithful, rng):
    posterior = handmade_posterior(faithful, 2, rng=rng)
    path = save(posterior, tmp_path / "posterior.nc")
    before = path.read_bytes()
    broken = posterior.idata.copy()
    broken["zz"] = xr.DataTree(xr.Dataset(attrs={"unstorable": {"a": 1}}))
    with pytest.raises(TypeError):
        save(Posterior(broken), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def write_text(folder):
    path = folder / "notes.nc"
    path.write_text("not a netCDF file")
    return path


def write_foreign(folder):
    path = folder / "foreign.nc"
    with netCDF4.Dataset(path, "w") as file:
        file.title = "weather"
    return path


WRONG = {
    "no file": (lambda folder: folder / "absent.nc", FileNotFoundError, "existing file"),
    "a folder": (lambda folder: folder, FileNotFoundError, "existing file"),
    "no netCDF": (write_text, ValueError, "`path` must be a netCDF file"),
    "foreign": (write_foreign, ValueError, "`path` must hold a posterior"),
}


@pytest.mark.parametrize(("make", "error", "match"), WRONG.values(), ids=WRONG)
def test_wrong_file_is_one_clear_error(make, error, match, tmp_path):
    with pytest.raises(error, match=match):
        load(make(tmp_path))


def test_a_folder_is_no_file_name(tmp_path, faithful, rng):
    folder = tmp_path / "fits"
    folder.mkdir()
    with pytest.raises(InvalidArgumentError, match=r"`path` must name a file; got the folder .*fits'\. Name a file in"):
        save(handmade_posterior(faithful, 1, rng=rng), folder)
    assert list(tmp_path.rglob("*")) == [folder]


def test_missing_folder_is_one_clear_error(tmp_path, faithful, rng):
    with pytest.raises(FileNotFoundError, match="existing folder"):
        save(handmade_posterior(faithful, 1, rng=rng), tmp_path / "absent" / "posterior.nc")
