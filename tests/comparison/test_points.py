"""EM's answer laid out as a posterior's rows."""

import numpy as np
import pytest

from bayesgmm.comparison.points import check_alike, estimates, order_like
from bayesgmm.covariance import FAMILIES
from bayesgmm.data import as_data
from bayesgmm.em.fit import fit_em
from bayesgmm.mixture import Mixture
from bayesgmm.posterior.summary import TABULATED
from handmade import handmade_posterior


@pytest.mark.parametrize("name", FAMILIES)
def test_values_are_those_of_the_group_em(name, faithful, rng):
    posterior = handmade_posterior(faithful, 2, name, rng=rng)
    group = posterior.group("em")
    variables = [variable for variable in TABULATED if variable in posterior.group("posterior")]
    values, errors = estimates(posterior.em_fit, posterior, variables)
    np.testing.assert_allclose(values, np.concatenate([group[variable].values.ravel() for variable in variables]))
    assert errors.shape == values.shape
    assert (errors > 0).all()


def test_what_needs_no_labels_has_no_standard_errors(faithful, rng):
    em, posterior = fit_em(as_data(faithful), 2, random_state=1), handmade_posterior(faithful, 2, rng=rng)
    values, errors = estimates(em, posterior, ["sorted_weights", "mixture_mean"])
    np.testing.assert_allclose(values, [*np.sort(em.mixture.weights)[::-1], *faithful.mean()], rtol=1e-6)
    assert np.isnan(errors).all()


@pytest.mark.parametrize("name", FAMILIES)
def test_a_known_mixture_has_values_without_errors(name, faithful, rng):
    posterior = handmade_posterior(faithful, 2, name, rng=rng)
    variables = [variable for variable in TABULATED if variable in posterior.group("posterior")]
    check_alike("truth", posterior.em, posterior)
    values, errors = estimates(posterior.em, posterior, variables)
    np.testing.assert_array_equal(values, estimates(posterior.em_fit, posterior, variables)[0])
    assert np.isnan(errors).all()


KNOWN = {  # whether one with these sds may stand beside a posterior of each family
    "equal": ([[2.0, 2.0], [2.0, 2.0]], {"full", "tied", "diag", "spherical"}),
    "equal by column": ([[2.0, 3.0], [2.0, 3.0]], {"full", "tied", "diag"}),
    "equal by component": ([[2.0, 2.0], [3.0, 3.0]], {"full", "diag", "spherical"}),
    "all different": ([[1.0, 2.0], [3.0, 4.0]], {"full", "diag"}),
}


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize(("sds", "allowed"), KNOWN.values(), ids=KNOWN)
def test_a_known_mixture_must_be_one_of_the_family(sds, allowed, name, faithful, rng):
    posterior = handmade_posterior(faithful, 2, name, rng=rng)
    truth = Mixture.from_sds([0.5, 0.5], [[2.0, 54.0], [4.0, 80.0]], sds)
    if name in allowed:
        check_alike("truth", truth, posterior)
        return
    with pytest.raises(ValueError, match=f"`truth` must have covariances of the type '{name}', as the posterior has"):
        check_alike("truth", truth, posterior)


def test_order_brings_components_back(faithful, rng):
    em = fit_em(as_data(faithful), 4, random_state=1)
    turned = em.permute(rng.permutation(4))
    back = turned.permute(order_like(turned, em))
    np.testing.assert_array_equal(back.mixture.means, em.mixture.means)


def test_all_that_differs_is_named(faithful, rng):
    em = fit_em(as_data(faithful[["waiting"]]), 3, random_state=1)
    match = "`em` must have n_components=2, n_features=2, as the posterior has; got n_components=3, n_features=1."
    with pytest.raises(ValueError, match=match):
        check_alike("em", em, handmade_posterior(faithful, 2, rng=rng))
