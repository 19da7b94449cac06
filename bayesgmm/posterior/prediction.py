"""What a posterior says of rows, parameters averaged over the draws: density, membership, log-likelihood.

    f_s(x) = sum_k w_ks N(x | m_ks, L_ks L_ks'),   s = 1, ..., S
    predictive density  E f(x) = mean of f_s(x),   membership of a new row  E[w_k N_k(x)] / E f(x)

For a new row each draw counts by how well it predicts the row; the mean responsibility E r_k(x) counts all alike. They
agree near the data and differ far from it. Rows pass the draws in blocks, on all cores, so beside the answer itself
memory is bounded whatever N.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from numbers import Real

import numpy as np
import xarray as xr
from arviz_base import rcParams
from numpy.typing import ArrayLike, NDArray

from bayesgmm.data import Data
from bayesgmm.data.table import read_table
from bayesgmm.errors import InvalidArgumentError, InvalidArgumentTypeError
from bayesgmm.kernel.draws import DrawMoments, draw_log_densities, draw_moments
from bayesgmm.kernel.pieces import n_threads
from bayesgmm.kernel.quantiles import draw_spread
from bayesgmm.posterior.container import Posterior
from bayesgmm.schema import CHAIN, DRAW, OBS

__all__ = [
    "by_row_blocks",
    "check_draws",
    "describe_density",
    "flat_parameters",
    "interval_bounds",
    "log_predictive_density",
    "membership",
    "most_draws",
    "pointwise_log_likelihood",
    "row_moments",
    "row_names",
]

Array = NDArray[np.float64]

BLOCK = 2**22  # numbers held at once by all blocks of rows that are worked on: 32 MB
THREADS = min(8, n_threads())  # more would leave each of them blocks of a few rows
MOST_NUMBERS = 2**28  # in an answer with a number per draw and row: 2 GB, which ArviZ copies once or twice


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

    def shares(moments: DrawMoments) -> tuple[Array]:
        return (np.exp(moments.log_joint - moments.log_density[:, None]),)

    return _reduce_moments(posterior, posterior.rows_of(X), shares)[0]


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
    return _reduce_moments(posterior, posterior.rows_of(X), lambda moments: (moments.log_density,))[0]


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
    parameters = flat_parameters(posterior)

    def describe(block: Array) -> tuple[Array, ...]:
        mean = np.exp(draw_moments(block, *parameters).log_density)
        return mean, *draw_spread(np.exp(draw_log_densities(block, *parameters)), bounds)[1]

    mean, lower, upper = by_row_blocks(describe, posterior.rows_of(X), len(parameters[0]))
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

    Raises
    ------
    InvalidArgumentError
        If there are more draws than memory should hold; see `most_draws`.

    Examples
    --------
    >>> from bayesgmm.posterior.prediction import pointwise_log_likelihood
    >>> pointwise_log_likelihood(fit.posterior_)["x"].dims
    ('chain', 'draw', 'obs')
    """
    check_draws(posterior)
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
    return DrawMoments(*_reduce_moments(posterior, x, lambda moments: moments))


def check_draws(posterior: Posterior, n_per_row: int = 1) -> None:
    """Refuse an answer with numbers for every draw and row where it would fill the memory.

    Parameters
    ----------
    posterior : Posterior
    n_per_row : int
        Numbers per draw and row.

    Raises
    ------
    InvalidArgumentError
        If there are more draws than `most_draws` of the observed rows.

    Examples
    --------
    >>> from bayesgmm.posterior.prediction import check_draws
    >>> check_draws(fit.posterior_)
    """
    n_draws, n_rows = posterior.mixture.weights[..., 0].size, posterior.group("observed_data").sizes[OBS]
    most = most_draws(n_rows * n_per_row)
    if n_draws > most:
        constraint = f"have at most {most} draws for an answer with numbers for every draw and row"
        got = f"{n_draws} draws of {n_rows} rows, {8e-9 * n_draws * n_rows * n_per_row:.1f} GB"
        remedy = f"Keep every so many draws of each chain: `posterior.thin({-(-n_draws // most)})`."
        raise InvalidArgumentError("posterior", constraint, got, remedy)


def most_draws(n_per_draw: int) -> int:
    """Give the number of draws of which an answer may hold so many numbers each: 2 GB in all, and at least one draw.

    Parameters
    ----------
    n_per_draw : int

    Returns
    -------
    int

    Examples
    --------
    >>> from bayesgmm.posterior.prediction import most_draws
    >>> most_draws(1_000_000)
    268
    """
    return max(1, MOST_NUMBERS // n_per_draw)


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


def by_row_blocks(function: Callable[[Array], tuple[Array, ...]], x: Array, n_per_row: int) -> tuple[Array, ...]:
    """Apply a function to blocks of rows so small that few numbers are held at once, on all cores; join the parts.

    Parameters
    ----------
    function : callable
        Rows (B, D) to arrays of shape (B, ...). What it gives for a row must not depend on the other rows.
    x : array of shape (N, D)
    n_per_row : int
        How many numbers the function holds per row.

    Returns
    -------
    tuple of arrays of shape (N, ...)

    Examples
    --------
    >>> import numpy as np
    >>> from bayesgmm.posterior.prediction import by_row_blocks
    >>> by_row_blocks(lambda rows: (rows[:, 0], rows.sum(1)), np.array([[1.0, 5.0], [2.0, 6.0]]), 10)
    (array([1., 2.]), array([6., 8.]))
    """
    size = max(1, min(BLOCK // (n_per_row * THREADS), -(-len(x) // THREADS)))
    joined = tuple(np.empty((len(x), *part.shape[1:]), part.dtype) for part in function(x[:1]))

    def fill(start: int) -> None:
        for whole, part in zip(joined, function(x[start : start + size]), strict=True):
            whole[start : start + size] = part

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(fill, range(0, len(x), size)))  # a list, so that an error in a block is raised here
    return joined


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


def row_names(X: ArrayLike | Data) -> NDArray[np.generic]:
    """Give the names of rows: a DataFrame's index, else 0, 1, ...

    Parameters
    ----------
    X : array, DataFrame or Data of shape (N, D)

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
    return X.obs_names if isinstance(X, Data) else read_table(X).obs_names


def _reduce_moments(
    posterior: Posterior, x: Array, function: Callable[[DrawMoments], tuple[Array, ...]]
) -> tuple[Array, ...]:
    """Apply a function to the moments of blocks of rows, so that of all rows only what it returns is held."""
    parameters = flat_parameters(posterior)
    n_held = 8 * posterior.n_components  # sums and means of three arrays (B, K), and a few of (B,)
    return by_row_blocks(lambda block: function(draw_moments(block, *parameters)), x, n_held)
