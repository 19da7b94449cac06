"""The likelihood in PyTensor and PyMC: the compiled pass over the rows as an Op, and the distribution of one row.

    log f(x_n) = log sum_k w_k N(x_n | m_k, L_k L_k')

The Op gives the N rows and, with them, the gradient of their sum in (log w, m, L). A log posterior adds the rows up, so
its gradient asks for the pullback of a constant cotangent: the pullback then returns that scalar times what the Op has
already computed, and the Op stands once in the graph of value and gradient. For any other cotangent g_n a second Op
takes the same pass with the rows weighted by g_n.

The distribution is a class of this module, and not a `pymc.CustomDist`: that one registers its log density for a class
made at run time, so a model sent to another process by cloudpickle has none there.

It imports the compiled passes of `kernel.rows`, PyTensor and PyMC.
"""

import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytensor.scalar as ps
import pytensor.tensor as pt
from numpy.typing import NDArray
from pymc.distributions.distribution import Distribution
from pytensor.gradient import DisconnectedType, grad_not_implemented
from pytensor.graph.basic import Apply, Variable
from pytensor.graph.op import Op
from pytensor.link.numba.dispatch.basic import numba_njit, register_funcify_default_op_cache_key
from pytensor.link.numba.dispatch.random import numba_core_rv_funcify
from pytensor.tensor.basic import Alloc
from pytensor.tensor.elemwise import DimShuffle, Elemwise
from pytensor.tensor.math import Sum
from pytensor.tensor.random.op import RandomVariable
from pytensor.tensor.random.utils import supp_shape_from_ref_param_shape
from pytensor.tensor.variable import TensorConstant, TensorVariable

from bayesgmm.kernel import rows as kernel
from bayesgmm.kernel.blocks import as_read_only
from bayesgmm.kernel.compilation import STAMP

__all__ = ["MixtureRows", "RowLogDensity", "RowLogDensityPullback", "broadcast_scalar", "row_log_density"]

Array = NDArray[np.float64]

# PyTensor keeps an Op's compiled code on disk under this number only, so it follows the source of all that is in it.
CACHE_VERSION = zlib.crc32(Path(__file__).read_bytes() + STAMP.encode())


class RowLogDensity(Op):
    """Rows of the log density and the gradient of their sum.

    Inputs: x (N, D), log weights (K,), means (K, D), scale (K, D, D) or, with `is_diagonal`, sds (K, D).
    Outputs: log f(x_n) (N,) and the gradient of sum_n log f(x_n) in log w (taken as free), means and scale; the last
    three are not differentiable again.

    Parameters
    ----------
    is_diagonal : bool
        Whether the scale is that of a family without correlations.
    """

    __props__ = ("is_diagonal",)
    default_output = 0

    def __init__(self, is_diagonal: bool) -> None:
        self.is_diagonal = is_diagonal

    def make_node(self, *inputs: Any) -> Apply:
        x, *parameters = _as_inputs(self.is_diagonal, *inputs)
        rows = pt.vector(dtype="float64", shape=(x.type.shape[0],))
        return Apply(self, [x, *parameters], [rows, *(p.type() for p in parameters)])

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """Give the shapes of the outputs from those of the inputs."""
        return [(shapes[0][0],), *shapes[1:4]]

    def perform(self, node: Apply, inputs: Sequence[Array], output_storage: Any) -> None:
        statistics = kernel.expected_statistics(inputs[0], None, *inputs[1:])
        output_storage[0][0] = kernel.log_density(*inputs)
        _store_gradient(output_storage[1:], statistics, inputs[3])

    def pullback(
        self, inputs: Sequence[Variable], outputs: Sequence[Variable], cotangents: Sequence[Variable]
    ) -> list[Variable]:
        d_x = grad_not_implemented(self, 0, inputs[0], "The rows are taken as data.")
        if not all(isinstance(c.type, DisconnectedType) for c in cotangents[1:]):
            return [d_x, *(grad_not_implemented(self, i, inputs[i], "No second derivative.") for i in (1, 2, 3))]
        factor = broadcast_scalar(cotangents[0])
        if factor is not None:
            return [d_x, *(factor * gradient for gradient in outputs[1:])]
        return [d_x, *RowLogDensityPullback(self.is_diagonal).make_node(*inputs, cotangents[0]).outputs]


class RowLogDensityPullback(Op):
    """Gradient of sum_n g_n log f(x_n); inputs as `RowLogDensity` and then the row weights g (N,).

    Parameters
    ----------
    is_diagonal : bool
        As for `RowLogDensity`.
    """

    __props__ = ("is_diagonal",)

    def __init__(self, is_diagonal: bool) -> None:
        self.is_diagonal = is_diagonal

    def make_node(self, *inputs: Any) -> Apply:
        x, *parameters = _as_inputs(self.is_diagonal, *inputs[:4])
        weights = pt.cast(pt.as_tensor_variable(inputs[4], ndim=1), "float64")
        return Apply(self, [x, *parameters, weights], [p.type() for p in parameters])

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """Give the shapes of the outputs from those of the inputs."""
        return list(shapes[1:4])

    def perform(self, node: Apply, inputs: Sequence[Array], output_storage: Any) -> None:
        x, log_weights, means, scale, row_weights = inputs
        statistics = kernel.expected_statistics(x, row_weights, log_weights, means, scale)
        _store_gradient(output_storage, statistics, scale)

    def pullback(
        self, inputs: Sequence[Variable], outputs: Sequence[Variable], cotangents: Sequence[Variable]
    ) -> list[Variable]:
        return [grad_not_implemented(self, i, v, "No second derivative.") for i, v in enumerate(inputs)]


def row_log_density(x: Any, log_weights: Any, means: Any, scale: Any) -> TensorVariable:
    """Give log f(x_n) as a PyTensor variable, with a gradient in the parameters.

    Parameters
    ----------
    x : tensor of shape (N, D)
        Rows, taken as data: no gradient flows into them.
    log_weights : tensor of shape (K,)
    means : tensor of shape (K, D)
        In the units of `x`.
    scale : tensor of shape (K, D, D) or (K, D)
        Cholesky factors of the covariances, or standard deviations where they are diagonal, in the units of `x`.

    Returns
    -------
    TensorVariable of shape (N,)
        Per unit of `x` to the power D.

    Examples
    --------
    >>> import numpy as np
    >>> from bayesgmm.model.likelihood import row_log_density
    >>> rows = row_log_density(np.zeros((2, 1)), np.zeros(1), np.zeros((1, 1)), np.ones((1, 1)))
    >>> rows.eval(mode="FAST_COMPILE").round(4)
    array([-0.9189, -0.9189])
    """
    scale = pt.as_tensor_variable(scale)
    outputs: Any = RowLogDensity(is_diagonal=scale.ndim == 2).make_node(x, log_weights, means, scale).outputs
    return outputs[0]


def broadcast_scalar(vector: Any) -> Any:
    """Find the scalar of which a vector is a broadcast, from how it was built.

    Parameters
    ----------
    vector : TensorVariable
        Of at most one dimension.

    Returns
    -------
    TensorVariable or None
        None where the vector may vary.

    Examples
    --------
    >>> import pytensor.tensor as pt
    >>> from bayesgmm.model.likelihood import broadcast_scalar
    >>> broadcast_scalar(pt.vector()) is None
    True
    >>> broadcast_scalar(2.0 * pt.ones(3)).type.ndim
    0
    """
    if vector.type.ndim == 0:
        return vector
    if isinstance(vector, TensorConstant):
        value = vector.unique_value
        return None if value is None else pt.constant(value)
    owner = vector.owner
    operation = None if owner is None else owner.op
    is_empty_sum = isinstance(operation, Sum) and operation.axis is not None and not operation.axis
    if (is_empty_sum or isinstance(operation, (Alloc, DimShuffle))) and owner.inputs[0].type.ndim <= 1:
        return broadcast_scalar(owner.inputs[0])
    if isinstance(operation, Elemwise) and isinstance(operation.scalar_op, ps.Second):
        return broadcast_scalar(owner.inputs[1])
    if isinstance(operation, Elemwise):
        scalars = [broadcast_scalar(v) for v in owner.inputs]
        return None if any(s is None for s in scalars) else operation(*scalars)
    return vector[0] if vector.type.broadcastable == (True,) else None


class MixtureRowsRV(RandomVariable):
    """Random rows of a Gaussian mixture: parameters weights, means, scale; one event is one row."""

    name = "mixture_rows"
    dtype = "floatX"
    _print_name = ("GaussianMixture", "\\operatorname{GaussianMixture}")

    def _supp_shape_from_params(self, dist_params: Any, param_shapes: Any = None) -> Any:
        return supp_shape_from_ref_param_shape(
            ndim_supp=1, dist_params=dist_params, param_shapes=param_shapes, ref_param_idx=1
        )

    @classmethod
    def rng_fn(cls, rng: np.random.Generator, *args: Any) -> Array:
        weights, means, scale, size = args
        batch = np.broadcast_shapes(weights.shape[:-1], means.shape[:-2]) if size is None else size
        uniforms = rng.random(batch)[..., None] * weights.sum(-1, keepdims=True)
        labels = np.minimum((uniforms >= np.cumsum(weights, axis=-1)).sum(-1), weights.shape[-1] - 1)
        noise = rng.standard_normal((*batch, means.shape[-1]))
        centres, scales = _pick(means, labels, 1), _pick(scale, labels, scale.ndim - means.ndim + 1)
        spread = scales * noise if scale.ndim == means.ndim else np.einsum("...ij,...j->...i", scales, noise)
        drawn: Array = centres + spread
        return drawn


dense_rows = MixtureRowsRV(signature="(k),(k,d),(k,d,d)->(d)")
diagonal_rows = MixtureRowsRV(signature="(k),(k,d),(k,d)->(d)")


class MixtureRows(Distribution):
    r"""Rows of a Gaussian mixture, one event per row, for any PyMC model.

    .. math:: f(x) = \sum_k w_k \, N(x \mid m_k, L_k L_k')

    Parameters
    ----------
    weights : tensor of shape (K,)
        They sum to one.
    means : tensor of shape (K, D)
        In the units of `x`.
    scale : tensor of shape (K, D, D) or (K, D)
        Cholesky factors of the covariances, or standard deviations where they are diagonal, in the units of `x`.

    Examples
    --------
    >>> import numpy as np
    >>> import pymc as pm
    >>> from bayesgmm.model.likelihood import MixtureRows
    >>> with pm.Model() as model:
    ...     means = pm.Normal("means", shape=(2, 1))
    ...     x = MixtureRows("x", np.full(2, 0.5), means, np.ones((2, 1)), observed=np.zeros((5, 1)))
    >>> x.type.shape
    (5, 1)
    """

    rv_type = MixtureRowsRV

    @classmethod
    def rv_op(cls, *parameters: TensorVariable, size: Any = None, rng: Any = None) -> TensorVariable:
        """Apply the operation of the family that the scale belongs to."""
        _, means, scale = parameters
        op = diagonal_rows if scale.ndim == means.ndim else dense_rows
        rng = pt.random.shared_rng(seed=None) if rng is None else rng
        rows: TensorVariable = op(*parameters, size=size, rng=rng, return_next_rng=True)[1]
        return rows

    @classmethod
    def dist(cls, weights: Any, means: Any, scale: Any, **kwargs: Any) -> Any:
        """Make the variable from its parameters."""
        return super().dist([pt.as_tensor_variable(p) for p in (weights, means, scale)], **kwargs)

    @staticmethod
    def support_point(rv: TensorVariable, size: Any, *parameters: TensorVariable) -> TensorVariable:
        """Give a point inside the support, where samplers may begin."""
        weights, means, _ = parameters
        return pt.zeros_like(rv) + (weights[..., None] * means).sum(-2)

    @staticmethod
    def logp(value: TensorVariable, *parameters: TensorVariable) -> TensorVariable:
        """Give the log density, normalised."""
        n_padding = parameters[0].ndim - 1  # PyMC pads the parameters to the rank of a batch of rows
        if any(length != 1 for p in parameters for length in p.type.shape[:n_padding]):
            raise NotImplementedError("MixtureRows has one mixture for all rows; got a batch of mixtures.")
        weights, means, scale = (pt.cast(p[(0,) * n_padding], "float64") for p in parameters)
        if value.ndim == 2:
            return row_log_density(value, pt.log(weights), means, scale)
        rows = row_log_density(value.reshape((-1, value.shape[-1])), pt.log(weights), means, scale)
        return rows.reshape(value.shape[:-1], ndim=value.ndim - 1)


def _as_inputs(is_diagonal: bool, *inputs: Any) -> list[TensorVariable]:
    ranks = (2, 1, 2, 2 if is_diagonal else 3)
    return [pt.cast(pt.as_tensor_variable(v, ndim=n), "float64") for v, n in zip(inputs, ranks, strict=True)]


def _store_gradient(output_storage: Any, statistics: kernel.Statistics, scale: Array) -> None:
    output_storage[0][0] = statistics.counts
    output_storage[1][0], output_storage[2][0] = kernel.gradient(statistics, scale)


def _pick(values: Array, labels: NDArray[np.intp], n_core: int) -> Array:
    """Take the label-th entry of the axis before the last `n_core`, batched."""
    values = np.broadcast_to(values, (*labels.shape, *values.shape[-n_core - 1 :]))
    index = labels[(..., *(None,) * (n_core + 1))]
    return np.take_along_axis(values, index, axis=-n_core - 1).squeeze(-n_core - 1)


@numba_njit
def _as_kernel_input(array):
    return as_read_only(np.ascontiguousarray(array))


@numba_njit
def _differentiate(x, row_weights, log_weights, means, scale, densities):
    """Write log f(x_n), where there is room for it, and give the gradient of sum_n g_n log f(x_n) in one pass."""
    K, D = means.shape
    shape = K, D, scale.size // (K * D)
    w, m, s = _as_kernel_input(log_weights), _as_kernel_input(means), _as_kernel_input(scale).reshape(shape)
    counts, first, second = np.empty(K), np.empty((K, D)), np.empty(shape)
    d_means, d_scale = np.empty((K, D)), np.zeros(scale.shape)
    columns, g = _as_kernel_input(x.T), _as_kernel_input(row_weights)
    kernel.sweep(0, x.shape[0], columns, g, w, m, s, densities, counts, first, second)
    kernel.pull(counts, first, second, s, d_means, d_scale.reshape(shape))
    return counts, d_means, d_scale


@register_funcify_default_op_cache_key(RowLogDensity)
def _compile_rows(op: RowLogDensity, **kwargs: Any) -> tuple[Any, int]:
    @numba_njit
    def rows_and_gradient(x, log_weights, means, scale):
        rows = np.empty(x.shape[0])
        counts, d_means, d_scale = _differentiate(x, np.ones(1), log_weights, means, scale, rows)
        return rows, counts, d_means, d_scale

    return rows_and_gradient, CACHE_VERSION


@register_funcify_default_op_cache_key(RowLogDensityPullback)
def _compile_pullback(op: RowLogDensityPullback, **kwargs: Any) -> tuple[Any, int]:
    @numba_njit
    def weighted_gradient(x, log_weights, means, scale, row_weights):
        return _differentiate(x, row_weights, log_weights, means, scale, np.empty(0))

    return weighted_gradient, CACHE_VERSION


@numba_core_rv_funcify.register(MixtureRowsRV)
def _compile_draw(op: MixtureRowsRV, node: Apply) -> tuple[Any, int]:
    """Compile the draw of one row."""
    is_diagonal = op.signature == diagonal_rows.signature

    @numba_njit
    def draw_label(rng, weights):
        rest = rng.random() * weights.sum()
        k = 0
        while k < weights.shape[0] - 1 and rest >= weights[k]:
            rest -= weights[k]
            k += 1
        return k

    @numba_njit
    def draw_dense(rng, weights, means, scale):
        k = draw_label(rng, weights)
        row = means[k].copy()
        for j in range(row.shape[0]):
            noise = rng.standard_normal()
            for i in range(j, row.shape[0]):
                row[i] += scale[k, i, j] * noise
        return row

    @numba_njit
    def draw_diagonal(rng, weights, means, scale):
        k = draw_label(rng, weights)
        row = means[k].copy()
        for i in range(row.shape[0]):
            row[i] += scale[k, i] * rng.standard_normal()
        return row

    return (draw_diagonal if is_diagonal else draw_dense), CACHE_VERSION
