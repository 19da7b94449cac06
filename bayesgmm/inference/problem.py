"""What every method is given and what it returns: problem, settings, draws.

A method is a function ``(problem, settings) -> Draws``. It knows nothing of labels, of ArviZ or of the estimator.
"""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bayesgmm.covariance import CovarianceFamily
from bayesgmm.data import Data
from bayesgmm.mixture import Mixture
from bayesgmm.model.priors import ResolvedPriors

__all__ = ["Draws", "Method", "Problem", "SamplingSettings"]


@dataclass(frozen=True, eq=False)
class Problem:
    """The posterior to explore, and where to start.

    Attributes
    ----------
    data : Data
        The rows.
    family : CovarianceFamily
        The covariance family.
    priors : ResolvedPriors
        The priors, one for every parameter.
    start : Mixture
        The labelled mixture at which every chain starts, usually EM's.
    """

    data: Data
    family: CovarianceFamily
    priors: ResolvedPriors
    start: Mixture


@dataclass(frozen=True)
class SamplingSettings:
    """How long, how often, from which seed.

    Attributes
    ----------
    draws, chains : int
        Draws kept per chain, and chains.
    tune : int or None
        Warm-up steps per chain; None leaves the choice to the method.
    cores : int or None
        Chains that run side by side; None: as many as there are cores. The draws do not depend on it.
    seed : int
        Everything random follows from it.
    progressbar : bool
        Whether to show progress on a terminal or in a notebook.
    options : mapping
        The method's own options.
    """

    draws: int
    chains: int
    tune: int | None
    cores: int | None
    seed: int
    progressbar: bool
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def shows_live_bar(self) -> bool:
        """Whether a bar that redraws itself can be seen: on a terminal, or in a notebook that has widgets."""
        is_notebook = "ipykernel" in sys.modules
        return self.progressbar and (find_spec("ipywidgets") is not None if is_notebook else sys.stdout.isatty())


@dataclass(frozen=True, eq=False)
class Draws:
    """Draws in the order of the model; C chains, S draws.

    Attributes
    ----------
    values : mapping of str to array of shape (C, S, ...)
        ``weights`` (absent for K = 1), ``means``, ``sds`` and, where the family has them, ``partials``.
    sample_stats : mapping of str to array of shape (C, S)
        The sampler's own record.
    attrs : mapping of str to number or text
        The sampler's name and version, its time, its settings.
    histories : mapping of str to array of shape (T,)
        What a search records at each of its T steps, such as the ELBO.
    """

    values: Mapping[str, NDArray[np.float64]]
    sample_stats: Mapping[str, NDArray[Any]]
    attrs: Mapping[str, Any]
    histories: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)


def _admit(family: CovarianceFamily, n_components: int, n_features: int, settings: SamplingSettings) -> None:
    """Take a mixture of any size."""


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
    admit : callable
        Family, number of components, of features, and settings; raises where the method is not for such a mixture.
        The default takes every one.
    """

    draw: Callable[[Problem, SamplingSettings], Draws]
    options: Mapping[str, Any]
    check: Callable[[Mapping[str, Any]], None]
    admit: Callable[[CovarianceFamily, int, int, SamplingSettings], None] = _admit
