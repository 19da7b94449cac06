"""The plane of two features: memberships, and where the most likely component is in doubt."""

import numpy as np
import pytest
from scipy.special import entr, softmax

from bayesgmm.errors import InvalidArgumentError
from bayesgmm.mixture import Mixture
from bayesgmm.posterior.regions import margins, membership_curve, membership_map, region_margins
from handmade import handmade_posterior

X, Y = np.linspace(-3.0, 9.0, 13), np.linspace(-4.0, 8.0, 11)
POINTS = np.array([[x, y] for y in Y for x in X])


@pytest.fixture(scope="module", params=["full", "diag"])
def draws(request):
    """Two hundred draws of three components in three features."""
    rng = np.random.default_rng(1)
    rows = rng.standard_normal((240, 3)) @ np.array([[1.0, 0.5, 0.0], [0.0, 1.0, 0.5], [0.0, 0.0, 1.0]])
    rows += 3.0 * (np.arange(240) % 3)[:, None]
    return handmade_posterior(rows, 3, request.param, rng=rng).mixture


def test_memberships_are_those_of_the_draws_marginals(draws):
    fields = membership_map(draws, (2, 0), X, Y)
    each = draws.marginal((2, 0)).flatten().responsibilities(POINTS)  # (S, G F, K)
    assert fields["mean"].dims == ("component", "y", "x")
    np.testing.assert_allclose(fields["mean"].to_numpy().reshape(3, -1).T, each.mean(0), atol=1e-12)
    np.testing.assert_allclose(fields["entropy"].to_numpy().ravel(), entr(each.mean(0)).sum(1), atol=1e-10)
    np.testing.assert_allclose(fields["overlap"].to_numpy().ravel(), entr(each).sum(2).mean(0), atol=1e-10)


def test_curves_are_quantiles_of_the_draws_marginals(draws):
    curves = membership_curve(draws, [1], X, ci_prob=0.8)
    each = draws.marginal(1).flatten().responsibilities(X[:, None])  # (S, V, K)
    assert curves["mean"].dims == ("component", "value")
    np.testing.assert_allclose(curves["mean"].T, each.mean(0), atol=1e-12)
    for name, probability in (("lower", 0.1), ("upper", 0.9)):
        np.testing.assert_allclose(curves[name].T, np.quantile(each, probability, axis=0), atol=1e-10)


def test_entropy_is_overlap_and_parameter_uncertainty(draws):
    fields = membership_map(draws, (0, 1), X, Y)
    np.testing.assert_allclose(fields["entropy"], fields["overlap"] + fields["parameter_uncertainty"], atol=1e-12)
    assert float(fields["parameter_uncertainty"].min()) >= 0
    assert float(fields["parameter_uncertainty"].max()) > 0.01


def test_a_single_mixture_has_overlap_only(draws):
    fields = membership_map(draws.flatten()[0], (0, 1), X, Y)
    np.testing.assert_allclose(fields["parameter_uncertainty"], 0.0, atol=1e-12)


def test_margins_are_those_of_the_draws_and_of_their_average(draws):
    fields = region_margins(draws, (0, 1), X, Y, ci_prob=0.8)
    plane = draws.marginal((0, 1)).flatten()
    joint = plane.component_log_density(POINTS) + plane.log_weights[:, None]  # (S, G F, K)
    quantiles = np.quantile(plain_margins(joint), [0.1, 0.9], axis=0)
    mean = plain_margins(np.log(softmax(joint, axis=2).mean(0)))
    for name, expected in zip(("mean", "lower", "upper"), (mean, *quantiles), strict=True):
        np.testing.assert_allclose(fields[name].to_numpy().reshape(3, -1).T, expected, rtol=1e-8, atol=1e-8)


def plain_margins(scores):
    """What each score is ahead of the best of the others, one by one."""
    rivals = [np.delete(scores, k, axis=-1).max(-1) for k in range(scores.shape[-1])]
    return scores - np.stack(rivals, axis=-1)


@pytest.mark.parametrize("K", [2, 3, 7])
def test_margins_of_any_number_of_scores(K, rng):
    scores = rng.standard_normal((5, 4, K))
    np.testing.assert_allclose(margins(scores), plain_margins(scores))
    assert ((margins(scores) > 0).sum(-1) == 1).all()


def test_a_weight_of_zero_leaves_margins_finite():
    empty = Mixture.from_sds([0.5, 0.5, 0.0], [[0.0, 0.0], [3.0, 0.0], [9.0, 0.0]], np.ones((3, 2)))
    fields = region_margins(empty, (0, 1), X, Y)
    assert all(np.isfinite(fields[name]).all() for name in fields)
    assert float(fields["mean"].sel(component=2).max()) < -100


def test_interval_holds_zero_where_the_most_likely_component_is_in_doubt(draws):
    """The band in terms of margins is the band in terms of the share of draws under which each component is best."""
    fields = region_margins(draws, (0, 1), X, Y, ci_prob=0.89)
    plane = draws.marginal((0, 1)).flatten()
    best = (plane.component_log_density(POINTS) + plane.log_weights[:, None]).argmax(2)  # (S, G F)
    share = np.stack([(best == k).mean(0) for k in range(3)]).reshape(3, len(Y), len(X))
    in_doubt = ((fields["lower"] < 0) & (fields["upper"] > 0)).to_numpy()
    step = 1.0 / len(best)
    assert (share[in_doubt] >= 0.055 - step).all() and (share[in_doubt] <= 0.945 + step).all()
    assert ((share[~in_doubt] <= 0.055 + step) | (share[~in_doubt] >= 0.945 - step)).all()
    assert in_doubt.any() and not in_doubt.all()


def test_line_between_two_equal_round_components_is_half_way():
    """Margin d = (|x - b|^2 - |x - a|^2) / 2, linear in x with the slope |b - a|."""
    pair = Mixture.from_sds([0.5, 0.5], [[0.0, 0.0], [4.0, 0.0]], np.ones((2, 2)))
    mean = region_margins(pair, (0, 1), X, Y)["mean"]
    np.testing.assert_allclose(mean.sel(component=1), np.broadcast_to(4 * (X - 2), (len(Y), len(X))), atol=1e-9)
    np.testing.assert_allclose(mean.sel(component=0), -mean.sel(component=1), atol=1e-9)


def test_few_draws_leave_the_stated_monte_carlo_error(draws):
    attrs = region_margins(draws, (0, 1), X[:2], Y[:2], ci_prob=0.89, n_draws=50).attrs
    assert attrs["n_draws"] == 50
    assert attrs["monte_carlo_error"] == pytest.approx(np.sqrt(0.055 * 0.945 / 50))


ERRORS = {
    "one feature": (lambda m: membership_map(m, [0], X, Y), "`features` must name two features"),
    "margins of one feature": (lambda m: region_margins(m, [0], X, Y), "`features` must name two features"),
    "ci_prob": (lambda m: region_margins(m, (0, 1), X, Y, ci_prob=1.0), "`ci_prob`"),
    "two features": (lambda m: membership_curve(m, [0, 1], X), "`feature` must name one feature"),
    "no values": (lambda m: membership_curve(m, [0], []), "`values` must hold at least one value"),
    "a missing value": (lambda m: membership_curve(m, [0], [np.nan]), "`values` must be finite"),
    "no points": (lambda m: region_margins(m, (0, 1), [], Y), "`x` must hold at least one value"),
    "a missing point": (lambda m: membership_map(m, (0, 1), X, [np.nan]), "`y` must be finite"),
    "one component": (
        lambda m: region_margins(Mixture.from_sds([1.0], [[0.0, 0.0]], [[1.0, 1.0]]), (0, 1), X, Y),
        "`mixture` must have at least two components",
    ),
}


@pytest.mark.parametrize(("call", "match"), ERRORS.values(), ids=ERRORS)
def test_errors_name_the_argument(draws, call, match):
    with pytest.raises(InvalidArgumentError, match=match):
        call(draws)
