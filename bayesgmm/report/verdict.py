"""The sentence on top: what came out, and how far EM and posterior agree."""

from typing import Any

from bayesgmm.em.fit import EMFit
from bayesgmm.posterior.container import Posterior
from bayesgmm.report.parts import count

__all__ = ["judge_estimate", "judge_posterior"]


def judge_posterior(posterior: Posterior, comparison: Any) -> str:
    """Say in one sentence what came out.

    Parameters
    ----------
    posterior : Posterior
    comparison : Table
        Of `compare_em`.

    Returns
    -------
    str

    Examples
    --------
    >>> import bayesgmm as bg
    >>> from bayesgmm.report.verdict import judge_posterior
    >>> judge_posterior(fit.posterior_, bg.compare_em(fit))
    '2 components, told apart; EM and posterior give 100.0 % of the rows the same label, and no parameter ...
    """
    K = posterior.n_components
    if not posterior.is_identified:
        return f"the data do not tell {K} components apart; use fewer, or read label-free quantities only."
    shift = comparison["shift"].abs()
    agreement = (
        f"EM and posterior give {100 * comparison.attrs['label_agreement']:.1f} % of the rows the same label, and"
    )
    found = f"{K} components, told apart; {agreement}" if K > 1 else "1 component; between EM and posterior"
    if not shift.notna().any():
        return f"{found} how far parameters differ cannot be said of a single draw."
    return f"{found} no parameter differs by more than {shift.max():.2f} posterior sds ({shift.idxmax()})."


def judge_estimate(em: EMFit) -> str:
    """Say in one sentence how EM ended, and what it does not say.

    Parameters
    ----------
    em : EMFit

    Returns
    -------
    str

    Examples
    --------
    >>> from bayesgmm.report.verdict import judge_estimate
    >>> judge_estimate(fit.em_)
    '2 components, a point estimate; EM converged. How sure it is, only a posterior says.'
    """
    components = count(em.mixture.n_components, "component")
    return f"{components}, a point estimate; {em.message} How sure it is, only a posterior says."
