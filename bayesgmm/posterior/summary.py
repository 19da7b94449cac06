"""The table of a posterior, by ArviZ's statistics; the only module of the fit's road that loads them.

Where components cannot be told apart, rows per component would average over labels. They are withheld, and what needs
no labels takes their place: the weights in falling order, and mean, sds and correlations of the mixture itself,

    E x = sum_k w_k m_k,   Cov x = sum_k w_k {L_k L_k' + (m_k - E x)(m_k - E x)'}.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr
from arviz_stats.summary import summary
from numpy.typing import NDArray

from bayesgmm.errors import InvalidArgumentError
from bayesgmm.mixture import Mixture
from bayesgmm.posterior.container import Posterior
from bayesgmm.posterior.diagnostics import judge_sampler
from bayesgmm.posterior.display import approximation_sentence, count_divergences
from bayesgmm.posterior.evidence import log_marginal_likelihood
from bayesgmm.posterior.layout import coordinates
from bayesgmm.posterior.prediction import interval_bounds
from bayesgmm.posterior.tables import Table, choose_rows
from bayesgmm.schema import CHAIN, DRAW, FEATURE, PAIR, SAMPLE_DIMS

__all__ = ["describe_draws", "invariants", "label_invariants", "summarise", "tabulated"]

Array = NDArray[np.float64]

RANK = "rank"
TABULATED = ("weights", "means", "sds", "correlations")


def summarise(
    posterior: Posterior,
    ci_prob: float | None = None,
    ci_kind: str | None = None,
    *,
    parameters: str | Sequence[str] | None = None,
) -> Table:
    """Tabulate a posterior.

    Parameters
    ----------
    posterior : Posterior
    ci_prob : float, optional
        Mass of the interval. None: ArviZ's rcParams (0.89).
    ci_kind : {"eti", "hdi"}, optional
        Equal-tailed or highest-density. None: ArviZ's rcParams ("eti").
    parameters : str or sequence of str, optional
        Which kinds of rows, such as ``"means"``. None: all; what stands below is said of all in any case.

    Returns
    -------
    Table
        A row for each weight, mean, sd and correlation, in the units of x, with ArviZ's columns. Below it, in a line
        each: what the pool of EM starts found, whether labels are settled, whether the sampler can be trusted. The
        draws of an approximation are independent, so it has no columns on chains, and its k-hat in the last line. SMC
        has a line with its log marginal likelihood.

    Raises
    ------
    InvalidArgumentError
        If `ci_prob` does not lie strictly between 0 and 1, or a kind of parameter is not in the table.

    Examples
    --------
    >>> table = fit.summary()
    >>> table.index[0], list(table.columns[:2])
    ('weights[0]', ['mean', 'sd'])
    >>> len(table.notes)
    3
    >>> list(fit.summary(parameters="weights").index)
    ['weights[0]', 'weights[1]']
    """
    is_approximation = "pareto_k" in posterior.attrs
    table = describe_draws(tabulated(posterior), "stats" if is_approximation else "all", ci_prob, ci_kind)
    chosen = table[choose_rows(table.index, parameters)]
    if is_approximation:
        return Table.with_notes(chosen, [*posterior.verdict, approximation_sentence(posterior)])
    ess = table[["ess_bulk", "ess_tail"]].to_numpy().min()
    n_chains = posterior.group("posterior").sizes[CHAIN]
    sampler = judge_sampler(float(table["r_hat"].max()), float(ess), count_divergences(posterior), n_chains)
    evidence = [str(log_marginal_likelihood(posterior))] if "log_marginal_likelihood" in posterior.attrs else []
    return Table.with_notes(chosen, [*posterior.verdict, *evidence, sampler])


def tabulated(posterior: Posterior) -> xr.Dataset:
    """Give the variables that the table has rows for: the parameters, or what needs no labels.

    Parameters
    ----------
    posterior : Posterior

    Returns
    -------
    xarray.Dataset

    Examples
    --------
    >>> from bayesgmm.posterior.summary import tabulated
    >>> list(tabulated(fit.posterior_))
    ['weights', 'means', 'sds', 'correlations']
    """
    if not posterior.is_identified:
        return label_invariants(posterior)
    dataset = posterior.group("posterior")
    return dataset[[name for name in TABULATED if name in dataset]]


def describe_draws(draws: xr.Dataset, kind: str, ci_prob: float | None, ci_kind: str | None) -> pd.DataFrame:
    """Give ArviZ's table of some variables, not rounded.

    Parameters
    ----------
    draws : xarray.Dataset
        With dims (chain, draw, ...).
    kind : {"all", "stats"}
        With or without ESS, R-hat and Monte Carlo errors.
    ci_prob, ci_kind : float or None, {"eti", "hdi"} or None
        None: ArviZ's rcParams.

    Returns
    -------
    pandas.DataFrame

    Raises
    ------
    InvalidArgumentError
        If `ci_prob` does not lie strictly between 0 and 1, or there is no such `ci_kind`.

    Examples
    --------
    >>> from bayesgmm.posterior.summary import describe_draws, tabulated
    >>> list(describe_draws(tabulated(fit.posterior_), "stats", 0.9, "hdi").columns)
    ['mean', 'sd', 'hdi90_lb', 'hdi90_ub']
    """
    interval_bounds(ci_prob)
    if ci_kind not in (None, "eti", "hdi"):
        raise InvalidArgumentError("ci_kind", "be 'eti', 'hdi' or None", repr(ci_kind))
    tree = xr.DataTree.from_dict({"posterior": draws})
    table = summary(tree, kind=kind, ci_prob=ci_prob, ci_kind=ci_kind, round_to="none")  # type: ignore[no-untyped-call]
    return pd.DataFrame(table)


def label_invariants(posterior: Posterior) -> xr.Dataset:
    """Give what needs no labels: sorted weights, and mean, sds and correlations of the mixture itself.

    Parameters
    ----------
    posterior : Posterior

    Returns
    -------
    xarray.Dataset
        ``sorted_weights`` (rank), ``mixture_mean`` and ``mixture_sd`` (feature), in the units of x, and
        ``mixture_correlation`` (pair), after (chain, draw).

    Examples
    --------
    >>> from bayesgmm.posterior.summary import label_invariants
    >>> label_invariants(fit.posterior_)["mixture_mean"].dims
    ('chain', 'draw', 'feature')
    """
    group, K = posterior.group("posterior"), posterior.n_components
    named = coordinates(posterior.feature_names, K)
    coords = {CHAIN: group[CHAIN].values, DRAW: group[DRAW].values, RANK: np.arange(K)}
    coords |= {dim: named[dim] for dim in (FEATURE, PAIR)}
    values = invariants(posterior.mixture)
    dims = {"sorted_weights": RANK, "mixture_mean": FEATURE, "mixture_sd": FEATURE, "mixture_correlation": PAIR}
    dataset = xr.Dataset({name: ((*SAMPLE_DIMS, dims[name]), value) for name, value in values.items()})
    return dataset.assign_coords({dim: value for dim, value in coords.items() if dim in dataset.dims})


def invariants(mixture: Mixture) -> dict[str, Array]:
    """Give sorted weights (..., K), and mean and sds (..., D) and correlations (..., P) of the mixture itself.

    Parameters
    ----------
    mixture : Mixture
        With any leading axes.

    Returns
    -------
    dict of str to array
        ``sorted_weights``, ``mixture_mean``, ``mixture_sd``, and ``mixture_correlation`` where D > 1.

    Examples
    --------
    >>> from bayesgmm.mixture import Mixture
    >>> from bayesgmm.posterior.summary import invariants
    >>> values = invariants(Mixture.from_sds([0.5, 0.5], [[-3.0], [3.0]], [[4.0], [4.0]]))
    >>> values["mixture_mean"], values["mixture_sd"]
    (array([0.]), array([5.]))
    """
    covariance = mixture.covariance()
    sds = np.sqrt(np.diagonal(covariance, axis1=-2, axis2=-1))
    values = {"sorted_weights": -np.sort(-mixture.weights, -1), "mixture_mean": mixture.mean(), "mixture_sd": sds}
    if mixture.n_features > 1:
        lower, upper = np.tril_indices(mixture.n_features, -1)
        values["mixture_correlation"] = covariance[..., lower, upper] / (sds[..., lower] * sds[..., upper])
    return values
