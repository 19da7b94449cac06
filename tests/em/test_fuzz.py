"""EM on random small inputs: consistent with the plain density, and at an optimum."""

import numpy as np
import pytest

from bayesgmm import density
from bayesgmm.covariance import FAMILIES
from bayesgmm.data import as_data
from bayesgmm.em.fit import EMSettings, EMStatus, fit_em, run_em
from bayesgmm.kernel import rows as kernel

QUICK, ALL = 200, 1000
NAMES = list(FAMILIES)


def random_case(seed):
    """A small valid input of any sort: clusters or none, any offset, scale, number of rows, sometimes rounded."""
    rng = np.random.default_rng(seed)
    D, K = rng.integers(1, 5), rng.integers(1, 5)
    N = int(rng.integers(10 + 5 * D * K, 60 + 20 * D * K))
    centres = rng.normal(size=(rng.integers(1, 5), D)) * rng.uniform(0, 5)
    x = centres[rng.integers(len(centres), size=N)] + rng.normal(size=(N, D)) @ rng.normal(size=(D, D))
    x = x * 10.0 ** rng.integers(-3, 4) + rng.normal() * 10.0 ** rng.integers(0, 4)
    if rng.random() < 0.3:
        x = np.round(x / x.std(0), 2)
    return x, int(K), NAMES[seed % 4]


def whitened_gradient(fit, data):
    """The largest component of the gradient per row, in log weights and in each component's own sds."""
    mixture, family, D = fit.mixture, fit.family, data.n_features
    scale = np.ascontiguousarray(family.scale(mixture.scale_tril))
    statistics = kernel.expected_statistics(data.rows, data.row_weights, mixture.log_weights, mixture.means, scale)
    counts = statistics.counts
    if family.is_diagonal:
        spread = statistics.second - counts[:, None]
        spread = spread.mean(-1) if family.name == "spherical" else spread
    else:
        spread = statistics.second - counts[:, None, None] * np.eye(D)
        spread = spread.sum(0) if family.is_shared else spread
    parts = counts - mixture.weights * counts.sum(), statistics.first, spread
    return max(np.abs(part).max() for part in parts) / fit.total_weight


def check(seed):
    """Check one random input; tell whether it came to an interior optimum of the bare likelihood."""
    x, n_components, name = random_case(seed)
    data, family = as_data(x), FAMILIES[name]
    fit = fit_em(data, n_components, family, random_state=0)
    m = fit.mixture
    plain = density.log_density(x, m.log_weights, m.means, m.scale_tril).sum()
    assert fit.log_likelihood == pytest.approx(plain, rel=1e-9, abs=1e-9 * len(x)), seed
    assert fit.counts.sum() == pytest.approx(len(x)), seed
    bare = run_em(data, family, m, EMSettings(tol=1e-13, max_iter=5000, reg_covar=0.0))
    if fit.status is not EMStatus.CONVERGED or bare.status is not EMStatus.CONVERGED:
        return False
    assert whitened_gradient(bare, data) < 1e-5, seed
    return True


@pytest.mark.parametrize("block", range(10))
def test_random_inputs(block):
    size = QUICK // 10
    reached = [check(seed) for seed in range(block * size, (block + 1) * size)]
    assert np.mean(reached) > 0.5


@pytest.mark.slow
@pytest.mark.parametrize("block", range(20))
def test_many_random_inputs(block):
    size = (ALL - QUICK) // 20
    reached = [check(QUICK + seed) for seed in range(block * size, (block + 1) * size)]
    assert np.mean(reached) > 0.5
