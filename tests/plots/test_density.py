"""The line of one feature, by what is drawn: curves, band, areas, histogram, ticks, legend."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb

from bayesgmm.covariance import as_family
from bayesgmm.data import as_data
from bayesgmm.em.fit import fit_em
from bayesgmm.errors import InvalidArgumentError, InvalidArgumentTypeError
from bayesgmm.mixture import Mixture
from bayesgmm.plots import style
from bayesgmm.plots.density import RUG_UP_TO, plot_density
from bayesgmm.plots.subject import MAX_ROWS
from bayesgmm.posterior.cells import MOST_CELLS
from bayesgmm.posterior.marginals import marginal_density


def vertices(artist):
    return artist.get_paths()[0].vertices


@pytest.mark.parametrize("feature", [0, 1])
def test_curves_and_band_are_those_of_the_feature(posterior, drawn, feature):
    ax = plot_density(posterior, features=feature, ci_prob=0.5)
    (mean,), (em,), (band,) = drawn(ax, "posterior mean"), drawn(ax, "EM"), drawn(ax, "band")
    values = mean.get_xdata()
    expected = marginal_density(posterior.mixture, feature, values, ci_prob=0.5)
    np.testing.assert_allclose(mean.get_ydata(), expected["mean"])
    np.testing.assert_allclose(em.get_ydata(), np.exp(posterior.em.marginal(feature).log_density(values[:, None])))
    assert em.is_dashed() and not mean.is_dashed()
    outline = {tuple(point) for point in vertices(band)}
    for side in ("lower", "upper"):
        assert set(zip(values, expected[side].to_numpy(), strict=True)) <= outline


def test_a_picture_of_a_posterior_has_every_part(waiting, drawn, legend_texts):
    ax = plot_density(waiting)
    assert [len(drawn(ax, part)) for part in ("band", "posterior mean", "EM", "component", "rug")] == [1, 1, 1, 2, 1]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("waiting", "density")
    assert legend_texts(ax) == ["component 0", "component 1", "posterior mean", "89 % credible band", "EM"]
    assert ax.get_ylim()[0] == 0


def test_areas_are_the_weights_of_the_components(waiting, drawn):
    areas, weights = drawn(plot_density(waiting), "component"), waiting.mixture.weights.mean((0, 1))
    for area, weight in zip(areas, weights, strict=True):
        x, y = vertices(area).T
        assert abs(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2 == pytest.approx(weight, abs=2e-3)


def test_the_curves_reach_as_far_as_rows_and_components(waiting, drawn):
    (mean,) = drawn(plot_density(waiting), "posterior mean")
    values, density = mean.get_data()
    assert np.trapezoid(density, values) == pytest.approx(1.0, abs=2e-3)
    far = np.append(waiting.observed.to_numpy(), [[-50.0]], axis=0)
    (mean,) = drawn(plot_density(waiting, far), "posterior mean")
    assert mean.get_xdata()[0] == -50.0


def test_the_histogram_has_area_one(waiting, drawn):
    (bars,) = drawn(plot_density(waiting), "rows")
    x, y = bars.get_path().vertices.T
    assert abs(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2 == pytest.approx(1.0)


def test_the_histogram_shows_the_peak_of_a_narrow_component(drawn, rng):
    """Cells at most half its sd wide see at least 0.95 of its peak."""
    narrow = Mixture.from_sds([0.3, 0.7], [[0.0], [6.0]], [[0.25], [1.5]])
    x = narrow.sample(9_000, rng)[0]
    (bars,) = drawn(plot_density(narrow, x), "rows")
    left, height = bars.get_path().vertices.T
    assert np.diff(np.unique(left)).max() <= 0.125 + 1e-9
    assert height.max() == pytest.approx(np.exp(narrow.log_density([[0.0]])[0]), rel=0.1)


def test_every_row_is_a_tick_in_the_colour_of_its_responsibility(waiting, drawn):
    (rug,) = drawn(plot_density(waiting), "rug")
    np.testing.assert_array_equal([segment[0, 0] for segment in rug.get_segments()], waiting.observed["waiting"])
    shares = waiting.responsibilities()["mean"].to_numpy()
    np.testing.assert_allclose(rug.get_colors()[:, :3], shares @ style.component_colors(2), atol=1e-6)


def test_very_many_rows_are_thinned_and_have_no_ticks(waiting, drawn, legend_texts):
    x, _ = waiting.sample(2 * MAX_ROWS, 1)
    ax = plot_density(waiting, x)
    assert drawn(ax, "rug") == []
    assert legend_texts(ax)[-1] == "10,000 of 20,000 rows shown"
    assert len(drawn(plot_density(waiting, x[: RUG_UP_TO + 1]), "rug")) == 0


def test_a_far_row_does_not_make_a_million_bins(waiting, drawn):
    far = np.append(waiting.observed.to_numpy(), [[1e9]], axis=0)
    (bars,) = drawn(plot_density(waiting, far), "rows")
    assert len(bars.get_path().vertices) <= 2 * (MOST_CELLS + 1)


@pytest.mark.parametrize("n_rows", [1, 2])
def test_one_row_and_equal_rows_can_be_shown(waiting, drawn, n_rows):
    ax = plot_density(waiting, np.full((n_rows, 1), 70.0))
    assert len(drawn(ax, "rows")) == 1


@pytest.mark.parametrize("with_rows", [False, True])
def test_em_alone(faithful, drawn, legend_texts, with_rows):
    em = fit_em(as_data(faithful), 2, as_family("full"), random_state=1)
    ax = plot_density(em, faithful if with_rows else None, features=1)
    parts = {"EM": 1, "component": 2, "band": 0, "posterior mean": 0, "rows": with_rows, "rug": with_rows}
    assert {part: len(drawn(ax, part)) for part in parts} == parts
    assert legend_texts(ax) == ["component 0", "component 1", "EM"]
    assert ax.get_xlabel() == ("waiting" if with_rows else "x1")


def test_draws_on_the_given_axes_and_leaves_everything_else_alone(waiting):
    figure, axes = plt.subplots(1, 2)
    before = dict(plt.rcParams)
    assert plot_density(waiting, ax=axes[0]) is axes[0]
    assert dict(plt.rcParams) == before
    assert plt.get_fignums() == [figure.number]


def test_on_dark_paper_the_ink_is_light(waiting, drawn):
    with plt.style.context("dark_background"):
        ax = plot_density(waiting)
    (em,), (band,) = drawn(ax, "EM"), drawn(ax, "band")
    assert sum(to_rgb(em.get_color())) > 2.5
    assert band.get_facecolor()[0, :3].sum() > 2.5


ERRORS = {
    "two features": (lambda p: plot_density(p, features=[0, 1]), "`features` must name one feature.*`plot_ellipses`"),
    "unknown feature": (lambda p: plot_density(p, features="x"), "'eruptions', 'waiting'; got 'x'"),
    "ci_prob as text": (lambda p: plot_density(p, ci_prob="a"), "`ci_prob` must be a number"),
    "ci_prob": (lambda p: plot_density(p, ci_prob=0), "`ci_prob` must lie strictly between 0 and 1; got 0"),
    "axes": (lambda p: plot_density(p, ax=plt.gcf), "`ax` must be a matplotlib Axes or None"),
    "fit": (lambda p: plot_density(None), "`fit` must be a fitted estimator"),
}


@pytest.mark.parametrize(("call", "match"), ERRORS.values(), ids=ERRORS)
def test_errors_name_the_argument_and_leave_no_figure(posterior, call, match):
    with pytest.raises((InvalidArgumentError, InvalidArgumentTypeError), match=match):
        call(posterior)
    assert plt.get_fignums() == []
