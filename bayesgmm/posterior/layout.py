"""Names and shapes of a posterior's variables: how arrays of draws become a Dataset, and a Dataset a `Mixture`.

The free variables of the model are weights (absent for K = 1), means, sds and partials, the last two in the covariance
family's compact layout; with R the Cholesky factor of the partial correlations, L_k = diag(sds_k) R_k.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from bayesgmm.covariance import CovarianceFamily, correlation_cholesky
from bayesgmm.errors import InvalidArgumentError
from bayesgmm.mixture import Mixture
from bayesgmm.schema import CHAIN, COMPONENT, DRAW, FEATURE, FEATURE_BIS, PAIR, SAMPLE_DIMS, pair_names

__all__ = [
    "choose_coords",
    "compact_pairs",
    "coordinates",
    "derive_variables",
    "feature_positions",
    "given_names",
    "missing_parameters",
    "mixture_of",
    "name_parameters",
    "parameter_dims",
    "with_coords",
    "with_plain_attrs",
]

Array = NDArray[np.float64]


def parameter_dims(family: CovarianceFamily) -> dict[str, tuple[str, ...]]:
    """Give the dims of every parameter, chain and draw left out.

    Parameters
    ----------
    family : CovarianceFamily

    Returns
    -------
    dict of str to tuple of str
        In the order of the posterior; which of them a posterior has depends on K, D and the family.

    Examples
    --------
    >>> from bayesgmm.covariance import as_family
    >>> from bayesgmm.posterior.layout import parameter_dims
    >>> parameter_dims(as_family("tied"))["sds"], parameter_dims(as_family("spherical"))["sds"]
    (('feature',), ('component',))
    """
    sizes = {2: COMPONENT, 3: FEATURE}  # lay out two components with three features and see which axes are left
    own = () if family.is_shared else (COMPONENT,)
    return {
        "weights": (COMPONENT,),
        "means": (COMPONENT, FEATURE),
        "sds": tuple(sizes[n] for n in family.compact_sds(np.empty((2, 3))).shape),
        "partials": (*own, PAIR),
        "correlations": (*own, PAIR),
        "covariances": (*own, FEATURE, FEATURE_BIS),
    }


def feature_positions(
    features: int | str | Sequence[int | str] | None, names: Sequence[str], default: int
) -> list[int]:
    """Turn feature names or positions into positions.

    Parameters
    ----------
    features : int, str, sequence of these, or None
        None: the first ones.
    names : sequence of str
        The D feature names.
    default : int
        How many features None means.

    Returns
    -------
    list of int

    Raises
    ------
    InvalidArgumentError
        If a feature is not known or stands twice.

    Examples
    --------
    >>> from bayesgmm.posterior.layout import feature_positions
    >>> feature_positions(["c", 0], ["a", "b", "c"], 2), feature_positions(None, ["a", "b", "c"], 2)
    ([2, 0], [0, 1])
    """
    if features is None:
        return list(range(min(default, len(names))))
    is_one = isinstance(features, str) or not isinstance(features, Iterable)
    asked: list[Any] = [features] if is_one else list(features)  # type: ignore[arg-type]
    known: dict[Any, int] = {name: j for j, name in enumerate(names)} | {j: j for j in range(len(names))}
    odd = [feature for feature in asked if isinstance(feature, bool | list) or feature not in known]
    if odd:
        choice = ", ".join(map(repr, names[:20]))
        raise InvalidArgumentError("features", f"be names or positions among {choice}", repr(odd[0]))
    positions = [known[feature] for feature in asked]
    if len(set(positions)) < len(positions) or not positions:
        raise InvalidArgumentError("features", "name at least one feature, each once", features)
    return positions


def coordinates(feature_names: tuple[str, ...], n_components: int) -> dict[str, Any]:
    """Give the coordinates of everything but draws and rows.

    Parameters
    ----------
    feature_names : tuple of str
        The D feature names.
    n_components : int
        K.

    Returns
    -------
    dict of str to sequence

    Examples
    --------
    >>> from bayesgmm.posterior.layout import coordinates
    >>> coordinates(("a", "b"), 2)["pair"]
    ['b:a']
    """
    names = list(feature_names)
    return {
        COMPONENT: np.arange(n_components),
        FEATURE: names,
        FEATURE_BIS: names,
        PAIR: pair_names(names),
    }


def name_parameters(values: Mapping[str, Array], family: CovarianceFamily, coords: Mapping[str, Any]) -> xr.Dataset:
    """Give arrays of draws their dims and coordinates.

    Parameters
    ----------
    values : mapping of str to array of shape (C, S, ...)
        Parameters in the family's compact layout.
    family : CovarianceFamily
    coords : mapping of str to sequence
        As `coordinates` gives them.

    Returns
    -------
    xarray.Dataset

    Examples
    --------
    >>> import numpy as np
    >>> from bayesgmm.covariance import as_family
    >>> from bayesgmm.posterior.layout import coordinates, name_parameters
    >>> draws = {"means": np.zeros((4, 10, 2, 1)), "sds": np.ones((4, 10, 2))}
    >>> dict(name_parameters(draws, as_family("spherical"), coordinates(("x0",), 2)).sizes)
    {'chain': 4, 'draw': 10, 'component': 2, 'feature': 1}
    """
    dims = parameter_dims(family)
    C, S = next(iter(values.values())).shape[:2]
    variables = {name: ((*SAMPLE_DIMS, *dims[name]), value) for name, value in values.items()}
    return with_coords(xr.Dataset(variables), {CHAIN: np.arange(C), DRAW: np.arange(S), **coords})


def given_names(observed: xr.Dataset) -> tuple[str, ...] | None:
    """Give the features' names where they came with the rows, and were not counted.

    Parameters
    ----------
    observed : xarray.Dataset
        The group observed_data.

    Returns
    -------
    tuple of str or None
        None where any names of new rows will do.

    Examples
    --------
    >>> from bayesgmm.posterior.layout import given_names
    >>> given_names(fit.posterior_.group("observed_data"))
    ('eruptions', 'waiting')
    """
    return tuple(map(str, observed[FEATURE].values)) if observed.attrs.get("has_feature_names", 1) else None


def missing_parameters(parameters: xr.Dataset, family: CovarianceFamily, n_components: int) -> list[str]:
    """Name the variables that draws of a family lack, or have with other dims.

    Parameters
    ----------
    parameters : xarray.Dataset
        With dims (chain, draw, ...).
    family : CovarianceFamily
    n_components : int
        K; one component has no weights.

    Returns
    -------
    list of str
        Each with its dims after (chain, draw); empty where nothing is missing.

    Examples
    --------
    >>> from bayesgmm.posterior.layout import missing_parameters
    >>> draws = fit.posterior_.group("posterior")
    >>> missing_parameters(draws.drop_vars("sds"), fit.posterior_.family, 2)
    ['sds (component, feature)']
    """
    needed = {"weights": n_components > 1, "partials": family.has_correlations(parameters.sizes.get(FEATURE, 1))}
    dims = {n: own for n, own in parameter_dims(family).items() if needed.get(n, n in ("means", "sds"))}
    held = {name: set(parameters[name].dims) for name in dims if name in parameters}
    return [f"{n} ({', '.join(own)})" for n, own in dims.items() if held.get(n) != {*SAMPLE_DIMS, *own}]


def mixture_of(parameters: xr.Dataset, family: CovarianceFamily, n_components: int, n_features: int) -> Mixture:
    """Read the mixture that named parameters describe.

    Parameters
    ----------
    parameters : xarray.Dataset
        ``means``, ``sds`` and, where they vary, ``weights`` and ``partials``, with or without (chain, draw).
    family : CovarianceFamily
    n_components, n_features : int
        K and D.

    Returns
    -------
    Mixture
        With leading axes (C, S) where there are draws.

    Examples
    --------
    >>> from bayesgmm.posterior.layout import mixture_of
    >>> posterior = fit.posterior_
    >>> mixture_of(posterior.idata["em"].dataset, posterior.family, 2, 2).batch_shape
    ()
    """
    K, D = n_components, n_features
    means = parameters["means"].values
    weights = parameters["weights"].values if "weights" in parameters else np.ones((*means.shape[:-2], K))
    sds = family.expand_sds(parameters["sds"].values, K, D)
    directions = np.eye(D)
    if family.has_correlations(D):
        directions = correlation_cholesky(parameters["partials"].values, D)
        directions = directions[..., None, :, :] if family.is_shared else directions
    return Mixture(weights, means, sds[..., None] * directions)


def derive_variables(
    mixture: Mixture, family: CovarianceFamily, leading: tuple[str, ...] = SAMPLE_DIMS
) -> dict[str, tuple[tuple[str, ...], Array]]:
    """Give correlations and covariances with their dims, where they vary.

    Parameters
    ----------
    mixture : Mixture
    family : CovarianceFamily
    leading : tuple of str
        The dims of its batch axes.

    Returns
    -------
    dict of str to (dims, array)
        Neither for a diagonal family, whose covariances hold constants; no correlations for one feature.

    Examples
    --------
    >>> from bayesgmm.posterior.layout import derive_variables
    >>> posterior = fit.posterior_
    >>> {name: dims for name, (dims, _) in derive_variables(posterior.em, posterior.family, ()).items()}
    {'correlations': ('component', 'pair'), 'covariances': ('component', 'feature', 'feature_bis')}
    """
    if family.is_diagonal:
        return {}
    dims = parameter_dims(family)
    derived = {"covariances": ((*leading, *dims["covariances"]), family.compact(mixture.covariances))}
    if not family.has_correlations(mixture.n_features):
        return derived
    return {"correlations": ((*leading, *dims["correlations"]), compact_pairs(mixture.correlations, family)), **derived}


def compact_pairs(values: Array, family: CovarianceFamily) -> Array:
    """Lay partials or correlations (..., K, P) out as the posterior does.

    Parameters
    ----------
    values : array of shape (..., K, P)
    family : CovarianceFamily

    Returns
    -------
    array of shape (..., K, P), or (..., P) where all components have the same

    Examples
    --------
    >>> import numpy as np
    >>> from bayesgmm.covariance import as_family
    >>> from bayesgmm.posterior.layout import compact_pairs
    >>> compact_pairs(np.full((2, 1), 0.5), as_family("tied"))
    array([0.5])
    """
    return values[..., 0, :] if family.is_shared else values


def with_plain_attrs(dataset: xr.Dataset) -> xr.Dataset:
    """Keep the attributes that are numbers or text, which is what netCDF holds.

    Parameters
    ----------
    dataset : xarray.Dataset

    Returns
    -------
    xarray.Dataset

    Examples
    --------
    >>> import xarray as xr
    >>> from bayesgmm.posterior.layout import with_plain_attrs
    >>> with_plain_attrs(xr.Dataset(attrs={"a": 1, "b": None, "c": True})).attrs
    {'a': 1}
    """
    plain = dataset.copy()
    plain.attrs = {
        name: value
        for name, value in dataset.attrs.items()
        if isinstance(value, int | float | str | np.number) and not isinstance(value, bool | np.bool_)
    }
    return plain


def with_coords(dataset: xr.Dataset, coords: Mapping[str, Any]) -> xr.Dataset:
    """Assign the coordinates whose dims a Dataset has.

    Parameters
    ----------
    dataset : xarray.Dataset
    coords : mapping of str to sequence

    Returns
    -------
    xarray.Dataset

    Examples
    --------
    >>> import xarray as xr
    >>> from bayesgmm.posterior.layout import with_coords
    >>> list(with_coords(xr.Dataset({"weights": ("component", [1.0])}), {"component": [0], "pair": ["b:a"]}).coords)
    ['component']
    """
    return dataset.assign_coords(choose_coords(coords, dataset.dims))


def choose_coords(coords: Mapping[Any, Any], dims: Any) -> dict[str, Any]:
    """Give the coordinates of some dims.

    Parameters
    ----------
    coords : mapping of str to sequence
    dims : container of str

    Returns
    -------
    dict of str to sequence

    Examples
    --------
    >>> from bayesgmm.posterior.layout import choose_coords
    >>> choose_coords({"component": [0, 1], "pair": ["b:a"]}, ("component",))
    {'component': [0, 1]}
    """
    return {name: value for name, value in coords.items() if name in dims}
