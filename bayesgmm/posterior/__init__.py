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
ellipses          bands of the components' ellipses
marginals         the band of one feature's density
evidence          the log marginal likelihood
sensitivity       how much prior and data matter to each parameter
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
        "container",
        "diagnostics",
        "ellipses",
        "evidence",
        "groups",
        "layout",
        "marginals",
        "pivot",
        "prediction",
        "relabel",
        "responsibilities",
        "sensitivity",
        "storage",
        "summary",
        "tables",
    ],
)
