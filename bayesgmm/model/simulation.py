"""Draws from priors, before any data are looked at: of one distribution, and of the whole model with its rows.

Graphs are run without compilation (PyTensor's mode FAST_COMPILE): as a prior is drawn once, that is some twenty times
faster than to compile it first.
"""

from typing import Any

import numpy as np
import pymc as pm
import xarray as xr
from numpy.typing import NDArray

from bayesgmm.covariance import CovarianceFamily, as_family
from bayesgmm.data import as_count, as_data, as_seed
from bayesgmm.errors import InvalidArgumentError
from bayesgmm.model.build import build_model
from bayesgmm.model.loggers import quiet
from bayesgmm.model.priors import Priors
from bayesgmm.model.recognition import describe
from bayesgmm.model.users import resize

__all__ = ["check_parameters", "draw_prior", "prior_predictive", "sample_prior"]

Array = NDArray[np.float64]

MODE = "FAST_COMPILE"
GROUPS = ("prior", "prior_predictive", "observed_data")


def prior_predictive(
    X: Any,
    n_components: int = 1,
    *,
    covariance_type: str | CovarianceFamily = "full",
    priors: Priors | None = None,
    draws: int = 500,
    random_state: Any = None,
) -> xr.DataTree:
    """Draw parameters from the prior, and for each draw a data set like `X`: what is believed before the data.

    Parameters
    ----------
    X : array-like of shape (N, D)
        The rows that the model is for: their number, names and units, and where the default priors stand.
    n_components : int, default 1
        K.
    covariance_type : {"full", "tied", "diag", "spherical"}, default "full"
        The covariance family.
    priors : Priors, optional
        None: defaults scaled to the data, see `Priors`.
    draws : int, default 500
        In one chain; draws x N x D numbers are held.
    random_state : None, int, Generator or RandomState
        The seed; None: fresh entropy.

    Returns
    -------
    xarray.DataTree
        Groups ``prior`` (the variables of a posterior, under the same names and dims), ``prior_predictive``, ``x``
        (chain, draw, obs, feature), and ``observed_data``. ArviZ takes it as it is; so does `plot_prior`.

    Raises
    ------
    InvalidArgumentError, InvalidArgumentTypeError
        If an argument cannot be used, or a prior cannot be drawn from, as ``pm.Flat``.

    Examples
    --------
    >>> import bayesgmm as bg
    >>> tree = bg.prior_predictive(bg.load_faithful(), 2, draws=50, random_state=1)
    >>> tree["prior"]["means"].shape, tree["prior_predictive"]["x"].shape
    ((1, 50, 2, 2), (1, 50, 272, 2))
    """
    n_draws, seed, family = as_count("draws", draws), as_seed(random_state), as_family(covariance_type)
    model = build_model(as_data(X), n_components, covariance_type=family, priors=priors)
    tree = sample_prior(model, n_draws, seed)
    origin = {"n_components": n_components, "covariance_type": family.name, "random_seed": seed}
    attrs = origin | {"inference_library": "pymc", "inference_library_version": pm.__version__}
    groups = {name: tree[name].to_dataset() for name in GROUPS}
    return xr.DataTree.from_dict({name: dataset.drop_attrs().assign_attrs(attrs) for name, dataset in groups.items()})


def sample_prior(model: pm.Model, n_draws: int, seed: int) -> xr.DataTree:
    """Draw parameters and rows of a model from its prior.

    Parameters
    ----------
    model : pymc.Model
    n_draws : int
        In one chain.
    seed : int

    Returns
    -------
    xarray.DataTree
        As PyMC lays it out: ``prior``, ``prior_predictive``, ``observed_data``.

    Raises
    ------
    InvalidArgumentError
        If a prior cannot be drawn from.
    """
    with model, quiet():
        try:
            return pm.sample_prior_predictive(n_draws, random_seed=seed, compile_kwargs={"mode": MODE})
        except NotImplementedError as error:
            raise InvalidArgumentError("priors", "be distributions that can be drawn from", str(error)) from None


def draw_prior(prior: Any, name: str, shape: tuple[int, ...], n_draws: int, seed: int = 0) -> Array:
    """Draw from a user's distribution.

    Parameters
    ----------
    prior : PyMC distribution
        Unregistered, with parameters of numbers.
    name : str
        "means" or "sds", for the wording of errors.
    shape : tuple of int
        Of the parameter whose prior it is.
    n_draws : int
    seed : int

    Returns
    -------
    array of shape (n_draws, *shape)

    Raises
    ------
    InvalidArgumentError
        If it cannot be drawn from.

    Examples
    --------
    >>> import pymc as pm
    >>> from bayesgmm.model.simulation import draw_prior
    >>> draw_prior(pm.Laplace.dist(0.0, 1.0), "means", (3, 2), 10).shape
    (10, 3, 2)
    """
    try:
        return _draw(prior, name, shape, n_draws, seed)
    except NotImplementedError as error:
        raise InvalidArgumentError(name, "be a distribution that can be drawn from", str(error)) from None


def check_parameters(prior: Any, name: str, shape: tuple[int, ...]) -> None:
    """Check that the parameters of a user's distribution are finite and lie where they may.

    PyMC looks at them only when a density or a draw is evaluated; so both are, once, without compilation.

    Parameters
    ----------
    prior : PyMC distribution
    name : str
        "means" or "sds", for the wording of errors.
    shape : tuple of int
        Of the parameter whose prior it is.

    Raises
    ------
    InvalidArgumentError
        If a density or a draw is refused, or is no finite number.

    Examples
    --------
    >>> import pymc as pm
    >>> from bayesgmm.model.simulation import check_parameters
    >>> check_parameters(pm.Laplace.dist(0.0, -1.0), "means", (3, 2))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    bayesgmm.errors.InvalidArgumentError: `means` must have ... in their range; got Laplace (PyMC says: b > 0).
    """
    try:
        density = pm.logp(resize(prior, name, shape), np.ones(shape)).eval(mode=MODE)
        drawn = _draw(prior, name, shape, 1)
    except NotImplementedError:  # it has a density but cannot be drawn from, which sampling does not ask for
        return
    except (ValueError, np.linalg.LinAlgError) as error:
        reason = f"PyMC says: {error}"
    else:
        if np.isfinite(drawn).all() and not np.isnan(density).any():
            return
        reason = "it draws what is no finite number"
    shown = f"{describe(prior)['name']} ({reason})"
    raise InvalidArgumentError(name, "have parameters that are finite and in their range", shown)


def _draw(prior: Any, name: str, shape: tuple[int, ...], n_draws: int, seed: int = 0) -> Array:
    drawn = pm.draw(resize(prior, name, shape), n_draws, random_seed=seed, mode=MODE)
    return np.asarray(drawn, dtype=float).reshape(n_draws, *shape)
