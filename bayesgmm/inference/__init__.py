"""The room of methods: draws of the posterior, in the order of the model.

problem     what a method is given and returns
placement   the order of the components where the priors tell them apart
target      the fused log posterior of a problem
whitening   the coordinates in which it is nearly a standard normal
function    a log posterior compiled to a C function
callback    the only file that knows how nutpie takes one
interrupt   what Ctrl-C leaves of a run
sampling    running nutpie, and reading its trace
lifting     PyMC models compiled to such functions, seldom; compiled, the log posterior of a problem by way of them
nuts        the No-U-Turn sampler; graph, the same on the compiled model, loaded only where a prior asks for it
samplers    the programs that run it, by name; foreign, those other than nutpie
peak        the log posterior for approximations, whichever it is, and where they start
gaussian    draws of a normal approximation, weighed
importance  importance weights and their k-hat
laplace     the normal distribution of mode and curvature
families    the normal distributions among which ADVI searches
elbo        the search; minibatch, parts of the rows for it
advi        mean-field and full-rank ADVI
symmetry    the K! orders of the components as matrices
particles   how sequential Monte Carlo moves; smc, the whole of it
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
        "function",
        "gaussian",
        "graph",
        "importance",
        "interrupt",
        "laplace",
        "lifting",
        "methods",
        "minibatch",
        "nuts",
        "particles",
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
