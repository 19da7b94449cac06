"""The group em: start and starts come back as they were."""

import numpy as np
import pytest

from bayesgmm.covariance import FAMILIES
from bayesgmm.data import as_data
from bayesgmm.em.fit import fit_em
from bayesgmm.posterior.pivot import name_em, read_em


@pytest.mark.parametrize("n_components", [1, 3])
@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
def test_the_start_comes_back(family, n_components, faithful):
    data = as_data(faithful)
    em = fit_em(data, n_components, family, random_state=1)
    found = read_em(name_em(em, data), data, family)
    np.testing.assert_allclose(found.start.weights, em.start.weights, rtol=1e-12)
    np.testing.assert_allclose(found.start.means, em.start.means, rtol=1e-12)
    np.testing.assert_allclose(found.start.covariances, em.start.covariances, rtol=1e-9, atol=1e-12)


def test_the_starts_come_back(faithful):
    data = as_data(faithful)
    em = fit_em(data, 3, random_state=1)
    found = read_em(name_em(em, data), data, em.family).starts
    assert (found.kinds, found.statuses, found.n_optima, found.gap) == (
        em.starts.kinds,
        em.starts.statuses,
        em.starts.n_optima,
        em.starts.gap,
    )
    assert len(set(found.statuses)) > 1
    np.testing.assert_array_equal(found.log_likelihoods, em.starts.log_likelihoods)


def test_a_group_that_does_not_say_how_the_starts_ended_is_read_without_them(faithful):
    data = as_data(faithful)
    em = fit_em(data, 2, random_state=1)
    found = read_em(name_em(em, data).drop_vars("start_status"), data, em.family)
    assert found.starts is None
    np.testing.assert_allclose(found.mixture.means, em.mixture.means)
