"""Properties that every family and every method must have."""

import json

import numpy as np

from bayesgmm.covariance import as_family
from bayesgmm.schema import CHAIN, COMPONENT, DRAW, FEATURE, FEATURE_BIS, ITERATION, OBS, PAIR, pair_names

POSTERIOR_ATTRS = {
    "n_components": int,
    "covariance_type": str,
    "method": str,
    "priors": str,
    "random_seed": int,
    "versions": str,
    "label_verdict": str,
    "is_identified": int,
    "unclear_share": float,
}


def expected_dims(family, n_components, n_features):
    """The posterior's variables and their dims after (chain, draw), written out family by family."""
    own = () if family.name == "tied" else (COMPONENT,)
    sds = {"full": (COMPONENT, FEATURE), "tied": (FEATURE,), "diag": (COMPONENT, FEATURE), "spherical": (COMPONENT,)}
    dims = {"means": (COMPONENT, FEATURE), "sds": sds[family.name]}
    if n_components > 1:
        dims["weights"] = (COMPONENT,)
    if family.name in ("full", "tied"):
        dims["covariances"] = (*own, FEATURE, FEATURE_BIS)
        if n_features > 1:
            dims |= {"partials": (*own, PAIR), "correlations": (*own, PAIR)}
    return dims


def check_schema(idata, covariance_type, n_components, n_features):
    """The DataTree of a fit has the groups, variables, dims, coordinates and attributes of the schema."""
    K, D = n_components, n_features
    groups = {"posterior", "sample_stats", "relabelling", "em", "observed_data", "constant_data"}
    assert groups <= set(idata.children)
    posterior, em = idata["posterior"].dataset, idata["em"].dataset
    shape = posterior.sizes[CHAIN], posterior.sizes[DRAW]
    dims = expected_dims(as_family(covariance_type), K, D)
    assert {name: value.dims for name, value in posterior.items()} == {n: (CHAIN, DRAW, *d) for n, d in dims.items()}
    sizes = {COMPONENT: K, FEATURE: D, FEATURE_BIS: D, PAIR: D * (D - 1) // 2}
    for name, value in posterior.items():
        assert value.shape == (*shape, *(sizes[dim] for dim in dims[name]))
        assert value.dtype == np.float64 and np.isfinite(value).all()
        assert (value.std((CHAIN, DRAW)) > 0).all(), f"{name} is constant"
    features = idata["observed_data"][FEATURE].values.tolist()
    assert posterior[FEATURE].values.tolist() == features
    assert posterior[COMPONENT].values.tolist() == em[COMPONENT].values.tolist()
    if PAIR in posterior.dims:
        assert posterior[PAIR].values.tolist() == pair_names(features)
    check_groups_beside(idata, shape, K, D)
    assert {name: em[name].dims for name in dims} == dims
    check_attrs(idata)


def check_groups_beside(idata, shape, n_components, n_features):
    relabelling, observed = idata["relabelling"].dataset, idata["observed_data"].dataset
    assert relabelling["permutation"].dims == (CHAIN, DRAW, COMPONENT)
    assert relabelling["permutation"].shape == (*shape, n_components)
    assert {relabelling[name].dims for name in ("cost", "is_clear")} == {(CHAIN, DRAW)}
    assert observed["x"].dims == (OBS, FEATURE) and observed["x"].shape[1] == n_features
    assert all(value.dims[0] in (CHAIN, ITERATION) for value in idata["sample_stats"].dataset.values())
    scalars = ("log_likelihood", "n_iter", "converged", "bic", "aic", "icl")
    assert all(idata["em"][name].ndim == 0 for name in scalars)


def check_attrs(idata):
    attrs = idata["posterior"].attrs
    for name, kind in POSTERIOR_ATTRS.items():
        assert isinstance(attrs[name], kind), name
    json.loads(attrs["priors"]), json.loads(attrs["versions"])
    assert idata["relabelling"].attrs["pivot"] == "em"
    for node in idata.subtree:
        for name, value in node.attrs.items():
            is_plain = isinstance(value, int | float | str | np.number) and not isinstance(value, bool | np.bool_)
            assert is_plain, f"{node.path}: {name}"
