"""The compiled PyMC model is the fused target, and takes the priors that this does not know.

PyTensor compiles for every kind of model here, so there are few of them.
"""

import numpy as np
import pymc as pm
import pytest

from bayesgmm.covariance import FAMILIES
from bayesgmm.data import as_data
from bayesgmm.em.fit import fit_em
from bayesgmm.errors import InvalidArgumentError
from bayesgmm.inference.advi import fit_advi, fit_fullrank_advi
from bayesgmm.inference.compiled import compile_model, curvature_errors, start_values
from bayesgmm.inference.laplace import fit_laplace
from bayesgmm.inference.peak import find_peak
from bayesgmm.inference.problem import Problem, SamplingSettings
from bayesgmm.model.build import model_from_data
from bayesgmm.model.priors import Priors

LOC, SCALE = [3.0, 70.0], [2.0, 20.0]


def settings(**changes):
    chosen = {"draws": 500, "chains": 2, "tune": None, "cores": 2, "seed": 1, "progressbar": False} | changes
    return SamplingSettings(**chosen)


def pose(X, priors, name="full", K=2):
    data, family = as_data(X), FAMILIES[name]
    return Problem(data, family, priors.resolve(data, K, family), fit_em(data, K, family, random_state=1).mixture)


def nameless(loc, scale):
    """A normal prior that is not recognised."""
    return pm.CustomDist.dist(loc, scale, dist=lambda loc, scale, size: pm.Normal.dist(loc, scale, size=size))


@pytest.fixture(scope="module")
def known(faithful):
    return pose(faithful, Priors(means=pm.Normal.dist(LOC, SCALE)))


@pytest.fixture(scope="module")
def other(faithful):
    problem = pose(faithful, Priors(means=nameless(LOC, SCALE)))
    assert not problem.priors.is_named
    return problem


def test_compiled_model_equals_the_target(known, other, rng):
    """Value 1e-9 relative, gradient 1e-7, parameters 1e-12, mode and curvature to what the search leaves open."""
    fused, compiled = find_peak(known, settings()), compile_model(other)
    np.testing.assert_allclose(compiled.start, fused.target.pack(known.start), atol=1e-12)
    x = fused.whitening.unwhiten(rng.standard_normal((3, 2, fused.target.n_dim)))
    for point in x.reshape(6, -1):
        expected, found = fused.log_posterior(point), compiled.log_posterior(point)
        assert found[0] == pytest.approx(expected[0], rel=1e-9)
        np.testing.assert_allclose(found[1], expected[1], rtol=1e-7, atol=1e-6)
    expected, found = fused.unpack(x), compiled.unpack(x)
    assert list(found) == list(expected)
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-12)
        np.testing.assert_array_equal(compiled.unpack(x[1, 0])[name], found[name][1, 0])


@pytest.mark.parametrize("method", [fit_laplace, fit_advi, fit_fullrank_advi])
def test_methods_give_on_the_graph_what_they_give_on_the_target(method, known, other):
    """The same approximation: evidence within four errors, means within 0.15 posterior sd, sds within 10 %.

    The fixed draws look along other axes where the factors of the whitening differ by a rotation, so the ELBOs differ
    as those of two seeds: by four times sqrt(2) times 0.006 nats, their sd over 25 seeds.
    """
    expected, found = method(known, settings(draws=2000)), method(other, settings(draws=2000))
    errors = [drawn.attrs["log_evidence_one_mode_error"] for drawn in (expected, found)]
    values = [drawn.attrs["log_evidence_one_mode"] for drawn in (expected, found)]
    assert abs(values[0] - values[1]) < 4 * np.hypot(*errors)
    if "elbo" in expected.attrs:
        assert found.attrs["elbo"] == pytest.approx(expected.attrs["elbo"], abs=0.035)
    for name, value in expected.values.items():
        mean, sd = value.mean((0, 1)), value.std((0, 1))
        np.testing.assert_array_less(np.abs(found.values[name].mean((0, 1)) - mean), 0.15 * sd)
        np.testing.assert_allclose(found.values[name].std((0, 1)), sd, rtol=0.1)


def test_prior_with_a_range_of_its_own_is_never_left(faithful):
    """Means between 0 and 100, on a logit scale: the transform is the prior's own."""
    problem = pose(faithful[["waiting"]], Priors(means=pm.Uniform.dist(0.0, 100.0)), "diag", 1)
    drawn = fit_laplace(problem, settings())
    assert drawn.attrs["pareto_k"] < 0.7
    x = np.asarray(faithful["waiting"])
    error = x.std() / np.sqrt(x.size)
    assert drawn.values["means"].mean() == pytest.approx(x.mean(), abs=0.2 * error)
    assert drawn.values["means"].std() == pytest.approx(error, rel=0.1)


@pytest.mark.parametrize("name", FAMILIES)
def test_start_is_the_labelled_mixture_in_the_models_own_shapes(name, faithful):
    problem = pose(faithful, Priors(means=pm.StudentT.dist(3, mu=0, sigma=5)), name)
    model = model_from_data(problem.data, 2, problem.family, problem.priors)
    start = start_values(problem)
    for variable in model.free_RVs:
        assert start[variable.name].shape == tuple(variable.shape.eval(mode="FAST_COMPILE"))
    np.testing.assert_array_equal(start["means"], problem.start.means)


def test_prior_of_whole_rows_equals_the_same_prior_number_by_number(faithful):
    """A multivariate normal with a diagonal covariance is a product of normals: one density for the model's vector."""
    covariance = np.diag(np.square(SCALE))
    densities = []
    for prior in (pm.MvNormal.dist(LOC, covariance), pm.Normal.dist(LOC, SCALE)):
        problem = pose(faithful, Priors(means=prior))
        model = model_from_data(problem.data, 2, problem.family, problem.priors)
        evaluate = pm.compile(model.value_vars, model.logp(), mode="FAST_COMPILE", on_unused_input="ignore")
        densities.append(evaluate(*(model.initial_point()[value.name] for value in model.value_vars)))
    assert densities[0] == pytest.approx(densities[1], rel=1e-12)


def test_minibatches_need_named_priors(other):
    with pytest.raises(InvalidArgumentError, match="must be None where a prior is not a named one; got 50"):
        fit_advi(other, settings(options={"minibatch": 50}))


def test_prior_that_excludes_the_em_solution_is_one_clear_error(faithful):
    problem = pose(faithful, Priors(means=pm.TruncatedNormal.dist(200.0, 5.0, lower=150.0)))
    with pytest.raises(InvalidArgumentError, match=r"`priors.means` must have a density above zero at the EM"):
        fit_laplace(problem, settings())


def test_start_at_the_end_of_a_range_is_one_clear_error(faithful):
    """The density is above zero there, but the coordinate is infinite: there is nowhere to begin."""
    lower = float(pose(faithful[["waiting"]], Priors(), "diag", 1).start.means[0, 0])
    problem = pose(faithful[["waiting"]], Priors(means=pm.Uniform.dist(lower, 100.0)), "diag", 1)
    with pytest.raises(InvalidArgumentError, match="`priors` must have a density above zero at the EM solution"):
        compile_model(problem)


def test_errors_are_the_widths_of_the_peak_and_at_most_one():
    precision = np.array([4.0, 1e4, 1e-6])
    found = curvature_errors(lambda x: (-0.5 * float(precision @ x**2), -precision * x), np.array([0.1, 0.0, 3.0]))
    np.testing.assert_allclose(found, [0.5, 0.01, 1.0], rtol=1e-6)
