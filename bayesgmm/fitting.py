"""The one road from rows to relabelled draws.

    rows -> border -> priors -> EM pool -> method -> labels -> DataTree

Every method of every front end walks it; nothing else fits a posterior. Whatever can be wrong with an argument is found
before EM begins, and nothing is kept of a fit that fails.
"""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np

from bayesgmm.covariance import CovarianceFamily, as_family
from bayesgmm.data import Data, as_count, as_seed, check_n_components, check_rank
from bayesgmm.em.fit import EMFit, EMSettings, EMStatus, fit_em, run_em
from bayesgmm.errors import DegenerateComponentWarning, InvalidArgumentError, InvalidArgumentTypeError, LabelWarning
from bayesgmm.inference.methods import as_method
from bayesgmm.inference.placement import prior_order
from bayesgmm.inference.problem import Method, Problem, SamplingSettings
from bayesgmm.mixture import Mixture
from bayesgmm.model.priors import Priors, ResolvedPriors
from bayesgmm.posterior.assembly import Provenance, build_tree
from bayesgmm.posterior.container import Posterior, as_result
from bayesgmm.posterior.layout import given_names

__all__ = ["Fit", "FitSettings", "Start", "fit_posterior"]


class Fit(NamedTuple):
    """A posterior, the EM solution from which it started, and the priors that it took.

    Attributes
    ----------
    posterior : Posterior
        The result, labels settled.
    em : EMFit
        In the same order of components.
    priors : ResolvedPriors
        What the user gave and the defaults, for these data.
    """

    posterior: Posterior
    em: EMFit
    priors: ResolvedPriors


class Start(NamedTuple):
    """Where EM starts by the user's wish.

    Attributes
    ----------
    mixture : Mixture
        In the order of components that is kept.
    feature_names : tuple of str or None
        The columns it is for, in their order; None where it does not know them.
    component_names : tuple of str or None
        What the components of the posterior it comes from were renamed to; None where they were not.
    """

    mixture: Mixture
    feature_names: tuple[str, ...] | None = None
    component_names: tuple[str, ...] | None = None


@dataclass(frozen=True, eq=False)
class FitSettings:
    """Everything that was asked for, checked.

    Attributes
    ----------
    n_components : int
        K.
    family : CovarianceFamily
        The covariance family.
    method_name : str
        The word for the method.
    method : Method
        The way to the posterior.
    priors : Priors
        As the user gave them.
    init : Start or None
        Where EM starts; None: from the pool.
    sampling : SamplingSettings
        How long, how often, from which seed.
    """

    n_components: int
    family: CovarianceFamily
    method_name: str
    method: Method
    priors: Priors
    init: Start | None
    sampling: SamplingSettings

    @classmethod
    def from_parameters(cls, parameters: Mapping[str, Any]) -> Self:
        """Check the constructor arguments of `BayesianGaussianMixture`, in one place and before any work.

        Parameters
        ----------
        parameters : mapping of str to object
            Every argument by name.

        Returns
        -------
        FitSettings

        Raises
        ------
        InvalidArgumentError, InvalidArgumentTypeError
            Naming the argument, its value and what it must be.
        """
        p = dict(parameters)
        options = {} if p["method_options"] is None else p["method_options"]
        if not isinstance(options, Mapping):
            raise InvalidArgumentTypeError("method_options", "be a dict or None", options)
        priors = Priors() if p["priors"] is None else p["priors"]
        if not isinstance(priors, Priors):
            raise InvalidArgumentTypeError("priors", "be a `Priors` or None", priors)
        return cls(
            n_components=as_count("n_components", p["n_components"]),
            family=as_family(p["covariance_type"]),
            method_name=p["method"],
            method=as_method(p["method"], options),
            priors=priors,
            init=None if p["init"] is None else _as_start(p["init"], p["n_components"]),
            sampling=SamplingSettings(
                draws=as_count("draws", p["draws"]),
                chains=as_count("chains", p["chains"]),
                tune=None if p["tune"] is None else as_count("tune", p["tune"]),
                cores=None if p["cores"] is None else as_count("cores", p["cores"]),
                seed=as_seed(p["random_state"]),
                progressbar=_as_switch("progressbar", p["progressbar"]),
                options=dict(options),
            ),
        )


def fit_posterior(data: Data, settings: FitSettings) -> Fit:
    """Fit a mixture with its posterior.

    Parameters
    ----------
    data : Data
        The rows, past the border.
    settings : FitSettings

    Returns
    -------
    Fit

    Raises
    ------
    InvalidArgumentError
        If there are fewer rows than components, the columns are linearly dependent, `init` has other features, or the
        same in another order, the method is not for a mixture of this size, or a prior does not fit.

    Warns
    -----
    LabelWarning
        If the components cannot be told apart.
    DegenerateComponentWarning
        If EM found nothing but solutions with a collapsed component, or draws ran to a correlation of one.
    PriorWarning
        If a prior leaves a spike in the posterior.
    ConvergenceWarning
        If sampling was interrupted; what was drawn is kept.

    Examples
    --------
    >>> import bayesgmm as bg
    >>> from bayesgmm.data import as_data
    >>> from bayesgmm.fitting import FitSettings, fit_posterior
    >>> parameters = bg.BayesianGaussianMixture(2, draws=100, random_state=1, progressbar=False).get_params()
    >>> fit_posterior(as_data(bg.load_faithful()), FitSettings.from_parameters(parameters)).em.converged
    True
    """
    check_n_components(data, settings.n_components)
    check_rank(data, correlated=not settings.family.is_diagonal)
    settings.method.admit(settings.family, settings.n_components, data.n_features, settings.sampling)
    priors = settings.priors.resolve(data, settings.n_components, settings.family)
    em = _start(data, settings)
    names = None if settings.init is None else settings.init.component_names
    if not priors.is_exchangeable:
        order = prior_order(em.mixture, priors, settings.family)
        em, names = em.permute(order), names and tuple(names[k] for k in order)
    draws = settings.method.draw(Problem(data, settings.family, priors, em.mixture), settings.sampling)
    provenance = Provenance(
        method=settings.method_name,
        priors=priors.to_json(),
        random_seed=settings.sampling.seed,
        is_exchangeable=priors.is_exchangeable,
    )
    posterior = Posterior(build_tree(data, em, draws=draws, provenance=provenance))
    posterior = posterior if names is None else posterior.rename(names)
    if posterior.attrs["degenerate"]:
        warnings.warn(posterior.attrs["degenerate"], DegenerateComponentWarning, stacklevel=3)
    if not posterior.is_identified:
        warnings.warn(posterior.attrs["label_verdict"], LabelWarning, stacklevel=3)
    return Fit(posterior, em, priors)


def _start(data: Data, settings: FitSettings) -> EMFit:
    """Run EM: from the pool, or from what the user gave, whose order is kept."""
    how = EMSettings.of_pivot(data)
    if settings.init is None:
        em = fit_em(data, settings.n_components, settings.family, how, settings.sampling.seed)
    else:
        _check_features(settings.init, data)
        em = run_em(data, settings.family, settings.init.mixture, how)
    if em.status in (EMStatus.DEGENERATE, EMStatus.SINGULAR):
        warnings.warn(em.message, DegenerateComponentWarning, stacklevel=4)
    return em


def _check_features(start: Start, data: Data) -> None:
    """Compare number and names of features; what has no names of its own fits any."""
    found, needed = start.feature_names, data.feature_names
    if start.mixture.n_features != data.n_features:
        constraint = f"have {data.n_features} features as `X` has"
        raise InvalidArgumentError("init", constraint, start.mixture.n_features)
    if found is not None and data.has_feature_names and found != needed:
        constraint = f"have the features {list(needed)} of `X`, in this order"
        remedy = f"Give X[{list(found)}]." if set(found) == set(needed) else ""
        raise InvalidArgumentError("init", constraint, list(found), remedy)


def _as_start(init: Any, n_components: int) -> Start:
    """Take one mixture, and the names that go with it, from whatever the user gave to start from."""
    try:
        value = as_result(init)
    except InvalidArgumentTypeError:
        constraint = (
            "be a fitted estimator of this package (bayesgmm.GaussianMixture or bayesgmm.BayesianGaussianMixture), "
            "a Posterior, an EMFit or a Mixture"
        )
        raise InvalidArgumentTypeError("init", constraint, type(init).__name__) from None
    start = _named_start(value, getattr(init, "feature_names_in_", None))
    mixture = start.mixture
    if mixture.batch_shape:
        remedy = "Pick one with `mixture[index]`."
        raise InvalidArgumentError("init", "be one mixture", f"a batch of shape {mixture.batch_shape}", remedy)
    if mixture.n_components != n_components:
        raise InvalidArgumentError("init", f"have {n_components} components", mixture.n_components)
    return start


def _named_start(value: Posterior | EMFit | Mixture, columns: Any) -> Start:
    """Join a mixture with the names that its posterior has, or the columns that its estimator was fitted to."""
    if isinstance(value, Posterior):
        is_renamed = all(isinstance(name, str) for name in value.component_names)
        components = value.component_names if is_renamed else None
        return Start(value.em, given_names(value.group("observed_data")), components)
    mixture = value.mixture if isinstance(value, EMFit) else value
    return Start(mixture, None if columns is None else tuple(map(str, columns)))


def _as_switch(name: str, value: object) -> bool:
    if not isinstance(value, bool | np.bool_):
        raise InvalidArgumentTypeError(name, "be True or False", repr(value))
    return bool(value)
