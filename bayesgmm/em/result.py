"""The values of EM: its settings, how it ended, what was tried, and what it found."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bayesgmm import markup
from bayesgmm.covariance import CovarianceFamily
from bayesgmm.data import Data
from bayesgmm.em.criteria import aic, bic
from bayesgmm.mixture import Mixture

__all__ = ["EMFit", "EMSettings", "EMStatus", "Starts"]

Array = NDArray[np.float64]

RELATIVE_RIDGE = 1e-6  # of a column's variance: an sd of a thousandth
LEAST_CHANGE = 1e-3  # nats of all rows in a step
MOST_STEPS = 5000  # components that overlap among many rows take thousands


class EMStatus(Enum):
    """How EM ended; the value is the sentence with the remedy."""

    CONVERGED = "EM converged."
    NOT_CONVERGED = (
        "Best performing initialization did not converge. Try different init parameters, or increase max_iter, tol, "
        "or check for degenerate data."
    )
    DEGENERATE = (
        "A component collapsed: it is narrower than the data resolve, or holds too few rows to determine it. "
        "Fit fewer components, or take a covariance_type with fewer parameters."
    )
    SINGULAR = (
        "Fitting the mixture model failed because some components have ill-defined empirical covariance (for instance "
        "caused by singleton or collapsed samples). Try to decrease the number of components, increase reg_covar, or "
        "scale the input data."
    )


@dataclass(frozen=True)
class EMSettings:
    """When EM stops and how it regularises.

    Attributes
    ----------
    tol : float
        Change of the mean log-likelihood per row below which EM has converged; scikit-learn's criterion. 1e-6 by
        default: at scikit-learn's 1e-3 slow mixtures stop far from their optimum.
    max_iter : int
        1000 by default, so that slow mixtures converge.
    reg_covar : float or None
        Added to the variances, in units of x squared; None: 1e-6 of each column's variance, whatever its units.
    """

    tol: float = 1e-6
    max_iter: int = 1000
    reg_covar: float | None = None

    @classmethod
    def of_pivot(cls, data: Data) -> Self:
        """Give the settings of the EM solution at which a posterior starts and to which its labels are matched.

        The posterior narrows as rows come in, so EM stops by the change of the log-likelihood of all rows: a change of
        1e-6 per row stops components that overlap, seen in a picture's 65,536 pixels, 24 nats below their optimum.
        """
        return cls(tol=min(cls.tol, LEAST_CHANGE / data.total_weight), max_iter=MOST_STEPS)

    def ridge(self, data: Data) -> Array:
        """Give what is added to the variances, of shape (D,), in units of x squared."""
        if self.reg_covar is None:
            return RELATIVE_RIDGE * data.scale**2
        return np.full(data.n_features, float(self.reg_covar))


@dataclass(frozen=True, eq=False)
class Starts:
    """What the starts led to.

    Attributes
    ----------
    kinds : tuple of str
        How each start was made.
    log_likelihoods : array of shape (n,)
        Where each came to, after a short run or at convergence, in nats; nan where a covariance became singular.
    statuses : tuple of EMStatus
        How each ended; a start that was left after a short run has not converged.
    n_optima : int
        Distinct optima among the sound runs that converged, at least 1.
    gap : float
        Nats between the best of them and the next; infinity where there is one.
    """

    kinds: tuple[str, ...]
    log_likelihoods: Array
    statuses: tuple[EMStatus, ...]
    n_optima: int
    gap: float


@dataclass(frozen=True, eq=False, repr=False)
class EMFit:
    """A maximum of the likelihood, as EM found it.

    Attributes
    ----------
    mixture : Mixture
        The estimate.
    family : CovarianceFamily
        Its covariances' family.
    log_likelihood : float
        sum_n g_n log f(x_n) at the estimate, natural logarithm of a density per unit of x to the power N D.
    n_iter : int
        Iterations.
    status : EMStatus
        How it ended.
    path : array of shape (n_iter,)
        Mean log-likelihood per row before each M-step; the last is scikit-learn's lower bound.
    starts : Starts or None
        What was tried; None where the start was given, and where a file does not say it.
    counts : array of shape (K,)
        Expected rows per component, N_k, at the estimate.
    total_weight : float
        Number of rows, or the sum of their weights.
    n_parameters : int
        Free parameters.
    converged : bool
        Whether the criterion was met; a component may have collapsed all the same.
    collapsed : tuple of int
        The components that collapsed.
    start : Mixture or None
        Where the run that won began, with the components in the order of the estimate; None where it is not known.
    settings : EMSettings
        When EM stopped and how it regularised.
    """

    mixture: Mixture
    family: CovarianceFamily
    log_likelihood: float
    n_iter: int
    status: EMStatus
    path: Array
    starts: Starts | None
    counts: Array
    total_weight: float
    n_parameters: int
    converged: bool
    collapsed: tuple[int, ...] = ()
    start: Mixture | None = None
    settings: EMSettings = EMSettings()

    def __post_init__(self) -> None:
        for name in ("path", "counts"):
            value = np.array(getattr(self, name), dtype=np.float64)
            value.flags.writeable = False
            object.__setattr__(self, name, value)

    @property
    def bic(self) -> float:
        """Bayesian information criterion; smaller is better."""
        return bic(self.log_likelihood, self.n_parameters, self.total_weight)

    @property
    def aic(self) -> float:
        """Akaike's information criterion; smaller is better."""
        return aic(self.log_likelihood, self.n_parameters)

    @property
    def message(self) -> str:
        """What to tell the user: the status, and the components that collapsed with their weight in rows."""
        if not self.collapsed:
            return self.status.value
        named = ", ".join(f"{k} ({self.counts[k]:.3g} of {self.total_weight:g} rows)" for k in self.collapsed)
        return f"{self.status.value} Collapsed: component {named}."

    def permute(self, order: ArrayLike) -> Self:
        """Put component ``order[k]`` in place k."""
        order = np.asarray(order)
        places = {int(component): place for place, component in enumerate(order)}
        return replace(
            self,
            mixture=self.mixture.permute(order),
            counts=self.counts[order],
            collapsed=tuple(sorted(places[k] for k in self.collapsed)),
            start=None if self.start is None else self.start.permute(order),
        )

    def __repr__(self) -> str:
        K, D = self.mixture.means.shape
        rows = f"{self.total_weight:g} rows x {D} features"
        found = f"Log-likelihood {self.log_likelihood:.2f}, BIC {self.bic:.2f}, {self.n_iter} iterations"
        return f"EMFit(n_components={K}, covariance_type={self.family.name!r}; {rows})\n{self.message} {found}."

    def _repr_html_(self, feature_names: Sequence[Any] | None = None) -> str:
        """Set it for a notebook; an estimator knows the names of the features."""
        head, verdict = repr(self).split("\n")
        mixture = self.mixture
        texts = map(markup.number_texts, (mixture.weights, mixture.means, mixture.sds))
        table = markup.component_table(*texts, feature_names=feature_names)
        return markup.code(head) + markup.paragraph(verdict) + table
