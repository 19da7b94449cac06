"""Few draws: evenly spaced, all of them where there are no more."""

import numpy as np
import pytest

from bayesgmm.errors import InvalidArgumentError
from bayesgmm.mixture import Mixture
from bayesgmm.posterior.thinning import monte_carlo_error, spaced_draws, spaced_parameters


def numbered(*shape):
    """One component whose mean is the draw's number."""
    means = np.arange(np.prod(shape), dtype=float).reshape(*shape, 1, 1)
    return Mixture.from_sds(np.ones((*shape, 1)), means, np.ones((*shape, 1, 1)))


@pytest.mark.parametrize("n_draws", [1, 7, 100])
def test_draws_stand_at_equal_steps_from_the_first_to_the_last(n_draws):
    chosen = spaced_draws(numbered(4, 100), n_draws).means.ravel()
    assert len(chosen) == len(set(chosen)) == n_draws
    np.testing.assert_allclose(chosen, np.linspace(0, 399, n_draws), atol=0.5)


@pytest.mark.parametrize("shape", [(), (3,), (2, 3)])
def test_few_draws_are_all_taken(shape):
    np.testing.assert_array_equal(spaced_draws(numbered(*shape), 500).means.ravel(), np.arange(np.prod(shape)))


def test_parameters_are_those_of_the_draws():
    log_weights, means, factors = spaced_parameters(numbered(2, 50), 10)
    assert (log_weights.shape, means.shape, factors.shape) == ((10, 1), (10, 1, 1), (10, 1, 1, 1))


def test_monte_carlo_error_is_that_of_a_share(rng):
    shares = (rng.random((4000, 500)) < 0.055).mean(1)
    assert monte_carlo_error((0.055, 0.945), 500) == pytest.approx(shares.std(), rel=0.05)


def test_no_draws_are_refused():
    with pytest.raises(InvalidArgumentError, match="`n_draws` must be"):
        spaced_draws(numbered(4), 0)
