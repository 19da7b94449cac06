"""One posterior with every group there is, made once: PyMC compiles for it."""

import numpy as np
import pytest

from handmade import handmade_posterior


@pytest.fixture(scope="session")
def complete(faithful):
    posterior = handmade_posterior(faithful, 2, rng=np.random.default_rng(1))
    posterior = posterior.with_log_likelihood().with_log_prior()
    return posterior.with_prior(100, random_state=1).with_posterior_predictive(random_state=1)
