"""The pictures. Each draws numbers that lower rooms compute; matplotlib is loaded with the first of them.

style        colours, markers, the one look and the context it lives in
legend       what the signs mean
subject      what a fit has to show: mixtures, rows, memberships, names
ellipses     the plane of two features
density      the line of one feature
elbo         ADVI's search
pairs        all planes and lines of several features
prior        what is believed before the data
comparison   EM beside the posterior, or several fits side by side, parameter by parameter

Names are loaded on first use.
"""

from typing import TYPE_CHECKING

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "comparison": ["plot_comparison"],
        "density": ["plot_density"],
        "elbo": ["plot_elbo"],
        "ellipses": ["plot_ellipses"],
        "pairs": ["plot_pairs"],
        "prior": ["plot_prior"],
    },
)

if TYPE_CHECKING:
    from bayesgmm.plots.comparison import plot_comparison as plot_comparison
    from bayesgmm.plots.density import plot_density as plot_density
    from bayesgmm.plots.elbo import plot_elbo as plot_elbo
    from bayesgmm.plots.ellipses import plot_ellipses as plot_ellipses
    from bayesgmm.plots.pairs import plot_pairs as plot_pairs
    from bayesgmm.plots.prior import plot_prior as plot_prior
