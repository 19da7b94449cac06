"""The model in PyMC: priors, terms, likelihood, and `build_model` that puts them together.

Modules are loaded on first use: `priors` needs no PyMC, and a fit that runs on the compiled target never loads it.

priors, named, recognition   what the user says, and which of it the compiled log posterior knows; without PyMC
meaning, description         what priors mean for some rows, in plain words
ties                         equal rows that a prior of correlations cannot hold; without PyMC
users, simulation            the user's own PyMC distributions; draws from priors
loggers                      what PyMC says by itself, unasked; without PyMC
distributions, transforms    what PyMC lacks
terms, likelihood, build     the `pymc.Model`; jax_likelihood, its rows for samplers on JAX
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=[
        "build",
        "description",
        "distributions",
        "jax_likelihood",
        "likelihood",
        "loggers",
        "meaning",
        "named",
        "priors",
        "recognition",
        "simulation",
        "terms",
        "ties",
        "transforms",
        "users",
    ],
)
