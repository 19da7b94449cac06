"""Work is counted, not timed: no busy machine changes these figures. A bound lies a quarter above what is needed today.

Counted are calls of the log posterior with its gradient, functions that numba compiles, and arrays that compiled code
asks memory for.
"""

import json
import os
import subprocess
import sys
import tracemalloc
from dataclasses import dataclass, field

import numpy as np
import pytest
from arviz_stats.base import array_stats

from bayesgmm.covariance import FAMILIES
from bayesgmm.data import as_data
from bayesgmm.em.fit import fit_em
from bayesgmm.inference.callback import NAME, nutpie_model_from_function
from bayesgmm.inference.nuts import WHITENED, WHITENED_TUNE, scatter_start
from bayesgmm.inference.problem import Problem, SamplingSettings
from bayesgmm.inference.sampling import sample_nutpie
from bayesgmm.inference.target import Target, make_target
from bayesgmm.inference.whitening import complete_data_errors, whiten_posterior
from bayesgmm.model.priors import Priors


@dataclass
class Counted:
    """A target that keeps count of its gradients, for the public door of nutpie."""

    target: Target
    calls: list[int] = field(default_factory=list)

    @property
    def n_dim(self):
        return self.target.n_dim

    def log_posterior(self, x):
        self.calls.append(1)
        return self.target.log_posterior(x)

    def whitened(self, whitening):
        """Give the same of u, x = mode + C u."""

        def log_posterior(u):
            value, gradient = self.log_posterior(whitening.unwhiten(u))
            return value, gradient @ whitening.factor

        return log_posterior

    def take(self):
        """Give the calls since the last time."""
        count = len(self.calls)
        self.calls.clear()
        return count


def simulate(N=2000, K=4, D=4):
    """Components that overlap a little, of unequal shapes, in 59 coordinates."""
    rng = np.random.default_rng(8)
    turns = np.eye(D) + 0.3 * rng.standard_normal((K, D, D))
    labels = np.arange(N) % K
    return 2.0 * rng.standard_normal((K, D))[labels] + np.einsum(
        "nij,nj->ni", turns[labels], rng.standard_normal((N, D))
    )


def pose(X, K):
    data, family = as_data(X), FAMILIES["full"]
    priors = Priors().resolve(data, K, family)
    problem = Problem(data, family, priors, fit_em(data, K, family, random_state=1).mixture)
    return problem, Counted(make_target(data, family, K, priors))


def whiten(problem, counted):
    target = counted.target
    errors = complete_data_errors(target, problem)
    return whiten_posterior(counted.log_posterior, target.pack(problem.start), errors)


CASES = {  # rows, K; gradients before sampling beyond the n of the Hessian; per effective draw: bulk, tail
    "Old Faithful": (lambda faithful: faithful, 2, 12, 1.9, 5.6),
    "four components": (lambda faithful: simulate(), 4, 64, 2.3, 6.1),
}


@pytest.mark.parametrize(("rows", "K", "extra", "bulk", "tail"), CASES.values(), ids=CASES)
def test_gradients_per_effective_draw(rows, K, extra, bulk, tail, faithful):
    """All of them: for the mode and the Hessian, for starts, step sizes and the warm-up, and for the draws.

    A mean over the variables, because the worst of them alone varies by a quarter from seed to seed.
    """
    problem, counted = pose(rows(faithful), K)
    whitening = whiten(problem, counted)
    before = counted.take()
    assert before <= counted.n_dim + extra
    model = nutpie_model_from_function(counted.whitened(whitening), counted.n_dim, scatter_start(counted, whitening))
    settings = SamplingSettings(draws=1000, chains=4, tune=None, cores=1, seed=1, progressbar=False)
    drawn = sample_nutpie(model, settings, tune=WHITENED_TUNE, adaptation="diag", **WHITENED)
    values = counted.target.unpack(whitening.unwhiten(drawn.values[NAME]))
    flat = np.concatenate([value.reshape(4, 1000, -1) for value in values.values()], axis=-1)
    spent = before + counted.take()
    for bound, method in ((bulk, {"method": "bulk"}), (tail, {"method": "tail", "prob": (0.05, 0.95)})):
        ess = array_stats.ess(flat, chain_axis=0, draw_axis=1, **method)
        assert spent * np.mean(1.0 / ess) <= bound


FITS = """
import json
import numba.core.event
import numpy as np
from numba.core.runtime import rtsys

import bayesgmm as bg
from bayesgmm.covariance import FAMILIES
from bayesgmm.data import as_data
from bayesgmm.inference.target import make_target
from bayesgmm.model.priors import Priors

rng = np.random.default_rng(1)


def compiled(X, K, family):
    model = bg.BayesianGaussianMixture(
        K, covariance_type=family, draws=20, tune=20, chains=1, random_state=1, progressbar=False
    )
    with numba.core.event.install_recorder("numba:compile") as recorder:
        model.fit(X)
    return sum(event.is_start for _, event in recorder.buffer)


def arrays(N, K, D, family):
    data = as_data(rng.standard_normal((N, D)))
    target = make_target(data, family, K, Priors().resolve(data, K, family))
    x = np.zeros(target.n_dim)
    target.log_posterior(x)
    before = rtsys.get_allocation_stats()
    target.log_posterior(x)
    after = rtsys.get_allocation_stats()
    return after.alloc - before.alloc, after.free - before.free


first = compiled(bg.load_faithful(), 2, "full")
others = [
    compiled(rng.standard_normal((200, D)) + 6 * rng.integers(K, size=(200, 1)), K, family)
    for K, D, family in ((3, 3, "full"), (2, 1, "diag"), (2, 4, "tied"), (4, 2, "spherical"))
]
sizes = [(100, 2, 2), (10_000, 2, 2), (500, 5, 5)]
spent = [arrays(*size, family) for size in sizes for family in FAMILIES.values()]
print(json.dumps({"first": first, "others": others, "arrays": spent}))
"""


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    """What a process counts that finds nothing compiled on the disk."""
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path_factory.mktemp("numba")), "NUMBA_NRT_STATS": "1"}
    command = [sys.executable, "-W", "ignore", "-c", FITS]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return json.loads(done.stdout)


def test_functions_compiled(fresh):
    """In the first fit of a machine, helpers among them; then none, whatever K, D, N and the family."""
    assert 0 < fresh["first"] <= 21
    assert fresh["others"] == [0, 0, 0, 0]


def test_arrays_per_gradient(fresh):
    """As many for any N, K, D and family, and all of them given back."""
    allocated, freed = zip(*fresh["arrays"], strict=True)
    assert len(set(allocated)) == 1
    assert 0 < allocated[0] <= 28
    assert freed == allocated


def test_python_memory_per_gradient(rng):
    """No copy of the rows, which take 160 kB: two vectors, a number, and 16 kB by which the stack grows."""
    target = pose(rng.standard_normal((10_000, 2)), 1)[1].target
    x = np.zeros(target.n_dim)
    target.log_posterior(x)
    tracemalloc.start()
    try:
        target.log_posterior(x)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 20_000
