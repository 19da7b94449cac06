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

from bayesgmm.inference.problem import SamplingSettings

__all__ = ["NUTS_OPTIONS", "read_trace", "sample_nutpie"]

Array = NDArray[np.float64]

NUTS_OPTIONS: Mapping[str, Any] = {"target_accept": 0.8, "maxdepth": 10}


def sample_nutpie(
    model: Any, settings: SamplingSettings, tune: int, adaptation: str
) -> tuple[dict[str, Array], dict[str, NDArray[Any]], dict[str, Any]]:
    """Run nutpie on a compiled model; an interrupt keeps what was drawn.

    Returns
    -------
    values, sample_stats, attrs

    Raises
    ------
    KeyboardInterrupt
        If it was stopped before any draw was kept.
    """
    began = time.perf_counter()
    trace = nutpie.sample(
        model,
        draws=settings.draws,
        tune=max(tune, 1),
        chains=settings.chains,
        cores=settings.cores,
        seed=settings.seed,
        progress_bar=settings.progressbar,
        save_warmup=False,
        adaptation=adaptation,
        return_raw_trace=True,
        **{**NUTS_OPTIONS, **settings.options},
    )
    values, sample_stats = read_trace(trace)
    if not next(iter(values.values())).shape[1]:
        raise KeyboardInterrupt
    attrs = {
        "inference_library": "nutpie",
        "inference_library_version": nutpie.__version__,
        "sampling_time": time.perf_counter() - began,
        "tuning_steps": tune,
    }
    return values, sample_stats, attrs


def read_trace(trace: Any) -> tuple[dict[str, Array], dict[str, NDArray[Any]]]:
    """Read nutpie's raw trace: values (C, S, ...) and sample statistics (C, S), warm-up left out.

    Chains that were stopped early are cut to the shortest; S is then smaller than asked for.
    """
    batches, stats = ([pyarrow.record_batch(table) for table in part] for part in trace.get_arrow_trace())
    kept = [~_numbers(stat, "tuning").astype(bool) for stat in stats]
    length = min(int(keep.sum()) for keep in kept)

    def gather(tables: list[pyarrow.RecordBatch], name: str) -> NDArray[Any]:
        return np.stack([_numbers(table, name)[keep][:length] for table, keep in zip(tables, kept, strict=True)])

    values = {name: gather(batches, name) for name in batches[0].column_names}
    plain = [column.name for column in stats[0].schema if _is_plain(column.type) and column.name != "tuning"]
    return values, {name: gather(stats, name) for name in plain}


def _is_plain(kind: pyarrow.DataType) -> bool:
    return pyarrow.types.is_floating(kind) or pyarrow.types.is_integer(kind) or pyarrow.types.is_boolean(kind)


def _numbers(table: pyarrow.RecordBatch, name: str) -> NDArray[Any]:
    """Read one column; its shape per draw stands in the column's metadata."""
    shape = (table.schema.field(name).metadata or {}).get(b"shape", b"").decode()
    sizes = [int(size) for size in shape.split(",") if size]
    column = table.column(name)
    flat = column.flatten() if sizes else column
    return np.asarray(flat.to_numpy(zero_copy_only=False)).reshape(table.num_rows, *sizes)
