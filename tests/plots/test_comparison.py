"""EM beside the posterior, by what is drawn: places, ends of intervals, numbers, colours."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from scipy.stats import norm

import bayesgmm as bg
from bayesgmm.comparison.em import compare_em
from bayesgmm.comparison.fits import compare_fits
from bayesgmm.errors import InvalidArgumentError, InvalidArgumentTypeError
from bayesgmm.plots import style
from bayesgmm.plots.comparison import WIDTH, plot_comparison
from handmade import handmade_posterior


def ends(lines):
    """Left and right ends of horizontal lines, by row from the top."""
    return np.array([segment[:, 0] for segment in lines.get_segments()])


@pytest.mark.parametrize(("ci_prob", "ci_kind"), [(None, None), (0.5, "hdi")])
def test_places_are_counted_in_posterior_sds_from_the_posterior_mean(posterior, drawn, ci_prob, ci_kind):
    table = compare_em(posterior, ci_prob=ci_prob, ci_kind=ci_kind)
    ax = plot_comparison(posterior, ci_prob=ci_prob, ci_kind=ci_kind)
    (reach, em), (interval, mean) = drawn(ax, "EM"), drawn(ax, "posterior")
    np.testing.assert_allclose(em.get_offsets()[:, 0], -table["shift"], atol=1e-9)
    np.testing.assert_allclose(mean.get_offsets()[:, 0], 0.0)
    half = norm.ppf(0.5 + (ci_prob or 0.89) / 2) * table["em_se"] / table["sd"]
    estimate = -table["shift"]
    np.testing.assert_allclose(ends(reach), np.column_stack([estimate - half, estimate + half]), atol=1e-9)
    lower, upper = (name for name in table.columns if name.startswith(ci_kind or "eti"))
    expected = (table[[lower, upper]].to_numpy() - table[["mean"]].to_numpy()) / table[["sd"]].to_numpy()
    np.testing.assert_allclose(ends(interval), expected, atol=1e-9)


def test_rows_are_the_parameters_from_the_top_with_a_gap_between_kinds(posterior, drawn):
    ax = plot_comparison(posterior)
    table = compare_em(posterior)
    assert [label.get_text() for label in ax.get_yticklabels()] == list(table.index)
    steps = -np.diff(ax.get_yticks())
    kinds = [name.split("[")[0] for name in table.index]
    is_new = np.array([a != b for a, b in zip(kinds[1:], kinds[:-1], strict=True)])
    assert (steps > 0).all()
    assert steps[is_new].min() > steps[~is_new].max()


def test_numbers_stand_beside_the_rows(posterior):
    ax = plot_comparison(posterior, parameters="means")
    (numbers,) = ax.child_axes
    head, *lines = [label.get_text() for label in numbers.get_yticklabels()]
    assert head.split() == ["EM", "±", "se", "posterior", "mean", "[89", "%]"]
    table = compare_em(posterior)
    rows = table.loc[table.index.str.startswith("means")]
    for line, (_, row) in zip(lines, rows.iterrows(), strict=True):
        assert line.startswith(style.number_text(row["em"], row["sd"]))
        assert style.number_text(row["mean"], row["sd"]) in line
    np.testing.assert_array_equal(numbers.get_yticks()[1:], ax.get_yticks())


def test_a_row_has_the_colour_of_its_component(posterior, drawn):
    ax = plot_comparison(posterior)
    interval, _ = drawn(ax, "posterior")
    first, second = style.component_colors(2)
    for label, color in zip(ax.get_yticklabels(), interval.get_colors(), strict=True):
        expected = second if "[1" in label.get_text() else first
        np.testing.assert_allclose(color[:3], expected)


def test_what_all_components_share_is_drawn_in_ink(faithful, drawn):
    tied = handmade_posterior(faithful, 2, "tied", rng=np.random.default_rng(1))
    interval, _ = drawn(plot_comparison(tied, parameters=["sds", "correlations"]), "posterior")
    assert {tuple(np.round(color[:3], 2)) for color in interval.get_colors()} == {(0.13, 0.13, 0.13)}


def test_another_em_fit_can_stand_beside_it(posterior, faithful, drawn):
    em = bg.GaussianMixture(2, random_state=1, tol=0.1, n_init=1).fit(faithful)
    _, own = drawn(plot_comparison(posterior), "EM")
    _, other = drawn(plot_comparison(posterior, em), "EM")
    assert np.abs(own.get_offsets() - other.get_offsets()).max() > 1e-3


def test_components_that_cannot_be_told_apart_leave_estimates_without_interval(unidentified, drawn):
    ax = plot_comparison(unidentified)
    assert ax.get_yticklabels()[0].get_text().startswith("sorted_weights")
    reach, em = drawn(ax, "EM")
    assert len(reach.get_segments()) == 0
    assert len(em.get_offsets()) == len(ax.get_yticks())
    assert "±" not in ax.child_axes[0].get_yticklabels()[1].get_text()


def test_the_legend_says_what_is_what(posterior, legend_texts):
    assert legend_texts(plot_comparison(posterior, ci_prob=0.5)) == ["EM, 50 % interval", "posterior, 50 % interval"]


def test_draws_on_the_given_axes_and_leaves_everything_else_alone(posterior):
    figure, ax = plt.subplots()
    before = dict(plt.rcParams)
    assert plot_comparison(posterior, ax=ax) is ax
    assert dict(plt.rcParams) == before
    assert plt.get_fignums() == [figure.number]


def test_nothing_is_clipped_and_no_text_covers_another(four_features):
    check_texts(plot_comparison(four_features))


@pytest.mark.parametrize("of", [lambda p: p, lambda p: {"nuts": p, "EM": p.em_fit}], ids=["one", "several"])
def test_long_names_make_the_figure_wider_and_leave_the_rows_their_room(of, faithful):
    names = [f"{name}, in minutes, at the geyser's only vent" for name in faithful]
    long = handmade_posterior(faithful.set_axis(names, axis=1), 2, rng=np.random.default_rng(1))
    short = handmade_posterior(faithful, 2, rng=np.random.default_rng(1))
    ax = plot_comparison(of(long))
    check_texts(ax)
    assert ax.get_window_extent().width > 2.5 * ax.figure.dpi
    assert ax.figure.get_figwidth() > plot_comparison(of(short)).figure.get_figwidth() == WIDTH


def check_texts(ax):
    ax.figure.canvas.draw()
    box = ax.figure.get_tightbbox().transformed(ax.figure.dpi_scale_trans)
    assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= ax.figure.bbox.x1 and box.y1 <= ax.figure.bbox.y1
    for axis in (ax.yaxis, ax.child_axes[0].yaxis):
        bottoms, tops = np.sort([label.get_window_extent().intervaly for label in axis.get_ticklabels()], axis=0).T
        assert (bottoms[1:] >= tops[:-1]).all()


@pytest.fixture
def fits(posterior, faithful):
    """NUTS, another posterior as if by Laplace, and EM."""
    other = handmade_posterior(faithful, 2, rng=np.random.default_rng(4))
    weighed = {
        "pareto_k": 0.4,
        "importance_ess": 600.0,
        "least_sd_ratio": 0.9,
        "largest_shift": 0.1,
        "is_resampled": 1,
        "sampling_time": 0.5,
    }
    group = other.idata["posterior"].to_dataset(inherit=False).assign_attrs(method="laplace", **weighed)
    return {"laplace": other.with_group("posterior", group), "nuts": posterior, "EM": posterior.em_fit}


def test_of_several_fits_places_are_counted_in_sds_of_the_reference(fits, drawn):
    table = compare_fits(fits, ci_prob=0.5).parameters
    ax = plot_comparison(fits, ci_prob=0.5)
    mean, sd = table["nuts", "mean"].to_numpy(), table["nuts", "sd"].to_numpy()
    for name in fits:
        interval, point = drawn(ax, name)
        centre, _, *bounds = table[name].to_numpy().T
        np.testing.assert_allclose(point.get_offsets()[:, 0], (centre - mean) / sd, atol=1e-9)
        np.testing.assert_allclose(ends(interval), ((np.array(bounds) - mean) / sd).T, atol=1e-9)
    assert ax.get_xlabel() == "(value - mean of nuts) / sd of nuts"


def test_of_several_fits_a_row_has_a_line_each_from_the_top(fits, drawn):
    ax = plot_comparison(fits)
    heights = np.array([drawn(ax, name)[1].get_offsets()[:, 1] for name in fits])
    assert (np.diff(heights, axis=0) < 0).all()
    np.testing.assert_allclose(heights.mean(0), ax.get_yticks())
    assert (heights[:, :-1].min(0) > heights[:, 1:].max(0)).all()
    assert [label.get_text() for label in ax.get_yticklabels()] == list(compare_fits(fits).parameters.index)


def test_each_fit_has_its_colour_and_what_has_no_posterior_is_dashed_and_hollow(fits, drawn):
    ax = plot_comparison(fits)
    for name, color in zip(fits, style.component_colors(3), strict=True):
        interval, point = drawn(ax, name)
        np.testing.assert_allclose(interval.get_colors()[0, :3], color)
        np.testing.assert_allclose(point.get_edgecolors()[0, :3], color)
    faces = [tuple(drawn(ax, name)[1].get_facecolors()[0, :3]) for name in ("nuts", "EM")]
    dashes = [drawn(ax, name)[0].get_linestyle()[0][1] for name in ("nuts", "EM")]
    assert faces[0] != (1.0, 1.0, 1.0) and faces[1] == (1.0, 1.0, 1.0)
    assert dashes[0] is None and dashes[1] is not None


def test_what_is_known_is_a_point_without_a_line(posterior, drawn, legend_texts):
    truth = posterior.em.permute([1, 0])
    ax = plot_comparison({"nuts": posterior, "EM": posterior.em_fit, "truth": truth})
    (reach, point), (_, estimate) = drawn(ax, "truth"), drawn(ax, "EM")
    assert len(reach.get_segments()) == 0
    np.testing.assert_allclose(point.get_offsets()[:, 0], estimate.get_offsets()[:, 0], atol=1e-9)
    assert point.get_facecolors()[0, :3].tolist() == list(style.paper(ax))
    assert legend_texts(ax)[-1] == "truth"
    assert ax.get_legend().get_lines()[-1].get_linestyle() == "None"


def test_of_several_fits_the_legend_says_what_each_cost(fits, legend_texts):
    texts = legend_texts(plot_comparison(fits))
    assert texts == ["laplace: 0.50 s, 300 ESS/s, k-hat 0.40", "nuts", "EM"]


def test_of_several_fits_the_numbers_are_those_of_the_reference(fits):
    ax = plot_comparison(fits, parameters="means")
    head, *lines = [label.get_text() for label in ax.child_axes[0].get_yticklabels()]
    assert head == "nuts [89 %]"
    table = compare_fits(fits).parameters
    rows = table.loc[table.index.str.startswith("means")]
    for line, (_, row) in zip(lines, rows.iterrows(), strict=True):
        assert line.startswith(style.number_text(row["nuts", "mean"], row["nuts", "sd"]))


def test_without_nuts_the_first_posterior_is_the_reference(fits):
    ax = plot_comparison({"EM": fits["EM"], "laplace": fits["laplace"]})
    assert ax.get_xlabel() == "(value - mean of laplace) / sd of laplace"


def test_of_several_fits_estimates_without_interval_stand_alone(unidentified, drawn):
    ax = plot_comparison({"nuts": unidentified, "EM": unidentified.em_fit})
    reach, em = drawn(ax, "EM")
    assert len(reach.get_segments()) == 0
    assert len(em.get_offsets()) == len(ax.get_yticks())


def test_several_fits_are_drawn_on_the_given_axes(fits):
    figure, ax = plt.subplots()
    assert plot_comparison(fits, ax=ax) is ax
    assert plt.get_fignums() == [figure.number]


@pytest.mark.parametrize("n_fits", [1, 2, 5])
def test_of_several_fits_nothing_is_clipped_and_no_text_covers_another(n_fits, four_features):
    ax = plot_comparison({f"fit number {i}": four_features for i in range(n_fits)})
    check_texts(ax)


ERRORS = {
    "parameters": (lambda p: plot_comparison(p, parameters="sd"), "`parameters` must be among 'weights', .*; got 'sd'"),
    "no parameters": (lambda p: plot_comparison(p, parameters=[]), "`parameters` must be among"),
    "no posterior": (lambda p: plot_comparison(p.em), "`fit` must have a posterior"),
    "em": (lambda p: plot_comparison(p, 3), "must be a fitted estimator"),
    "ci_prob": (lambda p: plot_comparison(p, ci_prob=2.0), "ci_prob"),
    "ci_prob as text": (lambda p: plot_comparison(p, ci_prob="a"), "`ci_prob` must be a number"),
    "em of other rows": (
        lambda p: plot_comparison(p, bg.GaussianMixture(2, random_state=1).fit(p.observed[:-1])),
        "`em` must be fitted to the rows of the posterior.* Fit it to the same rows",
    ),
    "em beside several fits": (
        lambda p: plot_comparison({"nuts": p}, p.em_fit),
        "`em` must be None beside several fits; got EMFit. Put it among them.",
    ),
    "no posterior among several": (
        lambda p: plot_comparison({"EM": p.em_fit}),
        "`fits` must hold at least one fit with a posterior",
    ),
    "a list": (lambda p: plot_comparison([p, p.em_fit]), r'mapping .*; got list. Name them, as in `{"nuts": fit'),
    "parameters of several": (lambda p: plot_comparison({"nuts": p}, parameters="sd"), "`parameters` must be among"),
    "axes of several": (lambda p: plot_comparison({"nuts": p}, ax=1), "`ax` must be a matplotlib Axes or None"),
    "axes": (lambda p: plot_comparison(p, ax=1), "`ax` must be a matplotlib Axes or None"),
}


@pytest.mark.parametrize(("call", "match"), ERRORS.values(), ids=ERRORS)
def test_errors_name_the_argument_and_leave_no_figure(posterior, call, match):
    with pytest.raises((InvalidArgumentError, InvalidArgumentTypeError), match=match):
        call(posterior)
    assert plt.get_fignums() == []
