"""A grid over the plane of two features: the mixture there, the points, and how their answers are laid out."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bayesgmm.errors import InvalidArgumentError
from bayesgmm.mixture import Mixture
from bayesgmm.mixture.parameters import as_finite

__all__ = ["FIELD", "as_line", "lay_grid"]

Array = NDArray[np.float64]

FIELD = ("y", "x")  # rows of a picture first, as images and contours take them


def lay_grid(
    mixture: Mixture, features: Sequence[int], x: ArrayLike, y: ArrayLike
) -> tuple[Mixture, Array, dict[str, Array]]:
    """Integrate all but two features out, and give the points of a grid over these.

    Parameters
    ----------
    mixture : Mixture
        With any batch axes.
    features : two int
        Positions of the features.
    x, y : arrays of shape (F,) and (G,)
        Values of the first and the second of them, in their units.

    Returns
    -------
    plane : Mixture
        Of the two features.
    points : array of shape (G F, 2)
        The grid row by row, so that F answers after F answers make a field (G, F).
    coords : dict of str to array
        The values by the names of `FIELD`.

    Raises
    ------
    InvalidArgumentError
        If `features` are not two positions, or `x` or `y` hold none or what is not finite.

    Examples
    --------
    >>> from bayesgmm.mixture import Mixture
    >>> from bayesgmm.posterior.grid import lay_grid
    >>> mixture = Mixture.from_sds([1.0], [[0.0, 5.0, 9.0]], [[1.0, 2.0, 3.0]])
    >>> plane, points, _ = lay_grid(mixture, (2, 0), [8.0, 9.0], [0.0, 1.0])
    >>> plane.means[0], points
    (array([9., 0.]), array([[8., 0.],
           [9., 0.],
           [8., 1.],
           [9., 1.]]))
    """
    plane = mixture.marginal(features)
    if plane.n_features != 2:
        raise InvalidArgumentError("features", "name two features", features)
    across, upwards = as_line("x", x), as_line("y", y)
    points = np.stack(np.meshgrid(across, upwards), axis=-1).reshape(-1, 2)
    return plane, points, {"x": across, "y": upwards}


def as_line(name: str, values: ArrayLike) -> Array:
    """Read the values of one feature at which something is asked for.

    Parameters
    ----------
    name : str
        The argument, as an error should call it.
    values : array-like of V numbers

    Returns
    -------
    array of shape (V,)

    Raises
    ------
    InvalidArgumentError
        If there are none, or one is not a finite number.

    Examples
    --------
    >>> from bayesgmm.posterior.grid import as_line
    >>> as_line("values", 3)
    array([3.])
    """
    line = as_finite(name, values).ravel()
    if not line.size:
        raise InvalidArgumentError(name, "hold at least one value", "none")
    return line
