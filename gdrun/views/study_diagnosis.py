"""The view of the diagnosis of a sweep or a comparison."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from gdrun.insight.study_symptoms import RunSymptoms, StudySymptoms
from gdrun.symptoms.facts import Symptom
from gdrun.views.diagnosis import symptom_lines, symptoms_data
from gdrun.views.numbers import count
from gdrun.views.sweeps import HEALTHY, MOST_ROWS

FULL_WIDTH = 64
"""The smallest width of a terminal, in characters, at which the table has the evidence."""


def study_diagnosis_view(found: StudySymptoms) -> RenderableType:
    """The symptoms of the study as a whole, and a table of those of its runs."""
    parts: list[RenderableType] = []
    for symptom in found.symptoms:
        # The command line prints the remedies as commands.
        parts += [*symptom_lines(symptom, remedies=False), ""]
    rows = _rows(found.runs)
    parts.append(_RunTable(rows[:MOST_ROWS]))
    if len(rows) > MOST_ROWS:
        parts.append(Text(f"{count(len(rows) - MOST_ROWS, 'more row')} not shown", style="dim"))
    return Group(*parts)


class _RunTable:
    """The table of the runs. On a terminal narrower than FULL_WIDTH it has no evidence."""

    def __init__(self, rows: Sequence[tuple[str, ...]]) -> None:
        self._rows = rows

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        table = Table(box=None, pad_edge=False, header_style="dim")
        table.add_column("setting", overflow="fold", max_width=30)
        table.add_column("runs", justify="right", no_wrap=True)
        table.add_column("symptom", no_wrap=True)
        if wide := options.max_width >= FULL_WIDTH:
            table.add_column("evidence", overflow="fold")
        for row in self._rows:
            table.add_row(*map(Text, row if wide else row[:-1]))
        yield table


def _rows(runs: Sequence[RunSymptoms]) -> list[tuple[str, str, str, str]]:
    """A row for each setting and each main symptom of its runs: cells of the table.

    The evidence is that of the first of these runs.
    """
    grouped: dict[str, dict[str | None, list[Symptom | None]]] = {}
    for run in runs:
        first = run.symptoms[0] if run.symptoms else None
        own = grouped.setdefault(run.name, {})
        own.setdefault(None if first is None else first.name, []).append(first)
    rows = []
    for name, own in grouped.items():
        total = sum(map(len, own.values()))
        for word, found in own.items():
            evidence = found[0].evidence if found[0] is not None else ""
            rows.append((name, f"{len(found)} of {total}", word or HEALTHY, evidence))
    return rows


def study_diagnosis_data(found: StudySymptoms) -> dict[str, Any]:
    """The diagnosis of a study as a dict for JSON."""
    return {
        "symptoms": symptoms_data(found.symptoms),
        "tried": [],
        "runs": [_run_data(run) for run in found.runs],
    }


def _run_data(run: RunSymptoms) -> Mapping[str, Any]:
    return {
        "name": run.name,
        "seed": run.seed,
        "symptoms": [
            {"name": each.name, "confidence": each.confidence, "evidence": each.evidence}
            for each in run.symptoms
        ],
    }
