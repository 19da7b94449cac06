"""Draws made elsewhere, by PyMC from `build_model` or by any sampler that keeps its names, become a `Posterior`.

EM is run on the rows as for a fit of our own; every draw is matched to it, whatever mode and order its chain was in.
"""

import json
from typing import Any

import numpy as np
import xarray as xr
from scipy.optimize import linear_sum_assignment

from bayesgmm.covariance import FAMILIES, CovarianceFamily, as_family
from bayesgmm.data import Data, as_data
from bayesgmm.data.table import default_names
from bayesgmm.em.fit import EMFit, EMSettings, fit_em
from bayesgmm.errors import InvalidArgumentError
from bayesgmm.mixture import Mixture
from bayesgmm.posterior.assembly import Provenance, join_tree
from bayesgmm.posterior.container import Posterior
from bayesgmm.posterior.layout import coordinates, missing_parameters, mixture_of, parameter_dims, with_plain_attrs
from bayesgmm.posterior.relabel import assignment_costs
from bayesgmm.schema import CHAIN, COMPONENT, DRAW, FEATURE, SAMPLE_DIMS

__all__ = ["family_of", "posterior_from_idata"]

DERIVED = ("correlations", "covariances")
ROWS = (("observed_data", "x"), ("constant_data", "x_data"))
REMEDY = "Give the rows that `build_model` was given, in their order."
OWN_GROUPS = {"posterior", "relabelling", "em", "observed_data", "constant_data"}


def posterior_from_idata(idata: xr.DataTree, X: Any, *, is_exchangeable: bool | None = None) -> Posterior:
    """Take draws of `build_model`'s free variables: run EM, match every draw to it, keep all other groups.

    Parameters
    ----------
    idata : xarray.DataTree
        With a group posterior: ``means``, ``sds`` and, where the model has them, ``weights`` and ``partials``.
    X : array-like of shape (N, D)
        The rows of the model: names, number and values must be those that `idata` carries, where it does. Sample
        weights that it carries are kept.
    is_exchangeable : bool or None
        Whether the priors, and what else the user put in the model, are the same for every component; where not, no
        draw is permuted, and EM's components take the draws' order. None, the default: as `idata` records it, else
        True, as for the default priors. Recorded priors that differ between components are not overruled.

    Returns
    -------
    Posterior

    Raises
    ------
    InvalidArgumentError
        If a variable is missing, or `X` has other features or rows than `idata`.
    """
    if "posterior" not in idata.children:
        raise InvalidArgumentError("idata", "have a group posterior", list(idata.children))
    given, data = idata["posterior"].to_dataset(), as_data(X)
    family = family_of(given)
    K = given.sizes[COMPONENT]
    _check_variables(given, family)
    _check_features(given, data)
    _check_rows(idata, data)
    data = _with_recorded_weights(idata, data)
    dims = {name: (*SAMPLE_DIMS, *own) for name, own in parameter_dims(family).items() if name in given}
    parameters = given.drop_vars([name for name in DERIVED if name in given])
    parameters = parameters.assign({n: parameters[n].transpose(*dims[n]) for n in dims if n not in DERIVED})
    named = {**coordinates(data.feature_names, K), CHAIN: given[CHAIN].values, DRAW: given[DRAW].values}
    parameters = parameters.assign_coords({name: value for name, value in named.items() if name in parameters.dims})
    provenance = Provenance(
        method=str(given.attrs.get("method", given.attrs.get("inference_library", "unknown"))),
        priors=str(given.attrs.get("priors", "{}")),
        random_seed=int(given.attrs.get("random_seed", -1)),
        is_exchangeable=is_exchangeable is not False and _is_recorded_exchangeable(idata, family),
        attrs=with_plain_attrs(given).attrs,
    )
    groups = {name: node.to_dataset() for name, node in idata.children.items() if name not in OWN_GROUPS}
    em = fit_em(data, K, family, EMSettings.of_pivot(data), random_state=0)
    if not provenance.is_exchangeable:
        em = _in_order_of(mixture_of(parameters, family, K, data.n_features), em)
    return Posterior(join_tree(data, em, parameters=parameters, provenance=provenance, groups=groups))


def family_of(parameters: xr.Dataset) -> CovarianceFamily:
    """Read the covariance family off the dims of the parameters.

    Parameters
    ----------
    parameters : xarray.Dataset
        With ``means``, ``sds`` and, where there are correlations, ``partials``.

    Returns
    -------
    CovarianceFamily
        The first of full, tied, diag, spherical that fits: with one feature full and diag are the same model.

    Raises
    ------
    InvalidArgumentError
        If a variable is missing or no family has such dims.

    Examples
    --------
    >>> from bayesgmm.posterior.adoption import family_of
    >>> family_of(fit.idata["posterior"].to_dataset())
    Full()
    """
    if not {"means", "sds"} <= set(parameters.data_vars) or not {COMPONENT, FEATURE} <= set(parameters["means"].dims):
        constraint = "hold `means` (component, feature) and `sds`"
        remedy = "Sample from `build_model(X, ...)`."
        raise InvalidArgumentError("idata", constraint, list(parameters.data_vars), remedy)
    if "covariance_type" in parameters.attrs:
        return as_family(str(parameters.attrs["covariance_type"]))
    D = parameters.sizes[FEATURE]
    own = {name: set(parameters[name].dims) - set(SAMPLE_DIMS) for name in ("sds", "partials") if name in parameters}
    for family in FAMILIES.values():
        expected = ("sds", "partials") if family.has_correlations(D) else ("sds",)
        if own == {name: set(parameter_dims(family)[name]) for name in expected}:
            return family
    raise InvalidArgumentError("idata", "have the dims of one of the covariance families", f"{own}")


def _in_order_of(draws: Mixture, em: EMFit) -> EMFit:
    """Put EM's components in the places of the draws' own, where no draw may be permuted to EM's."""
    costs = em.counts[:, None] * np.median(assignment_costs(draws, em.mixture), axis=0)  # (EM's, the draws')
    return em.permute(linear_sum_assignment(costs.T)[1])


def _check_variables(given: xr.Dataset, family: CovarianceFamily) -> None:
    missing = missing_parameters(given, family, given.sizes[COMPONENT])
    if missing:
        remedy = "Sample from `build_model(X, ...)`."
        raise InvalidArgumentError("idata", f"have {', '.join(missing)}", list(given.data_vars), remedy)


def _check_features(given: xr.Dataset, data: Data) -> None:
    """Compare number and names of features; what has no names of its own fits any."""
    D = given.sizes[FEATURE]
    if data.n_features != D:
        raise InvalidArgumentError("X", f"have {D} features as `idata` has", data.n_features)
    names = tuple(str(name) for name in given[FEATURE].values)
    unnamed = default_names(D), tuple(map(str, range(D)))
    if data.has_feature_names and names not in unnamed and names != data.feature_names:
        raise InvalidArgumentError("X", f"have the features {list(names)} of `idata`", list(data.feature_names), REMEDY)


def _check_rows(idata: xr.DataTree, data: Data) -> None:
    """Compare the rows with those that came along, up to the rounding of the type they are stored in."""
    for group, name in ROWS:
        held = idata.children[group].dataset if group in idata.children else xr.Dataset()
        if name not in held:
            continue
        found, where = held[name].values, f"{group}[{name!r}] of `idata`"
        if found.shape != data.x.shape:
            raise InvalidArgumentError("X", f"have shape {found.shape} as {where}", f"shape {data.x.shape}", REMEDY)
        dtype = found.dtype if found.dtype.kind == "f" else np.float64
        differs = np.abs(found - data.x) > 8 * np.finfo(dtype).eps * np.abs(data.x).max(0)
        if differs.any():
            i, j = np.argwhere(differs)[0]
            shown = f"{data.x[i, j]!s} instead of {found[i, j]!s} in row {i}, column {data.feature_names[j]!r}"
            raise InvalidArgumentError("X", f"hold the rows of {where}", shown, REMEDY)


def _with_recorded_weights(idata: xr.DataTree, data: Data) -> Data:
    held = idata.children["constant_data"].dataset if "constant_data" in idata.children else xr.Dataset()
    if data.sample_weight is not None or "sample_weight" not in held:
        return data
    return as_data(data, sample_weight=held["sample_weight"].values)


def _is_recorded_exchangeable(idata: xr.DataTree, family: CovarianceFamily) -> bool:
    """Read whether the priors are the same for every component; yes where nothing is recorded.

    A recorded parameter has an axis for the components only where it differs between them.
    """
    if "relabelling" in idata.children:
        return bool(idata["relabelling"].attrs.get("is_exchangeable", True))
    priors = json.loads(str(idata["posterior"].attrs.get("priors", "{}")))
    dims = parameter_dims(family)
    fields: list[tuple[tuple[str, ...], list[Any]]] = [((COMPONENT,), [priors.get("concentration")])]
    named = {name: priors.get(name, {}) for name in ("means", "sds")}
    fields += [(dims[n], [v for key, v in prior.items() if key != "parameters"]) for n, prior in named.items()]
    return not any(COMPONENT in own and np.ndim(value) == len(own) for own, values in fields for value in values)
