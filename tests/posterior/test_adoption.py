"""The user's own road: take the model, change it, sample it, hand the draws back."""

import numpy as np
import pymc as pm
import pytest
import xarray as xr

import bayesgmm as bg
from handmade import handmade_posterior


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 1, 0], [1, 2, 0]])
def test_em_takes_the_order_of_draws_that_must_not_be_permuted(order, rng):
    """Whatever order the user's own terms put the components in, they are told apart, and EM stands beside its own."""
    x, _ = bg.Mixture.from_sds([0.3, 0.3, 0.4], [[0, 0], [9, 0], [0, 9]], np.ones((3, 2))).sample(300, 1)
    held = handmade_posterior(x, 3, rng=rng)
    draws = held.group("posterior").isel(component=order).assign_coords(component=range(3))
    tree = xr.DataTree.from_dict({"posterior": draws.drop_attrs()})
    found = bg.Posterior.from_idata(tree, x, is_exchangeable=False)
    assert found.is_identified
    np.testing.assert_array_equal(found.mixture.means, held.mixture.means[..., order, :])
    np.testing.assert_allclose(found.em.means, held.em.means[order], rtol=1e-6)
    np.testing.assert_array_equal(found.group("relabelling")["permutation"].values[0, 0], range(3))


@pytest.mark.slow
def test_a_changed_model_comes_back_as_a_posterior(faithful):
    """A term of the user's own, on the distance of the means in `waiting`, moves them there and nothing else breaks."""
    with bg.build_model(faithful, 2) as model:
        distance = pm.Deterministic("distance", model["means"][1, 1] - model["means"][0, 1])
        pm.Potential("known", pm.logp(pm.Normal.dist(25.0, 0.1), distance))
        idata = pm.sample(1000, tune=1000, chains=4, random_seed=1, progressbar=False, nuts_sampler="nutpie")
    found = bg.Posterior.from_idata(idata, faithful, is_exchangeable=False)
    means = found.mixture.means
    assert found.is_identified
    np.testing.assert_allclose((means[..., 1, 1] - means[..., 0, 1]).mean(), 25.0, atol=0.1)
    np.testing.assert_allclose(found.group("posterior")["distance"], means[..., 1, 1] - means[..., 0, 1])
    assert found.summary()["r_hat"].max() < 1.02
    assert found.predict_proba(faithful).shape == (272, 2)
