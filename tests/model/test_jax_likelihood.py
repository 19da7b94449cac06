"""The JAX form of the Op equals the compiled one: rows, gradient, and the graphs that PyTensor makes of them."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

from bayesgmm.kernel import rows as kernel
from bayesgmm.model.jax_likelihood import jax_row_log_density, register_jax_form
from bayesgmm.model.likelihood import row_log_density

jax = pytest.importorskip("jax")

SHAPES = [(40, 3, 2), (7, 1, 1), (300, 2, 5)]


@pytest.fixture(autouse=True)
def double_precision():
    with jax.enable_x64(True):
        yield


def make_mixture(rng, shape, is_diagonal, offset=0.0):
    """Rows, log weights, means and scale, Cholesky factors or standard deviations."""
    N, K, D = shape
    x, means = rng.normal(size=(N, D)) + offset, rng.normal(size=(K, D)) + offset
    sds = rng.uniform(0.05, 2.0, (K, D))
    factors = 0.5 * np.tril(rng.normal(size=(K, D, D)), -1) + sds[..., None] * np.eye(D)
    return x, np.log(rng.dirichlet(np.ones(K))), means, sds if is_diagonal else factors


def kernel_gradient(x, row_weights, *parameters):
    statistics = kernel.expected_statistics(x, row_weights, *parameters)
    return [statistics.counts, *kernel.gradient(statistics, parameters[2])]


def assert_near(got, expected, tolerance):
    for g, e in zip(got, expected, strict=True):
        assert np.asarray(g).dtype == np.float64
        np.testing.assert_allclose(g, e, rtol=0, atol=tolerance * (1 + np.abs(e).max()))


@pytest.mark.parametrize("offset", [0.0, 1e6])
@pytest.mark.parametrize("is_diagonal", [False, True], ids=["dense", "diagonal"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_rows_and_gradient_equal_the_kernel(shape, is_diagonal, offset, rng):
    x, *parameters = make_mixture(rng, shape, is_diagonal, offset)
    row_weights = rng.uniform(0, 2, shape[0])
    rows, pull = jax.vjp(jax_row_log_density(), x, *parameters)
    assert_near([rows], [kernel.log_density(x, *parameters)], 1e-10)
    assert_near(pull(row_weights)[1:], kernel_gradient(x, row_weights, *parameters), 1e-8)


def test_chains_side_by_side_equal_chains_one_by_one(rng):
    mixtures = [make_mixture(rng, (40, 3, 2), False) for _ in range(3)]
    x = mixtures[0][0]
    evaluate = jax.value_and_grad(lambda *p: jax_row_log_density()(x, *p).sum(), argnums=(0, 1, 2))
    values, gradients = jax.jit(jax.vmap(evaluate))(*(np.stack(p) for p in list(zip(*mixtures, strict=True))[1:]))
    for chain, (_, *parameters) in enumerate(mixtures):
        assert_near([values[chain]], [kernel.log_density(x, *parameters).sum()], 1e-10)
        assert_near([g[chain] for g in gradients], kernel_gradient(x, None, *parameters), 1e-8)


def test_a_component_without_weight_takes_no_part_and_makes_no_nan(rng):
    x, _, means, scale = make_mixture(rng, (40, 2, 2), False)
    log_weights = np.array([0.0, -np.inf])
    rows, pull = jax.vjp(jax_row_log_density(), x, log_weights, means, scale)
    assert_near([rows], [kernel.log_density(x, log_weights, means, scale)], 1e-10)
    assert_near(pull(np.ones(40))[1:], kernel_gradient(x, None, log_weights, means, scale), 1e-8)


@pytest.mark.parametrize("is_diagonal", [False, True], ids=["dense", "diagonal"])
def test_graph_compiled_for_jax_equals_the_kernel(is_diagonal, rng):
    """Rows, the gradient of their sum, for which the Op has its own outputs, and of a weighted sum, the second Op."""
    register_jax_form()
    x, *parameters = make_mixture(rng, (40, 3, 2), is_diagonal)
    row_weights = rng.uniform(0, 2, 40)
    symbols = [pt.vector("log_weights"), pt.matrix("means"), pt.matrix("sds") if is_diagonal else pt.tensor3("factors")]
    rows, g = row_log_density(x, *symbols), pt.vector("row_weights")
    outputs = [rows, *pt.grad(rows.sum(), symbols), *pt.grad((g * rows).sum(), symbols)]
    found = pytensor.function([g, *symbols], outputs, mode="JAX")(row_weights, *parameters)
    assert_near(found[:1], [kernel.log_density(x, *parameters)], 1e-10)
    assert_near(found[1:4], kernel_gradient(x, None, *parameters), 1e-8)
    assert_near(found[4:], kernel_gradient(x, row_weights, *parameters), 1e-8)
