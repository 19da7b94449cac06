"""What every test may ask for: a generator seeded by the test's own name, and the Old Faithful data."""

import os
import signal
import sys
import zlib

import numpy as np
import pytest

import bayesgmm as bg

os.environ.setdefault("MPLBACKEND", "Agg")
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs do not hear it, and tests send it


@pytest.fixture
def rng(request):
    """A generator that is the same in every run and differs from test to test."""
    return np.random.default_rng(zlib.crc32(request.node.name.encode()))


@pytest.fixture(scope="session")
def faithful():
    return bg.load_faithful()


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
