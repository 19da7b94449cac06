"""What scikit-learn's contract asks of rows beyond what `data` reads, and of a fit that goes on from another."""

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import validate_data

from bayesgmm.data import Data
from bayesgmm.errors import InvalidArgumentError
from bayesgmm.mixture import Mixture

__all__ = ["as_frame", "check_names", "check_two_rows", "check_warm_start", "precision_of"]


def as_frame(X: Any) -> Any:
    """Give a Series as the frame of one feature that it is, and everything else as it is.

    Parameters
    ----------
    X : array-like, DataFrame or Series

    Returns
    -------
    array-like or DataFrame

    Examples
    --------
    >>> import pandas as pd
    >>> from bayesgmm.estimators.containers import as_frame
    >>> as_frame(pd.Series([1.0, 2.0], name="waiting")).shape
    (2, 1)
    """
    if isinstance(X, Data):
        return X.x
    return X.to_frame() if hasattr(X, "to_frame") else X


def check_names(X: Any) -> None:
    """Refuse the column names that scikit-learn refuses, before any work and without storing anything.

    Parameters
    ----------
    X : array-like, DataFrame or Series

    Raises
    ------
    TypeError
        If names are text in part only.

    Examples
    --------
    >>> import numpy as np
    >>> from bayesgmm.estimators.containers import check_names
    >>> check_names(np.ones((2, 2)))
    """
    validate_data(BaseEstimator(), as_frame(X), skip_check_array=True)


def precision_of(X: Any) -> np.dtype[Any]:
    """Give the precision in which scikit-learn would return what it computes from X.

    Parameters
    ----------
    X : array-like, DataFrame or Series

    Returns
    -------
    numpy.dtype
        float32 where all numbers in X are that, else float64.

    Examples
    --------
    >>> import numpy as np
    >>> from bayesgmm.estimators.containers import precision_of
    >>> precision_of(np.ones((2, 2), dtype=np.float32)), precision_of([[1, 2]])
    (dtype('float32'), dtype('float64'))
    """
    table = as_frame(X)
    kinds = list(table.dtypes) if hasattr(table, "dtypes") else [getattr(table, "dtype", None)]
    is_single = all(str(kind).lower() == "float32" for kind in kinds)  # NumPy's, pandas' and polars' own
    return np.dtype(np.float32 if is_single else np.float64)


def check_two_rows(data: Data) -> None:
    """Refuse a single row, as scikit-learn does.

    Parameters
    ----------
    data : Data

    Raises
    ------
    InvalidArgumentError
        For one row.
    """
    if data.n_rows < 2:
        remedy = f"Found array with 1 sample(s) (shape={data.x.shape}) while a minimum of 2 is required."
        raise InvalidArgumentError("X", "have at least two rows", f"shape {data.x.shape}", remedy)


def check_warm_start(mixture: Mixture, n_components: int, n_features: int) -> Mixture:
    """Check that EM can go on from the last fit.

    Parameters
    ----------
    mixture : Mixture
        What the last fit came to.
    n_components, n_features : int
        K and D of this one.

    Returns
    -------
    Mixture
        The same.

    Raises
    ------
    InvalidArgumentError
        For another number of components or features.
    """
    remedy = "Set `warm_start=False` to begin anew."
    if mixture.n_features != n_features:
        raise InvalidArgumentError("X", f"have the {mixture.n_features} features of the last fit", n_features, remedy)
    if mixture.n_components != n_components:
        constraint = f"be the {mixture.n_components} of the last fit"
        raise InvalidArgumentError("n_components", constraint, n_components, remedy)
    return mixture
