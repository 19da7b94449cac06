r"""Fits of different sizes and families to the same rows, and what speaks for each of them.

    BIC, AIC, ICL   of EM's solution, see `bayesgmm.em.criteria`; smaller is better
    elpd_loo        sum_n log p(x_n | all other rows), of a posterior; larger is better

The second is leave-one-out cross-validation, see `bayesgmm.selection.elpd`. A row whose k-hat is high is not estimated
well; where many are, cross-validate by refitting (scikit-learn's ``cross_val_score``). Of two posteriors, it is the
standard error of their difference, row by row, that says whether they are told apart, not the two errors of the two
sums. Where two predict nearly the same, less than about 4 nats apart, that error misleads (Sivula, Magnusson, Matamoros
and Vehtari 2020, doi:10.48550/arXiv.2008.10296). It knows nothing of Monte Carlo either: runs of one model that differ
in their seed lie some tenths of a nat apart, with a standard error of one tenth.
"""

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from bayesgmm.data import Data, as_data
from bayesgmm.em.criteria import icl
from bayesgmm.em.path import check_rows
from bayesgmm.em.result import EMFit, EMStatus
from bayesgmm.errors import InvalidArgumentError, InvalidArgumentTypeError
from bayesgmm.mixture import Mixture
from bayesgmm.posterior.container import Posterior, as_result
from bayesgmm.posterior.tables import Table
from bayesgmm.selection.elpd import Loo, cross_validate, measure_differences

__all__ = ["COLLAPSED", "SMALLER_IS_BETTER", "Criteria", "compare_criteria", "find_best"]

Fits = dict[Any, EMFit | Posterior]

SMALLER_IS_BETTER = ("bic", "aic", "icl")  # they judge the rows that the fit was made of; of all others, more is better
CRITERIA = (*SMALLER_IS_BETTER, "elpd_loo")
TOLD_APART = 2.0  # standard errors of a difference of elpd_loo
LEAST_DIFFERENCE = 4.0  # nats; where fits predict nearly the same, the standard error misleads (Sivula et al. 2020)
NEEDED = f"by {LEAST_DIFFERENCE:g} nats and two standard errors of the difference"
COLLAPSED = "collapsed"
VERDICTS = {
    EMStatus.CONVERGED: "converged",
    EMStatus.NOT_CONVERGED: "not converged",
    EMStatus.DEGENERATE: COLLAPSED,
    EMStatus.SINGULAR: COLLAPSED,
}


class Criteria(Table):
    """A table of fits and criteria; it prints numbers to one decimal and leaves out what no fit has.

    It is a DataFrame: columns of your own may be added, and are drawn by `plot_criteria` under their names.

    Attributes
    ----------
    notes : tuple of str
        The lines below the table.

    Examples
    --------
    >>> import bayesgmm as bg
    >>> bg.compare_criteria([fit])[["covariance_type", "n_components", "n_parameters"]].values.tolist()
    [['full', 2, 11]]
    """

    def rounded(self) -> pd.DataFrame:
        """Give the table as text; blank for NaN, without the columns that are blank throughout."""
        texts = {name: [_write(name, value) for value in self[name]] for name in self.columns}
        return pd.DataFrame({name: column for name, column in texts.items() if any(column)}, index=self.index)


def compare_criteria(
    fits: Mapping[str, Any] | Sequence[Any],
    X: ArrayLike | None = None,
    *,
    sample_weight: ArrayLike | None = None,
    elpd_loo: bool = True,
) -> Criteria:
    """Tabulate the criteria of fits of different sizes and families to the same rows.

    N rows.

    Parameters
    ----------
    fits : sequence, or mapping of str, of fitted estimators, EMFits or Posteriors
    X : array or DataFrame of shape (N, D), or None
        The rows of the fits, which the ICL of an EM fit needs. None: those that a posterior among them holds.
    sample_weight : array-like of shape (N,), or None
        The weights of the fits, with `X`; a posterior holds its own.
    elpd_loo : bool
        Whether to cross-validate the posteriors; True by default. It asks every row under every draw, which takes a
        minute or two for 100,000 rows.

    Returns
    -------
    Criteria
        A DataFrame with a row per fit, named as in a mapping: ``covariance_type``, ``n_components``, ``method``,
        ``n_parameters``; of EM's solution ``log_likelihood`` (nats), ``bic``, ``aic``, ``icl`` (NaN without rows); of a
        posterior ``elpd_loo`` with ``elpd_loo_se``, ``p_loo``, ``n_high_k`` (rows whose k-hat is too high), and how far
        it lies below the best, ``elpd_loo_diff`` with ``elpd_loo_diff_se`` (nats; NaN for EM, for weighted rows, and
        for draws of an approximation whose k-hat is above 0.7); ``verdict``: whether EM converged, the labels are
        identified, or a component collapsed; ``best``: the criteria by which it is. A fit with a collapsed component is
        best by none of the first three. The notes below say which posteriors are told apart: those that differ by more
        than 4 nats and two standard errors of the difference.

    Raises
    ------
    InvalidArgumentError
        If there is no fit, or one was made of other rows or weights; if posteriors to be cross-validated have their
        rows in different orders; or if there are weights without `X`.
    InvalidArgumentTypeError
        If `fits` is neither a sequence nor a mapping of texts, or holds something else than fits.

    References
    ----------
    .. [1] Vehtari, A., Gelman, A. and Gabry, J. (2017). Practical Bayesian model evaluation using leave-one-out
       cross-validation and WAIC. Statistics and Computing 27, 1413-1432. https://doi.org/10.1007/s11222-016-9696-4
    .. [2] Biernacki, C., Celeux, G. and Govaert, G. (2000). Assessing a mixture model for clustering with the
       integrated completed likelihood. IEEE PAMI 22, 719-725. https://doi.org/10.1109/34.865189
    .. [3] Sivula, T., Magnusson, M., Matamoros, A. A. and Vehtari, A. (2020). Uncertainty in Bayesian leave-one-out
       cross-validation based model comparison. https://doi.org/10.48550/arXiv.2008.10296

    Examples
    --------
    >>> import bayesgmm as bg
    >>> X = bg.load_faithful()
    >>> ems = [bg.GaussianMixture(K, random_state=1).fit(X) for K in (1, 2, 3)]
    >>> table = bg.compare_criteria(ems, X)
    >>> table["bic"].round(1).tolist(), table["best"].tolist()
    ([2607.6, 2322.2, 2324.2], ['', 'bic icl', 'aic'])
    """
    values = _read_fits(fits)
    data = _find_rows(values, X, sample_weight)
    posteriors = {name: value for name, value in values.items() if isinstance(value, Posterior)}
    loos, obstacles = cross_validate(posteriors if elpd_loo else {})
    rows = [_describe(value, data, loos.get(name)) for name, value in values.items()]
    index = pd.Index(values, name="fit") if isinstance(fits, Mapping) else pd.RangeIndex(len(rows))
    table = pd.DataFrame(rows, index)
    table[["elpd_loo_diff", "elpd_loo_diff_se"]] = measure_differences(list(values), loos)
    table["verdict"] = [_verdict(value) for value in values.values()]
    best = {criterion: find_best(table, criterion) for criterion in CRITERIA}
    table["best"] = [" ".join(name for name, place in best.items() if place == i) for i in range(len(table))]
    result = Criteria(table)
    result.attrs["notes"] = _word(table, best, _label_fits(values), posteriors=posteriors, obstacles=obstacles)
    return result


def find_best(table: pd.DataFrame, criterion: str, smaller_is_better: Sequence[str] = SMALLER_IS_BETTER) -> int | None:
    """Give the position of the fit that is best by a criterion.

    Parameters
    ----------
    table : pandas.DataFrame
        As `compare_criteria` makes it.
    criterion : str
        A column.
    smaller_is_better : sequence of str
        The criteria of which less is better; by BIC, AIC and ICL no fit with a collapsed component can be best.

    Returns
    -------
    int or None
        None where no fit has the criterion.

    Examples
    --------
    >>> import pandas as pd
    >>> from bayesgmm.selection.criteria import find_best
    >>> find_best(pd.DataFrame({"bic": [2607.6, 2322.2, 2333.7]}), "bic")
    1
    """
    values = table[criterion].to_numpy(dtype=float, copy=True)
    if criterion in SMALLER_IS_BETTER and "verdict" in table:
        values[(table["verdict"] == COLLAPSED).to_numpy()] = np.nan
    if np.isnan(values).all():
        return None
    return int(np.nanargmin(values) if criterion in smaller_is_better else np.nanargmax(values))


def _read_fits(fits: Mapping[str, Any] | Sequence[Any]) -> Fits:
    if not isinstance(fits, Mapping | Sequence) or isinstance(fits, str):
        raise InvalidArgumentTypeError("fits", "be a sequence or a mapping of fits", type(fits).__name__)
    values: Fits = {}
    for name, fit in fits.items() if isinstance(fits, Mapping) else enumerate(fits):
        if isinstance(fits, Mapping) and not isinstance(name, str):
            raise InvalidArgumentTypeError("fits", "name every fit by a text", repr(name))
        value = as_result(fit)
        if isinstance(value, Mixture):
            raise InvalidArgumentTypeError(f"fits[{name!r}]", "be a fit", type(fit).__name__)
        values[name] = value
    if not values:
        raise InvalidArgumentError("fits", "hold at least one fit", fits)
    return values


def _find_rows(fits: Fits, X: ArrayLike | None, sample_weight: ArrayLike | None) -> Data | None:
    """Give the rows that all fits were made of; None where nobody holds any."""
    if X is None and sample_weight is not None:
        raise InvalidArgumentError("sample_weight", "be given with `X`, the rows of the fits", "weights without rows")
    held = next((value.data for value in fits.values() if isinstance(value, Posterior)), None)
    data = held if X is None else as_data(X, sample_weight=sample_weight)
    ems = _ems_of(fits)
    first = next(iter(ems.values()))
    for name, em in ems.items():
        if data is not None:
            check_rows(f"fits[{name!r}]", em, data)
        elif (em.total_weight, em.mixture.n_features) != (first.total_weight, first.mixture.n_features):
            needed = f"be made of {first.total_weight:g} rows of {first.mixture.n_features} features, as the first is"
            shown = f"{em.total_weight:g} rows of {em.mixture.n_features}"
            raise InvalidArgumentError(f"fits[{name!r}]", needed, shown)
    return data


def _em_of(value: EMFit | Posterior) -> EMFit:
    return value.em_fit if isinstance(value, Posterior) else value


def _ems_of(fits: Fits) -> dict[Any, EMFit]:
    return {name: _em_of(value) for name, value in fits.items()}


def _describe(value: EMFit | Posterior, data: Data | None, cross: Loo | None) -> dict[str, Any]:
    em = _em_of(value)
    missing = dict.fromkeys(("elpd_loo", "elpd_loo_se", "p_loo", "n_high_k"), np.nan)
    return {
        "covariance_type": em.family.name,
        "n_components": em.mixture.n_components,
        "method": str(value.attrs["method"]) if isinstance(value, Posterior) else "em",
        "n_parameters": em.n_parameters,
        "log_likelihood": em.log_likelihood,
        "bic": em.bic,
        "aic": em.aic,
        "icl": np.nan if data is None else icl(em.mixture, data, em.family),
        **(missing if cross is None else cross.numbers),
    }


def _verdict(value: EMFit | Posterior) -> str:
    verdict = VERDICTS[_em_of(value).status]
    if isinstance(value, EMFit) or verdict == COLLAPSED:
        return verdict
    return "identified" if value.is_identified else "not identified"


def _label_fits(fits: Fits) -> dict[Any, str]:
    """Call each fit as the user does, or by family and size, with its place where these are not its own."""
    kinds = {
        name: (f"{em.family.name} {em.mixture.n_components}", isinstance(fits[name], EMFit))
        for name, em in _ems_of(fits).items()
    }
    times = Counter(kinds.values())
    places = {name: f" (fit {name})" if times[kind] > 1 else "" for name, kind in kinds.items()}
    return {name: name if isinstance(name, str) else f"{kind}{places[name]}" for name, (kind, _) in kinds.items()}


def _word(
    table: pd.DataFrame,
    best: Mapping[str, int | None],
    labels: Mapping[Any, str],
    *,
    posteriors: Mapping[Any, Posterior],
    obstacles: Mapping[Any, str],
) -> list[str]:
    """Say which fits are best, how sure that is, and how far the draws can be trusted on which it rests."""
    names, named = list(labels), list(labels.values())
    chosen = [f"{criterion} {named[place]}" for criterion, place in best.items() if place is not None]
    notes = [f"Best: {', '.join(chosen) or 'none'}."]
    place = best["elpd_loo"]
    if place is not None:
        near = table["elpd_loo_diff"] < np.maximum(LEAST_DIFFERENCE, TOLD_APART * table["elpd_loo_diff_se"])
        alike = [i for i in range(len(named)) if near.iloc[i] and i != place]
        shown = f"not told apart from {', '.join(named[i] for i in alike)}" if alike else "told apart from all others"
        if table["elpd_loo"].count() > 1:
            notes.append(f"elpd_loo: {named[place]} is {shown} ({NEEDED}).")
        notes += [f"{named[i]}: {posteriors[names[i]].summary().notes[-1]}" for i in [place, *alike]]
    notes += [f"{labels[name]}: no elpd_loo; {why}." for name, why in obstacles.items()]
    high = [f"{name} ({n:.0f})" for name, n in zip(named, table["n_high_k"], strict=True) if n > 0]
    if high:
        notes.append(f"elpd_loo is unsure of rows with a high k-hat: {', '.join(high)}.")
    if table["icl"].isna().any():
        notes.append("icl: give `X`, the rows of the fits.")
    return notes


def _write(name: Hashable, value: Any) -> str:
    if isinstance(value, str):
        return value
    if pd.isna(value):
        return ""
    if name in ("n_components", "n_parameters", "n_high_k"):
        return f"{value:.0f}"
    is_known = name in (*CRITERIA, "log_likelihood", "p_loo") or str(name).startswith("elpd_")
    return f"{value:.1f}" if is_known else f"{value:.4g}"
