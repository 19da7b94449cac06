"""The Laplace approximation: a normal distribution with the mode and the curvature of the posterior.

    x ~ N(mode, C C'),   (C C')^-1 = minus the Hessian of log p at the mode

in the unconstrained coordinates, mapped back to parameters, so that weights, sds and correlations keep their ranges and
their skewness (Tierney and Kadane 1986, doi:10.1080/01621459.1986.10478240). Mode and Hessian are those in which NUTS
whitens its space; they cost some 100 gradients. The draws are independent.
"""

import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from bayesgmm.inference.gaussian import Gaussian, check_switch, draw_gaussian
from bayesgmm.inference.peak import find_peak
from bayesgmm.inference.problem import Draws, Method, Problem, SamplingSettings

__all__ = ["LAPLACE", "LAPLACE_OPTIONS", "check_laplace_options", "fit_laplace"]

LAPLACE_OPTIONS: Mapping[str, Any] = {"resample": True}


def check_laplace_options(options: Mapping[str, Any]) -> None:
    """Check the value of ``resample``.

    Parameters
    ----------
    options : mapping
        Those of `LAPLACE_OPTIONS` that the user gave.

    Raises
    ------
    InvalidArgumentTypeError
        If ``resample`` is not True or False.

    Examples
    --------
    >>> from bayesgmm.inference.laplace import check_laplace_options
    >>> check_laplace_options({"resample": False})
    """
    check_switch("resample", options)


def fit_laplace(problem: Problem, settings: SamplingSettings) -> Draws:
    """Draw from the Laplace approximation of the posterior.

    Parameters
    ----------
    problem : Problem
    settings : SamplingSettings
        Options: ``resample`` (True: where k-hat is below 0.7 the draws are resampled in proportion to their importance
        weights, which makes them draws of the posterior itself, up to Monte Carlo error). `tune` is not read.

    Returns
    -------
    Draws

    Examples
    --------
    >>> import numpy as np
    >>> from bayesgmm.covariance import Diagonal
    >>> from bayesgmm.data import as_data
    >>> from bayesgmm.em.fit import fit_em
    >>> from bayesgmm.inference.laplace import fit_laplace
    >>> from bayesgmm.inference.problem import Problem, SamplingSettings
    >>> from bayesgmm.model.priors import Priors
    >>> data, family = as_data(np.arange(50.0)[:, None]), Diagonal()
    >>> problem = Problem(data, family, Priors().resolve(data, 1, family), fit_em(data, 1, family).mixture)
    >>> draws = fit_laplace(problem, SamplingSettings(500, 2, None, None, 1, False))
    >>> draws.values["means"].shape, draws.attrs["pareto_k"] < 0.7
    ((2, 500, 1, 1), True)
    """
    began = time.perf_counter()
    peak = find_peak(problem, settings)
    gaussian = Gaussian(peak.whitening.mode, peak.whitening.factor)
    resamples = bool({**LAPLACE_OPTIONS, **settings.options}["resample"])
    rng = np.random.default_rng(settings.seed)
    return draw_gaussian(problem, settings, peak=peak, gaussian=gaussian, resamples=resamples, began=began, rng=rng)


LAPLACE = Method(fit_laplace, LAPLACE_OPTIONS, check_laplace_options)
