"""The groups that need the `pymc.Model`: prior, log prior, posterior predictive. PyMC is loaded with this module.

The model is rebuilt from the rows and the priors that the posterior carries. Priors that the compiled log posterior
does not know are not carried; they must be given again.
"""

import json
from typing import Any

import numpy as np
import pymc as pm
import xarray as xr

from bayesgmm.data import as_seed
from bayesgmm.errors import InvalidArgumentError
from bayesgmm.model import named
from bayesgmm.model.build import model_from_data
from bayesgmm.model.loggers import quiet
from bayesgmm.model.priors import Priors, ResolvedPriors, sds_shape
from bayesgmm.model.simulation import sample_prior
from bayesgmm.posterior.container import Posterior
from bayesgmm.posterior.prediction import check_draws, most_draws
from bayesgmm.schema import COMPONENT

__all__ = ["log_prior", "posterior_model", "posterior_predictive", "prior_draws", "recorded_priors"]


def posterior_model(posterior: Posterior, priors: Priors | None = None) -> pm.Model:
    """Build the model of a posterior anew.

    Parameters
    ----------
    posterior : Posterior
    priors : Priors, optional
        None: the recorded ones.

    Returns
    -------
    pymc.Model

    Raises
    ------
    InvalidArgumentError
        If the recorded priors are no named ones.
    """
    K, family, data = posterior.n_components, posterior.family, posterior.data
    resolved = recorded_priors(posterior) if priors is None else priors.resolve(data, K, family)
    return model_from_data(data, K, family, resolved)


def recorded_priors(posterior: Posterior) -> ResolvedPriors:
    """Read the priors that a posterior carries.

    Parameters
    ----------
    posterior : Posterior

    Returns
    -------
    ResolvedPriors

    Raises
    ------
    InvalidArgumentError
        If they are no named ones.

    Examples
    --------
    >>> from bayesgmm.posterior.groups import recorded_priors
    >>> recorded_priors(fit.posterior_).concentration
    array([2., 2.])
    """
    K, D = posterior.n_components, posterior.n_features
    text = json.loads(str(posterior.attrs["priors"]))
    return ResolvedPriors(
        concentration=np.broadcast_to(np.asarray(text.get("concentration", np.nan), dtype=float), (K,)).copy(),
        means=_named_prior("means", text.get("means", {})).broadcast((K, D)),
        sds=_named_prior("sds", text.get("sds", {})).broadcast(sds_shape(posterior.family, K, D)),
        lkj_eta=float(text.get("lkj_eta", np.nan)),
        is_exchangeable=bool(posterior.group("relabelling").attrs["is_exchangeable"]),
    )


def log_prior(posterior: Posterior, priors: Priors | None = None) -> xr.Dataset:
    """Give the log prior density of every variable at every draw, as ``az.psense`` takes it.

    Parameters
    ----------
    posterior : Posterior
    priors : Priors, optional
        None: the recorded ones.

    Returns
    -------
    xarray.Dataset
        ``weights`` (chain, draw); ``means``, ``sds`` and ``partials`` element by element.
    """
    model = posterior_model(posterior, priors)
    with model:
        tree = pm.stats.compute_log_prior(_trace(posterior), extend_inferencedata=False, progressbar=False)
    return _named_like(tree if isinstance(tree, xr.Dataset) else tree["log_prior"].to_dataset(), posterior)


def prior_draws(
    posterior: Posterior, n_draws: int = 1000, random_state: Any = None, *, priors: Priors | None = None
) -> dict[str, xr.Dataset]:
    """Draw parameters and rows from the prior.

    Parameters
    ----------
    posterior : Posterior
    n_draws : int
        Draws, in one chain.
    random_state : None, int, Generator or RandomState
    priors : Priors, optional
        None: the recorded ones.

    Returns
    -------
    dict of str to xarray.Dataset
        ``prior`` and ``prior_predictive``.

    Raises
    ------
    InvalidArgumentError
        If `n_draws` replicates of the rows are more than memory should hold.
    """
    n_rows, n_features = posterior.group("observed_data")["x"].shape
    most = most_draws(n_rows * n_features)
    if n_draws > most:
        raise InvalidArgumentError("n_draws", f"be at most {most} for {n_rows} rows", n_draws)
    seed = as_seed(random_state)
    tree = sample_prior(posterior_model(posterior, priors), n_draws, seed)
    return {name: _named_like(tree[name].to_dataset(), posterior) for name in ("prior", "prior_predictive")}


def posterior_predictive(posterior: Posterior, random_state: Any = None) -> xr.Dataset:
    """Draw a replicate of all rows for every draw of the posterior.

    Parameters
    ----------
    posterior : Posterior
    random_state : None, int, Generator or RandomState

    Returns
    -------
    xarray.Dataset
        ``x`` (chain, draw, obs, feature).

    Raises
    ------
    InvalidArgumentError
        If there are more draws than memory should hold.
    """
    check_draws(posterior, posterior.n_features)
    model = posterior_model(posterior, Priors())
    with model, quiet():
        tree = pm.sample_posterior_predictive(
            _trace(posterior), var_names=["x"], random_seed=as_seed(random_state), progressbar=False
        )
    return tree["posterior_predictive"].to_dataset()


def _trace(posterior: Posterior) -> xr.DataTree:
    """Lay out the draws as the model names them: free variables only, components by number."""
    group = posterior.group("posterior")
    free = group[[name for name in ("weights", "means", "sds", "partials") if name in group]]
    names = {COMPONENT: np.arange(posterior.n_components)} if COMPONENT in free.dims else {}
    return xr.DataTree.from_dict(
        {"posterior": free.assign_coords(names), "constant_data": posterior.group("constant_data")}
    )


def _named_like(dataset: xr.Dataset, posterior: Posterior) -> xr.Dataset:
    names = {COMPONENT: list(posterior.component_names)} if COMPONENT in dataset.dims else {}
    return dataset.assign_coords(names)


def _named_prior(parameter: str, described: dict[str, Any]) -> named.NamedPrior:
    name = described.get("name")
    if name not in named.__all__ or "parameters" in described:
        remedy = "Give the `priors` of the fit."
        raise InvalidArgumentError("priors", f"be recorded with the posterior for {parameter}", repr(name), remedy)
    prior: named.NamedPrior = getattr(named, name)(**{key: value for key, value in described.items() if key != "name"})
    return prior
