"""The doctests' surroundings: a fitted ``fit`` stands in their namespace, made once and only where one asks for it."""

import os
import re
import sys

import pytest

import bayesgmm as bg

os.environ.setdefault("MPLBACKEND", "Agg")

USES_FIT = re.compile(r"(?<![.\w])fit\b(?!\s*=)")
MAKES_FIT = re.compile(r"^fit\s*=", re.MULTILINE)


@pytest.fixture(scope="session")
def fit():
    """Two components on Old Faithful, sampled by NUTS."""
    model = bg.BayesianGaussianMixture(n_components=2, draws=500, chains=2, random_state=1, progressbar=False)
    return model.fit(bg.load_faithful())


@pytest.fixture(autouse=True)
def surroundings(request, doctest_namespace):
    """Offer ``fit`` to the examples that use one they did not make; close their figures afterwards."""
    source = "".join(example.source for example in request.node.dtest.examples)
    if USES_FIT.search(source) and not MAKES_FIT.search(source):
        doctest_namespace["fit"] = request.getfixturevalue("fit")
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
