"""The programs that run NUTS, by name: what each of them needs and which options it knows.

nutpie is the default. The others run on the PyMC model, which is compiled for every fit: they are for checks, for
habits, and the two on JAX for an accelerator.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from bayesgmm.errors import InvalidArgumentError
from bayesgmm.inference.sampling import NUTS_OPTIONS, check_nuts_options

__all__ = ["NUTPIE", "SAMPLERS", "SAMPLER_OPTIONS", "Sampler", "check_sampler_options"]

NUTPIE = "nutpie"
CHAIN_METHODS = ("parallel", "vectorized")
SAMPLER_OPTIONS: Mapping[str, Any] = {"sampler": NUTPIE, **NUTS_OPTIONS, "chain_method": None}


@dataclass(frozen=True)
class Sampler:
    """A program that runs NUTS.

    Attributes
    ----------
    options : tuple of str
        What it knows among `SAMPLER_OPTIONS`.
    packages : mapping of str to tuple of int or None
        What has to be installed, and the first version with which it does not work.
    """

    options: tuple[str, ...] = ("sampler", *NUTS_OPTIONS)
    packages: Mapping[str, tuple[int, int] | None] = field(default_factory=dict)

    @property
    def missing(self) -> list[str]:
        """The packages that are not installed, or too new."""
        return [
            package if before is None else f"{package}<{'.'.join(map(str, before))}"
            for package, before in self.packages.items()
            if not _is_usable(package, before)
        ]


ON_JAX = tuple(SAMPLER_OPTIONS)
SAMPLERS: dict[str, Sampler] = {
    NUTPIE: Sampler(),
    "pymc": Sampler(),
    "numpyro": Sampler(ON_JAX, {"jax": None, "numpyro": None}),
    "blackjax": Sampler(ON_JAX, {"jax": None, "blackjax": (1, 6)}),  # PyMC 6.4 cannot drive 1.6: its issue 8367
}


def check_sampler_options(options: Mapping[str, Any]) -> None:
    """Check the options of ``method="nuts"``, and that the sampler can run here.

    Parameters
    ----------
    options : mapping
        Those of `SAMPLER_OPTIONS` that the user gave; a ``chain_method`` of None is none.

    Raises
    ------
    InvalidArgumentError, InvalidArgumentTypeError
        If there is no such sampler, a package of it is not installed, it does not know an option, or an option cannot
        have this value.

    Examples
    --------
    >>> from bayesgmm.inference.samplers import check_sampler_options
    >>> check_sampler_options({"sampler": "pymc", "target_accept": 0.95})
    """
    name, argument = options.get("sampler", NUTPIE), 'method_options["sampler"]'
    if not isinstance(name, str) or name not in SAMPLERS:
        raise InvalidArgumentError(argument, f"be one of {list(SAMPLERS)}", repr(name))
    sampler = SAMPLERS[name]
    if sampler.missing:
        found = f"{name!r} without {' and '.join(sampler.missing)}"
        remedy = 'Install what it needs with `pip install "bayesgmm[jax]"`.'
        raise InvalidArgumentError(argument, "be a sampler whose packages are installed", found, remedy)
    unknown = [key for key, value in options.items() if key not in sampler.options and value is not None]
    if unknown:
        constraint = f"have keys among {sorted(sampler.options)} for the sampler {name!r}"
        raise InvalidArgumentError("method_options", constraint, unknown)
    chain_method = options.get("chain_method")
    if chain_method is not None and chain_method not in CHAIN_METHODS:
        constraint = f"be one of {CHAIN_METHODS} or None"
        raise InvalidArgumentError('method_options["chain_method"]', constraint, repr(chain_method))
    check_nuts_options(options)


def _is_usable(package: str, before: tuple[int, int] | None) -> bool:
    try:
        found = version(package)
    except PackageNotFoundError:
        return False
    return before is None or tuple(map(int, re.findall(r"\d+", found)[:2])) < before
