"""The pictures. Each draws numbers that lower rooms compute; matplotlib is loaded with the first of them.

style        colours, markers, the one look and the context it lives in
legend       what the signs mean
subject      what a fit has to show: mixtures, rows, memberships, names
ellipses     the plane of two features
density      the line of one feature
contours     the density of two features as a map, with its band
surface      the density of two features as a mountain
responsibilities, ternary  rows by membership: sorted bars, or points in a triangle
plane        what pictures of the plane of two features share
map          the plane in the colours of memberships
boundary     its lines where the most likely component changes, with their band
uncertainty  where in it memberships are unsure, and why
segmentation a picture in its components' colours
elbo         ADVI's search
pairs        all planes and lines of several features
directions   many features in the plane that tells components apart
prior        what is believed before the data
predictive   whether the model makes data like these
em_path      EM step by step
starts       what the pool of EM starts found
comparison   EM beside the posterior, or several fits side by side, parameter by parameter
criteria     what speaks for which number of components

Names are loaded on first use.
"""

from typing import TYPE_CHECKING

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "boundary": ["plot_decision_boundary"],
        "comparison": ["plot_comparison"],
        "contours": ["plot_density_contours"],
        "criteria": ["plot_criteria"],
        "density": ["plot_density"],
        "directions": ["plot_directions"],
        "elbo": ["plot_elbo"],
        "ellipses": ["plot_ellipses"],
        "em_path": ["plot_em_path"],
        "map": ["plot_responsibility_map"],
        "pairs": ["plot_pairs"],
        "predictive": ["plot_predictive_check"],
        "prior": ["plot_prior"],
        "responsibilities": ["plot_responsibilities"],
        "segmentation": ["plot_segmentation"],
        "starts": ["plot_starts"],
        "style": ["plot_style"],
        "surface": ["plot_density_surface"],
        "ternary": ["plot_ternary"],
        "uncertainty": ["plot_uncertainty"],
    },
)

if TYPE_CHECKING:
    from bayesgmm.plots.boundary import plot_decision_boundary as plot_decision_boundary
    from bayesgmm.plots.comparison import plot_comparison as plot_comparison
    from bayesgmm.plots.contours import plot_density_contours as plot_density_contours
    from bayesgmm.plots.criteria import plot_criteria as plot_criteria
    from bayesgmm.plots.density import plot_density as plot_density
    from bayesgmm.plots.directions import plot_directions as plot_directions
    from bayesgmm.plots.elbo import plot_elbo as plot_elbo
    from bayesgmm.plots.ellipses import plot_ellipses as plot_ellipses
    from bayesgmm.plots.em_path import plot_em_path as plot_em_path
    from bayesgmm.plots.map import plot_responsibility_map as plot_responsibility_map
    from bayesgmm.plots.pairs import plot_pairs as plot_pairs
    from bayesgmm.plots.predictive import plot_predictive_check as plot_predictive_check
    from bayesgmm.plots.prior import plot_prior as plot_prior
    from bayesgmm.plots.responsibilities import plot_responsibilities as plot_responsibilities
    from bayesgmm.plots.segmentation import plot_segmentation as plot_segmentation
    from bayesgmm.plots.starts import plot_starts as plot_starts
    from bayesgmm.plots.style import plot_style as plot_style
    from bayesgmm.plots.surface import plot_density_surface as plot_density_surface
    from bayesgmm.plots.ternary import plot_ternary as plot_ternary
    from bayesgmm.plots.uncertainty import plot_uncertainty as plot_uncertainty
