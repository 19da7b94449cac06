"""The ways to a posterior, by name. Each states itself in its own file, which is loaded when it is asked for."""

from collections.abc import Callable, Mapping
from typing import Any

from bayesgmm import inference
from bayesgmm.errors import InvalidArgumentError
from bayesgmm.inference.problem import Method

__all__ = ["METHODS", "as_method"]

METHODS: Mapping[str, Callable[[], Method]] = {
    "nuts": lambda: inference.nuts.NUTS,
    "advi": lambda: inference.advi.ADVI,
    "fullrank_advi": lambda: inference.advi.FULLRANK_ADVI,
    "laplace": lambda: inference.laplace.LAPLACE,
    "smc": lambda: inference.smc.SMC,
}


def as_method(method: str, options: Mapping[str, Any]) -> Method:
    """Find a method and check that it knows its options.

    Parameters
    ----------
    method : str
        A key of `METHODS`.
    options : mapping
        The user's ``method_options``.

    Returns
    -------
    Method

    Raises
    ------
    InvalidArgumentError, InvalidArgumentTypeError
        If there is no such method, or it has no such option, or an option cannot have this value.

    Examples
    --------
    >>> from bayesgmm.inference.methods import as_method
    >>> sorted(as_method("nuts", {}).options)
    ['chain_method', 'maxdepth', 'sampler', 'target_accept']
    """
    if not isinstance(method, str) or method not in METHODS:
        raise InvalidArgumentError("method", f"be one of {list(METHODS)}", repr(method))
    chosen = METHODS[method]()
    unknown = [name for name in options if name not in chosen.options]
    if unknown:
        constraint = f"have keys among {sorted(chosen.options)} for {method!r}"
        raise InvalidArgumentError("method_options", constraint, unknown)
    chosen.check(options)
    return chosen
