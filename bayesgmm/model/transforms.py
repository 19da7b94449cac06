"""The sampler's space: value transforms under which a change of units changes nothing.

Affine     means, relative to location and scale of their column.
LogScale   standard deviations, on a log scale relative to the column's.
Jointly    either of them, for a distribution of several numbers at once.

The name of a transform holds no underscore: PyMC takes it out of a variable's name by counting them.
"""

from typing import Any

import numpy as np
import pytensor.tensor as pt
from numpy.typing import ArrayLike
from pymc.distributions.transforms import Transform
from pytensor.tensor.variable import TensorVariable

__all__ = ["Affine", "Jointly", "LogScale", "Simplex"]


class Affine(Transform):
    """Value transform v = (m - location) / scale, log |dm/dv| = log scale.

    Parameters
    ----------
    location, scale : arrays that broadcast to m
        In the units of m; `scale` positive.
    """

    name = "affine"
    ndim_supp = 0

    def __init__(self, location: ArrayLike, scale: ArrayLike) -> None:
        self.location, self.scale = np.asarray(location), np.asarray(scale)

    def forward(self, value: TensorVariable, *inputs: Any) -> TensorVariable:
        return (value - self.location) / self.scale

    def backward(self, value: TensorVariable, *inputs: Any) -> TensorVariable:
        return self.location + self.scale * value

    def log_jac_det(self, value: TensorVariable, *inputs: Any) -> TensorVariable:
        return pt.zeros_like(value) + np.log(self.scale)


class LogScale(Transform):
    """Value transform v = log((s - lower) / scale), log |ds/dv| = v + log scale.

    Parameters
    ----------
    lower, scale : arrays that broadcast to s
        In the units of s; `scale` positive.
    """

    name = "logscale"
    ndim_supp = 0

    def __init__(self, lower: ArrayLike, scale: ArrayLike) -> None:
        self.lower, self.scale = np.asarray(lower), np.asarray(scale)

    def forward(self, value: TensorVariable, *inputs: Any) -> TensorVariable:
        return pt.log((value - self.lower) / self.scale)

    def backward(self, value: TensorVariable, *inputs: Any) -> TensorVariable:
        return self.lower + self.scale * pt.exp(value)

    def log_jac_det(self, value: TensorVariable, *inputs: Any) -> TensorVariable:
        return value + np.log(self.scale)


class Jointly(Transform):
    """The same value transform for a distribution of several numbers at once: its Jacobian is theirs together.

    Parameters
    ----------
    each : Transform
        Of one number.
    ndim_supp : int
        Last axes of the variable that make one event.
    """

    def __init__(self, each: Transform, ndim_supp: int) -> None:
        self.each, self.ndim_supp, self.name = each, ndim_supp, each.name

    def forward(self, value: TensorVariable, *inputs: Any) -> TensorVariable:
        return self.each.forward(value, *inputs)

    def backward(self, value: TensorVariable, *inputs: Any) -> TensorVariable:
        return self.each.backward(value, *inputs)

    def log_jac_det(self, value: TensorVariable, *inputs: Any) -> TensorVariable:
        return self.each.log_jac_det(value, *inputs).sum(axis=tuple(range(-self.ndim_supp, 0)))


class Simplex(Transform):
    """Value transform v_k = log w_k - mean(log w), k < K, log |dw/dv| = log K + sum log w."""

    name = "simplex"
    ndim_supp = 1

    def forward(self, value: TensorVariable, *inputs: Any) -> TensorVariable:
        log_weights = pt.log(value)
        return log_weights[..., :-1] - log_weights.mean(axis=-1, keepdims=True)

    def backward(self, value: TensorVariable, *inputs: Any) -> TensorVariable:
        return pt.exp(_log_weights(value))

    def log_jac_det(self, value: TensorVariable, *inputs: Any) -> TensorVariable:
        return _log_weights(value).sum(axis=-1) + pt.log(value.shape[-1] + 1.0)


def _log_weights(value: TensorVariable) -> TensorVariable:
    full = pt.concatenate([value, -value.sum(axis=-1, keepdims=True)], axis=-1)
    return full - pt.logsumexp(full, axis=-1, keepdims=True)
