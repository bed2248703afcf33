"""Booleans in text: true and false, yes and no, on and off, in any case."""

from __future__ import annotations

from collections.abc import Sequence

SPELLINGS = (
    ({"false", "f"}, {"true", "t"}),
    ({"no", "n"}, {"yes", "y"}),
    ({"off"}, {"on"}),
)
"""Pairs of words for false and for true."""


def boolean_codes(texts: Sequence[str]) -> dict[str, float] | None:
    """The value of each text, 0 or 1, if the texts are the two values of a boolean; else None.

    Both values must occur, all in the words of one pair.

    >>> boolean_codes(["yes", "No", "YES"])
    {'yes': 1.0, 'No': 0.0, 'YES': 1.0}
    >>> boolean_codes(["yes", "maybe"]), boolean_codes(["yes"])
    (None, None)
    """
    lowered = {text.strip().lower() for text in texts}
    for false, true in SPELLINGS:
        if lowered <= false | true and lowered & false and lowered & true:
            return {text: float(text.strip().lower() in true) for text in texts}
    return None


def boolean_value(text: str) -> float | None:
    """The value of a text that is a boolean in any spelling, 0 or 1; None for another text.

    >>> boolean_value("TRUE"), boolean_value("0"), boolean_value("perhaps")
    (1.0, 0.0, None)
    """
    return {"0": 0.0, "0.0": 0.0, "1": 1.0, "1.0": 1.0}.get(text.strip(), boolean_word(text))


def boolean_word(text: str) -> float | None:
    """The value of a text that is a word for a boolean, 0 or 1; None for another text or a number.

    >>> boolean_word("Yes"), boolean_word("0")
    (1.0, None)
    """
    word = text.strip().lower()
    for false, true in SPELLINGS:
        if word in false | true:
            return float(word in true)
    return None
