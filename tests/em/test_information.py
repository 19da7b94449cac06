"""Standard errors from the observed information: closed forms, symmetry, and the bootstrap."""

import numpy as np
import pytest

from bayesgmm.covariance import FAMILIES
from bayesgmm.data import as_data
from bayesgmm.em.fit import EMSettings, fit_em, run_em
from bayesgmm.em.information import standard_errors
from bayesgmm.mixture import Mixture

EXACT = EMSettings(tol=1e-13, max_iter=10_000, reg_covar=0.0)
N = 400


@pytest.fixture
def x(rng):
    return rng.normal(size=(N, 3)) @ rng.normal(size=(3, 3)) + 5.0


@pytest.mark.parametrize("name", ["full", "tied"])
def test_one_component_has_closed_forms(name, x):
    """Means s / sqrt(N), sds s / sqrt(2 N), correlations (1 - r^2) / sqrt(N); nothing to say about the weight."""
    data = as_data(x)
    fit = fit_em(data, 1, FAMILIES[name], EXACT)
    errors = standard_errors(fit, data)
    s, r = x.std(0), fit.mixture.correlations[0]
    shape = {"full": (1, 3), "tied": (3,)}[name]
    np.testing.assert_allclose(errors["weights"], [0.0])
    np.testing.assert_allclose(errors["means"], [s / np.sqrt(N)], rtol=1e-6)
    np.testing.assert_allclose(errors["sds"], (s / np.sqrt(2 * N)).reshape(shape), rtol=1e-6)
    np.testing.assert_allclose(errors["correlations"], ((1 - r**2) / np.sqrt(N)).reshape(shape), rtol=1e-6)


def test_one_diagonal_component_has_closed_forms(x):
    data = as_data(x)
    errors = standard_errors(fit_em(data, 1, FAMILIES["diag"], EXACT), data)
    np.testing.assert_allclose(errors["sds"], [x.std(0) / np.sqrt(2 * N)], rtol=1e-6)
    assert set(errors) == {"weights", "means", "sds"}


def test_one_spherical_component_has_closed_forms(x):
    """One sd from N D numbers: s / sqrt(2 N D)."""
    data = as_data(x)
    fit = fit_em(data, 1, FAMILIES["spherical"], EXACT)
    errors = standard_errors(fit, data)
    # The model is wrong here (the columns' variances differ), but the information at the optimum is that of the model.
    np.testing.assert_allclose(errors["sds"], fit.mixture.sds[:, 0] / np.sqrt(2 * N * 3), rtol=1e-6)
    np.testing.assert_allclose(errors["means"], fit.mixture.sds / np.sqrt(N), rtol=1e-6)


def test_far_apart_components_are_estimated_alone(rng):
    """Weights then have the binomial's standard error, the rest is each cluster's own."""
    x = np.vstack([rng.normal(size=(100, 2)), rng.normal(size=(300, 2)) + 100.0])
    data = as_data(x)
    fit = fit_em(data, 2, settings=EXACT, random_state=1)
    errors = standard_errors(fit, data)
    np.testing.assert_allclose(errors["weights"], np.sqrt(0.25 * 0.75 / 400), rtol=1e-6)
    np.testing.assert_allclose(errors["means"][0], x[:100].std(0) / np.sqrt(100), rtol=1e-6)
    np.testing.assert_allclose(errors["sds"][1], x[100:].std(0) / np.sqrt(600), rtol=1e-6)


def test_old_faithful_is_near_the_bootstrap(faithful):
    """999 resamples, mclust: weights .0298; means (.0292, .6044) and (.0337, .4745), components in canonical order."""
    data = as_data(faithful)
    errors = standard_errors(fit_em(data, 2, settings=EXACT, random_state=1), data)
    np.testing.assert_allclose(errors["weights"], 0.0298, rtol=0.05)
    np.testing.assert_allclose(errors["means"], [[0.0292, 0.6044], [0.0337, 0.4745]], rtol=0.1)
    assert errors["sds"].shape == (2, 2)
    assert errors["correlations"].shape == (2, 1)


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
def test_units_and_order_carry_over(family, faithful):
    factor = 3.0 if family.name == "spherical" else np.array([60.0, 1 / 60])
    data, scaled = as_data(faithful), as_data(faithful * factor)
    fit = fit_em(data, 2, family, EXACT, random_state=1)
    matrix = np.eye(2) * factor
    mapped = run_em(scaled, family, fit.mixture.affine(matrix, np.zeros(2)), EXACT)
    errors, other = standard_errors(fit, data), standard_errors(mapped, scaled)
    np.testing.assert_allclose(other["means"], errors["means"] * factor, rtol=1e-4)
    np.testing.assert_allclose(other["weights"], errors["weights"], rtol=1e-4)
    swapped = standard_errors(fit.permute([1, 0]), data)
    np.testing.assert_allclose(swapped["means"], errors["means"][::-1], rtol=1e-5)


def test_weights_count_as_repeats(faithful, rng):
    x, counts = faithful.to_numpy(), rng.integers(0, 3, size=272)
    weighted, repeated = as_data(x, sample_weight=counts), as_data(np.repeat(x, counts, axis=0))
    fit = fit_em(weighted, 2, settings=EXACT, random_state=1)
    a, b = standard_errors(fit, weighted), standard_errors(fit, repeated)
    for name, values in a.items():
        np.testing.assert_allclose(values, b[name], rtol=1e-8)


def test_no_optimum_no_standard_error(rng):
    """Two components on one another sit at a saddle: the information is not positive definite."""
    data = as_data(rng.normal(size=(50, 1)))
    m, s = data.location, data.scale
    twins = Mixture.from_sds([0.5, 0.5], [m, m], [s, s])
    errors = standard_errors(run_em(data, FAMILIES["full"], twins, EXACT), data)
    assert all(np.isnan(values).all() for values in errors.values())
