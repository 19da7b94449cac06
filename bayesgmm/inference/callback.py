"""The only file that knows how nutpie takes a compiled function.

nutpie calls a C function from threads of its own. Its constructor for such functions is the dataclass behind its PyMC
models, which is not public: this file is the one place that uses it (nutpie 0.16). Where its fields have changed, the
public ``nutpie.compiled_pyfunc.from_pyfunc`` serves, more slowly.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from nutpie.compile_pymc import CompiledPyMCModel
from nutpie.compiled_pyfunc import from_pyfunc

from bayesgmm.inference.function import CFunction
from bayesgmm.inference.whitening import LogPosterior
from bayesgmm.kernel.target import copy_callback

__all__ = ["NAME", "nutpie_model", "nutpie_model_from_function"]

Array = NDArray[np.float64]
NAME = "u"  # the vector is the one variable that nutpie sees


def nutpie_model(function: CFunction, scatter: Callable[[int], Array]) -> Any:
    """Hand a compiled log posterior to nutpie.

    Parameters
    ----------
    function : CFunction
        Of a vector u of shape (n,).
    scatter : callable
        A chain's seed to its starting u.

    Returns
    -------
    a model that ``nutpie.sample`` takes
    """
    n = function.n_dim
    try:
        return CompiledPyMCModel(
            dims={NAME: ("coordinate",)},
            _n_dim=n,
            _coords={"coordinate": np.arange(n)},
            _shapes={NAME: (n,)},
            compiled_logp_func=function.code,
            compiled_expand_func=copy_callback(),
            initial_point_func=scatter,
            shared_data={str(i): array for i, array in enumerate(function.held)},  # alive as long as the model is
            shared_var_keys={},
            user_data=function.user_data,
            n_expanded=n,
            shape_info=([NAME], None, [(n,)]),
            logp_func=None,
            expand_func=None,
            reparameterized_names=[],
        )
    except TypeError:
        return nutpie_model_from_function(function, n, scatter)


def nutpie_model_from_function(log_posterior: LogPosterior, n_dim: int, scatter: Callable[[int], Array]) -> Any:
    """Hand a log posterior to nutpie through its public door, which goes through Python for every gradient.

    Parameters
    ----------
    log_posterior : callable
        u of shape (n,) to value and gradient.
    n_dim : int
        n.
    scatter : callable
        As for `nutpie_model`.

    Returns
    -------
    a model that ``nutpie.sample`` takes
    """
    return from_pyfunc(
        n_dim,
        lambda: log_posterior,
        lambda seed1, seed2, chain: lambda u: {NAME: u},
        [np.dtype("float64")],
        [(n_dim,)],
        [NAME],
        make_initial_point_fn=scatter,
    )
