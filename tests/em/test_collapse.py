"""Collapsed components: seen where they are, not seen where they are not, never chosen over a sound solution."""

import numpy as np
import pytest
from sklearn.datasets import load_iris

from bayesgmm.covariance import FAMILIES, Full
from bayesgmm.data import as_data
from bayesgmm.em import collapse
from bayesgmm.em.collapse import find_collapsed, set_limits
from bayesgmm.em.fit import EMSettings, EMStatus, fit_em, run_em
from bayesgmm.mixture import Mixture

each_family = pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)


def judge(data, family, counts, sds, ridge=1e-6):
    """Which of two uncorrelated components have collapsed."""
    limits = set_limits(data, family, ridge * data.scale**2)
    scale_tril = np.asarray(sds)[..., None] * np.eye(data.n_features)
    return find_collapsed(limits, np.asarray(counts, float), family.scale(scale_tril))


@each_family
def test_too_few_rows(family, rng):
    data = as_data(rng.normal(size=(50, 3)))
    needed, sds = family.rows_needed(3), np.full((2, 3), 0.5)
    assert judge(data, family, [50 - needed, needed], sds) == ()
    assert judge(data, family, [50.5 - needed, needed - 0.5], sds) == (1,)


@each_family
def test_relative_weights_do_not_make_rows_few(family, rng):
    x = rng.normal(size=(50, 3))
    whole, share = as_data(x), as_data(x, sample_weight=np.full(50, 0.02))
    sds = np.full((2, 3), 0.5)
    for count in (0.5, 10.0):
        expected = judge(whole, family, [50 - count, count], sds)
        assert judge(share, family, [1 - count / 50, count / 50], sds) == expected


def test_narrower_than_the_resolution(rng):
    """Whole numbers of sd 5 resolve no sd below one half; hundredths do."""
    x = np.round(rng.normal(0, 5, size=(200, 2)))
    sds = [[0.4, 4.0], [4.0, 4.0]]
    for name in ("full", "diag"):
        assert judge(as_data(x), FAMILIES[name], [100, 100], sds) == (0,)
        assert judge(as_data(x + rng.uniform(-0.5, 0.5, size=x.shape)), FAMILIES[name], [100, 100], sds) == ()


def test_a_spherical_component_is_as_wide_as_its_finest_column(rng):
    x = np.c_[np.round(rng.normal(0, 5, 200)), np.round(rng.normal(0, 5, 200), 1)]
    assert judge(as_data(x), FAMILIES["spherical"], [100, 100], [[0.3, 0.3], [1, 1]]) == ()
    assert judge(as_data(x), FAMILIES["spherical"], [100, 100], [[0.03, 0.03], [1, 1]]) == (0,)


def test_a_binary_column_is_not_at_fault_by_itself(rng):
    x = np.c_[rng.normal(size=200), rng.integers(0, 2, 200)]
    assert judge(as_data(x), FAMILIES["diag"], [100, 100], [[1, 0.5], [1, 0.3]]) == ()
    assert judge(as_data(x), FAMILIES["diag"], [100, 100], [[1, 0.5], [1, 0.001]]) == (1,)


@each_family
def test_wider_by_regularisation_than_by_rows(family, rng):
    data = as_data(rng.normal(size=(100, 2)))
    assert judge(data, family, [50, 50], [[1e-3, 1e-3], [1, 1]]) == (0,)
    assert judge(data, family, [50, 50], [[2e-3, 2e-3], [1, 1]]) == ()
    assert judge(data, family, [50, 50], [[2e-5, 2e-5], [1, 1]], ridge=0.0) == ()


def test_flat_in_a_slanted_direction(rng):
    data = as_data(rng.normal(size=(100, 2)))
    limits = set_limits(data, FAMILIES["full"], 1e-6 * data.scale**2)
    line = np.array([[1.0, 1.0], [1.0, 1.0]]) + 1e-6 * np.eye(2)
    scale = np.linalg.cholesky(np.stack([line, np.eye(2)]))
    assert find_collapsed(limits, np.array([50.0, 50.0]), scale) == (0,)


def test_data_that_are_flat_themselves_accuse_no_component(rng):
    """Two columns that agree to 1e-4 of an sd leave directions as thin in every component."""
    a = rng.normal(size=300) + 6 * rng.integers(0, 2, 300)
    fit = fit_em(as_data(np.c_[a, a + 1e-4 * rng.normal(size=300)]), 2, random_state=1)
    assert fit.status is EMStatus.CONVERGED


def test_one_component_never_collapses(rng):
    x = np.c_[rng.normal(size=20), np.ones(20)]
    fit = fit_em(as_data(x), 1, settings=EMSettings(reg_covar=1e-6))
    assert fit.status is EMStatus.CONVERGED


@pytest.mark.parametrize("n_components", [3, 4])
def test_the_commonest_value_of_iris_wins_nothing(n_components):
    """29 equal petal widths are worth dozens of nats to a component that falls on them."""
    data = as_data(load_iris().data)
    fit = fit_em(data, n_components, random_state=1)
    assert fit.status is EMStatus.CONVERGED
    assert (fit.mixture.sds > data.resolution / 2).all()


def test_a_collapsed_solution_loses_to_a_sound_one(rng):
    """Ten equal rows among a hundred: the spike has the higher likelihood, and is refused."""
    x = np.vstack([rng.normal(size=(50, 2)), rng.normal(size=(50, 2)) + 5.0, np.full((10, 2), 1.234)])
    data = as_data(x)
    spike = Mixture.from_sds([0.9, 0.1], [x.mean(0), [1.234, 1.234]], [x.std(0), [0.01, 0.01]])
    bad = run_em(data, FAMILIES["full"], spike, EMSettings())
    assert (bad.status, bad.collapsed) == (EMStatus.DEGENERATE, (1,))
    good = fit_em(data, 2, random_state=1)
    assert good.status is EMStatus.CONVERGED
    assert good.log_likelihood < bad.log_likelihood


def test_where_all_collapse_the_best_is_marked_and_named():
    x = np.repeat([[0.0, 0.0], [1.0, 2.0], [3.0, 1.0], [4.0, 4.0]], 5, axis=0)
    fit = fit_em(as_data(x), 4, random_state=1)
    assert fit.status is EMStatus.DEGENERATE
    assert fit.collapsed == (0, 1, 2, 3)
    assert "component 0 (5 of 20 rows), 1 (5 of 20 rows)" in fit.message
    assert "reg_covar" not in fit.message


def test_names_follow_a_permutation():
    x = np.r_[np.zeros(5), np.linspace(5, 6, 15)][:, None]
    fit = fit_em(as_data(x), 2, random_state=1)
    assert fit.collapsed in ((0,), ())
    marked = (
        fit
        if fit.collapsed
        else run_em(
            as_data(x), FAMILIES["full"], Mixture.from_sds([0.25, 0.75], [[0.0], [5.5]], [[0.01], [0.3]]), EMSettings()
        )
    )
    assert marked.collapsed == (0,)
    assert marked.permute([1, 0]).collapsed == (1,)


def test_singular_everywhere_is_an_error_with_the_remedy():
    x = np.repeat([[0.0], [1.0], [3.0]], 5, axis=0)
    with pytest.raises(ValueError, match="ill-defined empirical covariance"):
        fit_em(as_data(x), 3, settings=EMSettings(reg_covar=0.0), random_state=1)


def test_a_run_that_becomes_singular_says_so_and_keeps_the_last_estimate():
    x = np.r_[0.0, np.linspace(5, 6, 20)][:, None]
    start = Mixture.from_sds([0.1, 0.9], [[0.0], [5.5]], [[0.5], [0.5]])
    fit = run_em(as_data(x), FAMILIES["full"], start, EMSettings(reg_covar=0.0))
    assert fit.status in (EMStatus.SINGULAR, EMStatus.DEGENERATE)
    assert np.isfinite(fit.mixture.means).all()


def test_limits_of_blocks_of_rows_are_those_of_all_rows(rng, monkeypatch):
    """Narrow data, so that the limit comes from the rows as a whole and not from the floor."""
    x = rng.standard_normal((500, 1)) + 1e-5 * rng.standard_normal((500, 3))
    data = as_data(x, sample_weight=rng.uniform(0.5, 2.0, 500))
    ridge = 1e-13 * data.scale**2
    z = (data.rows - data.location) / np.sqrt(1e-12 * data.scale**2)
    expected = 0.01 * np.linalg.eigvalsh((data.row_weights[:, None] * z).T @ z / data.total_weight)[0]
    assert 0 < expected < 2
    for block in (collapse.BLOCK, 7):
        monkeypatch.setattr(collapse, "BLOCK", block)
        assert set_limits(data, Full(), ridge).n_floors == pytest.approx(
            expected, rel=1e-4
        )  # rounding in 3e12 is left in 1e2
