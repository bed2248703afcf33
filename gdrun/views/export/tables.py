"""The three tables of an export, as columns: runs, evaluations and steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gdrun.config.writing import short_flow
from gdrun.engine.trace import Columns
from gdrun.views.recorded import Recorded

Table = dict[str, NDArray[Any]]
"""The columns of a table by name, all of the same length. A missing number is a masked entry."""


def tables(records: Sequence[Recorded]) -> dict[str, Table]:
    """The tables of these runs, by name.

    runs: a row for each run, with its settings and the numbers of its summary. evals, steps: a row
    for each evaluation and each point of the trace of steps, with the name of the run. In a study
    all three also have the contender (or setting) and the seed.
    """
    return {
        "runs": runs_table(records),
        "evals": _curves([(each, each.evals) for each in records]),
        "steps": _curves([(each, each.steps) for each in records]),
    }


def runs_table(records: Sequence[Recorded]) -> Table:
    """A row for each run: name, id, status, verdict, symptom, settings by dotted path, summary.

    The summary has the metrics by part, such as validation_f1.
    """
    rows = [
        {
            "run": each.name,
            **each.labels,
            "id": each.id,
            "status": each.status,
            "verdict": each.verdict,
            "symptom": each.symptom,
            **{key: value for key, value in each.values.items() if key != "name"},
            **each.summary,
        }
        for each in records
    ]
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: _column([row.get(name) for row in rows]) for name in names}


def _column(values: Sequence[Any]) -> NDArray[Any]:
    """The values as a column of numbers or booleans; as one of texts if their kinds differ."""
    missing = [value is None for value in values]
    known = [value for value in values if value is not None]
    booleans = [isinstance(value, bool) for value in known]
    if any(isinstance(value, str) for value in known) or any(booleans) != all(booleans):
        texts = ["" if value is None else _text(value) for value in values]
        return np.ma.masked_array(np.array(texts, dtype=object), missing)
    zero = type(known[0])() if known else 0.0
    return np.ma.masked_array([zero if value is None else value for value in values], missing)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else short_flow(value)


def _curves(runs: Sequence[tuple[Recorded, Columns]]) -> Table:
    """The columns of all runs below each other, each row with the name and labels of its run."""
    names = dict.fromkeys(name for _, columns in runs for name in columns)
    lengths = [len(next(iter(columns.values()), ())) for _, columns in runs]
    labels = [{"run": run.name, **run.labels} for run, _ in runs]
    table: Table = {}
    for name in dict.fromkeys(name for own in labels for name in own):
        values = [own[name] for own in labels]
        texts = any(isinstance(value, str) for value in values)
        table[name] = np.repeat(np.array(values, dtype=object if texts else None), lengths)
    for name in names:
        parts = [columns.get(name) for _, columns in runs]
        missing = np.repeat([part is None for part in parts], lengths)
        filled = [
            np.zeros(rows) if part is None else part
            for part, rows in zip(parts, lengths, strict=True)
        ]
        table[name] = np.ma.masked_array(np.concatenate(filled), missing)
    return table
