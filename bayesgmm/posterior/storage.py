"""One netCDF file per posterior: written whole or not at all, never pickled.

The file holds the DataTree as it is, group by group; any program that reads netCDF-4 can open it.
"""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import xarray as xr

from bayesgmm.errors import InvalidArgumentError, invalid_sentence
from bayesgmm.posterior.container import Posterior

__all__ = ["load", "save", "whole_file"]

ENGINE: Literal["netcdf4"] = "netcdf4"
REMEDY = "Files are written by `fit.save(path)`."


def save(posterior: Posterior, path: str | os.PathLike[str]) -> Path:
    """Write a posterior to one netCDF file.

    It is written under another name beside its place and renamed when complete, so that an interrupt leaves no
    half-written file; a file of this name is replaced.

    Parameters
    ----------
    posterior : Posterior
    path : str or path
        Usually ending in ``.nc``.

    Returns
    -------
    Path
        Where it is.

    Raises
    ------
    FileNotFoundError
        If the folder does not exist.
    InvalidArgumentError
        If `path` is a folder itself.

    Examples
    --------
    >>> import tempfile
    >>> from bayesgmm.posterior.storage import load, save
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     load(save(fit.posterior_, f"{folder}/posterior.nc")).n_components
    2
    """
    with whole_file(path, example="posterior.nc") as partial:
        posterior.idata.to_netcdf(str(partial), engine=ENGINE)
    return Path(path)


@contextmanager
def whole_file(path: str | os.PathLike[str], *, example: str) -> Iterator[Path]:
    """Give a name to write to, which becomes the file itself at the end of the block, unless something failed.

    Parameters
    ----------
    path : str or path
        The file; one of this name is replaced.
    example : str
        A name for an error to propose.

    Yields
    ------
    Path
        An empty file beside its place.

    Raises
    ------
    FileNotFoundError
        If the folder does not exist.
    InvalidArgumentError
        If `path` is a folder itself.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from bayesgmm.posterior.storage import whole_file
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with whole_file(f"{folder}/page.html", example="page.html") as partial:
    ...         written = partial.write_text("all of it")
    ...     [file.name for file in Path(folder).iterdir()]
    ['page.html']
    """
    target = Path(path)
    if not target.parent.is_dir():
        raise FileNotFoundError(invalid_sentence("path", "lie in an existing folder", str(target)))
    if target.is_dir():
        remedy = f"Name a file in it, such as `{example}`."
        raise InvalidArgumentError("path", "name a file", f"the folder {str(target)!r}", remedy)
    partial = target.with_name(f".bayesgmm-{uuid.uuid4().hex}{target.suffix}")
    partial.touch()  # a folder that cannot be written to is found before the work
    try:
        yield partial
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def load(path: str | os.PathLike[str]) -> Posterior:
    """Read a posterior back; everything is in memory and the file closed.

    Parameters
    ----------
    path : str or path
        A file that ``fit.save`` wrote.

    Returns
    -------
    Posterior

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    InvalidArgumentError
        If it is no netCDF file, or holds no posterior of this package.

    Examples
    --------
    >>> import tempfile
    >>> import bayesgmm as bg
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = fit.save(f"{folder}/posterior.nc")
    ...     bg.load(f"{folder}/posterior.nc").idata.equals(fit.idata)
    True
    """
    source = Path(path)
    if not source.is_file():
        raise FileNotFoundError(invalid_sentence("path", "be an existing file", str(source), REMEDY))
    try:
        with xr.open_datatree(source, engine=ENGINE) as stored:
            tree = stored.load()
    except (OSError, ValueError) as error:
        raise InvalidArgumentError("path", "be a netCDF file", str(source), REMEDY) from error
    try:
        return Posterior(tree)
    except InvalidArgumentError as error:
        raise InvalidArgumentError("path", "hold a posterior of this package", str(source), REMEDY) from error
