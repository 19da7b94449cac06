"""Decision boundaries, by what is drawn: lines where the closed form has them, bands around them."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb

import bayesgmm as bg
from bayesgmm.errors import InvalidArgumentError, InvalidArgumentTypeError
from bayesgmm.mixture import Mixture
from bayesgmm.plots.boundary import plot_decision_boundary
from handmade import handmade_posterior

THREE = Mixture.from_sds(np.full(3, 1 / 3), [[0.0, 0.0], [4.0, 0.0], [2.0, 2 * np.sqrt(3.0)]], np.ones((3, 2)))


def vertices(contours):
    """All points of a set of contour lines; the nan's part the lines."""
    points = np.concatenate([path.vertices for path in contours.get_paths()])
    return points[np.isfinite(points).all(1)]


def test_lines_between_equal_round_components_are_the_perpendicular_bisectors(drawn):
    """Three centres at the corners of a triangle of sides 4; every point of a line is as far from its two centres."""
    lines = drawn(plot_decision_boundary(THREE), "mixture")
    assert len(lines) == 2  # component 0 against 1 and 2; 1 against 2
    for points in map(vertices, lines):
        distances = np.sort(np.linalg.norm(points[:, None] - THREE.means, axis=2), axis=1)
        np.testing.assert_allclose(distances[:, 0], distances[:, 1], atol=0.15)  # a cell beyond their meeting point
        assert np.mean(np.abs(distances[:, 0] - distances[:, 1]) < 1e-6) > 0.9


def test_lines_meet_where_all_are_equally_likely(drawn):
    centre = THREE.means.mean(0)
    for points in map(vertices, drawn(plot_decision_boundary(THREE), "mixture")):
        assert np.linalg.norm(points - centre, axis=1).min() < 0.1


def test_each_line_is_drawn_once(drawn):
    first, second = (vertices(lines) for lines in drawn(plot_decision_boundary(THREE), "mixture"))
    apart = np.linalg.norm(first[:, None] - second, axis=2).min(1)
    assert np.mean(apart < 0.1) < 0.05


def test_a_posterior_has_line_band_and_ems_line(posterior, drawn, legend_texts):
    ax = plot_decision_boundary(posterior)
    assert [len(drawn(ax, part)) for part in ("rows", "band", "posterior mean", "EM")] == [1, 1, 1, 1]
    assert legend_texts(ax)[-3:] == ["posterior mean", "89 % credible band", "EM"]
    assert [text.get_text() for text in ax.texts] == ["0", "1"]


def test_at_the_bands_edge_the_stated_share_of_the_draws_lies_beyond(posterior, drawn):
    (band,) = drawn(plot_decision_boundary(posterior, ci_prob=0.8), "band")
    shares = posterior.mixture.flatten().responsibilities(within(vertices(band), band.axes))  # (S, V, K)
    share = (shares[..., 0] > 0.5).mean(0)
    np.testing.assert_allclose(np.abs(share - 0.5), 0.4, atol=0.02)


def within(points, ax):
    """The points that do not lie on the frame, where a filled contour is closed."""
    low, high = np.array([ax.get_xlim(), ax.get_ylim()]).T
    inset = 1e-3 * (high - low)
    return points[((points > low + inset) & (points < high - inset)).all(1)]


def test_other_features_are_integrated_out(four_features, drawn):
    """The line in a plane is that of the marginal mixture."""
    plane = [2, 1]
    (line, *_) = drawn(plot_decision_boundary(four_features, features=plane), "EM")
    shares = np.sort(four_features.em.marginal(plane).responsibilities(vertices(line)), axis=1)
    np.testing.assert_allclose(shares[:, -1], shares[:, -2], atol=0.05)


def test_one_component_has_no_line(faithful, drawn, legend_texts, rng):
    ax = plot_decision_boundary(handmade_posterior(faithful, 1, rng=rng))
    assert legend_texts(ax) == ["component 0"]
    assert [len(drawn(ax, part)) for part in ("rows", "band", "posterior mean", "EM")] == [1, 0, 0, 0]


def test_an_em_estimator_has_the_dashed_line_only(faithful, drawn, legend_texts):
    ax = plot_decision_boundary(bg.GaussianMixture(2, random_state=1).fit(faithful))
    assert [len(drawn(ax, part)) for part in ("rows", "band", "posterior mean", "EM")] == [0, 0, 0, 1]
    assert legend_texts(ax) == ["component 0", "component 1", "EM"]


def test_twenty_components_have_all_their_lines(crowd, drawn):
    """On a grid of 5 by 4 centres at unit distance the lines are those half way between."""
    points = np.concatenate([vertices(lines) for lines in drawn(plot_decision_boundary(crowd), "mixture")])
    off = np.abs(points - np.floor(points) - 0.5).min(1)
    assert np.quantile(off, 0.95) < 1e-6
    for value in (0.5, 1.5, 2.5, 3.5):
        assert (np.abs(points[:, 0] - value) < 1e-6).sum() > 50


def test_on_dark_paper_the_ink_is_light(posterior, drawn):
    with plt.style.context("dark_background"):
        (line,) = drawn(plot_decision_boundary(posterior), "EM")
    assert sum(to_rgb(line.get_edgecolor()[0])) > 2.5


def test_draws_on_the_given_axes(posterior):
    figure, axes = plt.subplots(1, 2)
    assert plot_decision_boundary(posterior, ax=axes[1]) is axes[1]
    assert plt.get_fignums() == [figure.number]
    assert not axes[0].has_data()


ERRORS = {
    "ci_prob": (lambda p, w: plot_decision_boundary(p, ci_prob=89), "`ci_prob` must lie strictly between 0 and 1"),
    "one feature": (lambda p, w: plot_decision_boundary(w), "`fit` must have at least two features"),
    "axes": (lambda p, w: plot_decision_boundary(p, ax="here"), "`ax` must be a matplotlib Axes or None; got str"),
    "fit": (lambda p, w: plot_decision_boundary(3), "`fit` must be a fitted estimator"),
}


@pytest.mark.parametrize(("call", "match"), ERRORS.values(), ids=ERRORS)
def test_errors_name_the_argument_and_leave_no_figure(posterior, waiting, call, match):
    with pytest.raises((InvalidArgumentError, InvalidArgumentTypeError), match=match):
        call(posterior, waiting)
    assert plt.get_fignums() == []
