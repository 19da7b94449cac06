"""The model in PyMC: priors, terms, likelihood, and `build_model` that puts them together.

Names are loaded on first use: `priors` needs no PyMC, and a fit that runs on the compiled target never loads it.
"""

from typing import TYPE_CHECKING

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=["terms"],
    submod_attrs={
        "build": ["build_model", "model_from_data"],
        "likelihood": ["MixtureRows", "row_log_density"],
        "priors": ["Priors", "ResolvedPriors"],
    },
)

if TYPE_CHECKING:
    from bayesgmm.model import terms as terms
    from bayesgmm.model.build import build_model as build_model
    from bayesgmm.model.build import model_from_data as model_from_data
    from bayesgmm.model.likelihood import MixtureRows as MixtureRows
    from bayesgmm.model.likelihood import row_log_density as row_log_density
    from bayesgmm.model.priors import Priors as Priors
    from bayesgmm.model.priors import ResolvedPriors as ResolvedPriors
