"""Fits side by side.

em        EM's answer beside one posterior
fits      several fits in one table, whatever their methods
points    EM's answer laid out as a posterior's rows, and whether it belongs beside them
distance  how far one posterior lies from another
"""

from bayesgmm.comparison.em import compare_em
from bayesgmm.comparison.fits import Comparison, compare_fits

__all__ = ["Comparison", "compare_em", "compare_fits"]
