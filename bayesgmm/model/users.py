"""A user's own PyMC distribution as a prior: its size, its log density, and what is asked of it before any work.

resize          another batch shape.
log_density     numbers to log densities.
check_density   its log density exists and depends on numbers only.
check_sds       what it says of standard deviations below zero and near zero.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from numpy.typing import NDArray
from pymc.distributions.distribution import SymbolicRandomVariable
from pymc.distributions.shape_utils import change_dist_size
from pymc.pytensorf import rvs_in_graph
from pytensor.tensor.random.op import RandomVariable
from pytensor.tensor.variable import TensorVariable

from bayesgmm.errors import InvalidArgumentError, InvalidArgumentTypeError

__all__ = ["check_density", "check_sds", "log_density", "resize"]

Array = NDArray[np.float64]

BELOW_ZERO = (-1.0, -1e-3, -1e-6)  # where a prior of sds must have no density, in units of their column
TOWARDS_ZERO = (10.0**-3, 10.0**-4.5, 10.0**-6)  # two steps of the same ratio
LEAST_GROWTH = 3.0  # of the fall from step to step: 1 for a power of s, up to 2 for a log-normal, 31 for exp(-c / s)


def resize(prior: Any, name: str, shape: tuple[int, ...]) -> TensorVariable:
    """Give an unregistered PyMC distribution another batch shape, so that its full shape is `shape`.

    Parameters
    ----------
    prior : PyMC distribution
    name : str
        "means" or "sds", for the wording of errors.
    shape : tuple of int
        Of the parameter whose prior it is.

    Returns
    -------
    TensorVariable of shape `shape`

    Raises
    ------
    InvalidArgumentError, InvalidArgumentTypeError
        If `prior` is no PyMC distribution, or does not broadcast to `shape`.
    """
    op = getattr(getattr(prior, "owner", None), "op", None)
    if not isinstance(op, (RandomVariable, SymbolicRandomVariable)):
        remedy = "Wrap an expression of distributions: pm.CustomDist.dist(..., dist=function)."
        raise InvalidArgumentTypeError(name, "be a PyMC distribution such as pm.Normal.dist(0, 2)", prior, remedy)
    try:
        resized = change_dist_size(prior, shape[: len(shape) - op.ndim_supp])
        fits = all(have in (None, want) for have, want in zip(resized.type.shape, shape, strict=True))
    except ValueError:
        fits = False
    if not fits:
        raise InvalidArgumentError(name, f"broadcast to shape {shape}", f"shape {prior.type.shape}")
    return resized


def check_density(prior: Any, name: str, shape: tuple[int, ...]) -> None:
    """Check that a user's distribution has a log density that depends on numbers only; nothing is compiled.

    Parameters
    ----------
    prior : PyMC distribution
    name : str
        "means" or "sds", for the wording of errors.
    shape : tuple of int
        Of the parameter whose prior it is.

    Raises
    ------
    InvalidArgumentError, InvalidArgumentTypeError
        If `prior` is no PyMC distribution, does not broadcast to `shape`, has no log density, or has parameters that
        are random themselves.

    Examples
    --------
    >>> import pymc as pm
    >>> from bayesgmm.model.users import check_density
    >>> check_density(pm.Normal.dist(pm.Normal.dist(3, 1), 30), "means", (2, 1))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    bayesgmm.errors.InvalidArgumentError: `means` must be a distribution with parameters that are numbers; got ...
    """
    _graph(prior, name, shape)


def check_sds(prior: Any, shape: tuple[int, ...], unit: Array) -> NDArray[np.bool_]:
    """Check that a user's prior of sds has none below zero, and tell whether it falls near zero faster than any power.

    Rows that are equal in a column gain -log s each where s falls to zero: no power of s makes up for many of them.
    The log density is compared at 10^-3, 10^-4.5 and 10^-6 of the unit: for a power of s it falls by the same amount
    twice, for exp(-c / s) by 31 times as much; below a bound it is minus infinity.

    Parameters
    ----------
    prior : PyMC distribution
    shape : tuple of int
        Of the sds.
    unit : array of shape `shape`
        What counts as one for each of them: the step between the values of its column, or the column's sd.

    Returns
    -------
    bool array of shape `shape`
        Elements of one joint distribution are judged together.

    Raises
    ------
    InvalidArgumentError, InvalidArgumentTypeError
        As for `check_density`, or if the density is not zero at a negative number.

    Examples
    --------
    >>> import numpy as np
    >>> import pymc as pm
    >>> from bayesgmm.model.users import check_sds
    >>> check_sds(pm.Uniform.dist([0.0, 0.5], 5.0), (2,), np.ones(2))
    array([False,  True])
    """
    evaluate = log_density(prior, "sds", shape)
    with np.errstate(all="ignore"):
        if any(np.isfinite(evaluate(fraction * unit)).any() for fraction in BELOW_ZERO):
            raise InvalidArgumentError("sds", "be a distribution of positive numbers", str(prior.owner.op))
        first, second, third = (evaluate(fraction * unit) for fraction in TOWARDS_ZERO)
        ratio = np.log(TOWARDS_ZERO[0] / TOWARDS_ZERO[1])
        vanishes = np.isneginf(third) | (second - third > LEAST_GROWTH * np.maximum(first - second, ratio))
    return np.broadcast_to(vanishes.reshape(vanishes.shape + (1,) * (len(shape) - vanishes.ndim)), shape)


def log_density(prior: Any, name: str, shape: tuple[int, ...]) -> Callable[[Array], Array]:
    """Make the log density of a PyMC distribution as a function of numbers.

    Parameters
    ----------
    prior : PyMC distribution
        Unregistered, with parameters of constants.
    name : str
        "means" or "sds", for the wording of errors.
    shape : tuple of int
        Of the parameter whose prior it is.

    Returns
    -------
    callable
        A value of shape `shape` to log densities, one for each event of the distribution.

    Raises
    ------
    InvalidArgumentError, InvalidArgumentTypeError
        As for `check_density`.

    Examples
    --------
    >>> import numpy as np
    >>> import pymc as pm
    >>> from bayesgmm.model.users import log_density
    >>> log_density(pm.Laplace.dist(0.0, 1.0), "means", (2, 1))(np.array([[0.0], [1.0]]))
    array([[-0.69314718],
           [-1.69314718]])
    """
    value, density = _graph(prior, name, shape)
    evaluate: Callable[[Array], Array] = pm.compile([value], density, mode="FAST_COMPILE")
    return evaluate


def _graph(prior: Any, name: str, shape: tuple[int, ...]) -> tuple[TensorVariable, TensorVariable]:
    """Give the value and the log density of a distribution as symbols."""
    value = pt.tensor("value", dtype="float64", shape=(None,) * len(shape))
    resized = resize(prior, name, shape)
    try:
        density = pm.logp(resized, value, warn_rvs=False)
    except NotImplementedError:
        remedy = "Give pm.CustomDist.dist a `logp` or a `dist`."
        raise InvalidArgumentError(name, "have a log density", str(prior.owner.op), remedy) from None
    if rvs_in_graph(density):
        constraint = "be a distribution with parameters that are numbers"
        remedy = "Put numbers in their place, or integrate them out with pm.CustomDist.dist(..., logp=function)."
        raise InvalidArgumentError(name, constraint, f"{prior.owner.op} with a random parameter", remedy)
    return value, density
