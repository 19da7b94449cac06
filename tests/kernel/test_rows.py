"""The pass over rows against extended precision, the plain formulas and the laws of sums."""

import subprocess
import sys

import mpmath
import numpy as np
import pytest

from bayesgmm import density
from bayesgmm.kernel import draws, rows

K = 3
MP = mpmath.mp.clone()
MP.dps = 50


def make_case(rng, D, N, *, is_diagonal=False, offset=0.0, width=1.0):
    """Rows around K components whose width is `width` and whose means are one apart, all shifted by `offset`."""
    log_weights = np.log(rng.dirichlet(np.full(K, 3.0)))
    means = offset + rng.normal(size=(K, D))
    scale = np.tril(rng.normal(size=(K, D, D)) * 0.3)
    scale[:, np.arange(D), np.arange(D)] = rng.uniform(0.5, 1.5, size=(K, D))
    scale *= width
    scale = np.diagonal(scale, axis1=1, axis2=2).copy() if is_diagonal else scale
    labels = np.arange(N) % K
    noise = rng.normal(size=(N, D))
    spread = scale[labels] * noise if is_diagonal else np.einsum("nij,nj->ni", scale[labels], noise)
    return means[labels] + spread, log_weights, means, scale


def as_dense(scale):
    return scale if scale.ndim == 3 else scale[..., None] * np.eye(scale.shape[-1])


CASES = {
    "plain": {},
    "a million sds from the origin": {"offset": 1e6},
    "clusters 1e-5 of the range wide": {"width": 1e-5},
}
each_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)
each_size = pytest.mark.parametrize("D", [1, 2, 5, 20])
dense_and_diagonal = pytest.mark.parametrize("is_diagonal", [False, True], ids=["dense", "diagonal"])


def exact_rows(x, log_weights, means, factors):
    """log f, r (N, K) and y (N, K, D) to fifty digits."""
    N, D = x.shape
    y, shares, log_f = np.empty((N, K, D), object), np.empty((N, K), object), np.empty(N, object)
    for n in range(N):
        for k in range(K):
            shares[n, k] = MP.mpf(log_weights[k]) - D * MP.log(2 * MP.pi) / 2
            for i in range(D):
                rest = MP.mpf(x[n, i]) - MP.mpf(means[k, i])
                rest -= MP.fdot((MP.mpf(factors[k, i, j]), y[n, k, j]) for j in range(i))
                y[n, k, i] = rest / MP.mpf(factors[k, i, i])
                shares[n, k] -= MP.log(MP.mpf(factors[k, i, i])) + y[n, k, i] ** 2 / 2
        top = max(shares[n])
        log_f[n] = top + MP.log(MP.fsum(MP.exp(q - top) for q in shares[n]))
        shares[n] = [MP.exp(q - log_f[n]) for q in shares[n]]
    return log_f, shares, y


def exact_gradient(x, log_weights, means, factors):
    """d/d log w (K,), d/d m (K, D) and d/d L (K, D, D) of sum_n log f(x_n), by u = L^-T y row by row."""
    _, shares, y = exact_rows(x, log_weights, means, factors)
    N, D = x.shape
    d_means, d_factors = np.full((K, D), MP.mpf(0)), np.full((K, D, D), MP.mpf(0))
    for n in range(N):
        for k in range(K):
            u = np.empty(D, object)
            for i in range(D - 1, -1, -1):
                rest = y[n, k, i] - MP.fdot((MP.mpf(factors[k, j, i]), u[j]) for j in range(i + 1, D))
                u[i] = rest / MP.mpf(factors[k, i, i])
            d_means[k] += shares[n, k] * u
            for i in range(D):
                d_factors[k, i, : i + 1] += shares[n, k] * u[i] * y[n, k, : i + 1]
                d_factors[k, i, i] -= shares[n, k] / MP.mpf(factors[k, i, i])
    return shares.sum(0), d_means, d_factors


def relative_error(result, exact):
    """Largest difference, relative to the largest exact number."""
    return float(np.abs(np.asarray(result, object) - exact).max() / np.abs(exact).max())


def test_exact_gradient_is_the_derivative_of_the_exact_log_likelihood(rng):
    """The oracle itself, by central differences of fifty digits along one direction."""
    x, log_weights, means, factors = make_case(rng, 2, 4)
    parameters = [np.vectorize(MP.mpf, otypes=[object])(a) for a in (log_weights, means, factors)]
    directions = [rng.normal(size=log_weights.shape), rng.normal(size=means.shape), np.tril(rng.normal(size=(K, 2, 2)))]
    step = MP.mpf(10) ** -15
    forward = exact_rows(x, *(p + step * d for p, d in zip(parameters, directions, strict=True)))[0].sum()
    backward = exact_rows(x, *(p - step * d for p, d in zip(parameters, directions, strict=True)))[0].sum()
    slope = sum((g * d).sum() for g, d in zip(exact_gradient(x, *parameters), directions, strict=True))
    assert abs((forward - backward) / (2 * step) - slope) < 1e-25 * (1 + abs(slope))


@each_case
@each_size
@dense_and_diagonal
def test_log_density_equals_extended_precision(rng, D, case, is_diagonal):
    x, log_weights, means, scale = make_case(rng, D, 7, is_diagonal=is_diagonal, **case)
    exact, exact_shares, _ = exact_rows(x, log_weights, means, as_dense(scale))
    log_f, shares = rows.responsibilities(x, log_weights, means, scale)
    for result in (log_f, rows.log_density(x, log_weights, means, scale)):
        assert (np.abs(result - exact) <= 1e-10 * (1 + np.abs(exact))).all()
    assert np.abs(shares - exact_shares).max() < 1e-9


@each_case
@each_size
@dense_and_diagonal
def test_gradient_equals_extended_precision(rng, D, case, is_diagonal):
    x, log_weights, means, scale = make_case(rng, D, 7, is_diagonal=is_diagonal, **case)
    counts, d_means, d_factors = exact_gradient(x, log_weights, means, as_dense(scale))
    d_scale = np.diagonal(d_factors, axis1=1, axis2=2) if is_diagonal else d_factors
    statistics = rows.expected_statistics(x, None, log_weights, means, scale)
    assert relative_error(statistics.counts, counts) < 1e-8
    for result, exact in zip(rows.gradient(statistics, scale), (d_means, d_scale), strict=True):
        assert relative_error(result, exact) < 1e-8


@pytest.mark.parametrize("N", [1, 127, 128, 129, 300])
@pytest.mark.parametrize("D", [1, 2, 3, 4, 5, 6, 20])
@dense_and_diagonal
def test_statistics_equal_the_plain_formulas(rng, N, D, is_diagonal):
    """Full and broken blocks of rows, every remainder of D by the columns taken at a time."""
    x, log_weights, means, scale = make_case(rng, D, N, is_diagonal=is_diagonal)
    g = rng.uniform(0.5, 2.0, size=N)
    statistics = rows.expected_statistics(x, g, log_weights, means, scale)
    expected = list(density.expected_statistics(x, g, log_weights, means, as_dense(scale)))
    expected[3] = np.diagonal(expected[3], axis1=1, axis2=2) if is_diagonal else expected[3]
    for result, plain in zip(statistics, expected, strict=True):
        np.testing.assert_allclose(result, plain, rtol=1e-9, atol=1e-11 * N)


@pytest.mark.parametrize("N", [1, 128, 300])
@dense_and_diagonal
def test_densities_equal_the_plain_formulas(rng, N, is_diagonal):
    x, *parameters = make_case(rng, 3, N, is_diagonal=is_diagonal)
    plain = x, *parameters[:2], as_dense(parameters[2])
    log_f, shares = rows.responsibilities(x, *parameters)
    np.testing.assert_allclose(log_f, density.log_density(*plain), rtol=1e-12)
    np.testing.assert_allclose(shares, density.responsibilities(*plain), rtol=1e-10, atol=1e-300)
    np.testing.assert_array_equal(rows.log_density(x, *parameters), log_f)


def test_diagonal_equals_dense_where_there_are_no_correlations(rng):
    x, log_weights, means, sds = make_case(rng, 4, 200, is_diagonal=True)
    diagonal = rows.expected_statistics(x, None, log_weights, means, sds)
    dense = rows.expected_statistics(x, None, log_weights, means, as_dense(sds))
    np.testing.assert_allclose(diagonal.second, np.diagonal(dense.second, axis1=1, axis2=2), rtol=1e-11)
    np.testing.assert_allclose(diagonal.first, dense.first, atol=1e-11)
    assert diagonal.log_likelihood == pytest.approx(dense.log_likelihood, rel=1e-13)


@dense_and_diagonal
def test_counts_equal_repeated_rows(rng, is_diagonal):
    x, *parameters = make_case(rng, 3, 150, is_diagonal=is_diagonal)
    counts = rng.integers(0, 4, size=150)
    weighted = rows.expected_statistics(x, counts.astype(float), *parameters)
    repeated = rows.expected_statistics(np.repeat(x, counts, axis=0), None, *parameters)
    for result, expected in zip(weighted, repeated, strict=True):
        np.testing.assert_allclose(result, expected, rtol=1e-10, atol=1e-10)


@dense_and_diagonal
def test_statistics_add_up_over_chunks(rng, is_diagonal):
    x, *parameters = make_case(rng, 3, 400, is_diagonal=is_diagonal)
    g = rng.uniform(size=400)
    whole = rows.expected_statistics(x, g, *parameters)
    chunks = [rows.expected_statistics(x[a:b], g[a:b], *parameters) for a, b in ((0, 37), (37, 300), (300, 400))]
    for result, parts in zip(whole, zip(*chunks, strict=True), strict=True):
        np.testing.assert_allclose(result, sum(parts), rtol=1e-10, atol=1e-11)


@dense_and_diagonal
def test_one_weight_serves_all_rows(rng, is_diagonal):
    x, *parameters = make_case(rng, 2, 200, is_diagonal=is_diagonal)
    one = rows.expected_statistics(x, np.array([2.5]), *parameters)
    each = rows.expected_statistics(x, np.full(200, 2.5), *parameters)
    for result, expected in zip(one, each, strict=True):
        np.testing.assert_allclose(result, expected, rtol=1e-12, atol=1e-12)


@dense_and_diagonal
def test_no_rows_have_no_statistics(rng, is_diagonal):
    _, *parameters = make_case(rng, 2, 3, is_diagonal=is_diagonal)
    statistics = rows.expected_statistics(np.empty((0, 2)), None, *parameters)
    assert statistics.log_likelihood == 0.0
    assert (statistics.counts == 0).all()


@dense_and_diagonal
def test_component_without_weight_takes_no_part(rng, is_diagonal):
    x, _, means, scale = make_case(rng, 2, 50, is_diagonal=is_diagonal)
    with np.errstate(divide="ignore"):
        log_weights = np.log([0.25, 0.0, 0.75])
    statistics = rows.expected_statistics(x, None, log_weights, means, scale)
    present = rows.expected_statistics(x, None, np.log([0.25, 0.75]), means[[0, 2]], scale[[0, 2]])
    assert statistics.log_likelihood == pytest.approx(present.log_likelihood, rel=1e-14)
    assert (rows.responsibilities(x, log_weights, means, scale)[1][:, 1] == 0).all()
    for result in statistics[1:]:
        assert (result[1] == 0).all()


@pytest.mark.parametrize("distance", [1e2, 1e8, 1e100])
@dense_and_diagonal
def test_far_outliers_have_a_finite_density(rng, distance, is_diagonal):
    _, *parameters = make_case(rng, 2, 3, is_diagonal=is_diagonal)
    log_f, shares = rows.responsibilities(np.array([[distance, -distance], [distance, distance]]), *parameters)
    assert np.isfinite(log_f).all()
    np.testing.assert_allclose(shares.sum(1), 1.0, rtol=1e-14)


@pytest.mark.parametrize("which", [0, 1, 2], ids=["weights", "means", "scale"])
@dense_and_diagonal
def test_nan_among_the_parameters_shows_in_the_log_likelihood(rng, which, is_diagonal):
    """One component of three is broken; the others are not taken for the whole."""
    x, *parameters = make_case(rng, 2, 130, is_diagonal=is_diagonal)
    parameters[which][1] = np.nan
    assert not np.isfinite(rows.expected_statistics(x, None, *parameters).log_likelihood)
    assert not np.isfinite(rows.log_density(x, *parameters)).any()


@pytest.mark.parametrize("value", [0.0, -1.0])
@dense_and_diagonal
def test_scale_that_is_not_positive_shows_in_the_log_likelihood(rng, value, is_diagonal):
    x, log_weights, means, scale = make_case(rng, 2, 130, is_diagonal=is_diagonal)
    scale[(1, 0) if is_diagonal else (1, 0, 0)] = value
    assert not np.isfinite(rows.expected_statistics(x, None, log_weights, means, scale).log_likelihood)


def test_broken_row_shows_in_its_own_density_only(rng):
    x, *parameters = make_case(rng, 2, 130)
    x[7, 0] = np.nan
    assert np.flatnonzero(np.isnan(rows.log_density(x, *parameters))).tolist() == [7]


def test_any_layout_and_type_of_input_is_read_alike(rng):
    """Without compiling again for each of them."""
    x, *parameters = make_case(rng, 3, 60)
    expected = rows.log_density(x, *parameters)
    statistics = rows.expected_statistics(x, None, *parameters)
    n_compiled = len(rows.run_sweep.signatures), len(draws.evaluate_draws.signatures)
    frozen = x.copy()
    frozen.flags.writeable = False
    for given in (frozen, np.asfortranarray(x), np.repeat(x, 2, axis=1)[:, ::2]):
        np.testing.assert_array_equal(rows.log_density(given, *parameters), expected)
        assert rows.expected_statistics(given, None, *parameters)[0] == statistics[0]
    assert (len(rows.run_sweep.signatures), len(draws.evaluate_draws.signatures)) == n_compiled


MEASURE = """
import resource, sys
import numpy as np
from bayesgmm.kernel import rows
K, D = 20, 2
parameters = np.full(K, -np.log(K)), np.random.default_rng(0).normal(size=(K, D)), np.tile(np.eye(D), (K, 1, 1))
rows.expected_statistics(np.zeros((300, D)), None, *parameters)
x = np.random.default_rng(1).normal(size=(1_000_000, D))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
rows.expected_statistics(x, None, *parameters)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_pass_keeps_nothing_of_size_n_by_k():
    """A million rows and twenty components: an N x K array would take 160 MB; the peak grows by less than 16."""
    grown = subprocess.run([sys.executable, "-c", MEASURE], capture_output=True, text=True, check=True).stdout
    unit = 1 if sys.platform == "darwin" else 1024
    assert int(grown) * unit < 16e6
