"""NumPyro, as its documentation writes a mixture with the labels summed out.

MixtureSameFamily: https://num.pyro.ai/en/stable/distributions.html#mixturesamefamily; scale_tril from sds and
LKJCholesky: https://num.pyro.ai/en/stable/distributions.html#lkjcholesky. Double precision, dense metric, one host
device per chain so that they run side by side. JAX's own clock tells the compilation from the sampling; with
JAX_COMPILATION_CACHE_DIR set it keeps what it compiled.
"""

import time

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
from numpyro.infer import MCMC, NUTS, init_to_value

from benchmarks.problem import read_problem, write_draws

START = ("weights", "means", "sds", "correlation_tril")


def model(x, problem):
    """The mixture with its priors."""
    K = problem.n_components
    weights = numpyro.sample("weights", dist.Dirichlet(jnp.full(K, 2.0)))
    with numpyro.plate("components", K):
        means = numpyro.sample("means", dist.Normal(problem.location, problem.scale).to_event(1))
        sds = numpyro.sample("sds", dist.LogNormal(problem.log_sd, 1.0).to_event(1))
        correlation_tril = numpyro.sample("correlation_tril", dist.LKJCholesky(x.shape[1], concentration=2.0))
    scale_tril = numpyro.deterministic("scale_tril", sds[..., None] * correlation_tril)
    components = dist.MultivariateNormal(means, scale_tril=scale_tril)
    with numpyro.plate("rows", len(x)):
        numpyro.sample("x", dist.MixtureSameFamily(dist.Categorical(probs=weights), components), obs=x)


def main():
    problem = read_problem()
    numpyro.enable_x64()
    numpyro.set_host_device_count(problem.chains)
    compiling = []
    jax.monitoring.register_event_duration_secs_listener(
        lambda event, seconds, **_: compiling.append(seconds) if event.startswith("/jax/core/compile") else None
    )
    start = init_to_value(values={name: jnp.asarray(getattr(problem, name)) for name in START})
    mcmc = MCMC(
        NUTS(model, dense_mass=True, init_strategy=start),
        num_warmup=problem.tune,
        num_samples=problem.draws,
        num_chains=problem.chains,
        chain_method="parallel",
        progress_bar=False,
    )
    began = time.perf_counter()
    key = jax.random.PRNGKey(problem.seed)
    mcmc.run(key, jnp.asarray(problem.x), problem, extra_fields=("num_steps",))
    draws = {name: np.asarray(value) for name, value in mcmc.get_samples(group_by_chain=True).items()}
    seconds = time.perf_counter() - began - sum(compiling)
    parameters = {name: draws[name] for name in ("weights", "means", "scale_tril")}
    write_draws(**parameters, gradients=mcmc.get_extra_fields()["num_steps"].sum(), seconds=seconds)


if __name__ == "__main__":
    main()
