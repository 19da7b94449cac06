"""EM: its laws for every family, the pool, and Old Faithful's reference values."""

import dataclasses

import numpy as np
import pytest

from bayesgmm import density
from bayesgmm.covariance import FAMILIES
from bayesgmm.data import as_data
from bayesgmm.em import workplace
from bayesgmm.em.fit import EMSettings, EMStatus, fit_em, project, run_em, try_pool
from bayesgmm.em.iteration import as_state
from bayesgmm.errors import InvalidArgumentError
from bayesgmm.mixture import Mixture

each_family = pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
EXACT = EMSettings(tol=0.0, max_iter=500, reg_covar=0.0)


def two_clusters(rng, n_rows=150, n_features=3):
    """Overlapping, so that EM has work to do, with a covariance of their own each."""
    A, B = rng.normal(size=(2, n_features, n_features))
    first = rng.normal(size=(n_rows // 3, n_features)) @ (A + np.eye(n_features)).T
    second = rng.normal(size=(n_rows - n_rows // 3, n_features)) @ (B + 2 * np.eye(n_features)).T + 2.0
    return rng.permutation(np.vstack([first, second]))


def rough_start(x, n_components):
    """The first rows as means, one sd for all: a member of every family."""
    weights = np.full(n_components, 1 / n_components)
    return Mixture.from_sds(weights, x[:n_components], np.full((n_components, x.shape[1]), x.std()))


def same_mixture(a, b, rtol=1e-6):
    np.testing.assert_allclose(a.weights, b.weights, rtol=rtol)
    np.testing.assert_allclose(a.means, b.means, rtol=rtol, atol=rtol * np.abs(b.means).max())
    np.testing.assert_allclose(a.covariances, b.covariances, rtol=rtol, atol=rtol * np.abs(b.covariances).max())


@each_family
@pytest.mark.parametrize("n_features", [1, 3])
def test_em_never_lowers_the_likelihood(family, n_features, rng):
    x = two_clusters(rng, n_features=n_features)
    fit = run_em(as_data(x), family, rough_start(x, 3), EXACT)
    assert np.diff(fit.path).min() > -1e-12
    assert fit.log_likelihood >= fit.path[-1] * len(x) - 1e-9


@each_family
def test_one_iteration_is_the_plain_formula(family, rng):
    """Responsibilities and M-step from `density` and `project`, which is tested against textbook formulas below."""
    x = two_clusters(rng)
    data, start = as_data(x), rough_start(x, 2)
    fit = run_em(data, family, start, dataclasses.replace(EXACT, max_iter=1))
    shares = density.responsibilities(x, start.log_weights, start.means, start.scale_tril)
    same_mixture(fit.mixture, project(data, shares, family, np.zeros(3)), rtol=1e-9)
    assert fit.path[0] == pytest.approx(start.log_density(x).mean(), rel=1e-12)
    assert fit.log_likelihood == pytest.approx(fit.mixture.log_density(x).sum(), rel=1e-12)
    assert fit.counts == pytest.approx(fit.mixture.responsibilities(x).sum(0), rel=1e-9)


def test_project_is_the_plain_formula(rng):
    x, g = rng.normal(size=(40, 2)), rng.integers(1, 4, size=40).astype(float)
    shares = rng.dirichlet([1, 1], size=40)
    mixture = project(as_data(x, sample_weight=g), shares, FAMILIES["full"], np.array([0.1, 0.2]))
    weighted = g[:, None] * shares
    np.testing.assert_allclose(mixture.weights, weighted.sum(0) / g.sum())
    for k in range(2):
        np.testing.assert_allclose(mixture.means[k], np.average(x, axis=0, weights=weighted[:, k]))
        expected = np.cov(x.T, aweights=weighted[:, k], ddof=0) + np.diag([0.1, 0.2])
        np.testing.assert_allclose(mixture.covariances[k], expected)


def test_a_far_start_loses_no_digits(rng):
    """Components a million of their own sds away jump in one step; its covariances come from the rows."""
    x = rng.normal(size=(100, 2))
    far = Mixture.from_sds([1.0], [[3.0, 3.0]], [[1e-6, 1e-6]])
    fit = run_em(as_data(x), FAMILIES["full"], far, dataclasses.replace(EXACT, max_iter=1))
    np.testing.assert_allclose(fit.mixture.covariances[0], np.cov(x.T, ddof=0), rtol=1e-12)


@each_family
def test_one_component_is_the_closed_form(family, rng):
    x = two_clusters(rng)
    fit = fit_em(as_data(x), 1, family, EMSettings(reg_covar=0.0))
    S = np.cov(x.T, ddof=0)
    expected = {
        "full": S,
        "tied": S,
        "diag": np.diag(np.diag(S)),
        "spherical": np.trace(S) / 3 * np.eye(3),
    }[family.name]
    np.testing.assert_allclose(fit.mixture.means[0], x.mean(0), rtol=1e-12)
    np.testing.assert_allclose(fit.mixture.covariances[0], expected, rtol=1e-12, atol=1e-12)
    assert fit.status is EMStatus.CONVERGED
    assert fit.starts.kinds == ("kmeans",)


@each_family
def test_integer_weights_equal_repeated_rows(family, rng):
    x, counts = two_clusters(rng), rng.integers(0, 4, size=150)
    start = rough_start(x, 2)
    weighted = run_em(as_data(x, sample_weight=counts), family, start, EXACT)
    repeated = run_em(as_data(np.repeat(x, counts, axis=0)), family, start, EXACT)
    same_mixture(weighted.mixture, repeated.mixture)
    assert weighted.log_likelihood == pytest.approx(repeated.log_likelihood, rel=1e-12)
    assert weighted.bic == pytest.approx(repeated.bic, rel=1e-12)


def test_collapsed_rows_equal_all_rows(rng):
    """300 rows of few distinct values are held as counts, which changes nothing."""
    x = np.round(two_clusters(rng, 300, 1), 1)
    data = as_data(x)
    assert data.row_index is not None
    plain = dataclasses.replace(data, rows=data.x, row_weights=None, row_index=None)
    collapsed, whole = (run_em(d, FAMILIES["full"], rough_start(x, 2), EXACT) for d in (data, plain))
    same_mixture(collapsed.mixture, whole.mixture)
    best, same = (fit_em(d, 2, random_state=1) for d in (data, plain))
    assert best.log_likelihood == pytest.approx(same.log_likelihood, abs=0.01)


def random_rotation(rng, n):
    return np.linalg.qr(rng.normal(size=(n, n)))[0]


MAPS = {
    "full": lambda rng: rng.normal(size=(3, 3)),
    "tied": lambda rng: rng.normal(size=(3, 3)),
    "diag": lambda rng: np.diag(rng.uniform(0.1, 10, size=3)),
    "spherical": lambda rng: 7.0 * random_rotation(rng, 3),
}


@each_family
def test_em_is_equivariant_under_the_group_of_the_family(family, rng):
    x, A, b = two_clusters(rng), MAPS[family.name](rng), rng.normal(size=3)
    start = project(as_data(x), np.eye(2)[(x[:, 0] > 1).astype(int)], family, np.zeros(3))
    settings = dataclasses.replace(EXACT, max_iter=50)
    plain = run_em(as_data(x), family, start, settings)
    mapped = run_em(as_data(x @ A.T + b), family, start.affine(A, b), settings)
    same_mixture(mapped.mixture, plain.mixture.affine(A, b))
    log_det = np.linalg.slogdet(A)[1]
    assert mapped.log_likelihood == pytest.approx(plain.log_likelihood - len(x) * log_det, rel=1e-9)


@each_family
def test_em_keeps_the_order_of_its_start(family, rng):
    x = two_clusters(rng)
    start = rough_start(x, 3)
    plain = run_em(as_data(x), family, start, EXACT)
    permuted = run_em(as_data(x), family, start.permute([2, 0, 1]), EXACT)
    same_mixture(permuted.mixture, plain.mixture.permute([2, 0, 1]))
    same_mixture(plain.permute([2, 0, 1]).mixture, permuted.mixture)
    np.testing.assert_allclose(plain.permute([2, 0, 1]).counts, permuted.counts, rtol=1e-6)


def test_tied_equals_full_where_covariances_agree(rng):
    """A mirror image of itself has the same covariance in both halves, so that the two families have one optimum."""
    half = rng.normal(size=(60, 2)) * [0.5, 1.0] + [4.0, 0.0]
    x = np.vstack([half, -half])
    start = Mixture.from_sds([0.5, 0.5], [[4.0, 0.0], [-4.0, 0.0]], [[1.0, 1.0], [1.0, 1.0]])
    tied, full = (run_em(as_data(x), FAMILIES[name], start, EXACT) for name in ("tied", "full"))
    same_mixture(tied.mixture, full.mixture, rtol=1e-8)


REFERENCE = [
    (["eruptions", "waiting"], "full", 2, -1130.263960, 2322.191743),
    (["eruptions", "waiting"], "tied", 3, -1126.315928, 2314.295678),
    (["waiting"], "tied", 2, -1034.001760, 2090.426729),
    (["waiting"], "full", 2, -1034.001750, 2096.032510),
    (["eruptions"], "full", 2, -276.360040, 580.749091),
]


@pytest.mark.parametrize(("columns", "name", "n_components", "log_likelihood", "bic"), REFERENCE)
def test_old_faithful_reference_values(columns, name, n_components, log_likelihood, bic, faithful):
    """R's mclust, mixtools and scikit-learn agree on these at convergence, without regularisation."""
    data, settings = as_data(faithful[columns]), EMSettings(tol=1e-13, max_iter=10_000, reg_covar=0.0)
    fit = fit_em(data, n_components, FAMILIES[name], settings, random_state=1)
    assert fit.log_likelihood == pytest.approx(log_likelihood, abs=1e-6)
    assert fit.bic == pytest.approx(bic, abs=2e-6)


@pytest.mark.parametrize("seed", range(5))
def test_old_faithful_by_default_has_five_decimals_from_every_seed(seed, faithful):
    fit = fit_em(as_data(faithful), 2, random_state=seed)
    assert round(fit.log_likelihood, 5) == -1130.26396
    np.testing.assert_allclose(fit.mixture.means, [[2.036389, 54.478517], [4.289662, 79.968115]], rtol=1e-5)
    assert np.bincount(fit.mixture.responsibilities(faithful).argmax(1)).tolist() == [97, 175]


@each_family
@pytest.mark.parametrize("n_components", [3, 4])
def test_the_pool_is_never_worse_than_its_first_member(family, n_components, faithful):
    fit = fit_em(as_data(faithful), n_components, family, random_state=3)
    tolerance = 1e-6 * len(faithful)
    assert fit.log_likelihood >= fit.starts.log_likelihoods[0] - 1e-12
    assert fit.log_likelihood >= np.nanmax(fit.starts.log_likelihoods) - tolerance - 1e-12
    assert fit.starts.kinds[0] == "kmeans"
    assert len(fit.starts.kinds) == len(fit.starts.log_likelihoods) == 17
    assert fit.starts.n_optima >= 1
    assert fit.starts.gap > 0


def test_the_pool_finds_more_than_one_kmeans_start(faithful):
    """K = 3, full: scikit-learn's start ends 4.78 nats below the best known optimum."""
    fit = fit_em(as_data(faithful), 3, random_state=1)
    assert fit.log_likelihood == pytest.approx(-1114.44, abs=0.01)
    assert fit.starts.log_likelihoods[0] == pytest.approx(-1119.21, abs=0.01)
    assert fit.starts.n_optima > 1
    assert 0 < fit.starts.gap < 5


def test_components_come_in_canonical_order(rng):
    x = np.vstack([rng.normal(size=(50, 2)) + centre for centre in ([9, 0], [0, 9], [5, 5], [0, -9])])
    fit = fit_em(as_data(x), 4, random_state=1)
    assert np.all(np.diff(fit.mixture.means[:, 0]) > 0)


def test_the_same_seed_gives_the_same_fit(faithful):
    data = as_data(faithful)
    a, b = (fit_em(data, 4, random_state=np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(a.mixture.means, b.mixture.means)
    np.testing.assert_array_equal(a.starts.log_likelihoods, b.starts.log_likelihoods)


def test_many_rows_are_compared_on_some(rng, monkeypatch):
    monkeypatch.setattr("bayesgmm.em.workplace.SHORT_ROWS", 300)
    x = np.vstack([rng.normal(size=(700, 2)), rng.normal(size=(900, 2)) * 0.5 + 6.0])
    fit = fit_em(as_data(x), 2, random_state=1)
    assert fit.status is EMStatus.CONVERGED
    assert np.bincount(fit.mixture.responsibilities(x).argmax(1)) == pytest.approx([700, 900], abs=5)


def test_of_many_rows_one_run_is_made_to_each_optimum(rng, monkeypatch):
    """Work is counted. All starts lead to one optimum: the first member reads all rows, and one other run does."""
    lengths, iterate = [], workplace.iterate
    monkeypatch.setattr(workplace, "SHORT_ROWS", 300)
    monkeypatch.setattr(
        workplace, "iterate", lambda rows, *a, **o: lengths.append(len(rows.x)) or iterate(rows, *a, **o)
    )
    x = rng.standard_normal((3000, 2)) + 6.0 * rng.integers(3, size=3000)[:, None]
    fit = fit_em(as_data(x), 3, random_state=1)
    assert lengths.count(3000) == 2
    assert fit.converged and fit.starts.n_optima == 1 and fit.starts.gap == np.inf


def test_a_run_on_some_rows_is_no_optimum_of_all(rng, monkeypatch):
    """Two optima: what converged on some rows only is not counted beside them."""
    monkeypatch.setattr(workplace, "SHORT_ROWS", 500)
    x = rng.standard_normal((4000, 2)) + 8.0 * rng.integers(4, size=4000)[:, None] * [1.0, 0.0]
    work = workplace.Workplace.of(as_data(x), FAMILIES["full"], EMSettings())
    _, fits = try_pool(work, 3, np.random.RandomState(1))
    ended = [fit.log_likelihood for fit in fits if fit.converged]
    whole = [work.run(as_state(fit.mixture, fit.family)).log_likelihood for fit in fits if fit.converged]
    assert np.allclose(whole, ended, rtol=0, atol=work.scatter)


def test_too_few_iterations_are_reported(faithful):
    fit = fit_em(as_data(faithful), 4, settings=EMSettings(max_iter=2), random_state=1)
    assert fit.status is EMStatus.NOT_CONVERGED
    assert not fit.converged
    assert fit.n_iter == len(fit.path) == 2


def test_a_relative_ridge_changes_with_the_units(faithful):
    small, large = (fit_em(as_data(faithful * factor), 2, random_state=1) for factor in (1e-6, 1e6))
    np.testing.assert_allclose(small.mixture.sds * 1e12, large.mixture.sds, rtol=1e-6)


def test_results_are_read_only(faithful):
    fit = fit_em(as_data(faithful), 2, random_state=1)
    for array in (fit.counts, fit.path, fit.starts.log_likelihoods, fit.mixture.means):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0.0


@pytest.mark.parametrize("weight", [1 / 272, 1e-6])
def test_what_the_starts_found_does_not_depend_on_the_size_of_relative_weights(weight, faithful):
    whole = fit_em(as_data(faithful), 3, random_state=1).starts
    share = fit_em(as_data(faithful, sample_weight=np.full(272, weight)), 3, random_state=1).starts
    assert whole.n_optima == share.n_optima == 3
    assert share.gap / weight == pytest.approx(whole.gap, abs=1e-3)


def test_a_mixture_of_other_features_is_no_start(faithful):
    """The compiled passes take its shapes on trust."""
    start = Mixture.from_sds([1.0], [[0.0, 0.0, 0.0]], [[1.0, 1.0, 1.0]])
    with pytest.raises(InvalidArgumentError, match="`mixture` must have 2 features; got 3"):
        run_em(as_data(faithful), FAMILIES["full"], start, EMSettings())
