"""All pairs, by what is drawn: which panel shows what, on which range, and one legend."""

import itertools

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from bayesgmm.errors import InvalidArgumentError, InvalidArgumentTypeError
from bayesgmm.mixture import Mixture
from bayesgmm.plots.pairs import plot_pairs


@pytest.fixture
def many_features():
    return Mixture.from_sds([0.5, 0.5], [np.zeros(8), np.full(8, 5.0)], np.ones((2, 8)))


def panels(figure):
    """The panels by row and column."""
    places = {ax: ax.get_subplotspec() for ax in figure.axes}
    return {(place.rowspan.start, place.colspan.start): ax for ax, place in places.items()}


def test_ellipses_stand_below_the_diagonal_and_densities_on_it(four_features, drawn):
    grid = panels(plot_pairs(four_features))
    assert set(grid) == {(i, j) for i in range(4) for j in range(i + 1)}
    for (i, j), ax in grid.items():
        assert len(drawn(ax, "component")) == (3 if i == j else 0)
        assert len(drawn(ax, "EM")) == (1 if i == j else 3)
        assert len(drawn(ax, "band")) == (1 if i == j else 3)


def test_a_panel_shows_its_two_features(four_features, drawn):
    chosen = [3, 0, 2]
    grid = panels(plot_pairs(four_features, features=chosen))
    for (i, j), ax in grid.items():
        if i == j:
            continue
        for k, line in enumerate(drawn(ax, "EM")):
            centre = np.column_stack(line.get_data())[:-1].mean(0)
            np.testing.assert_allclose(centre, four_features.em.means[k, [chosen[j], chosen[i]]], rtol=1e-9)
        (points,) = drawn(ax, "rows")
        rows = four_features.observed.to_numpy()[:, [chosen[j], chosen[i]]]
        np.testing.assert_array_equal(points.get_offsets(), rows)


def test_outer_panels_name_the_features_and_ranges_agree(four_features):
    grid = panels(plot_pairs(four_features))
    names = list(four_features.feature_names)
    assert [grid[3, j].get_xlabel() for j in range(4)] == names
    assert [grid[i, 0].get_ylabel() for i in range(1, 4)] == names[1:]
    for (i, j), ax in grid.items():
        assert ax.get_xlim() == grid[j, j].get_xlim()
        assert i == j or ax.get_ylim() == grid[i, i].get_xlim()


def test_one_legend_for_all_panels(posterior, legend_texts):
    figure = plot_pairs(posterior)
    expected = ["component 0", "component 1", "unsure member", "posterior mean", "89 % credible band", "EM"]
    assert legend_texts(figure) == expected
    assert all(ax.get_legend() is None for ax in figure.axes)


@pytest.mark.parametrize(("n_features", "n_components"), [(2, 3), (2, 20), (3, 12)])
def test_the_legend_covers_no_panel(n_features, n_components):
    sds = np.ones((n_components, n_features))
    means = np.arange(float(n_components))[:, None] * sds
    crowd = Mixture.from_sds(np.full(n_components, 1 / n_components), means, sds)
    figure = plot_pairs(crowd)
    figure.canvas.draw()
    legend = figure.legends[0].get_window_extent()
    assert not any(legend.overlaps(ax.get_window_extent()) for ax in figure.axes)
    assert legend.x1 <= figure.bbox.x1 and legend.y1 <= figure.bbox.y1


def test_of_many_features_the_first_six_are_shown_unless_named(many_features, legend_texts):
    figure = plot_pairs(many_features)
    assert len(figure.axes) == 21
    assert legend_texts(figure)[-1] == "first 6 of 8 features"
    chosen = plot_pairs(many_features, features=[7, 1])
    assert len(chosen.axes) == 3
    assert "first" not in legend_texts(chosen)[-1]


def test_settings_stay_and_one_figure_is_made(posterior):
    before = dict(plt.rcParams)
    figure = plot_pairs(posterior)
    assert dict(plt.rcParams) == before
    assert plt.get_fignums() == [figure.number]


ERRORS = {
    "one feature": (lambda p, w: plot_pairs(w), "`features` must name at least two features.*Use `plot_density`"),
    "one of two": (lambda p, w: plot_pairs(p, features=["waiting"]), "`features` must name at least two features"),
    "unknown feature": (lambda p, w: plot_pairs(p, features=["waiting", "x"]), "'eruptions', 'waiting'; got 'x'"),
    "coverage": (lambda p, w: plot_pairs(p, coverage=95), "`coverage` must lie strictly between 0 and 1; got 95"),
    "ci_prob as text": (lambda p, w: plot_pairs(p, ci_prob="a"), "`ci_prob` must be a number"),
    "ci_prob": (lambda p, w: plot_pairs(p, ci_prob=1), "`ci_prob` must lie strictly between 0 and 1; got 1"),
    "fit": (lambda p, w: plot_pairs({}), "`fit` must be a fitted estimator"),
}


@pytest.mark.parametrize(("call", "match"), ERRORS.values(), ids=ERRORS)
def test_errors_name_the_argument_and_leave_no_figure(posterior, waiting, call, match):
    with pytest.raises((InvalidArgumentError, InvalidArgumentTypeError), match=match):
        call(posterior, waiting)
    assert plt.get_fignums() == []


def test_long_names_of_features_go_on_in_a_new_line(four_features):
    """So that those of neighbouring panels do not run into each other."""
    names = [f"the length of a leaf {j} [mm]" for j in range(4)]
    frame = pd.DataFrame(four_features.data.x, columns=names)
    figure = plot_pairs(four_features.em, frame)
    figure.canvas.draw()
    bottom = [panels(figure)[3, j].xaxis.label for j in range(4)]
    assert [label.get_text().replace("\n", " ") for label in bottom] == names
    ends = [label.get_window_extent() for label in bottom]
    assert all(one.x1 < other.x0 for one, other in itertools.pairwise(ends))
