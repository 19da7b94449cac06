"""The room of results: draws matched to EM, named, stored, summarised and asked.

relabel           the assignment of every draw's components to the EM pivot
layout            names and shapes of the variables; names of features
pivot             the EM solution as a group
assembly          the DataTree of a fit
diagnostics       whether labels and sampler can be trusted, in a sentence each
storage           one netCDF file
container         `Posterior`, the value that all of this is reached through, and what unwraps an estimator
prediction        what a posterior says of rows
responsibilities  memberships with their uncertainty
spread            the line along which each row's membership varies
regions           memberships and boundaries all over a plane
segmentation      pictures cut into components
thinning          few draws for pictures
ellipses          bands of the components' ellipses
directions        where the components differ most
marginals         the band of one feature's density
surfaces          the density in a plane
grid              the points of a plane
cells             edges of a histogram
distances         how far rows lie from components
replicates        data sets drawn from a fit beside the data
path              EM step by step
evidence          the log marginal likelihood
sensitivity       how much prior and data matter to each parameter
display           what a notebook shows
tables, summary   what a reader sees; ArviZ's statistics are loaded with `summary` only
adoption          draws that were made elsewhere
groups            the groups that need the `pm.Model`; PyMC is loaded with it only
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=[
        "adoption",
        "assembly",
        "cells",
        "container",
        "diagnostics",
        "directions",
        "display",
        "distances",
        "ellipses",
        "evidence",
        "grid",
        "groups",
        "layout",
        "marginals",
        "path",
        "pivot",
        "prediction",
        "regions",
        "relabel",
        "replicates",
        "responsibilities",
        "segmentation",
        "sensitivity",
        "spread",
        "storage",
        "summary",
        "surfaces",
        "tables",
        "thinning",
    ],
)
