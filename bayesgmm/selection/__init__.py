"""Which mixture: how many components, and of which family.

elpd        leave-one-out cross-validation of posteriors, row by row, and of which it has nothing to say
criteria    what fits of different sizes and families cost and promise, in one table
distances   how far each is from the best: the numbers behind the picture
"""

from bayesgmm.selection.criteria import compare_criteria

__all__ = ["compare_criteria"]
