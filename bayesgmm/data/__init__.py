"""The border: rows, names, weights and seeds are checked here, once, and the inner rooms trust what they get.

border      the value `Data`: checked rows with their names, weights and measures; checks that need all of it
table       containers (arrays, frames, series) become float64 rows with names, or one clear error
columns     location, scale and resolution of the columns, and which of them depend on others
repeats     repeated rows collapsed to counts, and the commonest of them
counts      whole numbers
seed        random states become seeds
"""

from bayesgmm.data.border import Data, as_data, as_rows, check_n_components, check_rank
from bayesgmm.data.counts import as_count
from bayesgmm.data.seed import as_seed

__all__ = ["Data", "as_count", "as_data", "as_rows", "as_seed", "check_n_components", "check_rank"]
