"""Who belongs where: rows per component, and the rows most in doubt."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import entr

from bayesgmm import markup
from bayesgmm.data import Data
from bayesgmm.mixture import Mixture
from bayesgmm.posterior.container import Posterior
from bayesgmm.posterior.prediction import row_moments
from bayesgmm.report.parts import Section
from bayesgmm.schema import OBS

__all__ = ["Memberships", "estimated_memberships", "membership_section", "posterior_memberships"]

Array = NDArray[np.float64]

MOST_UNSURE = 10  # rows listed
IN_DOUBT = 0.01  # nats of entropy; with less a row belongs to its component with 99.8 %
SURE = 0.95  # a membership from which a row counts as sure
MOST_FEATURES = 4  # values shown beside a row


@dataclass(frozen=True, eq=False)
class Memberships:
    """The responsibilities of N rows in K components, whoever they come from, and more of the U rows most in doubt.

    Attributes
    ----------
    row_names : array of shape (N,)
    component_names : tuple of K
    mean : array of shape (N, K)
    unsure : array of shape (U,)
        Places of the rows most in doubt, the most unsure first.
    ends : tuple of two arrays of shape (U, K), or None
        Lower and upper end of the intervals of their responsibilities; None of a point estimate.
    removable : array of shape (U,), or None
        The part of their entropy that comes from not knowing the parameters; None of a point estimate.
    """

    row_names: NDArray[Any]
    component_names: tuple[Any, ...]
    mean: Array
    unsure: NDArray[np.intp]
    ends: tuple[Array, Array] | None = None
    removable: Array | None = None


def posterior_memberships(posterior: Posterior) -> Memberships:
    """Give the memberships of the observed rows; intervals, which take longer, only of the rows most in doubt.

    Parameters
    ----------
    posterior : Posterior

    Returns
    -------
    Memberships
    """
    data = posterior.data
    mean = row_moments(posterior, data.x).mean
    chosen = _most_unsure(mean)
    found = Memberships(posterior.group("observed_data")[OBS].values, posterior.component_names, mean, chosen)
    if not chosen.size:
        return found
    shares = posterior.responsibilities(data.x[chosen])
    lower, upper, entropy, removable = (
        shares[name].values for name in ("lower", "upper", "entropy", "parameter_uncertainty")
    )
    return replace(found, ends=(lower, upper), removable=removable / entropy)


def estimated_memberships(mixture: Mixture, data: Data) -> Memberships:
    """Give the memberships of some rows under one mixture.

    Parameters
    ----------
    mixture : Mixture
        Without batch axes.
    data : Data

    Returns
    -------
    Memberships
    """
    mean = mixture.responsibilities(data.x)
    return Memberships(np.asarray(data.obs_names), tuple(range(mixture.n_components)), mean, _most_unsure(mean))


def _most_unsure(mean: Array) -> NDArray[np.intp]:
    entropy = entr(mean).sum(1)
    in_order = np.argsort(-entropy, kind="stable")[:MOST_UNSURE]
    return in_order[entropy[in_order] > IN_DOUBT]


def membership_section(memberships: Memberships, x: Array, feature_names: Sequence[str]) -> Section:
    """Set how many rows each component has, and the rows most in doubt.

    Parameters
    ----------
    memberships : Memberships
    x : array of shape (N, D)
        The rows, in their units.
    feature_names : sequence of D str

    Returns
    -------
    Section
    """
    if len(memberships.component_names) == 1:
        body = markup.paragraph(f"One component: each of the {len(x):,} rows belongs to it.")
    else:
        body = _rows_per_component(memberships) + _rows_in_doubt(memberships, x, feature_names)
    return Section("memberships", "Who belongs where", body)


def _rows_per_component(memberships: Memberships) -> str:
    labels = memberships.mean.argmax(1)
    counts = np.bincount(labels, minlength=memberships.mean.shape[1])
    sure = np.bincount(labels[memberships.mean.max(1) >= SURE], minlength=len(counts))
    expected, n_rows = memberships.mean.sum(0), len(labels)
    columns = zip(memberships.component_names, counts, sure, expected, strict=True)
    rows = [
        [str(name), f"{n:,}", f"{100 * n / n_rows:.1f} %", f"{s:,}", f"{total:,.1f}"] for name, n, s, total in columns
    ]
    head = ["component", "rows", "share", f"of these {100 * SURE:g} % sure", "expected rows"]
    words = "Each row counts for its most probable component; the expected rows are the sum of the probabilities."
    return markup.table(head, rows, caption="Rows per component") + markup.paragraph(words)


def _rows_in_doubt(memberships: Memberships, x: Array, feature_names: Sequence[str]) -> str:
    if not memberships.unsure.size:
        return markup.paragraph("No row is in doubt: each belongs to its component with more than 99.8 %.")
    shown = list(feature_names[:MOST_FEATURES])
    head = ["row", *shown, "most probable", "probability", "next", "probability"]
    words = "Rows with the highest entropy of their membership, the most unsure first."
    if memberships.removable is not None:
        head.append("from parameters")
        words += " The last column is the part of the doubt that comes from not knowing the parameters, which more "
        words += "data would remove; the rest is overlap of the components, which stays."
    rows = [_describe_row(memberships, i, x[:, : len(shown)]) for i in range(len(memberships.unsure))]
    return markup.table(head, rows, caption="The rows most in doubt") + markup.paragraph(words)


def _describe_row(memberships: Memberships, i: int, x: Array) -> list[str]:
    row, names = memberships.unsure[i], memberships.component_names
    mean = memberships.mean[row]
    first, second = np.argsort(-mean, kind="stable")[:2]
    interval = ""
    if memberships.ends is not None:
        lower, upper = (end[i, first] for end in memberships.ends)
        interval = f" [{lower:.3f}, {upper:.3f}]"
    cells = [str(memberships.row_names[row]), *markup.number_texts(x[row]).tolist()]
    cells += [str(names[first]), f"{mean[first]:.3f}{interval}", str(names[second]), f"{mean[second]:.3f}"]
    return cells if memberships.removable is None else [*cells, f"{100 * memberships.removable[i]:.0f} %"]
