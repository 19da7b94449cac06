"""Gaussian mixtures with the whole posterior.

The front door: every public name, and nothing is imported before it is used, so that ``import bayesgmm`` costs
milliseconds and an EM fit never loads PyMC, ArviZ or matplotlib. The names and the modules they live in stand in
``__init__.pyi``, where type checkers and editors read them too.
"""

import lazy_loader

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
__all__ += ["__version__"]
