"""Verdicts: what cannot be told apart is said to be so; what can, is not."""

import numpy as np
import pytest

from bayesgmm.data import as_data
from bayesgmm.em.fit import fit_em
from bayesgmm.mixture import Mixture
from bayesgmm.posterior.diagnostics import (
    between_chains,
    judge_approximation,
    judge_sampler,
    judge_starts,
    potential_scale_reduction,
)
from handmade import handmade_posterior, scattered_values

CHAINS, DRAWS = 4, 150


def gibbs_draws(x, start, rng, n_draws=DRAWS, n_chains=CHAINS):
    """Draws of the posterior of K Gaussians in one dimension by data augmentation, all chains at once.

    Weights ~ Dirichlet(2), means ~ Normal(mean x, (2.5 sd x)^2), variances ~ InverseGamma(1, var x / 4).
    """
    K = start.n_components
    centre, spread = x.mean(), x.std()
    log_w = np.repeat(start.log_weights[None], n_chains, 0)
    m, v = np.repeat(start.means[None, :, 0], n_chains, 0), np.repeat(start.sds[None, :, 0] ** 2, n_chains, 0)
    kept = []
    for _ in range(n_draws):
        joint = log_w[:, None] - 0.5 * np.log(v[:, None]) - 0.5 * (x[:, None] - m[:, None]) ** 2 / v[:, None]
        labels = (joint + rng.gumbel(size=joint.shape)).argmax(-1)  # (C, N)
        member = labels[..., None] == np.arange(K)  # (C, N, K)
        n = member.sum(1)
        log_w = np.log(np.array([rng.dirichlet(2.0 + row) for row in n]))
        precision = n / v + 1 / (2.5 * spread) ** 2
        location = ((member * x[:, None]).sum(1) / v + centre / (2.5 * spread) ** 2) / precision
        m = location + rng.standard_normal((n_chains, K)) / np.sqrt(precision)
        square = (member * (x[:, None] - m[:, None]) ** 2).sum(1)
        v = (spread**2 / 4 + square / 2) / rng.gamma(1.0 + n / 2)
        kept.append((np.exp(log_w), m, np.sqrt(v)))
    w, m, s = (np.stack(values, 1) for values in zip(*kept, strict=True))  # (C, S, K)
    return {"weights": w / w.sum(-1, keepdims=True), "means": m[..., None], "sds": s[..., None]}


def gibbs_posterior(x, n_components, rng):
    data = as_data(x[:, None])
    em = fit_em(data, n_components, random_state=1)
    return handmade_posterior(data, n_components, rng=rng, values=gibbs_draws(x, em.mixture, rng))


def test_one_gaussian_fitted_with_two_components_is_not_identified(rng):
    posterior = gibbs_posterior(rng.standard_normal(200), 2, rng)
    assert not posterior.is_identified
    assert "not identified" in posterior.verdict[1]
    assert posterior.attrs["unclear_share"] > 0.05


def test_two_gaussians_far_apart_are_identified(rng):
    x = np.concatenate([rng.standard_normal(60), 8 + 2 * rng.standard_normal(140)])
    posterior = gibbs_posterior(x, 2, rng)
    assert posterior.is_identified
    assert posterior.attrs["unclear_share"] == 0.0


def test_chains_in_different_modes_are_not_identified(faithful, rng):
    """Each chain is at peace with itself and every draw fits EM's labels, but the first chain sits elsewhere."""
    data = as_data(faithful)
    em = fit_em(data, 2, random_state=1)
    values = scattered_values(em.mixture, em.family, rng)
    values["means"][0] += 0.5 * em.mixture.sds
    posterior = handmade_posterior(faithful, 2, rng=rng, values=values)
    assert posterior.attrs["unclear_share"] == 0.0
    assert not posterior.is_identified
    assert "different modes" in posterior.verdict[1]


def test_one_component_has_no_labels(faithful, rng):
    posterior = handmade_posterior(faithful, 1, rng=rng)
    assert posterior.is_identified
    assert "one component" in posterior.verdict[1]


def test_a_drifting_chain_is_the_samplers_matter_not_the_labels(rng):
    """Chains that wander as far within themselves as from each other are not called different modes."""
    drift = np.linspace(0, 50, 100) + rng.standard_normal((2, 100))
    drift[1] += 30.0
    mixture = Mixture.from_sds(np.ones((2, 100, 1)), drift[..., None, None], np.ones((2, 100, 1, 1)))
    assert between_chains(mixture) < 1.5


def test_scale_reduction_equals_its_formula(rng):
    values = rng.standard_normal((4, 30, 3))
    within, between = values.var(1, ddof=1).mean(0), values.mean(1).var(0, ddof=1)
    assert np.allclose(potential_scale_reduction(values), np.sqrt(29 / 30 + between / within), rtol=1e-14)


STILL = {
    "all chains in one place": (np.zeros((2, 10, 1)), 1.0),
    "each chain in its own": (np.repeat([[[0.0]], [[1.0]]], 10, axis=1), np.inf),
}


@pytest.mark.parametrize(("values", "expected"), STILL.values(), ids=STILL)
def test_scale_reduction_of_chains_that_stand_still(values, expected):
    assert potential_scale_reduction(values) == expected


@pytest.mark.parametrize("shape", [(1, 100), (4, 5)])
def test_too_little_to_compare_is_no_disagreement(shape):
    means = np.arange(np.prod(shape), dtype=float).reshape(*shape, 1, 1)
    assert between_chains(Mixture.from_sds(np.ones((*shape, 1)), means, np.ones((*shape, 1, 1)))) == 1.0


def approximation(method, pareto_k, is_resampled, ess=900.0, width=0.95, shift=0.1):
    return judge_approximation(method, pareto_k, ess=ess, width=width, shift=shift, is_resampled=is_resampled)


SENTENCES = {
    "resampled": (approximation, ("laplace", 0.41, True), "sound, resampled.*k-hat 0.41, weights worth 900 draws"),
    "few resampled": (approximation, ("laplace", 0.41, True, 399.9), r"worth 399 .*\(at least 400\). Raise `draws`"),
    "plain": (
        approximation,
        ("advi", 0.69, False),
        "near the posterior, not resampled; k-hat 0.69.* about 95 % as wide",
    ),
    "narrow": (
        approximation,
        ("advi", 0.4, False, 900.0, 0.89),
        "too narrow; k-hat 0.40, .* about 89 %.*fullrank_advi",
    ),
    "off": (
        approximation,
        ("laplace", 0.6, False, 900.0, 0.95, 0.43),
        "means are off; k-hat 0.60, .* about 0.43 posterior sds off. Resample by .*, or use method=",
    ),
    "too narrow": (approximation, ("advi", 0.7, False), "ADVI's intervals are too narrow; k-hat 0.70 .*fullrank_advi"),
    "not normal": (approximation, ("fullrank_advi", 1.2, True), 'far from normal; k-hat 1.20 .* Use method="nuts".$'),
    "no density": (approximation, ("laplace", np.inf, False), "far from normal; k-hat inf"),
    "sound": (judge_sampler, (1.001, 900.0, 0), "sound"),
    "divergences": (judge_sampler, (1.001, 900.0, 3), "3 divergences.*target_accept"),
    "R-hat": (judge_sampler, (1.01, 900.0, 0), r"1\.010 \(below 1\.01\).*`tune` and `draws`"),
    "R-hat unknown": (judge_sampler, (np.nan, 900.0, 0), "nan"),
    "one chain": (
        judge_sampler,
        (np.nan, 900.0, 0, 1),
        "^Sampler: one chain: R-hat cannot be computed. Run at least 2 chains, better 4.$",
    ),
    "ESS": (judge_sampler, (1.001, 399.9, 0), r"ESS 399 \(at least 400\)"),
    "given start": (judge_starts, (0, 1, np.inf), "given by `init`"),
    "one optimum": (judge_starts, (17, 1, np.inf), "17 starts found one optimum"),
    "more optima": (judge_starts, (17, 4, 5.0), r"4 distinct optima.*5\.0 nats below the one used\.$"),
    "a rival optimum": (judge_starts, (17, 4, 2.26), r"2\.3 nats below .*\. The data have several readings: fit fewer"),
    "a tenth of a nat": (judge_starts, (17, 4, 0.1), r"lies 0\.1 nats"),
    "equal optima": (judge_starts, (17, 10, 0.004), r"lies less than 0\.1 nats below .*or the others by `init=`\.$"),
}


@pytest.mark.parametrize(("judge", "arguments", "match"), SENTENCES.values(), ids=SENTENCES)
def test_sentence(judge, arguments, match, request):
    sentence = judge(*arguments)
    assert sentence.endswith(".") and "\n" not in sentence
    with pytest.raises(ValueError, match=match):
        raise ValueError(sentence)
