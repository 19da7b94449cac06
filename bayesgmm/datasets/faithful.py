"""Old Faithful: 272 eruptions of the geyser in Yellowstone National Park, Wyoming.

Two features, both in minutes: the eruption's duration and the waiting time to the next eruption. Two kinds of
eruptions, short and long, make it the plainest real example of a mixture. Values repeat: waiting times were read to the
minute.
"""

from importlib.resources import files

import pandas as pd

__all__ = ["load_faithful"]


def load_faithful() -> pd.DataFrame:
    """Load the Old Faithful data.

    Returns
    -------
    pandas.DataFrame of shape (272, 2)
        ``eruptions``, the duration of an eruption, and ``waiting``, the time to the next one, both in minutes.

    References
    ----------
    .. [1] Härdle, W. (1991). Smoothing Techniques: With Implementation in S. Springer.
       ISBN 978-0-387-97367-8
    .. [2] Azzalini, A. and Bowman, A. W. (1990). A look at some data on the Old Faithful geyser.
       Applied Statistics 39, 357-365. doi:10.2307/2347385

    Examples
    --------
    >>> import bayesgmm as bg
    >>> bg.load_faithful().describe().loc[["count", "mean", "std"]].round(2)
           eruptions  waiting
    count     272.00   272.00
    mean        3.49    70.90
    std         1.14    13.59
    """
    with files("bayesgmm.datasets").joinpath("faithful.csv").open("rb") as stream:
        return pd.read_csv(stream)
