"""What is kept of a run of nutpie: plain columns, as many draws as were made, and nothing on the screen."""

import itertools
import os
import signal
import sys
import threading

import numpy as np
import pytest

import bayesgmm as bg
from bayesgmm.covariance import FAMILIES
from bayesgmm.data import as_data
from bayesgmm.em.fit import fit_em
from bayesgmm.errors import ConvergenceWarning, InvalidArgumentError, InvalidArgumentTypeError
from bayesgmm.inference.nuts import sample_nuts
from bayesgmm.inference.problem import Problem, SamplingSettings
from bayesgmm.inference.sampling import SAMPLE_STATS, check_nuts_options, keep_chains
from bayesgmm.model.priors import Priors

ENDLESS = 10**6  # draws: a minute, if nothing stopped it


@pytest.fixture(scope="module")
def problem(faithful):
    data, family = as_data(faithful), FAMILIES["full"]
    return Problem(data, family, Priors().resolve(data, 2, family), fit_em(data, 2, family, random_state=1).mixture)


def settings(draws=100, chains=3, cores=2, progressbar=False):
    return SamplingSettings(draws=draws, chains=chains, tune=50, cores=cores, seed=1, progressbar=progressbar)


def test_sample_stats_are_plain_and_full(problem):
    stats = sample_nuts(problem, settings()).sample_stats
    assert tuple(stats) == SAMPLE_STATS
    kinds = {name: value.dtype.kind for name, value in stats.items()}
    flags, counts = {"diverging", "maxdepth_reached"}, {"depth", "n_steps", "index_in_trajectory"}
    assert kinds == {n: "b" if n in flags else "i" if n in counts else "f" for n in SAMPLE_STATS}
    assert all(value.shape == (3, 100) and np.isfinite(value).all() for value in stats.values())
    assert (stats["n_steps"] >= 1).all() and (stats["n_steps"] < 2 ** (stats["depth"] + 1)).all()


def test_log_posterior_on_record_is_the_one_of_the_draws(problem):
    """`logp` is the density of the unconstrained vector; its mean over draws lies n / 2 below the mode's, or so."""
    drawn = sample_nuts(problem, settings(draws=500))
    best = drawn.sample_stats["logp"].max()
    assert drawn.values["weights"].shape == (3, 500, 2)
    assert best - drawn.sample_stats["logp"].mean() == pytest.approx(11 / 2, abs=2.0)


@pytest.mark.parametrize("progressbar", [True, False])
def test_nothing_is_printed_where_there_is_no_terminal(progressbar, problem, capfd):
    sample_nuts(problem, settings(progressbar=progressbar))
    assert capfd.readouterr() == ("", "")


def interrupt_after(seconds):
    timer = threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    return timer


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT to oneself")
def test_interrupt_keeps_what_was_drawn(problem):
    """Two chains run, two never began: two are kept, cut to the shorter."""
    sample_nuts(problem, settings())  # compiled before the clock runs
    timer = interrupt_after(1.0)
    with pytest.warns(ConvergenceWarning, match=r"interrupted: \d chains? of \d+ draws are kept of the 4 chains"):
        drawn = sample_nuts(problem, settings(draws=ENDLESS, chains=4))
    timer.join()
    C, S = drawn.sample_stats["logp"].shape
    assert C in (1, 2) and 0 < S < ENDLESS
    assert drawn.values["means"].shape == (C, S, 2, 2)
    assert np.isfinite(drawn.values["means"]).all()


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT to oneself")
def test_interrupt_before_any_draw_leaves_no_half_state(problem, faithful):
    model = bg.BayesianGaussianMixture(2, tune=ENDLESS, random_state=1, progressbar=False)
    timer = interrupt_after(1.0)
    with pytest.raises(KeyboardInterrupt):
        model.fit(faithful)
    timer.join()
    assert not [name for name in vars(model) if name.endswith("_")]


def rectangle(lengths, chains):
    return len(chains) * min(lengths[c] for c in chains)


def test_kept_chains_hold_as_many_draws_as_any_rectangle(rng):
    for size in (1, 2, 4):
        for lengths in rng.integers(0, 50, (50, size)).tolist():
            chains, length = keep_chains(lengths)
            subsets = itertools.chain.from_iterable(itertools.combinations(range(size), n) for n in range(1, size + 1))
            assert len(chains) * length == max(rectangle(lengths, subset) for subset in subsets)
            assert all(lengths[c] >= length for c in chains)


def test_all_chains_are_kept_where_none_was_stopped():
    assert keep_chains([7, 7, 7, 7]) == ([0, 1, 2, 3], 7)


WRONG = {
    "acceptance of one": ({"target_accept": 1.0}, InvalidArgumentError, 'target_accept"]` must be a number between'),
    "acceptance of zero": ({"target_accept": 0}, InvalidArgumentError, "between 0 and 1; got 0"),
    "acceptance not a number": ({"target_accept": float("nan")}, InvalidArgumentError, "got nan"),
    "acceptance as text": ({"target_accept": "0.9"}, InvalidArgumentTypeError, "got 0.9"),
    "acceptance as a switch": ({"target_accept": True}, InvalidArgumentTypeError, "got True"),
    "no depth": ({"maxdepth": 0}, InvalidArgumentError, 'maxdepth"]` must be an integer of at least 1; got 0'),
    "half a depth": ({"maxdepth": 2.5}, InvalidArgumentTypeError, "got 2.5"),
}


@pytest.mark.parametrize(("options", "error", "match"), WRONG.values(), ids=WRONG)
def test_unusable_option_is_one_clear_error(options, error, match):
    with pytest.raises(error, match=match):
        check_nuts_options(options)
