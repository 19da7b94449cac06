"""What ours and the peers are given: rows from a known mixture, one set of priors, one start; and what they give back.

The rows come from K components with sds of 0.6 to 1.4 and means at least 4 apart, so that no chain exchanges labels.
The priors are bayesgmm's defaults, written out as numbers: weights ~ Dirichlet(2), means ~ Normal(column mean, 2.5
column sds), sds ~ LogNormal(log(column sd K^(-1/D)), 1), correlations ~ LKJ(2).
"""

import sys
from dataclasses import asdict, dataclass

import numpy as np

APART, SPREAD = 4.0, 2.0  # least distance of two means, and the sd about zero from which they are drawn


@dataclass(frozen=True, eq=False)
class Truth:
    """A mixture: weights (K,), means (K, D), scale_tril (K, D, D)."""

    weights: np.ndarray
    means: np.ndarray
    scale_tril: np.ndarray


@dataclass(frozen=True, eq=False)
class Problem:
    """The rows (N, D), the priors' numbers, the start, and how long to sample from which seed."""

    x: np.ndarray
    location: np.ndarray  # (D,)
    scale: np.ndarray  # (D,)
    log_sd: np.ndarray  # (D,)
    weights: np.ndarray
    means: np.ndarray
    sds: np.ndarray
    correlation_tril: np.ndarray
    draws: int
    tune: int
    chains: int
    seed: int

    @property
    def n_components(self):
        return len(self.weights)


def draw_truth(K, D, rng):
    """Draw a mixture whose means lie apart."""
    apart = -1.0
    while apart < APART:
        means = rng.normal(scale=SPREAD, size=(K, D))
        apart = min((np.linalg.norm(a - b) for i, a in enumerate(means) for b in means[:i]), default=APART)
    roots = np.eye(D) + np.tril(rng.normal(scale=0.4, size=(K, D, D)), -1)
    roots /= np.linalg.norm(roots, axis=-1, keepdims=True)
    return Truth(rng.dirichlet(np.full(K, 20.0)), means, rng.uniform(0.6, 1.4, size=(K, D, 1)) * roots)


def simulate(N, K, D, seed=1):
    """Draw a mixture and N rows of it."""
    rng = np.random.default_rng(seed)
    truth = draw_truth(K, D, rng)
    x, counts = np.empty((N, D)), rng.multinomial(N, truth.weights)
    ends = counts.cumsum()
    for mean, root, end, count in zip(truth.means, truth.scale_tril, ends, counts, strict=True):
        x[end - count : end] = mean + rng.standard_normal((count, D)) @ root.T
    rng.shuffle(x)
    return x, truth


def state_problem(x, truth, *, draws=500, tune=500, chains=2, seed=1):
    """State the sampling problem; every chain of every peer starts at the truth."""
    sds = np.linalg.norm(truth.scale_tril, axis=-1)
    return Problem(
        x=x,
        location=x.mean(0),
        scale=2.5 * x.std(0),
        log_sd=np.log(x.std(0) * len(sds) ** (-1.0 / x.shape[1])),
        weights=truth.weights,
        means=truth.means,
        sds=sds,
        correlation_tril=truth.scale_tril / sds[..., None],
        draws=draws,
        tune=tune,
        chains=chains,
        seed=seed,
    )


def write_problem(path, problem):
    np.savez(path, **asdict(problem))


def read_problem():
    """Read the problem that the command line names."""
    with np.load(sys.argv[1]) as file:
        return Problem(**{name: value if value.ndim else value.item() for name, value in file.items()})


def write_draws(*, weights, means, scale_tril, gradients, seconds):
    """Write draws (C, S, K, ...), the number of gradients and the seconds of sampling where the command line says."""
    np.savez(sys.argv[2], weights=weights, means=means, scale_tril=scale_tril, gradients=gradients, seconds=seconds)
