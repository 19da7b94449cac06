"""A log posterior that is compiled to a C function, whoever calls it: nutpie from its threads, or Python.

The C function is ``(n, x, gradient, value, user_data) -> status``, nutpie's signature. It is given the address of its
user data at every call and has no state of its own, so that threads may call it side by side.
"""

import ctypes
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["CFunction"]

Array = NDArray[np.float64]

ADDRESS = ctypes.c_void_p
SIGNATURE = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_uint64, ADDRESS, ADDRESS, ADDRESS, ADDRESS)


@dataclass(frozen=True, eq=False)
class CFunction:
    """A log posterior of a vector of length n, with its gradient.

    Attributes
    ----------
    code : numba's C function
        With its ``address``; status 0 where value and gradient are finite.
    user_data : array
        What it reads.
    n_dim : int
        n.
    held : tuple of array
        Arrays to whose addresses `user_data` refers; they live as long as this object.

    Examples
    --------
    >>> import numpy as np
    >>> from bayesgmm.covariance import Diagonal
    >>> from bayesgmm.data import as_data
    >>> from bayesgmm.inference.function import CFunction
    >>> from bayesgmm.inference.target import make_target
    >>> from bayesgmm.kernel.target import log_posterior_callback
    >>> from bayesgmm.model.priors import Priors
    >>> data = as_data(np.arange(50.0)[:, None])
    >>> target = make_target(data, Diagonal(), 1, Priors().resolve(data, 1, Diagonal()))
    >>> function = CFunction(log_posterior_callback(), target.user_data(np.zeros(2), np.eye(2)), 2)
    >>> value, gradient = function(np.zeros(2))
    >>> round(value, 2), gradient.shape
    (-207.17, (2,))
    """

    code: Any
    user_data: NDArray[Any]
    n_dim: int
    held: tuple[NDArray[Any], ...] = ()

    @cached_property
    def _call(self) -> Any:
        """The C function under plain addresses, which cost half as much as typed pointers."""
        return SIGNATURE(self.code.address)

    def __call__(self, x: Array) -> tuple[float, Array]:
        """Give the log posterior density of x and its gradient.

        Parameters
        ----------
        x : array of shape (n,)

        Returns
        -------
        float
            In nats; not finite where there is no density.
        array of shape (n,)
            The gradient; not finite somewhere where it cannot be computed.
        """
        x = np.array(x, dtype=float)
        gradient, value = np.full(self.n_dim, np.nan), np.full(1, np.nan)
        self._call(x.size, x.ctypes.data, gradient.ctypes.data, value.ctypes.data, self.user_data.ctypes.data)
        return float(value[0]), gradient
