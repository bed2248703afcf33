"""PyYAML's errors of syntax, in words that say what to change."""

from __future__ import annotations

from typing import Protocol

import yaml


class Mark(Protocol):
    """A position of PyYAML, which has no types: the line, the column and the index, all from 0."""

    line: int
    column: int
    index: int


QUOTE_HINT = "put text that contains one of : # , [ ] { } & * ! | > ' \" % @ ` in quotes"
TAG_HINT = "remove the tag, or put text that begins with ! in quotes"
_UNFINISHED = f"close every bracket and quote; {QUOTE_HINT}"
_ESCAPE = r"in double quotes a backslash begins an escape; use single quotes: 'C:\data'"
_SAME_QUOTE = "end the text with the same quote"
_NO_ALIAS = "* begins an alias, but no name follows"
_NO_ANCHOR = "& begins an anchor, but no name follows"
# A part of PyYAML's message, whether to report the start of the construct, our message and hint.
_SYNTAX = (
    ("flow sequence", True, "this [ is never closed", "write a list as [1, 2, 3]"),
    ("flow mapping", True, "this { is never closed", "write a mapping as {norm: 1.0}"),
    ("unexpected end of stream", True, "this quote is never closed", _SAME_QUOTE),
    ("document separator", True, "this quote is never closed", _SAME_QUOTE),
    ("escape", False, "unknown escape in double quotes", _ESCAPE),
    ("an alias", True, _NO_ALIAS, 'put the value in quotes if it is text: "*.csv"'),
    ("an anchor", True, _NO_ANCHOR, "put the value in quotes if it is text"),
    ("a tag", True, "tags are not allowed", TAG_HINT),
    ("tag handle", True, "tags are not allowed", TAG_HINT),
    ("expected ':'", True, "no colon follows this key", "write `key: value`, with a space"),
    ("mapping values are not allowed", False, "the value contains a second colon", QUOTE_HINT),
    (
        "expected <block end>",
        False,
        "the indentation does not match the lines above",
        "begin all keys of a section, and all items of a list, in the same column",
    ),
    ("sequence entries", False, "a list cannot begin here", "begin the list on a new line"),
    ("mapping keys", False, "a key is not allowed here", "begin the mapping on a new line"),
    ("cannot start any token", False, "a value cannot begin with this character", QUOTE_HINT),
    ("<document start>", False, "text is not allowed here", QUOTE_HINT),
    ("expected the node content", False, "a value is missing here", QUOTE_HINT),
    ("directive", False, "a line cannot begin with %", "remove this line"),
    ("incompatible YAML document", False, "this YAML version is not supported", "use YAML 1.2"),
)


def reworded(error: yaml.MarkedYAMLError, text: str, shift: int) -> tuple[Mark | None, str, str]:
    """Return mark (the position), message and hint for an error that PyYAML raised.

    text: what PyYAML was reading. shift: the number of characters that the caller has put in front
    of it. The mark is None if the error has no position.
    """
    mark: Mark | None = error.problem_mark or error.context_mark
    if mark is None:
        return None, f"this is not valid YAML: {error.problem}", QUOTE_HINT
    line = text.splitlines()[mark.line] if mark.index < len(text) else ""
    before = line[: mark.column]
    if line[mark.column : mark.column + 1] == "\t" or (not before.strip() and "\t" in before):
        return mark, "a tab is not allowed here", "use spaces instead"
    message = f"{error.context or ''}: {error.problem or ''}"
    if "mapping values are not allowed" in message and ":" not in before:
        what = "this line continues the line above, so it cannot have a key"
        hint = "add a colon to the line above, or indent this line less"
        return mark, what, hint
    if "<block end>" in message and before.strip():
        return mark, "there is text after the end of the value", QUOTE_HINT
    for fragment, at_start, what, hint in _SYNTAX:
        if fragment in message:
            start: Mark | None = error.context_mark if at_start else None
            if start is not None and start.index < shift:
                return mark, "the value is not complete", _UNFINISHED
            return start or mark, what, hint
    return mark, f"this is not valid YAML: {error.problem}", QUOTE_HINT
