"""Pictures cut into components: each pixel its component's mean colour, and how unsure it is.

Pixels are rows, channels features. Pixel n gets the label argmax_k E[w_k N_k(x_n)], which is what `Posterior.predict`
says, the colour E m_k of that component, and the entropy of its membership with its two parts (see `responsibilities`).
These are averages per component. Where a posterior's components cannot be told apart they mean nothing: averaged
memberships are near 1 / K and averaged colours near the picture's mean. EM's components then cut the picture alone.
Colours that repeat are collapsed first (`data.repeats`): a grey picture of eight bits has 256 of them at most.
"""

import warnings
from dataclasses import dataclass
from functools import singledispatch
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import entr

from bayesgmm.data.repeats import collapse_rows
from bayesgmm.em.fit import EMFit
from bayesgmm.errors import InvalidArgumentError, InvalidArgumentTypeError, LabelWarning
from bayesgmm.kernel.draws import draw_moments
from bayesgmm.mixture import Mixture
from bayesgmm.posterior.container import Posterior, as_result
from bayesgmm.posterior.prediction import by_row_blocks
from bayesgmm.posterior.thinning import N_DRAWS, spaced_parameters

__all__ = ["Segmentation", "segment_image", "white_of"]

Array = NDArray[np.float64]
Image = NDArray[Any]

CHANNELS = (1, 3)
WHITES = (1.0, 255.0, 65535.0)  # of floats, of 8 bits, of 16


@dataclass(frozen=True, eq=False)
class Segmentation:
    """A picture cut into K components; H by W pixels.

    Attributes
    ----------
    labels : integer array of shape (H, W)
        The most probable component of each pixel.
    colors : array of shape (H, W), (H, W, 1) or (H, W, 3)
        Each pixel in its component's mean colour; shape and dtype of the picture, within its range.
    mean_colors : array of shape (K, 1) or (K, 3)
        The components' mean colours, as the picture writes its own.
    entropy, overlap, parameter_uncertainty : arrays of shape (H, W)
        How unsure each pixel's membership is, in nats: entropy = overlap + parameter_uncertainty; the last is zero
        without a posterior, and where its components cannot be told apart.

    Examples
    --------
    >>> import numpy as np
    >>> import bayesgmm as bg
    >>> black_and_white = bg.Mixture.from_sds([0.5, 0.5], [[10.0], [240.0]], [[20.0], [20.0]])
    >>> parts = bg.segment_image(black_and_white, np.array([[0, 30], [250, 122]], dtype=np.uint8))
    >>> parts.labels
    array([[0, 0],
           [1, 0]])
    >>> parts.entropy.round(2)
    array([[0.  , 0.  ],
           [0.  , 0.42]])
    """

    labels: NDArray[np.intp]
    colors: Image
    mean_colors: Image
    entropy: Array
    overlap: Array
    parameter_uncertainty: Array

    def __post_init__(self) -> None:
        for array in vars(self).values():
            array.flags.writeable = False


def segment_image(fit: Any, image: ArrayLike, *, n_draws: int = N_DRAWS) -> Segmentation:
    """Give each pixel of a picture its component, that component's mean colour, and how unsure it is.

    H by W pixels, K components.

    Parameters
    ----------
    fit : fitted estimator, Posterior, EMFit or Mixture
        Of one feature for a grey picture and of three for a coloured one, fitted to the pixels of this picture or
        another: ``image.reshape(-1, 3)``. Of a posterior whose components cannot be told apart its EM solution is
        taken, with a warning.
    image : array of shape (H, W), (H, W, 1) or (H, W, 3)
        Whole numbers or floats; see `white_of` for what is taken as white.
    n_draws : int
        How many draws of a posterior, evenly spaced, are taken; 500 by default: a picture has so many pixels that more
        draws change the labels of those alone which are even between two components.

    Returns
    -------
    Segmentation

    Raises
    ------
    InvalidArgumentError
        If the picture has another shape, other channels than the fit has features, no pixels, values that are not
        finite, or another scale than the fit: a mean colour is more than twice what is white in the picture, or the
        picture's mean is more than twice what is white among the mean colours.
    InvalidArgumentTypeError
        If it holds no numbers, or `fit` is of another kind.

    Warns
    -----
    LabelWarning
        If the components of a posterior cannot be told apart.

    Examples
    --------
    >>> import numpy as np
    >>> import bayesgmm as bg
    >>> image = np.random.default_rng(1).normal([[[40.0] * 3, [200.0] * 3]] * 50, 10.0).astype(np.uint8)  # (50, 2, 3)
    >>> em = bg.GaussianMixture(2, random_state=1).fit(image.reshape(-1, 3))
    >>> bg.segment_image(em, image).colors[0, :, 0]
    array([ 39, 202], dtype=uint8)
    """
    mixture, warning = _read_mixture(as_result(fit))
    pixels, shown = _read_image(image, mixture.n_features)
    means = mixture.flatten().means.mean(0)
    _check_scale(means, pixels, shown.dtype)
    if warning:
        warnings.warn(warning, LabelWarning, stacklevel=2)
    distinct, place = collapse_rows(pixels)
    described = _describe(mixture, distinct, n_draws)
    labels, *fields = (part if place is None else part[place] for part in described)
    palette, shape = _as_colors(means, shown), shown.shape[:2]
    painted = palette[labels].reshape(shown.shape)
    return Segmentation(labels.reshape(shape), painted, palette, *(field.reshape(shape) for field in fields))


def white_of(image: Image) -> float:
    """Give the number that is white in a picture: the least of 1 (floats only), 255 and 65535 that nothing exceeds.

    Parameters
    ----------
    image : array

    Returns
    -------
    float
        The picture's own maximum where that is larger; at most what its dtype holds.

    Examples
    --------
    >>> import numpy as np
    >>> from bayesgmm.posterior.segmentation import white_of
    >>> white_of(np.array([[0.2, 0.9]])), white_of(np.array([[0, 1]], dtype=np.uint8))
    (1.0, 255.0)
    """
    return _white(float(image.max()), image.dtype)


def _white(lightest: float, dtype: np.dtype[Any]) -> float:
    is_float = dtype.kind == "f"
    white = next((white for white in WHITES[not is_float :] if lightest <= white), lightest)
    return white if is_float else min(white, float(np.iinfo(dtype).max))


@singledispatch
def _read_mixture(value: Any) -> tuple[Mixture, str]:
    """Give the mixture that cuts the picture, and the warning that goes with it or an empty text."""
    raise InvalidArgumentTypeError("fit", "have a mixture", type(value).__name__)


@_read_mixture.register
def _(value: Posterior) -> tuple[Mixture, str]:
    if value.is_identified:
        return value.mixture, ""
    return value.em, f"{value.attrs['label_verdict']} The picture is cut by EM's components, without the posterior."


@_read_mixture.register
def _(value: EMFit) -> tuple[Mixture, str]:
    return value.mixture, ""


@_read_mixture.register
def _(value: Mixture) -> tuple[Mixture, str]:
    return value, ""


def _read_image(image: ArrayLike, n_features: int) -> tuple[Array, Image]:
    """Give the pixels as rows (H W, D), and the picture as an array."""
    shown = np.asarray(image)
    if shown.dtype.kind not in "uif":
        remedy = "Read a file as numbers: `numpy.asarray(PIL.Image.open(path))`."
        raise InvalidArgumentTypeError("image", "hold whole numbers or floats", f"dtype {shown.dtype}", remedy)
    channels = {2: 1, 3: shown.shape[-1]}.get(shown.ndim)
    if channels not in CHANNELS:
        remedy = "Leave the alpha channel out: `image[..., :3]`." if channels == 4 else ""
        raise InvalidArgumentError("image", "have shape (H, W), (H, W, 1) or (H, W, 3)", f"shape {shown.shape}", remedy)
    if channels != n_features:
        constraint = f"have as many channels as the fit has features, {n_features}"
        remedy = f"Fit the picture's own pixels: `image.reshape(-1, {channels})`."
        raise InvalidArgumentError("image", constraint, f"{channels} in shape {shown.shape}", remedy)
    if not shown.size:
        raise InvalidArgumentError("image", "have pixels", f"shape {shown.shape}")
    if not np.isfinite(shown).all():
        raise InvalidArgumentError("image", "hold finite numbers", "NaN or infinity")
    return shown.reshape(-1, channels).astype(np.float64), shown


def _check_scale(means: Array, pixels: Array, dtype: np.dtype[Any]) -> None:
    """Refuse a fit to colours from 0 to 1 for a picture from 0 to 255, and the other way round.

    A component's mean lies among the pixels, and the mean of all pixels among the components' means, so that a fit to
    the picture itself is never refused.
    """
    brightest, lightest = float(np.abs(means).max()), float(np.abs(pixels).max())
    average = float(np.abs(pixels.mean(0)).max())
    if brightest > 2 * _white(lightest, dtype) or average > 2 * _white(brightest, means.dtype):
        constraint = f"have the scale of the rows that were fitted, whose mean colours go up to {brightest:.3g}"
        remedy = "Give the picture as it was fitted, divided by 255 or not."
        raise InvalidArgumentError("image", constraint, f"values up to {lightest:.3g}", remedy)


def _describe(mixture: Mixture, colors: Array, n_draws: int) -> tuple[NDArray[Any], ...]:
    """Give label, entropy, overlap and parameter uncertainty of each colour."""
    parameters = spaced_parameters(mixture, n_draws)

    def describe(block: Array) -> tuple[NDArray[Any], ...]:
        moments = draw_moments(block, *parameters)
        entropy = np.maximum(entr(moments.mean).sum(1), moments.overlap)
        return moments.log_joint.argmax(1), entropy, moments.overlap, entropy - moments.overlap

    return by_row_blocks(describe, colors, 8 * mixture.n_components)


def _as_colors(means: Array, shown: Image) -> Image:
    """Write mean colours (K, D) as the picture writes its own: rounded where it has whole numbers, within its range."""
    within = np.clip(means, min(0.0, float(shown.min())), white_of(shown))
    return (within if shown.dtype.kind == "f" else np.rint(within)).astype(shown.dtype)
