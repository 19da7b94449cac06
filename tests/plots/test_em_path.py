"""EM step by step, by what is drawn: ellipses of iterations, the way of the means, the log-likelihood."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb

import bayesgmm as bg
from bayesgmm.errors import InvalidArgumentError, InvalidArgumentTypeError
from bayesgmm.plots.em_path import plot_em_path
from bayesgmm.plots.style import component_colors
from bayesgmm.posterior.path import em_path

START = bg.Mixture.from_sds([0.5, 0.5], [[2.5, 80.0], [4.0, 60.0]], [[1.0, 10.0], [1.0, 10.0]])


def iteration_of(artist):
    return int(artist.get_label().split()[1])


def test_the_right_panel_is_the_log_likelihood(posterior, drawn):
    path = em_path(posterior, init=START)
    _, right = plot_em_path(posterior, init=START).axes
    (line,) = drawn(right, "log-likelihood")
    np.testing.assert_array_equal(line.get_xdata(), np.arange(path.n_iter + 1))
    np.testing.assert_array_equal(line.get_ydata(), path.log_likelihood)
    assert (right.get_xlabel(), right.get_ylabel()) == ("iteration", "log-likelihood (nats)")


def test_ellipses_are_those_of_the_iterations_that_are_marked(posterior, drawn):
    path = em_path(posterior, init=START)
    left, right = plot_em_path(posterior, init=START, coverage=0.5).axes
    (line,) = drawn(right, "log-likelihood")
    marked = line.get_markevery()
    assert marked[0] == 0 and marked[-1] == path.n_iter and len(marked) <= 8
    ellipses = drawn(left, "iteration")
    assert sorted({iteration_of(artist) for artist in ellipses}) == list(marked[:-1])
    assert len(ellipses) == 2 * (len(marked) - 1)
    for artist in ellipses:
        outlines = path.mixture[iteration_of(artist)].ellipse((0, 1), coverage=0.5, n_points=181)
        k = int(artist.get_label().split()[2])
        np.testing.assert_allclose(np.transpose(artist.get_data()), outlines[k])
        np.testing.assert_allclose(to_rgb(artist.get_color()), component_colors(2)[k])


def test_the_later_the_stronger(posterior, drawn):
    left, _ = plot_em_path(posterior, init=START).axes
    alphas = {iteration_of(artist): artist.get_alpha() for artist in drawn(left, "iteration")}
    assert (np.diff([alphas[t] for t in sorted(alphas)]) > 0).all()


def test_each_mean_has_its_way_and_ends_at_the_answer(posterior, drawn):
    path = em_path(posterior, init=START)
    left, _ = plot_em_path(posterior, features=["waiting", "eruptions"], init=START).axes
    ways = drawn(left, "way")
    for k, way in enumerate(ways):
        np.testing.assert_array_equal(np.transpose(way.get_data()), path.mixture.means[:, k, ::-1])
    (first, _) = drawn(left, "EM")
    expected = path.mixture[-1].ellipse((1, 0), coverage=0.95, n_points=181)[0]
    np.testing.assert_allclose(np.transpose(first.get_data()), expected)
    assert (left.get_xlabel(), left.get_ylabel()) == ("waiting", "eruptions")


def test_most_ellipses_stand_where_em_moves(faithful, drawn):
    """From random responsibilities, components nearly alike, little happens for long; then much at once."""
    em = bg.GaussianMixture(2, init_params="random", random_state=1, tol=1e-8).fit(faithful)
    path = em_path(em, faithful)
    _, right = plot_em_path(em, faithful).axes
    marked = np.array(drawn(right, "log-likelihood")[0].get_markevery())
    gained = path.log_likelihood[marked] - path.log_likelihood[0]
    assert ((gained > 0.01 * gained[-1]) & (gained < 0.99 * gained[-1])).sum() >= 4


@pytest.mark.parametrize("kind", ["estimator", "value", "posterior"])
def test_every_kind_of_fit_can_be_shown(kind, posterior, faithful, legend_texts):
    em = bg.GaussianMixture(2, random_state=1).fit(faithful)
    fit, X = {"estimator": (em, faithful), "value": (em.result_, faithful), "posterior": (posterior, None)}[kind]
    figure = plot_em_path(fit, X)
    left, right = figure.axes
    assert (left.get_xlabel(), right.get_xlabel()) == ("eruptions", "iteration")
    words = legend_texts(figure)
    assert words[:3] == ["component 0", "component 1", "unsure member"]
    assert words[3] == "start" and words[-1] == f"after {em.n_iter_}: EM"


def test_of_one_feature_the_densities_are_drawn(waiting, drawn):
    start = bg.Mixture.from_sds([0.5, 0.5], [[60.0], [70.0]], [[15.0], [15.0]])
    path = em_path(waiting, init=start)
    left, _ = plot_em_path(waiting, init=start).axes
    assert (left.get_xlabel(), left.get_ylabel()) == ("waiting", "density")
    for curve in drawn(left, "iteration"):
        mixture, k = path.mixture[iteration_of(curve)], int(curve.get_label().split()[2])
        values, density = curve.get_data()
        expected = mixture.weights[k] * np.exp(mixture.component_log_density(values[:, None])[:, k])
        np.testing.assert_allclose(density, expected)


def test_one_feature_of_two_is_the_marginal(posterior, drawn):
    left, _ = plot_em_path(posterior, features="waiting", init=START).axes
    assert left.get_xlabel() == "waiting" and drawn(left, "iteration") and not drawn(left, "way")


@pytest.mark.parametrize("n_components", [1, 20])
def test_one_component_and_very_many(n_components, faithful):
    em = bg.GaussianMixture(n_components, covariance_type="tied", random_state=1).fit(faithful)
    assert len(plot_em_path(em, faithful).axes) == 2


def test_names_of_components_come_along_and_settings_are_left_alone(posterior, legend_texts):
    before = dict(plt.rcParams)
    figure = plot_em_path(posterior.rename(["short", "long"]), init=START)
    assert legend_texts(figure)[:2] == ["short", "long"]
    assert dict(plt.rcParams) == before


def test_on_dark_paper_the_ink_is_light(posterior, drawn):
    with plt.style.context("dark_background"):
        _, right = plot_em_path(posterior).axes
    assert sum(to_rgb(drawn(right, "log-likelihood")[0].get_color())) > 2.5


ERRORS = {
    "no rows": (lambda p, x: plot_em_path(p.em_fit), "`X` must be given where the fit holds no rows"),
    "other rows": (lambda p, x: plot_em_path(p, x[1:]), "`X` must be the rows that the fit was made of"),
    "unknown feature": (lambda p, x: plot_em_path(p, features="z"), "'eruptions', 'waiting'; got 'z'"),
    "coverage": (lambda p, x: plot_em_path(p, coverage=1.0), "`coverage` must"),
    "init": (lambda p, x: plot_em_path(p, init="kmeans"), "`init` must be one `Mixture`"),
    "mixture": (lambda p, x: plot_em_path(p.em, x), "`fit` must be a fit, with an EM solution; got Mixture"),
}


@pytest.mark.parametrize(("call", "match"), ERRORS.values(), ids=ERRORS)
def test_errors_name_the_argument_and_leave_no_figure(call, match, posterior, faithful):
    with pytest.raises((InvalidArgumentError, InvalidArgumentTypeError), match=match):
        call(posterior, faithful)
    assert plt.get_fignums() == []


def test_three_features_are_too_many(four_features):
    with pytest.raises(InvalidArgumentError, match="`features` must name one or two features"):
        plot_em_path(four_features, features=[0, 1, 2])
    assert plt.get_fignums() == []
