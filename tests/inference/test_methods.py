"""Methods by name, the options that each knows, and what all of them must do."""

import numpy as np
import pytest

import bayesgmm as bg
from bayesgmm.covariance import FAMILIES
from bayesgmm.errors import InvalidArgumentError, InvalidArgumentTypeError
from bayesgmm.inference.methods import METHODS, as_method
from checks import check_schema

LABELLED = tuple(name for name in METHODS if name != "smc")  # its draws come in every order, see test_smc
APPROXIMATIONS = ("laplace", "advi", "fullrank_advi")


def fit(X, K, method, name="full", **settings):
    chosen = {"draws": 100, "chains": 2, "random_state": 1, "progressbar": False} | settings
    return bg.BayesianGaussianMixture(K, covariance_type=name, method=method, **chosen).fit(X).posterior_


@pytest.mark.parametrize("name", METHODS)
def test_every_method_takes_its_own_defaults(name):
    method = as_method(name, {})
    assert as_method(name, method.options) is METHODS[name]()


def two_clusters(rng, N, D):
    return rng.standard_normal((N, D)) + 8.0 * (np.arange(N) % 2)[:, None]


SHAPES = {
    "two features": (30, 2, 2, FAMILIES),
    "one component": (30, 2, 1, FAMILIES),
    "one feature": (30, 1, 2, FAMILIES),
    "one of each": (10, 1, 1, FAMILIES),
    "fewer rows than features": (6, 8, 2, ("diag", "spherical")),
}
CASES = [(shape, name) for shape, (*_, names) in SHAPES.items() for name in names]


@pytest.mark.parametrize("method", LABELLED)
@pytest.mark.parametrize(("shape", "name"), CASES)
def test_every_method_takes_every_family_and_shape(shape, name, method, rng):
    """The schema is the same whatever the method; every approximation has its k-hat and says what it means."""
    N, D, K, _ = SHAPES[shape]
    posterior = fit(two_clusters(rng, N, D), K, method, name)
    check_schema(posterior.idata, name, K, D)
    last = posterior.summary().notes[-1]
    if method in APPROXIMATIONS:
        assert last.startswith("Approximation: ")
        assert np.isfinite(posterior.attrs["pareto_k"])
        assert f"k-hat {posterior.attrs['pareto_k']:.2f}" in last
    else:
        assert last.startswith("Sampler: ")


@pytest.mark.parametrize("method", LABELLED)
def test_every_method_draws_the_same_from_a_seed_and_survives_a_file(method, rng, tmp_path):
    X = two_clusters(rng, 40, 2)
    one, again, other = (fit(X, 2, method, random_state=seed) for seed in (1, 1, 2))
    loaded = bg.load(one.save(tmp_path / "fit.nc"))
    for name, value in one.group("posterior").items():
        np.testing.assert_array_equal(again.group("posterior")[name], value)
        np.testing.assert_array_equal(loaded.group("posterior")[name], value)
        assert (other.group("posterior")[name] != value).any()
    for name, value in one.group("sample_stats").items():
        np.testing.assert_array_equal(loaded.group("sample_stats")[name], value)
    assert loaded.summary().notes == one.summary().notes


@pytest.mark.parametrize("method", LABELLED)
def test_every_method_keeps_the_labels_of_the_start(method, rng):
    """From a start in falling order the same posterior comes out with its components turned round."""
    X = two_clusters(rng, 60, 2)
    up = fit(X, 2, method)
    down = fit(X, 2, method, init=up.em.permute([1, 0]))
    for posterior in (up, down):
        assert posterior.is_identified
        np.testing.assert_array_equal(posterior.group("relabelling")["permutation"], np.tile([0, 1], (2, 100, 1)))
    means = [posterior.group("posterior")["means"].mean(("chain", "draw")).to_numpy() for posterior in (up, down)]
    np.testing.assert_allclose(means[1], means[0][::-1], atol=0.1)


@pytest.mark.parametrize("method", APPROXIMATIONS)
def test_components_that_cannot_be_told_apart_are_reported(method, rng):
    """One normal cloud and two components: normal draws about one labelled mode overlap with the other."""
    with pytest.warns(bg.errors.LabelWarning):
        posterior = fit(rng.standard_normal((100, 1)), 2, method, chains=4)
    assert not posterior.is_identified
    assert "sorted_weights[0]" in posterior.summary().index


WRONG = {
    "no such method": ("hmc", {}, InvalidArgumentError, r"`method` must be one of \['nuts'.*; got 'hmc'"),
    "not a word": (3, {}, InvalidArgumentError, "`method` must be one of .*; got 3"),
    "unknown option": (
        "nuts",
        {"step": 0.1},
        InvalidArgumentError,
        r"`method_options` must have keys among \['chain_method', .*'target_accept'\] for 'nuts'; got \['step'\]",
    ),
    "key not a word": ("nuts", {3: 0.1}, InvalidArgumentError, r"got \[3\]"),
    "value out of range": ("nuts", {"target_accept": 2}, InvalidArgumentError, "between 0 and 1; got 2"),
    "value of the wrong kind": ("nuts", {"maxdepth": None}, InvalidArgumentTypeError, "got None"),
}


@pytest.mark.parametrize(("method", "options", "error", "match"), WRONG.values(), ids=WRONG)
def test_unusable_method_is_one_clear_error(method, options, error, match):
    with pytest.raises(error, match=match):
        as_method(method, options)
