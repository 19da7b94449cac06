"""Several fits of one mixture to the same rows, whatever their methods, in one table.

The first posterior among them gives the rows, their names and the order of the components; the components of the others
are matched to its own as draws are matched to EM.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray
from scipy.special import ndtri

from bayesgmm import markup
from bayesgmm.comparison.distance import measure_distance, unconstrained
from bayesgmm.comparison.points import check_alike, estimates, order_like
from bayesgmm.em.fit import EMFit
from bayesgmm.errors import InvalidArgumentError, InvalidArgumentTypeError
from bayesgmm.mixture import Mixture
from bayesgmm.posterior.container import Posterior, as_result
from bayesgmm.posterior.prediction import interval_bounds
from bayesgmm.posterior.relabel import permute_components
from bayesgmm.posterior.summary import describe_draws, label_invariants, tabulated
from bayesgmm.posterior.tables import Table
from bayesgmm.schema import CHAIN, COMPONENT, DRAW

__all__ = ["Comparison", "compare_fits"]

Fits = dict[str, Posterior | EMFit | Mixture]
Orders = dict[str, NDArray[np.int64]]

WRITERS: Mapping[str, Callable[[Any], str]] = {  # of the columns of `Comparison.fits`
    "method": str,
    "seconds": "{:.2f}".format,
    "ess": lambda value: f"{np.floor(value):.0f}",
    "ess_per_second": "{:.0f}".format,
    "r_hat": "{:.3f}".format,
    "pareto_k": "{:.2f}".format,
    "shift": "{:.2f}".format,
    "sd_ratio": "{:.2f}".format,
}


class CostTable(Table):
    """What fits cost and how far they can be trusted, each column to its own digits, blank where a fit has none."""

    def rounded(self) -> pd.DataFrame:
        """Give the table as text."""
        written = {
            name: ["" if pd.isna(value) else WRITERS[name](value) for value in self[name]] for name in self.columns
        }
        return pd.DataFrame(written, self.index)


@dataclass(frozen=True, eq=False, repr=False)
class Comparison:
    """Fits side by side; it prints both tables, with the verdicts below them.

    Attributes
    ----------
    parameters : pandas.DataFrame
        A row per parameter, in the units of x, named as in `Posterior.summary`; columns (fit, statistic): ``mean``,
        ``sd`` and the interval's two ends; of EM ``estimate``, ``se`` and estimate -+ z se, z the normal quantile; of a
        mixture that is known ``estimate``, NaN the rest.
    fits : Table
        A row per fit: ``method`` ("known" of a mixture that is known); ``seconds`` of sampling or fitting (EM keeps no
        time); ``ess``, the least bulk effective sample size, and ``ess_per_second``; the highest ``r_hat``;
        ``pareto_k`` of an approximation; and how far it lies from the reference, in its whitened coordinates: ``shift``
        and ``sd_ratio``, see `distance`. NaN where a method has no such number.
    reference : str or None
        The first fit by NUTS.
    notes : tuple of str
        Below the tables: what the distances are measured from, and what the summary of each posterior says of itself.

    Examples
    --------
    >>> import bayesgmm as bg
    >>> comparison = bg.compare_fits({"nuts": fit, "EM": fit.em_})
    >>> comparison.parameters["EM"].columns.tolist()
    ['estimate', 'se', 'eti89_lb', 'eti89_ub']
    """

    parameters: pd.DataFrame
    fits: Table
    reference: str | None
    notes: tuple[str, ...]

    def rounded(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Give both tables as text: a column "mean [interval]" for each fit; and the fits, blank for NaN."""
        host = next(name for name in self.fits.index if "mean" in self.parameters[name])
        sd = self.parameters[host, "sd"]
        columns = {name: _interval_texts(self.parameters[name], sd) for name in self.fits.index}
        return pd.DataFrame(columns, self.parameters.index), self.fits.rounded()

    def __repr__(self) -> str:
        rows = pd.get_option("display.max_rows")
        texts = [part.to_string(max_rows=rows, index_names=False) for part in self.rounded()]
        return "\n".join(["\n\n".join(texts), "", *self.notes])

    def _repr_html_(self) -> str:
        rows = pd.get_option("display.max_rows")
        bodies = [part.to_html(max_rows=rows, index_names=False) for part in self.rounded()]
        return "".join([*bodies, *map(markup.paragraph, self.notes)])


def compare_fits(fits: Mapping[str, Any], *, ci_prob: float | None = None, ci_kind: str | None = None) -> Comparison:
    """Compare fits of one mixture to the same rows: their intervals, what they cost, how far they can be trusted.

    Parameters
    ----------
    fits : mapping of str to fitted estimator, Posterior, EMFit or Mixture
        By name; one of them at least with a posterior. The first posterior names rows and components. A `Mixture` is
        what is known, such as the truth of a simulation: it has no errors.
    ci_prob : float, optional
        Mass of the intervals. None: ArviZ's rcParams (0.89).
    ci_kind : {"eti", "hdi"}, optional
        Equal-tailed or highest-density. None: ArviZ's rcParams ("eti").

    Returns
    -------
    Comparison
        Where the components of one posterior cannot be told apart, the rows of all are those that need no labels, and
        no distances are given.

    Raises
    ------
    InvalidArgumentTypeError
        If `fits` is no mapping of names to fits.
    InvalidArgumentError
        If none of them has a posterior, or one has other components, features, rows or weights, or another covariance
        family, than the first posterior.

    Examples
    --------
    >>> import bayesgmm as bg
    >>> comparison = bg.compare_fits({"nuts": fit, "EM": fit.em_})
    >>> comparison.reference, comparison.fits["sd_ratio"].tolist()
    ('nuts', [1.0, nan])
    """
    values = _read_fits(fits)
    posteriors = {name: value for name, value in values.items() if isinstance(value, Posterior)}
    pivot = next(iter(posteriors.values())).em_fit
    orders = {name: order_like(_point_of(value), pivot) for name, value in values.items()}
    is_identified = all(posterior.is_identified for posterior in posteriors.values())
    parameters = _tabulate(values, orders, is_identified, ci_prob=ci_prob, ci_kind=ci_kind)
    summaries = {name: posterior.summary() for name, posterior in posteriors.items()}
    reference = next((name for name, posterior in posteriors.items() if posterior.attrs["method"] == "nuts"), None)
    distances = _distances(values, orders, reference if is_identified else None)
    rows = [_describe(value, summaries.get(name)) | distances[name] for name, value in values.items()]
    notes = [_word_reference(reference, is_identified)]
    notes += [f"{name}: {_verdict(posterior, summaries[name])}" for name, posterior in posteriors.items()]
    table = CostTable.with_notes(pd.DataFrame(rows, pd.Index(values, name="fit")), notes)
    return Comparison(parameters, table, reference, tuple(notes))


def _read_fits(fits: Mapping[str, Any]) -> Fits:
    """Unwrap the fits and refuse what cannot stand beside the first posterior."""
    if not isinstance(fits, Mapping) or not all(isinstance(name, str) for name in fits):
        remedy = 'Name them, as in `{"nuts": fit, "em": em}`.'
        raise InvalidArgumentTypeError("fits", "be a mapping of names to fits", type(fits).__name__, remedy)
    values: Fits = {name: as_result(fit) for name, fit in fits.items()}
    host = next((value for value in values.values() if isinstance(value, Posterior)), None)
    if host is None:
        raise InvalidArgumentError("fits", "hold at least one fit with a posterior", list(fits))
    for name, value in values.items():
        if isinstance(value, Posterior) and value.feature_names != host.feature_names:
            constraint = f"have the features {list(host.feature_names)}, as the first posterior has"
            raise InvalidArgumentError(_argument(name), constraint, list(value.feature_names))
        check_alike(_argument(name), _point_of(value), host)
    return values


def _argument(name: str) -> str:
    return f'fits["{name}"]'


def _point_of(value: Posterior | EMFit | Mixture) -> EMFit | Mixture:
    return value.em_fit if isinstance(value, Posterior) else value


def _tabulate(
    fits: Fits, orders: Orders, is_identified: bool, *, ci_prob: float | None, ci_kind: str | None
) -> pd.DataFrame:
    """Lay the statistics of all fits side by side."""
    posteriors = {name: value for name, value in fits.items() if isinstance(value, Posterior)}
    host = next(iter(posteriors.values()))
    draws = {
        name: _in_order(tabulated(posterior), orders[name], host) if is_identified else label_invariants(posterior)
        for name, posterior in posteriors.items()
    }
    parts = {name: describe_draws(drawn, "stats", ci_prob, ci_kind) for name, drawn in draws.items()}
    layout, variables = next(iter(parts.values())), [str(name) for name in next(iter(draws.values()))]
    z = float(ndtri(interval_bounds(ci_prob)[1]))
    for name, value in fits.items():
        if not isinstance(value, Posterior):
            estimate, se = estimates(value.permute(orders[name]), host, variables)
            columns = np.column_stack([estimate, se, estimate - z * se, estimate + z * se])
            parts[name] = pd.DataFrame(columns, layout.index, ["estimate", "se", *layout.columns[2:]])
    table = pd.concat({name: parts[name] for name in fits}, axis=1, names=["fit", "statistic"])
    return table.rename_axis(index="parameter")


def _in_order(draws: xr.Dataset, order: NDArray[np.int64], host: Posterior) -> xr.Dataset:
    """Bring the components of draws into the order of the host and give them its names."""
    shape = draws.sizes[CHAIN], draws.sizes[DRAW], len(order)
    ordered = permute_components(draws, np.broadcast_to(order, shape))
    return ordered.assign_coords({COMPONENT: list(host.component_names)}) if COMPONENT in draws.dims else ordered


def _distances(fits: Fits, orders: Orders, reference: str | None) -> dict[str, dict[str, float]]:
    """Measure how far each fit lies from the reference; NaN without one."""
    if reference is None:
        return {name: {"shift": np.nan, "sd_ratio": np.nan} for name in fits}
    family = next(value.family for value in fits.values() if isinstance(value, Posterior))
    mixtures = {name: value if isinstance(value, Mixture) else value.mixture for name, value in fits.items()}
    vectors = {name: unconstrained(mixture.permute(orders[name]), family) for name, mixture in mixtures.items()}
    measured = {name: measure_distance(vector, vectors[reference]) for name, vector in vectors.items()}
    return {name: {"shift": shift, "sd_ratio": sd_ratio} for name, (shift, sd_ratio) in measured.items()}


def _describe(value: Posterior | EMFit | Mixture, summary: Table | None) -> dict[str, Any]:
    """Tell what a fit cost and how far it can be trusted."""
    if summary is None or not isinstance(value, Posterior):
        method = "em" if isinstance(value, EMFit) else "known"
        return {"method": method} | dict.fromkeys(("seconds", "ess", "ess_per_second", "r_hat", "pareto_k"), np.nan)
    attrs = value.attrs
    seconds = float(attrs.get("sampling_time", np.nan))
    ess = float(summary["ess_bulk"].min()) if "ess_bulk" in summary else _resampled_ess(value)
    return {
        "method": str(attrs["method"]),
        "seconds": seconds,
        "ess": ess,
        "ess_per_second": ess / seconds,
        "r_hat": float(summary["r_hat"].max()) if "r_hat" in summary else np.nan,
        "pareto_k": float(attrs.get("pareto_k", np.nan)),
    }


def _resampled_ess(posterior: Posterior) -> float:
    """Give what draws of an approximation are worth: 1 / (1 / ess of the weights + 1 / draws); NaN if not resampled.

    The variance of their mean is that of the weighed mean and that of the choice.
    """
    if not posterior.attrs["is_resampled"]:
        return np.nan
    n_draws = np.prod(posterior.mixture.batch_shape)
    return float(1.0 / (1.0 / posterior.attrs["importance_ess"] + 1.0 / n_draws))


def _word_reference(reference: str | None, is_identified: bool) -> str:
    if not is_identified:
        return "Distances: none, where components cannot be told apart; the rows are those that need no labels."
    if reference is None:
        return "Distances: none, as no fit is by NUTS."
    return f"Distances: from {reference}, in its posterior sds."


def _verdict(posterior: Posterior, summary: Table) -> str:
    """Give what the summary says of the draws, and of the labels where those are at fault."""
    *_, labels, draws = summary.notes
    return draws if posterior.is_identified else f"{labels} {draws}"


def _interval_texts(statistics: pd.DataFrame, sd: pd.Series) -> list[str]:
    """Write "mean [interval]" for each row, to two digits of its sd; a value without an error to those of `sd`."""
    frame = statistics.set_axis(["mean", "sd", "lower", "upper"], axis=1)
    is_known = frame["sd"].notna()
    texts = Table(frame.assign(sd=frame["sd"].fillna(sd))).rounded()
    rows = zip(texts["mean"], texts["lower"], texts["upper"], is_known, strict=True)
    return [f"{mean} [{lower}, {upper}]" if known else mean for mean, lower, upper, known in rows]
