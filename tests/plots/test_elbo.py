"""The history of a search, by what is drawn."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from bayesgmm.errors import InvalidArgumentError, InvalidArgumentTypeError
from bayesgmm.plots.elbo import LEAST_GAP, plot_elbo


@pytest.fixture
def searched(posterior):
    """The same posterior with a history of five steps, the last two alike."""
    stats = posterior.group("sample_stats").assign(elbo=("iteration", np.array([-9.0, -4.0, -3.1, -3.0, -3.0])))
    return posterior.with_group("sample_stats", stats)


def test_points_are_the_gaps_to_the_last_value(searched, drawn):
    ax = plot_elbo(searched)
    (line,) = drawn(ax, "elbo")
    np.testing.assert_array_equal(line.get_xdata(), np.arange(4))
    np.testing.assert_allclose(line.get_ydata(), [6.0, 1.0, 0.1, LEAST_GAP])
    assert ax.get_yscale() == "log"
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("step", "below the highest ELBO, -3.00 (nats)")


def test_draws_on_the_given_axes_and_leaves_everything_else_alone(searched):
    figure, axes = plt.subplots(1, 2)
    before = dict(plt.rcParams)
    assert plot_elbo(searched, ax=axes[1]) is axes[1]
    assert dict(plt.rcParams) == before
    assert plt.get_fignums() == [figure.number]


ERRORS = {
    "no history": (lambda p: plot_elbo(p), "`fit` must have a history of the ELBO; got nuts.*fullrank_advi"),
    "no posterior": (lambda p: plot_elbo(p.em_fit), "`fit` must have a posterior; got EMFit"),
}


@pytest.mark.parametrize(("call", "match"), ERRORS.values(), ids=ERRORS)
def test_errors_name_the_argument_and_leave_no_figure(posterior, call, match):
    with pytest.raises((InvalidArgumentError, InvalidArgumentTypeError), match=match):
        call(posterior)
    assert plt.get_fignums() == []


def test_axes_of_another_kind_are_one_clear_error(searched):
    with pytest.raises(InvalidArgumentTypeError, match="`ax` must be a matplotlib Axes or None"):
        plot_elbo(searched, ax="left")
    assert plt.get_fignums() == []
