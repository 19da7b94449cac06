"""Membership of rows with its uncertainty: moments and quantiles of responsibilities over the draws.

    r_nks = w_ks N(x_n | m_ks, L_ks L_ks') / f_s(x_n),   H(r) = -sum_k r_k log r_k

    H(E r_n)  =  E H(r_n)  +  {H(E r_n) - E H(r_n)}
    entropy      overlap      parameter uncertainty

The entropy of the averaged membership splits into what would be left if the parameters were known, because components
overlap, and what not knowing them adds: the mutual information of label and parameters (Depeweg et al. 2018,
https://proceedings.mlr.press/v80/depeweg18a.html). All in nats; log K is the highest.
"""

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray
from scipy.special import entr

from bayesgmm.kernel.draws import draw_moments, draw_shares
from bayesgmm.kernel.quantiles import draw_spread
from bayesgmm.posterior.container import Posterior
from bayesgmm.posterior.prediction import by_row_blocks, flat_parameters, interval_bounds, row_names
from bayesgmm.schema import COMPONENT, OBS

__all__ = ["describe_responsibilities"]

Array = NDArray[np.float64]


def describe_responsibilities(
    posterior: Posterior, X: ArrayLike | None = None, *, ci_prob: float | None = None
) -> xr.Dataset:
    """Give memberships with their uncertainty.

    Parameters
    ----------
    posterior : Posterior
    X : array or DataFrame of shape (N, D), optional
        None: the observed rows.
    ci_prob : float, optional
        Mass of the equal-tailed intervals. None: ArviZ's rcParams (0.89).

    Returns
    -------
    xarray.Dataset
        ``mean``, ``sd``, ``lower``, ``upper`` (obs, component): probabilities; ``entropy``, ``overlap`` and
        ``parameter_uncertainty`` (obs): nats, entropy = overlap + parameter_uncertainty.

    Raises
    ------
    InvalidArgumentError
        If `X` has other features, or `ci_prob` does not lie in (0, 1).

    References
    ----------
    .. [1] Depeweg, S., Hernandez-Lobato, J. M., Doshi-Velez, F. and Udluft, S. (2018). Decomposition of uncertainty
       in Bayesian deep learning. ICML. https://proceedings.mlr.press/v80/depeweg18a.html

    Examples
    --------
    >>> shares = fit.posterior_.responsibilities()
    >>> shares["mean"].dims, float(shares["mean"].sum("component").max().round(6))
    (('obs', 'component'), 1.0)
    """
    bounds = interval_bounds(ci_prob)
    if X is None:
        names, index = posterior.group("observed_data")[OBS].values, posterior.data.row_index
        variables = _describe(posterior, posterior.data.rows, bounds)
        variables = variables if index is None else {name: value[index] for name, value in variables.items()}
    else:
        names, variables = row_names(X), _describe(posterior, posterior.rows_of(X), bounds)
    dims = {name: (OBS, COMPONENT)[: value.ndim] for name, value in variables.items()}
    return xr.Dataset(
        {name: (dims[name], value) for name, value in variables.items()},
        coords={OBS: names, COMPONENT: list(posterior.component_names)},
        attrs={"ci_prob": float(bounds[1] - bounds[0])},
    )


def _describe(posterior: Posterior, x: Array, bounds: tuple[float, float]) -> dict[str, Array]:
    parameters = flat_parameters(posterior)

    def describe(block: Array) -> tuple[Array, ...]:
        moments, shares = draw_moments(block, *parameters), draw_shares(block, *parameters)  # shares (S, B, K)
        uncertainty = np.maximum(entr(moments.mean).sum(1) - moments.overlap, 0.0)
        entropy = moments.overlap + uncertainty
        sd, (lower, upper) = draw_spread(shares, bounds)
        return moments.mean, sd, lower, upper, entropy, moments.overlap, uncertainty

    names = "mean", "sd", "lower", "upper", "entropy", "overlap", "parameter_uncertainty"
    return dict(zip(names, by_row_blocks(describe, x, parameters[0].size), strict=True))
