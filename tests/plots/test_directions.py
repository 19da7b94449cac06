"""The plane of the separating directions: projected rows and ellipses, labels, one direction only."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from bayesgmm.covariance import as_family
from bayesgmm.data import as_data
from bayesgmm.em.fit import fit_em
from bayesgmm.errors import InvalidArgumentError, InvalidArgumentTypeError
from bayesgmm.mixture import Mixture
from bayesgmm.plots.directions import plot_directions
from bayesgmm.posterior.directions import separating_directions
from bayesgmm.posterior.ellipses import ellipse_band
from handmade import handmade_posterior


@pytest.fixture(scope="module")
def triangle():
    """Three components in four features, of which the first two tell them apart."""
    rng = np.random.default_rng(4)
    rows = rng.standard_normal((150, 4))
    rows[:, :2] += 5 * np.array([[0, 0], [1, 0], [0, 1]])[rng.integers(3, size=150)]
    return handmade_posterior(rows, 3, rng=rng)


def test_rows_and_ellipses_are_those_of_the_scores(triangle, drawn):
    ax, found = plot_directions(triangle, ci_prob=0.5), separating_directions(triangle)
    scores = found.scores(triangle.observed)
    offsets = np.concatenate([artist.get_offsets() for artist in drawn(ax, "rows")])
    np.testing.assert_allclose(np.sort(offsets, axis=0), np.sort(scores[:, :2], axis=0))
    outlines = found.project(triangle.em, [0, 1]).ellipse(n_points=181)
    for line, outline in zip(drawn(ax, "EM"), outlines, strict=True):
        np.testing.assert_allclose(line.get_xydata(), outline)
    band = ellipse_band(found.project(triangle.mixture, [0, 1]), ci_prob=0.5)
    for line, outline in zip(drawn(ax, "posterior mean"), band["mean"].to_numpy(), strict=True):
        np.testing.assert_allclose(line.get_xydata(), outline)


def test_labels_say_what_a_direction_carries_and_where_features_grow(triangle, legend_texts):
    ax, found = plot_directions(triangle), separating_directions(triangle)
    for j, label in enumerate((ax.get_xlabel(), ax.get_ylabel())):
        first, ends = label.split("\n")
        assert first == f"direction {j + 1} ({100 * found.shares[j]:.0f} % of the separation)"
        for name, r in zip(found.feature_names, found.correlations[:, j], strict=True):
            if abs(r) >= 0.5:
                left, _, right = ends.rpartition("     ")
                assert name in (right if r > 0 else left or right)
    assert "x2" not in ax.get_xlabel() + ax.get_ylabel()
    assert legend_texts(ax)[:3] == ["component 0", "component 1", "component 2"]


def test_a_feature_that_falls_along_the_direction_stands_at_its_left_end():
    means = [[0.0, 0.0], [4.0, -4.0]]
    mixture = Mixture.from_covariances([0.5, 0.5], means, [[[1.0, 0.0], [0.0, 1.5]]] * 2)
    assert plot_directions(mixture).get_xlabel().endswith("\n← x1     x0 →")


def test_long_names_are_left_out_but_for_the_first(rng):
    rows = pd.DataFrame(rng.standard_normal((60, 2)), columns=["a" * 60, "b" * 10])
    rows += 6 * rng.integers(2, size=(60, 1))
    ends = plot_directions(handmade_posterior(rows, 2, rng=rng)).get_xlabel().split("\n")[1]
    assert ends in ("a" * 60 + " →", "b" * 10 + " →")


def test_where_one_direction_is_all_its_density_is_drawn(posterior, waiting, drawn, legend_texts):
    for one in (posterior, waiting):
        ax = plot_directions(one)
        assert ax.get_ylabel() == "density" and len(drawn(ax, "component")) == 2
        assert legend_texts(ax) == ["component 0", "component 1", "posterior mean", "89 % credible band", "EM"]
    assert plot_directions(posterior, balance=0.5).get_ylabel().startswith("direction 2")


def test_directions_can_be_chosen(triangle):
    ax = plot_directions(triangle, directions=[3, 1], balance=0.5)
    assert ax.get_xlabel().startswith("direction 4") and ax.get_ylabel().startswith("direction 2")
    assert plot_directions(triangle, directions=[1]).get_ylabel() == "density"


def test_em_alone_with_rows(faithful, drawn):
    em = fit_em(as_data(faithful), 2, as_family("full"), random_state=1)
    ax = plot_directions(em, faithful, balance=0.5)
    assert [len(drawn(ax, part)) for part in ("EM", "band", "posterior mean")] == [2, 0, 0]
    assert len(drawn(ax, "rows")) == 1


def test_draws_on_the_given_axes_and_leaves_everything_else_alone(triangle):
    figure, axes = plt.subplots(1, 2)
    before = dict(plt.rcParams)
    assert plot_directions(triangle, ax=axes[0]) is axes[0]
    assert dict(plt.rcParams) == before
    assert plt.get_fignums() == [figure.number]


ERRORS = {
    "too many": (lambda p: plot_directions(p, directions=[0, 1, 2]), "`directions` must be one or two of 0 to 1"),
    "unknown": (lambda p: plot_directions(p, directions=[2]), "`directions` must be one or two of 0 to 1"),
    "twice": (lambda p: plot_directions(p, directions=[1, 1]), "`directions` must be one or two of 0 to 1"),
    "coverage": (lambda p: plot_directions(p, coverage=1.0), "`coverage` must"),
    "one component": (lambda p: plot_directions(Mixture.from_sds([1.0], [[0.0]], [[1.0]])), "at least two components"),
    "axes": (lambda p: plot_directions(p, ax=plt.gcf), "`ax` must be a matplotlib Axes or None"),
    "fit": (lambda p: plot_directions(None), "`fit` must be a fitted estimator"),
}


@pytest.mark.parametrize(("call", "match"), ERRORS.values(), ids=ERRORS)
def test_errors_name_the_argument_and_leave_no_figure(triangle, call, match):
    with pytest.raises((InvalidArgumentError, InvalidArgumentTypeError), match=match):
        call(triangle)
    assert plt.get_fignums() == []
