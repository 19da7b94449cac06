"""Every method beside a long run of NUTS: three data sets, four families; the tables of docs/accuracy.md.

    PYTHONPATH=tests python -m recovery.methods [--data iris] [--families full tied] [--methods truth smc]

Figures lie in results/benchmarks/accuracy.json, one entry for each fit, and the tables are written from whatever lies
there. The run ends with an error where NUTS, on any path, or SMC misses a mean by more than 0.1 posterior sds or an sd
by more than 10 %.

The programs on JAX come last: once JAX has run in a process, PyMC should not fork its chains from it.
"""

import argparse
import os
import re
import sys
from dataclasses import dataclass

import numpy as np
import pymc as pm
from sklearn.datasets import load_iris

import bayesgmm as bg
from bayesgmm.covariance import FAMILIES, as_family
from bayesgmm.data import as_data
from bayesgmm.inference.smc import MOST_PARAMETERS
from bayesgmm.inference.symmetry import coordinate_counts
from bayesgmm.posterior.summary import describe_draws, tabulated
from benchmarks.measuring import ROOT, load_results, make_stamp, save_results, say
from benchmarks.tables import describe_stamps, make_table

SUITE = "accuracy"
PAGE = ROOT / "docs" / "accuracy.md"
PACKAGES = ("bayesgmm", "nutpie", "pymc", "pytensor", "numpyro", "blackjax", "jax", "numba", "arviz-stats")
FARTHEST, WIDEST = 0.1, 0.1  # of a mean, in posterior sds; of an sd, relative to the posterior's


def simulate():
    """200 rows of three components, about eight of their sds apart."""
    roots = [[1.0, 0.0, 0.0], [0.5, 0.9, 0.0], [-0.3, 0.2, 0.8]] * np.array([0.7, 1.0, 1.3])[:, None, None]
    return bg.Mixture([0.2, 0.3, 0.5], 6.0 * np.eye(3), roots).sample(200, random_state=1)[0]


DATA = {  # the rows, and K
    "Old Faithful": (bg.load_faithful, 2),
    "simulated": (simulate, 3),
    "iris": (lambda: load_iris(as_frame=True).data.iloc[::3], 2),
}

TRUTH = {"truth": {"draws": 20_000, "random_state": 100, "method_options": {"target_accept": 0.9}}}
GRAPH = "nuts, PyMC graph"
FOREIGN = {"draws": 2000, "tune": 500}  # compiled for every fit, and slower
ON_JAX = ("nuts, numpyro", "nuts, blackjax")
EXACT = {
    "nuts": {},
    GRAPH: {},
    **{f"nuts, {name}": FOREIGN | {"method_options": {"sampler": name}} for name in ("pymc", "numpyro", "blackjax")},
    "smc": {"method": "smc", "draws": 500},
}
APPROXIMATE = {
    method + suffix: {"method": method, "method_options": {"resample": resamples}}
    for method in ("laplace", "fullrank_advi", "advi")
    for suffix, resamples in (("", False), (", resampled", True))
}
METHODS = TRUTH | EXACT | APPROXIMATE
FORMS = {"r_hat": "{:.3f}", "pareto_k": "{:.2f}", "seconds": "{:.1f}"}
PLACES = {part: place for place, part in enumerate([*DATA, *FAMILIES, *METHODS])}


@dataclass(frozen=True)
class Distance:
    """How far a fit lies from the truth, over all its parameters, and how far by chance alone."""

    shift: float  # the largest of |mean - true mean|, in true sds
    least: float  # of sd / true sd
    most: float
    error: float  # the largest standard error of such a shift
    error_of_sd: float  # and of such a ratio

    @property
    def is_near(self):
        return bool(self.shift <= FARTHEST and 1.0 - WIDEST <= self.least and self.most <= 1.0 + WIDEST)


def main():
    parser = argparse.ArgumentParser(prog="recovery.methods", description=__doc__.partition("\n")[0])
    parser.add_argument("--data", nargs="*", choices=DATA, default=DATA, help="all by default")
    parser.add_argument("--families", nargs="*", choices=FAMILIES, default=FAMILIES, help="all by default")
    parser.add_argument("--methods", nargs="*", choices=METHODS, default=METHODS, help="all by default")
    chosen = parser.parse_args()
    stamp = make_stamp(PACKAGES)
    for method in sorted(METHODS, key=ON_JAX.__contains__):
        for name in chosen.data if method in chosen.methods else ():
            for family in chosen.families:
                run(name, family, method, stamp)
    results = load_results(SUITE)
    write_page(results)
    far = find_far(results)
    sys.exit(f"beyond the bounds: {', '.join(far)}" if far else 0)


def run(name, family, method, stamp):
    """Fit one model to one data set and keep what it says of the parameters."""
    load, K = DATA[name]
    X, where = load(), f"{name}; {family}; {method}"
    if method == "smc" and sum(coordinate_counts(as_family(family), K, X.shape[1])) > MOST_PARAMETERS:
        return
    began = computing_seconds()
    posterior = state_fit(X, K, family, method).fit(X).posterior_
    seconds = computing_seconds() - began
    if not posterior.is_identified:
        raise RuntimeError(f"{where}: {posterior.verdict[1]}")
    if method.endswith(", resampled") and not posterior.attrs["is_resampled"]:
        say(f"{where}: k-hat {posterior.attrs['pareto_k']:.2f}, not resampled")
        return
    figures = describe(posterior) | {"seconds": seconds}
    save_results(SUITE, stamp, {where: figures})
    found = measure_distance(figures, load_results(SUITE)[f"{name}; {family}; truth"])
    say(f"{where}: {seconds:.1f} s, shift {found.shift:.2f}, sds {found.least:.2f} to {found.most:.2f}")


def computing_seconds():
    """Give the seconds that all cores have computed for this process and those it has started and seen end."""
    return sum(os.times()[:4])


def state_fit(X, K, family, method):
    """State a model with the default priors; for the graph with one of them under a name that no target knows."""
    chosen = {"draws": 4000, "random_state": 1, "progressbar": False} | METHODS[method]
    if method == GRAPH:
        default = bg.Priors().resolve(as_data(X), K, as_family(family)).means
        nameless = pm.CustomDist.dist(default.loc[0], default.scale[0], dist=_normal)
        chosen["priors"] = bg.Priors(means=nameless)
    return bg.BayesianGaussianMixture(K, covariance_type=family, **chosen)


def _normal(loc, scale, size):
    return pm.Normal.dist(loc, scale, size=size)


def describe(posterior):
    """Give mean, sd and their Monte Carlo errors of each weight, mean, sd and correlation, and R-hat or k-hat.

    Draws that are resampled by weights carry the noise of the weights as well.
    """
    table, attrs = describe_draws(tabulated(posterior), "all", None, None), posterior.attrs
    noise = 1.0
    if attrs.get("is_resampled", 0):
        sizes = posterior.group("posterior").sizes
        noise = np.sqrt(1.0 + sizes["chain"] * sizes["draw"] / attrs["importance_ess"])
    figures = {name: table[name].tolist() for name in ("mean", "sd")}
    figures |= {name: (noise * table[name]).tolist() for name in ("mcse_mean", "mcse_sd")}
    return figures | (
        {"pareto_k": attrs["pareto_k"]} if "pareto_k" in attrs else {"r_hat": float(table["r_hat"].max())}
    )


def measure_distance(figures, truth):
    """Measure how far a fit lies from the truth."""
    (mean, sd, error, error_of_sd), (true_mean, true_sd, *true_errors) = (
        np.array([fit[name] for name in ("mean", "sd", "mcse_mean", "mcse_sd")]) for fit in (figures, truth)
    )
    errors = np.hypot([error, error_of_sd], true_errors) / true_sd
    ratio = sd / true_sd
    shift = np.abs(mean - true_mean) / true_sd
    return Distance(*map(float, (shift.max(), ratio.min(), ratio.max(), *errors.max(1))))


def measure_all(results):
    """Measure every fit of the results but the truth, by (data, family, method), in the order of the tables."""
    fits = sorted((tuple(where.split("; ")) for where in results), key=lambda fit: [PLACES[part] for part in fit])
    return {
        fit: measure_distance(results["; ".join(fit)], results["; ".join([*fit[:2], "truth"])])
        for fit in fits
        if fit[2] != "truth"
    }


def find_far(results):
    """Name the fits by NUTS and SMC that lie beyond the bounds."""
    return ["; ".join(fit) for fit, found in measure_all(results).items() if fit[2] in EXACT and not found.is_near]


def write_page(results, page=PAGE):
    """Write the tables of all methods, of the truths and of each data set with figures between the page's markers."""
    measured = measure_all(results)
    blocks = {"methods": methods_table(measured), "truth": f"{truth_table(results)}\n\n{describe_stamps(results)}"}
    for name in dict.fromkeys(fit[0] for fit in measured):
        blocks[name] = fits_table(results, {fit: distance for fit, distance in measured.items() if fit[0] == name})
    text = page.read_text(encoding="utf-8")
    for name, block in blocks.items():
        new = f"<!-- {name} -->\n{block}\n<!-- /{name} -->"
        text = re.sub(rf"<!-- {name} -->.*?<!-- /{name} -->", lambda _, new=new: new, text, flags=re.DOTALL)
    page.write_text(text, encoding="utf-8")


def methods_table(measured):
    """Give a row for each method: the farthest of its fits."""
    rows = []
    for method in [*EXACT, *APPROXIMATE]:
        found = [distance for fit, distance in measured.items() if fit[2] == method]
        if found:
            shift, least, most = max(d.shift for d in found), min(d.least for d in found), max(d.most for d in found)
            near = f"{sum(d.is_near for d in found)} of {len(found)}"
            rows.append([method, f"{shift:.2f}", f"{least:.2f} to {most:.2f}", near])
    return make_table(["", "shift", "sds", "within the bounds"], rows)


def truth_table(results):
    """Give the truths' own Monte Carlo errors."""
    rows = []
    for where, truth in results.items():
        if where.endswith("; truth"):
            sd = np.array(truth["sd"])
            errors = ", ".join(f"{(truth[name] / sd).max():.3f}" for name in ("mcse_mean", "mcse_sd"))
            rows.append([where.removesuffix("; truth"), str(sd.size), errors, f"{truth['r_hat']:.4f}"])
    return make_table(["", "parameters", "by chance", "R-hat"], rows)


def fits_table(results, measured):
    """Give a row for each fit."""
    rows = []
    for fit, d in measured.items():
        figures = results["; ".join(fit)]
        cells = [f"{d.shift:.2f}", f"{d.least:.2f} to {d.most:.2f}", f"{d.error:.3f}, {d.error_of_sd:.3f}"]
        cells += [form.format(figures[name]) if name in figures else "" for name, form in FORMS.items()]
        rows.append(["; ".join(fit[1:]), *cells, "yes" if d.is_near else "no"])
    return make_table(["", "shift", "sds", "by chance", "R-hat", "k-hat", "seconds", "within"], rows)


if __name__ == "__main__":
    main()
