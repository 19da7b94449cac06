"""Priors: what is recognised, what the defaults are, what is refused, what is said of them."""

import json
import subprocess
import sys
import warnings

import numpy as np
import pymc as pm
import pytest
from scipy import integrate, stats

from bayesgmm.covariance import FAMILIES
from bayesgmm.data import as_data
from bayesgmm.errors import InvalidArgumentError, InvalidArgumentTypeError, PriorWarning
from bayesgmm.model import named
from bayesgmm.model.priors import Priors, column_scale, sds_shape
from bayesgmm.model.recognition import MEANS, SDS, recognise

K, D = 3, 2
SHAPES = {"full": (K, D), "tied": (D,), "diag": (K, D), "spherical": (K,)}

NAMED = {  # with a SciPy distribution of the value or, for the inverse gamma, of its square
    "LogNormal": named.LogNormal(0.3, 0.7),
    "LogNormal truncated": named.LogNormal(0.3, 0.7, lower=0.8),
    "HalfNormal": named.HalfNormal(1.5),
    "Exponential": named.Exponential(0.4),
    "Gamma": named.Gamma(0.6, 2.0),
    "InverseGammaVariance": named.InverseGammaVariance(3.0, 2.0),
    "HalfStudentT": named.HalfStudentT(4.0, 1.5),
}

RECOGNISED = {  # what the user writes, and the name and parameters it is known by
    "HalfNormal": (lambda: pm.HalfNormal.dist(2), named.HalfNormal, {"sigma": 2.0}),
    "HalfNormal by tau": (lambda: pm.HalfNormal.dist(tau=4.0), named.HalfNormal, {"sigma": 0.5}),
    "LogNormal": (lambda: pm.LogNormal.dist(1, 0.5), named.LogNormal, {"mu": 1.0, "sigma": 0.5, "lower": 0.0}),
    "truncated LogNormal": (
        lambda: pm.Truncated.dist(pm.LogNormal.dist(0.0, 1.0), lower=0.1),
        named.LogNormal,
        {"mu": 0.0, "sigma": 1.0, "lower": 0.1},
    ),
    "Exponential": (lambda: pm.Exponential.dist(3), named.Exponential, {"rate": 3.0}),
    "Exponential by scale": (lambda: pm.Exponential.dist(scale=4.0), named.Exponential, {"rate": 0.25}),
    "Gamma": (lambda: pm.Gamma.dist(2, 3), named.Gamma, {"shape": 2.0, "rate": 3.0}),
    "Gamma with a shape": (lambda: pm.Gamma.dist(2, 3, shape=(K, D)), named.Gamma, {"shape": 2.0, "rate": 3.0}),
    "Gamma by mean": (lambda: pm.Gamma.dist(mu=2.0, sigma=1.0), named.Gamma, {"shape": 4.0, "rate": 2.0}),
    "root of an InverseGamma": (
        lambda: pm.math.sqrt(pm.InverseGamma.dist(2, 3)),
        named.InverseGammaVariance,
        {"shape": 2.0, "scale": 3.0},
    ),
    "HalfStudentT": (lambda: pm.HalfStudentT.dist(3, 2), named.HalfStudentT, {"nu": 3.0, "sigma": 2.0}),
    "HalfCauchy": (lambda: pm.HalfCauchy.dist(2), named.HalfStudentT, {"nu": 1.0, "sigma": 2.0}),
    "one sigma per feature": (lambda: pm.HalfNormal.dist([1.0, 2.0]), named.HalfNormal, {"sigma": [1.0, 2.0]}),
}


def a_constant():
    return pm.Data("constant", 2.0)


def a_variable():
    return pm.Normal("variable")


def exponential_of_a_normal(size):
    return pm.math.exp(pm.Normal.dist(0.0, 1.0, size=size))


UNNAMED = {
    "another distribution": lambda: pm.Weibull.dist(1.0, 2.0),
    "an inverse gamma sd": lambda: pm.InverseGamma.dist(2.0, 3.0),
    "an expression of its own": lambda: pm.CustomDist.dist(dist=exponential_of_a_normal),
    "truncated above too": lambda: pm.Truncated.dist(pm.LogNormal.dist(0.0, 1.0), lower=0.1, upper=5.0),
    "another truncated": lambda: pm.Truncated.dist(pm.Gamma.dist(2.0, 3.0), lower=0.1),
    "a parameter that is data": lambda: pm.HalfNormal.dist(a_constant()),
}

EXPRESSIONS = {
    "a shifted one": lambda: pm.HalfNormal.dist(2.0) + 1.0,
    "a root of something else": lambda: pm.math.sqrt(pm.Gamma.dist(2.0, 3.0)),
}


@pytest.fixture
def data(rng):
    """Feature b repeats values; a does not."""
    x = rng.standard_normal((40, D)) * [1.0, 30.0] + 5.0
    x[:, 1] = x[:, 1].round()
    return as_data(x)


@pytest.mark.parametrize("name", NAMED)
def test_named_prior_is_normalised_on_its_support(name):
    prior = NAMED[name]
    mass = [
        integrate.quad(lambda s: float(np.exp(prior.log_density(s))), *ends, epsabs=1e-12, epsrel=1e-12, limit=500)[0]
        for ends in ((float(prior.lower), 1.0), (1.0, 10.0), (10.0, np.inf))
    ]
    np.testing.assert_allclose(sum(mass), 1.0, rtol=1e-8)
    assert prior.log_density(0.5 * prior.lower) == -np.inf


@pytest.mark.parametrize("prior", [*NAMED.values(), named.Normal(0.4, 2.0)], ids=[*NAMED, "Normal"])
def test_rescaled_prior_is_the_same_in_another_unit(prior):
    s, unit = np.array([0.9, 2.0, 7.0]), 30.0
    expected = prior.log_density(s) + np.log(unit)
    np.testing.assert_allclose(prior.rescale(unit).log_density(s / unit), expected, rtol=1e-13)


@pytest.mark.parametrize("case", RECOGNISED)
def test_named_prior_is_recognised(case):
    build, kind, parameters = RECOGNISED[case]
    prior = recognise(build(), SDS)
    assert type(prior) is kind
    for name, expected in parameters.items():
        np.testing.assert_allclose(*np.broadcast_arrays(prior.parameters[name], expected), rtol=1e-15)


@pytest.mark.parametrize("case", RECOGNISED)
def test_recognised_prior_has_the_density_that_pymc_gives(case):
    """PyMC rounds parameters given as whole numbers to single precision."""
    variable, s = RECOGNISED[case][0](), np.array([[0.3, 2.0]] * K)
    expected = pm.logp(variable, np.where(s > 0, s, s)).eval(mode="FAST_COMPILE")
    np.testing.assert_allclose(recognise(variable, SDS).log_density(s), expected, rtol=1e-6)


@pytest.mark.parametrize("case", UNNAMED)
def test_other_prior_is_kept_as_it_is(case, data):
    with pm.Model():
        variable = UNNAMED[case]()
    assert recognise(variable, SDS) is variable
    resolved = Priors(sds=variable).resolve(data, K, FAMILIES["tied"])
    assert resolved.sds is variable and not resolved.is_named


@pytest.mark.parametrize("case", EXPRESSIONS)
def test_expression_is_not_recognised(case):
    variable = EXPRESSIONS[case]()
    assert recognise(variable, SDS) is variable


def test_half_normal_must_not_be_shifted():
    variable = pm.HalfNormal.dist(2.0)
    rng, size, loc, sigma = variable.owner.inputs
    shifted = variable.owner.op.make_node(rng, size, loc + 1.0, sigma).outputs[1]
    assert isinstance(recognise(variable, SDS), named.HalfNormal)
    assert recognise(shifted, SDS) is shifted


def test_prior_of_means_is_recognised():
    prior = recognise(pm.Normal.dist([0, 1], 2), MEANS)
    assert prior.to_dict() == {"name": "Normal", "loc": [0.0, 1.0], "scale": 2.0}
    laplace = pm.Laplace.dist(0.0, 1.0)
    assert recognise(laplace, MEANS) is laplace


@pytest.mark.parametrize("family", FAMILIES)
def test_defaults_follow_the_data(family, data):
    """Means: column mean and 2.5 column sds. Sds: column sd K^(-1/D), bounded at half the resolution."""
    resolved = Priors().resolve(data, K, FAMILIES[family])
    assert resolved.is_named and resolved.is_exchangeable
    np.testing.assert_allclose(resolved.means.loc, np.tile(data.location, (K, 1)))
    np.testing.assert_allclose(resolved.means.scale, np.tile(2.5 * data.scale, (K, 1)))
    unit = np.full(D, data.common_scale) if family == "spherical" else data.scale
    bound = np.zeros(D) if family == "spherical" else np.array([0.0, 0.5])  # feature 0 does not repeat values
    shape = SHAPES[family]
    assert sds_shape(FAMILIES[family], K, D) == shape == resolved.sds.mu.shape
    own = slice(None) if shape[-1] == D else slice(1)
    np.testing.assert_array_equal(column_scale(data, FAMILIES[family]), unit)
    np.testing.assert_allclose(resolved.sds.mu, np.broadcast_to(np.log(unit * K ** (-1 / D))[own], shape))
    np.testing.assert_allclose(resolved.sds.lower, np.broadcast_to(bound[own], shape))
    np.testing.assert_array_equal(resolved.sds.sigma, np.ones(shape))
    np.testing.assert_array_equal(resolved.concentration, np.full(K, 2.0))
    assert resolved.lkj_eta == 2.0


def test_spherical_sds_are_bounded_where_every_column_repeats_values(rng):
    data = as_data((rng.standard_normal((60, 2)) * [1.0, 30.0]).round(1))
    lower = Priors().resolve(data, K, FAMILIES["spherical"]).sds.lower
    np.testing.assert_allclose(lower, np.full(K, 0.5 * data.resolution.min()))
    assert (lower > 0).all()


def test_defaults_are_resolved_without_pymc():
    code = (
        "import sys, numpy as np; from bayesgmm.covariance import Full; from bayesgmm.data import as_data;"
        "from bayesgmm.model.priors import Priors;"
        "Priors().resolve(as_data(np.arange(12.0).reshape(6, 2) ** 2), 2, Full());"
        "sys.exit('pymc' in sys.modules or 'pytensor' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


DIFFERENT = {
    "nothing": (lambda: {}, True),
    "concentration": (lambda: {"concentration": [1.0, 1.0, 2.0]}, False),
    "equal concentrations": (lambda: {"concentration": [1.0, 1.0, 1.0]}, True),
    "means per feature": (lambda: {"means": pm.Normal.dist([0.0, 9.0], 1.0)}, True),
    "means per component": (lambda: {"means": pm.Normal.dist(np.arange(3.0)[:, None], 1.0)}, False),
    "unnamed means per component": (lambda: {"means": pm.Laplace.dist(np.arange(3.0)[:, None], 1.0)}, False),
    "unnamed means with a shape": (lambda: {"means": pm.Laplace.dist(0.0, 1.0, shape=(K, D))}, True),
    "unnamed means, written out": (lambda: {"means": pm.Laplace.dist(np.zeros((K, D)), 1.0)}, True),
    "multivariate means": (lambda: {"means": pm.MvNormal.dist(np.zeros(D), np.diag([1.0, 2.0]))}, True),
    "multivariate per component": (lambda: {"means": pm.MvNormal.dist(np.eye(K)[:, :D], np.eye(D))}, False),
    "sds per component": (lambda: {"sds": named.InverseGammaVariance([[1.0], [2.0], [3.0]], 1.0)}, False),
    "sds per feature": (lambda: {"sds": named.InverseGammaVariance([1.0, 2.0], 1.0)}, True),
}


@pytest.mark.parametrize("case", DIFFERENT)
def test_exchangeable_priors_are_the_same_for_every_component(case, data):
    build, expected = DIFFERENT[case]
    assert Priors(**build()).resolve(data, K, FAMILIES["full"]).is_exchangeable is expected


def test_tied_sds_belong_to_no_component(rng):
    data = as_data(rng.standard_normal((30, 3)))
    sds = named.HalfNormal([1.0, 2.0, 3.0])
    assert Priors(sds=sds).resolve(data, 3, FAMILIES["tied"]).is_exchangeable
    assert not Priors(sds=sds).resolve(data, 3, FAMILIES["spherical"]).is_exchangeable


GUARDS = {  # whether a prior leaves a spike on a column that repeats values
    "HalfNormal": (lambda: pm.HalfNormal.dist(2.0), True),
    "LogNormal": (lambda: pm.LogNormal.dist(0.0, 1.0), True),
    "Gamma": (lambda: pm.Gamma.dist(2.0, 1.0), True),
    "InverseGamma": (lambda: pm.math.sqrt(pm.InverseGamma.dist(2.0, 3.0)), False),
    "truncated LogNormal": (lambda: pm.Truncated.dist(pm.LogNormal.dist(0.0, 1.0), lower=0.1), False),
    "bounded where it matters": (lambda: named.LogNormal(0.0, 1.0, lower=[0.0, 0.5]), False),
    "bounded elsewhere": (lambda: named.LogNormal(0.0, 1.0, lower=[0.5, 0.0]), True),
    "unnamed, flat": (lambda: pm.Uniform.dist(0, 5), True),
    "unnamed, a power": (lambda: pm.Weibull.dist(2, 1), True),
    "unnamed, a high power": (lambda: pm.Weibull.dist(30, 1), True),
    "unnamed, truncated at zero": (lambda: pm.TruncatedNormal.dist(0.0, 3.0, lower=0), True),
    "unnamed, log-normal": (lambda: pm.CustomDist.dist(dist=exponential_of_a_normal), True),
    "unnamed, in one feature": (lambda: pm.Uniform.dist([0.0, 0.5], 5.0), False),
    "unnamed, in the other feature": (lambda: pm.Uniform.dist([0.5, 0.0], 5.0), True),
    "unnamed, joint": (lambda: pm.Dirichlet.dist(np.full(D, 2.0)), True),
    "unnamed, bounded": (lambda: pm.TruncatedNormal.dist(0.0, 3.0, lower=0.5), False),
    "unnamed, exponential in 1 / s": (lambda: pm.InverseGamma.dist(2.0, 3.0), False),
    "the default": (lambda: None, False),
}


PER_FEATURE = ("bounded where it matters", "bounded elsewhere", *(case for case in GUARDS if "feature" in case))
GUARDED = [
    (case, f)
    for case in GUARDS
    for f in FAMILIES
    if f in ("full", "diag") or case not in (*PER_FEATURE, "unnamed, joint")
]


@pytest.mark.parametrize(("case", "family"), GUARDED)
def test_prior_without_a_guard_is_warned_of(case, family, data):
    """Column x1 repeats values and x0 does not, so that one sd for both, or for all rows, has no spike."""
    build, is_open = GUARDS[case]
    priors = Priors(sds=build())
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        priors.resolve(data, K, FAMILIES[family])
    found = [str(w.message) for w in caught if w.category is PriorWarning]
    assert bool(found) == (is_open and family in ("full", "diag"))
    assert all("column 'x1'" in sentence and "'x0'" not in sentence for sentence in found)


def test_description_is_short_json(data):
    with pm.Model():
        sds = pm.Weibull.dist(1.5, a_constant())
    priors = Priors(concentration=[1.0, 2.0, 3.0], means=pm.Normal.dist(0, [1.0, 2.0]), sds=sds, lkj_eta=3)
    with pytest.warns(PriorWarning, match="WeibullBeta reaches down to zero"):
        resolved = priors.resolve(data, K, FAMILIES["full"])
    assert json.loads(resolved.to_json()) == {
        "concentration": [1.0, 2.0, 3.0],
        "means": {"name": "Normal", "loc": 0.0, "scale": [1.0, 2.0]},
        "sds": {"name": "WeibullBeta", "parameters": [1.5, "?"]},
        "lkj_eta": 3.0,
    }


def test_concentrations_are_read_off_a_dirichlet(data):
    resolved = Priors(concentration=pm.Dirichlet.dist([1.0, 2.0, 5.0])).resolve(data, K, FAMILIES["full"])
    np.testing.assert_array_equal(resolved.concentration, [1.0, 2.0, 5.0])
    assert not resolved.is_exchangeable


def test_a_flat_prior_has_a_density_and_needs_no_draws(data):
    flat = pm.Flat.dist()
    assert Priors(means=flat).resolve(data, K, FAMILIES["full"]).means is flat


def test_values_are_copied_and_frozen():
    concentration = np.ones(3)
    priors = Priors(concentration=concentration)
    concentration[0] = 9.0
    np.testing.assert_array_equal(priors.concentration, np.ones(3))
    with pytest.raises(ValueError, match="read-only"):
        priors.concentration[0] = 2.0
    with pytest.raises(AttributeError):
        priors.lkj_eta = 1.0


ERRORS = {
    "negative concentration": (lambda: {"concentration": -1}, InvalidArgumentError, "`concentration` must be positive"),
    "no concentration": (lambda: {"concentration": []}, InvalidArgumentError, "`concentration` must be positive"),
    "NaN concentration": (lambda: {"concentration": [1, np.nan]}, InvalidArgumentError, "positive and finite"),
    "text": (lambda: {"concentration": "a"}, InvalidArgumentTypeError, "`concentration` must be a positive number"),
    "matrix": (
        lambda: {"concentration": np.ones((3, 3))},
        InvalidArgumentError,
        r"of shape \(K,\); got shape \(3, 3\)",
    ),
    "zero eta": (lambda: {"lkj_eta": 0}, InvalidArgumentError, "`lkj_eta` must be positive and finite; got 0"),
    "true eta": (lambda: {"lkj_eta": True}, InvalidArgumentError, "`lkj_eta` must be positive"),
    "two etas": (lambda: {"lkj_eta": [1, 2]}, InvalidArgumentError, "`lkj_eta` must be one number"),
    "number for means": (lambda: {"means": 3}, InvalidArgumentTypeError, "`means` must be an unregistered PyMC dist"),
    "class for sds": (lambda: {"sds": pm.HalfNormal}, InvalidArgumentTypeError, "`sds` must be an unregistered PyMC"),
    "SciPy for sds": (
        lambda: {"sds": stats.norm(0, 1)},
        InvalidArgumentTypeError,
        "`sds` must be an unregistered PyMC",
    ),
    "constant": (lambda: {"sds": pm.math.constant(2.0)}, InvalidArgumentTypeError, "`sds` must be an unregistered"),
    "registered": (lambda: {"means": a_variable()}, InvalidArgumentError, "got the variable 'variable'. Build it with"),
    "discrete": (lambda: {"sds": pm.Poisson.dist(2)}, InvalidArgumentError, "`sds` must be a continuous distribution"),
    "sds below zero": (lambda: {"sds": pm.Normal.dist(0, 1)}, InvalidArgumentError, "`sds` must be .*positive numbers"),
    "sds partly below zero": (lambda: {"sds": pm.Uniform.dist(-1, 20)}, InvalidArgumentError, "positive numbers; got"),
    "sds sloping below zero": (
        lambda: {"sds": pm.Triangular.dist(-1, 20, c=3)},
        InvalidArgumentError,
        "`sds` must be a distribution of positive numbers",
    ),
    "one of the sds below zero": (
        lambda: {"sds": pm.Uniform.dist([0.0, -1e-5], 1.0)},
        InvalidArgumentError,
        "`sds` must be a distribution of positive numbers",
    ),
    "expression for sds": (
        lambda: {"sds": pm.math.exp(pm.Normal.dist(0, 1))},
        InvalidArgumentTypeError,
        "`sds` must be a PyMC distribution .* Wrap an expression",
    ),
    "expression for means": (
        lambda: {"means": pm.Normal.dist(0, 1) + 3.0},
        InvalidArgumentTypeError,
        "`means` must be a PyMC distribution .* Wrap an expression",
    ),
    "random parameter of means": (
        lambda: {"means": pm.Normal.dist(pm.Normal.dist(3, 1), 30)},
        InvalidArgumentError,
        "`means` must be a distribution with parameters that are numbers; got .* random parameter. Put numbers",
    ),
    "random parameter of sds": (
        lambda: {"sds": pm.HalfNormal.dist(pm.math.exp(a_variable()))},
        InvalidArgumentError,
        "`sds` must be a distribution with parameters that are numbers",
    ),
    "hidden random parameter": (
        lambda: {"sds": pm.Truncated.dist(pm.Normal.dist(pm.Exponential.dist(1.0), 2.0), lower=0.0)},
        InvalidArgumentError,
        "`sds` must be a distribution with parameters that are numbers",
    ),
    "no log density": (
        lambda: {"means": pm.CustomDist.dist(random=lambda rng, size: rng.normal(size=size))},
        InvalidArgumentError,
        "`means` must have a log density",
    ),
    "mean's prior for sds": (
        lambda: {"sds": named.Normal(0, 1)},
        InvalidArgumentError,
        "`sds` must be a ScalePrior .*; got Normal",
    ),
    "sd's prior for means": (
        lambda: {"means": named.Gamma(1, 1)},
        InvalidArgumentError,
        "`means` must be a Normal .*; got Gamma",
    ),
    "concentrations for other K": (
        lambda: {"concentration": [1, 2]},
        InvalidArgumentError,
        r"`concentration` must be a number or of shape \(K,\) = \(3,\); got shape \(2,\)",
    ),
    "means of another shape": (
        lambda: {"means": pm.Normal.dist(0, 1, shape=5)},
        InvalidArgumentError,
        r"`means` must broadcast to shape \(3, 2\); got shape \(5,\)",
    ),
    "sds of another shape": (
        lambda: {"sds": pm.HalfNormal.dist(np.ones(3))},
        InvalidArgumentError,
        r"`sds` must broadcast to shape \(3, 2\); got shape \(3,\)",
    ),
    "negative scale": (
        lambda: {"means": pm.Normal.dist(0, -1)},
        InvalidArgumentError,
        r"`means` must have Normal.scale positive and finite; got -1.0",
    ),
    "mean that is no number": (
        lambda: {"means": pm.Normal.dist([0, np.nan], 1)},
        InvalidArgumentError,
        r"`means` must have Normal.loc finite; got \[0.0, nan\]",
    ),
    "infinite sigma": (
        lambda: {"sds": pm.HalfNormal.dist([1.0, np.inf])},
        InvalidArgumentError,
        r"`sds` must have HalfNormal.sigma positive and finite; got \[1.0, inf\]",
    ),
    "negative rate": (
        lambda: {"sds": pm.Exponential.dist(-3.0)},
        InvalidArgumentError,
        r"`sds` must have Exponential.rate positive and finite",
    ),
    "negative scale, no name": (
        lambda: {"means": pm.Laplace.dist(0, -1)},
        InvalidArgumentError,
        r"`means` must have parameters that are finite and in their range; got Laplace \(PyMC says: b > 0\)",
    ),
    "no number, no name": (
        lambda: {"means": pm.Laplace.dist(np.nan, 1)},
        InvalidArgumentError,
        r"`means` must have parameters .*; got Laplace \(it draws what is no finite number\)",
    ),
    "infinite, no name": (
        lambda: {"means": pm.Laplace.dist(np.inf, 1)},
        InvalidArgumentError,
        r"`means` must have parameters .*; got Laplace \(it draws what is no finite number\)",
    ),
    "covariance that is none": (
        lambda: {"means": pm.MvNormal.dist(np.zeros(2), -np.eye(2))},
        InvalidArgumentError,
        r"`means` must have parameters .*; got MvNormal \(PyMC says: posdef",
    ),
    "limits in the wrong order": (
        lambda: {"sds": pm.Uniform.dist(5, 1)},
        InvalidArgumentError,
        r"`sds` must have parameters .*; got Uniform \(PyMC says: lower <= upper\)",
    ),
    "negative shape, no name": (
        lambda: {"sds": pm.Weibull.dist(-1, 1)},
        InvalidArgumentError,
        r"`sds` must have parameters .*; got WeibullBeta \(PyMC says: alpha > 0",
    ),
    "one mean for each component": (
        lambda: {"means": pm.Normal.dist([0, 1, 2], 1)},
        InvalidArgumentError,
        r"to shape \(3, 2\); got shape \(3,\). One value for each component is a column: values\[:, None\]",
    ),
    "number for sds": (
        lambda: {"sds": 2.0},
        InvalidArgumentTypeError,
        r"`sds` must be an unregistered PyMC distribution such as pm.HalfNormal.dist\(2\); got 2.0",
    ),
    "concentrations of a Dirichlet for other K": (
        lambda: {"concentration": pm.Dirichlet.dist([1.0, 2.0])},
        InvalidArgumentError,
        r"`concentration` must be a number or of shape \(K,\) = \(3,\); got shape \(2,\)",
    ),
    "negative Dirichlet": (
        lambda: {"concentration": pm.Dirichlet.dist([1.0, -2.0, 1.0])},
        InvalidArgumentError,
        "`concentration` must be positive and finite",
    ),
    "random concentration": (
        lambda: {"concentration": pm.Dirichlet.dist(pm.Exponential.dist(1.0, shape=3))},
        InvalidArgumentTypeError,
        "`concentration` must be a positive number",
    ),
    "another distribution of weights": (
        lambda: {"concentration": pm.HalfNormal.dist(1.0)},
        InvalidArgumentTypeError,
        "`concentration` must be a positive number",
    ),
    "negative bound": (
        lambda: {"sds": named.LogNormal(0, 1, -1)},
        InvalidArgumentError,
        "`LogNormal.lower` must be ze",
    ),
}


@pytest.mark.parametrize("case", ERRORS)
def test_unusable_priors_are_refused(case, data):
    build, error, match = ERRORS[case]
    with pm.Model(), pytest.raises(error, match=match):
        Priors(**build()).resolve(data, K, FAMILIES["full"])
