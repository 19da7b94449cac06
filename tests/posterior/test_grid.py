"""A grid over two features: which mixture, which points, in which order."""

import numpy as np
import pytest

from bayesgmm.errors import InvalidArgumentError
from bayesgmm.mixture import Mixture
from bayesgmm.posterior.grid import FIELD, as_line, lay_grid

THREE = Mixture.from_sds([0.5, 0.5], [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]], np.ones((2, 3)))


def test_answers_row_by_row_make_a_field_with_the_second_feature_first():
    plane, points, coords = lay_grid(THREE, (2, 0), [1.0, 2.0, 3.0], [10.0, 20.0])
    np.testing.assert_array_equal(plane.means, THREE.means[:, [2, 0]])
    field = points.reshape(2, 3, 2)
    np.testing.assert_array_equal(field[0, :, 0], coords[FIELD[1]])
    np.testing.assert_array_equal(field[:, 0, 1], coords[FIELD[0]])


@pytest.mark.parametrize("features", [(0,), (0, 1, 2)])
def test_features_must_be_two(features):
    with pytest.raises(InvalidArgumentError, match="`features` must name two features"):
        lay_grid(THREE, features, [0.0], [0.0])


LINES = {
    "none": ([], "`y` must hold at least one value; got none"),
    "missing": ([0.0, np.nan], "`y` must be finite"),
    "text": (["a"], "`y` must be an array of numbers"),
}


@pytest.mark.parametrize(("line", "match"), LINES.values(), ids=LINES)
def test_values_must_be_finite_numbers(line, match):
    with pytest.raises(InvalidArgumentError, match=match):
        lay_grid(THREE, (0, 1), [0.0], line)
    with pytest.raises(InvalidArgumentError, match=match):
        as_line("y", line)
