"""What is recorded of the starts: how each ended, and where the winner began."""

import numpy as np

from bayesgmm.data import as_data
from bayesgmm.em.fit import EMSettings, EMStatus, fit_em, run_em
from bayesgmm.em.workplace import record_starts


def test_every_start_has_its_status(faithful):
    starts = fit_em(as_data(faithful), 2, random_state=1).starts
    assert len(starts.statuses) == len(starts.kinds) == len(starts.log_likelihoods) > 10
    assert set(starts.statuses) == {EMStatus.CONVERGED}


def test_a_start_that_failed_is_singular_and_one_that_collapsed_says_so():
    """One component on the lone row has a single row, which determines no variance."""
    data = as_data([[0.0], [0.3], [1.0], [50.0]])
    collapsed = fit_em(data, 2, random_state=1)
    assert collapsed.status is EMStatus.DEGENERATE
    starts = record_starts(["one", "none"], [collapsed, None], 0.01)
    assert starts.statuses == (EMStatus.DEGENERATE, EMStatus.SINGULAR)
    assert np.isnan(starts.log_likelihoods[1])


def test_a_fit_carries_its_start_and_its_settings(faithful):
    data, settings = as_data(faithful), EMSettings(tol=1e-4, max_iter=50)
    fit = fit_em(data, 2, settings=settings, random_state=1)
    assert fit.settings == settings
    np.testing.assert_allclose(fit.start.log_density(faithful).mean(), fit.path[0], rtol=1e-12)
    again = run_em(data, fit.family, fit.start, settings)
    np.testing.assert_allclose(again.start.means, fit.start.means, rtol=1e-12)
    np.testing.assert_allclose(again.mixture.means, fit.mixture.means, rtol=1e-9)
