"""Labels come back: the assignment against its formula, against brute force, and under what must not matter."""

import itertools
import time

import numpy as np
import pytest

from bayesgmm.covariance import FAMILIES
from bayesgmm.data import as_data
from bayesgmm.em.criteria import n_parameters
from bayesgmm.em.result import EMFit, EMStatus
from bayesgmm.mixture import Mixture
from bayesgmm.posterior.layout import coordinates, mixture_of, name_parameters
from bayesgmm.posterior.relabel import assignment_costs, match, permute_components
from handmade import scattered_values, shuffle_values


def random_mixture(n_components, n_features, rng, family=FAMILIES["full"], spread=8.0):
    """Components some sds apart, of different weights and shapes."""
    K, D = n_components, n_features
    roots = np.tril(rng.standard_normal((K, D, D)) * 0.3 + np.eye(D))
    index = np.arange(D)
    roots[:, index, index] = np.exp(0.3 * rng.standard_normal((K, D)))
    if family.is_shared:
        roots[:] = roots[0]
    if family.is_diagonal:
        roots = roots * np.eye(D)
    if family.name == "spherical":
        roots[:] = roots[:, :1, :1] * np.eye(D)
    means = spread * rng.permuted(np.arange(K * D).reshape(D, K), axis=1).T / D
    return Mixture(rng.dirichlet(np.full(K, 5.0)), means, roots)


def pivot_of(mixture, family=FAMILIES["full"], n_rows=500.0):
    K, D = mixture.means.shape
    return EMFit(
        mixture=mixture,
        family=family,
        log_likelihood=0.0,
        n_iter=1,
        status=EMStatus.CONVERGED,
        path=np.zeros(1),
        starts=None,
        counts=n_rows * mixture.weights,
        total_weight=n_rows,
        n_parameters=n_parameters(family, K, D),
        converged=True,
    )


def named_draws(values, family, n_components, n_features):
    coords = coordinates(as_data(np.zeros((1, n_features))).feature_names, n_components)
    return name_parameters(values, family, coords)


@pytest.mark.parametrize("n_components", [1, 2, 3, 7, 20])
@pytest.mark.parametrize("name", FAMILIES)
def test_shuffled_labels_come_back_in_order(name, n_components, rng):
    family, K, D = FAMILIES[name], n_components, 2
    mixture = random_mixture(K, D, rng, family)
    values = scattered_values(mixture, family, rng)
    shuffled, order = shuffle_values(values, family, rng)
    draws = named_draws(shuffled, family, K, D)
    relabelling = match(mixture_of(draws, family, K, D), pivot_of(mixture, family))
    assert relabelling.is_clear.all()
    assert np.array_equal(
        np.take_along_axis(order, relabelling.permutation, -1), np.broadcast_to(np.arange(K), order.shape)
    )
    ordered = permute_components(draws, relabelling.permutation)
    for key, value in values.items():
        assert np.array_equal(ordered[key].values, value)


def test_costs_equal_the_formula_written_out(rng):
    K, D = 3, 2
    pivot, draws = random_mixture(K, D, rng), random_mixture(K, D, rng)
    costs = assignment_costs(draws, pivot)[0]
    for j, k in np.ndindex(K, K):
        precision = np.linalg.inv(draws.covariances[k])
        shift = pivot.means[j] - draws.means[k]
        moment = pivot.covariances[j] + np.outer(shift, shift)
        log_det = np.log(np.diag(draws.scale_tril[k])).sum()
        expected = -(np.log(draws.weights[k]) - log_det - np.trace(precision @ moment) / 2)
        assert costs[j, k] == pytest.approx(expected, rel=1e-12)


def test_overlapping_components_get_the_best_of_all_permutations(rng):
    """Wide scatter makes draws unclear; the assignment must still be the cheapest of all 24."""
    K, D = 4, 2
    mixture = random_mixture(K, D, rng, spread=1.0)
    values = scattered_values(mixture, FAMILIES["full"], rng, shape=(1, 60), scatter=0.5)
    draws = mixture_of(named_draws(values, FAMILIES["full"], K, D), FAMILIES["full"], K, D)
    pivot = pivot_of(mixture)
    relabelling = match(draws, pivot)
    assert not relabelling.is_clear.all()
    weighted = pivot.counts[:, None] * assignment_costs(draws, mixture)
    for s, cost in enumerate(weighted):
        totals = {order: cost[np.arange(K), order].sum() for order in itertools.permutations(range(K))}
        assert tuple(relabelling.permutation[0, s]) == min(totals, key=totals.get)
        assert relabelling.cost[0, s] == pytest.approx(min(totals.values()), rel=1e-12)


def test_units_shear_and_offset_change_no_label(rng):
    """Under x -> A x + b every cost grows by N log |A|: no assignment, no verdict changes."""
    K, D = 3, 2
    mixture = random_mixture(K, D, rng, spread=2.0)
    values = scattered_values(mixture, FAMILIES["full"], rng, scatter=0.2)
    draws = mixture_of(named_draws(values, FAMILIES["full"], K, D), FAMILIES["full"], K, D)
    matrix, shift = np.array([[1e3, 0.0], [20.0, 1e-3]]), np.array([1e4, -5.0])
    plain, mapped = (
        match(draws, pivot_of(mixture)),
        match(draws.affine(matrix, shift), pivot_of(mixture.affine(matrix, shift))),
    )
    assert np.array_equal(plain.permutation, mapped.permutation)
    assert np.array_equal(plain.is_clear, mapped.is_clear)
    growth = 500.0 * np.log(np.linalg.det(matrix))
    assert np.allclose(mapped.cost - plain.cost, growth, rtol=1e-7, atol=1e-4)


def test_draws_are_never_permuted_where_priors_tell_components_apart(rng):
    mixture = random_mixture(3, 2, rng)
    values = scattered_values(mixture, FAMILIES["full"], rng)
    shuffled, order = shuffle_values(values, FAMILIES["full"], rng)
    draws = mixture_of(named_draws(shuffled, FAMILIES["full"], 3, 2), FAMILIES["full"], 3, 2)
    relabelling = match(draws, pivot_of(mixture), is_exchangeable=False)
    identity = np.broadcast_to(np.arange(3), order.shape)
    assert np.array_equal(relabelling.permutation, identity)
    assert np.array_equal(relabelling.is_clear, (order == identity).all(-1))
    assert np.isfinite(relabelling.cost).all()


def test_empty_and_needle_components_have_finite_costs():
    pivot = Mixture.from_sds([0.5, 0.5], [[0.0], [10.0]], [[1.0], [1.0]])
    draws = Mixture.from_sds([[[0.0, 1.0]]], [[[0.0], [10.0]]], [[[1e-200], [1.0]]])
    relabelling = match(draws, pivot_of(pivot))
    assert np.isfinite(relabelling.cost).all()
    assert sorted(relabelling.permutation[0, 0]) == [0, 1]


def test_arrays_are_copied_and_read_only(rng):
    mixture = random_mixture(2, 1, rng)
    relabelling = match(mixture[None, None], pivot_of(mixture))
    with pytest.raises(ValueError, match="read-only"):
        relabelling.cost[0] = 0.0


@pytest.mark.benchmark
def test_twenty_components_and_four_thousand_draws_take_well_under_a_second(rng):
    mixture = random_mixture(20, 2, rng)
    values = scattered_values(mixture, FAMILIES["full"], rng, shape=(4, 1000), scatter=0.3)
    draws = mixture_of(named_draws(values, FAMILIES["full"], 20, 2), FAMILIES["full"], 20, 2)
    began = time.perf_counter()
    match(draws, pivot_of(mixture))
    assert time.perf_counter() - began < 1.0
