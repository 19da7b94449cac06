r"""Minibatches: the log posterior of a part of the rows, every part standing for all.

The rows are cut into B parts at random and the rows of a part weighed B times, so that the mean over the parts is the
log posterior of all rows, value and gradient, exactly. Single parts differ by noise, nearly all of it linear in x near
the mode, where its coefficients are known: the control variate (Baker et al. 2019, doi:10.1007/s11222-018-9826-2)

    log p_b(x) - (x - mode)' {grad log p_b(mode) - grad log p(mode)} - log p_b(mode) + log p(mode)

has the same mean over the parts and noise of second order only.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bayesgmm.inference.target import Target
from bayesgmm.inference.whitening import LogPosterior

__all__ = ["minibatches", "split_rows", "steady"]

Array = NDArray[np.float64]


def split_rows(target: Target, n_parts: int, rng: np.random.Generator) -> list[Target]:
    """Cut the rows of a target into parts at random; the mean of the parts is the target.

    Parameters
    ----------
    target : Target
        N rows.
    n_parts : int
        B, at most N.
    rng : numpy.random.Generator

    Returns
    -------
    list of Target
        Each with the prior of the whole, about N / B rows and B times their weights.

    Examples
    --------
    >>> import numpy as np
    >>> from bayesgmm.covariance import Full
    >>> from bayesgmm.data import as_data
    >>> from bayesgmm.inference.minibatch import split_rows
    >>> from bayesgmm.inference.target import make_target
    >>> from bayesgmm.model.priors import Priors
    >>> data = as_data(np.random.default_rng(1).standard_normal((50, 2)))
    >>> target = make_target(data, Full(), 2, Priors().resolve(data, 2, Full()))
    >>> parts = split_rows(target, 3, np.random.default_rng(1))
    >>> x = np.zeros(target.n_dim)
    >>> bool(np.isclose(np.mean([part.log_posterior(x)[0] for part in parts]), target.log_posterior(x)[0]))
    True
    """
    settings = target.settings
    weights = np.broadcast_to(settings.row_weights, len(settings.rows))
    return [
        replace(target, settings=replace(settings, rows=settings.rows[part], row_weights=n_parts * weights[part]))
        for part in np.array_split(rng.permutation(len(settings.rows)), n_parts)
    ]


def steady(part: LogPosterior, mode: Array, value: float, gradient: Array) -> LogPosterior:
    """Take the linear part of a minibatch's noise away.

    Parameters
    ----------
    part : callable
        The log posterior of a minibatch, with its gradient.
    mode : array of shape (n,)
        Where it is compared with that of all rows.
    value, gradient : float, array of shape (n,)
        The log posterior of all rows at the mode.

    Returns
    -------
    callable
        With this value and gradient at the mode, and the curvature of `part`.

    Examples
    --------
    >>> import numpy as np
    >>> from bayesgmm.inference.minibatch import steady
    >>> function = steady(lambda x: (3 * float(x[0]), np.array([3.0])), np.zeros(1), 5.0, np.array([1.0]))
    >>> function(np.array([2.0]))[1]
    array([1.])
    """
    own_value, own_gradient = part(mode)
    excess, slope = own_value - value, own_gradient - gradient

    def log_posterior(x: Array) -> tuple[float, Array]:
        found, ascent = part(x)
        return float(found - excess - (x - mode) @ slope), ascent - slope

    return log_posterior


def minibatches(target: Target, size: int, mode: Array, rng: np.random.Generator) -> list[LogPosterior]:
    """Give the log posteriors of minibatches of about `size` rows, with the control variate.

    Parameters
    ----------
    target : Target
    size : int
        Rows in each.
    mode : array of shape (n,)
    rng : numpy.random.Generator

    Returns
    -------
    list of callable
        Their mean is the log posterior of all rows, for every x.
    """
    parts = split_rows(target, max(1, round(len(target.settings.rows) / size)), rng)
    value, gradient = target.log_posterior(mode)
    return [steady(part.log_posterior, mode, value, gradient) for part in parts]
