"""The line along which a row's memberships vary: principal axis, quantiles on it, ends within the simplex."""

import numpy as np
import pytest

from bayesgmm.errors import InvalidArgumentError
from bayesgmm.posterior.spread import membership_lines
from handmade import handmade_posterior


@pytest.fixture(scope="module")
def posterior():
    rng = np.random.default_rng(4)
    rows = rng.standard_normal((180, 2)) + 2.0 * np.array([[0, 0], [1, 2], [2, 0]])[np.arange(180) % 3]
    return handmade_posterior(rows, 3, rng=rng)


def test_ends_are_quantiles_on_the_first_principal_axis(posterior):
    draws, x = posterior.mixture, posterior.data.x
    lines = membership_lines(draws, x, ci_prob=0.8)
    shares = draws.responsibilities(x).reshape(-1, len(x), 3)
    for n in np.flatnonzero(shares.std(0).max(1) > 0.02)[:20]:
        centred = shares[:, n] - shares[:, n].mean(0)
        axis = np.linalg.svd(centred, full_matrices=False)[2][0]
        ends = shares[:, n].mean(0) + np.quantile(centred @ axis, [0.1, 0.9])[:, None] * axis
        ours = np.stack([lines["lower"][n], lines["upper"][n]])
        if ends.min() > 0:  # else they are cut
            np.testing.assert_allclose(min(ours, ours[::-1], key=lambda e: abs(e - ends).max()), ends, atol=1e-8)


def test_ends_stay_in_the_simplex_and_the_mean_between_them(posterior):
    lines = membership_lines(posterior.mixture, posterior.data.x, n_draws=200)
    lower, mean, upper = (lines[name].to_numpy() for name in ("lower", "mean", "upper"))
    for end in (lower, upper):
        assert end.min() >= 0
        np.testing.assert_allclose(end.sum(1), 1.0, atol=1e-12)
    length = np.linalg.norm(upper - lower, axis=1)
    through = np.linalg.norm(upper - mean, axis=1) + np.linalg.norm(mean - lower, axis=1)
    np.testing.assert_allclose(through, length, atol=1e-9)


def test_a_single_mixture_has_no_lines(posterior):
    with pytest.raises(InvalidArgumentError, match="`mixture` must have at least one batch axis"):
        membership_lines(posterior.em, posterior.data.x)
