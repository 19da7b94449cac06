"""The likelihood in JAX, for samplers that run there; JAX is needed only where `register_jax_form` is called.

The formulas of `kernel.rows`, all rows and components at once: y_nk = L_k^-1 (x_n - m_k) by a triangular solve,

    log f(x_n) = logsumexp_k (log w_k - log |L_k| - |y_nk|^2 / 2) - D/2 log 2 pi,

and the gradient of sum_n g_n log f(x_n) from r_nk = w_k N_k(x_n) / f(x_n) and the statistics N_k, v_k, W_k, which takes
half the time of JAX's own derivative of the solve. Its numbers are as precise as JAX is told to be: double precision is
the caller's to ask for.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from bayesgmm.model.likelihood import RowLogDensity, RowLogDensityPullback

__all__ = ["jax_row_log_density", "register_jax_form"]


@cache
def jax_row_log_density() -> Callable[..., Any]:
    """Make the JAX function of rows x (N, D), log weights (K,), means (K, D) and scale to log f(x_n) (N,).

    Returns
    -------
    callable
        The scale is (K, D, D) or, for a diagonal family, sds (K, D). It can be compiled, mapped over chains and
        differentiated once, in all but the rows, which are taken as data.
    """
    import jax

    @jax.custom_vjp
    def row_log_density(x: Any, log_weights: Any, means: Any, scale: Any) -> Any:
        return _whitened_rows(x, log_weights, means, scale)[0]

    def forward(x: Any, log_weights: Any, means: Any, scale: Any) -> tuple[Any, Any]:
        rows, log_joint, y = _whitened_rows(x, log_weights, means, scale)
        return rows, (rows, log_joint, y, scale)

    row_log_density.defvjp(forward, _pull)
    return row_log_density


def register_jax_form() -> None:
    """Tell PyTensor how to write the Op and its pullback in JAX; once is enough, twice does no harm."""
    import jax
    from pytensor.link.jax.dispatch import jax_funcify

    row_log_density = jax_row_log_density()

    def weighted_gradient(x: Any, log_weights: Any, means: Any, scale: Any, row_weights: Any) -> Any:
        _, pull = jax.vjp(row_log_density, x, log_weights, means, scale)
        return pull(row_weights)[1:]

    def rows_and_gradient(x: Any, log_weights: Any, means: Any, scale: Any) -> tuple[Any, ...]:
        rows = row_log_density(x, log_weights, means, scale)  # by itself: what is not asked for, XLA leaves out
        return rows, *weighted_gradient(x, log_weights, means, scale, jax.numpy.ones_like(rows))

    jax_funcify.register(RowLogDensity, lambda op, **kwargs: rows_and_gradient)
    jax_funcify.register(RowLogDensityPullback, lambda op, **kwargs: weighted_gradient)


def _whitened_rows(x: Any, log_weights: Any, means: Any, scale: Any) -> tuple[Any, Any, Any]:
    """Give log f(x_n) (N,), log w_k N_k(x_n) (K, N) and y (K, D, N)."""
    import jax.numpy as jnp
    from jax.scipy.linalg import solve_triangular
    from jax.scipy.special import logsumexp

    apart = x.T - means[..., None]  # (K, D, N)
    if scale.ndim == 2:
        y, widths = apart / scale[..., None], scale
    else:
        y, widths = solve_triangular(scale, apart, lower=True), jnp.diagonal(scale, axis1=1, axis2=2)
    constant = log_weights - jnp.log(widths).sum(-1) - 0.5 * x.shape[1] * np.log(2.0 * np.pi)  # (K,)
    log_joint = constant[:, None] - 0.5 * (y * y).sum(1)
    return logsumexp(log_joint, axis=0), log_joint, y


def _pull(residuals: Any, row_weights: Any) -> tuple[Any, ...]:
    """Give the gradient of sum_n g_n log f(x_n); none flows into the rows."""
    import jax.numpy as jnp
    from jax.scipy.linalg import solve_triangular

    rows, log_joint, y, scale = residuals
    r = row_weights * jnp.exp(log_joint - rows)  # (K, N)
    counts, weighted = r.sum(-1), r[:, None] * y
    first = weighted.sum(-1)  # (K, D)
    if scale.ndim == 2:
        second = (weighted * y).sum(-1)
        return None, counts, first / scale, (second - counts[:, None]) / scale
    solved = solve_triangular(scale, jnp.concatenate([first[..., None], weighted @ y.mT], -1), lower=True, trans=1)
    inverse_widths = jnp.eye(y.shape[1]) / jnp.diagonal(scale, axis1=1, axis2=2)[:, None]  # (K, D, D)
    return None, counts, solved[..., 0], jnp.tril(solved[..., 1:]) - counts[:, None, None] * inverse_widths
