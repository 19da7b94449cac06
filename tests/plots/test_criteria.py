"""Criteria over the number of components, by what is drawn: distances from the best, error bars, the ring."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import bayesgmm as bg
from bayesgmm.covariance import FAMILIES
from bayesgmm.errors import InvalidArgumentError, InvalidArgumentTypeError
from bayesgmm.plots.criteria import plot_criteria
from bayesgmm.selection.criteria import COLLAPSED, compare_criteria
from handmade import handmade_posterior


@pytest.fixture(scope="module")
def fits(faithful):
    return [
        bg.GaussianMixture(K, covariance_type=name, random_state=1).fit(faithful)
        for name in FAMILIES
        for K in (1, 2, 3)
    ]


@pytest.fixture
def table(fits, faithful):
    return compare_criteria(fits, faithful)


def lines(ax):
    return {line.get_label()[1:]: line.get_ydata() for line in ax.get_lines()}


def test_lines_are_distances_from_the_least(table):
    ax = plot_criteria(table)
    assert list(lines(ax)) == list(FAMILIES)
    for name, distances in lines(ax).items():
        own = table[table["covariance_type"] == name]
        np.testing.assert_allclose(distances, own["bic"] - table["bic"].min())
    assert ax.get_title() == "BIC: tied, K = 3"
    assert ax.get_ylabel() == "above its least, 2314.3"
    assert ax.get_xticks().tolist() == [1, 2, 3]


def test_of_other_criteria_more_is_better(table):
    """Downwards is better all the same: distances count down from the highest."""
    table["cv"] = np.linspace(-9.0, -2.0, len(table))
    ax = plot_criteria(table, "cv")
    np.testing.assert_allclose(lines(ax)["spherical"], -2.0 - table["cv"].iloc[-3:])
    assert ax.get_title() == "cv: spherical, K = 3" and ax.get_ylabel().startswith("below its highest, -2.0")
    assert plot_criteria(table, "cv", smaller_is_better=["cv"]).get_title() == "cv: full, K = 1"


def test_the_best_is_ringed(table, drawn):
    (ring,) = drawn(plot_criteria(table, "icl"), "best")
    place = table["icl"].idxmin()
    np.testing.assert_allclose(ring.get_offsets(), [[table["n_components"][place], 0.0]])


def test_error_bars_are_one_standard_error_and_stand_beside_each_other(table, drawn, legend_texts):
    table["cv"], table["cv_se"] = np.linspace(-9.0, -2.0, len(table)), 0.25
    ax = plot_criteria(table, "cv")
    bars = drawn(ax, "error")
    assert len(bars) == 4
    ends = np.array([segment[:, 1] for bar in bars for segment in bar.get_segments()])
    np.testing.assert_allclose(np.diff(ends), 0.5)
    np.testing.assert_allclose(ends.mean(1), -2.0 - table["cv"])
    assert len({bar.get_segments()[0][0, 0] for bar in bars}) == 4
    assert legend_texts(ax)[-1] == "one standard error"


def test_the_error_of_the_difference_goes_before_that_of_the_number(faithful, drawn):
    rng = np.random.default_rng(1)
    posteriors = [handmade_posterior(faithful, K, rng=rng) for K in (1, 2)]
    ax = plot_criteria(posteriors, "elpd_loo")
    table = compare_criteria(posteriors)
    (bars,) = drawn(ax, "error")
    widths = [np.ptp(segment[:, 1]) / 2 for segment in bars.get_segments()]
    np.testing.assert_allclose(widths, table["elpd_loo_diff_se"], atol=1e-12)
    np.testing.assert_allclose(lines(ax)["full"], table["elpd_loo_diff"], atol=1e-9)


def test_what_has_not_the_criterion_is_left_out(fits, faithful):
    posterior = handmade_posterior(faithful, 2, rng=np.random.default_rng(1))
    assert lines(plot_criteria([*fits, posterior], "elpd_loo"))["full"].tolist() == [0.0]


def test_of_several_fits_of_one_size_the_best_is_drawn(table):
    worse = table[table["n_components"] == 2].assign(bic=9999.0)
    ax = plot_criteria(pd.concat([worse, table]))
    assert [len(distances) for distances in lines(ax).values()] == [3] * 4
    assert max(map(max, lines(ax).values())) < 5000


def test_collapsed_fits_are_crossed_out(table, drawn, legend_texts):
    table.loc[0, ["bic", "verdict"]] = [1000.0, COLLAPSED]
    ax = plot_criteria(table)
    (cross,) = [artist for artist in drawn(ax, "collapsed full") if len(artist.get_offsets())]
    np.testing.assert_allclose(cross.get_offsets(), [[1.0, 1000.0 - table["bic"].iloc[1:].min()]])
    assert ax.get_title() == "BIC: tied, K = 3" and len(lines(ax)["full"]) == 2
    assert legend_texts(ax)[-1] == "a component collapsed"


def test_where_all_collapsed_nothing_is_best(table, drawn):
    table["verdict"] = COLLAPSED
    ax = plot_criteria(table)
    assert drawn(ax, "best") == [] and ax.get_title() == "BIC"


def test_several_criteria_have_a_panel_each(table, legend_texts):
    table["cv"] = np.arange(len(table), dtype=float)
    figure = plot_criteria(table, ["bic", "aic", "icl", "cv"])
    assert isinstance(figure, Figure)
    assert [ax.get_title().split(":")[0] for ax in figure.axes] == ["BIC", "AIC", "ICL", "cv"]
    assert legend_texts(figure) == [*FAMILIES, "best"]
    assert len(plot_criteria(table, ["bic", "aic", "icl", "cv", "log_likelihood"]).axes) == 5
    assert isinstance(plot_criteria(table, "bic"), Axes)


def test_families_keep_their_colour_whoever_else_is_there(table, fits):
    def color(ax):
        return next(line.get_color() for line in ax.get_lines() if line.get_label() == "_diag")

    alone = [fit for fit in fits if fit.covariance_type == "diag"]
    assert color(plot_criteria(table)) == color(plot_criteria(alone))


def test_fits_may_be_given_with_their_rows(fits, faithful, table):
    np.testing.assert_allclose(
        lines(plot_criteria(fits, "icl", faithful))["full"], lines(plot_criteria(table, "icl"))["full"]
    )


def test_one_fit_alone_is_a_point(fits):
    ax = plot_criteria(fits[:1])
    assert lines(ax)["full"].tolist() == [0.0] and ax.get_title() == "BIC: full, K = 1"


def test_draws_on_the_given_axes_and_leaves_everything_else_alone(table):
    figure, axes = plt.subplots(1, 2)
    before = dict(plt.rcParams)
    assert plot_criteria(table, ax=axes[1]) is axes[1]
    assert dict(plt.rcParams) == before
    assert plt.get_fignums() == [figure.number]


ERRORS = {
    "unknown": (lambda t: plot_criteria(t, "BIC"), "`criterion` must name columns with numbers among .*; got 'BIC'"),
    "no numbers": (lambda t: plot_criteria(t, "verdict"), "`criterion` must name columns with numbers"),
    "nobody has it": (lambda t: plot_criteria(t, ["bic", "elpd_loo"]), "got 'elpd_loo'. .*a posterior among the fits"),
    "none": (lambda t: plot_criteria(t, []), "`criterion` must name columns with numbers"),
    "no table": (lambda t: plot_criteria(pd.DataFrame({"bic": [1.0]})), "`fits` must have a column 'covariance_type'"),
    "axes for several": (
        lambda t: plot_criteria(t, ["bic"], ax=plt.figure()),
        "`ax` must be None for several criteria",
    ),
    "axes": (lambda t: plot_criteria(t, ax="left"), "`ax` must be a matplotlib Axes or None"),
    "fits": (lambda t: plot_criteria("fits"), "`fits` must be a sequence or a mapping of fits"),
}


@pytest.mark.parametrize(("call", "match"), ERRORS.values(), ids=ERRORS)
def test_errors_name_the_argument(call, match, table):
    with pytest.raises((InvalidArgumentError, InvalidArgumentTypeError), match=match):
        call(table)
