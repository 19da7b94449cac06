"""The Laplace approximation: a normal distribution with the mode and the curvature of the posterior.

    x ~ N(mode, C C'),   (C C')^-1 = minus the Hessian of log p at the mode

in the unconstrained coordinates, mapped back to parameters, so that weights, sds and correlations keep their ranges and
their skewness. Mode and Hessian are those in which NUTS whitens its space; they cost some 100 gradients. The draws are
independent. The integral of the peak, where it is as normal as that, is [1]_

    log (integral of p over one mode) = log p(mode) + n/2 log 2 pi + log |det C|.

References
----------
.. [1] Tierney, L. and Kadane, J. B. (1986). Accurate approximations for posterior moments and marginal densities.
   Journal of the American Statistical Association 81, 82-86. https://doi.org/10.1080/01621459.1986.10478240
"""

import math
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from bayesgmm.inference.gaussian import Gaussian, check_switch, draw_gaussian
from bayesgmm.inference.peak import find_peak
from bayesgmm.inference.problem import Draws, Method, Problem, SamplingSettings
from bayesgmm.inference.whitening import Whitening

__all__ = ["LAPLACE", "LAPLACE_OPTIONS", "check_laplace_options", "fit_laplace", "log_integral"]

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
        Beside the evidence of this one mode that the importance weights estimate, its attributes hold
        ``log_evidence_one_mode_laplace``, that of `log_integral`.

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
    drawn = draw_gaussian(problem, settings, peak=peak, gaussian=gaussian, resamples=resamples, began=began, rng=rng)
    return replace(drawn, attrs={**drawn.attrs, "log_evidence_one_mode_laplace": log_integral(peak.whitening)})


def log_integral(whitening: Whitening) -> float:
    """Give the logarithm of the integral of a density over the peak that a normal distribution makes of it.

    Parameters
    ----------
    whitening : Whitening
        Mode, factor C and the log density at the mode.

    Returns
    -------
    float
        log p(mode) + n/2 log 2 pi + log |det C|, in nats: exact where the density is normal. Of N rows the relative
        error of the integral is O(1/N).

    Examples
    --------
    >>> import numpy as np
    >>> from bayesgmm.inference.laplace import log_integral
    >>> from bayesgmm.inference.whitening import Whitening
    >>> log_integral(Whitening(np.zeros(1), np.array([[0.8]]), 0.0))  # of exp(-x^2 / 2 / 0.64): 0.8 sqrt(2 pi)
    0.6958
    """
    log_volume = float(np.linalg.slogdet(whitening.factor)[1])
    return whitening.log_posterior + 0.5 * whitening.mode.size * math.log(2.0 * math.pi) + log_volume


LAPLACE = Method(fit_laplace, LAPLACE_OPTIONS, check_laplace_options)
