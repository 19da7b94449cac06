"""The model in PyMC: priors, terms, likelihood, and `build_model` that puts them together.

Modules are loaded on first use: `priors` needs no PyMC, and a fit that runs on the compiled target never loads it.

priors, named, recognition   what the user says, and which of it the compiled log posterior knows; without PyMC
meaning, description         what priors mean for some rows, in plain words
users, simulation            the user's own PyMC distributions; draws from priors
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
        "meaning",
        "named",
        "priors",
        "recognition",
        "simulation",
        "terms",
        "transforms",
        "users",
    ],
)
