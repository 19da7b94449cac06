"""The group em: the EM solution to which the draws were matched, written to a Dataset and read back whole."""

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from bayesgmm.covariance import CovarianceFamily, partials_from_cholesky
from bayesgmm.data import Data
from bayesgmm.em.criteria import icl, n_parameters
from bayesgmm.em.result import EMFit, EMSettings, EMStatus, Starts
from bayesgmm.mixture import Mixture
from bayesgmm.posterior.layout import (
    compact_pairs,
    coordinates,
    derive_variables,
    mixture_of,
    parameter_dims,
    with_coords,
)
from bayesgmm.schema import COMPONENT, FEATURE, FEATURE_BIS

__all__ = ["name_em", "read_em"]

START, ITERATION = "start", "iteration"
INITIAL = "initial_"  # before the names of the parameters at which the run began


def name_em(em: EMFit, data: Data) -> xr.Dataset:
    """Write an EM fit as a Dataset with the posterior's names.

    Parameters
    ----------
    em : EMFit
    data : Data
        The rows it was fitted to.

    Returns
    -------
    xarray.Dataset
        The parameters, covariances of every family, ``counts``, ``log_likelihood``, ``n_iter``, ``converged``, ``bic``,
        ``aic``, ``icl``, ``path``, the starts, and as ``initial_...`` the parameters at which the run began; attrs
        ``status``, ``n_optima``, ``gap`` (nats).

    Examples
    --------
    >>> from bayesgmm.posterior.pivot import name_em
    >>> float(name_em(fit.em_, fit.posterior_.data)["log_likelihood"].round(2))
    -1130.26
    """
    mixture, family = em.mixture, em.family
    dims = parameter_dims(family)
    variables: dict[str, Any] = {name: (dims[name], value) for name, value in _values(mixture, family).items()}
    variables |= derive_variables(mixture, family, leading=())
    variables.setdefault("covariances", ((COMPONENT, FEATURE, FEATURE_BIS), mixture.covariances))
    variables["counts"] = (COMPONENT, em.counts)
    variables["is_collapsed"] = (COMPONENT, np.isin(np.arange(mixture.n_components), em.collapsed))
    variables |= {name: ((), getattr(em, name)) for name in ("log_likelihood", "n_iter", "bic", "aic")}
    variables |= {"icl": ((), icl(mixture, data, family)), "converged": ((), int(em.converged))}
    variables["path"] = (ITERATION, em.path)
    attrs: dict[str, Any] = {"status": em.status.name, "n_optima": 1, "gap": np.inf}
    if em.starts is not None:
        variables["start_kind"] = (START, np.array(em.starts.kinds, dtype=str))
        variables["start_log_likelihood"] = (START, np.asarray(em.starts.log_likelihoods))
        variables["start_status"] = (START, np.array([status.name for status in em.starts.statuses]))
        attrs |= {"n_optima": em.starts.n_optima, "gap": em.starts.gap}
    if em.start is not None:
        variables |= {INITIAL + name: (dims[name], value) for name, value in _values(em.start, family).items()}
    coords = coordinates(data.feature_names, mixture.n_components)
    return with_coords(xr.Dataset(variables, attrs=attrs), coords)


def read_em(group: xr.Dataset, data: Data, family: CovarianceFamily) -> EMFit:
    """Undo `name_em`.

    Parameters
    ----------
    group : xarray.Dataset
        The group em.
    data : Data
        The rows it was fitted to.
    family : CovarianceFamily

    Returns
    -------
    EMFit
        Without its starts where the group does not say how each ended.

    Examples
    --------
    >>> from bayesgmm.posterior.pivot import read_em
    >>> posterior = fit.posterior_
    >>> read_em(posterior.group("em"), posterior.data, posterior.family).n_iter == fit.em_.n_iter
    True
    """
    K, D = group.sizes[COMPONENT], data.n_features
    starts = None
    if "start_status" in group:  # older files do not have it
        kinds, reached = tuple(group["start_kind"].values.tolist()), group["start_log_likelihood"].values
        statuses = tuple(EMStatus[name] for name in group["start_status"].values.tolist())
        starts = Starts(kinds, reached, statuses, int(group.attrs["n_optima"]), float(group.attrs["gap"]))
    initial = {str(name): str(name).removeprefix(INITIAL) for name in group if str(name).startswith(INITIAL)}
    return EMFit(
        mixture=mixture_of(group, family, K, D),
        family=family,
        log_likelihood=float(group["log_likelihood"]),
        n_iter=int(group["n_iter"]),
        status=EMStatus[str(group.attrs["status"])],
        path=group["path"].values,
        starts=starts,
        counts=group["counts"].values,
        total_weight=data.total_weight,
        n_parameters=n_parameters(family, K, D),
        converged=bool(group["converged"]),
        collapsed=tuple(np.flatnonzero(group["is_collapsed"].values).tolist()),
        start=mixture_of(group[list(initial)].rename(initial), family, K, D) if initial else None,
        settings=EMSettings.of_pivot(data),
    )


def _values(mixture: Mixture, family: CovarianceFamily) -> dict[str, NDArray[np.float64]]:
    """Give the free parameters of a mixture, in the family's compact layout."""
    values = {"weights": mixture.weights, "means": mixture.means, "sds": family.compact_sds(mixture.sds)}
    if family.has_correlations(mixture.n_features):
        values["partials"] = compact_pairs(partials_from_cholesky(mixture.scale_tril), family)
    return values
