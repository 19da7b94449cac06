"""What PyMC says on standard error whenever it is asked for something ("Sampling: [means, sds, ...]").

To a user who called this package and not PyMC it means nothing. Its warnings pass, and what the user has set up to
keep log messages goes on to get them all.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["quiet"]

LOGGER = "pymc"  # its one handler writes to standard error, for all its modules


@contextmanager
def quiet() -> Iterator[None]:
    """Keep PyMC from announcing on standard error what it does.

    Returns
    -------
    context manager
        At its end PyMC speaks as before.

    Examples
    --------
    >>> import logging
    >>> from bayesgmm.model.loggers import quiet
    >>> with quiet():
    ...     logging.getLogger("pymc.sampling.forward").info("Sampling: [x]")
    """
    handlers = list(logging.getLogger(LOGGER).handlers)
    levels = [handler.level for handler in handlers]
    for handler in handlers:
        handler.setLevel(max(handler.level, logging.WARNING))
    try:
        yield
    finally:
        for handler, level in zip(handlers, levels, strict=True):
            handler.setLevel(level)
