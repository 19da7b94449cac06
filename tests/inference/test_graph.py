"""The PyMC graph gives what the fused target gives, and takes priors that the target does not know.

PyTensor compiles for every model here, so the models are as small as they can be.
"""

import numpy as np
import pymc as pm
import pytest

from bayesgmm.covariance import FAMILIES
from bayesgmm.data import as_data
from bayesgmm.em.fit import fit_em
from bayesgmm.errors import InvalidArgumentError
from bayesgmm.inference.graph import sample_graph, start_values
from bayesgmm.inference.nuts import sample_nuts
from bayesgmm.inference.problem import Problem, SamplingSettings
from bayesgmm.model.build import model_from_data
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


@pytest.mark.parametrize("name", FAMILIES)
def test_start_is_the_labelled_mixture_in_the_models_own_shapes(name, rows):
    problem = pose(rows, Priors(means=pm.StudentT.dist(3, mu=0, sigma=5)), name)
    model = model_from_data(problem.data, 2, problem.family, problem.priors)
    start = start_values(problem)
    for variable in model.free_RVs:
        assert start[variable.name].shape == tuple(variable.shape.eval(mode="FAST_COMPILE"))
    np.testing.assert_array_equal(start["means"], problem.start.means)


def test_prior_of_whole_rows_equals_the_same_prior_number_by_number(rows):
    """A multivariate normal with a diagonal covariance is a product of normals: one density for the model's vector."""
    covariance = np.diag(np.square(SCALE))
    densities = []
    for prior in (pm.MvNormal.dist(LOC, covariance), pm.Normal.dist(LOC, SCALE)):
        problem = pose(rows, Priors(means=prior))
        model = model_from_data(problem.data, 2, problem.family, problem.priors)
        evaluate = pm.compile(model.value_vars, model.logp(), mode="FAST_COMPILE", on_unused_input="ignore")
        densities.append(evaluate(*(model.initial_point()[value.name] for value in model.value_vars)))
    assert densities[0] == pytest.approx(densities[1], rel=1e-12)


OUTSIDE = {
    "means": lambda: Priors(means=pm.TruncatedNormal.dist(0.0, 5.0, lower=0.0)),
    "sds": lambda: Priors(sds=pm.Uniform.dist(0.0, 0.1)),
}


@pytest.mark.parametrize(("name", "make"), OUTSIDE.items(), ids=OUTSIDE)
def test_prior_that_excludes_the_em_solution_is_one_clear_error(name, make, rows):
    with pytest.raises(InvalidArgumentError, match=rf"`priors.{name}` must have a density above zero at the EM"):
        sample_nuts(pose(rows, make()), settings())
