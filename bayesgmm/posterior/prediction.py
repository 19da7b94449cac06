"""What a posterior says of rows, parameters averaged over the draws: density, membership, log-likelihood.

    f_s(x) = sum_k w_ks N(x | m_ks, L_ks L_ks'),   s = 1, ..., S
    predictive density  E f(x) = mean of f_s(x),   membership of a new row  E[w_k N_k(x)] / E f(x)

For a new row each draw counts by how well it predicts the row; the mean responsibility E r_k(x) counts all alike. They
agree near the data and differ far from it. Rows pass the draws in blocks, so memory is bounded whatever N.
"""

from collections.abc import Callable, Iterator
from numbers import Real

import numpy as np
import xarray as xr
from arviz_base import rcParams
from numpy.typing import ArrayLike, NDArray

from bayesgmm.data import as_data
from bayesgmm.errors import InvalidArgumentError, InvalidArgumentTypeError
from bayesgmm.kernel.draws import DrawMoments, draw_log_densities, draw_moments
from bayesgmm.posterior.container import Posterior
from bayesgmm.schema import CHAIN, DRAW, OBS

__all__ = [
    "by_row_blocks",
    "describe_density",
    "flat_parameters",
    "interval_bounds",
    "log_predictive_density",
    "membership",
    "pointwise_log_likelihood",
    "row_moments",
    "row_names",
]

Array = NDArray[np.float64]

BLOCK = 2**22  # numbers held at once per block of rows: 32 MB


def membership(posterior: Posterior, X: ArrayLike) -> Array:
    """Give the probability that each row belongs to each component, E[w_k N_k(x)] / E f(x).

    Parameters
    ----------
    posterior : Posterior
    X : array or DataFrame of shape (N, D)
        In the units of the fitted data.

    Returns
    -------
    array of shape (N, K)
        Each row sums to one.

    Examples
    --------
    >>> from bayesgmm.posterior.prediction import membership
    >>> membership(fit.posterior_, [[2.0, 55.0]]).round(2)
    array([[1., 0.]])
    """
    moments = row_moments(posterior, posterior.rows_of(X))
    return np.exp(moments.log_joint - moments.log_density[:, None])


def log_predictive_density(posterior: Posterior, X: ArrayLike) -> Array:
    """Give log E f(x).

    Parameters
    ----------
    posterior : Posterior
    X : array or DataFrame of shape (N, D)

    Returns
    -------
    array of shape (N,)
        Natural logarithm of a density per unit of x to the power D.

    Examples
    --------
    >>> from bayesgmm.posterior.prediction import log_predictive_density
    >>> log_predictive_density(fit.posterior_, [[2.0, 55.0]]).shape
    (1,)
    """
    return row_moments(posterior, posterior.rows_of(X)).log_density


def describe_density(posterior: Posterior, X: ArrayLike, *, ci_prob: float | None = None) -> xr.Dataset:
    """Give the density at each row: its posterior mean and a credible band.

    Parameters
    ----------
    posterior : Posterior
    X : array or DataFrame of shape (N, D)
    ci_prob : float, optional
        Mass of the equal-tailed interval at each row. None: ArviZ's rcParams (0.89).

    Returns
    -------
    xarray.Dataset
        ``mean``, ``lower``, ``upper`` (obs): densities per unit of x to the power D.

    Examples
    --------
    >>> density = fit.posterior_.density([[2.0, 55.0], [4.3, 80.0]])
    >>> bool((density.lower < density["mean"]).all() and (density["mean"] < density.upper).all())
    True
    """
    bounds = interval_bounds(ci_prob)
    x = posterior.rows_of(X)
    mean = np.exp(row_moments(posterior, x).log_density)

    parameters = flat_parameters(posterior)

    def band(block: Array) -> Array:
        return np.quantile(np.exp(draw_log_densities(block, *parameters)), bounds, axis=0).T

    lower, upper = by_row_blocks(band, x, posterior.mixture.weights[..., 0].size).T
    variables = {"mean": (OBS, mean), "lower": (OBS, lower), "upper": (OBS, upper)}
    return xr.Dataset(variables, coords={OBS: row_names(X)}, attrs={"ci_prob": float(bounds[1] - bounds[0])})


def pointwise_log_likelihood(posterior: Posterior) -> xr.Dataset:
    """Give log f(x_n) of every draw and observed row, the labels summed out; without sample weights.

    Parameters
    ----------
    posterior : Posterior

    Returns
    -------
    xarray.Dataset
        ``x`` (chain, draw, obs).

    Examples
    --------
    >>> from bayesgmm.posterior.prediction import pointwise_log_likelihood
    >>> pointwise_log_likelihood(fit.posterior_)["x"].dims
    ('chain', 'draw', 'obs')
    """
    data = posterior.data
    values = draw_log_densities(data.rows, *flat_parameters(posterior))  # (C S, M)
    values = values if data.row_index is None else values[:, data.row_index]
    group, observed = posterior.group("posterior"), posterior.group("observed_data")
    coords = {CHAIN: group[CHAIN].values, DRAW: group[DRAW].values, OBS: observed[OBS].values}
    shaped = values.reshape(*posterior.mixture.batch_shape, -1)
    return xr.Dataset({"x": ((CHAIN, DRAW, OBS), shaped)}, coords=coords)


def row_moments(posterior: Posterior, x: Array) -> DrawMoments:
    """Take what the pass over the draws keeps of each row.

    Parameters
    ----------
    posterior : Posterior
    x : array of shape (N, D)

    Returns
    -------
    DrawMoments

    Examples
    --------
    >>> import numpy as np
    >>> from bayesgmm.posterior.prediction import row_moments
    >>> row_moments(fit.posterior_, np.array([[2.0, 55.0]])).mean.round(2)
    array([[1., 0.]])
    """
    return draw_moments(x, *flat_parameters(posterior))


def flat_parameters(posterior: Posterior) -> tuple[Array, Array, Array]:
    """Give log weights (C S, K), means (C S, K, D) and scale of all draws, as the compiled passes read them.

    Parameters
    ----------
    posterior : Posterior

    Returns
    -------
    tuple of three arrays

    Examples
    --------
    >>> from bayesgmm.posterior.prediction import flat_parameters
    >>> [array.shape[1:] for array in flat_parameters(fit.posterior_)]
    [(2,), (2, 2), (2, 2, 2)]
    """
    flat = posterior.mixture.flatten()
    return flat.log_weights, flat.means, posterior.family.scale(flat.scale_tril)


def by_row_blocks(function: Callable[[Array], Array], x: Array, n_per_row: int) -> Array:
    """Apply a function to blocks of rows so small that it holds few numbers at once; join what it returns.

    Parameters
    ----------
    function : callable
        Rows (B, D) to an array of shape (B, ...).
    x : array of shape (N, D)
    n_per_row : int
        How many numbers the function holds per row.

    Returns
    -------
    array of shape (N, ...)

    Examples
    --------
    >>> import numpy as np
    >>> from bayesgmm.posterior.prediction import by_row_blocks
    >>> by_row_blocks(lambda rows: rows[:, 0], np.array([[1.0], [2.0]]), 10)
    array([1., 2.])
    """
    size = max(1, BLOCK // n_per_row)
    return np.concatenate([function(block) for block in _blocks(x, size)])


def interval_bounds(ci_prob: float | None) -> tuple[float, float]:
    """Give the two probabilities that bound an equal-tailed interval.

    Parameters
    ----------
    ci_prob : float or None
        Its mass, in (0, 1). None: ArviZ's rcParams.

    Returns
    -------
    tuple of two floats

    Raises
    ------
    InvalidArgumentError
        If it does not lie strictly between 0 and 1.
    InvalidArgumentTypeError
        If it is no number.

    Examples
    --------
    >>> from bayesgmm.posterior.prediction import interval_bounds
    >>> interval_bounds(0.5)
    (0.25, 0.75)
    """
    mass = rcParams["stats.ci_prob"] if ci_prob is None else ci_prob
    is_number = isinstance(mass, Real) and not isinstance(mass, bool)
    if not is_number:
        raise InvalidArgumentTypeError("ci_prob", "be a number strictly between 0 and 1, or None", repr(mass))
    if not 0.0 < mass < 1.0:
        raise InvalidArgumentError("ci_prob", "lie strictly between 0 and 1", mass)
    return (1.0 - mass) / 2.0, (1.0 + mass) / 2.0


def row_names(X: ArrayLike) -> NDArray[np.generic]:
    """Give the names of rows: a DataFrame's index, else 0, 1, ...

    Parameters
    ----------
    X : array or DataFrame of shape (N, D)

    Returns
    -------
    array of shape (N,)

    Examples
    --------
    >>> import pandas as pd
    >>> from bayesgmm.posterior.prediction import row_names
    >>> row_names(pd.DataFrame({"x": [1.0, 2.0]}, index=["a", "b"])).tolist()
    ['a', 'b']
    """
    return as_data(X).obs_names


def _blocks(x: Array, size: int) -> Iterator[Array]:
    return (x[start : start + size] for start in range(0, len(x), size))
