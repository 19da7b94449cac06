"""How to repeat a fit: the code, the seed, the versions."""

import ast
import importlib.metadata
import json
import platform
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bayesgmm import __version__, markup
from bayesgmm.posterior.container import Posterior
from bayesgmm.report.parts import Section, count, sentence_list, term_list

__all__ = ["estimate_recipe", "posterior_recipe"]

LIBRARIES = ("numpy", "numba", "scipy", "scikit-learn")  # that EM runs on
WITHOUT_EFFECT = {"cores", "progressbar", "verbose", "verbose_interval"}  # on what is drawn
LONGEST_LINE = 88
UNKNOWN_SEED = "The random state was no integer: a fit by this code starts from another seed."
NOT_KEPT = "A posterior keeps neither `init` nor `method_options`; what was given stands in the script that made it."


def posterior_recipe(posterior: Posterior, estimator: Any) -> Section:
    """Set the code and the versions of a fit with its posterior.

    Parameters
    ----------
    posterior : Posterior
    estimator : BayesianGaussianMixture or None
        What it was fitted by, where that is known.

    Returns
    -------
    Section
    """
    seed = int(posterior.attrs["random_seed"])
    known = _recorded(posterior) if estimator is None else _changed(estimator)
    if seed >= 0:
        known["random_state"] = seed
    code = _write_code("BayesianGaussianMixture", known, posterior.data.n_rows, posterior.feature_names)
    remarks = [NOT_KEPT] * (estimator is None) + [UNKNOWN_SEED] * (seed < 0)
    return _section(code, json.loads(str(posterior.attrs.get("versions", "{}"))), remarks)


def estimate_recipe(estimator: Any, n_rows: float, feature_names: Sequence[str]) -> Section | None:
    """Set the code and the versions of an EM fit; None where the estimator is not known.

    Parameters
    ----------
    estimator : GaussianMixture or None
    n_rows : float
    feature_names : sequence of str

    Returns
    -------
    Section or None
    """
    if estimator is None:
        return None
    known = _changed(estimator)
    has_seed = isinstance(estimator.random_state, int | np.integer)
    if not has_seed:
        known.pop("random_state", None)
    versions = {"bayesgmm": __version__} | {name: importlib.metadata.version(name) for name in LIBRARIES}
    code = _write_code("GaussianMixture", known, n_rows, feature_names)
    return _section(code, versions, [] if has_seed else [UNKNOWN_SEED])


def _changed(estimator: Any) -> dict[str, Any]:
    """Give the number of components and every argument that is not at its default and has an effect."""
    defaults = type(estimator)().get_params(deep=False)
    given = estimator.get_params(deep=False)
    return {
        name: value
        for name, value in given.items()
        if name == "n_components" or (name not in WITHOUT_EFFECT and repr(value) != repr(defaults[name]))
    }


def _recorded(posterior: Posterior) -> dict[str, Any]:
    """Give the arguments that a posterior tells of itself."""
    sizes = posterior.group("posterior").sizes
    known = {
        "n_components": posterior.n_components,
        "covariance_type": posterior.family.name,
        "method": str(posterior.attrs["method"]),
        "draws": sizes["draw"],
        "chains": sizes["chain"],
    }
    return known | ({"tune": int(posterior.attrs["tuning_steps"])} if "tuning_steps" in posterior.attrs else {})


def _write_code(name: str, arguments: Mapping[str, Any], n_rows: float, feature_names: Sequence[str]) -> str:
    """Write the call; what is no plain value gets its own name, to be filled in."""
    plain = {key: _plain(value) for key, value in arguments.items()}
    open_ones = [key for key, value in plain.items() if not _is_literal(value)]
    written = [f"{key}={key if key in open_ones else repr(value)}" for key, value in plain.items()]
    columns = " ".join(", ".join(feature_names).split())
    lines = ["import bayesgmm as bg", "", f"# X: {count(n_rows, 'row')} with the columns {columns}"]
    lines += [f"# {key}: as it was given to the fit" for key in open_ones]
    call = f"fit = bg.{name}({', '.join(written)}).fit(X)"
    if len(call) > LONGEST_LINE:
        call = "\n".join([f"fit = bg.{name}(", *(f"    {argument}," for argument in written), ").fit(X)"])
    return "\n".join([*lines, call])


def _plain(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else value


def _is_literal(value: Any) -> bool:
    try:
        ast.literal_eval(repr(value))
    except (SyntaxError, ValueError):
        return False
    return True


def _section(code: str, versions: Mapping[str, str], remarks: Sequence[str]) -> Section:
    body = f'<pre tabindex="0"><code>{markup.text(code)}</code></pre>'
    body += sentence_list(remarks)
    body += markup.paragraph("Fitted with these versions:") + term_list(versions.items())
    body += markup.paragraph(f"Page written by bayesgmm {__version__} on Python {platform.python_version()}.")
    return Section("repeat", "To repeat it", body)
