"""Ours, with the default settings: EM from its pool, NUTS in whitened coordinates, labels matched to EM.

The seconds are those of `fit`, EM and labels included: where the peers are given a good start, it finds its own.
"""

import time

import bayesgmm as bg
from benchmarks.problem import read_problem, write_draws


def main():
    problem = read_problem()
    estimator = bg.BayesianGaussianMixture(
        problem.n_components,
        draws=problem.draws,
        chains=problem.chains,
        random_state=problem.seed,
        progressbar=False,
    )
    began = time.perf_counter()
    fit = estimator.fit(problem.x)
    seconds = time.perf_counter() - began
    drawn = fit.posterior_.mixture
    parameters = {name: getattr(drawn, name) for name in ("weights", "means", "scale_tril")}
    write_draws(**parameters, gradients=int(fit.idata.sample_stats["n_steps"].sum()), seconds=seconds)


if __name__ == "__main__":
    main()
