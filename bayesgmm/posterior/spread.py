"""How the memberships of rows spread over the draws: the line along which each row's vary most.

With r_ns the K responsibilities of row n under draw s, u_n the first principal axis of r_n over the draws (Pearson
1901, doi:10.1080/14786440109462720) and t_ns = u_n' (r_ns - E r_n), the line runs from E r_n + q_lower u_n to
E r_n + q_upper u_n, the q's being quantiles of t_n. Responsibilities add up to one, so that u_n adds up to zero and
the line stays in the simplex's plane; where an end would leave the simplex, the line ends on its face.
"""

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from bayesgmm.errors import InvalidArgumentError
from bayesgmm.kernel.draws import draw_shares
from bayesgmm.kernel.quantiles import draw_spread
from bayesgmm.mixture import Mixture
from bayesgmm.posterior.prediction import by_row_blocks, interval_bounds
from bayesgmm.posterior.thinning import N_DRAWS, spaced_parameters
from bayesgmm.schema import COMPONENT, OBS

__all__ = ["membership_lines"]

Array = NDArray[np.float64]


def membership_lines(mixture: Mixture, x: Array, *, ci_prob: float | None = None, n_draws: int = N_DRAWS) -> xr.Dataset:
    """Give the line along which each row's responsibilities vary most over the draws.

    N rows, K components.

    Parameters
    ----------
    mixture : Mixture
        A batch of mixtures, labels settled: a posterior's ``mixture``.
    x : array of shape (N, D)
        Rows in the units of the fitted data.
    ci_prob : float or None
        Mass of the draws between the ends, in (0, 1), equal tails. None takes ArviZ's ``rcParams["stats.ci_prob"]``.
    n_draws : int
        How many draws, evenly spaced, are taken; 500 by default.

    Returns
    -------
    xarray.Dataset
        ``mean``, ``lower``, ``upper`` (obs, component): E r_n and the line's two ends; each adds up to one.

    Raises
    ------
    InvalidArgumentError
        If `mixture` has no batch axis, or `ci_prob` leaves (0, 1).

    Examples
    --------
    >>> import numpy as np
    >>> from bayesgmm.posterior.spread import membership_lines
    >>> lines = membership_lines(fit.posterior_.mixture, np.array([[3.0, 65.0]]))
    >>> lines["upper"].sum("component").to_numpy().round(6)
    array([1.])
    """
    if not mixture.batch_shape:
        raise InvalidArgumentError("mixture", "have at least one batch axis, the draws", mixture)
    bounds = interval_bounds(ci_prob)
    parameters = spaced_parameters(mixture, n_draws)

    def describe(block: Array) -> tuple[Array, ...]:
        shares = draw_shares(block, *parameters)  # (S, B, K)
        mean = shares.mean(0)
        deviations = shares - mean
        axis = np.linalg.eigh(np.einsum("sbk,sbl->bkl", deviations, deviations))[1][..., -1]  # (B, K)
        lower, upper = draw_spread(np.einsum("sbk,bk->sb", deviations, axis), bounds)[1]
        return mean, _end(mean, axis * lower[:, None]), _end(mean, axis * upper[:, None])

    parts = by_row_blocks(describe, x, 3 * parameters[0].size)
    names = zip(("mean", "lower", "upper"), parts, strict=True)
    attrs = {"ci_prob": float(bounds[1] - bounds[0]), "n_draws": len(parameters[0])}
    return xr.Dataset({name: ((OBS, COMPONENT), part) for name, part in names}, attrs=attrs)


def _end(mean: Array, step: Array) -> Array:
    """Go a step from the mean, or as far of it as the simplex reaches."""
    with np.errstate(divide="ignore", invalid="ignore"):
        reach = np.where(step < 0, mean / -step, np.inf).min(1, keepdims=True)
    return np.maximum(mean + np.minimum(reach, 1.0) * step, 0.0)
