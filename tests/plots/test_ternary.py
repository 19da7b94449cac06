"""The triangle of three memberships, by what is drawn: where points stand, lines through them, names at corners."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb

import bayesgmm as bg
from bayesgmm.errors import InvalidArgumentError, InvalidArgumentTypeError
from bayesgmm.plots import style
from bayesgmm.plots.ternary import plot_ternary
from bayesgmm.posterior.spread import membership_lines

HEIGHT = np.sqrt(0.75)


def shares_at(points):
    """Responsibilities of points of the triangle: heights above its sides, in the units of its height."""
    x, y = np.asarray(points).T
    top = y / HEIGHT
    right = x - top / 2
    return np.column_stack([1 - top - right, right, top])


def test_points_stand_at_their_memberships(four_features, drawn):
    (points,) = drawn(plot_ternary(four_features), "rows")
    shares = four_features.responsibilities()["mean"].to_numpy()
    np.testing.assert_allclose(shares_at(points.get_offsets()), shares, atol=1e-9)


def test_lines_end_where_the_draws_leave_memberships(four_features, drawn):
    x = four_features.data.x
    towards = np.linspace(x[0], x[-1], 40)  # rows from one component to another
    (lines,) = drawn(plot_ternary(four_features, towards, ci_prob=0.5), "spread")
    expected = membership_lines(four_features.mixture, towards, ci_prob=0.5)
    ends = np.stack([expected["lower"], expected["upper"]], axis=1)
    is_long = np.linalg.norm(ends[:, 1] - ends[:, 0], axis=1) > 0.02
    ours = [shares_at(segment) for segment in lines.get_segments()]
    assert is_long.sum() > 0
    for line in ends[is_long]:
        assert min(np.abs(line - other).max() for other in ours) < 1e-9
    assert len(ours) < len(towards)  # what is sure has none


def test_the_triangle_is_as_large_whatever_the_legend_says(four_features):
    def side(**how):
        ax = plot_ternary(four_features, **how)
        ax.figure.canvas.draw()
        left, right = ax.transData.transform([[0.0, 0.0], [1.0, 0.0]])
        return right[0] - left[0]

    many = np.repeat(four_features.data.x, 70, axis=0)  # a longer entry: how many rows are shown
    assert side(X=many) == pytest.approx(side(), rel=0.05)
    assert side(legend=False) == pytest.approx(side(), rel=0.1)


@pytest.mark.parametrize("figsize", [(6.0, 4.0), (3.4, 2.7)])
def test_long_names_stand_beside_each_other(four_features, figsize):
    long = four_features.rename(["a quite long name one", "two, even longer than one", "three"])
    figure, ax = plt.subplots(figsize=figsize, layout="constrained")
    plot_ternary(long, ax=ax)
    figure.canvas.draw()
    left, right, _ = (text.get_window_extent() for text in ax.texts)
    assert left.x1 < right.x0


def test_names_stand_at_their_corners_in_their_colours(four_features):
    ax = plot_ternary(four_features.rename(["a", "b", "c"]))
    assert [text.get_text() for text in ax.texts] == ["a", "b", "c"]
    places = shares_at([text.get_position() for text in ax.texts])
    np.testing.assert_array_equal(places.argmax(1), [0, 1, 2])
    np.testing.assert_allclose([to_rgb(text.get_color()) for text in ax.texts], style.component_colors(3))


def test_dotted_lines_are_where_a_component_has_half(four_features, drawn):
    for k, line in enumerate(drawn(plot_ternary(four_features), "half")):
        np.testing.assert_allclose(shares_at(np.column_stack(line.get_data()))[:, k], 0.5)


def test_em_alone_has_no_lines(faithful, drawn, legend_texts):
    ax = plot_ternary(bg.GaussianMixture(3, random_state=1).fit(faithful), faithful)
    assert (len(drawn(ax, "rows")), len(drawn(ax, "spread"))) == (1, 0)
    assert legend_texts(ax) == ["unsure member", "responsibility 0.5"]


def test_a_posteriors_legend_says_what_the_lines_are(four_features, legend_texts):
    expected = ["unsure member", "89 % credible line", "responsibility 0.5"]
    assert legend_texts(plot_ternary(four_features)) == expected


def test_draws_on_the_given_axes(four_features):
    figure, axes = plt.subplots(1, 2)
    assert plot_ternary(four_features, ax=axes[1]) is axes[1]
    assert plt.get_fignums() == [figure.number]


def test_the_triangle_has_equal_sides(four_features, drawn):
    """To half a percent, below which matplotlib lets an aspect be."""
    ax = plot_ternary(four_features)
    ax.figure.canvas.draw()
    (sides,) = drawn(ax, "sides")
    corners = ax.transData.transform(np.column_stack(sides.get_data()))
    lengths = np.linalg.norm(np.diff(corners, axis=0), axis=1)
    np.testing.assert_allclose(lengths, lengths[0], rtol=0.005)


THREE = bg.Mixture.from_sds(np.full(3, 1 / 3), [[0.0], [1.0], [2.0]], np.ones((3, 1)))
ERRORS = {
    "two components": (
        lambda p: plot_ternary(p),
        "`fit` must have three components; got 2. Use `plot_responsibilities`",
    ),
    "no rows": (lambda p: plot_ternary(THREE), "`X` must be given for this picture"),
    "axes": (lambda p: plot_ternary(THREE, [[0.0]], ax=3), "`ax` must be a matplotlib Axes or None; got int"),
    "fit": (lambda p: plot_ternary(3), "`fit` must be a fitted estimator"),
}


@pytest.mark.parametrize(("call", "match"), ERRORS.values(), ids=ERRORS)
def test_errors_name_the_argument_and_leave_no_figure(posterior, call, match):
    with pytest.raises((InvalidArgumentError, InvalidArgumentTypeError), match=match):
        call(posterior)
    assert plt.get_fignums() == []
