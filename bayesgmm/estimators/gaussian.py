"""`GaussianMixture`: EM behind scikit-learn's contract.

Code written for `sklearn.mixture.GaussianMixture` runs unchanged; the work is done by `em`. Parameters are checked by
scikit-learn's own machinery, so that the sentences are its own.
"""

import time
import warnings
from numbers import Integral, Real
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, DensityMixin
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted, validate_data

from bayesgmm.covariance import CovarianceFamily, as_family
from bayesgmm.data import Data, as_data, as_rows, check_n_components, check_rank
from bayesgmm.em import criteria
from bayesgmm.em.fit import EMFit, EMSettings, EMStatus, Starts, fit_em, run_em
from bayesgmm.em.iteration import State
from bayesgmm.em.procedure import Procedure, fit_by_procedure, fit_by_search
from bayesgmm.em.starts import INIT_PARAMS
from bayesgmm.errors import ConvergenceWarning, DegenerateComponentWarning
from bayesgmm.estimators.containers import as_frame, check_names, check_two_rows, check_warm_start, precision_of
from bayesgmm.estimators.display import FittedDisplay
from bayesgmm.estimators.layouts import check_means, check_precisions, check_weights, root_precisions, scale_from_roots
from bayesgmm.kernel import rows as kernel
from bayesgmm.mixture import Mixture

__all__ = ["GaussianMixture"]

Array = NDArray[np.float64]


class GaussianMixture(FittedDisplay, DensityMixin, BaseEstimator):
    """A Gaussian mixture fitted by EM, with the parameters, attributes and methods of scikit-learn's class.

    f(x) = sum_k w_k N(x | m_k, Sigma_k). N rows, D features, K components. Where neither `n_init`, `init_params` nor
    any of the three ``*_init`` is given, EM starts from a pool: scikit-learn's k-means start from the same seed, more
    k-means and Ward partitions in several coordinates, random partitions; the components then come ordered by the
    mean of the first feature. Give one of them and it is scikit-learn's procedure, its order of components included.
    `n_init` above one, given alone, asks for a search: scikit-learn's starts and the pool both run, the higher
    likelihood wins, `starts_` lists them all, and the components come in the pool's order, whoever won. With
    `warm_start` it is scikit-learn's procedure.

    Parameters
    ----------
    n_components : int
        K; 1 by default, as in scikit-learn.
    covariance_type : {"full", "tied", "diag", "spherical"}
        The covariance family.
    tol : float
        Change of the mean log-likelihood per row, in nats, below which EM has converged. 1e-6 (scikit-learn: 1e-3, at
        which slow mixtures stop far from their optimum).
    reg_covar : float or None
        Added to the variances, in units of x squared. None: 1e-6 of each column's variance, which changes with the
        units as it should; linearly dependent columns are then refused. A number is scikit-learn's.
    max_iter : int
        Iterations; 1000, so that slow mixtures converge.
    n_init : int or None
        Starts of the kind `init_params`. None: the pool, or 1 where `init_params` or one of ``*_init`` is given. 1: one
        start, as in scikit-learn. More, given alone: the best of so many and of the pool.
    init_params : {"kmeans", "k-means++", "random", "random_from_data"} or None
        How starts are made; None: the pool, or "kmeans" where `n_init` or one of ``*_init`` is given.
    weights_init : array-like of shape (K,) or None
        Weights to start from.
    means_init : array-like of shape (K, D) or None
        Means to start from, in the units of x.
    precisions_init : array-like or None
        Inverse covariances to start from: (K, D, D), tied (D, D), diag (K, D), spherical (K,).
    random_state : int, RandomState or None
        The seed of the starts and of `sample`.
    warm_start : bool
        Whether another `fit` goes on from the last one.
    verbose : int
        1 prints starts and iterations, 2 also times.
    verbose_interval : int
        Iterations between two lines.

    Attributes
    ----------
    weights_, means_ : arrays of shape (K,) and (K, D)
        w_k and m_k, the means in the units of x.
    covariances_, precisions_, precisions_cholesky_ : arrays
        Sigma_k, its inverse P_k and the upper triangular U_k with P_k = U_k U_k', laid out as `precisions_init`.
    converged_ : bool
        Whether `tol` was reached.
    n_iter_ : int
        Iterations of the best start.
    lower_bound_, lower_bounds_ : float, list of float
        Mean log-likelihood per row before the last M-step, and before each.
    mixture_ : Mixture
        The estimate as a value.
    result_ : EMFit
        Everything that EM found.
    starts_ : Starts or None
        What every start led to; None after a warm start.
    n_features_in_, feature_names_in_ : int, array of str
        As in scikit-learn.

    References
    ----------
    .. [1] Dempster, A. P., Laird, N. M. and Rubin, D. B. (1977). Maximum likelihood from incomplete data via the EM
       algorithm. JRSS B 39, 1-38. https://doi.org/10.1111/j.2517-6161.1977.tb01600.x

    Examples
    --------
    >>> import bayesgmm as bg
    >>> X = bg.load_faithful()
    >>> em = bg.GaussianMixture(n_components=2, random_state=1).fit(X)
    >>> em.means_.round(2)
    array([[ 2.04, 54.48],
           [ 4.29, 79.97]])
    >>> round(em.bic(X), 3)
    2322.192
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "n_components": [Interval(Integral, 1, None, closed="left")],
        "covariance_type": [StrOptions({"full", "tied", "diag", "spherical"})],
        "tol": [Interval(Real, 0.0, None, closed="left")],
        "reg_covar": [Interval(Real, 0.0, None, closed="left"), None],
        "max_iter": [Interval(Integral, 0, None, closed="left")],
        "n_init": [Interval(Integral, 1, None, closed="left"), None],
        "init_params": [StrOptions(set(INIT_PARAMS)), None],
        "weights_init": ["array-like", None],
        "means_init": ["array-like", None],
        "precisions_init": ["array-like", None],
        "random_state": ["random_state"],
        "warm_start": ["boolean"],
        "verbose": ["verbose"],
        "verbose_interval": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(
        self,
        n_components: int = 1,
        *,
        covariance_type: Literal["full", "tied", "diag", "spherical"] = "full",
        tol: float = 1e-6,
        reg_covar: float | None = None,
        max_iter: int = 1000,
        n_init: int | None = None,
        init_params: Literal["kmeans", "k-means++", "random", "random_from_data"] | None = None,
        weights_init: ArrayLike | None = None,
        means_init: ArrayLike | None = None,
        precisions_init: ArrayLike | None = None,
        random_state: int | np.random.RandomState | None = None,
        warm_start: bool = False,
        verbose: int = 0,
        verbose_interval: int = 10,
    ) -> None:
        self.n_components = n_components
        self.covariance_type = covariance_type
        self.tol = tol
        self.reg_covar = reg_covar
        self.max_iter = max_iter
        self.n_init = n_init
        self.init_params = init_params
        self.weights_init = weights_init
        self.means_init = means_init
        self.precisions_init = precisions_init
        self.random_state = random_state
        self.warm_start = warm_start
        self.verbose = verbose
        self.verbose_interval = verbose_interval

    def fit(self, X: ArrayLike, y: None = None, sample_weight: ArrayLike | None = None) -> Self:
        """Estimate the mixture by EM.

        Parameters
        ----------
        X : array or DataFrame of shape (N, D)
        y : None
            Not used; there for scikit-learn.
        sample_weight : array-like of shape (N,) or None
            A weight of 2 counts a row twice.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            For input that is no table of finite numbers, fewer rows than components, dependent columns where
            `reg_covar` is None, a start that does not fit, or a covariance that becomes singular.
        """
        self._validate_params()
        data = as_data(X, sample_weight=sample_weight)
        check_two_rows(data)
        check_n_components(data, self.n_components)
        if self.reg_covar is None:
            check_rank(data, correlated=not self._family.is_diagonal)
        check_names(X)
        fit = self._run(data)
        validate_data(self, as_frame(X), skip_check_array=True)
        self._keep(fit, precision_of(X))
        self._warn()
        return self

    def fit_predict(self, X: ArrayLike, y: None = None, sample_weight: ArrayLike | None = None) -> NDArray[np.intp]:
        """Fit, and label the rows; see `fit` and `predict`."""
        return self.fit(X, sample_weight=sample_weight).predict(X)

    def predict(self, X: ArrayLike) -> NDArray[np.intp]:
        """Give the most probable component of each row, of shape (N,)."""
        return np.argmax(self._read_rows(X)[1], axis=1)

    def predict_proba(self, X: ArrayLike) -> Array:
        """Give the responsibilities r_nk, of shape (N, K)."""
        return self._read_rows(X)[1]

    def score_samples(self, X: ArrayLike) -> Array:
        """Give log f(x_n) of each row, natural logarithm of a density per unit of x to the power D; shape (N,)."""
        return self._read_rows(X)[0]

    def score(self, X: ArrayLike, y: None = None) -> float:
        """Give the mean of `score_samples`."""
        return float(np.mean(self.score_samples(X)))

    def sample(self, n_samples: int = 1) -> tuple[Array, NDArray[np.int64]]:
        """Draw rows, component by component, from scikit-learn's random stream.

        Parameters
        ----------
        n_samples : int
            How many rows.

        Returns
        -------
        X : array of shape (n_samples, D)
            In the units of x, grouped by component; nameless, of which a fit to a DataFrame warns as in scikit-learn.
        y : integer array of shape (n_samples,)
            The component of each.

        Raises
        ------
        ValueError
            If `n_samples` is less than 1.
        """
        check_is_fitted(self)
        if n_samples < 1:
            raise ValueError(f"Invalid value for 'n_samples': {n_samples} . The sampling requires at least one sample.")
        K, D = self.means_.shape
        stream = check_random_state(self.random_state)
        counts = stream.multinomial(n_samples, np.asarray(self.weights_, float))
        covariances = self._family.expand(np.asarray(self.covariances_, float), K, D)
        if self._family.is_diagonal:
            sds = np.sqrt(np.diagonal(covariances, axis1=-2, axis2=-1))
            parts = [stream.standard_normal(size=(n, D)) * s for n, s in zip(counts, sds, strict=True)]
        else:
            parts = [stream.multivariate_normal(np.zeros(D), c, n) for n, c in zip(counts, covariances, strict=True)]
        y = np.repeat(np.arange(K), counts)
        return np.asarray(self.means_, float)[y] + np.vstack(parts), y

    def bic(self, X: ArrayLike) -> float:
        """Give the Bayesian information criterion on X; smaller is better."""
        densities = self.score_samples(X)
        return criteria.bic(float(densities.sum(dtype=float)), self._n_parameters(), len(densities))

    def aic(self, X: ArrayLike) -> float:
        """Give Akaike's information criterion on X; smaller is better."""
        return criteria.aic(float(self.score_samples(X).sum(dtype=float)), self._n_parameters())

    def icl(self, X: ArrayLike) -> float:
        """Give the integrated completed likelihood criterion on X, BIC - 2 sum_n log max_k r_nk; smaller is better."""
        densities, shares = self._read_rows(X)
        bic = criteria.bic(float(densities.sum(dtype=float)), self._n_parameters(), len(densities))
        return bic - 2 * float(np.log(shares.max(1)).sum(dtype=float))

    @property
    def _family(self) -> CovarianceFamily:
        return as_family(self.covariance_type)

    def _n_parameters(self) -> int:
        return criteria.n_parameters(self._family, *self.means_.shape)

    def _state(self) -> State:
        """Read the public attributes, which may have been set by hand."""
        K, D = self.means_.shape
        roots = self._family.expand(np.asarray(self.precisions_cholesky_, float), K, D)
        with np.errstate(divide="ignore"):
            log_weights = np.log(np.asarray(self.weights_, float))
        scale = self._family.scale(scale_from_roots(roots))
        return State(log_weights, np.array(self.means_, float, order="C"), np.ascontiguousarray(scale))

    def _mixture(self) -> Mixture:
        state = self._state()
        weights = np.exp(state.log_weights)
        return Mixture(weights / weights.sum(), state.means, self._family.scale_tril(state.scale))

    def _read_rows(self, X: ArrayLike) -> tuple[Array, Array]:
        """Log densities (N,) and responsibilities (N, K) of checked rows, in scikit-learn's precision."""
        check_is_fitted(self)
        x = as_rows(X, self.means_.shape[1], owner=type(self).__name__)
        validate_data(self, as_frame(X), reset=False, skip_check_array=True)
        with np.errstate(all="ignore"):
            values = kernel.responsibilities(x, *self._state())
        dtype = np.result_type(precision_of(X), np.asarray(self.means_).dtype)
        return values[0].astype(dtype, copy=False), values[1].astype(dtype, copy=False)

    def _run(self, data: Data) -> EMFit:
        """Choose between going on, scikit-learn's procedure, and the pool."""
        settings = EMSettings(float(self.tol), int(self.max_iter), self.reg_covar)
        family, monitor = self._family, Verbosity(self.verbose, self.verbose_interval)
        procedure = self._procedure(data)
        if self.warm_start and hasattr(self, "converged_"):
            monitor.begin(0)
            last = check_warm_start(self._mixture(), self.n_components, data.n_features)
            fit = run_em(data, family, last, settings, previous=self.lower_bound_, monitor=monitor)
            if fit.status is EMStatus.SINGULAR:
                raise ValueError(fit.status.value)
            return fit
        stream = check_random_state(self.random_state)
        if procedure is None:
            return fit_em(data, self.n_components, family, settings, stream, monitor)
        run = fit_by_search if self._is_search else fit_by_procedure
        return run(data, family, settings, procedure, random_state=stream, monitor=monitor)

    @property
    def _is_search(self) -> bool:
        """Whether several starts were asked for, nothing was said of their kind, and EM is to run from them at once."""
        if self.warm_start or not self.max_iter:
            return False
        starts = self.init_params, self.weights_init, self.means_init, self.precisions_init
        return self.n_init is not None and self.n_init > 1 and all(value is None for value in starts)

    def _procedure(self, data: Data) -> Procedure | None:
        """Check the user's start; None where there is none, and the pool has room to run."""
        family, K, D = self._family, self.n_components, data.n_features
        weights = None if self.weights_init is None else check_weights(self.weights_init, K)
        means = None if self.means_init is None else check_means(self.means_init, K, D)
        scale = None
        if self.precisions_init is not None:
            precisions = check_precisions(self.precisions_init, family, K, D)
            scale = np.ascontiguousarray(family.scale(scale_from_roots(root_precisions(precisions))))
        given = self.n_init, self.init_params, weights, means, scale
        if self.max_iter and all(value is None for value in given):
            return None
        return Procedure(K, self.init_params or "kmeans", self.n_init or 1, weights, means, scale)

    def _keep(self, fit: EMFit, dtype: np.dtype[Any]) -> None:
        """Lay the estimate out as scikit-learn does, in the precision of the rows."""
        family, mixture = fit.family, fit.mixture
        with np.errstate(all="ignore"):
            roots = np.swapaxes(np.linalg.inv(mixture.scale_tril), -1, -2)  # (K, D, D)
            precisions = roots @ np.swapaxes(roots, -1, -2)
        self.weights_, self.means_ = mixture.weights.astype(dtype), mixture.means.astype(dtype)
        self.covariances_ = family.compact(mixture.covariances).astype(dtype)
        self.precisions_cholesky_ = family.compact(roots).astype(dtype)
        self.precisions_ = family.compact(precisions).astype(dtype)
        self.converged_, self.n_iter_ = fit.converged, fit.n_iter
        self.lower_bounds_: list[float] = fit.path.tolist()
        self.lower_bound_: float = self.lower_bounds_[-1] if self.lower_bounds_ else -np.inf
        self.result_, self.mixture_ = fit, mixture
        self.starts_: Starts | None = fit.starts

    def _warn(self) -> None:
        fit = self.result_
        if self.max_iter == 0:  # the start itself was asked for
            return
        if not fit.converged:
            warnings.warn(EMStatus.NOT_CONVERGED.value, ConvergenceWarning, stacklevel=3)
        if fit.status is EMStatus.DEGENERATE:
            message = f"{fit.message} It may also help to increase reg_covar."
            warnings.warn(message, DegenerateComponentWarning, stacklevel=3)


class Verbosity:
    """Prints what scikit-learn prints; `level` 0 is silent, 2 adds times."""

    def __init__(self, level: int, interval: int) -> None:
        self.level, self.interval = int(level), interval
        self.begun = self.last = time.time()

    def begin(self, start: int) -> None:
        """Announce a start."""
        self.begun = self.last = time.time()
        if self.level:
            print(f"Initialization {start}")  # noqa: T201

    def step(self, n_iter: int, change: float) -> None:
        """Tell of every so many iterations."""
        if not self.level or n_iter % self.interval:
            return
        now = time.time()
        more = f"\t time lapse {now - self.last:.5f}s\t ll change {change:.5f}" if self.level > 1 else ""
        self.last = now
        print(f"  Iteration {n_iter}{more}")  # noqa: T201

    def end(self, lower_bound: float, has_converged: bool) -> None:
        """Tell how a start ended."""
        if self.level:
            lapse = time.time() - self.begun
            more = f" time lapse {lapse:.5f}s\t lower bound {lower_bound:.5f}." if self.level > 1 else ""
            print(f"Initialization {'converged' if has_converged else 'did not converge'}.{more}")  # noqa: T201
