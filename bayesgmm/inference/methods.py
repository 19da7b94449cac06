"""The ways to a posterior, by name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bayesgmm.errors import InvalidArgumentError
from bayesgmm.inference.advi import (
    ADVI_OPTIONS,
    FULLRANK_OPTIONS,
    check_advi_options,
    fit_advi,
    fit_fullrank_advi,
)
from bayesgmm.inference.laplace import LAPLACE_OPTIONS, check_laplace_options, fit_laplace
from bayesgmm.inference.nuts import sample_nuts
from bayesgmm.inference.problem import Draws, Problem, SamplingSettings
from bayesgmm.inference.sampling import NUTS_OPTIONS, check_nuts_options

__all__ = ["METHODS", "Method", "as_method"]


@dataclass(frozen=True)
class Method:
    """A way to a posterior.

    Attributes
    ----------
    draw : callable
        Problem and settings to draws.
    options : mapping
        The options that it knows, with their defaults.
    check : callable
        Raises where a value among the user's options cannot be used.
    """

    draw: Callable[[Problem, SamplingSettings], Draws]
    options: Mapping[str, Any]
    check: Callable[[Mapping[str, Any]], None]


METHODS: dict[str, Method] = {
    "nuts": Method(sample_nuts, NUTS_OPTIONS, check_nuts_options),
    "advi": Method(fit_advi, ADVI_OPTIONS, check_advi_options),
    "fullrank_advi": Method(fit_fullrank_advi, FULLRANK_OPTIONS, check_advi_options),
    "laplace": Method(fit_laplace, LAPLACE_OPTIONS, check_laplace_options),
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
    ['maxdepth', 'target_accept']
    """
    if not isinstance(method, str) or method not in METHODS:
        raise InvalidArgumentError("method", f"be one of {list(METHODS)}", method)
    known = METHODS[method].options
    unknown = [name for name in options if name not in known]
    if unknown:
        raise InvalidArgumentError("method_options", f"have keys among {sorted(known)} for {method!r}", unknown)
    METHODS[method].check(options)
    return METHODS[method]
