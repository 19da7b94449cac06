"""How ADVI's search went: the evidence lower bound, step by step.

The numbers are the history that the search keeps; here they are only drawn.
"""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from bayesgmm.errors import InvalidArgumentError, InvalidArgumentTypeError
from bayesgmm.plots import style
from bayesgmm.posterior.container import Posterior, as_result

__all__ = ["plot_elbo"]

FIGSIZE = (6.4, 4.0)  # inches
LEAST_GAP = 1e-6  # nats; what is nearer to the end is there


def plot_elbo(fit: Any, *, ax: Axes | None = None) -> Axes:
    """Draw how far the evidence lower bound was below its highest value at each step of ADVI's search, in nats.

    On a logarithmic axis a search that has arrived falls in a straight line to the bottom; one that was stopped early
    is still high. The last value, from which the gaps are counted, stands in the axis's label and has no point.

    Parameters
    ----------
    fit : fitted BayesianGaussianMixture or Posterior
        Of ``method="advi"`` or ``"fullrank_advi"``.
    ax : Axes or None
        Where to draw; None makes a figure.

    Returns
    -------
    Axes

    Raises
    ------
    InvalidArgumentError
        If `fit` has no history of the ELBO.
    InvalidArgumentTypeError
        If `fit` has no posterior, or `ax` is of another kind.

    Examples
    --------
    >>> import bayesgmm as bg
    >>> model = bg.BayesianGaussianMixture(2, method="advi", draws=100, random_state=1)
    >>> bg.plot_elbo(model.fit(bg.load_faithful())).get_xlabel()
    'step'
    """
    posterior = as_result(fit)
    if not isinstance(posterior, Posterior):
        raise InvalidArgumentTypeError("fit", "have a posterior", type(posterior).__name__)
    stats = posterior.group("sample_stats") if "sample_stats" in posterior.idata.children else {}
    if "elbo" not in stats:
        remedy = 'Fit with `method="advi"` or `method="fullrank_advi"`.'
        raise InvalidArgumentError("fit", "have a history of the ELBO", posterior.attrs["method"], remedy)
    elbo = np.asarray(stats["elbo"])
    with style.plot_style():
        axes = style.open_axes(ax, FIGSIZE)
        gaps = np.maximum(elbo[-1] - elbo[:-1], LEAST_GAP)
        axes.semilogy(np.arange(gaps.size), gaps, "o-", color=style.ink(axes), markersize=4.0, label="_elbo")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_xlabel("step")
        axes.set_ylabel(f"below the highest ELBO, {elbo[-1]:.2f} (nats)")
    return axes
