"""The command line of python tests/bench: it measures and prints the chosen rows."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence

from rich.console import Console

from bench import growth, machine, tables
from bench.measure import Row, measured
from bench.work import Work
from bench.works import COMMANDS, WORKS

GROWTH = "growth"
"""The name of the last table."""

WIDTH = 200
"""The width of the output if it is not a terminal."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 1 if contenders did not do the same work, else 0, also if a bar is missed."""
    chosen = _words().parse_args(arguments)
    # This variable would replace the engine that a row measures.
    os.environ.pop("GDRUN_ENGINE", None)
    repetitions = chosen.repetitions or (1 if chosen.quick else 5)
    names = chosen.only or [*WORKS, *COMMANDS, GROWTH]
    rows: list[Row] = []
    grids = []
    for works, table in ((WORKS, tables.comparison), (COMMANDS, tables.commands)):
        wanted = {name: make for name, make in works.items() if name in names}
        found = [_row(name, make, chosen.quick, repetitions) for name, make in wanted.items()]
        if found:
            grids.append(table(found, repetitions, machine.named()))
        rows += found
    if GROWTH in names:
        _tell(GROWTH)
        speeds = machine.measured(chosen.quick, repetitions)
        grown = growth.measured(chosen.quick, repetitions)
        base = growth.QUICK_BASE if chosen.quick else growth.BASE
        grids.append(tables.growth(grown, speeds.sentence, base))
    for grid in grids:
        _print(grid, chosen.markdown)
    return 0 if all(row.alike for row in rows) else 1


def _words() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python tests/bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes, to see that all works")
    parser.add_argument(
        "--only", nargs="+", metavar="NAME", choices=[*WORKS, *COMMANDS, GROWTH],
        help=f"{', '.join(WORKS)}; whole commands: {', '.join(COMMANDS)}; {GROWTH}",
    )  # fmt: skip
    parser.add_argument("--markdown", action="store_true", help="tables for a README")
    parser.add_argument("--repetitions", type=int, metavar="K", help="5, or 1 with --quick")
    return parser


def _row(name: str, make: Callable[[bool], Work], quick: bool, repetitions: int) -> Row:
    _tell(name)
    row = measured(make(quick), repetitions, warm_up=not quick)
    times = (f"{who} {tables.duration(each.seconds)}" for who, each in row.found.items())
    _tell(f"  {', '.join(times)}")
    return row


def _tell(what: str) -> None:
    """Print the progress on stderr; a whole run takes minutes."""
    print(what, file=sys.stderr, flush=True)


def _print(grid: tables.Grid, markdown: bool) -> None:
    if markdown:
        print(grid.as_markdown())
        return
    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = WIDTH
    console.print(grid.on_terminal())
