"""NUTS on the PyMC graph gives what the fused target gives, and takes priors that the target does not know.

PyTensor compiles for every shape here, so the models are as small as they can be.
"""

import numpy as np
import pymc as pm
import pytensor
import pytest

from bayesgmm.covariance import FAMILIES
from bayesgmm.data import as_data
from bayesgmm.em.fit import fit_em
from bayesgmm.errors import InvalidArgumentError
from bayesgmm.inference import lifting
from bayesgmm.inference.graph import sample_graph
from bayesgmm.inference.nuts import sample_nuts
from bayesgmm.inference.problem import Problem, SamplingSettings
from bayesgmm.model.priors import Priors

LOC, SCALE = [1.0, -1.0], [3.0, 2.0]


def settings(**changes):
    chosen = {"draws": 1000, "chains": 2, "tune": None, "cores": 2, "seed": 1, "progressbar": False} | changes
    return SamplingSettings(**chosen)


def pose(X, priors, name="full", K=2):
    data, family = as_data(X), FAMILIES[name]
    return Problem(data, family, priors.resolve(data, K, family), fit_em(data, K, family, random_state=1).mixture)


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(5)
    return np.concatenate([rng.normal([-4.0, 0.0], 1.0, (60, 2)), rng.normal([4.0, 1.0], 1.0, (40, 2))])


def nameless(loc, scale):
    """A normal prior that is not recognised."""
    return pm.CustomDist.dist(loc, scale, dist=lambda loc, scale, size: pm.Normal.dist(loc, scale, size=size))


def test_graph_draws_from_the_posterior_of_the_target(rows):
    """Posterior means within 0.1 posterior sd of each other, about four Monte Carlo errors; sds within 8 %."""
    known = pose(rows, Priors(means=pm.Normal.dist(LOC, SCALE)))
    other = pose(rows, Priors(means=nameless(LOC, SCALE)))
    assert known.priors.is_named and not other.priors.is_named
    expected, found = (sample_nuts(problem, settings(draws=2000)) for problem in (known, other))
    assert found.attrs["tuning_steps"] == 500
    assert list(found.values) == list(expected.values) == ["weights", "means", "sds", "partials"]
    assert set(found.sample_stats) == set(expected.sample_stats)
    assert not found.sample_stats["diverging"].any()
    for name, value in expected.values.items():
        assert found.values[name].shape == value.shape
        mean, sd = value.mean((0, 1)), value.std((0, 1))
        np.testing.assert_array_less(np.abs(found.values[name].mean((0, 1)) - mean), 0.1 * sd)
        np.testing.assert_allclose(found.values[name].std((0, 1)), sd, rtol=0.08)


def test_seed_gives_the_same_draws_again_on_any_number_of_cores(rows):
    problem = pose(rows, Priors(means=pm.StudentT.dist(3, mu=0, sigma=5)), "tied")
    few = [sample_graph(problem, settings(draws=20, tune=50, cores=cores)).values for cores in (1, 2)]
    for name, value in few[0].items():
        np.testing.assert_array_equal(few[1][name], value)
    assert np.unique(few[0]["means"][:, -1, 0, 0]).size == 2


OUTSIDE = {
    "means": lambda: Priors(means=pm.TruncatedNormal.dist(0.0, 5.0, lower=0.0)),
    "sds": lambda: Priors(sds=pm.Uniform.dist(0.0, 0.1)),
}


@pytest.mark.parametrize(("name", "make"), OUTSIDE.items(), ids=OUTSIDE)
def test_prior_that_excludes_the_em_solution_is_one_clear_error(name, make, rows):
    with pytest.raises(InvalidArgumentError, match=rf"`priors.{name}` must have a density above zero at the EM"):
        sample_nuts(pose(rows, make()), settings())


def student(nu, mu, sigma, concentration, eta):
    return Priors(means=pm.StudentT.dist(nu, mu=mu, sigma=sigma), concentration=concentration, lkj_eta=eta)


def other_problems(rows):
    """Rows, their number and units, and the constants of the priors of means and partials change; nothing else does."""
    return [
        pose(rows, student(4.3, 1.3, 5.1, 2.6, 1.7)),
        pose(rows[5:-7] * [1.7, 0.3] + [9.0, -2.0], student(4.3, 1.3, 5.1, 2.6, 1.7)),
        pose(rows, student(5.7, 0.7, 7.3, 2.6, 1.9)),
    ]


def test_draws_do_not_depend_on_what_was_compiled_before(rows):
    """Draws by a function that served another problem equal, bit for bit, those of one made for this problem alone."""
    one, other, _ = other_problems(rows)
    sample_graph(one, settings(draws=5, tune=20))
    rebound = sample_graph(other, settings(draws=20, tune=50)).values
    lifting._compile_once.cache_clear()
    alone = sample_graph(other, settings(draws=20, tune=50)).values
    for name, value in alone.items():
        np.testing.assert_array_equal(rebound[name], value)


@pytest.mark.slow
def test_draws_do_not_depend_on_what_is_kept_on_disk(rows):
    problem = pose(rows[:, :1], student(4.3, 1.3, 5.1, 2.6, 1.7))
    kept = sample_graph(problem, settings(draws=20, tune=50)).values
    with pytensor.config.change_flags(numba__cache=False):
        fresh = sample_graph(problem, settings(draws=20, tune=50)).values
    for name, value in fresh.items():
        np.testing.assert_array_equal(kept[name], value)


def test_scatter_of_the_start_stays_inside_the_range_of_a_bounded_prior(rows):
    """Means bounded just below the start: no chain may begin where the density is zero."""
    lower = float(pose(rows, Priors()).start.means.min()) - 1e-3
    problem = pose(rows, Priors(means=pm.TruncatedNormal.dist(0.0, 5.0, lower=lower)))
    drawn = sample_graph(problem, settings(draws=20, tune=50)).values["means"]
    assert drawn.min() > lower
