"""The plane in the colours of its memberships, by what is drawn: colours, rows, names, and the boundary upon it."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb

import bayesgmm as bg
from bayesgmm.errors import InvalidArgumentError, InvalidArgumentTypeError
from bayesgmm.plots import style
from bayesgmm.plots.map import STRENGTH, plot_responsibility_map
from bayesgmm.plots.plane import plane_grid
from bayesgmm.plots.subject import as_subject
from bayesgmm.posterior.regions import membership_curve, membership_map


def test_colours_are_the_memberships_blend(posterior, drawn):
    (image,) = drawn(plot_responsibility_map(posterior, features=("waiting", "eruptions")), "field")
    grid = plane_grid(as_subject(posterior), (1, 0))
    shares = membership_map(posterior.mixture, (1, 0), *grid)["mean"].to_numpy()
    faces, _ = style.blend(shares.reshape(2, -1).T, style.component_colors(2), np.ones(3))
    np.testing.assert_allclose(image.get_array().reshape(-1, 3), STRENGTH * faces + 1 - STRENGTH, atol=1e-6)


def test_where_memberships_are_unsure_the_map_is_pale(posterior, drawn):
    (image,) = drawn(plot_responsibility_map(posterior), "field")
    saturation = np.linalg.norm(1 - image.get_array(), axis=2)
    assert saturation.min() < 0.3 * np.median(saturation)


def test_rows_and_names_stand_on_it(posterior, drawn, faithful, legend_texts):
    ax = plot_responsibility_map(posterior.rename(["short", "long"]))
    (points,) = drawn(ax, "rows")
    np.testing.assert_array_equal(points.get_offsets(), faithful)
    assert [text.get_text() for text in ax.texts] == ["short", "long"]
    assert legend_texts(ax) == ["short", "long", "unsure member"]
    assert [len(drawn(ax, part)) for part in ("band", "posterior mean", "EM")] == [0, 0, 0]


def test_the_boundary_can_be_drawn_upon_it(posterior, drawn, legend_texts):
    ax = plot_responsibility_map(posterior, boundary=True, ci_prob=0.5)
    assert [len(drawn(ax, part)) for part in ("field", "band", "posterior mean", "EM")] == [1, 1, 1, 1]
    assert legend_texts(ax)[-2:] == ["50 % credible band", "EM"]


def test_an_em_estimator_has_its_map(faithful, drawn, legend_texts):
    ax = plot_responsibility_map(bg.GaussianMixture(2, random_state=1).fit(faithful))
    assert (len(drawn(ax, "field")), len(drawn(ax, "rows"))) == (1, 0)
    assert legend_texts(ax) == ["component 0", "component 1"]


def test_on_dark_paper_the_unsure_is_dark(posterior, drawn):
    with plt.style.context("dark_background"):
        (image,) = drawn(plot_responsibility_map(posterior), "field")
    assert image.get_array().min() < 0.1
    assert image.get_array().max() < STRENGTH + 0.01


def test_along_one_feature_each_component_has_its_curve_and_band(posterior, drawn, legend_texts):
    ax = plot_responsibility_map(posterior, features="waiting", ci_prob=0.5)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("waiting", "responsibility")
    assert [len(drawn(ax, part)) for part in ("band", "posterior mean", "EM", "rug")] == [2, 2, 2, 1]
    for k, line in enumerate(drawn(ax, "posterior mean")):
        values, shares = line.get_data()
        expected = membership_curve(posterior.mixture, [1], values, ci_prob=0.5)["mean"][k]
        np.testing.assert_allclose(shares, expected, atol=1e-9)
    assert legend_texts(ax)[-3:] == ["posterior mean", "50 % credible band", "EM"]


def test_one_feature_alone_is_drawn_without_being_named(waiting, drawn):
    ax = plot_responsibility_map(waiting)
    values, shares = drawn(ax, "EM")[1].get_data()
    np.testing.assert_allclose(shares, waiting.em.responsibilities(values[:, None])[:, 1], atol=1e-9)


def test_em_along_one_feature_has_dashed_curves_in_the_components_colours(faithful, drawn):
    ax = plot_responsibility_map(bg.GaussianMixture(2, random_state=1).fit(faithful), features=0)
    lines = drawn(ax, "EM")
    assert all(line.is_dashed() for line in lines)
    np.testing.assert_allclose([to_rgb(line.get_color()) for line in lines], style.component_colors(2))
    assert (drawn(ax, "band"), drawn(ax, "rug")) == ([], [])


def test_components_that_cannot_be_told_apart_are_marked_so(unidentified, legend_texts):
    assert legend_texts(plot_responsibility_map(unidentified))[-1] == "components not identified"


def test_draws_on_the_given_axes(posterior):
    figure, axes = plt.subplots(1, 2)
    assert plot_responsibility_map(posterior, ax=axes[1]) is axes[1]
    assert plt.get_fignums() == [figure.number]


ERRORS = {
    "three features": (lambda p, w: plot_responsibility_map(p, features=[0, 1, 1]), "`features` must"),
    "ci_prob": (lambda p, w: plot_responsibility_map(p, boundary=True, ci_prob=2), "`ci_prob` must lie strictly"),
    "axes": (lambda p, w: plot_responsibility_map(p, ax="here"), "`ax` must be a matplotlib Axes or None; got str"),
    "fit": (lambda p, w: plot_responsibility_map(3), "`fit` must be a fitted estimator"),
}


@pytest.mark.parametrize(("call", "match"), ERRORS.values(), ids=ERRORS)
def test_errors_name_the_argument_and_leave_no_figure(posterior, waiting, call, match):
    with pytest.raises((InvalidArgumentError, InvalidArgumentTypeError), match=match):
        call(posterior, waiting)
    assert plt.get_fignums() == []
