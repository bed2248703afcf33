"""The tables, as grids of cells: for the terminal by rich, or as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rich import box
from rich.table import Table

from bench.growth import Grown
from bench.measure import Row
from bench.work import COLD, COMPILED, NUMPY, PEERS, WARM, Bar, Finish

Cell = list[str]
"""Lines."""

OURS = (NUMPY, COMPILED)


@dataclass(frozen=True)
class Grid:
    """A table before it has a look: a line above and below it, and cells of lines between."""

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    note: str

    def on_terminal(self) -> Table:
        table = Table(
            title=self.title,
            caption=self.note,
            box=box.HORIZONTALS,
            show_lines=any(len(cell) > 1 for row in self.rows for cell in row),
            title_justify="left",
            caption_justify="left",
            title_style="bold",
            caption_style="",
        )
        for name in self.header:
            table.add_column(name)
        for row in self.rows:
            table.add_row(*("\n".join(cell) for cell in row))
        return table

    def as_markdown(self) -> str:
        lines = [self.header, ["---"] * len(self.header)]
        lines += [["<br>".join(cell) for cell in row] for row in self.rows]
        table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
        return f"**{self.title}**\n\n{table}\n\n{self.note}\n"


def duration(seconds: float) -> str:
    """Three digits in the unit that fits.

    >>> [duration(seconds) for seconds in (12.34e-6, 0.009604, 0.5344, 1.9996, 34.5)]
    ['12.3 µs', '9.60 ms', '534 ms', '2.00 s', '34.5 s']
    """
    for unit, scale in (("µs", 1e-6), ("ms", 1e-3)):
        if abs(seconds) < 999.5 * scale:
            return f"{three_digits(seconds / scale)} {unit}"
    return f"{three_digits(seconds)} s"


def three_digits(number: float) -> str:
    """Three significant digits, trailing zeros kept, or as many as a larger number has.

    >>> [three_digits(number) for number in (0.0123, 1.0, 34.56, 7890.0)]
    ['0.0123', '1.00', '34.6', '7890']
    """
    digits = f"{number:#.3g}"
    return f"{number:.0f}" if "e" in digits and abs(number) >= 1 else digits.rstrip(".")


def comparison(rows: Iterable[Row], repetitions: int, machine: str) -> Grid:
    """The first table: who takes how long for each piece of work, and which bars are reached."""
    return _grid(
        "gdrun beside what users would pick instead",
        OURS,
        COMPILED,
        rows,
        f"{machine}. Medians of {repetitions} repetitions, contenders in turn. n×: n times as "
        f"long as {COMPILED}. Times are of updates, which is what peers do, warmed and compiled "
        "where they can be; whole: with gdrun's evaluations, stopping rules and records.",
    )


def commands(rows: Iterable[Row], repetitions: int, machine: str) -> Grid:
    """The table of whole processes."""
    return _grid(
        "gdrun's whole commands, and the scripts that users would write instead",
        (WARM, COLD),
        WARM,
        rows,
        f"{machine}. Medians of {repetitions} repetitions, contenders in turn. n×: n times as "
        f"long as {WARM}. Times are from the start of a process to its exit, its file read and its "
        f"results written, with the file in memory. {WARM}: its kernels were compiled before; "
        f"{COLD}: with an empty cache of kernels. Peers have their own defaults for threads.",
    )


def _grid(title: str, ours: Sequence[str], base: str, rows: Iterable[Row], note: str) -> Grid:
    """A row for each piece of work; n× are multiples of the time of the contender `base`."""
    rows = list(rows)
    names = [*ours, *(peer for peer in PEERS if any(peer in row.found for row in rows))]
    return Grid(
        title,
        ["work", *names, "beside", "loss at the end", "bars"],
        [
            [
                [row.work.title, f"per {row.work.per}"],
                *(_time(row, name, base) for name in names),
                _others(row, names, base),
                _losses(row),
                [line for bar in row.work.bars for line in _judged(row, bar, base)],
            ]
            for row in rows
        ],
        note,
    )


def _time(row: Row, name: str, base: str) -> Cell:
    """The time of one contender, its multiple of the time of `base`, and its whole training."""
    if (finish := row.found.get(name)) is None:
        return ["–"]
    whole = [] if finish.whole is None else [f"whole {duration(finish.whole)}"]
    return [duration(finish.seconds), *_multiple(row, name, base), *whole]


def _multiple(row: Row, name: str, base: str) -> Cell:
    unit: Finish | None = row.found.get(base)
    if unit is None or name == base:
        return []
    return [f"{three_digits(row.found[name].seconds / unit.seconds)}×"]


def _others(row: Row, names: Sequence[str], base: str) -> Cell:
    others = [name for name in row.found if name not in names]
    return [
        " ".join([f"{name}:", duration(row.found[name].seconds), *_multiple(row, name, base)])
        for name in others
    ] or ["–"]


def _losses(row: Row) -> Cell:
    if not row.losses:
        return ["–"]
    low, high = (f"{loss:.4g}" for loss in (min(row.losses), max(row.losses)))
    lines = [low if low == high else f"{low} to {high}"]
    allowed = f"within {100 * row.work.tolerance:g} %"
    return [*lines, allowed if row.alike else f"NOT {allowed}"]


def _judged(row: Row, bar: Bar, base: str) -> Cell:
    """The bar, and what was found."""
    bound = f"≥ {bar.at_least:g}" if bar.at_least is not None else f"≤ {bar.at_most:g}"
    unit = {None: " s", base: "×"}.get(bar.under, f" × {bar.under}")
    if bar.table is not None:
        unit = f" × the {bar.table / 1e9:.3g} GB of the table in memory"
    what = f"{bar.over} {bound}{unit}"
    found = row.ratio(bar)
    if found is None:
        return [f"not measured: {what}"]
    verdict = "reached" if bar.reached(found) else "MISSED"
    whole = row.ratio(bar, whole=True)
    beside = "" if whole == found or whole is None else f" (whole {three_digits(whole)})"
    return [f"{verdict}: {what}, {three_digits(found)}{beside}"]


def growth(grown: Iterable[Grown], machine: str, base: Mapping[str, int]) -> Grid:
    """The last table: the time of an epoch as one size grows, and what the machine gives."""
    rows: list[list[Cell]] = []
    before: Grown | None = None
    for each in grown:
        same = before if before is not None and before.key == each.key else None
        seconds = each.seconds
        rows.append(
            [
                [f"{each.key} = {each.value:,}"],
                *([duration(seconds[name]) if name in seconds else "–"] for name in OURS),
                [_times(seconds.get(NUMPY), seconds.get(COMPILED))],
                [_times(each.value, same and same.value)],
                *([_times(seconds.get(name), same and same.seconds.get(name))] for name in OURS),
            ]
        )
        before = each
    others = ", ".join(f"{key} = {value:,}" for key, value in base.items())
    return Grid(
        "How the time of an epoch grows: logistic, Adam",
        [
            "size",
            *OURS,
            "NumPy / compiled",
            "size grew",
            *(f"{name} took" for name in OURS),
        ],
        rows,
        f"Updates alone. Sizes otherwise: {others}. Growth is from the line above. {machine}.",
    )


def _times(over: float | None, under: float | None) -> str:
    return "–" if over is None or under is None else f"{three_digits(over / under)}×"
