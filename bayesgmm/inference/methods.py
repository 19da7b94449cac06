"""The ways to a posterior, by name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bayesgmm.errors import InvalidArgumentError
from bayesgmm.inference.nuts import sample_nuts
from bayesgmm.inference.problem import Draws, Problem, SamplingSettings
from bayesgmm.inference.sampling import NUTS_OPTIONS

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
    """

    draw: Callable[[Problem, SamplingSettings], Draws]
    options: Mapping[str, Any]


METHODS: dict[str, Method] = {"nuts": Method(sample_nuts, NUTS_OPTIONS)}


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
    InvalidArgumentError
        If there is no such method, or it has no such option.

    Examples
    --------
    >>> from bayesgmm.inference.methods import as_method
    >>> sorted(as_method("nuts", {}).options)
    ['maxdepth', 'target_accept']
    """
    if not isinstance(method, str) or method not in METHODS:
        raise InvalidArgumentError("method", f"be one of {list(METHODS)}", method)
    known = METHODS[method].options
    unknown = sorted(set(options) - set(known))
    if unknown:
        raise InvalidArgumentError("method_options", f"have keys among {sorted(known)} for {method!r}", unknown)
    return METHODS[method]
