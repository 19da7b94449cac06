"""What an interrupt leaves of a run of draws: a rectangle of chains and draws with a warning, or nothing.

An interrupt is Ctrl-C, or the stop button of a notebook.
"""

import os
import warnings

from bayesgmm.errors import ConvergenceWarning
from bayesgmm.inference.problem import SamplingSettings

__all__ = ["NOTHING", "check_kept"]

NOTHING = "Sampling was interrupted before there were draws to keep."
PACKAGE = os.path.dirname(os.path.dirname(__file__))


def check_kept(n_chains: int, n_draws: int, settings: SamplingSettings) -> None:
    """Warn where fewer draws are kept than were asked for.

    Parameters
    ----------
    n_chains, n_draws : int
        What is kept.
    settings : SamplingSettings
        What was asked for.

    Raises
    ------
    KeyboardInterrupt
        If nothing is kept.

    Warns
    -----
    ConvergenceWarning
        If something is missing.

    Examples
    --------
    >>> from bayesgmm.inference.interrupt import check_kept
    >>> from bayesgmm.inference.problem import SamplingSettings
    >>> check_kept(4, 1000, SamplingSettings(1000, 4, None, None, 1, False))
    """
    if not n_chains * n_draws:
        raise KeyboardInterrupt(NOTHING)
    if (n_chains, n_draws) != (settings.chains, settings.draws):
        kept = f"{n_chains} {'chain' if n_chains == 1 else 'chains'} of {n_draws} draws"
        asked = f"{settings.chains} chains of {settings.draws} draws"
        sentence = f"Sampling was interrupted: {kept} are kept of the {asked} that were asked for."
        warnings.warn(sentence, ConvergenceWarning, skip_file_prefixes=(PACKAGE,))
