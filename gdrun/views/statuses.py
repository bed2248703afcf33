"""The words for the status of a run on the screen."""

from __future__ import annotations

_WORDS = {"exhausted": "finished"}


def status_word(status: str) -> str:
    """The word for a status of run.json, such as `finished` for `exhausted`.

    A run is exhausted when its budget is used up, which is its normal end.
    """
    return _WORDS.get(status, status)


def recorded_status(word: str) -> str:
    """The status of run.json for a word of the screen."""
    return next((status for status, shown in _WORDS.items() if shown == word), word)
