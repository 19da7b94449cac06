"""Replicated data sets: their heights and statistics against plain formulas, and misfit that must be seen."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bayesgmm.covariance import as_family
from bayesgmm.data import as_data
from bayesgmm.em.fit import fit_em
from bayesgmm.errors import InvalidArgumentError
from bayesgmm.mixture import Mixture
from bayesgmm.posterior import replicates as room
from bayesgmm.posterior.replicates import predictive_check
from handmade import handmade_posterior


@pytest.fixture(scope="module")
def posterior(faithful):
    return handmade_posterior(faithful, 2, rng=np.random.default_rng(1))


@pytest.fixture
def normal():
    return Mixture.from_sds([1.0], [[0.0, 10.0]], [[1.0, 3.0]])


def test_observed_heights_are_numpys_histogram(posterior):
    check, x = predictive_check(posterior, n_replicates=2, random_state=1), posterior.data.x
    for j, name in enumerate(posterior.feature_names):
        one = check.sel(feature=name)
        expected = np.histogram(x[:, j], one["edges"], density=True)[0]
        np.testing.assert_allclose(one["observed"], expected)
    assert check["observed"][:, : room.MARGIN].sum() == 0


def test_statistics_are_scipys(posterior):
    check, x = predictive_check(posterior, n_replicates=2, random_state=1), posterior.data.x
    own = check["of_data"].to_pandas()
    np.testing.assert_allclose(own["skewness"], stats.skew(x))
    np.testing.assert_allclose(own["kurtosis"], stats.kurtosis(x, fisher=False))
    z = stats.zscore(x)
    np.testing.assert_allclose(own[["smallest", "largest"]], np.column_stack([z.min(0), z.max(0)]))


def test_the_band_of_a_known_mixture_is_the_binomials(normal, rng):
    """Each cell holds a binomial number of N rows; its quantiles to four Monte Carlo errors of 1000 replicates."""
    x = normal.sample(300, rng)[0]
    check = predictive_check(normal, x, n_replicates=1000, ci_prob=0.8, random_state=1)
    edges = check["edges"].to_numpy()
    cells = np.diff(stats.norm([[0.0], [10.0]], [[1.0], [3.0]]).cdf(edges), axis=1)
    counted = stats.binom(300, cells)
    for name, p in {"lower": 0.1, "median": 0.5, "upper": 0.9}.items():
        count = np.round(check[name] * 300 * np.diff(edges, axis=1))
        error = 4 * np.sqrt(p * (1 - p) / 1000)
        assert (counted.cdf(count) > p - error).all() and (counted.cdf(count - 1) < p + error).all()


def test_each_replicate_comes_from_one_draw():
    """Two draws of means 0 and 100: replicates lie at one or the other, so that the band holds both, not the middle."""
    draws = Mixture.from_sds(np.ones((2, 1)), [[[0.0]], [[100.0]]], np.ones((2, 1, 1)))
    edges = np.array([[-50.0, 50.0, 150.0]])
    heights = np.array([one for one, _ in room._describe(draws, 40, edges, np.random.default_rng(1))])
    np.testing.assert_allclose(heights[:, 0] * 100, [[1.0, 0.0], [0.0, 1.0]])


def test_the_posterior_widens_the_band(posterior):
    """Replicates of EM alone have no parameter uncertainty."""
    wide = predictive_check(posterior, random_state=1)
    narrow = predictive_check(posterior.em, posterior.data.x, random_state=1)
    assert (wide["upper"] - wide["lower"]).sum() > 1.01 * (narrow["upper"] - narrow["lower"]).sum()


def test_a_mixture_with_too_few_components_is_seen(faithful):
    """One Gaussian cannot make two modes: far more cells lie outside the band than the 11 % that chance puts there."""
    data = as_data(faithful)
    outside = {}
    for K in (1, 2):
        em = fit_em(data, K, as_family("full"), random_state=1)
        check = predictive_check(em, faithful, random_state=1)
        filled = (check["observed"] > 0) | (check["upper"] > 0)
        out = ((check["observed"] < check["lower"]) | (check["observed"] > check["upper"])).where(filled)
        outside[K] = float(out.sum() / filled.sum())
        tails = check["tail_probability"].sel(statistic="kurtosis")
        assert ((tails > 0.95).all()) == (K == 1)  # flat: two modes have less kurtosis than any one Gaussian
    assert outside[1] > 0.3 and outside[2] < 0.2


def test_tail_probabilities_of_data_from_the_model_are_uniform(normal):
    """Parameters known, data not used twice: Kolmogorov-Smirnov finds nothing in thirty data sets."""
    rng = np.random.default_rng(5)
    tails = [
        predictive_check(normal, normal.sample(50, rng)[0], n_replicates=100, random_state=rng)["tail_probability"]
        for _ in range(30)
    ]
    for one in np.moveaxis(np.array(tails), 0, -1).reshape(-1, 30):
        assert stats.kstest(one, "uniform").pvalue > 1e-3


def test_the_same_seed_gives_the_same_check(posterior):
    first, again, other = (predictive_check(posterior, n_replicates=20, random_state=seed) for seed in (1, 1, 2))
    assert first.identical(again) and not first.equals(other)


@pytest.mark.parametrize("step", [1.0, 0.1, 5.0])
def test_cells_of_a_rounded_column_hold_equally_many_values(normal, rng, step):
    x = np.round(30 * normal.sample(500, rng)[0] / step) * step
    edges = predictive_check(Mixture.from_sds([1.0], [[0.0, 300.0]], [[30.0, 90.0]]), x, n_replicates=2)["edges"]
    inside = edges.to_numpy() / step - 0.5
    np.testing.assert_allclose(inside, np.round(inside), atol=1e-6)
    assert np.ptp(np.diff(np.round(inside), axis=1), axis=1).max() == 0
    assert (edges[:, 0] < x.min(0)).all() and (x.max(0) < edges[:, -1]).all()


def test_features_can_be_chosen_and_keep_their_names(posterior, faithful):
    check = predictive_check(posterior, features=["waiting"], n_replicates=2)
    assert check["feature"].to_numpy().tolist() == ["waiting"]
    em = fit_em(as_data(faithful), 2, as_family("full"), random_state=1)
    assert predictive_check(em, faithful, n_replicates=2)["feature"].to_numpy().tolist() == ["eruptions", "waiting"]
    assert predictive_check(em, faithful.to_numpy(), n_replicates=2)["feature"].to_numpy().tolist() == ["x0", "x1"]


ERRORS = {
    "no rows": (lambda p: predictive_check(p.em_fit), "`X` must be the rows where there is no posterior"),
    "one row": (lambda p: predictive_check(p, [[1.0, 2.0]]), "`X` must have at least two rows and no constant column"),
    "constant": (lambda p: predictive_check(p, [[1.0, 2.0], [1.0, 3.0]]), "no constant column"),
    "other columns": (lambda p: predictive_check(p, pd.DataFrame({"a": [1.0], "b": [2.0]})), "eruptions"),
    "count": (lambda p: predictive_check(p, n_replicates=1), "`n_replicates` must be"),
    "ci_prob": (lambda p: predictive_check(p, ci_prob=1.0), "`ci_prob` must lie strictly between 0 and 1"),
}


@pytest.mark.parametrize(("call", "match"), ERRORS.values(), ids=ERRORS)
def test_errors_name_the_argument(posterior, call, match):
    with pytest.raises((InvalidArgumentError, ValueError), match=match):
        call(posterior)


def test_weighted_rows_must_be_replaced(faithful):
    weighted = handmade_posterior(faithful, 2, rng=np.random.default_rng(1), sample_weight=np.full(272, 2.0))
    with pytest.raises(InvalidArgumentError, match="weighted"):
        predictive_check(weighted)
    assert predictive_check(weighted, faithful, n_replicates=2).attrs["n_rows"] == 272
