from .comparison.em import compare_em
from .comparison.fits import compare_fits
from .datasets.faithful import load_faithful
from .estimators.bayesian import BayesianGaussianMixture
from .estimators.features import MixtureFeatures
from .estimators.gaussian import GaussianMixture
from .mixture import Mixture
from .model.build import build_model
from .model.priors import Priors
from .model.simulation import prior_predictive
from .plots.boundary import plot_decision_boundary
from .plots.comparison import plot_comparison
from .plots.contours import plot_density_contours
from .plots.criteria import plot_criteria
from .plots.density import plot_density
from .plots.directions import plot_directions
from .plots.elbo import plot_elbo
from .plots.ellipses import plot_ellipses
from .plots.em_path import plot_em_path
from .plots.map import plot_responsibility_map
from .plots.pairs import plot_pairs
from .plots.predictive import plot_predictive_check
from .plots.prior import plot_prior
from .plots.responsibilities import plot_responsibilities
from .plots.segmentation import plot_segmentation
from .plots.starts import plot_starts
from .plots.style import plot_style
from .plots.surface import plot_density_surface
from .plots.ternary import plot_ternary
from .plots.uncertainty import plot_uncertainty
from .posterior.container import Posterior
from .posterior.directions import separating_directions
from .posterior.evidence import log_marginal_likelihood
from .posterior.path import em_path
from .posterior.segmentation import segment_image
from .posterior.storage import load
from .report.page import write_report
from .selection.criteria import compare_criteria

__version__: str

__all__ = [
    "BayesianGaussianMixture",
    "GaussianMixture",
    "Mixture",
    "MixtureFeatures",
    "Posterior",
    "Priors",
    "__version__",
    "build_model",
    "compare_criteria",
    "compare_em",
    "compare_fits",
    "em_path",
    "load",
    "load_faithful",
    "log_marginal_likelihood",
    "plot_comparison",
    "plot_criteria",
    "plot_decision_boundary",
    "plot_density",
    "plot_density_contours",
    "plot_density_surface",
    "plot_directions",
    "plot_elbo",
    "plot_ellipses",
    "plot_em_path",
    "plot_pairs",
    "plot_predictive_check",
    "plot_prior",
    "plot_responsibilities",
    "plot_responsibility_map",
    "plot_segmentation",
    "plot_starts",
    "plot_style",
    "plot_ternary",
    "plot_uncertainty",
    "prior_predictive",
    "segment_image",
    "separating_directions",
    "write_report",
]
