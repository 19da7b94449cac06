"""Spread over the draws: to the last bit NumPy's quantiles, whatever the values are like."""

import numpy as np
import pytest

from bayesgmm.kernel.quantiles import draw_spread

PROBABILITIES = (0.0, 0.055, 0.1, 0.5, 0.945, 0.999, 1.0)
COLUMNS = {
    "spread": lambda rng, shape: rng.beta(2, 2, shape),
    "near one": lambda rng, shape: 1 - np.exp(rng.normal(-12, 0.1, shape)),
    "tiny": lambda rng, shape: np.exp(rng.normal(-300, 100, shape)),
    "with zeros": lambda rng, shape: np.where(rng.random(shape) < 0.4, 0.0, rng.random(shape)),
    "few values": lambda rng, shape: rng.integers(3, size=shape) / 4,
    "equal": lambda rng, shape: np.full(shape, 0.3),
    "neighbours": lambda rng, shape: 1 - rng.integers(5, size=shape) * 2.0**-53,
    "both signs": lambda rng, shape: rng.normal(size=shape) * 10.0 ** rng.integers(-150, 150, size=shape),
    "both zeros": lambda rng, shape: rng.choice([-1.0, -0.0, 0.0, 1.0], shape),
    "with infinity": lambda rng, shape: np.where(rng.random(shape) < 0.01, np.inf, rng.random(shape)),
}


@pytest.mark.parametrize("make", COLUMNS.values(), ids=COLUMNS)
@pytest.mark.parametrize("n_draws", [1, 2, 24, 25, 400, 3000])
def test_quantiles_are_those_of_numpy_to_the_last_bit(make, n_draws, rng):
    values = make(rng, (n_draws, 5, 4))
    with np.errstate(invalid="ignore"):
        sd, quantiles = draw_spread(values, PROBABILITIES)
        assert np.array_equal(quantiles, np.quantile(values, PROBABILITIES, axis=0), equal_nan=True)
        expected = values.astype(np.longdouble).std(0)  # NumPy's own sd of equal values is 1e-14
    assert np.allclose(sd, expected, rtol=1e-9, atol=1e-15, equal_nan=True)


def test_a_column_with_nan_gives_nan(rng):
    values = rng.random((100, 9))
    values[3, 4] = np.nan
    sd, quantiles = draw_spread(values, PROBABILITIES)
    others = np.arange(9) != 4
    assert np.isnan(sd[4]) and np.isnan(quantiles[:, 4]).all()
    assert np.array_equal(quantiles[:, others], np.quantile(values[:, others], PROBABILITIES, axis=0))
