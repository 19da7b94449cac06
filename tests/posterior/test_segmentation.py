"""Pictures: labels as `predict` gives them, mean colours as the picture writes its own, entropy in its parts."""

import numpy as np
import pytest

import bayesgmm as bg
from bayesgmm.errors import InvalidArgumentError, InvalidArgumentTypeError, LabelWarning
from bayesgmm.posterior.container import Posterior
from bayesgmm.posterior.segmentation import segment_image, white_of
from handmade import handmade_posterior

GREY = bg.Mixture.from_sds([0.5, 0.5], [[40.4], [200.6]], [[20.0], [30.0]])


@pytest.fixture(scope="module")
def image():
    """Two colours with noise, 24 by 30, as a file of eight bits has them."""
    rng = np.random.default_rng(1)
    colors = np.array([[200.0, 40.0, 30.0], [40.0, 60.0, 180.0]])[(np.arange(30) > 12).astype(int)]
    return np.clip(rng.normal(np.broadcast_to(colors, (24, 30, 3)), 25.0), 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def posterior(image):
    return handmade_posterior(image.reshape(-1, 3).astype(float), 2, rng=np.random.default_rng(2))


def test_labels_and_entropy_are_the_posteriors(posterior, image):
    parts = segment_image(posterior, image, n_draws=10**6)
    rows = image.reshape(-1, 3)
    described = posterior.responsibilities(rows)
    np.testing.assert_array_equal(parts.labels.ravel(), posterior.predict(rows))
    for name in ("entropy", "overlap", "parameter_uncertainty"):
        np.testing.assert_allclose(getattr(parts, name).ravel(), described[name], atol=1e-9)


def test_colors_are_the_components_mean_colours(posterior, image):
    parts = segment_image(posterior, image, n_draws=100)
    means = posterior.mixture.means.mean((0, 1))
    assert (parts.colors.dtype, parts.colors.shape) == (image.dtype, image.shape)
    np.testing.assert_array_equal(parts.mean_colors, np.rint(means))
    np.testing.assert_array_equal(parts.colors, np.rint(means)[parts.labels])
    assert len(np.unique(parts.labels)) == 2


@pytest.mark.parametrize("shape", [(6, 50), (6, 50, 1)])
def test_grey_pictures_of_256_values(shape, rng):
    image = rng.integers(256, size=shape, dtype=np.uint8)
    parts = segment_image(GREY, image)
    assert parts.labels.shape == (6, 50)
    assert parts.colors.shape == shape
    assert set(np.unique(parts.colors)) == {40, 201}
    np.testing.assert_array_equal(parts.labels.ravel(), GREY.responsibilities(image.reshape(-1, 1)).argmax(1))


def test_repeated_colours_have_one_answer_and_the_same_as_alone(rng):
    image = rng.integers(256, size=(40, 40), dtype=np.uint8)  # far more pixels than colours
    many, alone = segment_image(GREY, image), segment_image(GREY, np.arange(90, dtype=np.uint8).reshape(9, 10))
    for name in ("labels", "colors", "entropy"):
        for pixel in ((0, 0), (17, 3), (39, 39)):
            value = image[pixel]
            if value < 90:
                assert getattr(many, name)[pixel] == getattr(alone, name)[value // 10, value % 10]
    assert (image[::7, ::13] < 90).any()


def test_without_a_posterior_all_entropy_is_overlap(image):
    em = bg.GaussianMixture(2, random_state=1).fit(image.reshape(-1, 3))
    parts = segment_image(em, image)
    np.testing.assert_array_equal(parts.labels.ravel(), em.predict(image.reshape(-1, 3)))
    np.testing.assert_allclose(parts.entropy, parts.overlap, atol=1e-12)
    np.testing.assert_allclose(parts.parameter_uncertainty, 0.0, atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_floats_stay_floats_between_black_and_white(dtype):
    """A component darker than black, which a picture does not have, is black."""
    dark = bg.Mixture.from_sds([0.5, 0.5], [[-0.2], [0.75]], [[0.3], [0.2]])
    parts = segment_image(dark, np.array([[0.0, 0.8], [1.0, 0.1]], dtype=dtype))
    assert parts.colors.dtype == dtype
    np.testing.assert_array_equal(parts.colors, np.array([[0.0, 0.75], [0.75, 0.0]], dtype=dtype))


def test_colours_below_zero_have_their_range():
    """As the two colour axes of CIELAB have them."""
    parts = segment_image(bg.Mixture.from_sds([1.0], [[-20.0]], [[9.0]]), np.array([[-30.0, 12.0]]))
    np.testing.assert_array_equal(parts.colors, -20.0)


WHITES = {
    "floats": (np.array([0.0, 0.4]), 1.0),
    "floats to 255": (np.array([0.0, 3.0]), 255.0),
    "dark bytes": (np.array([0, 1], dtype=np.uint8), 255.0),
    "sixteen bits": (np.array([0, 256]), 65535.0),
    "more": (np.array([0, 70000]), 70000.0),
    "signed bytes": (np.array([0, 100], dtype=np.int8), 127.0),
}


@pytest.mark.parametrize(("picture", "white"), WHITES.values(), ids=WHITES)
def test_white_is_the_least_that_nothing_exceeds(picture, white):
    assert white_of(picture) == white


def test_a_segmentation_cannot_be_changed(posterior, image):
    parts = segment_image(posterior, image, n_draws=10)
    with pytest.raises(ValueError, match="read-only"):
        parts.labels[0, 0] = 1


SCALES = {
    "bytes for a fit to 0..1": (lambda image: image / 255, lambda image: image),
    "0..1 for a fit to bytes": (lambda image: image, lambda image: image / 255),
    "sixteen bits for a fit to 0..1": (lambda image: image / 255, lambda image: image.astype(np.uint16) * 257),
}


@pytest.mark.parametrize(("fitted", "given"), SCALES.values(), ids=SCALES)
def test_a_picture_of_another_scale_is_refused(fitted, given, image):
    em = bg.GaussianMixture(2, random_state=1).fit(fitted(image).reshape(-1, 3).astype(float))
    assert len(np.unique(segment_image(em, fitted(image)).labels)) == 2
    with pytest.raises(InvalidArgumentError, match=r"`image` must have the scale of the rows that were fitted.*by 255"):
        segment_image(em, given(image))


@pytest.mark.parametrize("factor", [0, 0.01, 0.1, 1])
def test_darker_pictures_of_the_same_scale_are_cut(factor, image, posterior):
    """Down to black; and a fit to the darker one is good for itself."""
    darker = (image * factor).astype(np.uint8)
    assert segment_image(posterior, darker).labels.shape == (24, 30)
    em = bg.GaussianMixture(1, covariance_type="spherical").fit(
        np.vstack([darker.reshape(-1, 3), [[255, 255, 255]]]).astype(float)
    )
    assert segment_image(em, darker).colors.dtype == np.uint8


def test_components_that_cannot_be_told_apart_leave_the_cut_to_em(posterior, image):
    tree = posterior.idata.copy(deep=True)
    tree["posterior"].attrs["is_identified"] = 0
    with pytest.warns(LabelWarning, match="cut by EM's components, without the posterior"):
        parts = segment_image(Posterior(tree), image)
    expected = segment_image(posterior.em, image)
    for name, value in vars(expected).items():
        np.testing.assert_array_equal(getattr(parts, name), value)


ERRORS = {
    "alpha": (np.zeros((4, 4, 4), np.uint8), r"\(H, W, 1\) or \(H, W, 3\).*Leave the alpha channel out"),
    "row": (np.zeros(4, np.uint8), "`image` must have shape"),
    "film": (np.zeros((2, 4, 4, 3), np.uint8), "`image` must have shape"),
    "grey": (np.zeros((4, 4), np.uint8), r"as many channels as the fit has features, 3; got 1.*reshape\(-1, 1\)"),
    "text": (np.array([["a"]]), "`image` must hold whole numbers or floats; got dtype <U1"),
    "bools": (np.zeros((4, 4, 3), bool), "`image` must hold whole numbers or floats; got dtype bool"),
    "no pixels": (np.zeros((0, 4, 3), np.uint8), "`image` must have pixels"),
    "missing": (np.full((4, 4, 3), np.nan), "`image` must hold finite numbers"),
}


@pytest.mark.parametrize(("wrong", "match"), ERRORS.values(), ids=ERRORS)
def test_errors_name_the_argument(posterior, wrong, match):
    with pytest.raises((InvalidArgumentError, InvalidArgumentTypeError), match=match):
        segment_image(posterior, wrong)


def test_what_has_no_mixture_is_refused():
    with pytest.raises(InvalidArgumentTypeError, match="`fit` must be a fitted estimator"):
        segment_image(3, np.zeros((4, 4)))
