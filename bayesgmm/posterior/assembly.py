"""The DataTree of a fit: draws named, matched to EM, laid beside EM and the data.

Draws arrive in the order of the model as weights (absent for K = 1), means, sds and partials in the family's compact
layout; correlations R R' and covariances diag(sds) R R' diag(sds) are derived from them, R the Cholesky factor of the
partial correlations. Every variable is permuted by the one permutation of its draw. A partial correlation that rounding
made one is moved just inside, and its component is said to be degenerate.
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
from bayesgmm.data import Data
from bayesgmm.em.fit import EMFit
from bayesgmm.posterior.diagnostics import judge_correlations, judge_labels
from bayesgmm.posterior.layout import (
    choose_coords,
    coordinates,
    derive_variables,
    mixture_of,
    name_parameters,
    with_coords,
    with_plain_attrs,
)
from bayesgmm.posterior.pivot import name_em
from bayesgmm.posterior.relabel import Relabelling, match, permute_components
from bayesgmm.schema import COMPONENT, FEATURE, ITERATION, OBS, PAIR, SAMPLE_DIMS

__all__ = [
    "DrawsLike",
    "Provenance",
    "build_tree",
    "join_tree",
]

Array = NDArray[np.float64]

LARGEST_PARTIAL = float(np.nextafter(1.0, 0.0))  # a correlation of one has no covariance that can be inverted
PRIOR_GROUPS = {"prior", "prior_predictive"}
LIBRARIES = ("numpy", "numba", "pymc", "nutpie", "arviz")  # whose versions a result carries


class DrawsLike(Protocol):
    """What a method returns: draws in the order of the model; C chains, S draws.

    Attributes
    ----------
    values : mapping of str to array of shape (C, S, ...)
        The parameters in the family's compact layout.
    sample_stats : mapping of str to array of shape (C, S)
        The sampler's own record.
    attrs : mapping of str to number or text
        What the posterior's attrs should say of the sampler.
    histories : mapping of str to array of shape (T,)
        What a search records at each of its steps.
    """

    @property
    def values(self) -> Mapping[str, Array]:
        """Weights (absent for K = 1), means, sds and, where the family has them, partials."""

    @property
    def sample_stats(self) -> Mapping[str, NDArray[Any]]:
        """The sampler's own record."""

    @property
    def attrs(self) -> Mapping[str, Any]:
        """The sampler's name and version, its time, its settings."""

    @property
    def histories(self) -> Mapping[str, Array]:
        """What a search records at each of its steps, such as the ELBO."""


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
    stats = stats.assign({name: (ITERATION, value) for name, value in draws.histories.items()})
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
        Groups taken over; what has components and the same draws is permuted with the posterior.

    Returns
    -------
    xarray.DataTree
    """
    K, D = em.mixture.n_components, data.n_features
    parameters = _inside(parameters)
    mixture = mixture_of(parameters, em.family, K, D)
    relabelling = match(mixture, em, is_exchangeable=provenance.is_exchangeable)
    verdict = judge_labels(mixture.permute(relabelling.permutation), relabelling)
    derived = with_coords(parameters.assign(derive_variables(mixture, em.family)), coordinates(data.feature_names, K))
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
        "degenerate": _judge_correlations(posterior),
        "is_identified": int(verdict.is_identified),
        "unclear_share": verdict.unclear_share,
    }
    own = {
        "posterior": posterior.assign_attrs(attrs),
        "relabelling": _name_relabelling(relabelling, parameters),
        "em": name_em(em, data),
        **_name_data(data),
    }
    others = {name: _permuted_alike(name, group, posterior, relabelling) for name, group in groups.items()}
    return xr.DataTree.from_dict({name: with_plain_attrs(group) for name, group in {**others, **own}.items()})


def _inside(parameters: xr.Dataset) -> xr.Dataset:
    """Move partial correlations of one, which have no covariance, to the last number below it."""
    if "partials" not in parameters:
        return parameters
    return parameters.assign(partials=parameters["partials"].clip(-LARGEST_PARTIAL, LARGEST_PARTIAL))


def _judge_correlations(posterior: xr.Dataset) -> str:
    """Name the components of which draws lie at a correlation of one; empty where none does."""
    if "partials" not in posterior:
        return ""
    is_one = (abs(posterior["partials"]) >= LARGEST_PARTIAL).any(PAIR)
    shares = is_one.mean(SAMPLE_DIMS).values
    names = [f"component {k}" for k in range(shares.size)] if shares.ndim else ["every component"]
    return judge_correlations(dict(zip(names, shares.ravel().tolist(), strict=True)))


def _permuted_alike(name: str, group: xr.Dataset, posterior: xr.Dataset, relabelling: Relabelling) -> xr.Dataset:
    """Permute a group whose draws are the posterior's; those of the prior are others, even if equal in number."""
    dims = (*SAMPLE_DIMS, COMPONENT)
    has_sizes = all(group.sizes.get(dim) == posterior.sizes[dim] for dim in dims)
    has_draws = has_sizes and all(np.array_equal(group[dim], posterior[dim]) for dim in SAMPLE_DIMS)
    return permute_components(group, relabelling.permutation) if has_draws and name not in PRIOR_GROUPS else group


def _name_data(data: Data) -> dict[str, xr.Dataset]:
    """Lay out the rows as observed, and as the model holds them; weights too, where there are any."""
    coords = {OBS: data.obs_names, FEATURE: list(data.feature_names)}
    rows = (OBS, FEATURE), data.x.copy()  # one copy serves both groups
    observed = xr.Dataset({"x": rows}, coords, {"has_feature_names": int(data.has_feature_names)})
    constant = xr.Dataset({"x_data": rows}, coords)
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
