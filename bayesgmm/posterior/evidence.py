"""The log marginal likelihood of a fit, log p(x), whichever method estimated it.

SMC begins at the prior and passes through all K! orders of the components. What it estimates is log p(x).

An approximation covers one labelled mode, of which its importance weights estimate the integral. Where the priors are
the same for all components and the modes stand apart, the posterior is K! copies of that mode:

    log p(x) = log (integral over one mode) + log K!

(Neal 1999, "Erroneous results in 'Marginal likelihood from the Gibbs output'"; Frühwirth-Schnatter 2004,
doi:10.1111/j.1368-423X.2004.00125.x). Other modes than the copies, where there are any, are not counted.
"""

import math
from dataclasses import dataclass
from typing import Any

from bayesgmm.errors import InvalidArgumentError, InvalidArgumentTypeError
from bayesgmm.posterior.container import Posterior, as_result
from bayesgmm.schema import HIGHEST_PARETO_K

__all__ = ["Evidence", "log_marginal_likelihood"]

REMEDY = 'Fit it with method="smc", or with "laplace" where the components are clear.'


@dataclass(frozen=True)
class Evidence:
    """A log marginal likelihood.

    Attributes
    ----------
    value : float
        log p(x), in nats; x in its own units, so that a change of units shifts it.
    error : float
        Its Monte Carlo standard error, in nats; NaN where it is not known.
    method : str
        What estimated it: "smc", "importance sampling" from an approximation, or "Laplace's formula".
    sentence : str
        What was done, with its numbers.

    Examples
    --------
    >>> from bayesgmm.posterior.evidence import Evidence
    >>> print(Evidence(-1166.075, 0.002, "smc", "Evidence: log marginal likelihood -1166.08 +- 0.0022, by SMC."))
    Evidence: log marginal likelihood -1166.08 +- 0.0022, by SMC.
    """

    value: float
    error: float
    method: str
    sentence: str

    def __str__(self) -> str:
        return self.sentence


def log_marginal_likelihood(fit: Any, *, closed_form: bool = False) -> Evidence:
    """Give the log marginal likelihood of a fit by SMC, Laplace or ADVI.

    It measures how well priors and model together foresaw the rows, and says nothing where the priors are the
    defaults, which have seen them: to choose between models, give `Priors` of your own.

    Parameters
    ----------
    fit : fitted BayesianGaussianMixture or Posterior
    closed_form : bool, default False
        Whether to integrate the mode by Laplace's formula [2]_, log p(mode) + n/2 log 2 pi + log abs(det C), C C' the
        inverse of minus the Hessian there, in the n unconstrained coordinates: without Monte Carlo error, but with one
        of its own that goes as 1 / N and is not known. By default its importance weights integrate it, which know
        theirs. For fits by ``method="laplace"``, and only where its weights can be believed: where they cannot, the
        posterior is not near the normal distribution whose integral the formula is.

    Returns
    -------
    Evidence

    Raises
    ------
    InvalidArgumentError
        If the method estimates none, or none in closed form, the importance weights cannot be believed (k-hat of 0.7
        or more), or one mode does not tell the whole: components that cannot be told apart, or priors that differ
        between them. The sentence then says between which numbers it lies, as far as that is known.

    References
    ----------
    .. [1] Frühwirth-Schnatter, S. (2004). Estimating marginal likelihoods for mixture and Markov switching models
       using bridge sampling techniques. The Econometrics Journal 7, 143-167.
       https://doi.org/10.1111/j.1368-423X.2004.00125.x
    .. [2] Tierney, L. and Kadane, J. B. (1986). Accurate approximations for posterior moments and marginal densities.
       Journal of the American Statistical Association 81, 82-86. https://doi.org/10.1080/01621459.1986.10478240

    Examples
    --------
    >>> import bayesgmm as bg
    >>> from bayesgmm.posterior.evidence import log_marginal_likelihood
    >>> model = bg.BayesianGaussianMixture(2, method="laplace", random_state=1, progressbar=False)
    >>> print(log_marginal_likelihood(model.fit(bg.load_faithful())))
    Evidence: log marginal likelihood -1166.07 +- 0.00..., by importance sampling of one mode, plus log 2!.
    >>> print(log_marginal_likelihood(model, closed_form=True))
    Evidence: log marginal likelihood -1166.14, by Laplace's formula of one mode, plus log 2!.
    """
    posterior = as_result(fit)
    if not isinstance(posterior, Posterior):
        raise InvalidArgumentTypeError("fit", "have a posterior", type(fit).__name__)
    attrs = posterior.attrs
    if closed_form:
        return _of_one_mode(posterior, _by_formula(posterior))
    if "log_marginal_likelihood" in attrs:
        value, error = float(attrs["log_marginal_likelihood"]), float(attrs["log_marginal_likelihood_error"])
        return Evidence(value, error, "smc", _word(value, error, "SMC from the prior on"))
    if "log_evidence_one_mode" not in attrs:
        raise InvalidArgumentError("fit", "have estimated the marginal likelihood", f"{attrs['method']!r}", REMEDY)
    return _of_one_mode(posterior, _by_weights(posterior))


def _by_weights(posterior: Posterior) -> tuple[float, float, str]:
    """Give the integral that the importance weights estimate, its error, and what estimated it."""
    _check_weights(posterior)
    attrs = posterior.attrs
    return float(attrs["log_evidence_one_mode"]), float(attrs["log_evidence_one_mode_error"]), "importance sampling"


def _by_formula(posterior: Posterior) -> tuple[float, float, str]:
    """Give the integral by Laplace's formula, whose error is not known."""
    name = "log_evidence_one_mode_laplace"
    if name not in posterior.attrs:
        constraint = 'be by method="laplace" for the evidence in closed form'
        raise InvalidArgumentError("fit", constraint, f"{posterior.attrs['method']!r}")
    _check_weights(posterior)
    return float(posterior.attrs[name]), math.nan, "Laplace's formula"


def _check_weights(posterior: Posterior) -> None:
    """Refuse an approximation from which the posterior is far."""
    pareto_k = float(posterior.attrs["pareto_k"])
    if not pareto_k < HIGHEST_PARETO_K:
        constraint = f"have importance weights with k-hat below {HIGHEST_PARETO_K}"
        raise InvalidArgumentError("fit", constraint, f"k-hat {pareto_k:.2f}", 'Fit it with method="smc".')


def _of_one_mode(posterior: Posterior, integral: tuple[float, float, str]) -> Evidence:
    """Count the copies of the mode that has been integrated."""
    (one, error, how), K = integral, posterior.n_components
    if not posterior.group("relabelling").attrs["is_exchangeable"]:
        shown = f"one mode of priors that differ, from which all that follows is at least {one:.2f}"
        raise InvalidArgumentError("fit", "have the same priors for all components", shown, REMEDY)
    copies = math.lgamma(K + 1)
    if not posterior.is_identified:
        shown = f"one mode that overlaps with its copies, so that it lies between {one:.2f} and {one + copies:.2f}"
        raise InvalidArgumentError("fit", "have components that can be told apart", shown, REMEDY)
    counted = f"{how} of one mode, plus log {K}!" if K > 1 else how
    return Evidence(one + copies, error, how, _word(one + copies, error, counted))


def _word(value: float, error: float, how: str) -> str:
    known = f"{value:.2f}" if math.isnan(error) else f"{value:.2f} +- {error:.2g}"
    return f"Evidence: log marginal likelihood {known}, by {how}."
