"""`BayesianGaussianMixture`: scikit-learn's contract around the one road in `fitting`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

import arviz_base  # noqa: F401  it scans all loaded modules: 0.3 s less when there are few
import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, DensityMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from bayesgmm import model
from bayesgmm.data import as_data, as_rows
from bayesgmm.estimators.containers import as_frame, check_names
from bayesgmm.estimators.display import FittedDisplay
from bayesgmm.fitting import FitSettings, fit_posterior

if TYPE_CHECKING:
    import pymc as pm
    import xarray as xr

    from bayesgmm.em.fit import EMFit
    from bayesgmm.mixture import Mixture
    from bayesgmm.model.priors import Priors
    from bayesgmm.posterior.container import Posterior
    from bayesgmm.posterior.tables import Table

__all__ = ["BayesianGaussianMixture"]

Array = NDArray[np.float64]


class BayesianGaussianMixture(FittedDisplay, DensityMixin, BaseEstimator):
    """A Gaussian mixture with its full posterior.

    ``n_components`` is K, the number of components, and not an upper bound: this class is no drop-in for
    scikit-learn's variational class of the same name.

    The labels are marginalised out, f(x) = sum_k w_k N(x | m_k, Sigma_k), with w ~ Dirichlet, m ~ Normal, standard
    deviations ~ LogNormal and correlations ~ LKJ (see `Priors`), all in the units of x. Chains start at the EM
    solution, in its labels; afterwards every draw is matched to it (Stephens 2000 [1]_). N rows, D features.

    Parameters
    ----------
    n_components : int, default 1
        K.
    covariance_type : {"full", "tied", "diag", "spherical"}, default "full"
        The covariance family.
    method : {"nuts", "advi", "fullrank_advi", "laplace", "smc"}, default "nuts"
        The way to the posterior. ``"smc"``, for up to 15 parameters, gives the log marginal likelihood as well. The
        other three approximate the posterior and say how far they can be trusted.
    draws : int, default 1000
        Draws kept per chain; 1000 in each of four chains give thousands of effective draws. For SMC the particles of a
        chain, at least 100.
    tune : int, optional
        Warm-up steps per chain. None leaves it to the method: NUTS takes 50 in whitened coordinates, 500 where a prior
        is none of those that the compiled log posterior knows.
    chains : int, default 4
        So that R-hat can compare them.
    priors : Priors, optional
        None: the data-scaled defaults of `Priors`.
    init : fitted estimator, Posterior, EMFit or Mixture, optional
        What EM starts from and labels come from; its order of components is kept, unless the priors differ between
        components: then each takes the place that its prior fits best. None: the pool of EM starts, components ordered
        by the mean of the first feature. ``sklearn.clone`` resets an estimator: where one is cloned, give
        its value (``result_``, ``posterior_``).
    cores : int, optional
        Chains that run side by side, with nutpie and PyMC; None: as many as there are cores. The draws do not depend on
        it.
    random_state : int, numpy.random.Generator, numpy.random.RandomState or None
        The seed of everything random; an integer gives the same draws again. None: fresh entropy.
    progressbar : bool, default True
        Whether to show the sampler's progress on a terminal or in a notebook.
    method_options : dict, optional
        For ``"nuts"``: ``target_accept`` (0.7; 0.9 where a prior is no named one), ``maxdepth`` (10) and ``sampler``
        ("nutpie", "pymc", "numpyro", "blackjax"; the last two need ``pip install "bayesgmm[jax]"``), and for those on
        JAX ``chain_method`` ("parallel", "vectorized"); see `inference.nuts.sample_nuts`. For the others see
        `inference.laplace.fit_laplace`, `inference.advi.fit_advi` and `inference.smc.sample_smc`.

    Attributes
    ----------
    posterior_ : Posterior
        The result; what every verb below asks.
    em_ : EMFit
        The EM solution at which the chains started.
    model_ : pymc.Model
        The model, built anew whenever it is asked for.
    mixture_ : Mixture
        All draws, with leading axes (chain, draw).
    weights_, means_, covariances_ : arrays
        Posterior means, in scikit-learn's layouts: (K,), (K, D) and by family.
    n_features_in_, feature_names_in_ : int, array of str
        As in scikit-learn.

    References
    ----------
    .. [1] Stephens, M. (2000). Dealing with label switching in mixture models. JRSS B 62, 795-809.
       https://doi.org/10.1111/1467-9868.00265

    Examples
    --------
    >>> import bayesgmm as bg
    >>> X = bg.load_faithful()
    >>> fit = bg.BayesianGaussianMixture(2, draws=200, random_state=1, progressbar=False).fit(X)
    >>> fit.means_.round(0)
    array([[ 2., 54.],
           [ 4., 80.]])
    """

    def __init__(
        self,
        n_components: int = 1,
        *,
        covariance_type: Literal["full", "tied", "diag", "spherical"] = "full",
        method: str = "nuts",
        draws: int = 1000,
        tune: int | None = None,
        chains: int = 4,
        priors: Priors | None = None,
        init: Any = None,
        cores: int | None = None,
        random_state: int | np.random.Generator | np.random.RandomState | None = None,
        progressbar: bool = True,
        method_options: Mapping[str, Any] | None = None,
    ) -> None:
        self.n_components = n_components
        self.covariance_type = covariance_type
        self.method = method
        self.draws = draws
        self.tune = tune
        self.chains = chains
        self.priors = priors
        self.init = init
        self.cores = cores
        self.random_state = random_state
        self.progressbar = progressbar
        self.method_options = method_options

    def fit(self, X: ArrayLike, y: None = None) -> Self:
        """Draw from the posterior given the rows of X.

        Parameters
        ----------
        X : array or DataFrame of shape (N, D)
        y : None
            Not used; there for scikit-learn.

        Returns
        -------
        self

        Raises
        ------
        InvalidArgumentError, InvalidArgumentTypeError
            If an argument of the constructor cannot be used, the rows are no finite numbers, there are fewer rows than
            components, or columns are constant or linearly dependent.
        TypeError
            If column names are text in part only, as scikit-learn words it.

        Warns
        -----
        LabelWarning, DegenerateComponentWarning, PriorWarning
            If components cannot be told apart; if one collapsed in EM; if a prior leaves a spike in the posterior.
        """
        settings = FitSettings.from_parameters(self.get_params(deep=False))
        data = as_data(X)
        check_names(X)
        result = fit_posterior(data, settings)
        validate_data(self, as_frame(X), skip_check_array=True)
        self.posterior_: Posterior = result.posterior
        self.em_: EMFit = result.em
        self._priors = result.priors
        return self

    def fit_predict(self, X: ArrayLike, y: None = None) -> NDArray[np.intp]:
        """Fit, and label the rows; see `predict`."""
        return self.fit(X).predict(X)

    def predict(self, X: ArrayLike) -> NDArray[np.intp]:
        """Give the most probable component of each row, parameters averaged over the posterior; shape (N,)."""
        return self._posterior_for(X).predict(X)

    def predict_proba(self, X: ArrayLike) -> Array:
        """Give membership probabilities E[w_k N_k(x)] / E[f(x)] over the draws; shape (N, K)."""
        return self._posterior_for(X).predict_proba(X)

    def score_samples(self, X: ArrayLike) -> Array:
        """Give the log posterior predictive density log E[f(x)] of each row, per unit of x; shape (N,)."""
        return self._posterior_for(X).score_samples(X)

    def score(self, X: ArrayLike, y: None = None) -> float:
        """Give the mean of `score_samples`."""
        return float(np.mean(self.score_samples(X)))

    def sample(self, n_samples: int = 1) -> tuple[Array, NDArray[np.intp]]:
        """Draw rows from the posterior predictive, and the component of each; shapes (n, D) and (n,)."""
        check_is_fitted(self, "posterior_")
        return self.posterior_.sample(n_samples, self.random_state)

    def summary(self, **options: Any) -> Table:
        """Tabulate weights, means, sds and correlations; see `Posterior.summary`."""
        check_is_fitted(self, "posterior_")
        return self.posterior_.summary(**options)

    def responsibilities(self, X: ArrayLike | None = None, **options: Any) -> xr.Dataset:
        """Give memberships with their uncertainty; see `Posterior.responsibilities`."""
        check_is_fitted(self, "posterior_")
        return self.posterior_.responsibilities(X, **options)

    def save(self, path: str | Path) -> Path:
        """Write the result to one netCDF file, whose path is returned; `bayesgmm.load` reads it."""
        check_is_fitted(self, "posterior_")
        return self.posterior_.save(path)

    @property
    def idata(self) -> xr.DataTree:
        """The result as ArviZ takes it."""
        check_is_fitted(self, "posterior_")
        return self.posterior_.idata

    @property
    def model_(self) -> pm.Model:
        """The `pm.Model` of the fit, its priors included; built anew when asked for (it does not pickle)."""
        check_is_fitted(self, "posterior_")
        posterior = self.posterior_
        return model.build.model_from_data(posterior.data, posterior.n_components, posterior.family, self._priors)

    @property
    def mixture_(self) -> Mixture:
        """The mixture with leading axes (chain, draw)."""
        check_is_fitted(self, "posterior_")
        return self.posterior_.mixture

    @property
    def weights_(self) -> Array:
        """Posterior means of the weights, of shape (K,)."""
        return self.mixture_.weights.mean((0, 1))

    @property
    def means_(self) -> Array:
        """Posterior means of the means, of shape (K, D), in the units of x."""
        return self.mixture_.means.mean((0, 1))

    @property
    def covariances_(self) -> Array:
        """Posterior means of the covariances in scikit-learn's layout, in units of x squared."""
        covariances = self.mixture_.covariances.mean((0, 1))
        return self.posterior_.family.compact(covariances)

    def _posterior_for(self, X: ArrayLike) -> Posterior:
        """Check new rows as scikit-learn does: numbers and shape first, then names."""
        check_is_fitted(self, "posterior_")
        as_rows(X, self.posterior_.n_features, owner=type(self).__name__)
        validate_data(self, as_frame(X), reset=False, skip_check_array=True)
        return self.posterior_

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "posterior_")
