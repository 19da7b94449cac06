"""Answers about rows, against plain NumPy over all draws."""

import tracemalloc

import numpy as np
import pytest
import xarray as xr

from bayesgmm import density
from bayesgmm.covariance import FAMILIES
from bayesgmm.posterior import prediction
from bayesgmm.posterior.prediction import by_row_blocks, interval_bounds, most_draws
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
    squares, sums = by_row_blocks(lambda block: (block**2, block.sum(1)), x, n_per_row)
    assert np.array_equal(squares, x**2) and np.array_equal(sums, x.sum(1))


def test_blocks_bound_what_is_held_at_once(monkeypatch, faithful, rng):
    """With room for 3000 numbers and 200 draws, the threads pass no more than 15 rows between them at a time."""
    posterior = handmade_posterior(faithful, 2, rng=rng)
    whole = posterior.density(faithful)
    monkeypatch.setattr(prediction, "BLOCK", 3000)
    seen = []
    by_row_blocks(lambda block: seen.append(len(block)) or (block,), faithful.to_numpy(), 200)
    assert max(seen) == max(1, 15 // prediction.THREADS) and sum(seen[1:]) == 272
    assert posterior.density(faithful).identical(whole)


ANSWERS = {
    "predict": lambda posterior, X: posterior.predict(X),
    "predict_proba": lambda posterior, X: posterior.predict_proba(X),
    "score_samples": lambda posterior, X: posterior.score_samples(X),
    "density": lambda posterior, X: posterior.density(X),
    "responsibilities": lambda posterior, X: posterior.responsibilities(X),
}
each_answer = pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)


@each_answer
def test_answers_in_blocks_are_those_of_all_rows_to_the_last_bit(answer, monkeypatch, faithful, rng):
    posterior = handmade_posterior(faithful, 2, rng=rng)
    whole = answer(posterior, faithful)
    for block, threads in ((1, 1), (5000, 1), (5000, 3), (10**9, 3)):
        monkeypatch.setattr(prediction, "BLOCK", block)
        monkeypatch.setattr(prediction, "THREADS", threads)
        found = answer(posterior, faithful)
        assert found.identical(whole) if isinstance(found, xr.Dataset) else np.array_equal(found, whole)


@each_answer
def test_memory_beside_an_answer_does_not_grow_with_the_rows(answer, monkeypatch, faithful, rng):
    """Allocations are counted. A row adds its number, 8 bytes, or where labels are asked for two shares, 16 bytes."""
    posterior = handmade_posterior(faithful, 2, rng=rng)
    monkeypatch.setattr(prediction, "BLOCK", 2**16)
    monkeypatch.setattr(prediction, "THREADS", 1)  # what several hold at once depends on their timing
    extra = []
    for n_rows in (4000, 16_000):
        X = rng.choice(faithful.to_numpy(), n_rows)
        answer(posterior, X[:2])
        tracemalloc.start()
        result = answer(posterior, X)
        extra.append(tracemalloc.get_traced_memory()[1] - result.nbytes)
        tracemalloc.stop()
    assert (extra[1] - extra[0]) / (16_000 - 4000) < 20


def test_an_error_in_a_block_is_raised(rng):
    def refuse(block):
        if len(block) > 1:
            raise ValueError("a block")
        return (block,)

    with pytest.raises(ValueError, match="a block"):
        by_row_blocks(refuse, rng.standard_normal((25, 2)), 1)


REFUSED = {
    "log_likelihood": (
        lambda p: p.with_log_likelihood(),
        r"`posterior` must have at most 73 draws .* got 200 draws of",
    ),
    "replicates": (lambda p: p.with_posterior_predictive(1), r"at most 36 draws .*`posterior\.thin\(6\)`"),
    "prior": (lambda p: p.with_prior(37, 1), r"`n_draws` must be at most 36 for 272 rows; got 37"),
}


@pytest.mark.parametrize(("call", "match"), REFUSED.values(), ids=REFUSED)
def test_more_numbers_than_memory_should_hold_are_one_clear_error(call, match, monkeypatch, faithful, rng):
    """With room for 20 000 numbers, 272 rows of 2 features: 73 draws of a number per row, 36 of the rows themselves."""
    posterior = handmade_posterior(faithful, 2, rng=rng)
    monkeypatch.setattr(prediction, "MOST_NUMBERS", 20_000)
    with pytest.raises(ValueError, match=match):
        call(posterior)


def test_the_remedy_helps(monkeypatch, faithful, rng):
    """200 draws, of which 73 fit: every third is kept."""
    posterior = handmade_posterior(faithful, 2, rng=rng)
    whole = posterior.with_log_likelihood().group("log_likelihood")["x"]
    monkeypatch.setattr(prediction, "MOST_NUMBERS", 20_000)
    kept = posterior.thin(3).with_log_likelihood().group("log_likelihood")["x"]
    assert kept.identical(whole.isel(draw=slice(None, None, 3)))


def test_a_single_draw_is_never_refused(monkeypatch):
    monkeypatch.setattr(prediction, "MOST_NUMBERS", 10)
    assert most_draws(1000) == 1


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
