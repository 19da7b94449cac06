"""The density of one feature with its band: the same as integrating out the others draw by draw."""

import numpy as np
import pytest

from bayesgmm.errors import InvalidArgumentError
from bayesgmm.posterior.marginals import marginal_density
from handmade import handmade_posterior

VALUES = np.linspace(-3.0, 12.0, 301)


@pytest.fixture(scope="module", params=["full", "diag"])
def posterior(request):
    rng = np.random.default_rng(1)
    rows = rng.standard_normal((200, 3)) @ np.array([[1.0, 0.5, 0.0], [0.0, 1.0, 0.5], [0.0, 0.0, 1.0]])
    rows[:80] += 6.0
    return handmade_posterior(rows, 2, request.param, rng=rng)


def test_mean_and_band_are_those_of_the_draws_marginals(posterior):
    band = marginal_density(posterior.mixture, 1, VALUES, ci_prob=0.8)
    each = np.exp(posterior.mixture.marginal(1).log_density(VALUES[:, None])).reshape(-1, len(VALUES))
    np.testing.assert_allclose(band["mean"], each.mean(0), rtol=1e-10)
    np.testing.assert_allclose(band["lower"], np.quantile(each, 0.1, axis=0), rtol=1e-8)
    np.testing.assert_allclose(band["upper"], np.quantile(each, 0.9, axis=0), rtol=1e-8)
    assert band.attrs["ci_prob"] == pytest.approx(0.8)


def test_components_add_up_and_have_the_area_of_their_weights(posterior):
    band = marginal_density(posterior.mixture, 0, VALUES)
    np.testing.assert_allclose(band["components"].sum("component"), band["mean"], rtol=1e-10)
    areas = band["components"].integrate("value")
    np.testing.assert_allclose(areas, posterior.mixture.weights.mean((0, 1)), atol=1e-3)


def test_one_feature_gives_the_density_itself(faithful, rng):
    posterior = handmade_posterior(faithful[["waiting"]], 2, rng=rng)
    values = np.linspace(40.0, 100.0, 50)
    ours, theirs = marginal_density(posterior.mixture, 0, values), posterior.density(values[:, None])
    for name in ("mean", "lower", "upper"):
        np.testing.assert_allclose(ours[name], theirs[name], rtol=1e-10)


ERRORS = {
    "no draws": (lambda m: marginal_density(m[0, 0], 0, VALUES), "`mixture` must have at least one batch axis"),
    "ci_prob": (lambda m: marginal_density(m, 0, VALUES, ci_prob=0.0), "`ci_prob`"),
    "feature": (lambda m: marginal_density(m, 3, VALUES), "`features` must be distinct"),
    "two features": (lambda m: marginal_density(m, [0, 1], VALUES), "`feature` must be one position"),
}


@pytest.mark.parametrize(("call", "match"), ERRORS.values(), ids=ERRORS)
def test_errors_name_the_argument(posterior, call, match):
    with pytest.raises(InvalidArgumentError, match=match):
        call(posterior.mixture)
