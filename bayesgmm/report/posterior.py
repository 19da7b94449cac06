"""What the page says of a posterior."""

import json
import warnings
from contextlib import suppress
from typing import Any

import numpy as np

from bayesgmm import markup
from bayesgmm.comparison import compare_em
from bayesgmm.errors import InvalidArgumentError
from bayesgmm.model.priors import Priors
from bayesgmm.posterior.container import Posterior
from bayesgmm.posterior.diagnostics import HIGHEST_R_HAT, LOWEST_ESS, UNCLEAR_SHARE
from bayesgmm.posterior.display import count_divergences
from bayesgmm.posterior.evidence import log_marginal_likelihood
from bayesgmm.posterior.tables import Table
from bayesgmm.report.parts import Contents, Section, count, frame_table, sentence_list, term_list
from bayesgmm.report.pictures import comparison_picture, component_picture, elbo_picture
from bayesgmm.report.recipe import posterior_recipe
from bayesgmm.report.rows import membership_section, posterior_memberships
from bayesgmm.report.verdict import judge_posterior
from bayesgmm.schema import CHAIN, DRAW, HIGHEST_PARETO_K

__all__ = ["METHOD_WORDS", "describe_posterior_fit"]

METHOD_WORDS = {
    "nuts": "NUTS",
    "advi": "ADVI",
    "fullrank_advi": "full-rank ADVI",
    "laplace": "Laplace approximation",
    "smc": "sequential Monte Carlo",
}
COLUMN_WORDS = {  # by how the names of the summary's columns begin
    "mean": "posterior mean, in the units of the data",
    "sd": "posterior standard deviation",
    "eti": "ends of the equal-tailed interval; the number is its mass in %",
    "hdi": "ends of the highest-density interval; the number is its mass in %",
    "ess": f"effective sample size of bulk and tails; to be at least {LOWEST_ESS}",
    "r_hat": f"whether the chains agree; to be below {HIGHEST_R_HAT}",
    "mcse": "Monte Carlo standard error of mean and sd",
}
NEEDS_LABELS = "Components cannot be told apart, so no row can be said to belong to one of them."
CRITERIA_WORDS = (
    "Of the EM solution at which the chains started; smaller is better, among fits to the same rows. BIC asks how many "
    "components describe the density, ICL how many clusters stand apart."
)
EVIDENCE_WORDS = (
    "The log marginal likelihood compares models only under priors of your own: the defaults have seen the rows."
)


def describe_posterior_fit(posterior: Posterior, estimator: Any) -> Contents:
    """Say everything of a posterior.

    Parameters
    ----------
    posterior : Posterior
    estimator : BayesianGaussianMixture or None
        What it was fitted by, where that is known.

    Returns
    -------
    Contents
    """
    summary, comparison = posterior.summary(), compare_em(posterior)
    priors, prior_notes = _describe_priors(posterior, estimator)
    title = f"{count(posterior.n_components, 'Gaussian component')} in {count(posterior.data.n_rows, 'row')}"
    sections = (
        Section("fitted", "What was fitted", _describe_fit(posterior) + priors),
        Section("components", "The components", component_picture(posterior, None, posterior.n_features)),
        Section("parameters", "Parameters", _describe_parameters(summary)),
        Section("em", "EM beside the posterior", _describe_comparison(posterior, comparison)),
        _describe_memberships(posterior),
        Section("criteria", "Criteria", _describe_criteria(posterior)),
        Section("diagnostics", "Diagnostics", _describe_diagnostics(posterior, summary) + elbo_picture(posterior)),
        posterior_recipe(posterior, estimator),
    )
    return Contents(title, judge_posterior(posterior, comparison), (*summary.notes, *prior_notes), sections)


def _describe_fit(posterior: Posterior) -> str:
    attrs, sizes = posterior.attrs, posterior.group("posterior").sizes
    method = METHOD_WORDS.get(str(attrs["method"]), str(attrs["method"]))
    if "inference_library" in attrs:
        method += f", by {attrs['inference_library']} {attrs.get('inference_library_version', '')}".rstrip()
    draws = f"{count(sizes[CHAIN], 'chain')} of {count(sizes[DRAW], 'draw')}"
    draws += f", after {count(attrs['tuning_steps'], 'warm-up step')} each" if "tuning_steps" in attrs else ""
    data = posterior.data
    weighed = "" if data.sample_weight is None else f", of total weight {data.total_weight:g}"
    terms = {
        "Model": f"{count(posterior.n_components, 'Gaussian component')}, {posterior.family.name} covariances",
        "Rows": f"{data.n_rows:,}{weighed}",
        "Features": ", ".join(posterior.feature_names),
        "Method": method,
        "Draws": draws,
    }
    return term_list(terms.items())


def _describe_priors(posterior: Posterior, estimator: Any) -> tuple[str, list[str]]:
    """Put the priors in plain words; what there is to warn of them becomes notes."""
    data, K, family = posterior.data, posterior.n_components, posterior.family
    given = getattr(estimator, "priors", None) or Priors()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        is_known = given.resolve(data, K, family).to_json() == posterior.attrs["priors"]
        description = given.describe(data, K, family) if is_known else None
    if description is None:
        return _recorded_priors(posterior), []
    blocks = description.blocks.items()
    rows = [[f"{name}, {label}" if label else name, text] for name, entries in blocks for label, text in entries]
    table = markup.table(["prior of", "says"], rows, caption=description.title, kind="words")
    notes = [f"Priors: {message}" for message in dict.fromkeys(str(warning.message) for warning in caught)]
    return table + (markup.paragraph(description.note) if description.note else ""), notes


def _recorded_priors(posterior: Posterior) -> str:
    """Name the priors as a file records them."""
    recorded: dict[str, Any] = json.loads(str(posterior.attrs["priors"]))
    rows = [[name, _word_prior(prior)] for name, prior in recorded.items()]
    return markup.table(["prior of", "is"], rows, caption="Priors, as recorded", kind="words") if rows else ""


def _word_prior(prior: Any) -> str:
    if not isinstance(prior, dict):
        return str(prior)
    parameters = (f"{name} {value}" for name, value in prior.items() if name != "name")
    return f"{prior.get('name', 'unknown')}: {', '.join(parameters)}".removesuffix(": ")


def _describe_parameters(summary: Table) -> str:
    table = frame_table(["parameter", *map(str, summary.columns)], summary.rounded())
    words = {start: text for start, text in COLUMN_WORDS.items() if any(map(_begins(start), summary.columns))}
    return table + term_list(words.items())


def _begins(start: str) -> Any:
    return lambda column: str(column).startswith(start)


def _describe_comparison(posterior: Posterior, comparison: Table) -> str:
    table = frame_table(["parameter", *map(str, comparison.columns)], comparison.rounded())
    words = "The shift is the posterior mean less EM's estimate, in posterior sds; em_se is EM's standard error."
    notes = sentence_list(comparison.notes[:1])
    return comparison_picture(posterior, comparison) + table + markup.paragraph(words) + notes


def _describe_memberships(posterior: Posterior) -> Section:
    if not posterior.is_identified:
        return Section("memberships", "Who belongs where", markup.paragraph(NEEDS_LABELS))
    return membership_section(posterior_memberships(posterior), posterior.data.x, posterior.feature_names)


def _describe_criteria(posterior: Posterior) -> str:
    log_likelihood = float(posterior.group("em")["log_likelihood"])
    values = {"BIC": posterior.bic, "ICL": posterior.icl, "AIC": posterior.aic, "log-likelihood": log_likelihood}
    table = markup.table(["criterion", "value"], [[name, f"{value:.2f}"] for name, value in values.items()])
    evidence = ""
    with suppress(InvalidArgumentError):  # the method estimates none, or one that cannot be believed
        evidence = sentence_list([str(log_marginal_likelihood(posterior))]) + markup.paragraph(EVIDENCE_WORDS)
    return table + markup.paragraph(CRITERIA_WORDS) + evidence


def _describe_diagnostics(posterior: Posterior, summary: Table) -> str:
    """Give the worst of each number, where it stands, and what it should be."""
    attrs, rows = posterior.attrs, list[list[str]]()
    if "r_hat" in summary:
        worst = summary["r_hat"].astype(float)
        place = str(worst.idxmax()) if worst.notna().any() else ""
        rows.append(["highest R-hat", f"{worst.max():.3f}", place, f"below {HIGHEST_R_HAT}"])
    for column in ("ess_bulk", "ess_tail"):
        if column in summary:
            least = summary[column].astype(float)
            place = str(least.idxmin()) if least.notna().any() else ""
            rows.append([f"lowest {column}", f"{np.floor(least.min()):.0f}", place, f"at least {LOWEST_ESS}"])
    if "pareto_k" in attrs:
        rows.append(["k-hat", f"{float(attrs['pareto_k']):.2f}", "", f"below {HIGHEST_PARETO_K}"])
    else:
        rows.append(["divergences", f"{count_divergences(posterior)}", "", "0"])
    share = 100 * float(attrs.get("unclear_share", np.nan))
    rows.append(["draws without clear labels", f"{share:.1f} %", "", f"at most {100 * UNCLEAR_SHARE:g} %"])
    if "sampling_time" in attrs:
        rows.append(["seconds of sampling or fitting", f"{float(attrs['sampling_time']):.2f}", "", ""])
    return markup.table(["number", "value", "where", "should be"], rows)
