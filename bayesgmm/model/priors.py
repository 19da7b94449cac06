"""Priors: what the user says, what it means for these data, and which of it the compiled log posterior knows.

    weights ~ Dirichlet(concentration)                    means ~ Normal(column mean, 2.5 column sds)
    sds ~ LogNormal(log(column sd K^(-1/D)), 1), s > resolution / 2
    (z_ij + 1) / 2 ~ Beta(b_j, b_j),  b_j = eta + (D - 2 - j) / 2     (partial correlations: correlations ~ LKJ(eta),
                                                            Lewandowski, Kurowicka and Joe 2009)

unless the user says otherwise. A prior that is one of the named ones (`named`) is recognised in the PyMC variable the
user gives, by the class names of its operations; this room imports neither PyMC nor PyTensor, so that the fast road
never loads them. Any other variable is kept as it is, and the posterior takes the PyMC graph.
"""

import json
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

import bayesgmm.model as room
from bayesgmm.covariance import CovarianceFamily, Spherical, as_family
from bayesgmm.data import Data, as_data, check_n_components
from bayesgmm.errors import InvalidArgumentError, InvalidArgumentTypeError, PriorWarning
from bayesgmm.model import named
from bayesgmm.model.recognition import (
    MEANS,
    SDS,
    Recogniser,
    describe,
    differs_between_components,
    operation,
    recognise,
)
from bayesgmm.model.ties import warn_of_equal_rows

if TYPE_CHECKING:
    from bayesgmm.model.description import PriorDescription

__all__ = ["Priors", "ResolvedPriors", "column_scale", "partial_exponents", "sds_shape"]

Array = NDArray[np.float64]

MEAN_SPREAD = 2.5  # column sds: wide enough that means at the data's edge lie within one prior sd (rstanarm's value)
SPIKE_REMEDY = (
    "Leave `sds` at its default, or bound it below at half the step between the column's values: "
    "pm.Truncated.dist(pm.LogNormal.dist(mu, sigma), lower=step / 2)."
)
UNREGISTERED = "be an unregistered PyMC distribution such as "
EXAMPLES = {"means": "pm.Normal.dist(0, 2)", "sds": "pm.HalfNormal.dist(2)"}
NAMED_KINDS = {"means": named.Normal, "sds": named.ScalePrior}
REAL_LINE = frozenset(
    f"{name}RV"
    for name in ("Normal", "StudentT", "Cauchy", "Laplace", "Logistic", "Flat", "Gumbel", "SkewNormal", "MvNormal")
)


@dataclass(frozen=True, eq=False)
class Priors:
    """Prior distributions of a Gaussian mixture, in the user's units; K components, D features.

    Parameters
    ----------
    concentration : float, array of shape (K,) or pm.Dirichlet distribution, default 2.0
        Dirichlet concentration of the weights. Two pulls gently away from empty components.
    means : PyMC distribution, optional
        Prior of the means, in the units of x, of a shape that broadcasts to (K, D): (D,) tells features apart, (K, 1)
        components. None: Normal(column mean, 2.5 column sds), wide against the data.
    sds : PyMC distribution, optional
        Prior of the standard deviations, positive, of a shape that broadcasts to (K, D); tied: (D,); spherical: (K,).
        None: LogNormal centred on column sd * K**(-1/D) with sigma 1, truncated below at half the column's resolution,
        because n equal values in a column would otherwise win n^2 / 2 nats by a component of no width.
    lkj_eta : float, default 2.0
        LKJ parameter of the correlations: 1 is uniform, more pulls towards zero.

    Raises
    ------
    InvalidArgumentError, InvalidArgumentTypeError
        If a number is not positive and finite, or a distribution is no unregistered PyMC distribution.

    Notes
    -----
    Known to the compiled log posterior: for means ``Normal``; for sds ``LogNormal``, also truncated below by
    ``pm.Truncated``, ``HalfNormal``, ``Exponential``, ``Gamma``, ``HalfStudentT``, ``HalfCauchy`` and
    ``pm.math.sqrt(pm.InverseGamma.dist(a, b))`` with constant parameters. Any other is sampled through PyMC's graph.
    The defaults depend on the data and on K: they are for estimation; evidence and calibration need explicit ones.
    Where priors differ between components the posterior is not symmetric: EM's components take the places that their
    priors fit best, and draws are never permuted.

    References
    ----------
    .. [1] Lewandowski, Kurowicka and Joe (2009), doi:10.1016/j.jmva.2009.04.008

    Examples
    --------
    >>> from bayesgmm.model.priors import Priors
    >>> Priors(concentration=1.0).lkj_eta
    2.0
    """

    concentration: ArrayLike = 2.0
    means: Any = None
    sds: Any = None
    lkj_eta: float = 2.0

    def __post_init__(self) -> None:
        concentration = _positive("concentration", _concentrations(self.concentration))
        if concentration.ndim > 1:
            raise InvalidArgumentError("concentration", "be a number or of shape (K,)", f"shape {concentration.shape}")
        concentration.flags.writeable = False
        object.__setattr__(self, "concentration", concentration)
        eta = _positive("lkj_eta", self.lkj_eta)
        if eta.ndim:
            raise InvalidArgumentError("lkj_eta", "be one number", f"shape {eta.shape}")
        object.__setattr__(self, "lkj_eta", float(eta))
        for name, variable in (("means", self.means), ("sds", self.sds)):
            _check_distribution(name, variable)

    def describe(
        self, X: Any, n_components: int = 1, covariance_type: str | CovarianceFamily = "full"
    ) -> "PriorDescription":
        """Say in plain words what these priors mean for some rows, in the units and under the names of `X`.

        Parameters
        ----------
        X : array-like of shape (N, D)
            The rows that the model is for.
        n_components : int, default 1
            K.
        covariance_type : {"full", "tied", "diag", "spherical"}, default "full"

        Returns
        -------
        PriorDescription
            Prints as a line for each parameter and feature: the range that holds 89 % of the prior (ArviZ's rcParams).

        Examples
        --------
        >>> import bayesgmm as bg
        >>> bg.Priors().describe(bg.load_faithful()[["waiting"]])
        Priors of 1 component, full covariances, for 272 rows of 1 feature; ranges hold 89 % of the prior.
        weights    one component holds all rows
        means      Normal, centred on the column means, 2.5 column sds wide
          waiting  between 16.7 and 125; the data run from 43 to 96
        sds        LogNormal, sigma 1 about the column sd
          waiting  between 2.76 and 67.1, never below 0.5; the column sd is 13.6
        """
        data, family = as_data(X), as_family(covariance_type)
        return room.meaning.describe_priors(self, data, check_n_components(data, n_components), family)

    def resolve(self, data: Data, n_components: int, family: CovarianceFamily) -> "ResolvedPriors":
        """Fill in the defaults for these data and recognise the named priors.

        Parameters
        ----------
        data : Data
            The rows, N by D.
        n_components : int
            K.
        family : CovarianceFamily

        Returns
        -------
        ResolvedPriors

        Raises
        ------
        InvalidArgumentError
            If a prior does not fit the shape of its parameter, has parameters that are random themselves, or is a prior
            of sds with a density below zero.

        Warns
        -----
        PriorWarning
            If the priors let a component shrink onto equal values of a column, which is named, or onto equal rows. Not
            for the tied family, whose covariance belongs to all rows.
        """
        K, D = n_components, data.n_features
        concentration = np.asarray(self.concentration)
        if concentration.ndim and concentration.shape != (K,):
            constraint = f"be a number or of shape (K,) = ({K},)"
            raise InvalidArgumentError("concentration", constraint, f"shape {concentration.shape}")
        means = _default_means(data) if self.means is None else self.means
        sds = _default_sds(data, K, family) if self.sds is None else self.sds
        means, sds = _fit("means", means, MEANS, (K, D)), _fit("sds", sds, SDS, sds_shape(family, K, D))
        if not isinstance(means, named.NamedPrior):
            room.users.check_density(means, "means", (K, D))
            room.simulation.check_parameters(means, "means", (K, D))
        if self.sds is not None:
            _check_sds(sds, data, K, family)
        warn_of_equal_rows(data, K, family, self.lkj_eta)
        concentration = np.broadcast_to(concentration, (K,)).astype(float)
        differs = (concentration != concentration[0]).any() or differs_between_components(means, (K, D))
        if not family.is_shared:
            differs = differs or differs_between_components(sds, sds_shape(family, K, D))
        return ResolvedPriors(concentration, means, sds, self.lkj_eta, is_exchangeable=not differs)


@dataclass(frozen=True, eq=False)
class ResolvedPriors:
    """Priors for one data set, one K and one family.

    Attributes
    ----------
    concentration : array of shape (K,)
    means : Normal or PyMC variable
        A named prior with fields of shape (K, D), or the user's variable.
    sds : ScalePrior or PyMC variable
        A named prior with fields of the shape of the sds, or the user's variable.
    lkj_eta : float
    is_exchangeable : bool
        Whether they are the same for every component, so that the posterior is symmetric in the components.
    """

    concentration: Array
    means: Any
    sds: Any
    lkj_eta: float
    is_exchangeable: bool

    @property
    def is_named(self) -> bool:
        """Whether the compiled log posterior knows all of them."""
        return isinstance(self.means, named.NamedPrior) and isinstance(self.sds, named.NamedPrior)

    def to_json(self) -> str:
        """Describe every prior by name and parameters, as JSON.

        Returns
        -------
        str
            Keys ``concentration``, ``means``, ``sds``, ``lkj_eta``.
        """
        concentration = self.concentration.tolist()
        described = {
            "concentration": concentration[0] if len(set(concentration)) == 1 else concentration,
            "means": describe(self.means),
            "sds": describe(self.sds),
            "lkj_eta": self.lkj_eta,
        }
        return json.dumps(described)


def sds_shape(family: CovarianceFamily, n_components: int, n_features: int) -> tuple[int, ...]:
    """Give the shape of the sds of a family: (K, D); tied (D,); spherical (K,).

    Parameters
    ----------
    family : CovarianceFamily
    n_components, n_features : int
        K and D.

    Returns
    -------
    tuple of int

    Examples
    --------
    >>> from bayesgmm.covariance import Tied
    >>> from bayesgmm.model.priors import sds_shape
    >>> sds_shape(Tied(), 3, 2)
    (2,)
    """
    return family.compact_sds(np.empty((n_components, n_features))).shape


def column_scale(data: Data, family: CovarianceFamily) -> Array:
    """Give the unit of each column for the sampler, in the units of x: its sd, or one common scale for spherical.

    Parameters
    ----------
    data : Data
    family : CovarianceFamily

    Returns
    -------
    array of shape (D,)
    """
    return np.full(data.n_features, data.common_scale) if isinstance(family, Spherical) else np.asarray(data.scale)


def partial_exponents(n_features: int, eta: float) -> Array:
    """Give b_j = eta + (D - 2 - j) / 2, j the column from 0, of every pair, row by row of the lower triangle.

    With (z_ij + 1) / 2 ~ Beta(b_j, b_j) for the partial correlations, the correlations are LKJ(eta) (Lewandowski,
    Kurowicka and Joe 2009, doi:10.1016/j.jmva.2009.04.008).

    Parameters
    ----------
    n_features : int
        D.
    eta : float
        LKJ parameter.

    Returns
    -------
    array of shape (P,)

    Examples
    --------
    >>> from bayesgmm.model.priors import partial_exponents
    >>> partial_exponents(3, 2.0)
    array([2.5, 2.5, 2. ])
    """
    columns = np.tril_indices(n_features, -1)[1]
    exponents: Array = eta + (n_features - 2 - columns) / 2.0
    return exponents


def _default_means(data: Data) -> named.Normal:
    return named.Normal(np.asarray(data.location), MEAN_SPREAD * np.asarray(data.scale))


def _default_sds(data: Data, n_components: int, family: CovarianceFamily) -> named.LogNormal:
    shape = (n_components, data.n_features)
    centre = column_scale(data, family) * n_components ** (-1.0 / data.n_features)
    mu, lower = (family.compact_sds(np.broadcast_to(a, shape)) for a in (np.log(centre), _guard(data, family)))
    return named.LogNormal(mu, np.ones(()), lower)


def _guard(data: Data, family: CovarianceFamily) -> Array:
    """Half the resolution of each column; one spherical sd is bounded only where every column repeats values."""
    half = 0.5 * np.asarray(data.resolution)
    return np.full(half.shape, half.min()) if isinstance(family, Spherical) else half


def _check_sds(prior: Any, data: Data, n_components: int, family: CovarianceFamily) -> None:
    """Refuse a prior of sds with a density below zero; warn where it leaves a spike on a column that repeats values."""
    K, D, guard = n_components, data.n_features, _guard(data, family)
    shape = sds_shape(family, K, D)
    if isinstance(prior, named.ScalePrior):
        name, vanishes = type(prior).__name__, np.broadcast_to(prior.vanishes_at_zero, shape)
    else:
        unit = np.where(guard > 0, 2.0 * guard, column_scale(data, family))
        name = describe(prior)["name"]
        vanishes = room.users.check_sds(prior, shape, family.compact_sds(np.broadcast_to(unit, (K, D))))
        room.simulation.check_parameters(prior, "sds", shape)
    is_open = (family.expand_sds(vanishes.astype(float), K, D) == 0).any(0) & (guard > 0)  # (D,)
    columns = ", ".join(repr(name) for name, found in zip(data.feature_names, is_open, strict=True) if found)
    if columns and not family.is_shared:
        reason = f"{name} reaches down to zero, and values repeat in column {columns}"
        warnings.warn(f"`sds` leaves a spike in the posterior: {reason}. {SPIKE_REMEDY}", PriorWarning, stacklevel=3)


def _concentrations(given: Any) -> Any:
    """Read the concentrations off a pm.Dirichlet; what is none passes as it is."""
    is_dirichlet = getattr(given, "owner", None) is not None and operation(given) == "DirichletRV"
    return describe(given)["parameters"][0] if is_dirichlet else given


def _positive(name: str, given: Any) -> Array:
    try:
        value = np.array(given, dtype=float)
    except (TypeError, ValueError):
        raise InvalidArgumentTypeError(name, "be a positive number", given) from None
    if isinstance(given, bool) or not value.size or not np.isfinite(value).all() or not (value > 0).all():
        raise InvalidArgumentError(name, "be positive and finite", given)
    return value


def _check_distribution(name: str, variable: Any) -> None:
    if variable is None or isinstance(variable, NAMED_KINDS[name]):
        return
    if isinstance(variable, named.NamedPrior):
        raise InvalidArgumentError(name, f"be a {NAMED_KINDS[name].__name__} where it is a named prior", variable)
    if getattr(variable, "owner", None) is None or not hasattr(variable, "type"):
        raise InvalidArgumentTypeError(name, UNREGISTERED + EXAMPLES[name], variable)
    if variable.name is not None:
        remedy = "Build it with .dist and without a name."
        raise InvalidArgumentError(name, UNREGISTERED + EXAMPLES[name], f"the variable {variable.name!r}", remedy)
    if not str(variable.type.dtype).startswith("float"):
        raise InvalidArgumentError(name, "be a continuous distribution", operation(variable))
    if name == "sds" and operation(variable) in REAL_LINE:
        raise InvalidArgumentError(name, "be a distribution of positive numbers", operation(variable))


def _fit(name: str, prior: Any, recognisers: Mapping[str, Recogniser], shape: tuple[int, ...]) -> Any:
    """Check that a prior broadcasts to its parameter's shape, and name it where it has a name."""
    given = _shape(prior)
    try:
        fits = np.broadcast_shapes(given, shape) == shape
    except ValueError:
        fits = False
    if not fits:
        remedy = "One value for each component is a column: values[:, None]." if given == shape[:1] else ""
        raise InvalidArgumentError(name, f"broadcast to shape {shape}", f"shape {given}", remedy)
    try:
        prior = recognise(prior, recognisers)
    except InvalidArgumentError as error:
        constraint = f"have {error.name} {error.constraint.removeprefix('be ')}"
        raise InvalidArgumentError(name, constraint, np.asarray(error.value).tolist()) from None
    return prior.broadcast(shape) if isinstance(prior, named.NamedPrior) else prior


def _shape(prior: Any) -> tuple[int, ...]:
    """Give a prior's own shape; what a PyMC variable knows only later is taken as fitting."""
    if isinstance(prior, named.NamedPrior):
        return np.broadcast_shapes(*(v.shape for v in prior.parameters.values()))
    return tuple(1 if n is None else n for n in prior.type.shape)
