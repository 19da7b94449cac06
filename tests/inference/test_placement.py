"""Where priors differ between components, each stands where the prior density of all of them is highest."""

import itertools

import numpy as np
import pymc as pm
import pytest

from bayesgmm.covariance import FAMILIES
from bayesgmm.data import as_data
from bayesgmm.inference.placement import prior_order
from bayesgmm.mixture import Mixture
from bayesgmm.model.priors import Priors

K, D = 4, 2
FULL = FAMILIES["full"]


@pytest.fixture
def mixture(rng):
    return Mixture.from_sds(rng.dirichlet(np.ones(K)), rng.standard_normal((K, D)), rng.uniform(0.5, 2.0, (K, D)))


@pytest.fixture
def data(rng):
    return as_data(rng.standard_normal((50, D)))


def log_prior(mixture, priors, family):
    """Concentration, means and sds of each component in its place, summed."""
    value = ((priors.concentration - 1.0) * mixture.log_weights).sum() + priors.means.log_density(mixture.means).sum()
    return value if family.is_shared else value + priors.sds.log_density(family.compact_sds(mixture.sds)).sum()


@pytest.mark.parametrize("name", FAMILIES)
def test_order_is_the_best_of_all(name, mixture, data, rng):
    family = FAMILIES[name]
    shape = {"full": (K, D), "diag": (K, D), "tied": (D,), "spherical": (K,)}[name]
    given = Priors(
        concentration=rng.uniform(0.5, 5.0, K),
        means=pm.Normal.dist(rng.standard_normal((K, D)), 0.5),
        sds=pm.LogNormal.dist(rng.standard_normal(shape), 0.5),
    )
    priors = given.resolve(data, K, family)
    values = {order: log_prior(mixture.permute(order), priors, family) for order in itertools.permutations(range(K))}
    assert tuple(prior_order(mixture, priors, family)) == max(values, key=values.get)


SETTINGS = {"mu": [[0.0, 1.0], [1.0, 0.0], [-1.0, 0.5], [0.3, -2.0]], "sigma": 0.7}
SAME = {  # a prior without a name and the named one that it equals
    "one number at a time": lambda: pm.CustomDist.dist(
        SETTINGS["mu"], SETTINGS["sigma"], dist=lambda mu, sigma, size: pm.Normal.dist(mu, sigma, size=size)
    ),
    "one row at a time": lambda: pm.MvNormal.dist(np.array(SETTINGS["mu"]), SETTINGS["sigma"] ** 2 * np.eye(D)),
}


@pytest.mark.parametrize("make", SAME.values(), ids=SAME)
def test_prior_without_a_name_places_as_its_named_equal(make, mixture, data):
    named = Priors(means=pm.Normal.dist(SETTINGS["mu"], SETTINGS["sigma"])).resolve(data, K, FULL)
    other = Priors(means=make()).resolve(data, K, FULL)
    assert not other.is_named and not other.is_exchangeable
    np.testing.assert_array_equal(prior_order(mixture, other, FULL), prior_order(mixture, named, FULL))


def test_prior_that_rules_a_component_out_of_a_place_is_obeyed(data):
    """Uniform on (0, 1) in the first place, (1, 2) in the second: a density of zero elsewhere."""
    priors = Priors(sds=pm.Uniform.dist([[0.0], [1.0]], [[1.0], [2.0]])).resolve(data, 2, FULL)
    wide_first = Mixture.from_sds([0.5, 0.5], np.zeros((2, D)), [[1.5, 1.5], [0.5, 0.5]])
    np.testing.assert_array_equal(prior_order(wide_first, priors, FULL), [1, 0])


@pytest.mark.filterwarnings("ignore:pytensor.tensor.linalg.trace is deprecated:FutureWarning")
def test_prior_of_all_places_at_once_has_no_say(mixture, data):
    """A matrix normal is one event: the concentration alone decides, and the largest component goes to its place."""
    means = pm.MatrixNormal.dist(mu=np.arange(8.0).reshape(K, D), rowcov=np.eye(K), colcov=np.eye(D))
    priors = Priors(concentration=[9.0, 2.0, 2.0, 2.0], means=means).resolve(data, K, FULL)
    assert prior_order(mixture, priors, FULL)[0] == mixture.weights.argmax()
