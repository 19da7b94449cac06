"""Laws of the covariance families and of the canonical partial correlations."""

import numpy as np
import pytest

from bayesgmm.covariance import FAMILIES, Full, as_family, correlation_cholesky, partials_from_cholesky
from bayesgmm.density import whiten
from bayesgmm.errors import InvalidArgumentError

K, D = 3, 4
each_family = pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)

COMPACT_SHAPES = {"full": (K, D, D), "tied": (D, D), "diag": (K, D), "spherical": (K,)}
SDS_SHAPES = {"full": (K, D), "tied": (D,), "diag": (K, D), "spherical": (K,)}
PARAMETERS = {"full": 30, "tied": 10, "diag": 12, "spherical": 3}
ROWS_NEEDED = {"full": 5, "tied": 1, "diag": 2, "spherical": 2}


def random_matrices(rng, family, batch=()):
    """Covariances (..., K, D, D) of the family."""
    A = rng.normal(size=(*batch, K, D, D))
    full = A @ np.swapaxes(A, -1, -2) + np.eye(D)
    return family.expand(family.compact(full), K, D)


@each_family
@pytest.mark.parametrize("batch", [(), (2, 5)])
def test_compact_and_expand_undo_each_other(family, batch, rng):
    matrices = random_matrices(rng, family, batch)
    compact = family.compact(matrices)
    assert compact.shape == batch + COMPACT_SHAPES[family.name]
    np.testing.assert_array_equal(family.expand(compact, K, D), matrices)


@each_family
@pytest.mark.parametrize("batch", [(), (2, 5)])
def test_compact_sds_and_expand_sds_undo_each_other(family, batch, rng):
    sds = np.sqrt(np.diagonal(random_matrices(rng, family, batch), axis1=-2, axis2=-1))
    compact = family.compact_sds(sds)
    assert compact.shape == batch + SDS_SHAPES[family.name]
    np.testing.assert_array_equal(family.expand_sds(compact, K, D), sds)


@each_family
def test_scale_and_scale_tril_undo_each_other(family, rng):
    scale_tril = np.linalg.cholesky(random_matrices(rng, family))
    scale = family.scale(scale_tril)
    assert scale.shape == ((K, D) if family.is_diagonal else (K, D, D))
    np.testing.assert_array_equal(family.scale_tril(scale), scale_tril)


@each_family
def test_transform_undoes_whitening(family, rng):
    scale_tril = np.linalg.cholesky(random_matrices(rng, family))
    x = rng.normal(size=(1, D))
    y = whiten(x, np.zeros((K, D)), scale_tril)[..., 0]
    np.testing.assert_allclose(family.transform(family.scale(scale_tril), y), np.repeat(x, K, 0), atol=1e-12)


@each_family
def test_numbers_of_a_family(family):
    assert family.n_parameters(K, D) == PARAMETERS[family.name]
    assert family.rows_needed(D) == ROWS_NEEDED[family.name]
    assert family.has_correlations(D) == (family.name in ("full", "tied"))
    assert not family.has_correlations(1)
    assert repr(family) == f"{type(family).__name__}()"


@each_family
def test_shared_sds_bound_every_member_of_the_family(family):
    bound = np.array([0.3, 0.1, 0.2, 0.5])
    expected = np.full(D, 0.1) if family.name == "spherical" else bound
    np.testing.assert_array_equal(family.shared_sds(bound), expected)


def plain_covariances(name, x, g, means, ridge):
    """The M-step's formulas, as in any textbook, (K, D, D)."""
    counts = g.sum(0)
    difference = x[:, None] - means  # (N, K, D)
    full = np.einsum("nk,nki,nkj->kij", g, difference, difference) / counts[:, None, None] + np.diag(ridge)
    variances = np.diagonal(full, axis1=1, axis2=2)
    return {
        "full": full,
        "tied": np.repeat((counts[:, None, None] * full).sum(0)[None] / counts.sum(), K, 0),
        "diag": variances[:, :, None] * np.eye(D),
        "spherical": variances.mean(1)[:, None, None] * np.eye(D),
    }[name]


@each_family
def test_maximise_is_the_plain_weighted_formula(family, rng):
    N = 50
    x, g = rng.normal(size=(N, D)) * [1, 2, 3, 4], rng.random((N, K))
    ridge = np.array([0.1, 0.2, 0.3, 0.4])
    scale_tril = np.linalg.cholesky(random_matrices(rng, family))
    old_means = rng.normal(size=(K, D))
    y = whiten(x, old_means, scale_tril)  # (K, D, N)
    first, second = np.einsum("nk,kin->ki", g, y), np.einsum("nk,kin,kjn->kij", g, y, y)
    second = np.diagonal(second, axis1=1, axis2=2) if family.is_diagonal else second
    scale = family.maximise(family.scale(scale_tril), g.sum(0), first, second, ridge)
    found = family.scale_tril(scale) @ np.swapaxes(family.scale_tril(scale), -1, -2)
    means = g.T @ x / g.sum(0)[:, None]
    np.testing.assert_allclose(found, plain_covariances(family.name, x, g, means, ridge), rtol=1e-10, atol=1e-12)
    moved = old_means + family.transform(family.scale(scale_tril), first / g.sum(0)[:, None])
    np.testing.assert_allclose(moved, means, rtol=1e-10)
    assert scale.flags.c_contiguous


@each_family
def test_pool_is_a_projection(family, rng):
    counts = rng.random(K) + 0.5
    matrices = random_matrices(rng, Full())
    covariances = np.diagonal(matrices, axis1=1, axis2=2) if family.is_diagonal else matrices
    once = family.pool(counts, covariances)
    np.testing.assert_allclose(family.pool(counts, once), once, rtol=1e-14)


@each_family
def test_root_refuses_what_is_not_positive_definite(family):
    covariances = np.zeros((K, D)) if family.is_diagonal else np.zeros((K, D, D))
    with pytest.raises(np.linalg.LinAlgError):
        family.root(covariances)


@pytest.mark.parametrize("n_features", [1, 2, 5])
def test_partials_round_trip(n_features, rng):
    partials = rng.uniform(-0.99, 0.99, size=(3, 7, n_features * (n_features - 1) // 2))
    R = correlation_cholesky(partials, n_features)
    np.testing.assert_allclose((R**2).sum(-1), 1.0, rtol=1e-14)
    assert (np.diagonal(R, axis1=-2, axis2=-1) > 0).all()
    np.testing.assert_array_equal(R, np.tril(R))
    np.testing.assert_allclose(partials_from_cholesky(R), partials, rtol=1e-10, atol=1e-12)


def test_partials_do_not_depend_on_the_scale(rng):
    A = rng.normal(size=(5, D, D))
    L = np.linalg.cholesky(A @ np.swapaxes(A, -1, -2) + np.eye(D))
    scaled = rng.uniform(0.1, 10, size=(D, 1)) * L
    np.testing.assert_allclose(partials_from_cholesky(scaled), partials_from_cholesky(L), rtol=1e-12)


def test_a_partial_correlation_is_what_its_name_says(rng):
    """The correlation of features 0 and 2 given feature 1, columns ordered (1, 0, 2), is the last partial."""
    A = rng.normal(size=(3, 3))
    covariance = A @ A.T + np.eye(3)
    order = [1, 0, 2]
    last = partials_from_cholesky(np.linalg.cholesky(covariance[np.ix_(order, order)]))[-1]
    precision = np.linalg.inv(covariance)
    assert last == pytest.approx(-precision[0, 2] / np.sqrt(precision[0, 0] * precision[2, 2]))


@each_family
def test_as_family_knows_words_and_families(family):
    assert as_family(family.name) is family
    assert as_family(family) is family


@pytest.mark.parametrize("wrong", ["spherial", 3, None, ["full"]])
def test_as_family_refuses(wrong):
    with pytest.raises(InvalidArgumentError, match="`covariance_type` must be one of"):
        as_family(wrong)
