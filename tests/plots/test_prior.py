"""The prior, by what is drawn: ellipses and curves of each draw, its rows, the data, and what is refused."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr
from matplotlib.colors import to_rgb

import bayesgmm as bg
from bayesgmm.covariance import FAMILIES
from bayesgmm.errors import InvalidArgumentError, InvalidArgumentTypeError
from bayesgmm.mixture import Mixture
from bayesgmm.plots import prior as module
from bayesgmm.plots import style
from bayesgmm.plots.prior import plot_prior

COVERAGE = 0.8
RADIUS_SQUARED = -2 * np.log(1 - COVERAGE)  # chi-square's quantile with two degrees of freedom


@pytest.fixture(scope="module")
def tree(faithful):
    return bg.prior_predictive(faithful, 2, draws=30, random_state=1)


def drawn_mixture(tree, s):
    prior = tree["prior"].to_dataset().isel(chain=0, draw=s)
    return Mixture.from_covariances(prior["weights"].values, prior["means"].values, prior["covariances"].values)


@pytest.mark.parametrize("plane", [(0, 1), (1, 0)])
def test_ellipses_are_those_of_the_first_draws(tree, drawn, plane):
    """An outline's points stand at equal steps of the angle: they have covariance r^2 Sigma / 2."""
    ax = plot_prior(tree, plane, n_draws=3, coverage=COVERAGE)
    for s in range(3):
        mixture = drawn_mixture(tree, s)
        lines = drawn(ax, f"draw {s}")
        assert len(lines) == 2
        for k, line in enumerate(lines):
            points = np.column_stack(line.get_data())[:-1]
            np.testing.assert_allclose(points.mean(0), mixture.means[k, plane], rtol=1e-9)
            covariance = np.cov(points.T, bias=True) / (RADIUS_SQUARED / 2)
            np.testing.assert_allclose(covariance, mixture.covariances[k][np.ix_(plane, plane)], rtol=1e-8)
            np.testing.assert_allclose(to_rgb(line.get_color()), style.component_colors(3)[s])


def test_rows_of_each_draw_have_its_colour_and_the_data_the_ink(tree, drawn, faithful):
    ax = plot_prior(tree)
    (data,) = drawn(ax, "data")
    np.testing.assert_array_equal(data.get_offsets(), faithful)
    np.testing.assert_allclose(data.get_facecolors()[0, :3], to_rgb(style.ink(ax)))
    for s in range(4):
        (points,) = drawn(ax, f"rows {s}")
        np.testing.assert_array_equal(points.get_offsets(), tree["prior_predictive"]["x"].values[0, s])
        np.testing.assert_allclose(points.get_facecolors()[0, :3], style.component_colors(4)[s])
    assert drawn(ax, "rows 4") == []


def test_axes_hold_the_data_and_reach_no_further_than_promised(tree, faithful):
    ax = plot_prior(tree)
    for (least, most), name in ((ax.get_xlim(), "eruptions"), (ax.get_ylim(), "waiting")):
        low, high = faithful[name].min(), faithful[name].max()
        reach = 1.5 * (high - low)
        assert low - reach <= least < low and high < most <= high + reach
    assert (ax.get_xlabel(), ax.get_ylabel()) == tuple(faithful.columns)


def test_legend_says_what_is_what(tree, legend_texts):
    ax = plot_prior(tree)
    assert legend_texts(ax) == ["prior draw, a colour each", "rows it would make", "data"]
    assert ax.get_legend().get_title().get_text() == "ellipses hold 95 %"


@pytest.mark.parametrize("feature", ["waiting", 1])
def test_one_feature_gives_the_density_of_each_draw(tree, drawn, legend_texts, feature):
    ax = plot_prior(tree, feature)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("waiting", "density")
    for s in range(4):
        (line,) = drawn(ax, f"draw {s}")
        values, density = line.get_data()
        expected = np.exp(drawn_mixture(tree, s).marginal(1).log_density(values[:, None]))
        np.testing.assert_allclose(density, expected, rtol=1e-9)
    assert legend_texts(ax) == ["prior draw, a colour each", "data"]
    np.testing.assert_allclose(sum(bar.get_height() * bar.get_width() for bar in ax.patches), 1.0, rtol=1e-9)


@pytest.mark.parametrize("n_components", [1, 3])
@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_and_size(family, n_components, faithful, drawn):
    tree = bg.prior_predictive(faithful, n_components, covariance_type=family, draws=4, random_state=2)
    ax = plot_prior(tree, n_draws=2)
    assert len(drawn(ax, "draw")) == 2 * n_components
    one = bg.prior_predictive(faithful[["waiting"]], n_components, covariance_type=family, draws=4, random_state=2)
    assert len(drawn(plot_prior(one), "draw")) == 4


def test_a_posterior_is_drawn_by_its_own_priors(posterior, drawn):
    """From its group prior where it has one, else from the priors that it records."""
    own = posterior.with_prior(7, random_state=5)
    for given, n_draws in ((posterior, 2), (own, 2), (own.idata, 2)):
        ax = plot_prior(given, n_draws=n_draws)
        assert len(drawn(ax, "draw")) == 2 * n_draws
        assert len(drawn(ax, "data")) == 1
    line = drawn(plot_prior(own), "draw 0")[0]
    centre = np.column_stack(line.get_data())[:-1].mean(0)
    np.testing.assert_allclose(centre, own.idata["prior"]["means"].values[0, 0, 0], rtol=1e-9)


def test_prior_alone_needs_neither_data_nor_their_replicates(tree, drawn, legend_texts):
    bare = xr.DataTree.from_dict({"prior": tree["prior"].to_dataset()})
    assert legend_texts(plot_prior(bare)) == ["prior draw, a colour each"]
    ax = plot_prior(bare, "eruptions")
    assert len(drawn(ax, "draw")) == 4 and drawn(ax, "data") == []


def test_very_many_rows_are_thinned(tree, drawn, legend_texts, monkeypatch):
    monkeypatch.setattr(module, "MAX_ROWS", 100)
    ax = plot_prior(tree)
    assert len(drawn(ax, "data")[0].get_offsets()) == 100
    assert legend_texts(ax)[-1] == "100 of 272 rows shown"


def test_draws_on_the_given_axes_and_leaves_everything_else_alone(tree):
    figure, axes = plt.subplots(1, 2)
    before = dict(plt.rcParams)
    assert plot_prior(tree, ax=axes[1]) is axes[1]
    assert dict(plt.rcParams) == before
    assert plt.get_fignums() == [figure.number]
    assert not axes[0].has_data()


def test_on_dark_paper_the_data_are_light(tree, drawn):
    with plt.style.context("dark_background"):
        ax = plot_prior(tree)
    assert drawn(ax, "data")[0].get_facecolors()[0, :3].sum() > 2.5


@pytest.mark.parametrize("features", [None, "waiting"])
def test_nothing_is_clipped(tree, features):
    figure = plot_prior(tree, features).figure
    figure.canvas.draw()
    width, height = figure.canvas.get_width_height()
    box = figure.get_tightbbox().transformed(figure.dpi_scale_trans)
    assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= width and box.y1 <= height


ERRORS = {
    "features": (lambda t: plot_prior(t, [0, 1, 1]), "`features` must name at least one feature, each once"),
    "unknown feature": (lambda t: plot_prior(t, "x"), "'eruptions', 'waiting'; got 'x'"),
    "no draws": (lambda t: plot_prior(t, n_draws=0), "`n_draws` must be"),
    "coverage": (lambda t: plot_prior(t, coverage=1.0), "`coverage` must lie strictly between 0 and 1; got 1.0"),
    "no prior": (
        lambda t: plot_prior(t.drop_nodes("prior")),
        r"`prior` must have a group prior; got \['prior_predictive', 'observed_data'\]. Draw from it first",
    ),
    "a mixture": (
        lambda t: plot_prior(Mixture.from_sds([1.0], [[0.0, 0.0]], [[1.0, 1.0]])),
        r"`prior` must be a fit with a posterior; got Mixture. Draw from a prior first: prior_predictive",
    ),
    "priors": (lambda t: plot_prior(bg.Priors()), "must be .*got Priors"),
    "axes": (lambda t: plot_prior(t, ax="here"), "`ax` must be a matplotlib Axes or None; got str"),
}


@pytest.mark.parametrize(("call", "match"), ERRORS.values(), ids=ERRORS)
def test_errors_name_the_argument_and_leave_no_figure(tree, call, match):
    with pytest.raises((InvalidArgumentError, InvalidArgumentTypeError), match=match):
        call(tree)
    assert plt.get_fignums() == []


def test_three_features_are_too_many(four_features):
    tree = bg.prior_predictive(four_features.data, 2, draws=3, random_state=1)
    with pytest.raises(InvalidArgumentError, match="`features` must name one or two features; got \\[0, 1, 2\\]"):
        plot_prior(tree, [0, 1, 2])
