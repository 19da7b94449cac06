"""ADVI: the normal distribution nearest to the posterior of the unconstrained, standardised coordinates.

"advi" takes the coordinates as independent (Kucukelbir et al. 2017 [1]_), "fullrank_advi" lets them be correlated. Both
search deterministically, see `elbo`, from the Laplace approximation onwards.

Where the posterior is normal, independent coordinates get the variances 1 / diag(precision), too small wherever they
are correlated; their linear response corrects that.

References
----------
.. [1] Kucukelbir, A., Tran, D., Ranganath, R., Gelman, A. and Blei, D. M. (2017). Automatic differentiation variational
   inference. JMLR 18(14). https://jmlr.org/papers/v18/16-107.html
"""

import math
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bayesgmm.errors import ConvergenceWarning, InvalidArgumentError, InvalidArgumentTypeError
from bayesgmm.inference.elbo import Search, fixed_draws, linear_response, maximise_elbo
from bayesgmm.inference.families import Approximation, FullRank, MeanField
from bayesgmm.inference.gaussian import check_switch, draw_gaussian
from bayesgmm.inference.minibatch import minibatches
from bayesgmm.inference.peak import Peak, find_peak
from bayesgmm.inference.problem import Draws, Method, Problem, SamplingSettings
from bayesgmm.inference.whitening import LogPosterior, Whitening

__all__ = [
    "ADVI",
    "ADVI_OPTIONS",
    "FULLRANK_ADVI",
    "FULLRANK_OPTIONS",
    "check_advi_options",
    "fit_advi",
    "fit_fullrank_advi",
]

Array = NDArray[np.float64]

ADVI_OPTIONS: Mapping[str, Any] = {
    "draws_per_coordinate": 2,
    "linear_response": False,
    "max_iter": 1000,
    "minibatch": None,
    "resample": False,
}
FULLRANK_OPTIONS: Mapping[str, Any] = {
    "draws_per_coordinate": 6,
    "max_iter": 1000,
    "minibatch": None,
    "resample": True,
}
FEWEST_DRAWS = 64  # fixed draws, however few the coordinates
LEAST = {"draws_per_coordinate": 2, "max_iter": 1, "minibatch": 1}


def check_advi_options(options: Mapping[str, Any]) -> None:
    """Check the values of the options of both kinds of ADVI.

    Parameters
    ----------
    options : mapping
        Those of `ADVI_OPTIONS` or `FULLRANK_OPTIONS` that the user gave.

    Raises
    ------
    InvalidArgumentError, InvalidArgumentTypeError
        If a switch is not True or False, or a number no integer of at least 1 (``draws_per_coordinate``: 2).

    Examples
    --------
    >>> from bayesgmm.inference.advi import check_advi_options
    >>> check_advi_options({"minibatch": None, "max_iter": 200})
    """
    check_switch("resample", options)
    check_switch("linear_response", options)
    for option, least in LEAST.items():
        value = options.get(option, least)
        if value is None and ADVI_OPTIONS[option] is None:
            continue
        name, constraint = f'method_options["{option}"]', f"be an integer of at least {least}"
        if isinstance(value, bool) or not isinstance(value, int | np.integer):
            raise InvalidArgumentTypeError(name, constraint, value)
        if value < least:
            raise InvalidArgumentError(name, constraint, value)


def fit_advi(problem: Problem, settings: SamplingSettings) -> Draws:
    """Draw from the mean-field approximation of the posterior.

    Parameters
    ----------
    problem : Problem
    settings : SamplingSettings
        Options: ``linear_response`` (False: the draws are those of the mean-field approximation; True: their
        covariance is the linear response of its mean, for 4 n gradients more per fixed draw), ``resample`` (False:
        ADVI is judged by its own draws), ``draws_per_coordinate`` (2 fixed draws for each coordinate, at least 64 in
        all; more change nothing), ``minibatch`` (None: all rows; a number of rows: every pair of fixed draws sees a
        part of that size, for very many rows) and ``max_iter`` (1000).

    Returns
    -------
    Draws
        With the history of the ELBO.

    Warns
    -----
    ConvergenceWarning
        If the search stopped before it arrived.

    Examples
    --------
    >>> import numpy as np
    >>> from bayesgmm.covariance import Diagonal
    >>> from bayesgmm.data import as_data
    >>> from bayesgmm.em.fit import fit_em
    >>> from bayesgmm.inference.advi import fit_advi
    >>> from bayesgmm.inference.problem import Problem, SamplingSettings
    >>> from bayesgmm.model.priors import Priors
    >>> data, family = as_data(np.arange(50.0)[:, None]), Diagonal()
    >>> problem = Problem(data, family, Priors().resolve(data, 1, family), fit_em(data, 1, family).mixture)
    >>> draws = fit_advi(problem, SamplingSettings(500, 2, None, None, 1, False))
    >>> draws.values["means"].shape, draws.attrs["converged"]
    ((2, 500, 1, 1), 1)
    """
    return _fit(problem, settings, MeanField.around, ADVI_OPTIONS)


def fit_fullrank_advi(problem: Problem, settings: SamplingSettings) -> Draws:
    """Draw from the normal approximation of the posterior with the highest ELBO of all.

    Parameters
    ----------
    problem : Problem
    settings : SamplingSettings
        Options: ``resample`` (True: where k-hat is below 0.7 the draws are resampled in proportion to their importance
        weights, which makes them draws of the posterior itself, up to Monte Carlo error), ``draws_per_coordinate``
        (6; with fewer, F fits the fixed draws more than the posterior), ``minibatch`` and ``max_iter`` as for
        `fit_advi`.

    Returns
    -------
    Draws
        With the history of the ELBO.

    Warns
    -----
    ConvergenceWarning
        If the search stopped before it arrived.

    Examples
    --------
    >>> import numpy as np
    >>> from bayesgmm.covariance import Diagonal
    >>> from bayesgmm.data import as_data
    >>> from bayesgmm.em.fit import fit_em
    >>> from bayesgmm.inference.advi import fit_fullrank_advi
    >>> from bayesgmm.inference.problem import Problem, SamplingSettings
    >>> from bayesgmm.model.priors import Priors
    >>> data, family = as_data(np.arange(50.0)[:, None]), Diagonal()
    >>> problem = Problem(data, family, Priors().resolve(data, 1, family), fit_em(data, 1, family).mixture)
    >>> draws = fit_fullrank_advi(problem, SamplingSettings(500, 2, None, None, 1, False))
    >>> draws.attrs["pareto_k"] < 0.7, draws.attrs["is_resampled"]
    (True, 1)
    """
    return _fit(problem, settings, FullRank, FULLRANK_OPTIONS)


def _fit(
    problem: Problem,
    settings: SamplingSettings,
    make_family: Callable[[Whitening], Approximation],
    defaults: Mapping[str, Any],
) -> Draws:
    options = {**defaults, **settings.options}
    if options["minibatch"] is not None and not problem.priors.is_named:
        constraint = "be None where a prior is not a named one"
        raise InvalidArgumentError('method_options["minibatch"]', constraint, options["minibatch"])
    began, rng = time.perf_counter(), np.random.default_rng(settings.seed)
    peak = find_peak(problem, settings)
    family = make_family(peak.whitening)
    functions, z = _fixed_objective(peak, options, rng)
    found = maximise_elbo(functions, family, z, max_iter=options["max_iter"], workers=peak.workers)
    if not found.converged:
        sentence = f"ADVI has not converged after {len(found.elbo) - 1} steps; raise method_options['max_iter']."
        warnings.warn(sentence, ConvergenceWarning, stacklevel=5)
    gaussian = family.gaussian(found.parameters)
    if options.get("linear_response"):
        gaussian = linear_response(functions, family, found.parameters, z, peak.workers)
    resamples = bool(options["resample"])
    drawn = draw_gaussian(problem, settings, peak=peak, gaussian=gaussian, resamples=resamples, began=began, rng=rng)
    return replace(drawn, histories={"elbo": found.elbo}, attrs={**drawn.attrs, **_attrs(found, options, z)})


def _attrs(found: Search, options: Mapping[str, Any], z: Array) -> dict[str, Any]:
    return {
        "elbo": float(found.elbo[-1]),
        "converged": int(found.converged),
        "n_gradients": found.n_gradients,
        "fixed_draws": len(z),
        "minibatch": options["minibatch"] or 0,
        "linear_response": int(options.get("linear_response", False)),
    }


def _fixed_objective(
    peak: Peak, options: Mapping[str, Any], rng: np.random.Generator
) -> tuple[list[LogPosterior], Array]:
    """Fix the draws and what each of them sees; a pair sees the same rows."""
    n = peak.whitening.mode.size
    pairs = math.ceil(max(FEWEST_DRAWS, options["draws_per_coordinate"] * n) / 2)
    z = fixed_draws(2 * pairs, n, rng)
    functions = [peak.log_posterior]
    if options["minibatch"] is not None and peak.target is not None:
        functions = minibatches(peak.target, options["minibatch"], peak.whitening.mode, rng)
    return [functions[i % len(functions)] for i in range(pairs)] * 2, z


ADVI = Method(fit_advi, ADVI_OPTIONS, check_advi_options)
FULLRANK_ADVI = Method(fit_fullrank_advi, FULLRANK_OPTIONS, check_advi_options)
