"""Posteriors made by hand: draws scattered about the EM solution, for tests that need no sampler."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bayesgmm.covariance import as_family, partials_from_cholesky
from bayesgmm.data import as_data
from bayesgmm.em.fit import fit_em
from bayesgmm.model.priors import Priors
from bayesgmm.posterior.assembly import Provenance, build_tree
from bayesgmm.posterior.container import Posterior

CHAINS, DRAWS = 4, 50


@dataclass(frozen=True, eq=False)
class Draws:
    values: dict[str, Any]
    sample_stats: dict[str, Any] = field(default_factory=dict)
    attrs: dict[str, Any] = field(default_factory=dict)
    histories: dict[str, Any] = field(default_factory=dict)


def scattered_values(mixture, family, rng, *, shape=(CHAINS, DRAWS), scatter=0.03):
    """Draws about a mixture in the order of the model, in the family's compact layout."""
    K, D = mixture.n_components, mixture.n_features

    def near(value):
        return value + scatter * rng.standard_normal((*shape, *value.shape))

    weights = np.exp(near(mixture.log_weights))
    values = {
        "weights": weights / weights.sum(-1, keepdims=True),
        "means": mixture.means + mixture.sds * near(np.zeros((K, D))),
        "sds": np.exp(near(np.log(family.compact_sds(mixture.sds)))),
    }
    if K == 1:
        del values["weights"]
    if family.has_correlations(D):
        partials = partials_from_cholesky(mixture.scale_tril)
        values["partials"] = np.tanh(near(np.arctanh(partials[0] if family.is_shared else partials)))
    return values


def shuffle_values(values, family, rng):
    """Draws with their components in a random order each, and the orders."""
    C, S, K = values["means"].shape[:3]
    order = rng.permuted(np.broadcast_to(np.arange(K), (C, S, K)), axis=-1)
    shared = {"sds", "partials"} if family.is_shared else set()
    return {
        name: value
        if name in shared
        else np.take_along_axis(value, order.reshape(C, S, K, *[1] * (value.ndim - 3)), axis=2)
        for name, value in values.items()
    }, order


def handmade_posterior(X, n_components, covariance_type="full", *, rng, values=None, sample_weight=None, **provenance):
    """A `Posterior` from draws scattered about EM's solution, or from the values given."""
    data, family = as_data(X, sample_weight=sample_weight), as_family(covariance_type)
    em = fit_em(data, n_components, family, random_state=1)
    values = scattered_values(em.mixture, family, rng) if values is None else values
    shape = values["means"].shape[:2]
    stats = {
        "diverging": np.zeros(shape, bool),
        "logp": rng.standard_normal(shape),
        "energy": rng.standard_normal(shape),
    }
    priors = Priors().resolve(data, n_components, family)
    origin = {"method": "nuts", "priors": priors.to_json(), "random_seed": 1, "is_exchangeable": True} | provenance
    draws = Draws(values, stats, {"inference_library": "handmade"})
    return Posterior(build_tree(data, em, draws=draws, provenance=Provenance(**origin)))
