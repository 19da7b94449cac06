"""The room of methods: draws of the posterior, in the order of the model.

problem     what a method is given and returns
placement   the order of the components where the priors tell them apart
target      the fused log posterior of a problem
whitening   the coordinates in which it is nearly a standard normal
callback    the only file that knows how nutpie takes a compiled function
sampling    running nutpie, and reading its trace
nuts        the No-U-Turn sampler; graph, the same through PyTensor, loaded only where a prior asks for it
methods     all of them by name
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=[
        "callback",
        "graph",
        "methods",
        "nuts",
        "placement",
        "problem",
        "sampling",
        "target",
        "whitening",
    ],
)
