"""What PyTensor compiles of a model is small, equals the model, and serves every model that differs in numbers only."""

import numpy as np
import pymc as pm
import pytest
from numba.core import event
from pytensor.link.numba.dispatch.basic import numba_funcify_and_cache_key

from bayesgmm.covariance import FAMILIES
from bayesgmm.data import as_data
from bayesgmm.em.fit import fit_em
from bayesgmm.inference.lifting import compile_log_posterior, lift_numbers
from bayesgmm.inference.problem import Problem
from bayesgmm.model.build import model_from_data
from bayesgmm.model.priors import Priors


def pose(X, priors, name="full", K=2):
    data, family = as_data(X), FAMILIES[name]
    return Problem(data, family, priors.resolve(data, K, family), fit_em(data, K, family, random_state=1).mixture)


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(5)
    return np.concatenate([rng.normal([-4.0, 0.0], 1.0, (60, 2)), rng.normal([4.0, 1.0], 1.0, (40, 2))])


NODES = {"full": 56, "tied": 66, "diag": 32, "spherical": 33}  # for K = 3 and D = 2


def state(problem):
    """The model of a problem, and a point of it."""
    model = model_from_data(problem.data, problem.start.n_components, problem.family, problem.priors)
    return model, model.initial_point(random_seed=0)


@pytest.mark.parametrize("name", FAMILIES)
def test_graph_of_value_and_gradient_stays_small(name, rows):
    """Counted work: what PyTensor compiles, and runs for every gradient, has as many operations as it had."""
    function, _ = lift_numbers(*state(pose(rows, Priors(means=pm.StudentT.dist(3, mu=0, sigma=5)), name, K=3)))
    assert len(function.maker.fgraph.apply_nodes) <= NODES[name]


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
    first, *others = [state(problem) for problem in other_problems(rows)]
    function = compile_log_posterior(*first)
    with event.install_recorder("numba:compile") as compilations:
        functions = [compile_log_posterior(*other) for other in others]
    assert not compilations.buffer
    assert all(other.code is function.code for other in functions)
    for (model, _), compiled in zip((first, *others), (function, *functions), strict=True):
        plain = model.logp_dlogp_function(ravel_inputs=True, mode="FAST_COMPILE")
        plain.set_extra_values({})
        for _ in range(3):
            x = rng.normal(size=compiled.n_dim)
            value, gradient = compiled(x)
            expected = plain(x)
            np.testing.assert_allclose(value, expected[0], rtol=1e-11)
            np.testing.assert_allclose(gradient, expected[1], rtol=1e-9, atol=1e-9)


def test_prior_of_another_kind_is_another_function(rows):
    kinds = [pm.StudentT.dist(4.0, mu=1.0, sigma=5.0), pm.Laplace.dist(1.0, 5.0), pm.Logistic.dist(1.0, 5.0)]
    graphs = [lift_numbers(*state(pose(rows, Priors(means=kind))))[0].maker.fgraph for kind in kinds]
    assert len({numba_funcify_and_cache_key(g)[1] for g in graphs}) == 3


def test_no_density_is_no_number_and_no_crash(rows):
    function = compile_log_posterior(*state(other_problems(rows)[0]))
    value, gradient = function(np.full(function.n_dim, np.nan))
    assert np.isnan(value) and not np.isfinite(gradient).all()
