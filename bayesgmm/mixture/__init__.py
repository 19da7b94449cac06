"""The room of the value everything else is built from.

value         `Mixture`: a Gaussian mixture whose parameters are known, and its algebra
parameters    the checks and the arithmetic behind it
"""

from bayesgmm.mixture.value import Mixture

__all__ = ["Mixture"]
