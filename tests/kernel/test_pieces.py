"""Many rows in pieces: the same numbers, to the last bit, whatever the number of threads."""

import threading

import numpy as np
import pytest

from bayesgmm.kernel import draws, pieces, rows
from bayesgmm.kernel.blocks import BLOCK

N = 2 * pieces.PIECE + 1001


@pytest.fixture(params=[1, 4])
def n_threads(request, monkeypatch):
    monkeypatch.setattr(pieces.config, "NUMBA_NUM_THREADS", request.param)
    return request.param


@pytest.fixture(scope="module")
def case():
    rng = np.random.default_rng(5)
    factor = np.tril(rng.normal(size=(3, 2, 2))) + 2 * np.eye(2)
    return rng.normal(size=(N, 2)), rng.random(N), np.log([0.2, 0.3, 0.5]), rng.normal(size=(3, 2)), factor


@pytest.mark.parametrize("n_rows", [0, 1, pieces.PIECE - 1, pieces.PIECE, pieces.PIECE + 1, N])
def test_pieces_cover_the_rows_once_and_in_order(n_rows):
    bounds = pieces.in_pieces(lambda begin, end: (begin, end), n_rows)
    assert [begin for begin, _ in bounds[1:]] == [end for _, end in bounds[:-1]]
    assert (bounds[0][0], bounds[-1][1]) == (0, n_rows)
    assert all(begin % BLOCK == 0 for begin, _ in bounds)


def test_no_more_threads_run_than_numba_may_use(n_threads):
    names = set(pieces.in_pieces(lambda begin, end: threading.current_thread().name, 20 * pieces.PIECE))
    assert len(names) <= n_threads


def test_a_failure_in_a_piece_is_raised():
    def fail(begin, end):
        raise ZeroDivisionError(begin)

    with pytest.raises(ZeroDivisionError):
        pieces.in_pieces(fail, N)


def test_statistics_of_many_rows_are_those_of_their_pieces(case, n_threads):
    x, g, *parameters = case
    whole = rows.expected_statistics(x, g, *parameters)
    bounds = [slice(begin, begin + pieces.PIECE) for begin in range(0, N, pieces.PIECE)]
    parts = [rows.expected_statistics(x[part], g[part], *parameters) for part in bounds]
    assert len(parts) == 3
    for value, *summands in zip(whole, *parts, strict=True):
        np.testing.assert_array_equal(value, summands[0] + summands[1] + summands[2])


def test_rows_of_many_are_the_rows_of_few(case, n_threads):
    x, _, *parameters = case
    f, r = rows.responsibilities(x, *parameters)
    moments = draws.draw_moments(x[:3000], *(np.stack([a, a]) for a in parameters))
    for part in (slice(0, 1000), slice(N - 137, N)):
        few = rows.responsibilities(x[part], *parameters)
        np.testing.assert_allclose(f[part], few[0], rtol=1e-14)
        np.testing.assert_allclose(r[part], few[1], rtol=1e-13, atol=1e-300)
    np.testing.assert_allclose(moments.mean, r[:3000], rtol=1e-13, atol=1e-300)
