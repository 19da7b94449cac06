r"""Equal rows: where a correlation of one wins without bound, however the sds are bounded below.

n equal rows leave of a component with sds S and correlations R, its mean integrated out,

    integral prod_n N(c | m, S R S) dm  ~  |R|^(-(n - 1) / 2),

times the prior |R|^(eta - 1) of LKJ(eta) (Lewandowski, Kurowicka and Joe 2009, doi:10.1016/j.jmva.2009.04.008): what is
left is LKJ(eta - (n - 1) / 2), a distribution only for n < 1 + 2 eta. From there on the posterior of a mixture has no
integral, as its other components take care of the other rows.

Rounding makes such rows among many others, in every photograph; there chains that start at EM stay with the component
that holds the others too. Equal rows are worth a word where they alone could be a component.
"""

import warnings

from bayesgmm.covariance import CovarianceFamily
from bayesgmm.data import Data
from bayesgmm.data.repeats import heaviest_row
from bayesgmm.errors import PriorWarning

__all__ = ["warn_of_equal_rows"]

LEAST_SHARE = 0.2  # of the rows that each component would have if all had as many


def warn_of_equal_rows(data: Data, n_components: int, family: CovarianceFamily, lkj_eta: float) -> None:
    """Warn where equal rows leave the posterior a spike at a correlation of one.

    Parameters
    ----------
    data : Data
    n_components : int
        K.
    family : CovarianceFamily
        Only components with correlations of their own have such a spike.
    lkj_eta : float
        Parameter of the correlations' prior.

    Warns
    -----
    PriorWarning
        If 1 + 2 `lkj_eta` rows or more are equal, and at least a fifth of N / K.

    Examples
    --------
    >>> import numpy as np
    >>> from bayesgmm.covariance import Diagonal
    >>> from bayesgmm.data import as_data
    >>> from bayesgmm.model.ties import warn_of_equal_rows
    >>> warn_of_equal_rows(as_data(np.tile([[0.0, 1.0], [2.0, 0.0]], (20, 1))), 2, Diagonal(), 2.0)
    """
    has_spike = n_components > 1 and family.has_correlations(data.n_features) and not family.is_shared
    if not has_spike or not data.resolution.all():  # where rows repeat, the values of every column do
        return
    count, fewest = heaviest_row(data.rows, data.row_weights), 1.0 + 2.0 * lkj_eta
    if count < max(fewest, LEAST_SHARE * data.total_weight / n_components):
        return
    sentence = f"`lkj_eta` leaves a spike in the posterior: {count:g} rows are equal, and a correlation of a component"
    sentence += f" on nothing but such rows runs to one where they are 1 + 2 lkj_eta = {fewest:g} or more."
    remedy = f"Set those rows apart, or raise `lkj_eta` above {(count - 1.0) / 2.0:g}, "
    remedy += "or take covariance_type 'tied', 'diag' or 'spherical'."
    warnings.warn(f"{sentence} {remedy}", PriorWarning, stacklevel=3)
