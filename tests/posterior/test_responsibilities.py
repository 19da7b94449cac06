"""Memberships: moments and quantiles over the draws, and the split of their entropy."""

import numpy as np
import pytest
from scipy.special import entr

from bayesgmm import density
from bayesgmm.covariance import FAMILIES
from bayesgmm.data import as_data
from bayesgmm.em.fit import fit_em
from handmade import handmade_posterior, scattered_values


def plain_shares(posterior, x):
    flat = posterior.mixture.flatten()
    return density.responsibilities(x, flat.log_weights, flat.means, flat.scale_tril)  # (S, N, K)


@pytest.mark.parametrize("name", FAMILIES)
def test_every_variable_equals_its_formula(name, faithful, rng):
    posterior = handmade_posterior(faithful, 2, name, rng=rng)
    found, shares = posterior.responsibilities(ci_prob=0.8), plain_shares(posterior, faithful.to_numpy())
    assert np.allclose(found["mean"], shares.mean(0), atol=1e-10)
    assert np.allclose(found["sd"], shares.std(0), rtol=1e-9, atol=1e-14)
    assert np.allclose([found["lower"], found["upper"]], np.quantile(shares, [0.1, 0.9], axis=0), atol=1e-10)
    assert np.allclose(found["overlap"], entr(shares).sum(-1).mean(0), atol=1e-10)
    assert np.allclose(found["entropy"], entr(shares.mean(0)).sum(-1), atol=1e-10)


def test_entropy_is_overlap_plus_parameter_uncertainty(faithful, rng):
    found = handmade_posterior(faithful, 3, rng=rng).responsibilities()
    assert np.array_equal(found["entropy"], found["overlap"] + found["parameter_uncertainty"])
    assert (found["parameter_uncertainty"] >= 0).all() and (found["overlap"] >= 0).all()
    assert (found["entropy"] <= np.log(3) + 1e-12).all()


def test_certain_parameters_leave_overlap_only(faithful, rng):
    em = fit_em(as_data(faithful), 2, random_state=1)
    values = scattered_values(em.mixture, em.family, rng, scatter=1e-9)
    found = handmade_posterior(faithful, 2, rng=rng, values=values).responsibilities()
    assert found["parameter_uncertainty"].max() < 1e-9
    assert found["overlap"].max() > 0.1
    assert np.allclose(found["mean"], em.mixture.responsibilities(faithful), atol=1e-6)


def test_small_uncertainty_is_told_to_all_digits(faithful, rng):
    em = fit_em(as_data(faithful), 2, random_state=1)
    values = scattered_values(em.mixture, em.family, rng, scatter=1e-9)
    posterior = handmade_posterior(faithful, 2, rng=rng, values=values)
    expected = plain_shares(posterior, faithful.to_numpy()).std(0)
    assert 1e-11 < expected.max() < 1e-8
    assert np.allclose(posterior.responsibilities()["sd"], expected, rtol=1e-4, atol=1e-14)


def test_shares_of_a_row_sum_to_one_and_bounds_hold(faithful, rng):
    found = handmade_posterior(faithful, 3, rng=rng).responsibilities()
    assert np.allclose(found["mean"].sum("component"), 1.0, rtol=1e-12)
    assert (found["lower"] <= found["upper"]).all()


def test_observed_rows_are_the_default(faithful, rng):
    posterior = handmade_posterior(faithful, 2, rng=rng).rename(["short", "long"])
    assert posterior.responsibilities().identical(posterior.responsibilities(faithful))
    assert posterior.responsibilities()["component"].values.tolist() == ["short", "long"]
