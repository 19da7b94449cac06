"""The scikit-learn contract: `GaussianMixture` (EM) and `BayesianGaussianMixture` (the posterior), each on demand.

Two modules, so that an EM fit never loads PyMC; `MixtureFeatures` makes either of them a step of a pipeline.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "bayesian": ["BayesianGaussianMixture"],
        "features": ["MixtureFeatures"],
        "gaussian": ["GaussianMixture"],
    },
)
