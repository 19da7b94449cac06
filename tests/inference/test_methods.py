"""Methods by name, with the options that each knows."""

import pytest

from bayesgmm.errors import InvalidArgumentError, InvalidArgumentTypeError
from bayesgmm.inference.methods import METHODS, as_method


@pytest.mark.parametrize("name", METHODS)
def test_every_method_takes_its_own_defaults(name):
    method = as_method(name, {})
    assert as_method(name, method.options) is METHODS[name]


WRONG = {
    "no such method": ("hmc", {}, InvalidArgumentError, r"`method` must be one of \['nuts'.*; got hmc"),
    "not a word": (3, {}, InvalidArgumentError, "`method` must be one of .*; got 3"),
    "unknown option": (
        "nuts",
        {"step": 0.1},
        InvalidArgumentError,
        r"`method_options` must have keys among \['maxdepth', 'target_accept'\] for 'nuts'; got \['step'\]",
    ),
    "key not a word": ("nuts", {3: 0.1}, InvalidArgumentError, r"got \[3\]"),
    "value out of range": ("nuts", {"target_accept": 2}, InvalidArgumentError, "between 0 and 1; got 2"),
    "value of the wrong kind": ("nuts", {"maxdepth": None}, InvalidArgumentTypeError, "got None"),
}


@pytest.mark.parametrize(("method", "options", "error", "match"), WRONG.values(), ids=WRONG)
def test_unusable_method_is_one_clear_error(method, options, error, match):
    with pytest.raises(error, match=match):
        as_method(method, options)
