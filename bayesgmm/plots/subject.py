"""What a fit has to show: a point estimate, draws, rows with memberships, names.

Every picture reads its fit here, once, whatever kind it is; the numbers come from the rooms below. Of very many rows a
random part is shown, chosen by a fixed seed: more points than that cover each other and tell nothing new.
"""

from dataclasses import dataclass
from functools import singledispatch
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bayesgmm.data import Data, as_rows
from bayesgmm.data.table import default_names, read_table
from bayesgmm.em.fit import EMFit
from bayesgmm.errors import InvalidArgumentError, InvalidArgumentTypeError
from bayesgmm.mixture import Mixture
from bayesgmm.posterior.container import Posterior, as_result
from bayesgmm.posterior.prediction import row_moments

__all__ = ["MAX_ROWS", "Subject", "as_subject", "need_rows"]

Array = NDArray[np.float64]

MAX_ROWS = 10_000  # rows shown; a scatter of more is a blot
SHOWN_SEED = 0  # the same rows in every picture of a fit


@dataclass(frozen=True, eq=False)
class Subject:
    """What a picture draws; M rows shown, D features, K components.

    Attributes
    ----------
    point : Mixture
        The point estimate.
    point_name : str
        What the legend calls it: "EM", or "mixture" for parameters that no fit chose.
    draws : Mixture or None
        With leading (chain, draw); None without a posterior.
    x : array of shape (M, D) or None
        The rows shown, in the units of x.
    shares : array of shape (M, K) or None
        Their responsibilities, averaged over the draws where there are any.
    n_rows : int
        How many rows there are, shown or not.
    feature_names, component_names : tuple of str
    is_identified : bool
        Whether the posterior's components can be told apart; the legend says so where not.
    """

    point: Mixture
    point_name: str
    draws: Mixture | None
    x: Array | None
    shares: Array | None
    n_rows: int
    feature_names: tuple[str, ...]
    component_names: tuple[str, ...]
    is_identified: bool = True


def as_subject(fit: Any, X: ArrayLike | None = None) -> Subject:
    """Read a fit.

    Parameters
    ----------
    fit : fitted estimator, Posterior, EMFit or Mixture
    X : array or DataFrame of shape (N, D), or None
        Rows to show. None: those that a posterior was fitted to; EM and a `Mixture` keep none.

    Returns
    -------
    Subject

    Raises
    ------
    InvalidArgumentTypeError
        If `fit` is nothing that has a mixture.
    InvalidArgumentError
        If `X` has other features than the fit.

    Examples
    --------
    >>> from bayesgmm.mixture import Mixture
    >>> from bayesgmm.plots.subject import as_subject
    >>> as_subject(Mixture.from_sds([1.0], [[0.0, 5.0]], [[1.0, 2.0]])).feature_names
    ('x0', 'x1')
    """
    names = getattr(fit, "feature_names_in_", None)
    return _read(as_result(fit), X, None if names is None else tuple(names))


def need_rows(subject: Subject) -> tuple[Array, Array]:
    """Give the rows and their responsibilities to a picture that is nothing without them.

    Parameters
    ----------
    subject : Subject

    Returns
    -------
    x, shares : arrays of shape (M, D) and (M, K)

    Raises
    ------
    InvalidArgumentError
        If there are no rows.

    Examples
    --------
    >>> from bayesgmm.plots.subject import as_subject, need_rows
    >>> [array.shape for array in need_rows(as_subject(fit))]
    [(272, 2), (272, 2)]
    """
    if subject.x is None or subject.shares is None:
        remedy = "Pass the rows to show: only a posterior keeps those that it was fitted to."
        raise InvalidArgumentError("X", "be given for this picture", None, remedy)
    return subject.x, subject.shares


@singledispatch
def _read(value: Any, X: ArrayLike | None, names: tuple[str, ...] | None) -> Subject:
    raise InvalidArgumentTypeError("fit", "have a mixture to show", type(value).__name__)


@_read.register
def _(value: Posterior, X: ArrayLike | None, names: tuple[str, ...] | None) -> Subject:
    x = value.data.x if X is None else value.rows_of(X)
    shown = _thin(x)
    components = tuple(map(str, value.component_names))
    shares = row_moments(value, shown).mean
    return Subject(
        value.em, "EM", value.mixture, shown, shares, len(x), value.feature_names, components, value.is_identified
    )


@_read.register
def _(value: EMFit, X: ArrayLike | None, names: tuple[str, ...] | None) -> Subject:
    return _read_point(value.mixture, X, names, "EM")


@_read.register
def _(value: Mixture, X: ArrayLike | None, names: tuple[str, ...] | None) -> Subject:
    if value.batch_shape:
        remedy = "Give the `Posterior` that the draws belong to."
        raise InvalidArgumentError("fit", "be a single mixture, without batch axes", value, remedy)
    return _read_point(value, X, names, "mixture")


def _read_point(mixture: Mixture, X: ArrayLike | None, names: tuple[str, ...] | None, point_name: str) -> Subject:
    K, D = mixture.n_components, mixture.n_features
    components = tuple(map(str, range(K)))
    if X is None:
        return Subject(mixture, point_name, None, None, None, 0, names or default_names(D), components)
    rows = as_rows(X, D, feature_names=names)
    shown = _thin(rows)
    shares = mixture.responsibilities(shown)
    return Subject(mixture, point_name, None, shown, shares, len(rows), names or _names(X, D), components)


def _names(X: ArrayLike | Data, n_features: int) -> tuple[str, ...]:
    named = X if isinstance(X, Data) else read_table(X)
    return named.feature_names or default_names(n_features)


def _thin(x: Array) -> Array:
    if len(x) <= MAX_ROWS:
        return x
    return x[np.sort(np.random.default_rng(SHOWN_SEED).choice(len(x), MAX_ROWS, replace=False))]
