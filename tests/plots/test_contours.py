"""Contours of the density, by what is drawn: heights, bands, labels, legend."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb

from bayesgmm.covariance import as_family
from bayesgmm.data import as_data
from bayesgmm.em.fit import fit_em
from bayesgmm.errors import InvalidArgumentError, InvalidArgumentTypeError
from bayesgmm.mixture import Mixture
from bayesgmm.plots.contours import plot_density_contours
from bayesgmm.posterior.thinning import spaced_draws
from handmade import handmade_posterior, scattered_values


def vertices(contours):
    return [path.vertices for path in contours.get_paths()]


def test_a_picture_of_a_posterior_has_every_part(posterior, drawn, legend_texts):
    ax = plot_density_contours(posterior)
    parts = {"rows": 1, "posterior mean": 1, "EM": 1, "band": 3}
    assert {part: len(drawn(ax, part)) for part in parts} == parts
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("eruptions", "waiting")
    texts = ["component 0", "component 1", "unsure member", "posterior mean", "89 % credible band", "EM"]
    assert legend_texts(ax) == texts
    assert ax.get_legend().get_title().get_text() == "smallest region that holds"
    assert {text.get_text() for text in ax.texts} == {"50 %", "80 %", "95 %"}


def test_a_contour_of_mass_lies_at_one_density_and_holds_the_mass(posterior, drawn):
    """The predictive density is the same all along the line, and a draw from it lies inside with probability p."""
    (mean,) = drawn(plot_density_contours(posterior, levels=[0.8]), "posterior mean")
    (line,) = vertices(mean)
    heights = posterior.score_samples(line)
    assert np.ptp(heights) < 0.05
    inside = posterior.score_samples(posterior.sample(20_000, 1)[0]) > heights.mean()
    assert inside.mean() == pytest.approx(0.8, abs=0.015)


def test_a_contour_of_the_score_lies_at_that_log_density(posterior, drawn, legend_texts):
    ax = plot_density_contours(posterior, of="score", levels=[-5.0, -7.0])
    (mean,) = drawn(ax, "posterior mean")
    for score, line in zip((-7.0, -5.0), vertices(mean), strict=True):
        np.testing.assert_allclose(posterior.score_samples(line), score, atol=0.05)
    assert {text.get_text() for text in ax.texts} == {"-5", "-7"}
    assert drawn(ax, "band") == [] and "89 % credible band" not in legend_texts(ax)


def test_default_scores_are_round_and_below_the_top(posterior, drawn):
    (em,) = drawn(plot_density_contours(posterior.em_fit, of="score"), "EM")
    top = posterior.em.log_density(posterior.em.means).max()
    assert 4 <= len(em.levels) <= 10 and em.levels.max() < top + 0.1
    np.testing.assert_allclose(np.mod(em.levels, 0.5), 0.0)


def test_the_band_is_where_the_interval_holds_the_height(posterior, drawn):
    """On the band's outline one end of the interval of the log density equals the contour's height."""
    ax = plot_density_contours(posterior, levels=[0.5], ci_prob=0.8)
    (band,), (mean,) = drawn(ax, "band"), drawn(ax, "posterior mean")
    each = spaced_draws(posterior.mixture).log_density(np.concatenate(vertices(band)))
    lower, upper = np.quantile(each, [0.1, 0.9], axis=0)
    gap = np.minimum(np.abs(lower - mean.levels[0]), np.abs(upper - mean.levels[0]))
    assert np.median(gap) < 0.003  # h^2 / 8 sd^2, with h the step of the grid and sd that of the narrower component
    assert gap.max() < 0.2  # where the band's two sides meet in a corner: the change within a cell


@pytest.mark.parametrize("asked", [{"levels": [0.5, 0.99, 0.999]}, {"of": "score", "levels": [-30.0]}, {"of": "score"}])
def test_the_lowest_contour_and_its_band_are_never_cut(drawn, rng, asked):
    """Of few rows, with wide bands: every line and band ends before the grid does, and lines come back to their start.

    The grid's edges are the picture's limits without margins.
    """
    few = rng.standard_normal((12, 2))
    values = scattered_values(fit_em(as_data(few), 1, as_family("full")).mixture, as_family("full"), rng, scatter=0.2)
    wide = handmade_posterior(few, 1, rng=rng, values=values)
    ax = plot_density_contours(wide, **asked)
    ends = np.array([ax.dataLim.min, ax.dataLim.max])
    parts = [*drawn(ax, "posterior mean"), *drawn(ax, "EM"), *drawn(ax, "band")]
    for line in [line for part in parts for line in vertices(part)]:
        assert (ends[0] < line.min(0)).all() and (line.max(0) < ends[1]).all()


def test_text_stands_on_paper(posterior):
    """Dark lines run below it."""
    ax = plot_density_contours(posterior, of="score")
    assert {text.get_bbox_patch().get_facecolor() for text in ax.texts} == {(1.0, 1.0, 1.0, 1.0)}


def test_other_features_are_integrated_out(four_features, drawn):
    (em,) = drawn(plot_density_contours(four_features, features=["x3", 1], of="score", levels=[-4.0]), "EM")
    (line,) = vertices(em)
    np.testing.assert_allclose(four_features.em.marginal([3, 1]).log_density(line), -4.0, atol=0.1)


@pytest.mark.parametrize("with_rows", [False, True])
def test_em_alone(faithful, drawn, legend_texts, with_rows):
    em = fit_em(as_data(faithful), 2, as_family("full"), random_state=1)
    ax = plot_density_contours(em, faithful if with_rows else None)
    parts = {"EM": 1, "posterior mean": 0, "band": 0, "rows": int(with_rows)}
    assert {part: len(drawn(ax, part)) for part in parts} == parts
    assert legend_texts(ax)[-1] == "EM"


def test_one_component_and_many(crowd, drawn):
    one = Mixture.from_sds([1.0], [[0.0, 5.0]], [[1.0, 2.0]])
    assert len(drawn(plot_density_contours(one), "mixture")) == 1
    assert len(drawn(plot_density_contours(crowd), "mixture")) == 1


def test_draws_on_the_given_axes_and_leaves_everything_else_alone(posterior):
    figure, axes = plt.subplots(1, 2)
    before = dict(plt.rcParams)
    assert plot_density_contours(posterior, ax=axes[0]) is axes[0]
    assert dict(plt.rcParams) == before
    assert plt.get_fignums() == [figure.number]


def test_on_dark_paper_the_ink_is_light(posterior, drawn):
    with plt.style.context("dark_background"):
        ax = plot_density_contours(posterior)
    assert sum(to_rgb(drawn(ax, "EM")[0].get_edgecolor()[0])) > 2.5


ERRORS = {
    "one feature": (lambda p: plot_density_contours(p, features=[0]), "`features` must name two features"),
    "of": (lambda p: plot_density_contours(p, of="height"), "`of` must be one of 'mass', 'score'; got 'height'"),
    "levels": (lambda p: plot_density_contours(p, levels=[0.5, 1.5]), "strictly between 0 and 1"),
    "ci_prob": (lambda p: plot_density_contours(p, ci_prob=0), "`ci_prob` must lie strictly between 0 and 1; got 0"),
    "axes": (lambda p: plot_density_contours(p, ax=plt.gcf), "`ax` must be a matplotlib Axes or None"),
    "fit": (lambda p: plot_density_contours(None), "`fit` must be a fitted estimator"),
}


@pytest.mark.parametrize(("call", "match"), ERRORS.values(), ids=ERRORS)
def test_errors_name_the_argument_and_leave_no_figure(posterior, call, match):
    with pytest.raises((InvalidArgumentError, InvalidArgumentTypeError), match=match):
        call(posterior)
    assert plt.get_fignums() == []
