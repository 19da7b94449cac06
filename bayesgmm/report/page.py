"""The file: a page of HTML that needs nothing beside itself, neither network nor script."""

import importlib.resources
import os
from pathlib import Path
from string import Template
from typing import Any

from numpy.typing import ArrayLike

from bayesgmm import __version__, markup
from bayesgmm.em.fit import EMFit
from bayesgmm.errors import InvalidArgumentError, InvalidArgumentTypeError
from bayesgmm.posterior.container import Posterior, as_result
from bayesgmm.posterior.storage import whole_file
from bayesgmm.report.estimate import describe_estimate
from bayesgmm.report.parts import Contents, sentence_list
from bayesgmm.report.posterior import describe_posterior_fit

__all__ = ["write_report"]


def write_report(
    fit: Any, path: str | os.PathLike[str], X: ArrayLike | None = None, *, title: str | None = None
) -> Path:
    """Write one page of HTML about a fit: verdict, tables, pictures, diagnostics in words, the code to repeat it.

    The file needs nothing beside itself: pictures are drawings inside it, and nothing is loaded from a network. It
    follows the reader's light or dark setting, can be read on a phone and printed. It is written whole or not at all.

    Parameters
    ----------
    fit : fitted BayesianGaussianMixture or GaussianMixture, Posterior or EMFit
        An estimator tells more of how it was called than its value.
    path : str or path
        Usually ending in ``.html``; a file of this name is replaced.
    X : array or DataFrame of shape (N, D), or None
        The rows that EM was fitted to; with them the page has standard errors, memberships and ICL. A posterior keeps
        its own.
    title : str or None
        What stands on top; None: how many components in how many rows.

    Returns
    -------
    Path
        Where it is.

    Raises
    ------
    FileNotFoundError
        If the folder does not exist.
    InvalidArgumentError
        If `path` is a folder itself, `X` is given for a posterior, or has other features than the fit.
    InvalidArgumentTypeError
        If `fit` is of another kind.

    Examples
    --------
    >>> import tempfile
    >>> import bayesgmm as bg
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     page = bg.write_report(fit, f"{folder}/report.html", title="Old Faithful").read_text(encoding="utf-8")
    >>> page[:15], "<h1>Old Faithful</h1>" in page
    ('<!doctype html>', True)
    """
    value = as_result(fit)
    if not isinstance(value, Posterior | EMFit):
        constraint = "be a fitted estimator of this package, a Posterior or an EMFit"
        raise InvalidArgumentTypeError("fit", constraint, type(fit).__name__)
    if title is not None and not isinstance(title, str):
        raise InvalidArgumentTypeError("title", "be a text or None", title)
    if isinstance(value, Posterior) and X is not None:
        raise InvalidArgumentError("X", "be None for a posterior, which keeps its rows", type(X).__name__)
    estimator = None if fit is value else fit
    with whole_file(path, example="report.html") as partial:
        if isinstance(value, Posterior):
            contents = describe_posterior_fit(value, estimator)
        else:
            contents = describe_estimate(value, X, estimator)
        partial.write_text(_fill(contents, title), encoding="utf-8")
    return Path(path)


def _fill(contents: Contents, title: str | None) -> str:
    template = Template(importlib.resources.files(__package__).joinpath("page.html").read_text(encoding="utf-8"))
    links = (f'<li><a href="#{part.name}">{markup.text(part.title)}</a></li>' for part in contents.sections)
    return template.substitute(
        title=markup.text(contents.title if title is None else title),
        version=__version__,
        verdict=markup.text(contents.verdict[:1].upper() + contents.verdict[1:]),
        notes=sentence_list(contents.notes),
        links="".join(links),
        sections="\n".join(map(str, contents.sections)),
    )
