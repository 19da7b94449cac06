"""Drawings inside the page, as vectors in the file itself.

They are drawn once, on white paper; on a dark page the style sheet turns light into dark and keeps the hues. An image
of its own keeps its names apart from those of the other pictures.
"""

import base64
import io
import re
from collections.abc import Callable
from html import escape
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bayesgmm import markup
from bayesgmm.plots.comparison import plot_comparison
from bayesgmm.plots.density import plot_density
from bayesgmm.plots.elbo import plot_elbo
from bayesgmm.plots.ellipses import plot_ellipses
from bayesgmm.plots.pairs import plot_pairs
from bayesgmm.posterior.container import Posterior

__all__ = ["comparison_picture", "component_picture", "elbo_picture", "picture", "shown_kinds"]

Picture = Axes | Figure

DPI = 150  # of the points of many rows, which become an image within the drawing
PIXELS_PER_POINT = 96 / 72  # CSS's
LEGIBLE = 0.72  # of its own size: on a narrower page a picture is shifted rather than shrunk
LONGEST_COMPARISON = 120  # rows; a longer picture cannot be read, and matplotlib's limit lies at 65 536 pixels
SIZE = re.compile(r'width="([\d.]+)pt" height="([\d.]+)pt"')
OUTLINE = re.compile(r' d="[^"]*"')
DIGITS_TO_DROP = re.compile(r"(\.\d\d)\d+")  # a hundredth of a point is less than can be seen


def picture(draw: Callable[[], Picture], *, alt: str, caption: str) -> str:
    """Draw a picture and set it as a figure of the page.

    Parameters
    ----------
    draw : callable
        Draws and returns axes of a new figure, or the figure.
    alt : str
        What the picture shows, for who cannot see it.
    caption : str
        What stands below it.

    Returns
    -------
    str
    """
    with plt.ioff(), plt.style.context({"svg.hashsalt": "bayesgmm"}, after_reset=True):
        drawn = draw()
        figure: Any = drawn if isinstance(drawn, Figure) else drawn.get_figure(root=True)
        stream = io.StringIO()
        figure.savefig(stream, format="svg", dpi=DPI, bbox_inches="tight", metadata={"Date": None})
        plt.close(figure)
    outlines = OUTLINE.sub(lambda outline: DIGITS_TO_DROP.sub(r"\1", outline[0]), stream.getvalue())
    width, height = (round(PIXELS_PER_POINT * float(size)) for size in SIZE.findall(outlines)[0])
    address = f"data:image/svg+xml;base64,{base64.b64encode(outlines.encode()).decode()}"
    size = f'width="{width}" height="{height}" style="min-width:{LEGIBLE * width:.0f}px"'
    image = f'<img src="{address}" {size} alt="{escape(alt)}">'
    return f'<figure><div class="drawing">{image}</div><figcaption>{markup.text(caption)}</figcaption></figure>'


def component_picture(fit: Any, X: Any, n_features: int) -> str:
    """Draw the components: one feature as a density, two as ellipses, more as pairs.

    Parameters
    ----------
    fit : fitted estimator, Posterior or EMFit
    X : array-like of shape (N, D) or None
        Rows to show; None: those that a posterior was fitted to.
    n_features : int
        D.

    Returns
    -------
    str
    """
    plots: dict[int, tuple[Callable[..., Picture], str]] = {
        1: (plot_density, "The density of the feature, and what each component has of it."),
        2: (plot_ellipses, "Rows in the colours of their components; the less sure a membership, the emptier a point."),
    }
    every = "Every pair of features, and the density of each; the less sure a membership, the emptier a point."
    plot, caption = plots.get(n_features, (plot_pairs, every))
    return picture(lambda: plot(fit, X), alt="The components and the rows.", caption=caption)


def comparison_picture(posterior: Posterior, comparison: Any) -> str:
    """Draw EM beside the posterior.

    Parameters
    ----------
    posterior : Posterior
    comparison : Table
        Of `compare_em`.

    Returns
    -------
    str
    """
    kinds = shown_kinds(comparison)
    caption = "EM's estimate and the posterior, both with their interval, in posterior sds from the posterior mean."
    alt = "EM beside the posterior, parameter by parameter."
    return picture(lambda: plot_comparison(posterior, parameters=kinds), alt=alt, caption=caption)


def elbo_picture(posterior: Posterior) -> str:
    """Draw the search of ADVI; empty where there was none.

    Parameters
    ----------
    posterior : Posterior

    Returns
    -------
    str
    """
    if "sample_stats" not in posterior.idata.children or "elbo" not in posterior.group("sample_stats"):
        return ""
    caption = "How far the evidence lower bound was below its highest value at each step of the search."
    return picture(lambda: plot_elbo(posterior), alt="The history of the ELBO.", caption=caption)


def shown_kinds(comparison: Any) -> list[str]:
    """Choose the kinds of parameters that a picture has room for, in the order of the table; at least one.

    Parameters
    ----------
    comparison : Table
        Of `compare_em`.

    Returns
    -------
    list of str

    Examples
    --------
    >>> import bayesgmm as bg
    >>> from bayesgmm.report.pictures import shown_kinds
    >>> shown_kinds(bg.compare_em(fit))
    ['weights', 'means', 'sds', 'correlations']
    """
    kinds = comparison.index.str.partition("[").get_level_values(0)
    sizes = kinds.value_counts(sort=False).cumsum()
    return [kind for kind, size in sizes.items() if size <= LONGEST_COMPARISON] or [kinds[0]]
