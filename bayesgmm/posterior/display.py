"""What a notebook shows of a posterior: what was fitted, the verdicts, and the components in a table.

It is made whenever a cell ends in a fit, so nothing here loads ArviZ or counts draws twice: R-hat and effective sample
sizes are the summary's.
"""

import numpy as np

from bayesgmm import markup
from bayesgmm.posterior.container import Posterior
from bayesgmm.posterior.diagnostics import judge_approximation
from bayesgmm.posterior.tables import with_error
from bayesgmm.schema import SAMPLE_DIMS

__all__ = ["approximation_sentence", "count_divergences", "describe_posterior"]


def describe_posterior(posterior: Posterior) -> str:
    """Set a posterior in HTML.

    Parameters
    ----------
    posterior : Posterior

    Returns
    -------
    str
        What was fitted, the verdicts, and posterior mean ± sd of weights, means and sds; no table where components
        cannot be told apart.

    Examples
    --------
    >>> from bayesgmm.posterior.display import describe_posterior
    >>> "Labels: identified" in describe_posterior(fit.posterior_)
    True
    """
    head, *verdict = repr(posterior).split("\n")
    parts = [markup.code(head), *map(markup.paragraph, [*verdict, _judge_draws(posterior)])]
    if posterior.is_identified:
        mixture = posterior.mixture
        axes = tuple(range(len(SAMPLE_DIMS)))
        cells = [with_error(x.mean(axes), x.std(axes)) for x in (mixture.weights, mixture.means, mixture.sds)]
        features, components = posterior.feature_names, posterior.component_names
        parts.append(markup.component_table(*cells, feature_names=features, component_names=components))
    return "".join(parts)


def approximation_sentence(posterior: Posterior) -> str:
    """Word how far the draws of an approximation can be trusted; see `diagnostics.judge_approximation`.

    Parameters
    ----------
    posterior : Posterior
        By Laplace or ADVI.

    Returns
    -------
    str
    """
    attrs = posterior.attrs
    return judge_approximation(
        attrs["method"],
        attrs["pareto_k"],
        ess=attrs["importance_ess"],
        width=attrs["least_sd_ratio"],
        shift=attrs["largest_shift"],
        is_resampled=bool(attrs["is_resampled"]),
    )


def count_divergences(posterior: Posterior) -> int:
    """Count the trajectories that diverged.

    Parameters
    ----------
    posterior : Posterior

    Returns
    -------
    int
        0 where the method has no trajectories.

    Examples
    --------
    >>> from bayesgmm.posterior.display import count_divergences
    >>> count_divergences(fit.posterior_)
    0
    """
    divergent = posterior.group("sample_stats").get("diverging") if "sample_stats" in posterior.idata.children else None
    return 0 if divergent is None else int(np.sum(divergent))


def _judge_draws(posterior: Posterior) -> str:
    """Say what is known of the draws without counting anew."""
    if "pareto_k" in posterior.attrs:
        return approximation_sentence(posterior)
    return f"Sampler: {count_divergences(posterior)} divergences; R-hat and effective sample size stand in `summary()`."
