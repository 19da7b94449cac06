"""The compiled log posterior against the same thing written out with SciPy: priors, Jacobians, rows, gradient."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from scipy.special import logsumexp, softmax

from bayesgmm.covariance import FAMILIES, correlation_cholesky
from bayesgmm.data import as_data
from bayesgmm.errors import InvalidArgumentError, InvalidArgumentTypeError
from bayesgmm.inference.target import coefficients, make_target
from bayesgmm.mixture import Mixture
from bayesgmm.model import named
from bayesgmm.model.build import build_model
from bayesgmm.model.priors import Priors

ETA = 1.4
CONCENTRATION = [0.7, 2.0, 3.1]
SHAPES = [(1, 1), (2, 1), (1, 2), (3, 3)]  # (K, D)
UNITS = np.array([1.0, 40.0, 0.02])


def truncated_lognormal(s, mu, sigma, lower):
    frozen = stats.lognorm(s=sigma, scale=np.exp(mu))
    return frozen.logpdf(s) - frozen.logsf(lower)


SDS = {  # a named prior and its log density, independently
    "LogNormal": (named.LogNormal(0.3, 0.8), lambda s: stats.lognorm(s=0.8, scale=np.exp(0.3)).logpdf(s)),
    "truncated LogNormal": (named.LogNormal(0.3, 0.8, 0.05), lambda s: truncated_lognormal(s, 0.3, 0.8, 0.05)),
    "HalfNormal": (named.HalfNormal(1.7), lambda s: stats.halfnorm(scale=1.7).logpdf(s)),
    "Exponential": (named.Exponential(0.4), lambda s: stats.expon(scale=2.5).logpdf(s)),
    "Gamma": (named.Gamma(2.3, 0.6), lambda s: stats.gamma(2.3, scale=1 / 0.6).logpdf(s)),
    "InverseGammaVariance": (
        named.InverseGammaVariance(1.5, 0.8),
        lambda s: stats.invgamma(1.5, scale=0.8).logpdf(s**2) + np.log(2 * s),
    ),
    "HalfStudentT": (named.HalfStudentT(3.0, 1.2), lambda s: stats.t(3.0, scale=1.2).logpdf(s) + np.log(2)),
}
CASES = [(family, prior, K, D) for family in FAMILIES for prior in SDS for K, D in SHAPES]


def make_rows(rng, D, N=40):
    return rng.standard_normal((N, D)) * UNITS[:D] + 3.0


def make_case(rng, family, prior, K, D):
    data = as_data(make_rows(rng, D))
    priors = Priors(concentration=CONCENTRATION[:K], means=named.Normal(2.0, 5.0), sds=SDS[prior][0], lkj_eta=ETA)
    return data, make_target(data, FAMILIES[family], K, priors.resolve(data, K, FAMILIES[family]))


def plain_log_posterior(x, data, family, prior, K, D):
    """Everything written out: parameters one at a time, log densities by SciPy, log Jacobians by their formulas."""
    scale = np.full(D, data.common_scale) if family == "spherical" else data.scale
    sds_shape = {"full": (K, D), "diag": (K, D), "tied": (1, D), "spherical": (K, 1)}[family]
    n_matrices = {"full": K, "tied": 1}.get(family, 0) if D > 1 else 0
    v, y_means, y_sds, y = np.split(x, np.cumsum([K - 1, K * D, np.prod(sds_shape)]))
    weights = softmax(np.append(v, -v.sum()))
    means = data.location + scale * y_means.reshape(K, D)
    lower = float(SDS[prior][0].lower)
    unit = scale[:1] if family == "spherical" else scale
    sds = lower + unit * np.exp(y_sds.reshape(sds_shape))
    z = np.tanh(y / 2).reshape(n_matrices, D * (D - 1) // 2)
    jacobian = np.log(K) + np.log(weights).sum() + K * np.log(scale).sum() + np.log(sds - lower).sum()
    jacobian += np.log((1 - z) * (1 + z) / 2).sum()
    total = jacobian + stats.norm(2.0, 5.0).logpdf(means).sum() + SDS[prior][1](sds).sum()
    if K > 1:
        total += stats.dirichlet(CONCENTRATION[:K]).logpdf(weights)
    for row in z:
        for (_, j), z_ij in zip(np.argwhere(np.tri(D, k=-1)), row, strict=True):
            b = ETA + (D - 2 - j) / 2
            total += stats.beta(b, b).logpdf((z_ij + 1) / 2) - np.log(2)
    R = correlation_cholesky(z, D) if n_matrices else np.eye(D)[None]
    L = np.broadcast_to(np.broadcast_to(sds, (K, D))[..., None] * R, (K, D, D))
    joint = [
        np.log(w) + stats.multivariate_normal(m, a @ a.T).logpdf(data.x).reshape(-1)
        for w, m, a in zip(weights, means, L, strict=True)
    ]
    return total + logsumexp(joint, axis=0).sum()


def central_difference(function, x, step=2e-3):
    """Slope along each axis to the sixth order in the step."""
    weights = {1: 3 / 4, 2: -3 / 20, 3: 1 / 60}
    return np.array(
        [
            sum(w * (function(x + m * e) - function(x - m * e)) for m, w in weights.items()) / step
            for e in step * np.eye(x.size)
        ]
    )


@pytest.mark.parametrize(("family", "prior", "K", "D"), CASES)
def test_log_posterior_equals_scipy(family, prior, K, D, rng):
    data, target = make_case(rng, family, prior, K, D)
    for x in 0.6 * rng.standard_normal((20, target.n_dim)):
        expected = plain_log_posterior(x, data, family, prior, K, D)
        np.testing.assert_allclose(target.log_posterior(x)[0], expected, rtol=1e-12, atol=1e-8)


@pytest.mark.parametrize(("family", "prior", "K", "D"), CASES)
def test_gradient_equals_central_differences(family, prior, K, D, rng):
    _, target = make_case(rng, family, prior, K, D)
    x = 0.4 * rng.standard_normal(target.n_dim)
    gradient = target.log_posterior(x)[1]
    slope = central_difference(lambda a: target.log_posterior(a)[0], x)
    np.testing.assert_allclose(gradient, slope, rtol=1e-7, atol=1e-7 * np.abs(gradient).max())


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("n_features", [1, 3])
def test_target_equals_the_pymc_model(family, n_features, rng):
    """With the data-scaled defaults, on columns that repeat values, so that the sds are bounded below."""
    X = make_rows(rng, n_features) / UNITS[:n_features]
    data, K = as_data(X.round(1) * UNITS[:n_features]), 3
    assert (data.resolution > 0).all()
    target = make_target(data, FAMILIES[family], K, Priors().resolve(data, K, FAMILIES[family]))
    model = build_model(data, K, covariance_type=family)
    log_density = model.compile_logp(mode="FAST_COMPILE")
    shapes = {name: value.shape for name, value in model.initial_point(random_seed=0).items()}
    ends = np.cumsum([np.prod(shape, dtype=int) for shape in shapes.values()])
    assert ends[-1] == target.n_dim
    for x in 0.6 * rng.standard_normal((20, target.n_dim)):
        parts = zip(shapes.items(), np.split(x, ends[:-1]), strict=True)
        expected = float(log_density({name: part.reshape(shape) for (name, shape), part in parts}))
        np.testing.assert_allclose(target.log_posterior(x)[0], expected, rtol=1e-12, atol=1e-8)


@pytest.mark.parametrize("prior", SDS)
def test_target_equals_the_pymc_model_for_every_named_prior(prior, rng):
    X, K = make_rows(rng, 2), 2
    data, priors = as_data(X), Priors(sds=SDS[prior][0], means=named.Normal(2.0, 5.0))
    target = make_target(data, FAMILIES["full"], K, priors.resolve(data, K, FAMILIES["full"]))
    model = build_model(X, K, priors=priors)
    log_density = model.compile_logp(mode="FAST_COMPILE")
    shapes = {name: value.shape for name, value in model.initial_point(random_seed=0).items()}
    ends = np.cumsum([np.prod(shape, dtype=int) for shape in shapes.values()])
    for x in 0.6 * rng.standard_normal((20, target.n_dim)):
        parts = zip(shapes.items(), np.split(x, ends[:-1]), strict=True)
        expected = float(log_density({name: part.reshape(shape) for (name, shape), part in parts}))
        np.testing.assert_allclose(target.log_posterior(x)[0], expected, rtol=1e-12, atol=1e-8)


@pytest.mark.parametrize("family", FAMILIES)
def test_row_weights_count_rows(family, rng):
    data, target = make_case(rng, family, "Gamma", 3, 3)
    K, family = 3, FAMILIES[family]
    priors = Priors(concentration=CONCENTRATION, means=named.Normal(2.0, 5.0), sds=SDS["Gamma"][0], lkj_eta=ETA)
    counts = rng.integers(0, 4, data.n_rows)
    resolved = priors.resolve(data, K, family)
    weighted = make_target(replace(data, row_weights=counts.astype(float)), family, K, resolved)
    repeated = make_target(replace(data, rows=np.repeat(data.rows, counts, axis=0)), family, K, resolved)
    x = 0.5 * rng.standard_normal(target.n_dim)
    value, gradient = repeated.log_posterior(x)
    np.testing.assert_allclose(weighted.log_posterior(x)[0], value, rtol=1e-12)
    np.testing.assert_allclose(weighted.log_posterior(x)[1], gradient, rtol=1e-10, atol=1e-9)


@pytest.mark.parametrize("family", FAMILIES)
def test_permuting_components_changes_nothing(family, rng):
    data, K, D = as_data(make_rows(rng, 2)), 3, 2
    target = make_target(data, FAMILIES[family], K, Priors().resolve(data, K, FAMILIES[family]))
    mixture = random_mixture(rng, family, K, D)
    permuted = Mixture(mixture.weights[::-1], mixture.means[::-1], mixture.scale_tril[::-1])
    value = target.log_posterior(target.pack(mixture))[0]
    np.testing.assert_allclose(target.log_posterior(target.pack(permuted))[0], value, rtol=1e-12)


@pytest.mark.parametrize("family", FAMILIES)
def test_change_of_units_changes_the_density_of_the_rows_only(family, rng):
    """The coordinates have no unit: log p changes by the constant -N sum log(units)."""
    X, K = make_rows(rng, 2).round(2), 2
    units = np.array([1e-6, 1e-6]) if family == "spherical" else np.array([1e-6, 2.0**20])
    values = []
    for rows in (X, X * units + 7.0 * units):
        data = as_data(rows)
        target = make_target(data, FAMILIES[family], K, Priors().resolve(data, K, FAMILIES[family]))
        values.append(target.log_posterior(np.linspace(-0.5, 0.5, target.n_dim)))
    (before, slope), (after, same_slope) = values
    np.testing.assert_allclose(after + X.shape[0] * np.log(units).sum(), before, rtol=1e-9)
    np.testing.assert_allclose(same_slope, slope, rtol=1e-6, atol=1e-6)


def random_mixture(rng, family, K, D):
    R = correlation_cholesky(np.tanh(0.5 * rng.standard_normal((K, D * (D - 1) // 2))), D)
    scale_tril = FAMILIES[family].scale_tril(FAMILIES[family].scale(np.exp(rng.standard_normal((K, D, 1))) * R))
    compact = FAMILIES[family].compact(scale_tril)
    return Mixture(rng.dirichlet(np.full(K, 3.0)), rng.standard_normal((K, D)), FAMILIES[family].expand(compact, K, D))


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(("K", "D"), SHAPES)
def test_unpack_undoes_pack(family, K, D, rng):
    """For a batch of mixtures; every variable has the shape that the target says."""
    data = as_data(make_rows(rng, D))
    target = make_target(data, FAMILIES[family], K, Priors().resolve(data, K, FAMILIES[family]))
    mixtures = [random_mixture(rng, family, K, D) for _ in range(3)]
    x = np.stack([target.pack(mixture) for mixture in mixtures])
    values = target.unpack(x.reshape(3, 1, -1))
    assert target.names == tuple(values)
    assert {name: value.shape for name, value in values.items()} == {n: (3, 1, *s) for n, s in target.shapes.items()}
    assert ("weights" in values) == (K > 1)
    for i, mixture in enumerate(mixtures):
        np.testing.assert_allclose(values["means"][i, 0], mixture.means, rtol=1e-12, atol=1e-12)
        sds = FAMILIES[family].expand_sds(values["sds"][i, 0], K, D)
        np.testing.assert_allclose(sds, mixture.sds, rtol=1e-12)
        if K > 1:
            np.testing.assert_allclose(values["weights"][i, 0], mixture.weights, rtol=1e-12)
        if "partials" in values:
            R = np.broadcast_to(correlation_cholesky(values["partials"][i, 0], D), (K, D, D))
            np.testing.assert_allclose(sds[..., None] * R, mixture.scale_tril, rtol=1e-10, atol=1e-12)
    batch = Mixture(*(np.stack([getattr(m, name) for m in mixtures]) for name in ("weights", "means", "scale_tril")))
    np.testing.assert_array_equal(target.pack(batch), x)


def test_pack_moves_a_mixture_off_the_edge(rng):
    """A weight of zero and an sd below the bound have no coordinates; the start is finite all the same."""
    X = make_rows(rng, 2).round(1)
    data = as_data(X)
    target = make_target(data, FAMILIES["full"], 2, Priors().resolve(data, 2, FAMILIES["full"]))
    mixture = Mixture.from_sds([0.0, 1.0], np.zeros((2, 2)), np.full((2, 2), 1e-9))
    assert np.isfinite(target.pack(mixture)).all()


def test_sds_stay_above_their_bound(rng):
    X = make_rows(rng, 2).round(1)
    data = as_data(X)
    target = make_target(data, FAMILIES["diag"], 2, Priors().resolve(data, 2, FAMILIES["diag"]))
    sds = target.unpack(np.full(target.n_dim, -50.0))["sds"]
    np.testing.assert_allclose(sds, np.broadcast_to(0.5 * data.resolution, (2, 2)), atol=1e-15)


def test_defaults_prefer_no_spike_on_old_faithful(faithful):
    """A third component of no width on the 15 equal waiting times loses against one that covers the data."""
    data, K = as_data(faithful), 3
    target = make_target(data, FAMILIES["full"], K, Priors().resolve(data, K, FAMILIES["full"]))
    tied = np.unique(data.x[:, 1], return_counts=True)
    value = tied[0][tied[1].argmax()]
    wide = np.array([[4.3, 80.0], [2.0, 54.5], [3.2, value]])
    sds = np.array([[0.4, 6.0], [0.27, 5.8], [1.1, 13.0]])
    narrow = sds.copy()
    narrow[2, 1] = 1e-8
    values = [target.log_posterior(target.pack(Mixture.from_sds([0.6, 0.35, 0.05], wide, s)))[0] for s in (sds, narrow)]
    assert values[1] < values[0]


def test_log_posterior_leaves_its_argument_and_takes_any_layout(rng):
    _, target = make_case(rng, "full", "Gamma", 3, 3)
    x = rng.standard_normal((target.n_dim, 2))
    x.flags.writeable = False
    value, gradient = target.log_posterior(x[:, 0])
    again, same = target.log_posterior(x[:, 0].copy())
    assert value == again
    np.testing.assert_array_equal(gradient, same)


ERRORS = {
    "prior without a name": (
        lambda data: make_target(data, FAMILIES["full"], 2, unnamed(data)),
        InvalidArgumentError,
        "`priors` must all be named ones; got .*Sample the PyMC model instead",
    ),
    "no prior of sds": (
        lambda data: coefficients(named.Normal(0.0, 1.0)),
        InvalidArgumentTypeError,
        "`prior` must be a named prior of standard deviations; got Normal",
    ),
}


def unnamed(data):
    pm = pytest.importorskip("pymc")
    return Priors(means=pm.Laplace.dist(0, 1)).resolve(data, 2, FAMILIES["full"])


@pytest.mark.parametrize("case", ERRORS)
def test_unusable_priors_are_refused(case, rng):
    call, error, match = ERRORS[case]
    with pytest.raises(error, match=match):
        call(as_data(make_rows(rng, 2)))
