"""A run that was stopped is a run with fewer draws and a warning, or none at all."""

import warnings

import pytest

from bayesgmm.errors import ConvergenceWarning
from bayesgmm.inference.interrupt import check_kept
from bayesgmm.inference.problem import SamplingSettings

ASKED = SamplingSettings(draws=100, chains=4, tune=None, cores=1, seed=1, progressbar=False)


def test_whole_run_says_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_kept(4, 100, ASKED)


@pytest.mark.parametrize(
    ("kept", "words"), [((1, 30), "1 chain of 30 draws are"), ((2, 100), "2 chains of 100 draws are")]
)
def test_cut_run_says_what_is_kept_and_where_it_was_asked_for(kept, words):
    with pytest.warns(ConvergenceWarning, match=f"interrupted: {words} kept of the 4 chains of 100 draws") as caught:
        check_kept(*kept, ASKED)
    assert caught[0].filename == __file__


@pytest.mark.parametrize("kept", [(0, 100), (4, 0)])
def test_nothing_kept_is_an_interrupt_with_its_reason(kept):
    with pytest.raises(KeyboardInterrupt, match="interrupted before there were draws to keep"):
        check_kept(*kept, ASKED)
