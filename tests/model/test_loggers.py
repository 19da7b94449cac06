"""PyMC's announcements: kept from standard error, not from whoever keeps a log."""

import io
import logging

import numpy as np
import pytest

import bayesgmm as bg
from bayesgmm.model.loggers import quiet
from handmade import handmade_posterior


@pytest.fixture
def stderr():
    """What PyMC's own handler writes, which it sets up where nobody else listens to the root logger."""
    logger, stream = logging.getLogger("pymc"), io.StringIO()
    handler, level = logging.StreamHandler(stream), logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield stream
    logger.removeHandler(handler)
    logger.setLevel(level)


def test_announcements_are_held_back_and_warnings_pass(stderr, caplog):
    logger = logging.getLogger("pymc.sampling.forward")
    with quiet():
        logger.info("Sampling: [x]")
        logger.warning("attention")
    logger.info("Sampling: [y]")
    assert stderr.getvalue().splitlines() == ["attention", "Sampling: [y]"]
    assert caplog.messages == ["Sampling: [x]", "attention", "Sampling: [y]"]


def test_levels_come_back_after_an_error(stderr):
    with pytest.raises(KeyboardInterrupt), quiet():
        raise KeyboardInterrupt
    assert [handler.level for handler in logging.getLogger("pymc").handlers][-1] == logging.NOTSET


CALLS = {
    "prior_predictive": lambda p, X: bg.prior_predictive(X, 2, draws=5, random_state=1),
    "with_prior": lambda p, X: p.with_prior(5, random_state=1),
    "with_posterior_predictive": lambda p, X: p.with_posterior_predictive(random_state=1),
    "with_log_prior": lambda p, X: p.with_log_prior(),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_nothing_is_written_that_the_user_did_not_ask_for(call, stderr, faithful, capfd):
    call(handmade_posterior(faithful, 2, rng=np.random.default_rng(1)), faithful)
    assert stderr.getvalue() == "" and capfd.readouterr().err == ""
