"""Whether labels and sampler can be trusted, each in one sentence with its remedy.

Labels are not identified where more than 5 % of the draws fit no one-to-one assignment to EM's components, or where
chains, labels matched, sit in different modes: the potential scale reduction (Gelman and Rubin 1992,
doi:10.1214/ss/1177011136) of a component's parameter

    R-hat = sqrt((S - 1) / S + B / W),   B the variance of the chains' means, W their mean variance,

exceeds 1.5 between chains while the two halves of every chain agree better than that. The sampler's thresholds are
those of Vehtari et al. (2021, doi:10.1214/20-BA1221): R-hat below 1.01 and at least 400 effective draws. An
approximation is judged by the k-hat of its importance weights, to be below 0.7 (Vehtari et al. 2024,
https://jmlr.org/papers/v25/19-556.html).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bayesgmm.mixture import Mixture
from bayesgmm.posterior.relabel import Relabelling
from bayesgmm.schema import HIGHEST_PARETO_K

__all__ = [
    "LabelVerdict",
    "between_chains",
    "judge_approximation",
    "judge_correlations",
    "judge_labels",
    "judge_sampler",
    "judge_starts",
    "potential_scale_reduction",
]

Array = NDArray[np.float64]

UNCLEAR_SHARE = 0.05  # the non-permutation rate above which clusters do not stand apart (Malsiner-Walli et al. 2016)
SEPARATED = 1.5  # an R-hat at which chains' means lie more than one within-chain sd from each other
HIGHEST_R_HAT, LOWEST_ESS = 1.01, 400
LEAST_WIDTH = 0.9  # of an interval of an approximation, relative to the posterior's
LARGEST_SHIFT = 0.25  # of a mean of an approximation from the posterior's, in posterior sds
RIVAL = 5.0  # nats below the best at which another optimum is as good a reading: a likelihood of a 150th
FAULTS = {  # of an approximation that its weights cannot repair, with what to use instead
    "advi": ("ADVI's intervals are too narrow", 'method="nuts" or "fullrank_advi"'),
    "fullrank_advi": ("the posterior is far from normal", 'method="nuts"'),
    "laplace": ("the posterior is far from normal", 'method="nuts" or "fullrank_advi"'),
}
RESAMPLE = 'Resample by `method_options={"resample": True}`'
FEWER = (
    "Fit fewer components or a simpler `covariance_type`, or read only what needs no labels: `density`, "
    "`score_samples`, the label-free rows of `summary`."
)
SEVERAL = (
    "The data have several readings: fit fewer components or a simpler `covariance_type`, or the others by `init=`."
)
SET_APART = "Set such rows apart, or fit fewer components or a simpler `covariance_type`."


@dataclass(frozen=True)
class LabelVerdict:
    """Whether the components can be told apart.

    Attributes
    ----------
    is_identified : bool
        Whether averages per component mean anything.
    sentence : str
        The verdict with its numbers and, where it is bad, the remedy.
    unclear_share : float
        Share of the draws that fit no one-to-one assignment.
    """

    is_identified: bool
    sentence: str
    unclear_share: float


def judge_labels(mixture: Mixture, relabelling: Relabelling) -> LabelVerdict:
    """Judge whether the components of a posterior can be told apart.

    Parameters
    ----------
    mixture : Mixture
        The draws after relabelling, with leading axes (C, S).
    relabelling : Relabelling
        How they were matched.

    Returns
    -------
    LabelVerdict

    Examples
    --------
    >>> from bayesgmm.posterior.diagnostics import judge_labels
    >>> from bayesgmm.posterior.relabel import match
    >>> posterior = fit.posterior_
    >>> judge_labels(posterior.mixture, match(posterior.mixture, fit.em_)).is_identified
    True
    """
    if mixture.n_components == 1:
        return LabelVerdict(True, "Labels: one component, nothing to tell apart.", 0.0)
    unclear = float(1.0 - relabelling.is_clear.mean())
    shown = f"{100 * unclear:.1f} % of the draws fit no one-to-one assignment to EM's components"
    if unclear > UNCLEAR_SHARE:
        return LabelVerdict(False, f"Labels: not identified, {shown} (5 % are allowed). {FEWER}", unclear)
    separation = between_chains(mixture)
    if separation > SEPARATED:
        reason = f"chains sit in different modes (R-hat between chains {separation:.1f})"
        return LabelVerdict(False, f"Labels: not identified, {reason}. {FEWER}", unclear)
    return LabelVerdict(True, f"Labels: identified; {shown}.", unclear)


def judge_correlations(shares: Mapping[str, float]) -> str:
    """Word which components have draws with a correlation of one, where a mixture has no density.

    Parameters
    ----------
    shares : mapping of str to float
        By the component's name, the share of its draws.

    Returns
    -------
    str
        One sentence with its remedy; empty where there is no such draw.

    Examples
    --------
    >>> from bayesgmm.posterior.diagnostics import judge_correlations
    >>> print(judge_correlations({"component 0": 0.0, "component 1": 0.25}).split(". ")[0])
    Degenerate: component 1, of whose draws 25.0 % have a correlation of one, as equal rows or rows on one line make it
    """
    words = "of whose draws {:.1f} % have a correlation of one"
    found = [f"{name}, {words.format(100 * share)}" for name, share in shares.items() if share > 0]
    if not found:
        return ""
    return f"Degenerate: {'; '.join(found)}, as equal rows or rows on one line make it. {SET_APART}"


def judge_starts(n_starts: int, n_optima: int, gap: float) -> str:
    """Word what the pool of EM starts found.

    Parameters
    ----------
    n_starts : int
        Starts tried; 0 where the user gave the start.
    n_optima : int
        Distinct optima among those that converged.
    gap : float
        Log-likelihood of the best less that of the next, in nats.

    Returns
    -------
    str
        One sentence, with a remedy after it where another optimum is nearly as good.

    Examples
    --------
    >>> from bayesgmm.posterior.diagnostics import judge_starts
    >>> judge_starts(16, 3, 42.5)
    'EM starts: 3 distinct optima from 16 starts; the next best lies 42.5 nats below the one used.'
    >>> print(judge_starts(16, 3, 0.02).split(". ")[0])
    EM starts: 3 distinct optima from 16 starts; the next best lies less than 0.1 nats below the one used
    """
    if not n_starts:
        return "EM starts: only the one given by `init`; other optima were not looked for."
    if n_optima < 2:
        return f"EM starts: {n_starts} start{'s' * (n_starts > 1)} found one optimum."
    distance = f"{gap:.1f}" if gap >= 0.1 else "less than 0.1"
    found = f"{n_optima} distinct optima from {n_starts} starts; the next best lies {distance} nats below the one used"
    return f"EM starts: {found}. {SEVERAL if gap < RIVAL else ''}".rstrip()


def judge_sampler(r_hat: float, ess: float, n_divergent: int, n_chains: int = 4) -> str:
    """Word whether the chains agree, draws suffice, and no trajectory diverged.

    Parameters
    ----------
    r_hat, ess : float
        The highest R-hat and the lowest bulk or tail effective sample size of a table's rows.
    n_divergent : int
        Trajectories that diverged.
    n_chains : int
        C; of one chain R-hat is not known. 4 by default, as many as are mostly run.

    Returns
    -------
    str
        Its numbers and, where it is bad, the remedy.

    Examples
    --------
    >>> from bayesgmm.posterior.diagnostics import judge_sampler
    >>> judge_sampler(1.003, 1520.0, 0)
    'Sampler: sound; highest R-hat 1.003, lowest ESS 1520, no divergences.'
    >>> judge_sampler(1.003, 312.7, 0)
    'Sampler: lowest ESS 312 (at least 400). Raise `tune` and `draws`.'
    """
    complaints, remedies = [], []
    if n_divergent:
        complaints.append(f"{n_divergent} divergences")
        remedies.append('raise `method_options={"target_accept": ...}` towards 0.99')
    if n_chains < 2:
        complaints.append("one chain: R-hat cannot be computed")
        remedies.append("run at least 2 chains, better 4")
    elif not r_hat < HIGHEST_R_HAT:
        complaints.append(f"highest R-hat {r_hat:.3f} (below {HIGHEST_R_HAT})")
        remedies.append("raise `tune` and `draws`")
    if not ess >= LOWEST_ESS:
        complaints.append(f"lowest ESS {np.floor(ess):.0f} (at least {LOWEST_ESS})")
        remedies.append("raise `tune` and `draws`")
    if not complaints:
        return f"Sampler: sound; highest R-hat {r_hat:.3f}, lowest ESS {np.floor(ess):.0f}, no divergences."
    remedy = "; ".join(dict.fromkeys(remedies))
    return f"Sampler: {', '.join(complaints)}. {remedy[0].upper()}{remedy[1:]}."


def judge_approximation(
    method: str, pareto_k: float, *, ess: float, width: float, shift: float, is_resampled: bool
) -> str:
    r"""Word how far draws of an approximation can be trusted.

    Parameters
    ----------
    method : str
        "laplace", "advi" or "fullrank_advi".
    pareto_k : float
        k-hat of the importance weights of its draws against the exact posterior.
    ess : float
        Draws of the posterior that the weighed ones are worth.
    width : float
        By the weights, the narrowest of the approximation's sds relative to the posterior's.
    shift : float
        By the weights, the largest distance of its means from the posterior's, in posterior sds.
    is_resampled : bool
        Whether the draws are resampled in proportion to their weights.

    Returns
    -------
    str
        Its numbers and, where they are bad, the remedy.

    Examples
    --------
    >>> from bayesgmm.posterior.diagnostics import judge_approximation
    >>> judge_approximation("advi", 1.3, ess=9.0, width=0.4, shift=0.1, is_resampled=False)
    'Approximation: ADVI\'s intervals are too narrow; k-hat 1.30 (below 0.7). Use method="nuts" or "fullrank_advi".'
    >>> judge_approximation("laplace", 0.41, ess=2699.0, width=0.97, shift=0.2, is_resampled=True)
    'Approximation: sound, resampled by importance weights; k-hat 0.41, weights worth 2699 draws of the posterior.'
    """
    fault, remedy = FAULTS[method]
    if not pareto_k < HIGHEST_PARETO_K:
        return f"Approximation: {fault}; k-hat {pareto_k:.2f} (below {HIGHEST_PARETO_K}). Use {remedy}."
    if not is_resampled:
        narrow, far = width < LEAST_WIDTH, shift > LARGEST_SHIFT
        shown = (
            f"k-hat {pareto_k:.2f}, the narrowest interval about {100 * width:.0f} % as wide as the posterior's, "
            f"the farthest mean about {shift:.2f} posterior sds off"
        )
        if narrow or far:
            return f"Approximation: {fault if narrow else 'means are off'}; {shown}. {RESAMPLE}, or use {remedy}."
        return f"Approximation: near the posterior, not resampled; {shown}."
    worth = f"k-hat {pareto_k:.2f}, weights worth {np.floor(ess):.0f} draws of the posterior"
    if ess < LOWEST_ESS:
        return f"Approximation: resampled by importance weights; {worth} (at least {LOWEST_ESS}). Raise `draws`."
    return f"Approximation: sound, resampled by importance weights; {worth}."


def between_chains(mixture: Mixture) -> float:
    """Give the highest R-hat between chains of a weight, mean or log sd whose chains agree with themselves.

    Parameters
    ----------
    mixture : Mixture
        The draws after relabelling, with leading axes (C, S).

    Returns
    -------
    float
        1 where there are no two chains, or fewer than 8 draws in each.

    Examples
    --------
    >>> import numpy as np
    >>> from bayesgmm.mixture import Mixture
    >>> from bayesgmm.posterior.diagnostics import between_chains
    >>> means = np.random.default_rng(1).normal(size=(2, 50, 1, 1))
    >>> means[1] += 10.0  # the second chain sits elsewhere
    >>> between_chains(Mixture.from_sds(np.ones((2, 50, 1)), means, np.ones((2, 50, 1, 1)))) > 5
    True
    """
    C, S = mixture.batch_shape
    if C < 2 or S < 8:
        return 1.0
    parts = mixture.weights, mixture.means, np.log(mixture.sds)
    values = np.concatenate([part.reshape(C, S, -1) for part in parts], -1)
    half = S // 2
    halves = np.stack([values[:, :half], values[:, half : 2 * half]])  # (2, C, half, M)
    within = potential_scale_reduction(halves).max(0)  # (M,), the worst chain's
    between = potential_scale_reduction(values)
    return float(np.where(within < SEPARATED, between, 1.0).max())


def potential_scale_reduction(values: Array) -> Array:
    """Give R-hat over the first axis, the chains; draws on the axis before the last.

    Parameters
    ----------
    values : array of shape (C, ..., S, M)

    Returns
    -------
    array of shape (..., M)
        1 where nothing varies; infinity where chains stand still in different places.

    Examples
    --------
    >>> import numpy as np
    >>> from bayesgmm.posterior.diagnostics import potential_scale_reduction
    >>> potential_scale_reduction(np.array([[[0.0], [1.0]], [[0.0], [1.0]]]))
    array([0.70710678])
    """
    S = values.shape[-2]
    between = values.mean(-2).var(0, ddof=1)
    within = values.var(-2, ddof=1).mean(0)
    ratio = np.divide(between, within, out=np.where(between > 0, np.inf, 1.0 / S), where=within > 0)
    return np.sqrt((S - 1) / S + ratio)
