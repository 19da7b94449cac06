"""`Mixture` against its laws, SciPy and quadrature."""

import dataclasses
import pickle

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import chi2, multivariate_normal

from bayesgmm import density
from bayesgmm.errors import InvalidArgumentError
from bayesgmm.mixture import Mixture


def make_mixture(K, D, batch=(), seed=0):
    """A mixture with correlated, overlapping components."""
    rng = np.random.default_rng([K, D, seed])
    factors = np.tril(rng.normal(size=(*batch, K, D, D)) * 0.4)
    factors[..., np.arange(D), np.arange(D)] = rng.uniform(0.5, 1.5, size=(*batch, K, D))
    return Mixture(rng.dirichlet(np.full(K, 3.0), size=batch), 2 * rng.normal(size=(*batch, K, D)), factors)


MIXTURES = {
    "one component, one feature": make_mixture(1, 1),
    "two components, one feature": make_mixture(2, 1),
    "one component": make_mixture(1, 3),
    "three components": make_mixture(3, 2),
    "many features": make_mixture(4, 7),
    "no correlations": Mixture.from_sds([0.3, 0.7], [[0.0, 1.0], [2.0, -1.0]], [[1.0, 0.5], [2.0, 1.5]]),
    "a weight of zero": Mixture([0.4, 0.0, 0.6], *[getattr(make_mixture(3, 2), n) for n in ("means", "scale_tril")]),
    "a batch": make_mixture(3, 2, batch=(2, 4)),
    "a batch without correlations": Mixture.from_sds(np.full((5, 2), 0.5), np.zeros((5, 2, 3)), np.ones((5, 2, 3))),
}
UNBATCHED = {name: mixture for name, mixture in MIXTURES.items() if not mixture.batch_shape}
each = pytest.mark.parametrize("mixture", MIXTURES.values(), ids=MIXTURES)
each_unbatched = pytest.mark.parametrize("mixture", UNBATCHED.values(), ids=UNBATCHED)


def rows_for(mixture, N=40, seed=1):
    return 3 * np.random.default_rng(seed).normal(size=(N, mixture.n_features))


def permutations_for(mixture, seed=2):
    rng = np.random.default_rng(seed)
    return rng.permuted(np.broadcast_to(np.arange(mixture.n_components), mixture.weights.shape), axis=-1)


# Shapes and values


@each
def test_outputs_have_the_documented_shapes(mixture):
    batch, K, D, X = mixture.batch_shape, mixture.n_components, mixture.n_features, rows_for(mixture, 5)
    assert mixture.weights.shape == mixture.log_weights.shape == (*batch, K)
    assert mixture.means.shape == mixture.sds.shape == (*batch, K, D)
    assert mixture.covariances.shape == (*batch, K, D, D)
    assert mixture.correlations.shape == (*batch, K, D * (D - 1) // 2)
    assert mixture.mean().shape == (*batch, D)
    assert mixture.covariance().shape == (*batch, D, D)
    assert mixture.log_density(X).shape == (*batch, 5)
    assert mixture.responsibilities(X).shape == mixture.component_log_density(X).shape == (*batch, 5, K)


@each
def test_densities_equal_the_plain_formulas(mixture):
    X, parameters = rows_for(mixture, 200), (mixture.log_weights, mixture.means, mixture.scale_tril)
    np.testing.assert_allclose(mixture.log_density(X), density.log_density(X, *parameters), rtol=1e-12)
    np.testing.assert_allclose(
        mixture.component_log_density(X), density.component_log_density(X, *parameters[1:]), rtol=1e-12
    )
    np.testing.assert_allclose(
        mixture.responsibilities(X), density.responsibilities(X, *parameters), rtol=1e-10, atol=1e-300
    )


@each
def test_responsibilities_are_bayes_rule(mixture):
    X = rows_for(mixture)
    joint = mixture.log_weights[..., None, :] + mixture.component_log_density(X)
    shares = mixture.responsibilities(X)
    np.testing.assert_allclose(shares, np.exp(joint - mixture.log_density(X)[..., None]), rtol=1e-10, atol=1e-300)
    np.testing.assert_allclose(shares.sum(-1), 1.0, rtol=1e-14)


@each_unbatched
def test_log_density_equals_scipy(mixture):
    X = rows_for(mixture)
    parts = zip(mixture.weights, mixture.means, mixture.covariances, strict=True)
    total = sum(w * multivariate_normal(m, S).pdf(X) for w, m, S in parts)
    np.testing.assert_allclose(mixture.log_density(X), np.log(total), rtol=1e-10)


@pytest.mark.parametrize("name", ["one component, one feature", "two components, one feature"])
def test_density_of_one_feature_integrates_to_one(name):
    mixture = MIXTURES[name]
    area, error = quad(lambda x: np.exp(mixture.log_density([[x]])[0]), -30, 30, points=mixture.means[:, 0], limit=200)
    assert abs(area - 1.0) < 1e-10 + error


@each
def test_covariances_sds_and_correlations_agree(mixture):
    rebuilt = Mixture.from_covariances(mixture.weights, mixture.means, mixture.covariances)
    np.testing.assert_allclose(rebuilt.scale_tril, mixture.scale_tril, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(mixture.sds**2, np.diagonal(mixture.covariances, axis1=-2, axis2=-1), rtol=1e-13)
    lower, upper = np.tril_indices(mixture.n_features, -1)
    expected = mixture.covariances[..., lower, upper] / (mixture.sds[..., lower] * mixture.sds[..., upper])
    np.testing.assert_allclose(mixture.correlations, expected, rtol=1e-12)


@each
def test_zero_weight_gives_zero_responsibility_and_no_warning(mixture):
    shares = mixture.responsibilities(rows_for(mixture))
    empty = np.broadcast_to((mixture.weights == 0)[..., None, :], shares.shape)
    assert (shares[empty] == 0).all()
    assert np.isfinite(mixture.log_density(rows_for(mixture))).all()


# Algebra


@each
def test_permuting_changes_no_density_and_moves_responsibilities(mixture):
    X, order = rows_for(mixture), permutations_for(mixture)
    permuted = mixture.permute(order)
    np.testing.assert_allclose(permuted.log_density(X), mixture.log_density(X), rtol=1e-12)
    moved = np.take_along_axis(mixture.responsibilities(X), order[..., None, :], -1)
    np.testing.assert_allclose(permuted.responsibilities(X), moved, rtol=1e-12, atol=1e-300)
    back = permuted.permute(np.argsort(order, -1))
    np.testing.assert_array_equal(back.means, mixture.means)


@each
def test_canonical_order_is_reached_from_any_order(mixture):
    first = mixture.permute(mixture.canonical_order())
    shuffled = mixture.permute(permutations_for(mixture))
    second = shuffled.permute(shuffled.canonical_order())
    np.testing.assert_array_equal(first.means, second.means)
    assert (np.diff(first.means[..., 0], axis=-1) >= 0).all()


def test_canonical_order_breaks_ties_by_the_next_feature():
    mixture = Mixture.from_sds([0.2, 0.3, 0.5], [[1.0, 5.0], [0.0, 9.0], [1.0, 4.0]], np.ones((3, 2)))
    np.testing.assert_array_equal(mixture.canonical_order(), [1, 2, 0])


@each
def test_affine_map_moves_the_density_by_its_jacobian(mixture):
    D, rng = mixture.n_features, np.random.default_rng(3)
    A, b, X = rng.normal(size=(D, D)) + 2 * np.eye(D), rng.normal(size=D), rows_for(mixture)
    log_jacobian = np.linalg.slogdet(A)[1]
    np.testing.assert_allclose(
        mixture.affine(A, b).log_density(X @ A.T + b), mixture.log_density(X) - log_jacobian, rtol=1e-10
    )
    np.testing.assert_allclose(mixture.affine(A, b).covariances, A @ mixture.covariances @ A.T, rtol=1e-10, atol=1e-12)


@each
def test_affine_maps_compose(mixture):
    D, rng = mixture.n_features, np.random.default_rng(4)
    A, B, a, b = rng.normal(size=(D, D)), rng.normal(size=(D, D)), rng.normal(size=D), rng.normal(size=D)
    twice, once = mixture.affine(A, a).affine(B, b), mixture.affine(B @ A, B @ a + b)
    np.testing.assert_allclose(twice.means, once.means, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(twice.scale_tril, once.scale_tril, rtol=1e-8, atol=1e-10)


@each
def test_marginal_is_the_block_of_means_and_covariances(mixture):
    features = np.random.default_rng(5).permutation(mixture.n_features)[: max(1, mixture.n_features - 1)]
    marginal = mixture.marginal(features)
    np.testing.assert_array_equal(marginal.means, mixture.means[..., features])
    block = mixture.covariances[..., features[:, None], features]
    np.testing.assert_allclose(marginal.covariances, block, rtol=1e-12, atol=1e-14)


def test_marginal_of_a_marginal_is_a_marginal():
    mixture = MIXTURES["many features"]
    twice, once = mixture.marginal([5, 1, 3, 0]).marginal([2, 0]), mixture.marginal([3, 5])
    np.testing.assert_allclose(twice.scale_tril, once.scale_tril, rtol=1e-12, atol=1e-14)
    np.testing.assert_array_equal(twice.means, once.means)


@pytest.mark.parametrize(
    "name", ["three components", "many features", "no correlations", "a weight of zero", "a batch"]
)
def test_conditional_times_marginal_is_the_joint(name):
    mixture, X = MIXTURES[name], rows_for(MIXTURES[name], 6)
    known = [mixture.n_features - 1, 0][: mixture.n_features - 1]
    rest = np.setdiff1d(np.arange(mixture.n_features), known)
    for row in X:
        conditional = mixture.conditional(known, row[known]).log_density(row[None, rest])
        marginal = mixture.marginal(known).log_density(row[None, known])
        np.testing.assert_allclose(conditional + marginal, mixture.log_density(row[None]), rtol=1e-10)


def test_conditioning_in_two_steps_is_conditioning_once():
    mixture = MIXTURES["many features"]
    once = mixture.conditional([1, 4], [0.5, -1.0])
    twice = mixture.conditional(4, -1.0).conditional(1, 0.5)
    np.testing.assert_allclose(twice.weights, once.weights, rtol=1e-11)
    np.testing.assert_allclose(twice.means, once.means, rtol=1e-11)
    np.testing.assert_allclose(twice.scale_tril, once.scale_tril, rtol=1e-11, atol=1e-13)


def test_conditional_far_from_every_component_stays_a_mixture():
    conditional = MIXTURES["three components"].conditional(0, 1e6)
    assert conditional.weights.sum() == pytest.approx(1.0, abs=1e-12)


def test_marginal_of_a_badly_conditioned_covariance_keeps_its_digits():
    """Sds 1 and 1e-9 along slanted axes: the covariance has condition number 1e18 and no Cholesky factor."""
    factor = np.array([[[1.0, 0.0], [1.0, 1e-9]]])
    swapped = Mixture([1.0], [[0.0, 0.0]], factor).marginal([1, 0])
    assert np.linalg.det(swapped.scale_tril[0]) == pytest.approx(1e-9, rel=1e-6)


@each
def test_moments_of_the_mixture_are_its_components_moments_mixed(mixture):
    second = np.einsum(
        "...k,...kde->...de",
        mixture.weights,
        mixture.covariances + mixture.means[..., :, None] * mixture.means[..., None, :],
    )
    mean = np.einsum("...k,...kd->...d", mixture.weights, mixture.means)
    np.testing.assert_allclose(mixture.mean(), mean, rtol=1e-13)
    np.testing.assert_allclose(
        mixture.covariance(), second - mean[..., :, None] * mean[..., None, :], rtol=1e-9, atol=1e-12
    )


# Sampling


@each_unbatched
def test_sample_moments_are_the_mixtures(mixture):
    """Within five standard errors of 40 000 rows."""
    n = 40_000
    X, labels = mixture.sample(n, random_state=7)
    shares = np.bincount(labels, minlength=mixture.n_components) / n
    assert (np.abs(shares - mixture.weights) <= 5 * np.sqrt(mixture.weights * (1 - mixture.weights) / n)).all()
    deviation = X - mixture.mean()
    assert (np.abs(deviation.mean(0)) < 5 * np.sqrt(np.diagonal(mixture.covariance()) / n)).all()
    products = deviation[:, :, None] * deviation[:, None, :]
    assert (np.abs(products.mean(0) - mixture.covariance()) < 5 * products.std(0) / np.sqrt(n)).all()


def test_sample_labels_name_the_component_of_each_row():
    X, labels = MIXTURES["three components"].sample(20_000, random_state=8)
    for k in range(3):
        error = np.abs(X[labels == k].mean(0) - MIXTURES["three components"].means[k])
        assert (error < 5 * MIXTURES["three components"].sds[k] / np.sqrt((labels == k).sum())).all()


def test_sample_of_a_batch_is_the_average_over_its_members():
    """Members 1000 apart: each gives a third of the rows, within five standard errors."""
    batch = Mixture.from_sds([1.0], np.array([[[0.0]], [[1000.0]], [[2000.0]]]), [[1.0]])
    X, _ = batch.sample(9000, random_state=9)
    shares = np.bincount(np.rint(X[:, 0] / 1000).astype(int)) / 9000
    assert (np.abs(shares - 1 / 3) < 5 * np.sqrt(2 / 9 / 9000)).all()


def test_sample_never_takes_a_component_without_weight():
    _, labels = Mixture.from_sds([0.0, 1.0, 0.0], np.zeros((3, 1)), np.ones((3, 1))).sample(10_000, random_state=1)
    assert (labels == 1).all()


@pytest.mark.parametrize("make_state", [lambda: 3, lambda: np.random.default_rng(3), lambda: np.random.RandomState(3)])
def test_sample_is_repeated_by_the_same_random_state(make_state):
    mixture = MIXTURES["three components"]
    for first, second in zip(mixture.sample(10, make_state()), mixture.sample(10, make_state()), strict=True):
        np.testing.assert_array_equal(first, second)


def test_sample_moves_a_generator_on():
    rng = np.random.default_rng(3)
    first, second = (MIXTURES["three components"].sample(5, rng)[0] for _ in range(2))
    assert not np.array_equal(first, second)


# Ellipses


@pytest.mark.parametrize("coverage", [0.5, 0.95])
def test_ellipse_points_lie_at_the_chi_square_radius(coverage):
    mixture = MIXTURES["many features"]
    outline = mixture.ellipse((4, 2), coverage, 50)
    plane = mixture.marginal((4, 2))
    for k in range(mixture.n_components):
        y = np.linalg.solve(plane.scale_tril[k], (outline[k] - plane.means[k]).T)
        np.testing.assert_allclose((y**2).sum(0), chi2.ppf(coverage, 2), rtol=1e-10)
    np.testing.assert_allclose(outline[:, 0], outline[:, -1], atol=1e-12)


def test_ellipse_of_a_batch_is_each_members_ellipse():
    batch = MIXTURES["a batch"]
    outline = batch.ellipse(n_points=9)
    assert outline.shape == (2, 4, 3, 9, 2)
    np.testing.assert_allclose(outline[1, 2], batch[1, 2].ellipse(n_points=9), rtol=1e-13)


# The value itself


def test_batch_equals_its_members_one_by_one():
    batch, X = MIXTURES["a batch"], rows_for(MIXTURES["a batch"])
    for i, j in np.ndindex(*batch.batch_shape):
        np.testing.assert_allclose(batch.log_density(X)[i, j], batch[i, j].log_density(X), rtol=1e-13)
        np.testing.assert_allclose(batch.responsibilities(X)[i, j], batch[i, j].responsibilities(X), rtol=1e-12)


@pytest.mark.parametrize(
    "index, shape",
    [((0, 1), ()), (1, (4,)), ((slice(None), slice(0, 4, 2)), (2, 2)), (..., (2, 4)), ([1, 0, 0], (3, 4))],
)
def test_indexing_acts_on_the_batch_axes_only(index, shape):
    chosen = MIXTURES["a batch"][index]
    assert chosen.batch_shape == shape
    np.testing.assert_array_equal(chosen.scale_tril, MIXTURES["a batch"].scale_tril[index])


def test_indexing_beyond_the_batch_axes_raises():
    with pytest.raises(IndexError):
        MIXTURES["three components"][0]


def test_flatten_merges_the_batch_axes():
    assert MIXTURES["a batch"].flatten().batch_shape == (8,)
    assert MIXTURES["three components"].flatten().batch_shape == (1,)


def test_batch_axes_are_broadcast():
    mixture = Mixture(np.array([0.5, 0.5]), np.zeros((6, 2, 1)), np.ones((2, 1, 1)))
    assert mixture.weights.shape == (6, 2)
    assert mixture.scale_tril.shape == (6, 2, 1, 1)


def test_arrays_are_copies_and_read_only():
    weights = np.array([0.5, 0.5])
    mixture = Mixture.from_sds(weights, [[0.0], [1.0]], [[1.0], [1.0]])
    weights[0] = 9.0
    assert mixture.weights[0] == 0.5
    with pytest.raises(ValueError, match="read-only"):
        mixture.means[0] = 1.0
    with pytest.raises(dataclasses.FrozenInstanceError):
        mixture.means = weights


@each
def test_copies_of_copies_stay_equal(mixture):
    for copy in (dataclasses.replace(mixture), pickle.loads(pickle.dumps(mixture))):
        for field in dataclasses.fields(mixture):
            np.testing.assert_array_equal(getattr(copy, field.name), getattr(mixture, field.name))


def test_weights_of_nine_digits_are_divided_by_their_sum():
    mixture = Mixture.from_sds([0.333333333] * 3, np.zeros((3, 1)), np.ones((3, 1)))
    assert mixture.weights.sum() == pytest.approx(1.0, abs=1e-15)


def test_repr_says_the_shapes():
    assert repr(MIXTURES["a batch"]) == "Mixture(n_components=3, n_features=2, batch_shape=(2, 4))"


def plain(**changes):
    arguments = {"weights": [0.5, 0.5], "means": np.zeros((2, 2)), "scale_tril": [np.eye(2)] * 2} | changes
    return Mixture(**arguments)


ERRORS = {
    "weights not summing to one": (lambda: plain(weights=[0.5, 0.6]), "`weights` must be at least 0 and sum to 1"),
    "a negative weight": (lambda: plain(weights=[-0.5, 1.5]), "`weights` must be at least 0"),
    "no weight": (lambda: plain(weights=[]), r"`weights` must be of shape \(\.\.\., K\)"),
    "a number for weights": (lambda: plain(weights=1.0), r"`weights` must be of shape \(\.\.\., K\)"),
    "weights not finite": (lambda: plain(weights=[np.nan, 1.0]), "`weights` must be finite"),
    "text": (lambda: plain(weights=["a", "b"]), "`weights` must be an array of numbers"),
    "means of another K": (lambda: plain(means=np.zeros((3, 2))), r"`means` must be of shape \(\.\.\., 2, D\)"),
    "means of one axis": (lambda: plain(means=np.zeros(2)), r"`means` must be of shape \(\.\.\., 2, D\)"),
    "means not finite": (lambda: plain(means=np.full((2, 2), np.inf)), "`means` must be finite"),
    "factors of another D": (lambda: plain(scale_tril=[np.eye(3)] * 2), r"`scale_tril` must be of shape \(\.\.\., 2"),
    "an upper triangle": (
        lambda: plain(scale_tril=np.ones((2, 2, 2))),
        "(?s)must be lower triangular.*from_covariances",
    ),
    "a zero diagonal": (lambda: plain(scale_tril=np.zeros((2, 2, 2))), "`scale_tril` must have a positive diagonal"),
    "batches that do not fit": (
        lambda: plain(weights=np.full((3, 2), 0.5), means=np.zeros((4, 2, 2))),
        "`weights` must have batch axes that fit",
    ),
    "an asymmetric covariance": (
        lambda: Mixture.from_covariances([1.0], [[0.0, 0.0]], [[[1.0, 0.5], [0.4, 1.0]]]),
        "`covariances` must be symmetric",
    ),
    "an indefinite covariance": (
        lambda: Mixture.from_covariances([1.0], [[0.0, 0.0]], [[[1.0, 2.0], [2.0, 1.0]]]),
        "`covariances` must be positive definite",
    ),
    "one covariance for two": (
        lambda: Mixture.from_covariances([1.0], [[0.0, 0.0]], np.eye(2)),
        r"`covariances` must be of shape \(\.\.\., K, D, D\)",
    ),
    "an sd of zero": (lambda: Mixture.from_sds([1.0], [[0.0]], [[0.0]]), "`sds` must be positive"),
    "rows of another D": (lambda: plain().log_density([[1.0]]), "2 features"),
    "rows not finite": (lambda: plain().responsibilities([[1.0, np.nan]]), "NaN"),
    "no sample": (lambda: plain().sample(0), "`n_samples` must be a positive integer; got 0"),
    "half a sample": (lambda: plain().sample(1.5), "`n_samples` must be a positive integer"),
    "a feature that is not there": (lambda: plain().marginal(2), "`features` must be distinct integers from 0 to 1"),
    "a feature twice": (lambda: plain().marginal([0, 0]), "`features` must be distinct integers"),
    "no feature": (lambda: plain().marginal([]), "`features` must be distinct integers"),
    "all features known": (lambda: plain().conditional([0, 1], [0.0, 0.0]), "`features` must leave at least one"),
    "a value too many": (lambda: plain().conditional(0, [0.0, 0.0]), "`values` must hold a number for each of 1"),
    "a known value not finite": (lambda: plain().conditional(0, np.nan), "`values` must be finite"),
    "no permutation": (lambda: plain().permute([0, 0]), "`order` must be a permutation of the integers from 0 to 1"),
    "permutations of another batch": (lambda: plain().permute([[0, 1]] * 3), r"`order` must fit the shape \(2,\)"),
    "a singular matrix": (lambda: plain().affine(np.ones((2, 2))), "`matrix` must be .* full row rank"),
    "a matrix of another D": (lambda: plain().affine(np.eye(3)), r"`matrix` must be of shape \(E, 2\)"),
    "coverage of one": (lambda: plain().ellipse(coverage=1.0), "`coverage` must lie strictly between 0 and 1"),
    "three features for an ellipse": (lambda: plain().ellipse([0]), "`features` must name two features"),
    "two points for an ellipse": (lambda: plain().ellipse(n_points=2), "`n_points` must be an integer of at least 4"),
}


@pytest.mark.parametrize("call, match", ERRORS.values(), ids=ERRORS)
def test_invalid_arguments_raise_one_clear_error(call, match):
    with pytest.raises(InvalidArgumentError, match=match):
        call()
