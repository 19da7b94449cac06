"""Names: of features, which a reader may give instead of positions."""

import numpy as np
import pytest

from bayesgmm.errors import InvalidArgumentError
from bayesgmm.posterior.layout import feature_positions


def test_features_by_name_and_position():
    names = ["a", "b", "c"]
    assert feature_positions(None, names, 2) == [0, 1]
    assert feature_positions(None, names[:1], 2) == [0]
    assert feature_positions("c", names, 1) == [2]
    assert feature_positions(np.array([2, 0]), names, 2) == [2, 0]
    assert feature_positions(("b", 0), names, 2) == [1, 0]


FEATURE_ERRORS = {
    "unknown name": (["a", "z"], "`features` must be names or positions among 'a', 'b', 'c'; got 'z'"),
    "unknown position": ([0, 3], "got 3"),
    "negative": (-1, "got -1"),
    "bool": (True, "got True"),
    "float": (1.5, "got 1.5"),
    "twice": (["a", 0], "`features` must name at least one feature, each once"),
    "none at all": ([], "`features` must name at least one feature, each once"),
    "a list in a list": ([["a"]], r"got \['a'\]"),
}


@pytest.mark.parametrize(("features", "match"), FEATURE_ERRORS.values(), ids=FEATURE_ERRORS)
def test_features_that_are_none(features, match):
    with pytest.raises(InvalidArgumentError, match=match):
        feature_positions(features, ["a", "b", "c"], 2)
