"""The list of runs as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from gdrun.views.numbers import percent, quantity


def runs_table(rows: Sequence[Mapping[str, Any]], out: Path) -> RenderableType:
    """One line a run; the id can be typed to `gdrun show`."""
    if not rows:
        return Text(f"no runs in {out}; `gdrun train` leaves one")
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("run", overflow="fold", min_width=20)
    table.add_column("status", no_wrap=True)
    for heading in ("epochs", "train loss", "val loss", "test acc"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        bad = row["status"] in ("diverged", "failed", "damaged")
        table.add_row(
            row["id"],
            Text(row["status"], style="red" if bad else ""),
            quantity(row.get("epochs")),
            quantity(row.get("train_loss")),
            quantity(row.get("validation_loss")),
            percent(row.get("test_accuracy")),
        )
    return table
