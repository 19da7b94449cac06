"""The names: pairs of features run row by row of the lower triangle."""

import numpy as np
import pytest

from bayesgmm import schema
from bayesgmm.schema import pair_names


def test_pair_names_run_row_by_row():
    assert pair_names(["a", "b", "c", "d"]) == ["b:a", "c:a", "c:b", "d:a", "d:b", "d:c"]


@pytest.mark.parametrize("n_features", [1, 2, 3, 7])
def test_pair_names_follow_the_strict_lower_triangle(n_features):
    names = [f"x{j}" for j in range(n_features)]
    rows, columns = np.tril_indices(n_features, -1)
    expected = [f"{names[i]}:{names[j]}" for i, j in zip(rows, columns, strict=True)]
    assert pair_names(names) == expected
    assert len(set(expected)) == n_features * (n_features - 1) // 2


def test_one_feature_has_no_pair():
    assert pair_names(["a"]) == []


def test_dimension_names_are_distinct():
    dims = [getattr(schema, name) for name in schema.__all__ if name.isupper() and name != "SAMPLE_DIMS"]
    assert len(set(dims)) == len(dims)
    assert schema.SAMPLE_DIMS == (schema.CHAIN, schema.DRAW)


def test_every_name_of_the_module_exists():
    assert all(hasattr(schema, name) for name in schema.__all__)
