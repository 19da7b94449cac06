"""The density of one feature with its credible band: the numbers behind a curve.

The other features are integrated out of every draw, f_s(v) = sum_k w_ks N(v | m_ksj, sigma_ksj^2), exactly; mean and
quantiles over the draws are then taken at each value.
"""

from collections.abc import Sequence

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from bayesgmm.errors import InvalidArgumentError
from bayesgmm.kernel.draws import draw_log_densities, draw_moments
from bayesgmm.kernel.quantiles import draw_spread
from bayesgmm.mixture import Mixture
from bayesgmm.posterior.prediction import by_row_blocks, interval_bounds
from bayesgmm.schema import COMPONENT

__all__ = ["marginal_density"]

Array = NDArray[np.float64]

VALUE = "value"


def marginal_density(
    mixture: Mixture, feature: int | Sequence[int], values: ArrayLike, *, ci_prob: float | None = None
) -> xr.Dataset:
    """Give the marginal density of one feature and of its components, with a pointwise credible band.

    K components, V values.

    Parameters
    ----------
    mixture : Mixture
        A batch of mixtures, labels settled: a posterior's ``mixture``.
    feature : int, or a sequence of one
        Position of the feature.
    values : array of shape (V,)
        Where, in the units of the feature.
    ci_prob : float or None
        Mass of the equal-tailed interval at each value, in (0, 1). None takes ArviZ's ``rcParams["stats.ci_prob"]``.

    Returns
    -------
    xarray.Dataset
        ``mean``, ``lower``, ``upper`` (value): E f(v) and the band, per unit of the feature; ``components``
        (component, value): E[w_k N_k(v)], which add up to ``mean``.

    Raises
    ------
    InvalidArgumentError
        If `mixture` has no batch axis, `feature` is no position, or `ci_prob` leaves (0, 1).

    Examples
    --------
    >>> import numpy as np
    >>> from bayesgmm.mixture import Mixture
    >>> from bayesgmm.posterior.marginals import marginal_density
    >>> sds = np.array([0.5, 1.0, 2.0])[:, None, None] * [1, 1]
    >>> draws = Mixture.from_sds(np.ones((3, 1)), np.zeros((3, 1, 2)), sds)
    >>> marginal_density(draws, 0, [0.0])["mean"].to_numpy().round(3)  # (0.798 + 0.399 + 0.199) / 3
    array([0.465])
    """
    if not mixture.batch_shape:
        raise InvalidArgumentError("mixture", "have at least one batch axis, the draws", mixture)
    flat = mixture.marginal(feature).flatten()
    if flat.n_features != 1:
        raise InvalidArgumentError("feature", "be one position", feature)
    parameters = flat.log_weights, flat.means, flat.scale_tril[..., 0]
    x = np.asarray(values, dtype=np.float64).reshape(-1, 1)
    bounds = interval_bounds(ci_prob)

    def band(block: Array) -> tuple[Array, ...]:
        return tuple(draw_spread(np.exp(draw_log_densities(block, *parameters)), bounds)[1])

    lower, upper = by_row_blocks(band, x, flat.batch_shape[0])
    moments = draw_moments(x, *parameters)
    return xr.Dataset(
        {
            "mean": (VALUE, np.exp(moments.log_density)),
            "lower": (VALUE, lower),
            "upper": (VALUE, upper),
            "components": ((COMPONENT, VALUE), np.exp(moments.log_joint).T),
        },
        coords={VALUE: x[:, 0]},
        attrs={"ci_prob": float(bounds[1] - bounds[0])},
    )
