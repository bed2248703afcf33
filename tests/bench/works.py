"""The rows of the tables, by the name that --only takes."""

from __future__ import annotations

from collections.abc import Callable

from bench import (
    commands,
    compiling,
    full_batch,
    large_files,
    linear_rows,
    network,
    plain_loop,
    sweeps,
    waits,
    watching,
)
from bench.work import Work

WORKS: dict[str, Callable[[bool], Work]] = {
    "sgd-least-squares": linear_rows.sgd_least_squares,
    "sgd-logistic": linear_rows.sgd_logistic,
    "mbgd-logistic": linear_rows.mbgd_logistic,
    "softmax": linear_rows.softmax,
    "bgd": full_batch.iteration,
    "qr": full_batch.through_qr,
    "mlp": network.mlp,
    "lanes": sweeps.lanes,
    "thousand": sweeps.thousand,
    "watching-sgd": watching.sgd,
    "watching-mbgd": watching.mbgd,
    "step": plain_loop.step,
    "waits": waits.waits,
}
"""Functions that make a row and its data. Their argument `quick` chooses small sizes."""

COMMANDS: dict[str, Callable[[bool], Work]] = {
    "csv": commands.csv,
    "mnist": commands.mnist,
    "npy": commands.npy,
    "sweep": commands.sweep,
    "sweep-lr": commands.sweep_lr,
    "compare": commands.compare_variants,
    "quickstart": commands.train_quickstart,
    "large-csv": large_files.large_csv,
    "large-parquet": large_files.large_parquet,
    "cold-compile": compiling.cold_compile,
}
"""The same for the table of whole commands."""
