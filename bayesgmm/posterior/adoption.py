"""Draws made elsewhere, by PyMC from `build_model` or by any sampler that keeps its names, become a `Posterior`.

EM is run on the rows as for a fit of our own; every draw is matched to it, whatever mode and order its chain was in.
"""

from typing import Any

import xarray as xr

from bayesgmm.covariance import FAMILIES, CovarianceFamily, as_family
from bayesgmm.data import as_data
from bayesgmm.em.fit import fit_em
from bayesgmm.errors import InvalidArgumentError
from bayesgmm.posterior.assembly import Provenance, join_tree
from bayesgmm.posterior.container import Posterior
from bayesgmm.posterior.layout import coordinates, parameter_dims, with_plain_attrs
from bayesgmm.schema import CHAIN, COMPONENT, DRAW, FEATURE, SAMPLE_DIMS

__all__ = ["family_of", "posterior_from_idata"]

DERIVED = ("correlations", "covariances")
OWN_GROUPS = {"posterior", "relabelling", "em", "observed_data", "constant_data"}


def posterior_from_idata(idata: xr.DataTree, X: Any, *, is_exchangeable: bool = True) -> Posterior:
    """Take draws of `build_model`'s free variables: run EM, match every draw to it, keep all other groups.

    Parameters
    ----------
    idata : xarray.DataTree
        With a group posterior: ``means``, ``sds`` and, where the model has them, ``weights`` and ``partials``.
    X : array-like of shape (N, D)
        The rows of the model.
    is_exchangeable : bool
        Whether the priors are the same for every component; True by default. Where not, no draw is permuted.

    Returns
    -------
    Posterior

    Raises
    ------
    InvalidArgumentError
        If a variable is missing or `X` has another number of features.
    """
    if "posterior" not in idata.children:
        raise InvalidArgumentError("idata", "have a group posterior", list(idata.children))
    given, data = idata["posterior"].to_dataset(), as_data(X)
    family = family_of(given)
    K, D = given.sizes[COMPONENT], given.sizes[FEATURE]
    if data.n_features != D:
        raise InvalidArgumentError("X", f"have {D} features as `idata` has", data.n_features)
    dims = {name: (*SAMPLE_DIMS, *own) for name, own in parameter_dims(family).items() if name in given}
    parameters = given.drop_vars([name for name in DERIVED if name in given])
    parameters = parameters.assign({n: parameters[n].transpose(*dims[n]) for n in dims if n not in DERIVED})
    named = {**coordinates(data.feature_names, K), CHAIN: given[CHAIN].values, DRAW: given[DRAW].values}
    parameters = parameters.assign_coords({name: value for name, value in named.items() if name in parameters.dims})
    provenance = Provenance(
        method=str(given.attrs.get("method", given.attrs.get("inference_library", "unknown"))),
        priors=str(given.attrs.get("priors", "{}")),
        random_seed=int(given.attrs.get("random_seed", -1)),
        is_exchangeable=is_exchangeable,
        attrs=with_plain_attrs(given).attrs,
    )
    groups = {name: node.to_dataset() for name, node in idata.children.items() if name not in OWN_GROUPS}
    em = fit_em(data, K, family, random_state=0)
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
