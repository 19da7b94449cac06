"""Answers about rows, against plain NumPy over all draws."""

import numpy as np
import pytest

from bayesgmm import density
from bayesgmm.covariance import FAMILIES
from bayesgmm.posterior import prediction
from bayesgmm.posterior.prediction import by_row_blocks, interval_bounds
from handmade import handmade_posterior

ROWS = [[2.0, 55.0], [4.3, 80.0], [3.1, 68.0], [9.0, 20.0]]


def plain_joint(posterior, x):
    """log w_k N(x_n | m_k, L_k L_k') of every draw, (S, N, K)."""
    flat = posterior.mixture.flatten()
    return density.log_joint(np.asarray(x), flat.log_weights, flat.means, flat.scale_tril)


@pytest.mark.parametrize("name", FAMILIES)
def test_membership_and_density_equal_their_formulas(name, faithful, rng):
    posterior = handmade_posterior(faithful, 2, name, rng=rng)
    joint = np.exp(plain_joint(posterior, ROWS)).mean(0)  # (N, K)
    assert np.allclose(posterior.predict_proba(ROWS), joint / joint.sum(1, keepdims=True), rtol=1e-10, atol=1e-14)
    assert np.allclose(posterior.score_samples(ROWS), np.log(joint.sum(1)), rtol=1e-12)
    assert np.array_equal(posterior.predict(ROWS), joint.argmax(1))
    assert posterior.score(ROWS) == pytest.approx(np.log(joint.sum(1)).mean())


def test_membership_of_a_new_row_is_no_mean_of_responsibilities_far_from_the_data(faithful, rng):
    posterior = handmade_posterior(faithful, 2, rng=rng)
    far = np.column_stack([np.linspace(-5, 15, 200), np.linspace(300, -200, 200)])
    assert np.abs(posterior.predict_proba(far) - posterior.responsibilities(far)["mean"].values).max() > 0.01


def test_density_band_equals_quantiles_of_the_draws(faithful, rng):
    posterior = handmade_posterior(faithful, 2, rng=rng)
    found = posterior.density(ROWS, ci_prob=0.5)
    draws = np.exp(plain_joint(posterior, ROWS)).sum(-1)  # (S, N)
    assert np.allclose(found["mean"], draws.mean(0), rtol=1e-10)
    assert np.allclose([found["lower"], found["upper"]], np.quantile(draws, [0.25, 0.75], axis=0), rtol=1e-10)
    assert found.attrs["ci_prob"] == 0.5


def test_log_likelihood_of_every_row_equals_the_plain_density(faithful, rng):
    """Old Faithful has repeated rows: collapsed or not, each row has its own value."""
    posterior = handmade_posterior(faithful, 2, rng=rng).with_log_likelihood()
    found = posterior.group("log_likelihood")["x"]
    assert found.dims == ("chain", "draw", "obs")
    expected = density.log_sum_exp(plain_joint(posterior, faithful.to_numpy()))
    assert np.allclose(found.values.reshape(expected.shape), expected, rtol=1e-10)


def test_rows_keep_their_names(faithful, rng):
    posterior = handmade_posterior(faithful, 2, rng=rng)
    few = faithful.iloc[[5, 9]]
    assert posterior.density(few)["obs"].values.tolist() == [5, 9]
    assert posterior.responsibilities(few)["obs"].values.tolist() == [5, 9]


def test_samples_follow_the_posterior_predictive(faithful, rng):
    posterior = handmade_posterior(faithful, 2, rng=rng)
    X, labels = posterior.sample(20_000, random_state=1)
    again, _ = posterior.sample(20_000, random_state=1)
    assert np.array_equal(X, again)
    weight = posterior.mixture.weights[..., 1].mean()
    assert abs(labels.mean() - weight) < 4 * np.sqrt(weight * (1 - weight) / 20_000)
    mean, error = posterior.mixture.mean().mean((0, 1)), X.std(0) / np.sqrt(20_000)
    assert (np.abs(X.mean(0) - mean) < 4 * error).all()


@pytest.mark.parametrize("n_per_row", [1, 10, 10**9])
def test_blocks_of_any_size_give_the_same(n_per_row, rng):
    x = rng.standard_normal((25, 2))
    assert np.array_equal(by_row_blocks(lambda block: block**2, x, n_per_row), x**2)


def test_blocks_bound_what_is_held_at_once(monkeypatch, faithful, rng):
    """With room for 3000 numbers and 200 draws, no more than 15 rows are passed at a time."""
    posterior = handmade_posterior(faithful, 2, rng=rng)
    whole = posterior.density(faithful)
    monkeypatch.setattr(prediction, "BLOCK", 3000)
    seen = []
    by_row_blocks(lambda block: seen.append(len(block)) or block, faithful.to_numpy(), 200)
    assert max(seen) == 15 and sum(seen) == 272
    assert posterior.density(faithful).identical(whole)


WRONG_MASS = {"zero": 0.0, "one": 1.0, "percent": 94}


@pytest.mark.parametrize("ci_prob", WRONG_MASS.values(), ids=WRONG_MASS)
def test_wrong_mass_is_one_clear_error(ci_prob, faithful, rng):
    posterior = handmade_posterior(faithful, 1, rng=rng)
    for ask in (interval_bounds, lambda p: posterior.responsibilities(ci_prob=p), lambda p: posterior.summary(p)):
        with pytest.raises(ValueError, match="`ci_prob` must lie strictly between 0 and 1"):
            ask(ci_prob)


def test_rows_of_another_width_are_one_clear_error(faithful, rng):
    posterior = handmade_posterior(faithful, 1, rng=rng)
    for ask in (posterior.predict, posterior.score_samples, posterior.density, posterior.responsibilities):
        with pytest.raises(ValueError, match="`X` must have 2 features"):
            ask([[1.0, 2.0, 3.0]])
        with pytest.raises(ValueError, match="feature names"):
            ask(faithful[["waiting", "eruptions"]])


def test_names_are_not_compared_where_the_fit_had_none(faithful, rng):
    posterior = handmade_posterior(faithful.to_numpy(), 2, rng=rng)
    assert np.array_equal(posterior.predict(faithful), posterior.predict(faithful.to_numpy()))
