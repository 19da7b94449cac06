"""The M-step from the rows themselves: the same in blocks as at once, with memory that does not grow with the rows."""

import tracemalloc

import numpy as np
import pytest

from bayesgmm.covariance import FAMILIES
from bayesgmm.em import iteration
from bayesgmm.em.iteration import Rows, maximise_rows

WEIGHTS = {"equal": None, "weighted": np.linspace(0.5, 2.0, 1000)}


def make_rows(rng, n_rows, weights=None):
    x = rng.standard_normal((n_rows, 3)) * [1.0, 5.0, 0.2] + [0.0, 100.0, -3.0]
    return Rows(x, weights, float(n_rows), np.full(3, 1e-9)), rng.dirichlet(np.ones(4), n_rows)


@pytest.mark.parametrize("weights", WEIGHTS.values(), ids=WEIGHTS)
@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
def test_blocks_of_rows_give_what_all_rows_give(family, weights, rng, monkeypatch):
    """Only the order of summation differs: a few units in the last place."""
    rows, shares = make_rows(rng, 1000, weights)
    whole = maximise_rows(rows, shares, family, prior_rows=3)
    monkeypatch.setattr(iteration, "BLOCK", 7)
    for found, expected in zip(maximise_rows(rows, shares, family, prior_rows=3), whole, strict=True):
        assert np.allclose(found, expected, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
def test_a_step_holds_a_block_of_rows_however_many_there_are(family, rng, monkeypatch):
    """Allocations are counted; only the sums of each block, K (1 + D + D D) numbers, are kept until the end."""
    monkeypatch.setattr(iteration, "BLOCK", 1000)
    peaks = []
    for n_rows in (10_000, 40_000):
        rows, shares = make_rows(rng, n_rows)
        tracemalloc.start()
        maximise_rows(rows, shares, family)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0] < 8 * 10_000 * 3
