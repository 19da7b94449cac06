"""nutpie gets a compiled log posterior: by its constructor, and by its public door where that one has changed."""

import numpy as np
import nutpie
import pytest

from bayesgmm.covariance import FAMILIES
from bayesgmm.data import as_data
from bayesgmm.em.fit import fit_em
from bayesgmm.inference import callback
from bayesgmm.inference.function import CFunction
from bayesgmm.inference.problem import Problem
from bayesgmm.inference.sampling import read_trace
from bayesgmm.inference.target import make_target
from bayesgmm.inference.whitening import complete_data_errors, whiten_posterior
from bayesgmm.kernel.target import log_posterior_callback
from bayesgmm.model.priors import Priors


def make(X, name, K):
    """A target with its whitening, and starts that need no seed."""
    data, family = as_data(X), FAMILIES[name]
    priors = Priors().resolve(data, K, family)
    problem = Problem(data, family, priors, fit_em(data, K, family, random_state=1).mixture)
    target = make_target(data, family, K, priors)
    start = target.pack(problem.start)
    whitening = whiten_posterior(target.log_posterior, start, complete_data_errors(target, problem))
    return target, whitening, lambda seed: np.linspace(-1.0, 1.0, target.n_dim)


def compiled(target, whitening):
    user_data = target.user_data(whitening.mode, whitening.factor)
    return CFunction(log_posterior_callback(), user_data, target.n_dim)


def draw(model, draws=200):
    settings = {"draws": draws, "tune": 50, "chains": 2, "cores": 2, "seed": 3, "progress_bar": False}
    return read_trace(nutpie.sample(model, **settings, save_warmup=False, return_raw_trace=True))


@pytest.mark.parametrize("name", FAMILIES)
def test_recorded_density_is_the_targets_at_the_draw(name, faithful):
    target, whitening, scatter = make(faithful, name, 2)
    values, stats = draw(callback.nutpie_model(compiled(target, whitening), scatter), 20)
    u = values[callback.NAME].reshape(-1, target.n_dim)
    expected = [target.log_posterior(x)[0] for x in whitening.unwhiten(u)]
    np.testing.assert_allclose(stats["logp"].ravel(), expected, rtol=1e-12)


def test_public_door_gives_the_same_draws(faithful):
    """The same function by another way: trajectories part by rounding only, so the first draws agree."""
    *made, scatter = make(faithful[["waiting"]], "diag", 2)
    fast, _ = draw(callback.nutpie_model(compiled(*made), scatter), 5)
    function = compiled(*made)
    plain, _ = draw(callback.nutpie_model_from_function(function, function.n_dim, scatter), 5)
    np.testing.assert_allclose(plain[callback.NAME], fast[callback.NAME], atol=1e-6)


def test_public_door_opens_where_the_constructor_has_changed(faithful, monkeypatch):
    def changed(**fields):
        raise TypeError("unexpected keyword argument 'n_expanded'")

    monkeypatch.setattr(callback, "CompiledPyMCModel", changed)
    *made, scatter = make(faithful[["waiting"]], "diag", 2)
    values, stats = draw(callback.nutpie_model(compiled(*made), scatter), 20)
    assert values[callback.NAME].shape == (2, 20, 5)
    assert np.isfinite(stats["logp"]).all()
