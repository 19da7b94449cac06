"""Sorted bars of memberships, by what is drawn: heights, order, whiskers, names."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

import bayesgmm as bg
from bayesgmm.errors import InvalidArgumentError, InvalidArgumentTypeError
from bayesgmm.plots.plane import RASTER_FROM
from bayesgmm.plots.responsibilities import FEW_ROWS, plot_responsibilities
from handmade import handmade_posterior


@pytest.fixture(scope="module")
def overlapping():
    """Three components that share many rows, named."""
    rng = np.random.default_rng(1)
    rows = rng.standard_normal((120, 2)) + 2.0 * np.array([[0, 0], [1, 2], [2, 0]])[np.arange(120) % 3]
    return handmade_posterior(rows, 3, rng=rng).rename(["a", "b", "c"])


def bars(patch):
    """Top and base of each bar of a patch of stairs."""
    top, _, base = patch.get_data()
    is_bar = np.isfinite(top)
    return top[is_bar], base[is_bar]


@pytest.mark.parametrize("n_rows", [60, 120])
def test_bars_are_the_sorted_responsibilities(overlapping, drawn, n_rows):
    x = overlapping.data.x[:n_rows]
    shares = overlapping.responsibilities(x)["mean"].to_numpy()
    order = np.lexsort((-shares.max(1), shares.argmax(1)))
    stacks = [bars(patch) for patch in drawn(plot_responsibilities(overlapping, x), "bars")]
    heights = np.column_stack([top - base for top, base in stacks])
    np.testing.assert_allclose(heights, shares[order], atol=1e-9)
    assert np.all(np.diff(heights.argmax(1)) >= 0)


def test_bars_are_stacked_from_zero_to_one_and_the_likeliest_stands_lowest(overlapping, drawn):
    stacks = [bars(patch) for patch in drawn(plot_responsibilities(overlapping), "bars")]
    tops, bases = (np.column_stack(side) for side in zip(*stacks, strict=True))
    owner = (tops - bases).argmax(1)
    np.testing.assert_allclose(bases[np.arange(len(owner)), owner], 0.0, atol=1e-12)
    np.testing.assert_allclose(tops.max(1), 1.0, atol=1e-9)
    np.testing.assert_allclose(np.sort(bases, axis=1)[:, 1:], np.sort(tops, axis=1)[:, :-1], atol=1e-9)


def test_few_rows_have_whiskers_of_their_own(overlapping, drawn):
    x = overlapping.data.x[: FEW_ROWS // 2]
    ax = plot_responsibilities(overlapping, x, ci_prob=0.5)
    (whiskers,) = drawn(ax, "whiskers")
    described = overlapping.responsibilities(x, ci_prob=0.5)
    owner = described["mean"].to_numpy().argmax(1)
    order = np.lexsort((-described["mean"].to_numpy().max(1), owner))
    rows = np.arange(len(x))
    ends = [described[name].to_numpy()[rows, owner][order] for name in ("lower", "upper")]
    np.testing.assert_allclose([segment[:, 1] for segment in whiskers.get_segments()], np.column_stack(ends))


def test_many_rows_have_a_band(overlapping, drawn, legend_texts):
    ax = plot_responsibilities(overlapping)
    (band,) = drawn(ax, "whiskers")
    upper, lower = bars(band)
    assert len(upper) == 120 and (upper >= lower).all()
    assert legend_texts(ax) == ["a", "b", "c", "89 % credible interval"]


def test_components_are_named_with_their_number_of_rows(overlapping):
    texts = [text.get_text() for text in plot_responsibilities(overlapping).texts]
    counts = np.bincount(overlapping.responsibilities()["mean"].to_numpy().argmax(1), minlength=3)
    assert texts == [f"{name}\n{count} rows" for name, count in zip("abc", counts, strict=True)]


def test_what_has_no_room_below_its_bars_is_left_out(overlapping, crowd):
    long = overlapping.rename(["a", "a name far longer than its bars are wide", "c"])
    first, second, third = [text.get_text() for text in plot_responsibilities(long).texts]
    assert second == "" and first.startswith("a\n") and third.startswith("c\n")
    texts = plot_responsibilities(crowd, np.repeat(crowd.means, 25, axis=0)).texts
    assert [text.get_text() for text in texts] == [str(k) for k in range(20)]  # no room for the number of rows


def test_few_rows_with_names_have_them_below_their_bars(overlapping):
    """Sorted as the bars are; the components' names then stand above."""
    named = pd.DataFrame(overlapping.data.x[:6], index=["ann", "bob", "cy", "dee", "eve", "fay"])
    shares = overlapping.responsibilities(named)["mean"].to_numpy()
    order = np.lexsort((-shares.max(1), shares.argmax(1)))
    ax = plot_responsibilities(overlapping, named)
    assert [label.get_text() for label in ax.get_xticklabels()] == list(named.index[order])
    assert ax.get_xticklabels()[0].get_rotation() == 0 and list(ax.texts) == []
    (above,) = ax.child_axes
    assert [label.get_text() for label in above.get_xticklabels()] == [f"{name}\n2 rows" for name in "abc"]


def test_names_of_rows_that_have_no_room_turn_shrink_or_go(overlapping):
    def labels(index, **how):
        x = pd.DataFrame(overlapping.data.x[: len(index)], index=index)
        return plot_responsibilities(overlapping, x, **how).get_xticklabels()

    long = [f"the name of row {i}, which is long" for i in range(FEW_ROWS)]
    first, *_ = labels(long[:20])
    assert first.get_rotation() == 90 and first.get_text().endswith("…") and len(first.get_text()) == 20
    assert 5 <= labels(long[:40])[0].get_fontsize() < 8
    assert labels(long) == []
    assert labels(range(20)) == []  # counted from 0, they have no names
    assert labels(pd.date_range("2026-01-01", periods=9))[0].get_text().startswith("2026-01-0")
    assert len(labels(range(100, 120))) == 20


def test_em_alone_has_bars_without_whiskers(faithful, drawn, legend_texts):
    ax = plot_responsibilities(bg.GaussianMixture(2, random_state=1).fit(faithful), faithful)
    assert (len(drawn(ax, "bars")), len(drawn(ax, "whiskers"))) == (2, 0)
    assert legend_texts(ax) == ["component 0", "component 1"]


def test_one_row_and_one_component_are_drawn(waiting, faithful, drawn, rng):
    (first, second) = drawn(plot_responsibilities(waiting, faithful[["waiting"]][:1]), "bars")
    assert len(bars(first)[0]) == len(bars(second)[0]) == 1
    (only,) = drawn(plot_responsibilities(handmade_posterior(faithful, 1, rng=rng)), "bars")
    np.testing.assert_allclose(bars(only)[0], 1.0)


def test_very_many_rows_are_thinned_and_one_picture_in_a_vector_file(crowd, drawn, legend_texts):
    ax = plot_responsibilities(crowd, crowd.sample(12_000, 1)[0])
    assert all(patch.get_rasterized() for patch in drawn(ax, "bars"))
    assert RASTER_FROM < 10_000
    assert legend_texts(ax)[-1] == "10,000 of 12,000 rows shown"


def test_draws_on_the_given_axes(posterior):
    figure, axes = plt.subplots(1, 2)
    assert plot_responsibilities(posterior, ax=axes[1]) is axes[1]
    assert plt.get_fignums() == [figure.number]


ERRORS = {
    "no rows": (lambda p, c: plot_responsibilities(c), "`X` must be given for this picture; got None. Pass the rows"),
    "ci_prob": (lambda p, c: plot_responsibilities(p, ci_prob=0), "`ci_prob` must lie strictly between 0 and 1"),
    "axes": (lambda p, c: plot_responsibilities(p, ax="here"), "`ax` must be a matplotlib Axes or None; got str"),
    "fit": (lambda p, c: plot_responsibilities(3), "`fit` must be a fitted estimator"),
}


@pytest.mark.parametrize(("call", "match"), ERRORS.values(), ids=ERRORS)
def test_errors_name_the_argument_and_leave_no_figure(posterior, crowd, call, match):
    with pytest.raises((InvalidArgumentError, InvalidArgumentTypeError), match=match):
        call(posterior, crowd)
    assert plt.get_fignums() == []
