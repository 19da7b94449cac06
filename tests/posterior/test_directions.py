"""Separating directions against the generalised eigenproblem, discriminant analysis, and what no units can change."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.linalg import eigh, subspace_angles
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

import bayesgmm as bg
from bayesgmm.covariance import as_family
from bayesgmm.errors import InvalidArgumentError, InvalidArgumentTypeError
from bayesgmm.mixture import Mixture
from bayesgmm.posterior import directions as room
from bayesgmm.posterior.container import Posterior
from bayesgmm.posterior.directions import separating_directions
from bayesgmm.posterior.ellipses import posterior_mean
from handmade import handmade_posterior, scattered_values


@pytest.fixture
def mixture(rng):
    """Three components with covariances of their own in four features of different units."""
    factors = np.tril(rng.standard_normal((3, 4, 4)), -1) + np.eye(4) * rng.uniform(0.5, 2, (3, 1, 4))
    shapes = np.diag([1.0, 10.0, 0.1, 3.0]) @ factors
    return Mixture([0.2, 0.3, 0.5], 3 * rng.standard_normal((3, 4)) * [1, 10, 0.1, 3], shapes)


@pytest.fixture
def equal(rng):
    """Three components of one covariance in four features."""
    factor = np.tril(rng.standard_normal((4, 4)), -1) + np.eye(4)
    return Mixture([0.2, 0.3, 0.5], 2 * rng.standard_normal((3, 4)), np.broadcast_to(factor, (3, 4, 4)))


@pytest.fixture(scope="module")
def posterior(faithful):
    return handmade_posterior(faithful, 2, rng=np.random.default_rng(1))


def kernel(mixture, balance):
    """Scrucca's (2010) kernel matrix, written down in the coordinates of x."""
    sigma, inverse = mixture.covariance(), np.linalg.inv(mixture.covariance())
    between, within, spread = np.zeros_like(sigma), np.zeros_like(sigma), np.zeros_like(sigma)
    for w, m, S in zip(mixture.weights, mixture.means, mixture.covariances, strict=True):
        between += w * np.outer(m - mixture.mean(), m - mixture.mean())
        within += w * S
    for w, S in zip(mixture.weights, mixture.covariances, strict=True):
        spread += w * (S - within) @ inverse @ (S - within)
    return 2 * balance * between @ inverse @ between, 2 * (1 - balance) * spread


@pytest.mark.parametrize("balance", [0.0, 0.5, 0.9])
def test_directions_solve_the_generalised_eigenproblem(mixture, balance):
    of_means, of_covariances = kernel(mixture, balance)
    values, vectors = eigh(of_means + of_covariances, mixture.covariance())
    found = separating_directions(mixture, balance=balance)
    np.testing.assert_allclose(found.eigenvalues, values[::-1], rtol=1e-9)
    cosines = np.diagonal(vectors[:, ::-1].T @ mixture.covariance() @ found.coefficients)
    np.testing.assert_allclose(np.abs(cosines), 1.0, rtol=1e-9)
    parts = np.diagonal(found.coefficients.T @ of_means @ found.coefficients) / found.eigenvalues
    np.testing.assert_allclose(found.from_means, parts, atol=1e-9)
    assert found.shares.sum() == pytest.approx(1.0)


def test_scores_have_mean_zero_and_covariance_one(mixture):
    found = separating_directions(mixture, balance=0.5)
    scores = found.project(mixture)
    np.testing.assert_allclose(scores.mean(), 0.0, atol=1e-12)
    np.testing.assert_allclose(scores.covariance(), np.eye(4), atol=1e-10)
    np.testing.assert_allclose(found.scores(mixture.means), scores.means, atol=1e-12)
    np.testing.assert_allclose(found.project(mixture, [2, 0]).means, scores.means[:, [2, 0]])


def test_of_equal_covariances_the_directions_span_the_means(equal):
    """K - 1 directions, those of Fisher's discriminants, and nothing of the eigenvalues is the covariances'."""
    found = separating_directions(equal, balance=0.5)
    assert found.n_directions == 2
    fisher = np.linalg.solve(equal.covariances[0], (equal.means - equal.means[0])[1:].T)
    assert np.max(subspace_angles(found.coefficients, fisher)) < 1e-6
    np.testing.assert_allclose(found.from_means, 1.0)


def test_with_means_only_the_directions_are_those_of_discriminant_analysis(rng):
    """Scikit-learn's from the labelled rows, and the root of l / 2 is the between part of the scores' variance."""
    sizes = [40, 60, 100]
    labels = np.repeat([0, 1, 2], sizes)
    X = rng.standard_normal((200, 3)) @ rng.standard_normal((3, 3)) + 2 * rng.standard_normal((3, 3))[labels]
    parts = [X[labels == k] for k in range(3)]
    covariances = [np.cov(part.T, bias=True) for part in parts]
    mixture = Mixture.from_covariances(np.array(sizes) / 200, [part.mean(0) for part in parts], covariances)
    found = separating_directions(mixture)
    lda = LinearDiscriminantAnalysis(solver="eigen").fit(X, labels)
    r = np.corrcoef(np.hstack([found.scores(X), lda.transform(X)]).T)[:2, 2:]
    np.testing.assert_allclose(np.abs(r), np.eye(2), atol=1e-8)
    between = np.cov(np.repeat(found.project(mixture).means, sizes, axis=0).T, bias=True)
    np.testing.assert_allclose(np.sqrt(found.eigenvalues / 2), np.diagonal(between))


def test_an_affine_map_changes_the_scores_by_their_sign_only(mixture, rng):
    A, b = rng.standard_normal((4, 4)), rng.standard_normal(4)
    rows = rng.standard_normal((20, 4))
    before, after = (
        separating_directions(mixture, balance=0.5),
        separating_directions(mixture.affine(A, b), balance=0.5),
    )
    np.testing.assert_allclose(after.eigenvalues, before.eigenvalues, rtol=1e-8)
    np.testing.assert_allclose(after.from_means, before.from_means, atol=1e-8)
    np.testing.assert_allclose(np.abs(after.scores(rows @ A.T + b)), np.abs(before.scores(rows)), rtol=1e-6)


def test_a_change_of_units_changes_no_score(mixture, rng):
    rows, units = rng.standard_normal((20, 4)), np.array([1e-3, 1.0, 60.0, 1e4])
    before, after = (
        separating_directions(mixture, balance=0.5),
        separating_directions(mixture.affine(np.diag(units)), balance=0.5),
    )
    np.testing.assert_allclose(after.scores(rows * units), before.scores(rows), rtol=1e-8)
    np.testing.assert_allclose(after.correlations, before.correlations, atol=1e-10)
    r = before.correlations
    assert (r[np.abs(r).argmax(0), range(4)] > 0).all()


def test_equal_means_leave_all_to_the_covariances(mixture):
    same = Mixture(mixture.weights, np.zeros((3, 4)), mixture.scale_tril)
    np.testing.assert_allclose(separating_directions(same, balance=0.5).from_means, 0.0, atol=1e-12)
    with pytest.raises(InvalidArgumentError, match="components that differ; got equal ones"):
        separating_directions(same)


def test_one_feature_is_one_direction():
    mixture = Mixture.from_sds([0.5, 0.5], [[-3.0], [3.0]], [[4.0], [4.0]])  # sd of the mixture: 5
    found = separating_directions(mixture, balance=0.5)
    np.testing.assert_allclose(found.coefficients, [[0.2]])
    np.testing.assert_allclose(found.eigenvalues, [(9 / 25) ** 2])
    np.testing.assert_allclose(found.correlations, [[1.0]])


def test_a_posterior_has_the_directions_of_its_means_and_those_of_every_draw(posterior):
    found, point = separating_directions(posterior, balance=0.5), posterior_mean(posterior.mixture)
    np.testing.assert_array_equal(found.coefficients, separating_directions(point, balance=0.5).coefficients)
    assert found.feature_names == ("eruptions", "waiting")
    draws = posterior.mixture.flatten()
    assert found.eigenvalue_draws.shape == (200, 2) and found.coefficient_draws.shape == (200, 2, 2)
    for s in (0, 77, 199):
        alone = separating_directions(draws[s], balance=0.5)
        np.testing.assert_allclose(found.eigenvalue_draws[s], alone.eigenvalues)
        np.testing.assert_allclose(np.abs(found.coefficient_draws[s]), np.abs(alone.coefficients))
    turned = np.einsum("sdi,de,ei->si", found.coefficient_draws, point.covariance(), found.coefficients)
    assert (turned > 0).all()
    assert (found.agreement <= 1 + 1e-12).all() and found.agreement[0] > 0.99


def test_draws_whose_eigenvalues_change_places_are_matched_to_the_same_directions():
    """Two directions of nearly equal weight: the draws order them now this way, now that."""
    cross = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    means = np.array([cross * [2.0, 1.8], cross * [1.85, 1.95]])
    draws = Mixture(np.full((2, 4), 0.25), means, np.broadcast_to(np.eye(2), (2, 4, 2, 2)))
    point = separating_directions(posterior_mean(draws), balance=1.0)
    values, vectors = room._align(draws, 1.0, point.coefficients, point.covariance)
    cosines = room._alignment(vectors, point.coefficients, point.covariance)
    np.testing.assert_array_equal(cosines.argmax(1), [[0, 1], [0, 1]])
    assert (cosines.diagonal(0, 1, 2) > 0).all()
    assert values[0].argmax() != values[1].argmax()


def test_equal_draws_leave_no_uncertainty(posterior):
    one = posterior.mixture[0, 0]
    values, vectors = room._align(
        one.flatten(), 0.5, *(separating_directions(one, balance=0.5).coefficients, one.covariance())
    )
    np.testing.assert_allclose(values[0], separating_directions(one, balance=0.5).eigenvalues)
    np.testing.assert_allclose(vectors[0], separating_directions(one, balance=0.5).coefficients)


def test_blocks_of_draws_change_nothing(posterior, monkeypatch):
    whole = separating_directions(posterior, balance=0.5)
    monkeypatch.setattr(room, "BLOCK", 100)
    parts = separating_directions(posterior, balance=0.5)
    np.testing.assert_array_equal(parts.coefficient_draws, whole.coefficient_draws)
    np.testing.assert_array_equal(parts.eigenvalue_draws, whole.eigenvalue_draws)


def test_summary_has_a_row_for_each_direction(posterior):
    table = separating_directions(posterior, balance=0.5).summary(ci_prob=0.5)
    assert table.index.tolist() == [1, 2]
    assert (table["lower"] < table["upper"]).all() and table["lower"].iloc[0] > table["upper"].iloc[1]
    assert separating_directions(posterior.em, balance=0.5).summary().columns.tolist() == [
        "share", "from_means", "eigenvalue", "correlation[x0]", "correlation[x1]",
    ]  # fmt: skip


def test_a_feature_may_be_called_as_a_column_is():
    mixture = Mixture.from_sds([0.5, 0.5], [[0.0, 0.0], [3.0, 1.0]], np.ones((2, 2)))
    found = replace(separating_directions(mixture), feature_names=("share", "lower"))
    table = found.summary()
    assert table["share"].tolist() == [1.0]
    np.testing.assert_array_equal(table[["correlation[share]", "correlation[lower]"]].T, found.correlations)


def test_draws_take_no_direction_of_eigenvalue_zero():
    """In twelve features a direction in which nothing differs is nearer by chance than an uncertain one that counts."""
    rng = np.random.default_rng(5)
    means = np.zeros((300, 3, 12))
    means[:, 1, 0], means[:, 2, 0] = 12.0, 6.0
    draws = Mixture.from_sds(
        np.full((300, 3), 1 / 3), means + 0.13 * rng.standard_normal(means.shape), np.ones((300, 3, 12))
    )
    point = separating_directions(posterior_mean(draws))
    assert point.n_directions == 2
    values, vectors = room._align(draws, 1.0, point.coefficients, point.covariance)
    for s in range(300):
        own = separating_directions(draws[s])
        np.testing.assert_allclose(np.sort(values[s])[::-1], own.eigenvalues, rtol=1e-6)
    assert values.min() > room.LEAST
    cosines = room._alignment(vectors, point.coefficients, point.covariance)
    assert (cosines.diagonal(0, 1, 2) > 0).all()


def test_no_eigenvalue_is_below_zero(equal):
    draws = Mixture(equal.weights[None], equal.means[None], equal.scale_tril[None])
    assert room._solve(draws, 1.0)[0].min() >= 0.0


def test_rows_with_names_must_have_those_of_the_fit(posterior, faithful):
    em = bg.GaussianMixture(2, random_state=1).fit(faithful)
    for fit in (posterior, em):
        found = separating_directions(fit)
        assert found.has_feature_names
        np.testing.assert_array_equal(found.scores(faithful), found.scores(faithful.to_numpy()))
        with pytest.raises(InvalidArgumentError, match="eruptions"):
            found.scores(faithful[["waiting", "eruptions"]])


def test_rows_may_have_any_names_where_the_fit_had_none(faithful, rng):
    rows = faithful.to_numpy()
    plain = handmade_posterior(rows, 2, rng=rng)
    for fit in (plain, plain.em_fit, plain.em, bg.GaussianMixture(2, random_state=1).fit(rows)):
        found = separating_directions(fit)
        assert not found.has_feature_names
        named = pd.DataFrame(rows, columns=["b", "a"])
        np.testing.assert_array_equal(found.scores(named), found.scores(rows))


def test_components_that_cannot_be_told_apart_are_not_averaged(faithful):
    """Half of the draws have their labels exchanged: means over the draws are equal, directions are EM's."""
    rng = np.random.default_rng(1)
    em = handmade_posterior(faithful, 2, rng=rng).em
    values = scattered_values(em, as_family("full"), rng)
    told = handmade_posterior(faithful, 2, rng=rng, values=values)
    swapped = {name: np.where(_every_second(value), value[:, :, ::-1], value) for name, value in values.items()}
    tree = handmade_posterior(faithful, 2, rng=rng, values=swapped, is_exchangeable=False).idata.copy(deep=True)
    tree["posterior"].attrs["is_identified"] = 0
    found, expected = separating_directions(Posterior(tree)), separating_directions(told)
    np.testing.assert_array_equal(found.coefficients, separating_directions(told.em).coefficients)
    np.testing.assert_allclose(found.eigenvalue_draws, expected.eigenvalue_draws, rtol=1e-9)
    assert abs(found.eigenvalues[0] / expected.eigenvalues[0] - 1) < 0.05


def _every_second(value):
    """The second of two draws, of any shape behind the axes (chain, draw)."""
    return (np.arange(value.shape[1]) % 2 == 1).reshape(1, -1, *[1] * (value.ndim - 2))


ERRORS = {
    "one component": (lambda p: separating_directions(Mixture.from_sds([1.0], [[0.0]], [[1.0]])), "two components"),
    "a batch": (lambda p: separating_directions(p.mixture), "single mixture, without batch axes"),
    "balance": (lambda p: separating_directions(p, balance=1.5), "`balance` must lie between 0 and 1; got 1.5"),
    "balance as text": (lambda p: separating_directions(p, balance="b"), "`balance` must be a number"),
    "fit": (lambda p: separating_directions(3), "`fit` must be a fitted estimator"),
}


@pytest.mark.parametrize(("call", "match"), ERRORS.values(), ids=ERRORS)
def test_errors_name_the_argument(posterior, call, match):
    with pytest.raises((InvalidArgumentError, InvalidArgumentTypeError), match=match):
        call(posterior)
