"""The status of a run: its word in run.json, and the word that tables show."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from gdrun.errors import RecordError, suggestion
from gdrun.methods.stopping import Status

_WORDS = {"exhausted": "finished"}

STATUSES = (*(_WORDS.get(status, status) for status in get_args(Status)), "damaged")
"""Every status, as tables show it. A run is damaged if its record cannot be read."""

ENDED_EARLY = ("converged", "stopped", "diverged")
"""The statuses of runs that ended before their budget was used up."""

ENDED = (*ENDED_EARLY, "exhausted")
"""The statuses of runs that have nothing left to train."""

_COMPARED = re.compile(r"""\bstatus"?\s*(?:=|==|!=|<>)\s*'([^']*)'""", re.IGNORECASE)
"""A comparison of the status with a word, in a condition in SQL."""


def status_word(status: str) -> str:
    """The word that the screen shows for a status in run.json, such as `finished` for `exhausted`.

    A run is exhausted when its budget is used up, which is its normal end.
    """
    return _WORDS.get(status, status)


def recorded_status(word: str, where: str) -> str:
    """The status in run.json for a word of run.json or of the tables: `exhausted` for `finished`.

    where: the option or filter that has the word, for the error. Raises RecordError if no run can
    have this status.
    """
    if status_word(word) not in STATUSES:
        hint = suggestion(word, STATUSES)
        raise RecordError(f"there is no status {word!r}", where=where, hint=hint)
    return next((status for status, shown in _WORDS.items() if shown == word), word)


def rows_for_condition(
    rows: Sequence[Mapping[str, Any]], condition: str, where: str
) -> list[Mapping[str, Any]]:
    """The rows of a list of runs, with each `status` in the words that a condition in SQL uses.

    If the condition contains a word that only run.json has, such as `exhausted`, the rows are
    returned unchanged; otherwise with the words of tables, such as `finished`. where: the option
    that has the condition, for the error. Raises RecordError if the condition compares the status
    with a word that is no status.
    """
    for word in _COMPARED.findall(condition):
        recorded_status(word, where)
    if any(status in condition for status in _WORDS):
        return list(rows)
    return [{**row, "status": status_word(row["status"])} for row in rows]
