"""Fits to write about: posteriors made by hand, so that no page waits for a sampler."""

import numpy as np
import pytest

import bayesgmm as bg
from handmade import handmade_posterior


@pytest.fixture(scope="session")
def posterior(faithful):
    """Old Faithful, two components."""
    return handmade_posterior(faithful, 2, rng=np.random.default_rng(1))


@pytest.fixture(scope="session")
def em(faithful):
    return bg.GaussianMixture(2, random_state=1).fit(faithful)


@pytest.fixture(scope="session")
def crowded():
    """Four features with names that HTML would take for its own, three components, one of them named."""
    rng = np.random.default_rng(3)
    rows = rng.standard_normal((150, 4)) + 6 * rng.integers(3, size=(150, 1))
    posterior = handmade_posterior(rows, 3, "diag", rng=rng)
    names = ["<b>bold</b>", "a & b", '"quoted"', "<script>alert('x')</script>"]
    tree = posterior.idata.map_over_datasets(
        lambda group: group.assign_coords(feature=names) if "feature" in group.dims else group
    )
    return bg.Posterior(tree).rename({0: "<i>first</i>"})


@pytest.fixture(scope="session")
def unidentified(posterior):
    group = posterior.idata["posterior"].to_dataset(inherit=False)
    return posterior.with_group("posterior", group.assign_attrs(is_identified=0))
