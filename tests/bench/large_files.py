"""Large tables, from the start of the command to the end of its first step, and their memory."""

from __future__ import annotations

from pathlib import Path

from bench.commands import ALL_ROWS, loss_of_run
from bench.processes import Folder, gdrun_command, peer_script, with_memory
from bench.work import WARM, Bar, Contender, Work

BY_HAND = "DuckDB script"
COLUMNS = 20
"""The columns of a table, one of them the target."""

NORMAL = "sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random())"
"""A standard normal number in SQL. Source: Box & Muller 1958."""


def large_csv(quick: bool) -> Work:
    """The bar allows half as long again as DuckDB and one pass over the numbers take by hand."""
    rows = 2_000 if quick else 1_000_000
    return Work(
        f"CSV, N={rows:,}, {COLUMNS} columns: least squares, one step of BGD",
        _contenders("table.csv", rows, quick),
        (Bar(WARM, BY_HAND, at_most=1.5),),
        per="command",
    )


def large_parquet(quick: bool) -> Work:
    rows = 2_000 if quick else 10_000_000
    return Work(
        f"Parquet, N={rows:,}, {COLUMNS} columns: least squares, one step of BGD",
        _contenders("table.parquet", rows, quick),
        (Bar(WARM, at_most=5.0), Bar(WARM, at_most=2.0, table=8 * rows * COLUMNS)),
        per="command",
    )


def _contenders(name: str, rows: int, quick: bool) -> dict[str, Contender]:
    folder = Folder()
    _write(folder.path / name, rows)
    ours = gdrun_command(
        folder,
        *("train", f"dataset.path={name}", "target=target", ALL_ROWS, "model=linear"),
        *("variant=bgd", "optimizer=vanilla", "lr=0.1", "schedule=constant", "epochs=1"),
        loss=loss_of_run,
    )
    by_hand = peer_script(BY_HAND, "table_duckdb.py", folder=folder, words=(name,))
    contenders = {WARM: ours[WARM]} | by_hand
    if quick:  # so small a table finds its memory anywhere
        return contenders
    return {name: with_memory(each, folder) for name, each in contenders.items()}


def _write(path: Path, rows: int) -> None:
    """A table of normal features with six digits, and their noisy sum, as CSV or Parquet."""
    import duckdb

    names = [f"x{k}" for k in range(COLUMNS - 1)]
    drawn = ", ".join(f"round({NORMAL}, 6) AS {name}" for name in names)
    target = f"round({' + '.join(names)} + {NORMAL}, 6) AS target"
    with duckdb.connect(config={"threads": 1}) as database:  # one order of the random numbers
        database.execute("SELECT setseed(0.5)")
        database.execute(
            f"COPY (SELECT *, {target} FROM (SELECT {drawn} FROM range({rows}))) TO '{path}'"
        )
