"""Starting partitions: complete, lawful, and scikit-learn's where they are said to be."""

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.datasets import load_iris

from bayesgmm.data import as_data
from bayesgmm.em import starts
from bayesgmm.em.starts import INIT_PARAMS, initial_responsibilities, partitions

KINDS = {f"{how} {where}" for how in ("kmeans", "ward") for where in ("raw", "standardised", "whitened")}


def pool(data, n_components, seed=1):
    return list(partitions(data, n_components, np.random.RandomState(seed)))


def test_the_pool_holds_what_it_says(faithful):
    kinds = [p.kind for p in pool(as_data(faithful), 3)]
    assert set(kinds) == KINDS | {"random seeds"}
    assert kinds.count("random seeds") == 10
    assert [p.kind for p in pool(as_data(faithful[["waiting"]]), 3)].count("quantiles") == 1


@pytest.mark.parametrize("n_components", [2, 5, 20])
def test_every_partition_labels_every_row_with_every_component(n_components, faithful):
    for p in pool(as_data(faithful), n_components):
        assert len(p.places) == len(p.labels) == 272
        assert np.unique(p.labels).tolist() == list(range(n_components)), p.kind


def test_big_data_are_thinned(monkeypatch, rng):
    monkeypatch.setattr(starts, "MANY_ROWS", 100)
    for p in pool(as_data(rng.normal(size=(500, 2))), 3):
        assert len(np.unique(p.places)) == len(p.labels) == 100


def test_rows_without_weight_are_left_out(rng):
    data = as_data(rng.normal(size=(50, 2)), sample_weight=[0, 1] * 25)
    for p in pool(data, 3):
        assert (p.places % 2 == 1).all()


def test_fewer_distinct_rows_than_components_leave_components_empty():
    data = as_data(np.repeat([[0.0, 1.0], [2.0, 0.0], [5.0, 5.0]], 50, axis=0))
    assert len(data.rows) == 3
    assert all(np.unique(p.labels).size == 3 for p in pool(data, 5))


def test_ward_is_scipys(rng):
    """Two tight groups far apart, 30 and 70 rows, and exactly K clusters though all rows in a group are equal."""
    x = np.repeat([[0.0], [10.0]], [30, 70], axis=0)
    labels = starts._ward_labels(x, 2)
    assert sorted(np.bincount(labels)) == [30, 70]
    assert np.unique(starts._ward_labels(x, 5)).size == 5


def test_whitened_rows_have_unit_covariance(rng):
    x, g = rng.normal(size=(80, 3)) @ rng.normal(size=(3, 3)) + 50.0, rng.random(80)
    z = starts._whiten(x, g)
    np.testing.assert_allclose(np.cov(z.T, aweights=g, ddof=0), np.eye(3), atol=1e-10)
    np.testing.assert_allclose(np.average(z, axis=0, weights=g), 0.0, atol=1e-10)


def test_whitening_survives_dependent_columns(rng):
    x = rng.normal(size=(80, 2))
    assert np.isfinite(starts._whiten(np.c_[x, x[:, 0], np.ones(80)], np.ones(80))).all()


@pytest.mark.parametrize("weights", [None, "random"])
def test_quantile_groups_weigh_the_same(weights, rng):
    x = rng.normal(size=3000)
    g = np.ones(3000) if weights is None else rng.random(3000)
    labels = starts._quantile_labels(x, g, 4)
    np.testing.assert_allclose(np.bincount(labels, weights=g) / g.sum(), 0.25, atol=1e-3)
    assert (np.diff(labels[np.argsort(x)]) >= 0).all()


def test_kmeans_is_scikit_learns_from_the_same_stream():
    X = load_iris().data
    expected = KMeans(3, n_init=1, random_state=np.random.RandomState(4)).fit(X).labels_
    data = as_data(X)
    shares = initial_responsibilities(data, 3, "kmeans", np.random.RandomState(4))
    shares = shares if data.row_index is None else shares[data.row_index]
    np.testing.assert_array_equal(shares.argmax(1), expected)


@pytest.mark.parametrize("init_params", INIT_PARAMS)
def test_repeated_rows_share_their_responsibilities(init_params, faithful):
    """What is kept for distinct rows adds up to what scikit-learn gives the single ones."""
    data = as_data(np.round(faithful[["waiting"]].to_numpy() / 2))
    assert data.row_index is not None
    kept = initial_responsibilities(data, 2, init_params, np.random.RandomState(3))
    single = INIT_PARAMS[init_params](data.x, 2, None, np.random.RandomState(3))
    np.testing.assert_allclose(data.row_weights @ kept, single.sum(0))
    np.testing.assert_allclose((data.row_weights[:, None] * kept).T @ data.rows, single.T @ data.x)


def test_one_component_needs_no_kmeans(faithful):
    shares = initial_responsibilities(as_data(faithful), 1, "kmeans", np.random.RandomState(1))
    assert (shares == 1).all()
