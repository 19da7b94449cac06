"""The DataTree of a fit: draws named, matched to EM, laid beside EM and the data.

Draws arrive in the order of the model as weights (absent for K = 1), means, sds and partials in the family's compact
layout; correlations R R' and covariances diag(sds) R R' diag(sds) are derived from them, R the Cholesky factor of the
partial correlations. Every variable is permuted by the one permutation of its draw.
"""

import importlib.metadata
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from bayesgmm import __version__
from bayesgmm.covariance import CovarianceFamily, partials_from_cholesky
from bayesgmm.data import Data
from bayesgmm.em.criteria import icl
from bayesgmm.em.fit import EMFit
from bayesgmm.mixture import Mixture
from bayesgmm.posterior.diagnostics import judge_labels
from bayesgmm.posterior.layout import (
    choose_coords,
    coordinates,
    mixture_of,
    name_parameters,
    parameter_dims,
    with_coords,
    with_plain_attrs,
)
from bayesgmm.posterior.relabel import Relabelling, match, permute_components
from bayesgmm.schema import COMPONENT, FEATURE, FEATURE_BIS, OBS, SAMPLE_DIMS

__all__ = [
    "DrawsLike",
    "Provenance",
    "build_tree",
    "join_tree",
]

Array = NDArray[np.float64]

START = "start"
LIBRARIES = ("numpy", "numba", "pymc", "nutpie", "arviz")  # whose versions a result carries


class DrawsLike(Protocol):
    """What a method returns: draws in the order of the model; C chains, S draws.

    Attributes
    ----------
    values : mapping of str to array of shape (C, S, ...)
    sample_stats : mapping of str to array of shape (C, S)
    attrs : mapping of str to number or text
    """

    @property
    def values(self) -> Mapping[str, Array]: ...
    @property
    def sample_stats(self) -> Mapping[str, NDArray[Any]]: ...
    @property
    def attrs(self) -> Mapping[str, Any]: ...


@dataclass(frozen=True)
class Provenance:
    """How a posterior came about.

    Attributes
    ----------
    method : str
        The word for the method, such as "nuts".
    priors : str
        The priors as JSON.
    random_seed : int
        The seed of everything random; -1 where unknown.
    is_exchangeable : bool
        Whether the priors are the same for every component; where not, draws are never permuted.
    attrs : mapping of str to number or text
        What else the posterior's attrs should say.
    """

    method: str
    priors: str
    random_seed: int
    is_exchangeable: bool
    attrs: Mapping[str, Any] = field(default_factory=dict)


def build_tree(data: Data, em: EMFit, *, draws: DrawsLike, provenance: Provenance) -> xr.DataTree:
    """Name draws, match them to EM, and lay out the whole result.

    Parameters
    ----------
    data : Data
        The rows that were fitted.
    em : EMFit
        The EM solution at which the chains started: the pivot of the labels.
    draws : Draws
        Draws in the order of the model.
    provenance : Provenance
        Method, priors and seed.

    Returns
    -------
    xarray.DataTree
        Groups posterior, sample_stats, relabelling, em, observed_data, constant_data.

    Examples
    --------
    >>> sorted(fit.idata.children)
    ['constant_data', 'em', 'observed_data', 'posterior', 'relabelling', 'sample_stats']
    """
    K = em.mixture.n_components
    parameters = name_parameters(draws.values, em.family, coordinates(data.feature_names, K))
    stats = xr.Dataset(
        {name: (_sample_dims(name, value.ndim), value) for name, value in draws.sample_stats.items()}
    ).assign_coords({dim: parameters[dim] for dim in SAMPLE_DIMS})
    return join_tree(
        data, em, parameters=parameters.assign_attrs(draws.attrs), provenance=provenance, groups={"sample_stats": stats}
    )


def join_tree(
    data: Data,
    em: EMFit,
    *,
    parameters: xr.Dataset,
    provenance: Provenance,
    groups: Mapping[str, xr.Dataset],
) -> xr.DataTree:
    """Match named draws to EM, derive correlations and covariances, and lay out the whole result.

    Parameters
    ----------
    data, em, provenance : Data, EMFit, Provenance
        As in `build_tree`.
    parameters : xarray.Dataset
        The free variables of the model with dims (chain, draw, ...); variables of other names are kept, and permuted
        where they have components.
    groups : mapping of str to xarray.Dataset
        Groups taken over as they are.

    Returns
    -------
    xarray.DataTree
    """
    K, D = em.mixture.n_components, data.n_features
    mixture = mixture_of(parameters, em.family, K, D)
    relabelling = match(mixture, em, is_exchangeable=provenance.is_exchangeable)
    verdict = judge_labels(mixture.permute(relabelling.permutation), relabelling)
    derived = with_coords(parameters.assign(_derived(mixture, em.family)), coordinates(data.feature_names, K))
    posterior = permute_components(derived, relabelling.permutation)
    attrs = {
        **provenance.attrs,
        "n_components": K,
        "covariance_type": em.family.name,
        "method": provenance.method,
        "priors": provenance.priors,
        "random_seed": provenance.random_seed,
        "versions": json.dumps(_versions()),
        "label_verdict": verdict.sentence,
        "is_identified": int(verdict.is_identified),
        "unclear_share": verdict.unclear_share,
    }
    own = {
        "posterior": posterior.assign_attrs(attrs),
        "relabelling": _name_relabelling(relabelling, parameters),
        "em": _name_em(em, data),
        **_name_data(data),
    }
    return xr.DataTree.from_dict({name: with_plain_attrs(group) for name, group in {**groups, **own}.items()})


def _derived(mixture: Mixture, family: CovarianceFamily, leading: tuple[str, ...] = SAMPLE_DIMS) -> dict[str, Any]:
    """Correlations and covariances, where they vary."""
    if family.is_diagonal:
        return {}
    dims = parameter_dims(family)
    derived = {"covariances": ((*leading, *dims["covariances"]), family.compact(mixture.covariances))}
    if not family.has_correlations(mixture.n_features):
        return derived
    return {"correlations": ((*leading, *dims["correlations"]), _own(mixture.correlations, family, 2)), **derived}


def _own(values: Array, family: CovarianceFamily, n_axes: int) -> Array:
    """Drop the component axis, `n_axes` from the end, where all components have the same."""
    return np.moveaxis(values, -n_axes, 0)[0] if family.is_shared else values


def _name_em(em: EMFit, data: Data) -> xr.Dataset:
    mixture, family = em.mixture, em.family
    dims = parameter_dims(family)
    values = {"weights": mixture.weights, "means": mixture.means, "sds": family.compact_sds(mixture.sds)}
    if family.has_correlations(data.n_features):
        values["partials"] = _own(partials_from_cholesky(mixture.scale_tril), family, 2)
    variables: dict[str, Any] = {name: (dims[name], value) for name, value in values.items()}
    variables |= _derived(mixture, family, leading=())
    variables.setdefault("covariances", ((COMPONENT, FEATURE, FEATURE_BIS), mixture.covariances))
    variables["counts"] = (COMPONENT, em.counts)
    variables |= {name: ((), getattr(em, name)) for name in ("log_likelihood", "n_iter", "bic", "aic")}
    variables["icl"] = ((), icl(em.mixture, data, family))
    variables["converged"] = ((), int(em.converged))
    attrs: dict[str, Any] = {"status": em.status.name, "n_optima": 1, "gap": np.inf}
    if em.starts is not None:
        variables["start_kind"] = (START, np.array(em.starts.kinds, dtype=str))
        variables["start_log_likelihood"] = (START, np.asarray(em.starts.log_likelihoods))
        attrs |= {"n_optima": em.starts.n_optima, "gap": em.starts.gap}
    coords = coordinates(data.feature_names, mixture.n_components)
    return with_coords(xr.Dataset(variables, attrs=attrs), coords)


def _name_data(data: Data) -> dict[str, xr.Dataset]:
    """Lay out the rows as observed, and as the model holds them; weights too, where there are any."""
    dims, names = (OBS, FEATURE), list(data.feature_names)
    coords = {OBS: data.obs_names, FEATURE: names}
    observed = xr.Dataset({"x": (dims, data.x.copy())}, coords, {"has_feature_names": int(data.has_feature_names)})
    constant = xr.Dataset({"x_data": (dims, data.x.copy())}, coords)
    if data.sample_weight is not None:
        constant["sample_weight"] = (OBS, data.sample_weight.copy())
    return {"observed_data": observed, "constant_data": constant}


def _name_relabelling(relabelling: Relabelling, parameters: xr.Dataset) -> xr.Dataset:
    variables = {
        "permutation": ((*SAMPLE_DIMS, COMPONENT), relabelling.permutation),
        "cost": (SAMPLE_DIMS, relabelling.cost),
        "is_clear": (SAMPLE_DIMS, relabelling.is_clear),
    }
    attrs = {"pivot": "em", "is_exchangeable": int(relabelling.is_exchangeable)}
    return xr.Dataset(variables, coords=choose_coords(parameters.coords, (*SAMPLE_DIMS, COMPONENT)), attrs=attrs)


def _sample_dims(name: str, n_axes: int) -> tuple[str, ...]:
    """(chain, draw) and what a statistic adds of its own; a number per chain has only that axis."""
    return SAMPLE_DIMS[:n_axes] + tuple(f"{name}_dim_{i}" for i in range(n_axes - 2))


def _versions() -> dict[str, str]:
    return {"bayesgmm": __version__} | {name: importlib.metadata.version(name) for name in LIBRARIES}
