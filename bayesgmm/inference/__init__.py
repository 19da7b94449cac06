"""The room of methods: draws of the posterior, in the order of the model.

problem     what a method is given and returns
placement   the order of the components where the priors tell them apart
target      the fused log posterior of a problem
whitening   the coordinates in which it is nearly a standard normal
callback    the only file that knows how nutpie takes a compiled function
sampling    running nutpie, and reading its trace
nuts        the No-U-Turn sampler; graph, the same through PyTensor, loaded only where a prior asks for it
samplers    the programs that run it, by name; foreign, those other than nutpie
peak        the log posterior for approximations, and where they start; compiled, the same of a PyMC model
gaussian    draws of a normal approximation, weighed
importance  importance weights and their k-hat
laplace     the normal distribution of mode and curvature
families    the normal distributions among which ADVI searches
elbo        the search; minibatch, parts of the rows for it
advi        mean-field and full-rank ADVI
symmetry    the K! orders of the components as matrices
smc         sequential Monte Carlo through all of them
methods     all of them by name
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=[
        "advi",
        "callback",
        "compiled",
        "elbo",
        "families",
        "foreign",
        "gaussian",
        "graph",
        "importance",
        "laplace",
        "methods",
        "minibatch",
        "nuts",
        "peak",
        "placement",
        "problem",
        "samplers",
        "sampling",
        "smc",
        "symmetry",
        "target",
        "whitening",
    ],
)
