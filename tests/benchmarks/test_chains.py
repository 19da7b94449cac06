"""What is said of the peers' draws."""

import numpy as np
import pytest

from benchmarks.chains import judge_draws

C, S, K, D = 2, 400, 2, 2


def independent_draws(rng):
    """Draws that know nothing of each other."""
    weights = rng.dirichlet(np.full(K, 20.0), size=(C, S))
    scale_tril = np.tril(rng.uniform(0.5, 1.5, size=(C, S, K, D, D)))
    return weights, rng.normal(size=(C, S, K, D)), scale_tril


def test_independent_draws_are_worth_their_number(rng):
    judged = judge_draws(*independent_draws(rng))
    assert judged["ess"] == pytest.approx(C * S, rel=0.4)
    assert judged["rhat"] < 1.02


@pytest.mark.parametrize("part", [0, 1, 2], ids=["weights", "means", "scale_tril"])
def test_one_slow_parameter_is_seen(rng, part):
    """Every tenth draw is new in one part: its effective number falls to a tenth."""
    drawn = list(independent_draws(rng))
    drawn[part] = np.repeat(drawn[part][:, ::10], 10, axis=1)
    assert judge_draws(*drawn)["ess"] < 0.3 * C * S


def test_a_chain_elsewhere_is_seen(rng):
    weights, means, scale_tril = independent_draws(rng)
    means[0, :, 0, 0] += 3.0
    assert judge_draws(weights, means, scale_tril)["rhat"] > 1.5
