"""What there is to draw: posteriors made by hand, so that no picture waits for a sampler."""

import numpy as np
import pytest

from bayesgmm.mixture import Mixture
from handmade import handmade_posterior


@pytest.fixture(scope="session")
def posterior(faithful):
    """Old Faithful, two components."""
    return handmade_posterior(faithful, 2, rng=np.random.default_rng(1))


@pytest.fixture(scope="session")
def waiting(faithful):
    """One feature, two components."""
    return handmade_posterior(faithful[["waiting"]], 2, rng=np.random.default_rng(2))


@pytest.fixture(scope="session")
def four_features():
    """Three components in four features without names."""
    rng = np.random.default_rng(3)
    rows = rng.standard_normal((150, 4)) + 6 * rng.integers(3, size=(150, 1))
    return handmade_posterior(rows, 3, "diag", rng=rng)


@pytest.fixture
def unidentified(posterior):
    """The same posterior, said to be one whose components cannot be told apart."""
    group = posterior.idata["posterior"].to_dataset(inherit=False)
    return posterior.with_group("posterior", group.assign_attrs(is_identified=0))


@pytest.fixture(scope="session")
def crowd():
    """Twenty components on a grid, in two features."""
    centres = np.array([[i, j] for i in range(5) for j in range(4)], dtype=float)
    return Mixture.from_sds(np.full(20, 1 / 20), centres, np.full((20, 2), 0.2))


@pytest.fixture
def drawn():
    """Everything on axes whose label says that it is this, whatever kind of artist it is."""

    def find(ax, start):
        return [artist for artist in ax.get_children() if str(artist.get_label()).startswith(f"_{start}")]

    return find


@pytest.fixture
def legend_texts():
    """What the legend of axes or figure says."""

    def read(owner):
        legend = owner.get_legend() if hasattr(owner, "get_legend") else owner.legends[0]
        return [text.get_text() for text in legend.get_texts()]

    return read
