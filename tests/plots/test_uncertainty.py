"""Where memberships are unsure, by what is drawn: the field, its scale, its part."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

import bayesgmm as bg
from bayesgmm.errors import InvalidArgumentError, InvalidArgumentTypeError
from bayesgmm.plots import style
from bayesgmm.plots.plane import plane_grid
from bayesgmm.plots.subject import as_subject
from bayesgmm.plots.uncertainty import PARTS, highest_entropy, plot_uncertainty, uncertainty_colors
from bayesgmm.posterior.regions import membership_map


@pytest.mark.parametrize("part", PARTS)
def test_field_is_the_part_in_nats(posterior, drawn, part):
    ax = plot_uncertainty(posterior, part=part)
    (image,) = drawn(ax, "field")
    fields = membership_map(posterior.mixture, (0, 1), *plane_grid(as_subject(posterior), (0, 1)))
    np.testing.assert_allclose(image.get_array(), fields[part])
    assert ax.figure.axes[1].get_xlabel() == PARTS[part]


def test_entropy_and_overlap_have_one_scale_and_the_third_part_its_own(posterior, drawn):
    limits = {part: drawn(plot_uncertainty(posterior, part=part), "field")[0].get_clim() for part in PARTS}
    assert limits["entropy"] == limits["overlap"] == (0.0, np.log(2))
    assert 0 < limits["parameter_uncertainty"][1] < np.log(2)


@pytest.mark.parametrize(("most", "top"), [(0.0, 2), (np.log(2), 2), (0.7, 3), (np.log(3), 3), (1.2, 4)])
def test_scale_ends_at_the_logarithm_of_a_whole_number(most, top):
    assert highest_entropy(np.array([0.0, most])) == pytest.approx(np.log(top))


@pytest.mark.parametrize("look", ["default", "dark_background"])
def test_a_sure_membership_has_the_colour_of_the_paper(look):
    with plt.style.context(look):
        _, ax = plt.subplots()
    colors = uncertainty_colors(ax)
    np.testing.assert_allclose(colors(0.0)[:3], style.paper(ax), atol=1e-6)
    steps = np.linalg.norm(np.array([colors(v)[:3] for v in (0.25, 0.5, 1.0)]) - style.paper(ax), axis=1)
    assert (np.diff(steps) > 0.1).all() and steps[-1] > 0.6


def test_rows_names_and_legend_stand_on_it(posterior, drawn, faithful, legend_texts):
    ax = plot_uncertainty(posterior, features=["waiting", "eruptions"])
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("waiting", "eruptions")
    (points,) = drawn(ax, "rows")
    np.testing.assert_array_equal(points.get_offsets(), faithful[["waiting", "eruptions"]])
    assert legend_texts(ax) == ["component 0", "component 1", "unsure member"]


def test_without_a_posterior_nothing_comes_from_parameters(faithful, drawn):
    em = bg.GaussianMixture(2, random_state=1).fit(faithful)
    (image,) = drawn(plot_uncertainty(em, part="parameter_uncertainty"), "field")
    np.testing.assert_allclose(image.get_array(), 0.0, atol=1e-12)


def test_draws_on_the_given_axes(posterior):
    figure, ax = plt.subplots()
    assert plot_uncertainty(posterior, ax=ax) is ax
    assert plt.get_fignums() == [figure.number]


ERRORS = {
    "part": (lambda p, w: plot_uncertainty(p, part="all"), "`part` must be one of 'entropy', 'overlap', .*got 'all'"),
    "one feature": (lambda p, w: plot_uncertainty(w), "`fit` must have at least two features"),
    "axes": (lambda p, w: plot_uncertainty(p, ax="here"), "`ax` must be a matplotlib Axes or None; got str"),
    "fit": (lambda p, w: plot_uncertainty(3), "`fit` must be a fitted estimator"),
}


@pytest.mark.parametrize(("call", "match"), ERRORS.values(), ids=ERRORS)
def test_errors_name_the_argument_and_leave_no_figure(posterior, waiting, call, match):
    with pytest.raises((InvalidArgumentError, InvalidArgumentTypeError), match=match):
        call(posterior, waiting)
    assert plt.get_fignums() == []
