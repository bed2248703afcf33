"""The words that the screen shows for the status of a run."""

from __future__ import annotations

_WORDS = {"exhausted": "finished"}


def status_word(status: str) -> str:
    """The word that the screen shows for a status in run.json, such as `finished` for `exhausted`.

    A run is exhausted when its budget is used up, which is its normal end.
    """
    return _WORDS.get(status, status)


def recorded_status(word: str) -> str:
    """The status in run.json for a word that the screen shows: `exhausted` for `finished`."""
    return next((status for status, shown in _WORDS.items() if shown == word), word)
