"""From the figures in results/benchmarks to the tables of docs/benchmarks.md, between its markers.

    <!-- kernel --> ... <!-- /kernel -->

Everything outside the markers is written by hand. A suite that never ran leaves its table as it is.
"""

import re

from benchmarks.measuring import ROOT, load_results

PAGE = ROOT / "docs" / "benchmarks.md"
MIB = 2**20


def write_tables(page=PAGE):
    """Write the table of every suite that has figures."""
    text = page.read_text(encoding="utf-8")
    for suite, make_table in TABLES.items():
        if results := load_results(suite):
            block = f"<!-- {suite} -->\n{make_table(results)}\n\n{describe_stamps(results)}\n<!-- /{suite} -->"
            text = re.sub(rf"<!-- {suite} -->.*?<!-- /{suite} -->", lambda _, new=block: new, text, flags=re.DOTALL)
    page.write_text(text, encoding="utf-8")


def make_table(head, rows):
    """Lay out a Markdown table."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def describe_stamps(results):
    """Say when and on what the rows were measured: a sentence, or several where they come from several runs."""
    sentences = {
        f"{stamp['date']}, {stamp['machine']}, load before the run {stamp['load']}; "
        + ", ".join(f"{name} {version}" for name, version in stamp["versions"].items())
        + "."
        for stamp in (figures["stamp"] for figures in results.values())
    }
    return "\n".join(sorted(sentences))


def digits(number):
    """Three digits, thousands apart; a dash for what was not measured."""
    if number is None:
        return "-"
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"


def times(number, other):
    """How many times larger; a dash where one of them was not measured."""
    return "-" if number is None or other is None else f"{digits(number / other)}x"


def kernel_table(results):
    """Milliseconds, and in a second table how many times ours."""
    head = ["N, K, D", "ours", "with priors", "diag", "spherical", "`pm.Mixture`, with priors", "JAX", "products"]
    rows, ratios = [], []
    for shape, figures in results.items():
        taken = figures["seconds"]
        ours = [taken[f"ours, {name}"] for name in ("full", "posterior", "diag", "spherical")]
        jax = min((value for name, value in taken.items() if name.startswith("JAX")), default=None)
        pymc, products, bare = (taken.get(name) for name in ("pm.Mixture", "products", "bare products"))
        cells = [*ours, pymc, jax, products, bare]
        rows.append([shape, *(digits(value and 1e3 * value) for value in cells)])
        compared = times(pymc, ours[1]), times(jax, ours[0]), times(products, ours[0]), times(ours[0], bare)
        ratios.append([shape, *compared])
    ratio_head = ["N, K, D", "`pm.Mixture` / ours", "JAX / ours", "products / ours", "ours / bare products"]
    return f"{make_table([*head, 'bare products'], rows)}\n\n{make_table(ratio_head, ratios)}"


def em_table(results):
    """Milliseconds of an iteration and of a fit."""
    theirs, ours = "scikit-learn", "ours"
    head = [
        "N, K, D; cores",
        f"iteration, {theirs}",
        ours,
        "ratio",
        f"fit, {theirs}",
        ours,
        "ratio",
        "iterations",
    ]
    rows = []
    for name, figures in results.items():
        cells = [name]
        for taken in (figures["iteration"], figures["fit"]):
            cells += [digits(1e3 * taken[theirs]), digits(1e3 * taken[ours]), times(taken[theirs], taken[ours])]
        counts = figures["n_iter"]
        rows.append([*cells, f"{counts[theirs]} and {counts[ours]}"])
    return make_table(head, rows)


def chains_table(results):
    """Effective draws per gradient, second of sampling and second of the process, and how many times more ours has."""
    head = ["", "least ESS", "R-hat", "gradients", "sampling", "process", "ESS / 1000 gradients", "ESS / s of sampling"]
    rows = []
    for name, figures in results.items():
        ours = rates(results[f"{name.partition('; ')[0]}; ours"])
        cells = [digits(figures["ess"]), f"{figures['rhat']:.3f}", f"{figures['gradients']:,.0f}"]
        cells += [f"{digits(figures[key])} s" for key in ("sampling", "process")]
        compared = "" if name.endswith("; ours") else " ({})"
        for own, rate in zip(ours, rates(figures), strict=True):
            cells.append(digits(rate) + compared.format(times(own, rate)))
        rows.append([f"{name} ({figures['runs']:.0f})", *cells])
    return make_table([*head, "ESS / s of the process"], rows)


def rates(figures):
    """ESS per 1000 gradients, per second of sampling, per second of the process."""
    return [figures["ess"] / amount for amount in (figures["gradients"] / 1e3, figures["sampling"], figures["process"])]


def growth_table(results):
    """Seconds of each step and memory, by N."""
    steps = {
        "EM": "EM to convergence, from the pool",
        "fit": "posterior, 4 x 500 draws, EM included",
        "NUTS": "of which NUTS",
        "summary": "`summary`",
        "score_samples": "`score_samples`",
        "predict_proba": "`predict_proba`",
        "responsibilities": "`responsibilities`",
    }
    peaks = {"EM": "after EM", "fit": "after the posterior", "answers": "after all of the above"}
    runs = list(results.values())
    rows = [[f"{what}, s", *(digits(run["seconds"][step]) for run in runs)] for step, what in steps.items()]
    for step, what in peaks.items():
        above = [digits((run["peak"][step] - run["baseline"]) / MIB) for run in runs]
        rows.append([f"peak memory {what}, above imports and rows, MiB", *above])
    whole = [digits((run["peak"]["answers"] - run["rows"]) / MIB) for run in runs]
    rows.append(["peak memory of the whole process, less the rows, MiB", *whole])
    rows.append(["largest R-hat", *(f"{run['rhat']:.3f}" for run in runs)])
    rows.append(["least ESS", *(digits(run["ess"]) for run in runs)])
    return make_table(["rows", *results], rows)


def wait_table(results):
    """Seconds, with the range of the warm processes."""
    labels = {
        "import": "`import bayesgmm`",
        "EM": "EM fit",
        "summary": "posterior and `summary()`, warm",
        "cold": "posterior and `summary()`, empty numba cache (one process)",
    }
    rows = []
    for name, figures in results.items():
        seconds = f"{figures['seconds']:.2f}"
        if "from" in figures:
            seconds += f" ({figures['from']:.2f} to {figures['to']:.2f})"
        compiled = f", {figures['compilations']} compilations" if "compilations" in figures else ""
        rows.append([labels.get(name, f"then, in the same process: {name}{compiled}"), seconds])
    return make_table(["from process start to", "seconds"], rows)


TABLES = {
    "kernel": kernel_table,
    "em": em_table,
    "chains": chains_table,
    "growth": growth_table,
    "wait": wait_table,
}
