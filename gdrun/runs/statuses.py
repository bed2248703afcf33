"""The status of a run: its word in run.json, and the word that tables show."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from gdrun.errors import RecordError, suggestion
from gdrun.methods.stopping import TARGETS, Status

_WORDS = {"exhausted": "finished"}

REACHED = "reached target"
"""The word for a run that met the user's target: run.json has the status `converged` for it."""

STATUSES = (*(_WORDS.get(status, status) for status in get_args(Status)), REACHED, "damaged")
"""Every status, as tables show it. A run is damaged if its record cannot be read."""

ENDED_EARLY = ("converged", "stopped", "diverged")
"""The statuses of runs that ended before their budget was used up."""

ENDED = (*ENDED_EARLY, "exhausted")
"""The statuses of runs that have nothing left to train."""

_COMPARED = re.compile(r"""\bstatus"?\s*(?:=|==|!=|<>)\s*'([^']*)'""", re.IGNORECASE)
"""A comparison of the status with a word, in a condition in SQL."""


def status_word(status: str, rule: str | None) -> str:
    """The word that the screen shows for a status in run.json, such as `finished` for `exhausted`.

    A run is exhausted when its budget is used up, which is its normal end. A run that a target
    stopped did not converge: it reached its target. rule: the rule that ended the run; None if it
    has not ended.
    """
    if status == "converged" and rule in TARGETS:
        return REACHED
    return _WORDS.get(status, status)


def shown_status(record: Mapping[str, Any]) -> str:
    """The word that the screen shows for the status of a run. record: as in run.json."""
    return status_word(record["status"], (record["stop"] or {}).get("rule"))


def has_status(row: Mapping[str, Any], word: str) -> bool:
    """Whether a row of a list of runs has a status, by its word in run.json or in tables."""
    return word in (row["status"], status_word(row["status"], row.get("rule")))


def check_status(word: str, where: str) -> None:
    """Raise RecordError if no run can have this status, by a word of run.json or of the tables.

    where: the option or filter that has the word, for the error.
    """
    if word not in STATUSES and word not in _WORDS:
        hint = suggestion(word, STATUSES)
        raise RecordError(f"there is no status {word!r}", where=where, hint=hint)


def rows_for_condition(
    rows: Sequence[Mapping[str, Any]], condition: str, where: str
) -> list[Mapping[str, Any]]:
    """The rows of a list of runs, with each `status` in the words that a condition in SQL uses.

    If the condition contains a word that only run.json has, such as `exhausted`, the rows are
    returned unchanged; otherwise with the words of tables, such as `finished`. A run that reached
    its target has this word only if the condition contains it, so that `converged` finds it, too.
    where: the option that has the condition, for the error. Raises RecordError if the condition
    compares the status with a word that is no status.
    """
    for word in _COMPARED.findall(condition):
        check_status(word, where)
    if any(status in condition for status in _WORDS):
        return list(rows)
    named = REACHED in condition
    return [
        {**row, "status": status_word(row["status"], row.get("rule") if named else None)}
        for row in rows
    ]
