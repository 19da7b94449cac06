"""The PyMC graph gives what the fused target gives, takes priors that the target does not know, and compiles seldom.

PyTensor compiles for every shape here, so the models are as small as they can be.
"""

import ctypes

import numpy as np
import pymc as pm
import pytensor
import pytest
from numba.core import event

from bayesgmm.covariance import FAMILIES
from bayesgmm.data import as_data
from bayesgmm.em.fit import fit_em
from bayesgmm.errors import InvalidArgumentError
from bayesgmm.inference import graph
from bayesgmm.inference.graph import callback_of, lift_numbers, sample_graph, start_values
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


NODES = {"full": 56, "tied": 66, "diag": 32, "spherical": 33}  # for K = 3 and D = 2


def lift(problem):
    """The model of a problem, the function without its numbers, and the numbers."""
    model = model_from_data(problem.data, problem.start.n_components, problem.family, problem.priors)
    return model, *lift_numbers(model, model.initial_point(random_seed=0))


@pytest.mark.parametrize("name", FAMILIES)
def test_graph_of_value_and_gradient_stays_small(name, rows):
    """Counted work: what PyTensor compiles, and runs for every gradient, has as many operations as it had."""
    _, function, _ = lift(pose(rows, Priors(means=pm.StudentT.dist(3, mu=0, sigma=5)), name, K=3))
    assert len(function.maker.fgraph.apply_nodes) <= NODES[name]


def call(callback, numbers, x):
    """Call the C function as nutpie does."""
    arrays = [np.concatenate([np.array(v.shape, dtype=float) for v in numbers]), *numbers]
    table = np.array([v.ctypes.data for v in arrays], dtype=np.uintp)
    gradient, value = np.full(x.size, np.nan), np.full(1, np.nan)
    doubles = [v.ctypes.data_as(ctypes.POINTER(ctypes.c_double)) for v in (x, gradient, value)]
    pointer = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_uint64, *(ctypes.c_void_p,) * 4)(callback.address)
    status = pointer(x.size, *(ctypes.cast(v, ctypes.c_void_p) for v in doubles), table.ctypes.data)
    return status, value[0], gradient


def student(nu, mu, sigma, concentration, eta):
    return Priors(means=pm.StudentT.dist(nu, mu=mu, sigma=sigma), concentration=concentration, lkj_eta=eta)


def other_problems(rows):
    """Rows, their number and units, and the constants of the priors of means and partials change; nothing else does."""
    return [
        pose(rows, student(4.3, 1.3, 5.1, 2.6, 1.7)),
        pose(rows[5:-7] * [1.7, 0.3] + [9.0, -2.0], student(4.3, 1.3, 5.1, 2.6, 1.7)),
        pose(rows, student(5.7, 0.7, 7.3, 2.6, 1.9)),
    ]


def test_one_compiled_function_serves_other_rows_and_other_constants(rows, rng):
    """Each gives its own model's log posterior and gradient, as PyTensor computes them without any lifting."""
    first, *others = [lift(problem) for problem in other_problems(rows)]
    callback = callback_of(first[1])
    with event.install_recorder("numba:compile") as compilations:
        assert all(callback_of(function) is callback for _, function, _ in others)
    assert not compilations.buffer
    for model, _, numbers in (first, *others):
        plain = model.logp_dlogp_function(ravel_inputs=True, mode="FAST_COMPILE")
        plain.set_extra_values({})
        for _ in range(3):
            x = rng.normal(size=sum(np.size(v) for v in model.initial_point(random_seed=0).values()))
            status, value, gradient = call(callback, numbers, x)
            expected = plain(x)
            assert status == 0
            np.testing.assert_allclose(value, expected[0], rtol=1e-11)
            np.testing.assert_allclose(gradient, expected[1], rtol=1e-9, atol=1e-9)


def test_prior_of_another_kind_is_another_function(rows):
    kinds = [pm.StudentT.dist(4.0, mu=1.0, sigma=5.0), pm.Laplace.dist(1.0, 5.0), pm.Logistic.dist(1.0, 5.0)]
    graphs = [lift(pose(rows, Priors(means=kind)))[1].maker.fgraph for kind in kinds]
    assert len({graph.numba_funcify_and_cache_key(g)[1] for g in graphs}) == 3


def test_draws_do_not_depend_on_what_was_compiled_before(rows):
    """Draws by a function that served another problem equal, bit for bit, those of one made for this problem alone."""
    one, other, _ = other_problems(rows)
    sample_graph(one, settings(draws=5, tune=20))
    rebound = sample_graph(other, settings(draws=20, tune=50)).values
    graph._compile_once.cache_clear()
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


def test_no_density_is_a_status_and_no_crash(rows):
    model, function, numbers = lift(other_problems(rows)[0])
    x = np.full(sum(np.size(v) for v in model.initial_point(random_seed=0).values()), np.nan)
    assert call(callback_of(function), numbers, x)[0] > 0


def test_scatter_of_the_start_stays_inside_the_range_of_a_bounded_prior(rows):
    """Means bounded just below the start: no chain may begin where the density is zero."""
    lower = float(pose(rows, Priors()).start.means.min()) - 1e-3
    problem = pose(rows, Priors(means=pm.TruncatedNormal.dist(0.0, 5.0, lower=lower)))
    drawn = sample_graph(problem, settings(draws=20, tune=50)).values["means"]
    assert drawn.min() > lower
