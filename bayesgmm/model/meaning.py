"""Priors in plain words: where each of them puts its mass, in the user's units and beside what the data are like.

A range is the equal-tailed interval of the marginal prior of one number,

    a weight           Beta(a_k, a_1 + ... + a_K - a_k)
    a mean or an sd    the named prior's own quantile function; of any other distribution, quantiles of its draws
    a correlation      2 Beta(b, b) - 1,  b = eta - 1 + D / 2     (Lewandowski, Kurowicka and Joe 2009)

with ArviZ's mass (``rcParams["stats.ci_prob"]``, 0.89). PyMC is loaded only for a distribution without a name.
"""

from functools import singledispatch
from itertools import product
from typing import Any

import numpy as np
from arviz_base import rcParams
from numpy.typing import NDArray
from scipy import special, stats

import bayesgmm.model as room
from bayesgmm.covariance import CovarianceFamily
from bayesgmm.data import Data
from bayesgmm.model import named
from bayesgmm.model.description import Entry, PriorDescription
from bayesgmm.model.priors import MEAN_SPREAD, Priors, column_scale, sds_shape
from bayesgmm.model.recognition import describe, differs_between_components
from bayesgmm.schema import COMPONENT, FEATURE

__all__ = ["describe_priors", "quantile"]

Array = NDArray[np.float64]

N_DRAWS = 4000  # from a distribution without a name: a tail of 5 % is known to a twentieth of itself
EXCHANGEABLE = "The priors are the same for every component."
PLACED = "The priors differ between components: a fitted component takes the place that its prior fits best."


def describe_priors(priors: Priors, data: Data, n_components: int, family: CovarianceFamily) -> PriorDescription:
    """Say what priors mean for some rows.

    Parameters
    ----------
    priors : Priors
    data : Data
        N rows, D features.
    n_components : int
        K.
    family : CovarianceFamily

    Returns
    -------
    PriorDescription

    Raises
    ------
    InvalidArgumentError
        If a prior does not fit these rows, K or family.
    """
    resolved = priors.resolve(data, n_components, family)
    mass = float(rcParams["stats.ci_prob"])
    tails = np.array([(1.0 - mass) / 2.0, (1.0 + mass) / 2.0])
    blocks = {
        "weights": _weights(resolved.concentration, tails),
        "means": _means(priors, resolved.means, data, n_components, tails),
        "sds": _sds(priors, resolved.sds, data, n_components, family, tails),
    }
    if family.has_correlations(data.n_features):
        blocks["correlations"] = [("", _correlations(resolved.lkj_eta, data.n_features, tails))]
    model = f"{_count(n_components, 'component')}, {family.name} covariances"
    rows = f"{_count(data.n_rows, 'row')} of {_count(data.n_features, 'feature')}"
    title = f"Priors of {model}, for {rows}; ranges hold {100 * mass:g} % of the prior."
    note = "" if n_components == 1 else EXCHANGEABLE if resolved.is_exchangeable else PLACED
    return PriorDescription(title, blocks, note)


@singledispatch
def quantile(prior: Any, probability: float) -> Array:
    """Give a quantile of each element of a named prior.

    Parameters
    ----------
    prior : NamedPrior
    probability : float
        In (0, 1).

    Returns
    -------
    array
        Of the shape of the prior's fields, in the units of x.

    Raises
    ------
    TypeError
        If `prior` is no named prior.

    Examples
    --------
    >>> from bayesgmm.model.meaning import quantile
    >>> from bayesgmm.model.named import Exponential
    >>> float(quantile(Exponential(2.0), 0.5).round(4))
    0.3466
    """
    raise TypeError(f"no quantiles are known of {type(prior).__name__}")


@quantile.register
def _(prior: named.Normal, probability: float) -> Array:
    return np.asarray(prior.loc + prior.scale * special.ndtri(probability))


@quantile.register
def _(prior: named.LogNormal, probability: float) -> Array:
    with np.errstate(divide="ignore"):
        kept = special.ndtr((prior.mu - np.log(prior.lower)) / prior.sigma)
    return np.exp(prior.mu - prior.sigma * special.ndtri(kept * (1.0 - probability)))


@quantile.register
def _(prior: named.HalfNormal, probability: float) -> Array:
    return np.asarray(prior.sigma * special.ndtri((1.0 + probability) / 2.0))


@quantile.register
def _(prior: named.Exponential, probability: float) -> Array:
    return np.asarray(-np.log1p(-probability) / prior.rate)


@quantile.register
def _(prior: named.Gamma, probability: float) -> Array:
    return np.asarray(special.gammaincinv(prior.shape, probability) / prior.rate)


@quantile.register
def _(prior: named.InverseGammaVariance, probability: float) -> Array:
    return np.sqrt(prior.scale / special.gammainccinv(prior.shape, probability))


@quantile.register
def _(prior: named.HalfStudentT, probability: float) -> Array:
    return np.asarray(prior.sigma * special.stdtrit(prior.nu, (1.0 + probability) / 2.0))


def _weights(concentration: Array, tails: Array) -> list[Entry]:
    if len(concentration) == 1:
        return [("", "one component holds all rows")]
    rest = concentration.sum() - concentration
    lower, upper = stats.beta.ppf(tails[:, None], concentration, rest)
    texts = [f"between {_percent(a)} and {_percent(b)} of the rows" for a, b in zip(lower, upper, strict=True)]
    if (concentration == concentration[0]).all():
        return [("", f"Dirichlet({_number(concentration[0])}): each component holds {texts[0]}")]
    head = f"Dirichlet({', '.join(map(_number, concentration))})"
    return [("", head), *((f"component {k}", text) for k, text in enumerate(texts))]


def _means(priors: Priors, prior: Any, data: Data, n_components: int, tails: Array) -> list[Entry]:
    default = f"Normal, centred on the column means, {MEAN_SPREAD:g} column sds wide"
    texts = _ranges("means", prior, (n_components, data.n_features), tails)
    limits = zip(data.x.min(0), data.x.max(0), strict=True)
    texts = texts + np.array([f"; the data run from {_number(a)} to {_number(b)}" for a, b in limits], dtype=object)
    return [("", default if priors.means is None else _given(prior)), *_lines(texts, (COMPONENT, FEATURE), data)]


def _sds(
    priors: Priors, prior: Any, data: Data, n_components: int, family: CovarianceFamily, tails: Array
) -> list[Entry]:
    shape = sds_shape(family, n_components, data.n_features)
    axes = (COMPONENT, FEATURE) if len(shape) == 2 else (FEATURE,) if family.is_shared else (COMPONENT,)
    column = "column sd" if FEATURE in axes else "columns' common sd"
    default = f"LogNormal, sigma 1 about the {column}"
    default += f" / {n_components}^(1/{data.n_features})" if n_components > 1 else ""
    texts = _ranges("sds", prior, shape, tails)
    known = np.array([f"; the {column} is {_number(unit)}" for unit in column_scale(data, family)], dtype=object)
    texts = texts + (known if FEATURE in axes else known[0])
    return [("", default if priors.sds is None else _given(prior)), *_lines(texts, axes, data)]


def _correlations(eta: float, n_features: int, tails: Array) -> str:
    b = eta - 1.0 + n_features / 2.0
    lower, upper = 2.0 * stats.beta.ppf(tails, b, b) - 1.0
    return f"LKJ({_number(eta)}): each between {_number(lower)} and {_number(upper)}"


def _given(prior: Any) -> str:
    name = describe(prior)["name"]
    return f"{name}, as given" if isinstance(prior, named.NamedPrior) else f"{name}, as given; ranges by simulation"


def _ranges(name: str, prior: Any, shape: tuple[int, ...], tails: Array) -> NDArray[np.object_]:
    """Put the range of every element of a prior in words."""
    if isinstance(prior, named.NamedPrior):
        ends = [quantile(prior, float(tail)) for tail in tails]
    else:
        draws = room.simulation.draw_prior(prior, name, shape, N_DRAWS)
        over = (0,) if differs_between_components(prior, shape) else (0, 1)
        ends = [np.broadcast_to(end[0], shape) for end in np.quantile(draws, tails, axis=over, keepdims=True)]
    bound = np.broadcast_to(getattr(prior, "lower", 0.0), shape)
    texts = np.empty(shape, dtype=object)
    for place in np.ndindex(shape):
        lower, upper = (_number(float(end[place])) for end in ends)
        floor = f", never below {_number(float(bound[place]))}" if bound[place] > 0 else ""
        texts[place] = f"between {lower} and {upper}{floor}"
    return texts


def _lines(texts: NDArray[np.object_], axes: tuple[str, ...], data: Data) -> list[Entry]:
    """Name each text by component and feature, the component left out where all say the same."""
    if axes[0] == COMPONENT and (texts == texts[:1]).all():
        texts, axes = texts[0], axes[1:]
    texts = np.asarray(texts, dtype=object)
    names = {COMPONENT: [f"component {k}" for k in range(len(texts) if texts.ndim else 0)], FEATURE: data.feature_names}
    labels = [", ".join(parts) for parts in product(*(names[axis] for axis in axes))]
    return list(zip(labels if axes else ["each component"], texts.ravel().tolist(), strict=True))


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _percent(share: float) -> str:
    return f"{_number(100.0 * share)} %"


def _number(value: float) -> str:
    """Write a number to three digits, without an exponent where it can be read so."""
    rounded = float(f"{value:.3g}")
    if rounded == 0.0 or 1e-4 <= abs(rounded) < 1e6:
        return np.format_float_positional(rounded + 0.0, trim="-")
    return f"{value:.3g}"
