"""PyMC by hand: pm.Mixture of multivariate normals, in the list form, the faster of its two.

https://www.pymc.io/projects/docs/en/stable/api/distributions/mixture.html, with pm.LKJCholeskyCov for each component as
in https://www.pymc.io/projects/examples/en/latest/howto/LKJ.html. Sampled by nutpie with its low-rank adaptation, which
https://pymc-devs.github.io/nutpie/nuts-algorithm.html advises for correlated posteriors. PyTensor keeps what numba
compiled on disk.
"""

import time

import numpy as np
import nutpie
import pymc as pm
import pytensor.tensor as pt
from pymc.blocking import DictToArrayBijection
from pymc.math import expand_packed_triangular

from benchmarks.problem import read_problem, state_problem, write_draws

MOST_ROWS = 100_000  # for one evaluation: the graph keeps several arrays of all rows for each component


def build_model(problem):
    """The mixture with its priors, as a `pm.Model` that starts at the problem's start."""
    K, D = problem.means.shape
    with pm.Model() as model:
        weights = pm.Dirichlet("weights", np.full(K, 2.0), initval=problem.weights)
        means = pm.Normal("means", problem.location, problem.scale, shape=(K, D), initval=problem.means)
        roots = []
        for k, root in enumerate(problem.sds[..., None] * problem.correlation_tril):
            sd = pm.LogNormal.dist(problem.log_sd, 1.0, shape=D)
            start = root[np.tril_indices(D)]
            packed = pm.LKJCholeskyCov(f"packed_{k}", n=D, eta=2.0, sd_dist=sd, compute_corr=False, initval=start)
            roots.append(expand_packed_triangular(D, packed))
        pm.Deterministic("scale_tril", pt.stack(roots))
        components = [pm.MvNormal.dist(means[k], chol=roots[k]) for k in range(K)]
        pm.Mixture("x", w=weights, comp_dists=components, observed=problem.x)
    return model


def make_calls(x, truth):
    """The compiled log posterior with its gradient, at the truth."""
    if len(x) > MOST_ROWS:
        return {}
    model = build_model(state_problem(x, truth))
    evaluate = model.logp_dlogp_function(ravel_inputs=True)
    evaluate.set_extra_values({})
    start = DictToArrayBijection.map(model.initial_point()).data
    return {"pm.Mixture": lambda: evaluate(start)}


def main():
    problem = read_problem()
    compiled = nutpie.compile_pymc_model(build_model(problem), jitter_rvs=set())
    began = time.perf_counter()
    trace = nutpie.sample(
        compiled,
        draws=problem.draws,
        tune=problem.tune,
        chains=problem.chains,
        cores=problem.chains,
        seed=problem.seed,
        adaptation="low_rank",
        progress_bar=False,
    )
    seconds = time.perf_counter() - began
    parameters = {name: trace.posterior[name].to_numpy() for name in ("weights", "means", "scale_tril")}
    write_draws(**parameters, gradients=int(trace.sample_stats["n_steps"].sum()), seconds=seconds)


if __name__ == "__main__":
    main()
