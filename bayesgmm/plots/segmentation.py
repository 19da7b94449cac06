"""A picture, the picture in its components' mean colours, and how unsure each pixel is.

The numbers are `segment_image`; here they are only drawn.
"""

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from bayesgmm.plots import style
from bayesgmm.plots.uncertainty import highest_entropy, uncertainty_colors
from bayesgmm.posterior.segmentation import segment_image, white_of

__all__ = ["plot_segmentation"]

Image = NDArray[Any]

WIDTH = 3.2  # inches of a panel
TALLEST = 1.5  # of a panel, in its widths; a taller picture is narrower
NARROWEST = 0.45  # of that, so that titles keep apart
BAR_WIDTH, TITLE_HEIGHT = 0.7, 0.4  # inches
BAR: style.Look = {"location": "right", "fraction": 0.05, "aspect": 30, "pad": 0.01}


def plot_segmentation(fit: Any, image: ArrayLike) -> Figure:
    """Draw a picture beside its segmentation and a map of how unsure each pixel is.

    Parameters
    ----------
    fit : fitted estimator, Posterior, EMFit or Mixture
        Of one feature for a grey picture and of three for a coloured one, fitted to pixels:
        ``image.reshape(-1, 3)``.
    image : array of shape (H, W), (H, W, 1) or (H, W, 3)
        As `segment_image` takes it.

    Returns
    -------
    Figure
        Three panels: the picture, each pixel in its component's mean colour, and the entropy of its membership in nats.

    Raises
    ------
    InvalidArgumentError
        If the picture has another shape, or other channels than the fit has features.
    InvalidArgumentTypeError
        If the picture holds no numbers, or `fit` is of another kind.

    Examples
    --------
    >>> import numpy as np
    >>> import bayesgmm as bg
    >>> image = np.random.default_rng(1).normal([[40.0, 200.0]] * 50, 10.0).astype(np.uint8)  # (50, 2)
    >>> em = bg.GaussianMixture(2, random_state=1).fit(image.reshape(-1, 1))
    >>> len(bg.plot_segmentation(em, image).axes)  # the last is the colour bar
    4
    """
    parts, shown = segment_image(fit, image), np.asarray(image)
    height, width = parts.labels.shape
    titles = ("picture", _count(len(parts.mean_colors)), "entropy (nats)")
    with style.plot_style():
        panel = WIDTH * np.clip(TALLEST * width / height, NARROWEST, 1.0)
        size = (3 * panel + BAR_WIDTH, panel * height / width + TITLE_HEIGHT)
        figure, panels = plt.subplots(1, 3, figsize=size, layout="compressed")
        _draw_picture(panels[0], shown, white_of(shown))
        _draw_picture(panels[1], parts.colors, white_of(shown))
        look = {"cmap": uncertainty_colors(panels[2]), "vmin": 0.0, "vmax": highest_entropy(parts.entropy)}
        unsure = panels[2].imshow(parts.entropy, interpolation="none", label="_unsure", **look)
        figure.colorbar(unsure, ax=panels, **BAR).outline.set_visible(False)
        for ax, title in zip(panels, titles, strict=True):
            ax.set(title=title, xticks=[], yticks=[])
            ax.spines[:].set_visible(False)
    return figure


def _draw_picture(ax: Axes, picture: Image, white: float) -> None:
    """Draw grey or coloured pixels as they are."""
    flat = picture[..., 0] if picture.shape[2:] == (1,) else picture
    look: style.Look = {"cmap": "gray", "vmin": 0.0, "vmax": 1.0, "interpolation": "none", "label": "_picture"}
    ax.imshow(np.clip(flat / white, 0.0, 1.0), **look)


def _count(n_components: int) -> str:
    return "1 component" if n_components == 1 else f"{n_components} components"
