"""`MixtureFeatures`: what a mixture says of a row, as columns for another model in a scikit-learn pipeline."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.utils.validation import check_is_fitted, validate_data

from bayesgmm.data import as_rows
from bayesgmm.errors import InvalidArgumentError, InvalidArgumentTypeError
from bayesgmm.estimators.bayesian import BayesianGaussianMixture
from bayesgmm.estimators.containers import as_frame
from bayesgmm.estimators.gaussian import GaussianMixture
from bayesgmm.posterior.distances import component_distances

__all__ = ["MixtureFeatures"]

Array = NDArray[np.float64]

KINDS: Mapping[str, Callable[[Any, ArrayLike], Array]] = {
    "membership": lambda mixture, X: mixture.predict_proba(X),
    "distance": lambda mixture, X: component_distances(mixture.mixture_, X),
}


class MixtureFeatures(TransformerMixin, BaseEstimator):
    """Fit a mixture and turn rows into memberships and distances, a column for each component.

    A step of a scikit-learn pipeline. The mixture is fitted to the rows that the pipeline is fitted to, so that
    cross-validation keeps the rows that it is judged by out of the mixture as well. N rows, D features, K components.

    Parameters
    ----------
    mixture : GaussianMixture or BayesianGaussianMixture
        Not fitted; a clone of it is.
    kinds : sequence of {"membership", "distance"}, default both
        ``"membership"``: the probability that the row belongs to the component, its ``predict_proba``.
        ``"distance"``: Mahalanobis' distance from the component, in its own standard deviations; with a posterior the
        mean over the draws. Memberships do not tell a row that is far from every component, distances do.

    Attributes
    ----------
    mixture_ : GaussianMixture or BayesianGaussianMixture
        The fitted mixture.
    n_features_in_, feature_names_in_ : int, array of str
        As in scikit-learn.

    Examples
    --------
    >>> import bayesgmm as bg
    >>> X = bg.load_faithful()
    >>> features = bg.MixtureFeatures(bg.GaussianMixture(2, random_state=1)).set_output(transform="pandas")
    >>> features.fit_transform(X).head(2).round(1)
       membership0  membership1  distance0  distance1
    0          0.0          1.0        6.5        1.7
    1          1.0          0.0        0.9        6.4
    """

    def __init__(
        self, mixture: GaussianMixture | BayesianGaussianMixture, *, kinds: Sequence[str] = ("membership", "distance")
    ) -> None:
        self.mixture = mixture
        self.kinds = kinds

    def fit(self, X: ArrayLike, y: Any = None) -> Self:
        """Fit the mixture.

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
        InvalidArgumentError
            If `kinds` are none, not among those above, or one is there twice.
        InvalidArgumentTypeError
            If `mixture` is no mixture of this package.
        """
        _check_kinds(self.kinds)
        if not isinstance(self.mixture, GaussianMixture | BayesianGaussianMixture):
            constraint = "be a GaussianMixture or a BayesianGaussianMixture"
            raise InvalidArgumentTypeError("mixture", constraint, type(self.mixture).__name__)
        self.mixture_ = clone(self.mixture).fit(X)
        validate_data(self, as_frame(X), skip_check_array=True)
        return self

    def transform(self, X: ArrayLike) -> Array:
        """Give the features of rows, those of one kind beside those of the next; shape (N, K times kinds)."""
        check_is_fitted(self)
        as_rows(X, self.n_features_in_, owner=type(self).__name__)
        validate_data(self, as_frame(X), reset=False, skip_check_array=True)
        return np.hstack([KINDS[kind](self.mixture_, X) for kind in self.kinds])

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> NDArray[np.object_]:
        """Give the names of the columns: kind and component."""
        check_is_fitted(self)
        K = self.mixture_.n_components
        return np.array([f"{kind}{k}" for kind in self.kinds for k in range(K)], dtype=object)


def _check_kinds(kinds: Any) -> None:
    asked = list(kinds) if np.iterable(kinds) else [kinds]
    known = [kind for kind in asked if isinstance(kind, str) and kind in KINDS]
    if not 0 < len(set(known)) == len(asked):
        constraint = f"be a sequence of kinds, each once, among {', '.join(map(repr, KINDS))}"
        raise InvalidArgumentError("kinds", constraint, repr(kinds))
