"""What pictures of a plane share: which two features, how far it reaches, its field and its points."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from bayesgmm.errors import InvalidArgumentError
from bayesgmm.mixture import Mixture
from bayesgmm.plots import style
from bayesgmm.plots.plane import as_plane, draw_field, draw_names, draw_points, plane_grid
from bayesgmm.plots.subject import as_subject


def test_grid_reaches_beyond_rows_and_components():
    wide = Mixture.from_sds([0.5, 0.5], [[0.0, 0.0], [10.0, 1.0]], [[1.0, 1.0], [2.0, 1.0]])
    x, y = plane_grid(as_subject(wide, [[3.0, -20.0]]), (0, 1), 50)
    assert x[0] < -3 and 16 < x[-1] and y[0] < -20 and 4 < y[-1]
    for values in (x, y):
        np.testing.assert_allclose(np.diff(values), np.diff(values)[0])


def test_grid_follows_the_order_of_the_features(posterior):
    subject = as_subject(posterior)
    np.testing.assert_array_equal(plane_grid(subject, (1, 0)), plane_grid(subject, (0, 1))[::-1])


def test_field_stands_where_its_values_are():
    _, ax = plt.subplots()
    image = draw_field(ax, (np.linspace(0.0, 2.0, 3), np.linspace(5.0, 6.0, 2)), np.arange(6.0).reshape(2, 3))
    assert image.get_extent() == [-0.5, 2.5, 4.5, 6.5]  # the outermost values stand at the centres of their cells
    assert (ax.get_xlim(), ax.get_ylim()) == ((0.0, 2.0), (5.0, 6.0))
    assert image.origin == "lower"


def test_points_have_a_marker_for_each_six_components():
    shares = np.eye(12)
    _, ax = plt.subplots()
    draw_points(ax, np.arange(24.0).reshape(12, 2), shares)
    assert len(ax.collections) == len(set(style.component_markers(12))) == 2
    assert sum(len(points.get_offsets()) for points in ax.collections) == 12


def test_names_stand_on_badges_where_they_have_room():
    _, ax = plt.subplots(figsize=(6, 4))
    draw_names(ax, np.eye(2), ["short eruptions", "long eruptions"])
    assert [text.get_text() for text in ax.texts] == ["short eruptions", "long eruptions"]
    assert ax.lines[:] == []


@pytest.mark.parametrize(
    ("n", "name", "size"), [(12, "customers of kind {}", (6, 4)), (2, "eruption number {}", (3, 2))]
)
def test_names_that_would_hide_the_picture_give_way_to_markers(n, name, size):
    """Those of the legend, at the centres."""
    _, ax = plt.subplots(figsize=size)
    centres = np.arange(2.0 * n).reshape(n, 2)
    draw_names(ax, centres, [name.format(k) for k in range(n)])
    assert list(ax.texts) == []
    np.testing.assert_array_equal([line.get_xydata()[0] for line in ax.lines], centres)
    assert [line.get_marker() for line in ax.lines] == style.component_markers(n)
    np.testing.assert_array_equal([line.get_color() for line in ax.lines], style.component_colors(n))


ERRORS = {
    "one": (["a"], None, "`fit` must have at least two features"),
    "three": (["a", "b", "c"], ["a", "b", "c"], "`features` must name two features"),
    "unknown": (["a", "b"], ["a", "z"], "got 'z'"),
}


@pytest.mark.parametrize(("names", "features", "match"), ERRORS.values(), ids=ERRORS)
def test_errors_name_the_argument(names, features, match):
    with pytest.raises(InvalidArgumentError, match=match):
        as_plane(features, names)
