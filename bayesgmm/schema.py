"""The names: every dimension, variable and group of a result, said once; and the bound by which k-hat is read.

Nothing here computes anything but names. The letters used in docstrings all over the package:

N  rows (observations)            D  features
K  components                     P  pairs of features, D (D - 1) / 2
S  posterior draws                C  chains
"""

from collections.abc import Sequence

__all__ = [
    "CHAIN",
    "COMPONENT",
    "DRAW",
    "FEATURE",
    "FEATURE_BIS",
    "HIGHEST_PARETO_K",
    "ITERATION",
    "OBS",
    "PAIR",
    "SAMPLE_DIMS",
    "pair_names",
]

CHAIN = "chain"
DRAW = "draw"
SAMPLE_DIMS = (CHAIN, DRAW)
COMPONENT = "component"
FEATURE = "feature"
FEATURE_BIS = "feature_bis"
PAIR = "pair"
OBS = "obs"
ITERATION = "iteration"  # of a search, such as that for the highest ELBO

HIGHEST_PARETO_K = 0.7  # of an approximation that weights can repair; above it they need more draws than anyone has


def pair_names(feature_names: Sequence[str]) -> list[str]:
    """Name the P = D (D - 1) / 2 pairs of features, row by row of the lower triangle.

    Parameters
    ----------
    feature_names : sequence of str
        The D feature names in column order.

    Returns
    -------
    list of str
        ``"b:a"`` for every ``a`` that stands before ``b``.

    Examples
    --------
    >>> from bayesgmm.schema import pair_names
    >>> pair_names(["a", "b", "c"])
    ['b:a', 'c:a', 'c:b']
    """
    return [f"{b}:{a}" for i, b in enumerate(feature_names) for a in feature_names[:i]]
