"""The posterior predictive check, by what is drawn: band, rows, what lies outside, words."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from bayesgmm.covariance import as_family
from bayesgmm.data import as_data
from bayesgmm.em.fit import fit_em
from bayesgmm.errors import InvalidArgumentError
from bayesgmm.plots.predictive import plot_predictive_check
from bayesgmm.posterior.replicates import predictive_check

FEW = {"n_replicates": 50, "random_state": 1}


def test_every_panel_draws_the_numbers_of_its_feature(posterior, drawn):
    figure, check = (
        plot_predictive_check(posterior, ci_prob=0.8, **FEW),
        predictive_check(posterior, ci_prob=0.8, **FEW),
    )
    assert [ax.get_xlabel() for ax in figure.axes] == ["eruptions", "waiting"]
    for ax, name in zip(figure.axes, posterior.feature_names, strict=True):
        one = check.sel(feature=name)
        (data,), (band,), (median,) = drawn(ax, "data"), drawn(ax, "band"), drawn(ax, "median")
        np.testing.assert_array_equal(data.get_data().values, one["observed"])
        np.testing.assert_array_equal(data.get_data().edges, one["edges"])
        np.testing.assert_array_equal(median.get_data().values, one["median"])
        np.testing.assert_array_equal(band.get_data().values, one["upper"])
        np.testing.assert_array_equal(band.get_data().baseline, one["lower"])


def test_what_lies_outside_has_a_dot_and_is_counted(faithful, drawn):
    em = fit_em(as_data(faithful), 1, as_family("full"), random_state=1)
    figure, check = plot_predictive_check(em, faithful, **FEW), predictive_check(em, faithful, **FEW)
    for j, ax in enumerate(figure.axes):
        one = check.isel(feature=j)
        outside = ((one["observed"] < one["lower"]) | (one["observed"] > one["upper"])).to_numpy()
        (dots,) = drawn(ax, "outside")
        np.testing.assert_array_equal(dots.get_ydata(), one["observed"].to_numpy()[outside])
        assert ax.get_title(loc="right").startswith(f"{outside.sum()} of ")


def test_the_legend_says_how_much_is_expected_outside(posterior, legend_texts):
    figure = plot_predictive_check(posterior, ci_prob=0.9, **FEW)
    texts = ["data", "median replicate", "90 % of replicates", "outside (10 % expected)"]
    assert legend_texts(figure) == texts


def test_statistics_stand_above_the_panel(waiting):
    ax = plot_predictive_check(waiting, statistics=True, **FEW).axes[0]
    tail = predictive_check(waiting, **FEW)["tail_probability"].isel(feature=0)
    for name in ("smallest", "largest", "skewness", "kurtosis"):
        assert f"{name} {float(tail.sel(statistic=name)):.2f}" in ax.get_title(loc="right")
    assert "smallest" not in plot_predictive_check(waiting, **FEW).axes[0].get_title(loc="right")


@pytest.mark.parametrize(("n_features", "shape"), {1: (1, 1), 4: (1, 4), 5: (2, 3), 6: (2, 3), 9: (3, 3)}.items())
def test_panels_fill_their_rows(rng, n_features, shape):
    x = rng.standard_normal((40, n_features))
    em = fit_em(as_data(x), 1, as_family("diag"), random_state=1)
    figure = plot_predictive_check(em, x, n_replicates=2, random_state=1)
    grid = figure.axes[0].get_gridspec()
    assert (grid.nrows, grid.ncols) == shape
    assert len(figure.axes) == n_features


def test_no_setting_is_changed_and_dark_paper_is_light_inked(posterior, drawn):
    before = dict(plt.rcParams)
    plot_predictive_check(posterior, **FEW)
    assert dict(plt.rcParams) == before
    with plt.style.context("dark_background"):
        ax = plot_predictive_check(posterior, **FEW).axes[0]
    assert sum(drawn(ax, "band")[0].get_facecolor()[:3]) > 2.5


def test_errors_leave_no_figure(posterior):
    with pytest.raises(InvalidArgumentError, match="`X` must be the rows"):
        plot_predictive_check(posterior.em_fit)
    with pytest.raises(InvalidArgumentError, match="`features` must be names or positions"):
        plot_predictive_check(posterior, features=["no"])
    assert plt.get_fignums() == []
