"""EM from the rows to a point estimate, and the value that holds it.

`run_em` goes on from a given mixture. `fit_em` finds a start by itself: a pool of partitions (`starts`), a few
iterations from each, the best few to convergence. The pool's first member is scikit-learn's own k-means start from the
same seed; another replaces it only where its log-likelihood is higher by more than the scatter that the stopping rule
leaves between runs to one optimum. A component that collapsed (`collapse`) never wins while a sound solution exists.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_random_state

from bayesgmm.covariance import FAMILIES, CovarianceFamily
from bayesgmm.data import Data, as_seed, check_n_components
from bayesgmm.em.iteration import Monitor, Rows, as_mixture, as_state, maximise_rows
from bayesgmm.em.result import EMFit, EMSettings, EMStatus, Starts
from bayesgmm.em.starts import initial_responsibilities, partitions
from bayesgmm.em.workplace import Workplace, choose_fit, record_starts
from bayesgmm.errors import InvalidArgumentError
from bayesgmm.mixture import Mixture

__all__ = ["EMFit", "EMSettings", "EMStatus", "Starts", "fit_em", "project", "run_em", "try_pool"]

Array = NDArray[np.float64]

DEFAULTS = EMSettings()


def project(data: Data, responsibilities: Array, family: CovarianceFamily, ridge: Array) -> Mixture:
    """Take an M-step from responsibilities.

    Parameters
    ----------
    data : Data
        M distinct rows, D features.
    responsibilities : array of shape (M, K)
        r_nk for ``data.rows``.
    family : CovarianceFamily
    ridge : array of shape (D,)
        Added to the variances, in units of x squared.

    Returns
    -------
    Mixture

    Raises
    ------
    numpy.linalg.LinAlgError
        If a covariance is not positive definite.

    Examples
    --------
    >>> import numpy as np
    >>> from bayesgmm.covariance import Diagonal
    >>> from bayesgmm.data import as_data
    >>> from bayesgmm.em import project
    >>> project(as_data([[0.0], [2.0]]), np.ones((2, 1)), Diagonal(), np.zeros(1)).sds
    array([[1.]])
    """
    rows = Rows(data.rows, data.row_weights, data.total_weight, ridge)
    return as_mixture(maximise_rows(rows, responsibilities, family), family)


def run_em(
    data: Data,
    family: CovarianceFamily,
    mixture: Mixture,
    settings: EMSettings,
    *,
    previous: float = -np.inf,
    monitor: Monitor | None = None,
) -> EMFit:
    """Run EM from a given mixture.

    Parameters
    ----------
    data : Data
    family : CovarianceFamily
    mixture : Mixture
        Where to begin; its order of components is kept.
    settings : EMSettings
    previous : float
        Mean log-likelihood per row before the first iteration, where a run is taken up again.
    monitor : Monitor or None
        Is told of every iteration.

    Returns
    -------
    EMFit
        Where a covariance becomes singular, the last estimate before, with status SINGULAR.

    Raises
    ------
    InvalidArgumentError
        If the mixture has other features than the rows.

    Examples
    --------
    >>> from bayesgmm.covariance import Diagonal
    >>> from bayesgmm.data import as_data
    >>> from bayesgmm.em import EMSettings, run_em
    >>> from bayesgmm.mixture import Mixture
    >>> data = as_data([[0.0], [1.0], [10.0], [12.0]])
    >>> start = Mixture.from_sds([0.5, 0.5], [[0.0], [10.0]], [[1.0], [1.0]])
    >>> run_em(data, Diagonal(), start, EMSettings()).mixture.means
    array([[ 0.5],
           [11. ]])
    """
    if mixture.n_features != data.n_features:  # the compiled passes would read beyond its arrays
        raise InvalidArgumentError("mixture", f"have {data.n_features} features", mixture.n_features)
    work = Workplace.of(data, family, settings)
    return work.run(as_state(mixture, family), previous=previous, monitor=monitor)


def fit_em(
    data: Data,
    n_components: int,
    family: CovarianceFamily = FAMILIES["full"],
    settings: EMSettings = DEFAULTS,
    random_state: int | np.random.Generator | np.random.RandomState | None = None,
    monitor: Monitor | None = None,
) -> EMFit:
    """Fit a mixture by EM from a pool of starts.

    Parameters
    ----------
    data : Data
    n_components : int
        K.
    family : CovarianceFamily
    settings : EMSettings
    random_state : int, numpy.random.Generator, numpy.random.RandomState or None
        None: NumPy's global stream, as scikit-learn does.
    monitor : Monitor or None
        Is told of the first member's run.

    Returns
    -------
    EMFit
        Components ordered by the mean of the first feature, ties by the next. Status DEGENERATE where every start
        ended with a collapsed component.

    Raises
    ------
    InvalidArgumentError
        If there are fewer rows than components.
    ValueError
        If from every start a covariance becomes singular, which takes a `reg_covar` of about zero.

    Examples
    --------
    >>> from bayesgmm.datasets.faithful import load_faithful
    >>> from bayesgmm.data import as_data
    >>> from bayesgmm.em import fit_em
    >>> fit = fit_em(as_data(load_faithful()), 2, random_state=1)
    >>> round(fit.log_likelihood, 5), fit.status.name
    (-1130.26396, 'CONVERGED')
    """
    K = check_n_components(data, n_components)
    is_generator = isinstance(random_state, np.random.Generator)
    stream = check_random_state(as_seed(random_state) if is_generator else random_state)
    work = Workplace.of(data, family, settings)
    kinds, fits = try_pool(work, K, stream, monitor)
    best = choose_fit(fits, work.tolerance)
    best = replace(best, starts=record_starts(kinds, fits, work.scatter))
    return best.permute(best.mixture.canonical_order())


def try_pool(
    work: Workplace, n_components: int, stream: np.random.RandomState, monitor: Monitor | None = None
) -> tuple[tuple[str, ...], list[EMFit | None]]:
    """Run every member of the pool as far as it deserves.

    Parameters
    ----------
    work : Workplace
    n_components : int
        K.
    stream : numpy.random.RandomState
    monitor : Monitor or None
        Is told of the first member's run.

    Returns
    -------
    kinds : tuple of str
    fits : list of EMFit or None
        The first is scikit-learn's k-means start; None stands for a start that failed.
    """
    shares = initial_responsibilities(work.data, n_components, "kmeans", stream)
    first = work.begin(shares, monitor=monitor)
    pool = list(partitions(work.data, n_components, stream)) if n_components > 1 else []
    others = work.finish([work.sketch(partition, n_components) for partition in pool])
    return ("kmeans", *(partition.kind for partition in pool)), [first, *others]
