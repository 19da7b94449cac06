"""What the page says of an EM fit: with the rows also standard errors, memberships and ICL."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bayesgmm import markup
from bayesgmm.data import Data, as_data
from bayesgmm.em.criteria import icl
from bayesgmm.em.fit import EMFit
from bayesgmm.em.information import standard_errors
from bayesgmm.em.path import is_fitted_to
from bayesgmm.plots.subject import as_subject
from bayesgmm.posterior.diagnostics import judge_starts
from bayesgmm.posterior.tables import with_error
from bayesgmm.report.parts import Contents, Section, count, term_list
from bayesgmm.report.pictures import component_picture
from bayesgmm.report.recipe import estimate_recipe
from bayesgmm.report.rows import estimated_memberships, membership_section
from bayesgmm.report.verdict import judge_estimate
from bayesgmm.schema import pair_names

__all__ = ["describe_estimate"]

Array = NDArray[np.float64]

MOST_PAIRS = 60  # rows of correlations
WITHOUT_ROWS = "Rows: EM keeps none; give them to `write_report` for standard errors, memberships and ICL."
OTHER_ROWS = "Rows: those given are not the ones fitted, or had other weights; standard errors and ICL are left out."
ERROR_WORDS = "Estimates ± standard errors, from the observed information (Louis 1982)."
CRITERIA_WORDS = "Smaller is better, among fits to the same rows."


def describe_estimate(em: EMFit, X: ArrayLike | None, estimator: Any) -> Contents:
    """Say everything of an EM fit.

    Parameters
    ----------
    em : EMFit
    X : array-like of shape (N, D) or None
        The rows that it was fitted to, which EM does not keep.
    estimator : GaussianMixture or None
        What it was fitted by, where that is known.

    Returns
    -------
    Contents
    """
    fit = em if estimator is None else estimator
    names = as_subject(fit, X).feature_names
    data = None if X is None else as_data(X)
    own = data if data is not None and is_fitted_to(em, data) else None
    K, D = em.mixture.means.shape
    fitted = [("Model", f"{count(K, 'Gaussian component')}, {em.family.name} covariances")]
    fitted += [("Rows", f"{em.total_weight:,g}"), ("Features", ", ".join(names)), ("Method", "EM")]
    sections = [
        Section("fitted", "What was fitted", term_list(fitted)),
        Section("components", "The components", component_picture(fit, X, D)),
        Section("parameters", "Parameters", _describe_parameters(em, own, names)),
        *([] if data is None else [membership_section(estimated_memberships(em.mixture, data), data.x, names)]),
        Section("criteria", "Criteria", _describe_criteria(em, own)),
        estimate_recipe(estimator, em.total_weight, names),
    ]
    notes = [_judge_search(em)] + [WITHOUT_ROWS] * (data is None) + [OTHER_ROWS] * (data is not None and own is None)
    title = f"{count(K, 'Gaussian component')} in {count(em.total_weight, 'row')}"
    return Contents(title, judge_estimate(em), tuple(notes), tuple(part for part in sections if part is not None))


def _judge_search(em: EMFit) -> str:
    if em.starts is None:
        return "EM starts: only the one given; other optima were not looked for."
    return judge_starts(len(em.starts.kinds), em.starts.n_optima, em.starts.gap)


def _describe_parameters(em: EMFit, data: Data | None, names: tuple[str, ...]) -> str:
    """Set weights, means and sds by component, and correlations by pair, with standard errors where rows are known."""
    mixture, family = em.mixture, em.family
    K, D = mixture.means.shape
    errors = {} if data is None else standard_errors(em, data)
    if "sds" in errors:
        errors["sds"] = family.expand_sds(errors["sds"], K, D)
    values = {name: np.asarray(getattr(mixture, name)) for name in ("weights", "means", "sds", "correlations")}
    texts = {name: _write(value, errors.get(name)) for name, value in values.items()}
    parts = [markup.component_table(texts["weights"], texts["means"], texts["sds"], feature_names=names)]
    if family.has_correlations(D):
        rows = [[pair, *cells] for pair, cells in zip(pair_names(names), texts["correlations"].T.tolist(), strict=True)]
        head = ["pair", *(f"component {k}" for k in range(K))]
        parts.append(markup.table(head, rows[:MOST_PAIRS], caption="Correlations"))
        if len(rows) > MOST_PAIRS:
            parts.append(markup.paragraph(f"The first {MOST_PAIRS} of {len(rows):,} pairs."))
    return "".join(parts) + (markup.paragraph(ERROR_WORDS) if errors else "")


def _write(values: Array, errors: Array | None) -> Any:
    if errors is None:
        return markup.number_texts(values)
    return with_error(values, np.broadcast_to(errors, values.shape))


def _describe_criteria(em: EMFit, data: Data | None) -> str:
    classified = {} if data is None else {"ICL": icl(em.mixture, data, em.family)}
    values = {"BIC": em.bic, **classified, "AIC": em.aic, "log-likelihood": em.log_likelihood}
    rows = [[name, f"{value:.2f}"] for name, value in values.items()]
    how = f"{em.message} {count(em.n_iter, 'iteration')}, {count(em.n_parameters, 'free parameter')}."
    return markup.table(["criterion", "value"], rows) + markup.paragraph(CRITERIA_WORDS) + markup.paragraph(how)
