"""A picture and its segmentation, by what is drawn: the three panels and the scale."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

import bayesgmm as bg
from bayesgmm.errors import InvalidArgumentError
from bayesgmm.plots.segmentation import plot_segmentation
from bayesgmm.posterior.segmentation import segment_image

GREY = bg.Mixture.from_sds([0.5, 0.5], [[40.0], [200.0]], [[30.0], [30.0]])
COLORED = bg.Mixture.from_sds([0.5, 0.5], [[40.0] * 3, [200.0] * 3], np.full((2, 3), 30.0))


def shown(figure):
    """The picture of each panel, as an array."""
    return [np.asarray(ax.images[0].get_array()) for ax in figure.axes[:3]]


@pytest.mark.parametrize(("fit", "shape"), [(GREY, (20, 30)), (GREY, (20, 30, 1)), (COLORED, (20, 30, 3))])
def test_panels_are_picture_colours_and_entropy(fit, shape, rng):
    image = rng.integers(256, size=shape, dtype=np.uint8)
    parts = segment_image(fit, image)
    figure = plot_segmentation(fit, image)
    picture, colors, entropy = shown(figure)
    np.testing.assert_allclose(picture, image.reshape(picture.shape) / 255)
    np.testing.assert_allclose(colors, parts.colors.reshape(colors.shape) / 255)
    np.testing.assert_allclose(entropy, parts.entropy)
    titles = [ax.get_title() for ax in figure.axes[:3]]
    assert titles == ["picture", "2 components", "entropy (nats)"]


def test_scale_goes_from_sure_to_even_between_two(rng):
    figure = plot_segmentation(GREY, rng.integers(256, size=(20, 30), dtype=np.uint8))
    assert figure.axes[2].images[0].get_clim() == (0.0, np.log(2))


def test_floats_to_one_are_drawn_as_they_are(rng):
    image = rng.random((8, 8))
    dim = bg.Mixture.from_sds([1.0], [[0.25]], [[0.3]])
    picture, colors, _ = shown(figure := plot_segmentation(dim, image))
    np.testing.assert_allclose(picture, image)
    np.testing.assert_allclose(colors, 0.25)
    assert figure.axes[1].get_title() == "1 component"


@pytest.mark.parametrize("shape", [(300, 40), (40, 300)])
def test_panels_of_long_pictures_stand_level(shape):
    figure = plot_segmentation(GREY, np.arange(12000, dtype=np.uint16).reshape(shape) % 256)
    figure.canvas.draw()
    boxes = [ax.get_position() for ax in figure.axes[:3]]
    np.testing.assert_allclose([box.y0 for box in boxes], boxes[0].y0, atol=1e-6)
    np.testing.assert_allclose([box.width for box in boxes], boxes[0].width, atol=1e-6)
    assert figure.get_figheight() < 12


def test_errors_come_from_the_segmentation_and_leave_no_figure():
    with pytest.raises(InvalidArgumentError, match="Leave the alpha channel out"):
        plot_segmentation(COLORED, np.zeros((4, 4, 4), np.uint8))
    assert plt.get_fignums() == []
