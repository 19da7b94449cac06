"""Running nutpie on a compiled model, and reading what it drew.

nutpie moves its chains in threads of its own; a chain's draws follow from the seed alone, whatever the number of cores.
The raw trace is read here, so that nothing is computed, named or copied twice.
"""

import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import nutpie
import pyarrow
from numpy.typing import NDArray

from bayesgmm.errors import InvalidArgumentError, InvalidArgumentTypeError
from bayesgmm.inference.interrupt import check_kept
from bayesgmm.inference.problem import Draws, SamplingSettings

__all__ = ["NUTS_OPTIONS", "SAMPLE_STATS", "check_nuts_options", "keep_chains", "read_trace", "sample_nutpie"]

NUTS_OPTIONS: Mapping[str, Any] = {"target_accept": 0.9, "maxdepth": 10}

SAMPLE_STATS = (  # what a reader of draws asks for; nutpie's other columns are empty or serve its own adaptation
    "diverging",
    "depth",
    "maxdepth_reached",
    "n_steps",
    "index_in_trajectory",
    "step_size",
    "step_size_bar",
    "mean_tree_accept",
    "logp",
    "energy",
    "energy_error",
)


def check_nuts_options(options: Mapping[str, Any]) -> None:
    """Check the values of ``target_accept`` and ``maxdepth``.

    Parameters
    ----------
    options : mapping
        Those of `NUTS_OPTIONS` that the user gave.

    Raises
    ------
    InvalidArgumentError, InvalidArgumentTypeError
        If ``target_accept`` is no number between 0 and 1, or ``maxdepth`` no positive integer.

    Examples
    --------
    >>> from bayesgmm.inference.sampling import check_nuts_options
    >>> check_nuts_options({"target_accept": 0.95})
    """
    accept, depth = (options.get(name, default) for name, default in NUTS_OPTIONS.items())
    name, constraint = 'method_options["target_accept"]', "be a number between 0 and 1"
    if isinstance(accept, bool) or not isinstance(accept, float | int | np.floating):
        raise InvalidArgumentTypeError(name, constraint, accept)
    if not 0.0 < accept < 1.0:
        raise InvalidArgumentError(name, constraint, accept)
    name, constraint = 'method_options["maxdepth"]', "be an integer of at least 1"
    if isinstance(depth, bool) or not isinstance(depth, int | np.integer):
        raise InvalidArgumentTypeError(name, constraint, depth)
    if depth < 1:
        raise InvalidArgumentError(name, constraint, depth)


def sample_nutpie(model: Any, settings: SamplingSettings, *, tune: int, adaptation: str, **defaults: Any) -> Draws:
    """Run nutpie on a compiled model; an interrupt keeps what was drawn, with a warning.

    Parameters
    ----------
    model : compiled model
        What ``nutpie.sample`` takes.
    settings : SamplingSettings
        Its `tune` is not read.
    tune : int
        Warm-up steps per chain.
    adaptation : {"diag", "low_rank"}
        The metric that nutpie learns.
    **defaults : object
        nutpie's settings for this model, which the user's options go before.

    Returns
    -------
    Draws
        Under the names of the model's own variables.

    Raises
    ------
    KeyboardInterrupt
        If it was stopped before any draw was kept.
    """
    began = time.perf_counter()
    trace = nutpie.sample(
        model,
        draws=settings.draws,
        tune=tune,
        chains=settings.chains,
        cores=settings.cores,
        seed=settings.seed,
        progress_bar=settings.progressbar,
        save_warmup=False,
        adaptation=adaptation,
        return_raw_trace=True,
        **{**NUTS_OPTIONS, **defaults, **settings.options},
    )
    values, sample_stats = read_trace(trace)
    C, S = sample_stats["logp"].shape
    check_kept(C, S, settings)
    attrs = {
        "inference_library": "nutpie",
        "inference_library_version": nutpie.__version__,
        "sampling_time": time.perf_counter() - began,
        "tuning_steps": tune,
    }
    return Draws(values, sample_stats, attrs)


def read_trace(trace: Any) -> tuple[dict[str, NDArray[np.float64]], dict[str, NDArray[Any]]]:
    """Read nutpie's raw trace without its warm-up.

    Chains that were stopped early are left out or cut, see `keep_chains`; C and S count what is kept.

    Parameters
    ----------
    trace : nutpie's trace
        What ``nutpie.sample(..., return_raw_trace=True)`` returns.

    Returns
    -------
    dict of str to array of shape (C, S, ...)
        The model's variables.
    dict of str to array of shape (C, S)
        The columns of `SAMPLE_STATS`.
    """
    batches, stats = ([pyarrow.record_batch(table) for table in part] for part in trace.get_arrow_trace())
    drawn = [~_numbers(stat, "tuning").astype(bool) for stat in stats]
    chains, length = keep_chains([int(kept.sum()) for kept in drawn])

    def gather(tables: list[pyarrow.RecordBatch], name: str) -> NDArray[Any]:
        return np.stack([_numbers(tables[c], name)[drawn[c]][:length] for c in chains])

    values = {name: gather(batches, name) for name in batches[0].column_names}
    sample_stats = {name: gather(stats, name) for name in SAMPLE_STATS}
    return values, {name: _signed(value) for name, value in sample_stats.items()}


def keep_chains(lengths: list[int]) -> tuple[list[int], int]:
    """Choose the chains, and the number of draws of each, that keep the most draws in a rectangle.

    Parameters
    ----------
    lengths : list of int
        Draws in each chain.

    Returns
    -------
    list of int
        The chains, in order; all of them where none was stopped early.
    int
        Draws of each.

    Examples
    --------
    >>> from bayesgmm.inference.sampling import keep_chains
    >>> keep_chains([500, 480, 3])
    ([0, 1], 480)
    """
    longest = sorted(range(len(lengths)), key=lambda chain: -lengths[chain])
    kept = max(range(1, len(lengths) + 1), key=lambda n: n * lengths[longest[n - 1]])
    return sorted(longest[:kept]), lengths[longest[kept - 1]]


def _signed(value: NDArray[Any]) -> NDArray[Any]:
    """Give counts as signed integers, whose differences are what they seem."""
    return value.astype(np.int64) if value.dtype.kind == "u" else value


def _numbers(table: pyarrow.RecordBatch, name: str) -> NDArray[Any]:
    """Read one column; its shape per draw stands in the column's metadata."""
    shape = (table.schema.field(name).metadata or {}).get(b"shape", b"").decode()
    sizes = [int(size) for size in shape.split(",") if size]
    column = table.column(name)
    flat = column.flatten() if sizes else column
    return np.asarray(flat.to_numpy(zero_copy_only=False)).reshape(table.num_rows, *sizes)
