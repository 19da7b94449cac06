"""`Posterior`: the value that a fit returns and that a file holds.

Everything is read from one `xarray.DataTree`; the verbs are one line each and live in their own modules, which are
loaded when first asked, so that a fit does not pay for ArviZ's statistics nor for PyMC.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

import bayesgmm.posterior as room
from bayesgmm.covariance import CovarianceFamily, as_family
from bayesgmm.data import Data, as_count, as_data, as_rows
from bayesgmm.em.fit import EMFit
from bayesgmm.errors import InvalidArgumentError, InvalidArgumentTypeError
from bayesgmm.mixture import Mixture
from bayesgmm.posterior.diagnostics import judge_starts
from bayesgmm.posterior.layout import feature_positions, given_names, missing_parameters, mixture_of, with_plain_attrs
from bayesgmm.posterior.pivot import read_em
from bayesgmm.schema import CHAIN, COMPONENT, DRAW, FEATURE, OBS

if TYPE_CHECKING:
    from bayesgmm.model.priors import Priors
    from bayesgmm.posterior.tables import Table

__all__ = ["Posterior", "as_result"]

Array = NDArray[np.float64]

GROUPS = ("posterior", "relabelling", "em", "observed_data", "constant_data")
ATTRS = ("n_components", "covariance_type", "method", "priors", "label_verdict", "is_identified")


@dataclass(frozen=True, eq=False, repr=False)
class Posterior:
    """The posterior of a Gaussian mixture: draws whose labels are settled, EM's answer and the data beside them.

    N rows, D features, K components, C chains, S draws. What adds a group or renames returns a new `Posterior`.

    Parameters
    ----------
    idata : xarray.DataTree
        Groups posterior, relabelling, em, observed_data and what else there is, as ArviZ takes it.

    Raises
    ------
    InvalidArgumentError
        If a group, an attribute, or a variable of the covariance family is missing.

    Examples
    --------
    >>> posterior = fit.posterior_
    >>> posterior.n_components, posterior.feature_names
    (2, ('eruptions', 'waiting'))
    >>> posterior.mixture.batch_shape == (posterior.idata["posterior"].sizes["chain"], 500)
    True
    """

    idata: xr.DataTree

    def __post_init__(self) -> None:
        if not isinstance(self.idata, xr.DataTree):
            raise InvalidArgumentTypeError("idata", "be an xarray.DataTree", type(self.idata).__name__)
        missing = [group for group in GROUPS if group not in self.idata.children]
        missing += [] if missing else [name for name in ATTRS if name not in self.idata["posterior"].attrs]
        held: list[Any] = list(self.idata.children)
        if not missing:
            missing = missing_parameters(self.group("posterior"), self.family, self.n_components)
            held = list(self.group("posterior").data_vars)
        if missing:
            remedy = "`Posterior.from_idata(idata, X)` takes draws that PyMC made of `build_model(X, ...)`."
            raise InvalidArgumentError("idata", f"have {', '.join(missing)}", held, remedy)

    @classmethod
    def from_idata(cls, idata: xr.DataTree, X: ArrayLike, *, is_exchangeable: bool | None = None) -> "Posterior":
        """Take draws that PyMC made of `build_model`: run EM, match every draw to it, keep all other groups.

        Parameters
        ----------
        idata : xarray.DataTree
            With a group posterior that holds the model's free variables under their names.
        X : array or DataFrame of shape (N, D)
            The rows of the model; they must be those that `idata` carries, where it does.
        is_exchangeable : bool or None
            Whether the priors, and what else is in the model, are the same for every component; where not, no draw is
            permuted and EM's components take the draws' order. None, the default: as `idata` records it, else yes.
            Recorded priors that differ between components cannot be overruled.

        Returns
        -------
        Posterior
        """
        return room.adoption.posterior_from_idata(idata, X, is_exchangeable=is_exchangeable)

    @property
    def attrs(self) -> Mapping[Any, Any]:
        """What the posterior says of itself: numbers, text and JSON."""
        return self.group("posterior").attrs

    def group(self, name: str) -> xr.Dataset:
        """Give one group of the DataTree."""
        return self.idata.children[name].dataset

    @property
    def n_components(self) -> int:
        """K."""
        return int(self.attrs["n_components"])

    @property
    def n_features(self) -> int:
        """D."""
        return len(self.feature_names)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The D column names."""
        return tuple(str(name) for name in self.group("observed_data")[FEATURE].values)

    @property
    def component_names(self) -> tuple[Any, ...]:
        """The K names of the components: 0, 1, ... unless renamed."""
        return tuple(self.group("em")[COMPONENT].values.tolist())

    @property
    def family(self) -> CovarianceFamily:
        """The covariance family."""
        return as_family(str(self.attrs["covariance_type"]))

    @property
    def is_identified(self) -> bool:
        """Whether the components can be told apart; if not, averages per component mean nothing."""
        return bool(self.attrs["is_identified"])

    @property
    def verdict(self) -> tuple[str, str]:
        """What the pool of EM starts found; whether labels are settled, and which components are degenerate."""
        em = self.group("em")
        n_starts = em.sizes.get("start", 0)
        starts = judge_starts(n_starts, int(em.attrs["n_optima"]), float(em.attrs["gap"]))
        return starts, f"{self.attrs['label_verdict']} {self.attrs.get('degenerate', '')}".rstrip()

    @cached_property
    def mixture(self) -> Mixture:
        """All draws as mixtures, with leading axes (C, S)."""
        return mixture_of(self.group("posterior"), self.family, self.n_components, self.n_features)

    @cached_property
    def em_fit(self) -> EMFit:
        """The EM solution to which the draws were matched."""
        return read_em(self.group("em"), self.data, self.family)

    @property
    def em(self) -> Mixture:
        """EM's answer, in the same order of components."""
        return self.em_fit.mixture

    @cached_property
    def data(self) -> Data:
        """The observed rows, past the border; they share memory with the group."""
        weight = self.group("constant_data").get("sample_weight")
        return as_data(self.group("observed_data")["x"], sample_weight=None if weight is None else weight.values)

    @property
    def observed(self) -> pd.DataFrame:
        """The observed rows with their names, of shape (N, D)."""
        x = self.group("observed_data")["x"]
        return pd.DataFrame(x.values.copy(), index=x[OBS].values, columns=list(self.feature_names))

    def rows_of(self, X: ArrayLike) -> Array:
        """Check new rows (N, D): the number of features, and their names where both have some."""
        names = given_names(self.group("observed_data"))
        return as_rows(X, self.n_features, feature_names=names, owner="Posterior")

    @property
    def bic(self) -> float:
        """Bayesian information criterion of the EM solution; smaller is better."""
        return float(self.group("em")["bic"])

    @property
    def aic(self) -> float:
        """Akaike information criterion of the EM solution; smaller is better."""
        return float(self.group("em")["aic"])

    @property
    def icl(self) -> float:
        """Integrated completed likelihood of the EM solution; smaller is better."""
        return float(self.group("em")["icl"])

    def summary(
        self, ci_prob: float | None = None, ci_kind: str | None = None, *, parameters: str | Sequence[str] | None = None
    ) -> "Table":
        """Tabulate weights, means, sds and correlations with ArviZ's statistics; see `summary.summarise`.

        Parameters
        ----------
        ci_prob : float, optional
            Mass of the interval. None: ArviZ's rcParams (0.89).
        ci_kind : {"eti", "hdi"}, optional
            Equal-tailed or highest-density. None: ArviZ's rcParams ("eti").
        parameters : str or sequence of str, optional
            Which kinds of rows, such as ``"means"``; all by default.

        Returns
        -------
        Table
            Mean, sd, interval, ESS, R-hat and Monte Carlo errors; the verdicts stand below it.
        """
        return room.summary.summarise(self, ci_prob, ci_kind, parameters=parameters)

    def responsibilities(self, X: ArrayLike | None = None, *, ci_prob: float | None = None) -> xr.Dataset:
        """Give memberships with their uncertainty; see `responsibilities.describe_responsibilities`."""
        return room.responsibilities.describe_responsibilities(self, X, ci_prob=ci_prob)

    def predict(self, X: ArrayLike) -> NDArray[np.intp]:
        """Give the most probable component of each row, of shape (N,)."""
        return self.predict_proba(X).argmax(1)

    def predict_proba(self, X: ArrayLike) -> Array:
        """Give E[w_k N_k(x)] / E[f(x)] over the draws, of shape (N, K); see `prediction.membership`."""
        return room.prediction.membership(self, X)

    def score_samples(self, X: ArrayLike) -> Array:
        """Give the log posterior predictive density log E f(x), of shape (N,), per unit of x to the power D."""
        return room.prediction.log_predictive_density(self, X)

    def score(self, X: ArrayLike) -> float:
        """Give the mean of `score_samples`."""
        return float(self.score_samples(X).mean())

    def density(self, X: ArrayLike, *, ci_prob: float | None = None) -> xr.Dataset:
        """Give the density at each row with its credible band; see `prediction.describe_density`."""
        return room.prediction.describe_density(self, X, ci_prob=ci_prob)

    def ellipse_band(
        self, features: Sequence[int | str] = (0, 1), *, coverage: float = 0.95, ci_prob: float | None = None
    ) -> xr.Dataset:
        """Give each component's ellipse with its credible band; features by name or position; see `ellipses`."""
        plane = feature_positions(features, self.feature_names, 2)
        band = room.ellipses.ellipse_band(self.mixture, plane, coverage=coverage, ci_prob=ci_prob)
        names = [self.feature_names[j] for j in plane]
        return band.assign_coords({COMPONENT: list(self.component_names), FEATURE: names})

    def marginal_density(self, feature: int | str, values: ArrayLike, *, ci_prob: float | None = None) -> xr.Dataset:
        """Give the density of one feature, by name or position, at values, with its credible band; see `marginals`."""
        positions = feature_positions(feature, self.feature_names, 1)
        band = room.marginals.marginal_density(self.mixture, positions, values, ci_prob=ci_prob)
        return band.assign_coords({COMPONENT: list(self.component_names)})

    def sample(self, n_samples: int = 1, random_state: Any = None) -> tuple[Array, NDArray[np.int64]]:
        """Draw rows (n_samples, D) from the posterior predictive, and the component of each; see `Mixture.sample`."""
        return self.mixture.sample(n_samples, random_state)

    def rename(self, names: Mapping[Any, str] | Sequence[str]) -> "Posterior":
        """Name the components.

        Parameters
        ----------
        names : sequence of K str, or mapping of old to new name
            Distinct; an order is not implied.

        Returns
        -------
        Posterior

        Raises
        ------
        InvalidArgumentError
            If there are not K distinct names, or an old name is none of `component_names`.

        Examples
        --------
        >>> fit.posterior_.rename(["short", "long"]).component_names
        ('short', 'long')
        """
        return replace(self, idata=self.idata.map_over_datasets(_renamer(self._new_names(names))))

    def _new_names(self, names: Mapping[Any, str] | Sequence[str]) -> list[str]:
        old, K = self.component_names, self.n_components
        if isinstance(names, Mapping):
            unknown = [name for name in names if name not in old]
            if unknown:
                raise InvalidArgumentError("names", f"rename components among {list(old)}", unknown)
            names = [names.get(name, str(name)) for name in old]
        new = [names] if isinstance(names, str) else list(names)
        if len(set(new)) != K or not all(isinstance(name, str) for name in new):
            raise InvalidArgumentError("names", f"be {K} distinct texts", names)
        return new

    def with_log_likelihood(self) -> "Posterior":
        """Add log f(x_n) of every draw and row, from the marginal density, as ``az.loo`` takes it.

        Returns
        -------
        Posterior
            With group log_likelihood, ``x`` (chain, draw, obs).

        Examples
        --------
        >>> import arviz as az
        >>> int(az.loo(fit.posterior_.with_log_likelihood().idata).n_data_points)
        272
        """
        return self.with_group("log_likelihood", room.prediction.pointwise_log_likelihood(self))

    def with_log_prior(self, priors: "Priors | None" = None) -> "Posterior":
        """Add the log prior density of every variable and draw, group log_prior; see `groups.log_prior`."""
        return self.with_group("log_prior", room.groups.log_prior(self, priors))

    def with_prior(
        self, n_draws: int = 1000, random_state: Any = None, *, priors: "Priors | None" = None
    ) -> "Posterior":
        """Add draws of parameters and rows from the prior, groups prior and prior_predictive; see `groups`."""
        result = self
        for name, dataset in room.groups.prior_draws(self, n_draws, random_state, priors=priors).items():
            result = result.with_group(name, dataset)
        return result

    def with_posterior_predictive(self, random_state: Any = None) -> "Posterior":
        """Add a replicate of the rows for every draw, group posterior_predictive, ``x`` (chain, draw, obs, feature)."""
        return self.with_group("posterior_predictive", room.groups.posterior_predictive(self, random_state))

    def thin(self, every: int) -> "Posterior":
        """Keep the first of every so many draws of each chain, so that what has numbers for each draw takes less."""
        kept = slice(None, None, as_count("every", every))
        return replace(self, idata=self.idata.isel({DRAW: kept}, missing_dims="ignore"))

    def sensitivity(self) -> pd.DataFrame:
        """Tell how much prior and data matter to each parameter; see `sensitivity.tabulate_sensitivity`."""
        return room.sensitivity.tabulate_sensitivity(self)

    def with_group(self, name: str, dataset: xr.Dataset) -> "Posterior":
        """Add or replace one group; attributes that are no number and no text are left out."""
        tree = self.idata.copy()
        tree[name] = xr.DataTree(with_plain_attrs(dataset))
        return replace(self, idata=tree)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write everything to one netCDF file, which `bayesgmm.load` reads; see `storage.save`."""
        return room.storage.save(self, path)

    def __repr__(self) -> str:
        sizes, n_rows = self.group("posterior").sizes, self.group("observed_data").sizes[OBS]
        named = f"covariance_type={self.family.name!r}, method={self.attrs['method']!r}"
        drawn = f"{sizes[CHAIN]} chains x {sizes[DRAW]} draws; {n_rows} rows x {self.n_features} features"
        return "\n".join([f"Posterior(n_components={self.n_components}, {named}; {drawn})", *self.verdict])

    def _repr_html_(self) -> str:
        return room.display.describe_posterior(self)


def as_result(fit: Any) -> Posterior | EMFit | Mixture:
    """Unwrap an estimator: its `Posterior`, or its `EMFit`; values pass as they are.

    Parameters
    ----------
    fit : fitted estimator, Posterior, EMFit or Mixture

    Returns
    -------
    Posterior, EMFit or Mixture

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If the estimator is not fitted.
    InvalidArgumentTypeError
        If it is none of these.

    Examples
    --------
    >>> from bayesgmm.posterior.container import as_result
    >>> as_result(fit) is fit.posterior_
    True
    """
    if isinstance(fit, Posterior | EMFit | Mixture):
        return fit
    if hasattr(fit, "get_params"):
        check_is_fitted(fit)
    results = [getattr(fit, name) for name in ("posterior_", "result_") if hasattr(fit, name)]
    if not results:
        constraint = "be a fitted estimator of this package, a Posterior, an EMFit or a Mixture"
        raise InvalidArgumentTypeError("fit", constraint, type(fit).__name__)
    result: Posterior | EMFit = results[0]
    return result


def _renamer(names: list[str]) -> Any:
    def rename(dataset: xr.Dataset) -> xr.Dataset:
        return dataset.assign_coords({COMPONENT: names}) if COMPONENT in dataset.dims else dataset

    return rename
