"""One sentence pattern: what must hold, what was given, what to do; the exceptions carry their data."""

import pickle

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning as SklearnConvergenceWarning

from bayesgmm import errors
from bayesgmm.errors import (
    ConvergenceWarning,
    DegenerateComponentWarning,
    InvalidArgumentError,
    InvalidArgumentTypeError,
    LabelWarning,
    PriorWarning,
    invalid_sentence,
)

SENTENCES = {
    "value": (("draws", "be a positive integer", 0), "`draws` must be a positive integer; got 0."),
    "text is shown as it is": (("X", "be dense", "a sparse one"), "`X` must be dense; got a sparse one."),
    "other objects by repr": (("draws", "be an integer", None), "`draws` must be an integer; got None."),
    "remedy": (("X", "be finite", "NaN", "Drop it."), "`X` must be finite; got NaN. Drop it."),
}


@pytest.mark.parametrize(("arguments", "sentence"), SENTENCES.values(), ids=SENTENCES)
def test_sentence(arguments, sentence):
    assert invalid_sentence(*arguments) == sentence


LONG = {
    "an array": np.zeros((2, 300, 3, 2, 2)),
    "a list": list(range(100_000)),
    "a text": "x" * 5000,
}


@pytest.mark.parametrize("value", LONG.values(), ids=LONG)
def test_a_long_value_is_cut_in_the_middle(value):
    """The sentence says enough to know it by; the exception still carries all of it."""
    error = InvalidArgumentError("scale_tril", "have a positive diagonal", value)
    shown = str(value) if isinstance(value, str) else repr(value)
    assert len(str(error)) < 320 and "\n" not in str(error)
    assert " ... " in str(error) and str(error).endswith(f"{shown[-20:]}.")
    assert error.value is value


def test_a_long_constraint_is_cut_too():
    columns = [f"column {j}" for j in range(1000)]
    sentence = invalid_sentence("init", f"have the features {columns} of `X`, in this order", columns)
    assert len(sentence) < 600
    assert sentence.startswith("`init` must have the features ['column 0'") and "of `X`, in this order; got" in sentence


@pytest.mark.parametrize(
    ("kind", "builtin"), [(InvalidArgumentError, ValueError), (InvalidArgumentTypeError, TypeError)]
)
def test_error_carries_its_data(kind, builtin):
    error = kind("draws", "be a positive integer", 0, "Give at least one.")
    assert isinstance(error, builtin)
    assert (error.name, error.value, error.remedy) == ("draws", 0, "Give at least one.")
    assert str(error) == "`draws` must be a positive integer; got 0. Give at least one."


def test_warnings_are_of_the_kind_that_filters_expect():
    assert ConvergenceWarning is SklearnConvergenceWarning
    assert issubclass(DegenerateComponentWarning, ConvergenceWarning)
    assert issubclass(LabelWarning, UserWarning)
    assert issubclass(PriorWarning, UserWarning)


def test_every_name_of_the_module_exists():
    assert all(hasattr(errors, name) for name in errors.__all__)


@pytest.mark.parametrize("kind", [InvalidArgumentError, InvalidArgumentTypeError])
def test_argument_errors_survive_pickling(kind: type[Exception]) -> None:
    """They cross process borders with all they carry."""
    error = pickle.loads(pickle.dumps(kind("draws", "be positive", 0, "Ask for one.")))
    assert str(error) == "`draws` must be positive; got 0. Ask for one."
    assert (error.name, error.value, error.remedy) == ("draws", 0, "Ask for one.")
