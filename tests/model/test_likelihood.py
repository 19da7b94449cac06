"""The Op and the distribution of a row: equal to the plain density, to its finite differences, and one in the graph."""

import numpy as np
import pymc as pm
import pytensor
import pytensor.tensor as pt
import pytest
from pytensor.graph.rewriting.utils import rewrite_graph
from pytensor.graph.traversal import ancestors

from bayesgmm import density
from bayesgmm.model.likelihood import (
    MixtureRows,
    RowLogDensity,
    RowLogDensityPullback,
    broadcast_scalar,
    row_log_density,
)

SHAPES = [(40, 3, 2), (7, 1, 1), (300, 2, 5)]


def make_mixture(rng, shape, is_diagonal=False):
    """Rows, log weights, means and scale, Cholesky factors or standard deviations."""
    N, K, D = shape
    x, means = rng.normal(size=(N, D)), rng.normal(size=(K, D))
    log_weights = np.log(rng.dirichlet(np.ones(K)))
    sds = rng.uniform(0.5, 2.0, (K, D))
    factors = 0.5 * np.tril(rng.normal(size=(K, D, D)), -1) + sds[..., None] * np.eye(D)
    return x, log_weights, means, sds if is_diagonal else factors


def plain_rows(x, log_weights, means, scale):
    factors = scale[..., None] * np.eye(x.shape[1]) if scale.ndim == 2 else scale
    return density.log_density(x, log_weights, means, factors)


def plain_gradient(x, log_weights, means, scale, row_weights, step=1e-6):
    """Central differences of sum_n g_n log f(x_n) in every parameter; zero above the diagonal of a factor."""
    parameters = (log_weights, means, scale)
    gradients = []
    for i, parameter in enumerate(parameters):
        gradient = np.zeros(parameter.shape)
        for index in np.ndindex(parameter.shape):
            if len(index) == 3 and index[2] > index[1]:
                continue
            ends = []
            for sign in (1, -1):
                moved = parameter.copy()
                moved[index] += sign * step
                ends.append(row_weights @ plain_rows(x, *parameters[:i], moved, *parameters[i + 1 :]))
            gradient[index] = (ends[0] - ends[1]) / (2 * step)
        gradients.append(gradient)
    return gradients


def count_passes(outputs):
    nodes = {v.owner for v in ancestors(outputs) if v.owner is not None}
    return [type(node.op).__name__ for node in nodes if isinstance(node.op, (RowLogDensity, RowLogDensityPullback))]


def symbols(is_diagonal):
    return pt.vector("log_weights"), pt.matrix("means"), pt.matrix("sds") if is_diagonal else pt.tensor3("factors")


@pytest.fixture(scope="module", params=[False, True], ids=["dense", "diagonal"])
def compiled(request):
    """Rows, the gradient of their sum and of their weighted sum, compiled once for every shape."""
    x, row_weights, parameters = pt.matrix("x"), pt.vector("row_weights"), symbols(request.param)
    rows = row_log_density(x, *parameters)
    weighted = pt.grad((row_weights * rows).sum(), list(parameters))
    outputs = [rows, *pt.grad(rows.sum(), list(parameters)), *weighted]
    return request.param, pytensor.function([x, row_weights, *parameters], outputs)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_rows_equal_plain_density(compiled, shape, rng):
    is_diagonal, function = compiled
    mixture = make_mixture(rng, shape, is_diagonal)
    rows = function(mixture[0], np.ones(shape[0]), *mixture[1:])[0]
    np.testing.assert_allclose(rows, plain_rows(*mixture), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_gradients_equal_finite_differences(compiled, shape, rng):
    is_diagonal, function = compiled
    mixture = make_mixture(rng, shape, is_diagonal)
    row_weights = rng.uniform(0, 2, shape[0])
    results = function(mixture[0], row_weights, *mixture[1:])
    for got, expected in zip(results[1:4], plain_gradient(*mixture, np.ones(shape[0])), strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-6, atol=1e-6)
    for got, expected in zip(results[4:], plain_gradient(*mixture, row_weights), strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-6, atol=1e-6)


def test_python_path_equals_compiled_path(compiled, rng):
    is_diagonal, function = compiled
    mixture = make_mixture(rng, (40, 3, 2), is_diagonal)
    row_weights = rng.uniform(0, 2, 40)
    outputs = [v.variable for v in function.maker.outputs]
    python = pytensor.function([v.variable for v in function.maker.inputs], outputs, mode="FAST_COMPILE")
    for got, expected in zip(
        python(mixture[0], row_weights, *mixture[1:]), function(mixture[0], row_weights, *mixture[1:]), strict=True
    ):
        np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("compiled", [False], ids=["dense"], indirect=True)
def test_rows_of_any_memory_order_are_read(compiled, rng):
    is_diagonal, function = compiled
    x, *parameters = make_mixture(rng, (40, 3, 2), is_diagonal)
    plain = function(x, np.ones(40), *parameters)
    turned = function(np.asfortranarray(x), np.ones(80)[::2], *(np.asfortranarray(p) for p in parameters))
    for got, expected in zip(turned, plain, strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-13, atol=1e-13)  # each order is compiled by itself


@pytest.mark.parametrize("is_diagonal", [False, True])
@pytest.mark.parametrize(
    "total",
    [
        lambda rows: rows.sum(),
        lambda rows: 3.0 * rows.sum(),
        lambda rows: (2.5 * rows).sum() / rows.shape[0],
        lambda rows: pt.sum(rows * np.full(40, 2.0)),
        lambda rows: rows.mean() + pt.alloc(rows, 40).sum(),
    ],
)
def test_constant_cotangent_takes_one_pass(is_diagonal, total, rng):
    x, *values = make_mixture(rng, (40, 3, 2), is_diagonal)
    parameters = [pt.constant(v) for v in values]
    value = total(row_log_density(x, *parameters))
    assert count_passes([value, *pt.grad(value, parameters)]) == ["RowLogDensity"]


def test_other_cotangents_take_the_weighted_pass(rng):
    x, *values = make_mixture(rng, (40, 3, 2))
    parameters = [pt.constant(v) for v in values]
    value = (row_log_density(x, *parameters) ** 2).sum()
    assert sorted(count_passes([value, *pt.grad(value, parameters)])) == ["RowLogDensity", "RowLogDensityPullback"]


def test_vectors_that_vary_are_no_broadcast_scalar():
    scalar, vector = pt.dscalar(), pt.vector()
    for varying in (vector, scalar * vector, pt.constant([1.0, 2.0]), pt.exp(vector), pt.second(scalar, vector)):
        assert broadcast_scalar(varying) is None
    for constant in (pt.second(vector, scalar), pt.ones(4) * scalar, pt.constant([2.0, 2.0]), -pt.alloc(scalar, 3)):
        assert broadcast_scalar(constant) is not None


def test_second_derivatives_and_gradient_in_the_rows_are_refused(rng):
    x, *values = make_mixture(rng, (40, 3, 2))
    rows, parameters = pt.constant(x), [pt.constant(v) for v in values]
    value = row_log_density(rows, *parameters).sum()
    first = pt.grad(value, parameters[1])
    with pytest.raises(pytensor.gradient.NullTypeGradError, match="No second derivative"):
        pt.grad(first.sum(), parameters[1])
    with pytest.raises(pytensor.gradient.NullTypeGradError, match="taken as data"):
        pt.grad(value, rows)


def test_numbers_outside_the_domain_give_no_number(compiled):
    is_diagonal, function = compiled
    bad = np.array([[-1.0]]) if is_diagonal else np.array([[[-1.0]]])
    assert np.isnan(function(np.zeros((2, 1)), np.ones(2), np.zeros(1), np.zeros((1, 1)), bad)[0]).all()


@pytest.mark.parametrize("is_diagonal", [False, True])
@pytest.mark.parametrize("mode", [None, "FAST_COMPILE"])
def test_drawn_rows_have_the_moments_of_the_mixture(is_diagonal, mode, rng):
    _, log_weights, means, scale = make_mixture(rng, (1, 3, 2), is_diagonal)
    weights, factors = np.exp(log_weights), scale[..., None] * np.eye(2) if is_diagonal else scale
    drawn = pm.draw(MixtureRows.dist(weights, means, scale, shape=(200_000, 2)), random_seed=1, mode=mode)
    centred = means - weights @ means
    second = np.einsum("k,kij->ij", weights, factors @ factors.mT + centred[:, :, None] * centred[:, None])
    spread = np.sqrt(np.diag(second))
    np.testing.assert_allclose(drawn.mean(0), weights @ means, atol=5 * spread.max() / np.sqrt(200_000))
    np.testing.assert_allclose(np.cov(drawn.T), second, atol=0.03 * spread.max() ** 2)


def test_distribution_has_rows_of_any_batch_shape(rng):
    x, log_weights, means, factors = make_mixture(rng, (24, 3, 2))
    rows = MixtureRows.dist(np.exp(log_weights), means, factors, shape=(4, 6, 2))
    logp = pm.logp(rows, x.reshape(4, 6, 2)).eval(mode="FAST_COMPILE")
    np.testing.assert_allclose(logp.ravel(), plain_rows(x, log_weights, means, factors), rtol=1e-12)
    one = pm.logp(MixtureRows.dist(np.exp(log_weights), means, factors), x[0]).eval(mode="FAST_COMPILE")
    np.testing.assert_allclose(one, logp[0, 0], rtol=1e-12)


def test_a_batch_of_mixtures_is_refused(rng):
    x, log_weights, means, factors = make_mixture(rng, (4, 3, 2))
    rows = MixtureRows.dist(*(np.stack([p] * 4) for p in (np.exp(log_weights), means, factors)))
    with pytest.raises(NotImplementedError, match="one mixture for all rows"):
        pm.logp(rows, x)


def test_total_size_scales_a_minibatch_with_one_pass(rng):
    x, log_weights, means, factors = make_mixture(rng, (40, 3, 2))
    with pm.Model() as model:
        centres = pm.Normal("means", 0, 5, shape=(3, 2))
        MixtureRows("x", np.exp(log_weights), centres, factors, observed=x[:10], total_size=40)
    logp = model.compile_fn(model.logp(vars=model["x"]), mode="FAST_COMPILE")({"means": means})
    np.testing.assert_allclose(logp, 4 * plain_rows(x[:10], log_weights, means, factors).sum(), rtol=1e-12)
    value = rewrite_graph(model.logp(), include=("canonicalize", "stabilize"))
    assert count_passes([value, *pt.grad(value, model.value_vars)]) == ["RowLogDensity"]
