from .comparison.em import compare_em
from .comparison.fits import compare_fits
from .datasets.faithful import load_faithful
from .estimators.bayesian import BayesianGaussianMixture
from .estimators.gaussian import GaussianMixture
from .mixture import Mixture
from .model.build import build_model
from .model.priors import Priors
from .model.simulation import prior_predictive
from .plots.comparison import plot_comparison
from .plots.density import plot_density
from .plots.elbo import plot_elbo
from .plots.ellipses import plot_ellipses
from .plots.pairs import plot_pairs
from .plots.prior import plot_prior
from .posterior.container import Posterior
from .posterior.evidence import log_marginal_likelihood
from .posterior.storage import load

__version__: str

__all__ = [
    "BayesianGaussianMixture",
    "GaussianMixture",
    "Mixture",
    "Posterior",
    "Priors",
    "__version__",
    "build_model",
    "compare_em",
    "compare_fits",
    "load",
    "load_faithful",
    "log_marginal_likelihood",
    "plot_comparison",
    "plot_density",
    "plot_elbo",
    "plot_ellipses",
    "plot_pairs",
    "plot_prior",
    "prior_predictive",
]
