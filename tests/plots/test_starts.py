"""What the starts led to, by what is drawn: a line for each, markers, words."""

import dataclasses

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb

import bayesgmm as bg
from bayesgmm.data import as_data
from bayesgmm.em.fit import fit_em
from bayesgmm.em.result import EMStatus, Starts
from bayesgmm.errors import InvalidArgumentError, InvalidArgumentTypeError
from bayesgmm.plots.starts import MOST_ROWS, plot_starts

C, N, D, S = EMStatus.CONVERGED, EMStatus.NOT_CONVERGED, EMStatus.DEGENERATE, EMStatus.SINGULAR


@pytest.fixture(scope="module")
def em(faithful):
    return fit_em(as_data(faithful), 2, random_state=1)


def with_starts(em, *starts, n_optima=1):
    """The same fit with these (kind, nats above it, status)."""
    kinds, gains, statuses = zip(*starts, strict=True)
    return dataclasses.replace(em, starts=Starts(kinds, em.log_likelihood + np.array(gains), statuses, n_optima, 1.0))


@pytest.fixture
def various(em):
    return with_starts(
        em,
        ("ward", -3.0, C),
        ("kmeans", 0.0, C),
        ("random", 12.0, D),
        ("random", -0.001, C),
        ("random", 0.0, C),
        ("random", -3.002, C),
        ("random", -7.5, N),
        ("random", np.nan, S),
        n_optima=2,
    )


def words(ax):
    return [text.get_text() for text in ax.child_axes[0].get_yticklabels()]


def names(ax):
    return [text.get_text() for text in ax.get_yticklabels()]


def test_starts_are_sorted_and_those_of_one_kind_and_optimum_put_together(various, drawn):
    ax = plot_starts(various)
    assert names(ax) == ["random", "kmeans", "random, 2 of them", "ward", "random", "random", "random"]
    places = [artist.get_offsets()[0].tolist() for artist in drawn(ax, "start")]
    np.testing.assert_allclose(places, [[12, 0], [0, 1], [0, 2], [-3, 3], [-3.002, 4], [-7.5, 5]], atol=1e-9)
    ends = [way.get_xdata()[1] for way in drawn(ax, "way")]
    np.testing.assert_allclose(ends, [place[0] for place in places])


def test_words_say_what_became_of_each(various):
    assert words(plot_starts(various)) == [
        "12.00  a component collapsed",
        " 0.00  optimum 1",
        " 0.00  optimum 1",
        "-3.00  optimum 2",
        "-3.00  optimum 2",
        "-7.50  left before it converged",
        "       failed",
    ]


def test_markers_tell_how_a_start_ended(various, drawn, legend_texts):
    ax = plot_starts(various)
    faces = [tuple(np.round(artist.get_facecolor()[0, :3], 2)) for artist in drawn(ax, "start")]
    assert len({faces[i] for i in (0, 1, 5)}) == 3
    assert faces[1] == faces[2] == faces[3] == faces[4]
    assert legend_texts(ax) == ["converged", "left before it converged", "a component collapsed"]


@pytest.mark.parametrize("kind", ["estimator", "value", "posterior"])
def test_every_kind_of_fit_can_be_shown(kind, posterior, em, faithful):
    fit = {"estimator": bg.GaussianMixture(2, random_state=1).fit(faithful), "value": em, "posterior": posterior}[kind]
    ax = plot_starts(fit)
    counted = sum(int(name.split(", ")[1].split()[0]) if ", " in name else 1 for name in names(ax))
    assert counted == len(em.starts.kinds)
    assert max(int(line.split("optimum ")[1]) for line in words(ax) if "optimum" in line) == em.starts.n_optima


def test_optima_are_as_many_as_were_counted(faithful):
    em = bg.GaussianMixture(4, random_state=1).fit(faithful)
    found = {line.split("optimum ")[1] for line in words(plot_starts(em)) if "optimum" in line}
    assert len(found) == em.starts_.n_optima > 2


def test_one_start_has_a_line_and_room(em, drawn):
    ax = plot_starts(with_starts(em, ("kmeans", 0.0, C)))
    assert names(ax) == ["kmeans"]
    left, right = ax.get_xlim()
    assert left <= -1 and right >= 1


def test_of_very_many_the_best_are_shown(em, legend_texts):
    ax = plot_starts(with_starts(em, *(("random", -float(i), N) for i in range(MOST_ROWS + 5))))
    assert len(names(ax)) == MOST_ROWS
    assert legend_texts(ax)[-1] == "and 5 worse"


def test_draws_on_the_given_axes_and_leaves_everything_else_alone(various):
    figure, axes = plt.subplots(1, 2)
    before = dict(plt.rcParams)
    assert plot_starts(various, ax=axes[1]) is axes[1]
    assert dict(plt.rcParams) == before
    assert plt.get_fignums() == [figure.number]


def test_on_dark_paper_the_rings_are_light(various, drawn):
    with plt.style.context("dark_background"):
        ax = plot_starts(various)
    ring = drawn(ax, "start")[5]
    assert sum(to_rgb(ring.get_edgecolor()[0])) > 2.5 and sum(ring.get_facecolor()[0, :3]) < 0.5


ERRORS = {
    "one start": (lambda em: plot_starts(dataclasses.replace(em, starts=None)), "`fit` must come from several starts"),
    "mixture": (lambda em: plot_starts(em.mixture), "`fit` must be a fit, with an EM solution; got Mixture"),
    "no fit": (lambda em: plot_starts(3), "`fit` must be a fitted estimator"),
    "axes": (lambda em: plot_starts(em, ax="left"), "`ax` must be a matplotlib Axes or None"),
}


@pytest.mark.parametrize(("call", "match"), ERRORS.values(), ids=ERRORS)
def test_errors_name_the_argument_and_leave_no_figure(call, match, em):
    with pytest.raises((InvalidArgumentError, InvalidArgumentTypeError), match=match):
        call(em)
    assert plt.get_fignums() == []
