"""BIC, AIC, ICL against their formulas."""

import numpy as np
import pytest

from bayesgmm.covariance import FAMILIES
from bayesgmm.data import as_data
from bayesgmm.em import criteria
from bayesgmm.em.fit import fit_em

PARAMETERS = {"spherical": 13, "diag": 21, "tied": 26, "full": 41}  # scikit-learn's test of K = 2, D = 5


@pytest.mark.parametrize("name", PARAMETERS)
def test_n_parameters(name):
    assert criteria.n_parameters(FAMILIES[name], 2, 5) == PARAMETERS[name]


@pytest.mark.parametrize("name", FAMILIES)
def test_criteria_are_their_formulas(name, faithful):
    data = as_data(faithful)
    fit = fit_em(data, 2, FAMILIES[name], random_state=1)
    p, N, ll = fit.n_parameters, 272, fit.mixture.log_density(faithful).sum()
    shares = fit.mixture.responsibilities(faithful)
    assert fit.bic == pytest.approx(-2 * ll + p * np.log(N))
    assert fit.aic == pytest.approx(-2 * ll + 2 * p)
    assert criteria.icl(fit.mixture, data, fit.family) == pytest.approx(fit.bic - 2 * np.log(shares.max(1)).sum())


def test_icl_in_blocks(faithful, monkeypatch):
    data = as_data(faithful)
    fit = fit_em(data, 2, random_state=1)
    whole = criteria.icl(fit.mixture, data, fit.family)
    monkeypatch.setattr(criteria, "BLOCK", 50)
    assert criteria.icl(fit.mixture, data, fit.family) == pytest.approx(whole, rel=1e-12)


def test_icl_counts_weights(faithful, rng):
    x, counts = faithful.to_numpy(), rng.integers(0, 3, size=272)
    weighted, repeated = as_data(x, sample_weight=counts), as_data(np.repeat(x, counts, axis=0))
    fit = fit_em(weighted, 2, random_state=1)
    value = criteria.icl(fit.mixture, weighted, fit.family)
    assert value == pytest.approx(criteria.icl(fit.mixture, repeated, fit.family), rel=1e-12)
    assert value >= fit.bic
