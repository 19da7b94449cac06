"""What a notebook shows of an estimator: scikit-learn's diagram before the fit, what was found after it."""

from typing import Any

from bayesgmm import markup

__all__ = ["FittedDisplay"]


class FittedDisplay:
    """Shows a fitted estimator by its result; stands before scikit-learn's base class.

    scikit-learn's ``set_config(display="text")`` switches HTML off here too.

    Examples
    --------
    >>> import bayesgmm as bg
    >>> em = bg.GaussianMixture(2, random_state=1)
    >>> "EM converged" in em._repr_html_(), "EM converged" in em.fit(bg.load_faithful())._repr_html_()
    (False, True)
    """

    def _repr_html_inner(self) -> str:
        found = _result_html(self)
        return super()._repr_html_inner() if found is None else markup.code(repr(self)) + found  # type: ignore[misc]

    def _repr_mimebundle_(self, **options: Any) -> dict[str, str]:
        bundle: dict[str, str] = super()._repr_mimebundle_(**options)  # type: ignore[misc]
        return bundle | {"text/html": self._repr_html_inner()} if "text/html" in bundle else bundle


def _result_html(estimator: Any) -> str | None:
    """Set the result; None before the fit, or where attributes were set by hand."""
    if hasattr(estimator, "posterior_"):
        return str(estimator.posterior_._repr_html_())
    if hasattr(estimator, "result_"):
        return str(estimator.result_._repr_html_(getattr(estimator, "feature_names_in_", None)))
    return None
