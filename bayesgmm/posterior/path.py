"""EM step by step, for whatever holds an EM fit."""

from typing import Any

from numpy.typing import ArrayLike

from bayesgmm.data import Data, as_data
from bayesgmm.em.path import EMPath, check_rows, trace_em
from bayesgmm.em.result import EMFit
from bayesgmm.errors import InvalidArgumentError, InvalidArgumentTypeError
from bayesgmm.mixture import Mixture
from bayesgmm.posterior.container import Posterior, as_result

__all__ = ["em_path", "fit_with_rows"]


def em_path(
    fit: Any, X: ArrayLike | None = None, *, sample_weight: ArrayLike | None = None, init: Mixture | None = None
) -> EMPath:
    """Run EM again from where it began, or from a start of yours, and keep every iteration.

    N rows, D features, K components, T iterations.

    Parameters
    ----------
    fit : fitted estimator, EMFit or Posterior
        Gives family, settings and the start: that of the run that won. A start of the pool (see `GaussianMixture`)
        counts from the end of its rough first iterations, so that few may be left.
    X : array or DataFrame of shape (N, D), or None
        The rows of the fit. None: those that a posterior holds; EM keeps none.
    sample_weight : array-like of shape (N,), or None
        The weights of the fit; a posterior holds its own.
    init : Mixture or None
        Where to begin, to see how EM gets to an answer from there; it may be another one. None: where the fit began;
        the path then ends at its answer.

    Returns
    -------
    EMPath
        ``mixture`` with a leading axis of T + 1 iterations, ``log_likelihood`` (T + 1,) and ``counts`` (T + 1, K).

    Raises
    ------
    InvalidArgumentError
        If `X` is missing or not the rows of the fit, or `init` has other components or features.
    InvalidArgumentTypeError
        If `fit` holds no EM fit.

    References
    ----------
    .. [1] Dempster, A. P., Laird, N. M. and Rubin, D. B. (1977). Maximum likelihood from incomplete data via the EM
       algorithm. JRSS B 39, 1-38. https://doi.org/10.1111/j.2517-6161.1977.tb01600.x

    Examples
    --------
    >>> import bayesgmm as bg
    >>> X = bg.load_faithful()
    >>> start = bg.Mixture.from_sds([0.5, 0.5], [[2.5, 80.0], [4.0, 60.0]], [[1.0, 10.0], [1.0, 10.0]])
    >>> path = bg.em_path(bg.GaussianMixture(2, random_state=1).fit(X), X, init=start)
    >>> path.mixture.batch_shape == (path.n_iter + 1,), round(float(path.log_likelihood[-1]), 2)
    (True, -1130.26)
    """
    em, data = fit_with_rows(fit, X, sample_weight)
    return trace_em(data, em, init)


def fit_with_rows(fit: Any, X: ArrayLike | None, sample_weight: ArrayLike | None = None) -> tuple[EMFit, Data]:
    """Find the EM fit in a fit, and the rows that it was made of.

    Parameters
    ----------
    fit, X, sample_weight : as in `em_path`

    Returns
    -------
    em : EMFit
    data : Data

    Raises
    ------
    InvalidArgumentError, InvalidArgumentTypeError
        As in `em_path`.

    Examples
    --------
    >>> from bayesgmm.posterior.path import fit_with_rows
    >>> em, data = fit_with_rows(fit, None)
    >>> em.mixture.n_components, data.n_rows
    (2, 272)
    """
    value = as_result(fit)
    if isinstance(value, Mixture):
        raise InvalidArgumentTypeError("fit", "be a fit, with an EM solution", type(fit).__name__)
    em = value.em_fit if isinstance(value, Posterior) else value
    if X is not None:
        data = as_data(X, sample_weight=sample_weight)
    elif isinstance(value, Posterior):
        data = value.data
    else:
        raise InvalidArgumentError("X", "be given where the fit holds no rows", None)
    check_rows("X", em, data)
    return em, data
