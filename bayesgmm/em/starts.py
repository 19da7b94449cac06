"""Starting partitions of the rows, from which EM begins.

Two sets of them. `INIT_PARAMS` are scikit-learn's own four starts, drawn from the same random stream in the same order.
`partitions` is the pool: k-means and Ward's agglomeration (Ward 1963, doi:10.1080/01621459.1963.10500845) on raw,
standardised and whitened rows, random nearest-seed partitions, and in one dimension quantiles. No single start is
best: k-means misses clusters inside one another, Ward misses overlapping ones, and both depend on the coordinates.

A start that costs more than N runs on at most `MANY_ROWS` rows; EM then goes on with all of them.
"""

import warnings
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import linkage
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from sklearn.cluster import KMeans, kmeans_plusplus
from sklearn.exceptions import ConvergenceWarning

from bayesgmm.data import Data

__all__ = ["INIT_PARAMS", "Partition", "initial_responsibilities", "partitions"]

Array = NDArray[np.float64]
Labels = NDArray[np.intp]

MANY_ROWS = 2000  # Ward's distance matrix then takes 16 MB and a tenth of a second
RANDOM_STARTS = 10
KMEANS_ITERATIONS = 50  # a rough start needs no more
WHITENING_FLOOR = 1e-10  # relative variance below which a direction of the rows counts as none


class Partition(NamedTuple):
    """Labels for some of the rows.

    Attributes
    ----------
    kind : str
        How it was made.
    places : integer array of shape (M,)
        Which of ``data.rows``.
    labels : integer array of shape (M,)
        The component of each, in 0, ..., K - 1; a component may be empty.
    """

    kind: str
    places: Labels
    labels: Labels


def initial_responsibilities(
    data: Data, n_components: int, init_params: str, random_state: np.random.RandomState
) -> Array:
    """Make one of scikit-learn's starts.

    Parameters
    ----------
    data : Data
        N rows as the user gave them, held as M distinct rows.
    n_components : int
        K.
    init_params : {"kmeans", "k-means++", "random", "random_from_data"}
        Which start.
    random_state : numpy.random.RandomState
        The stream; scikit-learn's class draws the same numbers from it.

    Returns
    -------
    array of shape (M, K)
        Responsibilities for ``data.rows``: averages over the repeats of a row.

    Examples
    --------
    >>> import numpy as np
    >>> from bayesgmm.data import as_data
    >>> from bayesgmm.em.starts import initial_responsibilities
    >>> data = as_data([[0.0], [1.0], [10.0], [12.0]])
    >>> initial_responsibilities(data, 2, "kmeans", np.random.RandomState(1)).sum(0)
    array([2., 2.])
    """
    if n_components == 1 and init_params == "kmeans":
        return np.ones((data.rows.shape[0], 1))
    shares = INIT_PARAMS[init_params](data.x, n_components, data.sample_weight, random_state)
    if data.row_index is None:
        return shares
    g = np.ones(data.n_rows) if data.sample_weight is None else data.sample_weight
    sums, totals = np.zeros((data.rows.shape[0], n_components)), np.zeros(data.rows.shape[0])
    np.add.at(sums, data.row_index, g[:, None] * shares)
    np.add.at(totals, data.row_index, g)
    return sums / np.where(totals > 0, totals, 1.0)[:, None]


def partitions(data: Data, n_components: int, random_state: np.random.RandomState) -> Iterator[Partition]:
    """Make the pool's partitions, one after the other.

    Parameters
    ----------
    data : Data
    n_components : int
        K, at least 2.
    random_state : numpy.random.RandomState

    Yields
    ------
    Partition

    Examples
    --------
    >>> import numpy as np
    >>> from bayesgmm.data import as_data
    >>> from bayesgmm.em.starts import partitions
    >>> data = as_data([[0.0], [1.0], [10.0], [12.0]])
    >>> [p.labels.tolist() for p in partitions(data, 2, np.random.RandomState(1)) if p.kind == "quantiles"]
    [[0, 0, 1, 1]]
    """
    weights = np.ones(len(data.rows)) if data.row_weights is None else data.row_weights
    places = np.flatnonzero(weights)
    if len(places) > MANY_ROWS:
        places = random_state.choice(places, MANY_ROWS, replace=False)
    g, K = weights[places], min(n_components, len(places))
    systems = {name: change(data.rows[places], g) for name, change in COORDINATES.items()}
    if data.n_features == 1:  # there all coordinates are alike
        yield Partition("quantiles", places, _quantile_labels(data.rows[places, 0], g, K))
        systems = {"raw": systems["raw"]}
    for name, z in systems.items():
        yield Partition(f"kmeans {name}", places, _kmeans_labels(z, K, g, random_state))
        yield Partition(f"ward {name}", places, _ward_labels(z, K))
    names = list(systems)
    for i in range(RANDOM_STARTS):
        z = systems[names[i % len(names)]]
        yield Partition("random seeds", places, _nearest_seed_labels(z, K, g, random_state))


def _kmeans_labels(z: Array, n_components: int, row_weights: Array, state: np.random.RandomState) -> Labels:
    """Lloyd's algorithm from k-means++ seeds; scikit-learn's starts threads, which costs small data dearly."""
    centres, _ = kmeans_plusplus(z, n_components, sample_weight=row_weights, random_state=state)
    labels = _nearest_labels(z, centres)
    for _ in range(KMEANS_ITERATIONS):
        g = row_weights[:, None] * np.eye(n_components)[labels]
        counts = g.sum(0)[:, None]
        centres = np.where(counts > 0, g.T @ z / np.where(counts > 0, counts, 1.0), centres)
        before, labels = labels, _nearest_labels(z, centres)
        if np.array_equal(before, labels):
            break
    return labels


def _ward_labels(z: Array, n_components: int) -> Labels:
    """Undo Ward's last K - 1 mergers: exactly K clusters, whatever ties there are."""
    n = len(z)
    merged = linkage(z, "ward")[: n - n_components, :2].astype(np.intp) if n > n_components else np.empty((0, 2), int)
    parents = np.repeat(n + np.arange(len(merged)), 2)
    graph = coo_array((np.ones(2 * len(merged)), (merged.ravel(), parents)), shape=(2 * n, 2 * n))
    labels: Labels = connected_components(graph, directed=False)[1][:n]
    return np.unique(labels, return_inverse=True)[1]


def _nearest_seed_labels(z: Array, n_components: int, row_weights: Array, state: np.random.RandomState) -> Labels:
    return _nearest_labels(z, z[state.choice(len(z), n_components, replace=False, p=row_weights / row_weights.sum())])


def _nearest_labels(z: Array, centres: Array) -> Labels:
    return np.argmin((centres**2).sum(1) - 2 * z @ centres.T, axis=1)


def _quantile_labels(x: Array, row_weights: Array, n_components: int) -> Labels:
    """Cut the rows into K parts of equal weight."""
    order = np.argsort(x, kind="stable")
    middle = np.cumsum(row_weights[order]) - 0.5 * row_weights[order]
    labels = np.empty(len(x), np.intp)
    labels[order] = np.minimum(n_components * middle / row_weights.sum(), n_components - 1).astype(np.intp)
    return labels


def _standardise(x: Array, row_weights: Array) -> Array:
    centred = x - np.average(x, axis=0, weights=row_weights)
    sds = np.sqrt(np.average(centred**2, axis=0, weights=row_weights))
    return centred / np.where(sds > 0, sds, 1.0)


def _whiten(x: Array, row_weights: Array) -> Array:
    z = _standardise(x, row_weights)
    values, vectors = np.linalg.eigh((row_weights[:, None] * z).T @ z / row_weights.sum())
    return z @ vectors / np.sqrt(np.maximum(values, max(values[-1], 1.0) * WHITENING_FLOOR))


COORDINATES: dict[str, Callable[[Array, Array], Array]] = {
    "raw": lambda x, row_weights: x - np.average(x, axis=0, weights=row_weights),
    "standardised": _standardise,
    "whitened": _whiten,
}


def _kmeans_shares(x: Array, n_components: int, weights: Array | None, state: np.random.RandomState) -> Array:
    model = KMeans(n_clusters=n_components, n_init=1, random_state=state)
    with warnings.catch_warnings():  # that clusters coincide is told by what becomes of the components
        warnings.simplefilter("ignore", ConvergenceWarning)
        labels = model.fit(x, sample_weight=weights).labels_
    return np.eye(n_components)[labels]


def _seed_shares(x: Array, n_components: int, weights: Array | None, state: np.random.RandomState) -> Array:
    _, chosen = kmeans_plusplus(x, n_components, sample_weight=weights, random_state=state)
    return _single_rows(len(x), chosen)


def _random_shares(x: Array, n_components: int, weights: Array | None, state: np.random.RandomState) -> Array:
    shares = state.uniform(size=(len(x), n_components))
    return shares / shares.sum(1, keepdims=True)


def _row_shares(x: Array, n_components: int, weights: Array | None, state: np.random.RandomState) -> Array:
    return _single_rows(len(x), state.choice(len(x), size=n_components, replace=False))


def _single_rows(n_rows: int, chosen: Labels) -> Array:
    """Give each component one row alone."""
    shares = np.zeros((n_rows, len(chosen)))
    shares[chosen, np.arange(len(chosen))] = 1.0
    return shares


INIT_PARAMS: dict[str, Callable[[Array, int, Array | None, np.random.RandomState], Array]] = {
    "kmeans": _kmeans_shares,
    "k-means++": _seed_shares,
    "random": _random_shares,
    "random_from_data": _row_shares,
}
