"""Equal rows and LKJ: from how many on a correlation of one wins, and when that is worth a word."""

import warnings

import numpy as np
import pytest

from bayesgmm.covariance import FAMILIES
from bayesgmm.data import as_data
from bayesgmm.errors import PriorWarning
from bayesgmm.inference.target import make_target
from bayesgmm.model.priors import Priors
from bayesgmm.model.ties import warn_of_equal_rows


def rows_with(count, rng, N=60, D=2):
    """Rows of which some are equal, far off."""
    return np.concatenate([rng.standard_normal((N - count, D)), np.full((count, D), 9.0)])


def warned(X, K=2, family="full", eta=2.0, **weights):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warn_of_equal_rows(as_data(X, **weights), K, FAMILIES[family], eta)
    return [str(w.message) for w in caught]


@pytest.mark.parametrize("eta", [1.0, 2.0, 3.5])
@pytest.mark.parametrize("count", [3, 5, 8])
def test_log_posterior_climbs_towards_a_correlation_of_one_from_that_many_equal_rows_on(count, eta, rng):
    """With the mean integrated out it changes by (n - 1) / 2 - eta for each unit of 2 atanh z: LKJ(eta - (n - 1) / 2).

    The integral over the mean, at its peak on the equal rows, is a normal one: it adds log|R| / 2.
    """
    X, K, family = rows_with(count, rng), 2, FAMILIES["full"]
    data = as_data(X)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PriorWarning)
        target = make_target(data, family, K, Priors(lkj_eta=eta).resolve(data, K, family))
    x = np.zeros(target.n_dim)
    x[1:5] = ((np.array([[0.0, 0.0], [9.0, 9.0]]) - data.location) / target.means_scale).ravel()

    def value(y):
        x[-1] = y
        return target.log_posterior(x)[0] - np.log(np.cosh(0.5 * y))  # |R| = 1 - tanh(y / 2)^2 = cosh(y / 2)^-2

    assert value(25.0) - value(24.0) == pytest.approx((count - 1) / 2 - eta, abs=1e-4)


@pytest.mark.parametrize("count", [3, 4, 5, 12, 20])
@pytest.mark.parametrize("eta", [1.0, 2.0, 5.5])
def test_warning_begins_where_the_distribution_ends(count, eta, rng):
    assert bool(warned(rows_with(count, rng, N=30), eta=eta)) == (count >= 1 + 2 * eta)


def test_warning_says_how_many_rows_and_what_to_do(rng):
    (sentence,) = warned(rows_with(12, rng))
    assert "12 rows are equal" in sentence and "1 + 2 lkj_eta = 5 or more" in sentence
    assert "raise `lkj_eta` above 5.5" in sentence
    assert warned(rows_with(12, rng), eta=5.6) == []


def test_copies_weigh_as_much_as_they_count(rng):
    X = rows_with(1, rng)
    weights = np.r_[np.ones(len(X) - 1), 12.0]
    assert warned(X, sample_weight=weights) == warned(rows_with(12, rng, N=71))


SILENT = {
    "one component": {"K": 1},
    "one covariance for all": {"family": "tied"},
    "no correlations": {"family": "diag"},
    "one sd": {"family": "spherical"},
}


@pytest.mark.parametrize("changes", SILENT.values(), ids=SILENT)
def test_where_no_component_has_a_correlation_of_its_own_there_is_no_spike(changes, rng):
    assert warned(rows_with(20, rng), **changes) == []


def test_few_equal_rows_among_many_are_rounding(rng):
    """Eight of 150, K = 3: less than a fifth of 50, as on the petals of iris."""
    X = np.concatenate([rng.standard_normal((142, 2)), np.full((8, 2), 9.0)])
    assert warned(X, K=3) == [] and warned(X, K=4) != []


def test_priors_of_every_kind_are_looked_at(rng):
    data = as_data(rows_with(12, rng))
    with pytest.warns(PriorWarning, match="`lkj_eta` leaves a spike"):
        Priors().resolve(data, 2, FAMILIES["full"])
