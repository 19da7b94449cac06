"""The only file that knows how nutpie takes a compiled function.

nutpie calls a C function ``(dim, x, gradient, value, user_data) -> status`` from threads of its own. Its constructor
for such functions is the dataclass behind its PyMC models, which is not public: this file is the one place that uses it
(nutpie 0.16). Where its fields have changed, the public ``nutpie.compiled_pyfunc.from_pyfunc`` serves, more slowly.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from nutpie.compile_pymc import CompiledPyMCModel
from nutpie.compiled_pyfunc import from_pyfunc

from bayesgmm.inference.target import Target
from bayesgmm.inference.whitening import Whitening
from bayesgmm.kernel.target import copy_callback, log_posterior_callback

__all__ = ["NAME", "nutpie_model", "nutpie_model_from_function"]

Array = NDArray[np.float64]
NAME = "u"  # the whitened vector is the one variable that nutpie sees


def nutpie_model(target: Target, whitening: Whitening, scatter: Callable[[int], Array]) -> Any:
    """Hand the fused target, in whitened coordinates, to nutpie.

    Parameters
    ----------
    target : Target
        The log posterior.
    whitening : Whitening
        The map from u to the unconstrained vector.
    scatter : callable
        A chain's seed to its starting u of shape (n,).

    Returns
    -------
    a model that ``nutpie.sample`` takes
    """
    n = target.n_dim
    user_data = target.user_data(whitening.mode, whitening.factor)
    try:
        return CompiledPyMCModel(
            dims={NAME: ("coordinate",)},
            _n_dim=n,
            _coords={"coordinate": np.arange(n)},
            _shapes={NAME: (n,)},
            compiled_logp_func=log_posterior_callback(),
            compiled_expand_func=copy_callback(),
            initial_point_func=scatter,
            shared_data={},
            shared_var_keys={},
            user_data=user_data,
            n_expanded=n,
            shape_info=([NAME], None, [(n,)]),
            logp_func=None,
            expand_func=None,
            reparameterized_names=[],
        )
    except TypeError:
        return nutpie_model_from_function(target, whitening, scatter)


def nutpie_model_from_function(target: Target, whitening: Whitening, scatter: Callable[[int], Array]) -> Any:
    """Hand the fused target to nutpie through its public door, which calls back into Python for every gradient.

    Parameters
    ----------
    target : Target
    whitening : Whitening
    scatter : callable
        As for `nutpie_model`.

    Returns
    -------
    a model that ``nutpie.sample`` takes
    """

    def log_posterior(u: Array) -> tuple[float, Array]:
        value, gradient = target.log_posterior(whitening.unwhiten(u))
        return value, gradient @ whitening.factor

    return from_pyfunc(
        target.n_dim,
        lambda: log_posterior,
        lambda seed1, seed2, chain: lambda u: {NAME: u},
        [np.dtype("float64")],
        [(target.n_dim,)],
        [NAME],
        make_initial_point_fn=scatter,
    )
