"""The view of a gradient check: a row for each array of weights, and the verdict."""

from __future__ import annotations

from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from gdrun.insight.gradient_check import TOLERANCE, GradientCheck, TensorCheck
from gdrun.views.fitting import fitting
from gdrun.views.numbers import count, quantity


def gradient_table(check: GradientCheck) -> RenderableType:
    """A table with the largest gradient and the error of each array of weights, and the verdict."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("weights", no_wrap=True)
    for heading in ("shape", "checked", "largest gradient", "relative error"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("")
    for tensor in check.tensors:
        table.add_row(
            tensor.name,
            " × ".join(map(str, tensor.shape)) or "1",
            _share(tensor),
            quantity(tensor.largest, 3),
            quantity(tensor.error, 2),
            _verdict(tensor),
        )
    narrow = fitting(table, ("shape", "checked", "largest gradient"))
    lines: list[RenderableType] = [narrow, "", verdict_line(check)]
    if check.dtype != "float64":
        lines.append(f"checked in float64; training uses {check.dtype}")
    return Group(*lines)


def verdict_line(check: GradientCheck) -> Text:
    """A sentence that tells whether the gradient is right."""
    wrong = [tensor.name for tensor in check.tensors if not tensor.passed]
    measured = f"central differences on {count(check.rows, 'example')}"
    if not wrong:
        where = "" if check.checkable else ", where it is large enough to check"
        return Text(f"the gradient agrees with {measured} to {TOLERANCE:g}{where}", style="bold")
    return Text(f"the gradient of {', '.join(wrong)} disagrees with {measured}", style="bold red")


def gradient_data(check: GradientCheck) -> dict[str, Any]:
    """The check as a dict that can be written as JSON."""
    return {
        "passed": check.passed,
        "tolerance": TOLERANCE,
        "examples": check.rows,
        "dtype": "float64",
        "weights": [
            {
                "name": tensor.name,
                "shape": list(tensor.shape),
                "entries": tensor.entries,
                "checked": tensor.checked,
                "largest_gradient": tensor.largest,
                "relative_error": tensor.error,
                # Readers of this document rely on the key.
                "told": tensor.checkable,
                "passed": tensor.passed,
            }
            for tensor in check.tensors
        ],
    }


def _verdict(tensor: TensorCheck) -> Text:
    if not tensor.passed:
        return Text("WRONG", style="bold red")
    return Text("ok", style="green") if tensor.checkable else Text("too small", style="yellow")


def _share(tensor: TensorCheck) -> str:
    if tensor.checked == tensor.entries:
        return f"all {tensor.entries:,}"
    return f"{tensor.checked:,} of {tensor.entries:,}"
