"""Cells of a histogram: how many, between which values."""

import numpy as np
import pytest

from bayesgmm.posterior.cells import MOST_CELLS, cell_edges, column_edges, count_cells


def test_counts_are_numpys_rules(rng):
    """The larger of Rice's and Freedman and Diaconis'; numpy rounds them up."""
    x = np.column_stack([rng.standard_normal(500), rng.standard_t(2, 500)])
    expected = [max(len(np.histogram_bin_edges(column, rule)) - 1 for rule in ("rice", "fd")) for column in x.T]
    np.testing.assert_array_equal(np.ceil(count_cells(x)), expected)


def test_two_heaps_are_seen_apart(rng):
    """Where numpy's "auto" makes a few cells, each as wide as many heaps."""
    heaps = np.append(rng.normal(0.0, 0.5, 500), rng.normal(10.0, 0.5, 500))
    assert len(column_edges(heaps)) - 1 >= 20 > len(np.histogram_bin_edges(heaps, "auto")) - 1


@pytest.mark.parametrize("step", [0.0, 0.1, 1.0])
def test_edges_hold_every_row_between_values_that_occur(rng, step):
    column = rng.normal(20.0, 3.0, 400)
    column = np.round(column / step) * step if step else column
    edges = column_edges(column)
    assert np.histogram(column, edges)[0].sum() == 400
    assert edges[1] > column.min() and edges[-2] < column.max()  # no empty cell at either end
    if step:
        np.testing.assert_allclose(edges / step % 1, 0.5, atol=1e-6)


def test_cells_are_as_narrow_as_asked_within_reason(rng):
    column = rng.standard_normal(300)
    assert np.diff(column_edges(column, widest=0.1)).max() <= 0.1
    assert len(column_edges(np.append(column, 1e9), widest=0.1)) <= MOST_CELLS + 1


def test_a_constant_column_is_one_cell():
    np.testing.assert_allclose(column_edges(np.full(3, 7.0)), [6.5, 7.5])
    np.testing.assert_allclose(column_edges(np.full(3, 7.0), widest=0.2), [6.9, 7.1])


def test_cells_of_a_resolution_hold_equally_many_values():
    values = np.arange(0.0, 37.0)
    counts = np.histogram(values, cell_edges(0.0, 36.0, 1.0, 10))[0]
    assert set(counts[1:-1]) == {4} and counts.sum() == 37
