"""Stan, as its user's guide writes a mixture: log_sum_exp over the components, row by row.

https://mc-stan.org/docs/stan-users-guide/finite-mixtures.html, with multi_normal_cholesky and lkj_corr_cholesky as in
https://mc-stan.org/docs/stan-users-guide/regression.html#multivariate-hierarchical-priors.section. Chains run side by
side; the metric is the diagonal one, the only one that PyStan offers. httpstan keeps the compiled model on disk.
"""

import time

import numpy as np
import stan

from benchmarks.problem import read_problem, write_draws

CODE = """
data {
  int<lower=1> N;
  int<lower=1> K;
  int<lower=1> D;
  array[N] vector[D] x;
  vector[D] location;
  vector<lower=0>[D] scale;
  vector[D] log_sd;
}
parameters {
  simplex[K] weights;
  array[K] vector[D] means;
  array[K] vector<lower=0>[D] sds;
  array[K] cholesky_factor_corr[D] correlation_tril;
}
transformed parameters {
  array[K] matrix[D, D] scale_tril;
  for (k in 1:K) scale_tril[k] = diag_pre_multiply(sds[k], correlation_tril[k]);
}
model {
  vector[K] log_weights = log(weights);
  weights ~ dirichlet(rep_vector(2, K));
  for (k in 1:K) {
    means[k] ~ normal(location, scale);
    sds[k] ~ lognormal(log_sd, 1);
    correlation_tril[k] ~ lkj_corr_cholesky(2);
  }
  for (n in 1:N) {
    vector[K] lps = log_weights;
    for (k in 1:K) lps[k] += multi_normal_cholesky_lpdf(x[n] | means[k], scale_tril[k]);
    target += log_sum_exp(lps);
  }
}
"""
START = ("weights", "means", "sds", "correlation_tril")


def main():
    problem = read_problem()
    N, D = problem.x.shape
    data = {name: getattr(problem, name).tolist() for name in ("x", "location", "scale", "log_sd")}
    posterior = stan.build(CODE, data={"N": N, "K": problem.n_components, "D": D, **data}, random_seed=problem.seed)
    start = {name: getattr(problem, name).tolist() for name in START}
    began = time.perf_counter()
    fit = posterior.sample(
        num_chains=problem.chains,
        num_samples=problem.draws,
        num_warmup=problem.tune,
        init=[start] * problem.chains,
    )
    seconds = time.perf_counter() - began

    def drawn(name):
        value = np.asarray(fit[name])  # (..., S C), chains fastest
        return np.moveaxis(value.reshape(*value.shape[:-1], -1, problem.chains), (-1, -2), (0, 1))

    parameters = {name: drawn(name) for name in ("weights", "means", "scale_tril")}
    write_draws(**parameters, gradients=drawn("n_leapfrog__").sum(), seconds=seconds)


if __name__ == "__main__":
    main()
