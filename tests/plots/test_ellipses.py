"""The plane of two features, by what is drawn: centres, axes, angles, bands, points, names, legend."""

import io

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb

import bayesgmm as bg
from bayesgmm.covariance import as_family
from bayesgmm.data import as_data
from bayesgmm.em.fit import fit_em
from bayesgmm.errors import InvalidArgumentError, InvalidArgumentTypeError
from bayesgmm.plots import style
from bayesgmm.plots.ellipses import plot_ellipses
from bayesgmm.plots.subject import MAX_ROWS
from bayesgmm.posterior.ellipses import ellipse_band, posterior_mean

COVERAGE = 0.8
RADIUS_SQUARED = -2 * np.log(1 - COVERAGE)  # chi-square's quantile with two degrees of freedom


def centre_and_covariance(line):
    """What ellipse a closed line is: its points stand at equal steps of the angle, with covariance r^2 Sigma / 2."""
    points = np.column_stack(line.get_data())[:-1]
    return points.mean(0), np.cov(points.T, bias=True) / (RADIUS_SQUARED / 2)


@pytest.mark.parametrize("plane", [(0, 1), (1, 0)])
def test_dashed_ellipses_are_ems(posterior, drawn, plane):
    ax = plot_ellipses(posterior, features=plane, coverage=COVERAGE)
    for k, line in enumerate(drawn(ax, "EM")):
        centre, covariance = centre_and_covariance(line)
        np.testing.assert_allclose(centre, posterior.em.means[k, plane], rtol=1e-9)
        np.testing.assert_allclose(covariance, posterior.em.covariances[k][np.ix_(plane, plane)], rtol=1e-9)
        assert line.is_dashed()


def test_solid_ellipses_are_those_of_the_posterior_means(posterior, drawn):
    ax = plot_ellipses(posterior, coverage=COVERAGE)
    mean = posterior_mean(posterior.mixture)
    for k, line in enumerate(drawn(ax, "posterior mean")):
        centre, covariance = centre_and_covariance(line)
        np.testing.assert_allclose(centre, mean.means[k], rtol=1e-9)
        (major, angle), (other_major, other_angle) = longest_axis(covariance), longest_axis(mean.covariances[k])
        assert major == pytest.approx(other_major, rel=1e-9)
        assert angle == pytest.approx(other_angle, rel=1e-9)
        assert not line.is_dashed()


def longest_axis(covariance):
    lengths, axes = np.linalg.eigh(covariance)
    return np.sqrt(lengths[-1]), np.arctan(axes[1, -1] / axes[0, -1])


def test_bands_are_filled_between_the_outlines(posterior, drawn):
    ax = plot_ellipses(posterior, coverage=COVERAGE, ci_prob=0.5)
    band = ellipse_band(posterior.mixture, (0, 1), coverage=COVERAGE, ci_prob=0.5)
    patches = drawn(ax, "band")
    assert len(patches) == 2
    for k, patch in enumerate(patches):
        outer, inner = patch.get_path().to_polygons()
        np.testing.assert_allclose(outer[: len(band["angle"])], band["upper"].to_numpy()[k])
        np.testing.assert_allclose(inner[: len(band["angle"])], band["lower"].to_numpy()[k][::-1])
        assert turning(outer) == -turning(inner)  # what is filled lies between them


def turning(polygon):
    """+1 for an outline that runs counter-clockwise, -1 for clockwise."""
    x, y = polygon.T
    return np.sign(x @ np.roll(y, -1) - y @ np.roll(x, -1))


def test_a_picture_of_a_posterior_has_every_part_once_per_component(posterior, drawn, legend_texts, faithful):
    ax = plot_ellipses(posterior)
    assert [len(drawn(ax, part)) for part in ("rows", "band", "posterior mean", "EM")] == [1, 2, 2, 2]
    assert [text.get_text() for text in ax.texts] == ["0", "1"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == tuple(faithful.columns)
    expected = ["component 0", "component 1", "unsure member", "posterior mean", "89 % credible band", "EM"]
    assert legend_texts(ax) == expected
    assert ax.get_legend().get_title().get_text() == "ellipses hold 95 %"


def test_names_stand_at_the_posterior_means(posterior):
    ax = plot_ellipses(posterior.rename(["short", "long"]))
    assert [text.get_text() for text in ax.texts] == ["short", "long"]
    np.testing.assert_allclose([text.xy for text in ax.texts], posterior.mixture.means.mean((0, 1)), rtol=1e-9)


def test_rows_are_drawn_where_they_are_in_the_colour_of_their_component(posterior, drawn, faithful):
    (points,) = drawn(plot_ellipses(posterior), "rows")
    np.testing.assert_array_equal(points.get_offsets(), faithful)
    shares = posterior.responsibilities()["mean"].to_numpy()
    faces, sure, least = points.get_facecolors()[:, :3], shares.max(1) > 1 - 1e-6, shares.max(1).argmin()
    np.testing.assert_allclose(faces[sure], style.component_colors(2)[shares.argmax(1)[sure]], atol=1e-4)
    saturation = np.linalg.norm(faces - 1, axis=1)
    assert saturation[least] < 0.5 * saturation[sure].min()


@pytest.mark.parametrize("with_rows", [False, True])
def test_em_alone_has_dashed_ellipses_only(faithful, drawn, legend_texts, with_rows):
    em = fit_em(as_data(faithful), 2, as_family("full"), random_state=1)
    ax = plot_ellipses(em, faithful if with_rows else None)
    assert [len(drawn(ax, part)) for part in ("rows", "band", "posterior mean", "EM")] == [with_rows, 0, 0, 2]
    for line, color in zip(drawn(ax, "EM"), style.component_colors(2), strict=True):
        np.testing.assert_allclose(to_rgb(line.get_color()), color)
    assert legend_texts(ax)[-1] == "EM"
    assert ("unsure member" in legend_texts(ax)) is with_rows


def test_an_em_estimator_gives_the_axes_their_names(faithful):
    ax = plot_ellipses(bg.GaussianMixture(2, random_state=1).fit(faithful), features=["waiting", "eruptions"])
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("waiting", "eruptions")


def test_twenty_components_are_told_apart(crowd, drawn, legend_texts):
    x, _ = crowd.sample(2000, 1)
    ax = plot_ellipses(crowd, x)
    assert [text.get_text() for text in ax.texts] == [str(k) for k in range(20)]
    assert len(drawn(ax, "rows")) == len(set(style.component_markers(20)))
    assert sum(len(points.get_offsets()) for points in drawn(ax, "rows")) == 2000
    assert legend_texts(ax)[:20] == [f"component {k}" for k in range(20)]


def test_very_many_rows_are_thinned_and_one_picture_in_a_vector_file(crowd, drawn, legend_texts):
    x, _ = crowd.sample(3 * MAX_ROWS, 1)
    ax = plot_ellipses(crowd, x)
    assert sum(len(points.get_offsets()) for points in drawn(ax, "rows")) == MAX_ROWS
    assert all(points.get_rasterized() for points in drawn(ax, "rows"))
    assert legend_texts(ax)[-1] == "10,000 of 30,000 rows shown"
    ax.figure.savefig(file := io.BytesIO(), format="svg")
    assert len(file.getvalue()) < 1_000_000


def test_few_rows_stay_vectors(posterior, drawn):
    (points,) = drawn(plot_ellipses(posterior), "rows")
    assert not points.get_rasterized()


def test_draws_on_the_given_axes_and_leaves_everything_else_alone(posterior):
    figure, axes = plt.subplots(1, 2)
    before = dict(plt.rcParams)
    assert plot_ellipses(posterior, ax=axes[1]) is axes[1]
    assert dict(plt.rcParams) == before
    assert plt.get_fignums() == [figure.number]
    assert not axes[0].has_data()


def test_without_axes_the_figure_is_the_current_one(posterior):
    ax = plot_ellipses(posterior)
    assert plt.gcf() is ax.figure and plt.gca() is ax


def test_on_dark_paper_the_ink_is_light(posterior, drawn):
    with plt.style.context("dark_background"):
        ax = plot_ellipses(posterior)
    assert ax.get_facecolor() == (0.0, 0.0, 0.0, 1.0)
    assert all(sum(to_rgb(line.get_color())) > 2.5 for line in drawn(ax, "EM"))


def test_components_that_cannot_be_told_apart_are_marked_so(unidentified, legend_texts):
    assert legend_texts(plot_ellipses(unidentified))[-1] == "components not identified"


@pytest.mark.parametrize("suffix", ["png", "pdf", "svg"])
def test_nothing_is_clipped(posterior, suffix, tmp_path):
    ax = plot_ellipses(posterior)
    ax.figure.savefig(tmp_path / f"picture.{suffix}")
    width, height = ax.figure.canvas.get_width_height()
    box = ax.figure.get_tightbbox().transformed(ax.figure.dpi_scale_trans)
    assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= width and box.y1 <= height


ERRORS = {
    "coverage": (lambda p, w: plot_ellipses(p, coverage=1.0), "`coverage` must lie strictly between 0 and 1; got 1.0"),
    "ci_prob as text": (lambda p, w: plot_ellipses(p, ci_prob="a"), "`ci_prob` must be a number"),
    "ci_prob": (lambda p, w: plot_ellipses(p, ci_prob=89), "`ci_prob` must lie strictly between 0 and 1; got 89"),
    "one feature": (lambda p, w: plot_ellipses(w), "`fit` must have at least two features.*Use `plot_density`"),
    "one feature of two": (lambda p, w: plot_ellipses(p, features=[0]), "`features` must name two features"),
    "unknown feature": (lambda p, w: plot_ellipses(p, features=["waiting", "x"]), "'eruptions', 'waiting'; got 'x'"),
    "columns": (lambda p, w: plot_ellipses(p, np.zeros((3, 1))), "X has 1 features"),
    "axes": (lambda p, w: plot_ellipses(p, ax="here"), "`ax` must be a matplotlib Axes or None; got str"),
    "fit": (lambda p, w: plot_ellipses(3), "`fit` must be a fitted estimator"),
}


@pytest.mark.parametrize(("call", "match"), ERRORS.values(), ids=ERRORS)
def test_errors_name_the_argument_and_leave_no_figure(posterior, waiting, call, match):
    with pytest.raises((InvalidArgumentError, InvalidArgumentTypeError), match=match):
        call(posterior, waiting)
    assert plt.get_fignums() == []
