"""Read YAML into plain data, with the position of each key.

PyYAML scans and parses the text, and this module builds the data from its events. The constructors
of PyYAML are not used. They follow YAML 1.1, in which `1e-3` is text and `no` is false. They also
accept a key that is given twice, and do not keep positions.

A file may come from an untrusted source, so tags (such as !!python) are refused, and size, depth
and aliases are limited. After a problem the reader continues as long as the structure of the text
is clear. It reports all problems at once.
"""

from __future__ import annotations

import math
from typing import Any, NoReturn, TypeAlias

import yaml
from yaml.events import (
    AliasEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    StreamEndEvent,
)

from gdrun.config.places import KeyPath, Position, dotted, place_of
from gdrun.config.scalars import FLOAT, INTEGER, SURROGATE, UNPRINTABLE, Scalar, plain_value
from gdrun.config.syntax_errors import QUOTE_HINT, TAG_HINT, Mark, reworded
from gdrun.errors import ConfigError, Problem, abridged

# PyYAML's events have no useful types.
Event: TypeAlias = Any
MOST_BYTES = 2**20
MOST_DEPTH = 32
MOST_NODES = 100_000
# A key of 128 characters, each of them escaped, still fits PyYAML's limit of 1024 for a key.
MOST_KEY_LENGTH = 128
# 16^250 ≈ 10^301: every whole number that is accepted is also a finite float64.
MOST_NUMBER_LENGTH = 250
MOST_PROBLEMS = 50


class Reader:
    """Reads one YAML text into plain data. A reader can be used only once.

    source: the name of the text in messages. shift: the number of characters that the caller has
    put in front of the original text; columns in messages do not count them.
    """

    def __init__(self, text: str, source: str, shift: int = 0) -> None:
        self.text = text.removeprefix("\ufeff")
        self.source = source
        self.shift = shift
        self.positions: dict[KeyPath, Position] = {}
        self.problems: list[Problem] = []
        self.anchors: dict[str, Any] = {}
        self.nodes = 0
        self.end = 0

    def read(self, *, whole: bool = False) -> Any:
        """Return the plain data in the text; None if the text is empty.

        whole: whether text after the first value is an error. Raises ConfigError with all problems
        of the text.
        """
        self._check_text()
        self.events: Any = yaml.SafeLoader(self.text)
        try:
            data = self._document(whole)
        except yaml.MarkedYAMLError as error:
            mark, what, hint = reworded(error, self.text, self.shift)
            self._refuse(mark or self.events.get_mark(), (), what, hint)
        except (ValueError, OverflowError):
            # PyYAML passes \U escapes to chr() and version numbers to int() without a check.
            what, hint = "no character has this code", "write \\U and eight digits, up to 0010FFFF"
            self._refuse(self.events.get_mark(), (), what, hint)
        if self.problems:
            raise _refusal(self.problems, self.source)
        return data

    def _check_text(self) -> None:
        check_size(self.text, self.source)
        for match in UNPRINTABLE.finditer(self.text):
            before = self.text[: match.start()]
            line, column = before.count("\n") + 1, match.start() - (before.rfind("\n") + 1) + 1
            if line == 1:
                column -= self.shift
            place = place_of(self.source, Position(line, column), ())
            what = f"the character U+{ord(match[0]):04X} is not allowed"
            hint = f'remove the character, or write it as "\\u{ord(match[0]):04x}" in double quotes'
            if SURROGATE.match(match[0]):
                hint = "save the file as UTF-8; this character is half of a surrogate pair"
            self.problems.append(Problem(what, place, hint))
            if len(self.problems) == MOST_PROBLEMS:
                break
        if self.problems:
            raise ConfigError(self.problems)

    def _document(self, whole: bool) -> Any:
        self.events.get_event()
        if self.events.check_event(StreamEndEvent):
            return None
        self.events.get_event()
        data = self._node((), 1)
        end = self.events.get_event()
        if not self.events.check_event(StreamEndEvent):
            mark = self.events.peek_event().start_mark
            hint = "remove `---`: one file describes one experiment"
            self._report(mark, (), "a second document begins here", hint)
        elif whole and self.end < len(self.text):
            self._report(end.start_mark, (), "there is more text after the value", QUOTE_HINT)
        return data

    def _node(self, path: KeyPath, depth: int) -> Any:
        event = self.events.get_event()
        self._count(event.start_mark, path)
        if isinstance(event, AliasEvent):
            return self._alias(event, path, depth)
        if event.tag is not None:
            what = f"tags are not allowed, got {event.tag.replace('tag:yaml.org,2002:', '!!')}"
            self._report(event.start_mark, path, what, TAG_HINT)
        # Until the node is complete, an alias to it would be a value that contains itself.
        if event.anchor is not None:
            self.anchors[event.anchor] = _OPEN
        if isinstance(event, ScalarEvent):
            value: Any = self._scalar(event, path)
        else:
            self._check_depth(event.start_mark, path, depth)
            build = self._mapping if isinstance(event, MappingStartEvent) else self._sequence
            value = build(event, path, depth + 1)
        if event.anchor is not None:
            self.anchors[event.anchor] = value
        return value

    def _scalar(self, event: Event, path: KeyPath) -> Scalar:
        text: str = event.value
        if SURROGATE.search(text):
            hint = "write characters above U+FFFF directly, or as \\U and eight digits"
            what = "the escape is only half of a surrogate pair"
            self._report(event.start_mark, path, what, hint)
        if event.style is not None:
            return text
        if len(text) > MOST_NUMBER_LENGTH and (INTEGER.fullmatch(text) or FLOAT.fullmatch(text)):
            what = (
                f"the number has {len(text):,} characters, but at most {MOST_NUMBER_LENGTH} "
                "are allowed"
            )
            self._report(event.start_mark, path, what, "put the value in quotes if it is text")
            return None
        value = plain_value(text)
        if isinstance(value, float) and math.isinf(value) and "inf" not in text.lower():
            what = f"{text} is outside the range of float64"
            hint = "write a number between -1.79e308 and 1.79e308"
            self._report(event.start_mark, path, what, hint)
        return value

    def _sequence(self, event: Event, path: KeyPath, depth: int) -> list[Any]:
        items: list[Any] = []
        while not self.events.check_event(SequenceEndEvent):
            place = (*path, len(items))
            self.positions[place] = self._position(self.events.peek_event().start_mark)
            items.append(self._node(place, depth))
        self.end = self.events.get_event().end_mark.index
        return items

    def _mapping(self, event: Event, path: KeyPath, depth: int) -> dict[str, Any]:
        entries: dict[str, Any] = {}
        while not self.events.check_event(MappingEndEvent):
            key_event = self.events.peek_event()
            key = self._key(path, depth)
            if key is None:
                self._node(path, depth)  # Read the value, to find the problems in it.
                continue
            place, mark = (*path, key), key_event.start_mark
            if key in entries:
                what = f"the key {_quoted(key)} is given twice, first at {self.positions[place]}"
                self._report(mark, place, what, "remove one of the two")
                self._node(place, depth)
                continue
            self.positions[place] = self._position(mark)
            if event.flow_style and self._lacks_space(key_event):
                name, _, rest = key.partition(":")
                hint = f"write {name}: {rest}"
                self._report(mark, path, f"no space follows the colon in {_quoted(key)}", hint)
            entries[key] = self._node(place, depth)
        self.end = self.events.get_event().end_mark.index
        return entries

    def _key(self, path: KeyPath, depth: int) -> str | None:
        """Read the next key of a mapping; report a problem and return None if it is invalid."""
        event = self.events.peek_event()
        key = self._node(path, depth)
        if not isinstance(key, str):
            what = f"a key must be text, got {kind_of(key)}"
            hint = _KEY_FORM
            if getattr(event, "value", ""):
                hint = f'put the key in quotes: "{event.value}"'
        elif key == "<<" and getattr(event, "style", "") is None:
            what = "merge keys (<<) are not part of YAML 1.2"
            hint = "write all keys of the mapping; an alias can only replace a whole value"
        elif len(key) > MOST_KEY_LENGTH:
            what = f"the key has {len(key)} characters, but at most {MOST_KEY_LENGTH} are allowed"
            hint = _KEY_FORM
        else:
            return key
        self._report(event.start_mark, path, what, hint)
        return None

    def _lacks_space(self, key: Event) -> bool:
        """Return whether a key, such as `patience:5` in `{patience:5}`, lacks a space after `:`."""
        value: Event = self.events.peek_event()
        if not all(
            isinstance(event, ScalarEvent) and event.style is None for event in (key, value)
        ):
            return False
        return ":" in key.value[1:-1] and value.start_mark.index == value.end_mark.index

    def _alias(self, event: Event, path: KeyPath, depth: int) -> Any:
        name, mark = event.anchor, event.start_mark
        if name not in self.anchors:
            hint = f'put the value in quotes if it is text: "*{name}"'
            self._report(mark, path, f"the alias *{name} has no anchor &{name} before it", hint)
        elif self.anchors[name] is _OPEN:
            hint = "write the value instead of the alias"
            self._report(mark, path, f"the alias *{name} is inside its own anchor &{name}", hint)
        else:
            return self._copied(self.anchors[name], mark, path, depth)
        return None

    def _copied(self, value: Any, mark: Mark, path: KeyPath, depth: int) -> Any:
        """Return a copy of an anchor's value, so that no two keys share a list or a mapping."""
        # Every copied node counts towards the limit: nested aliases grow exponentially.
        if not isinstance(value, list | dict):
            return value
        self._check_depth(mark, path, depth)
        self._count(mark, path, len(value))
        if isinstance(value, list):
            return [self._copied(item, mark, path, depth + 1) for item in value]
        return {key: self._copied(item, mark, path, depth + 1) for key, item in value.items()}

    def _check_depth(self, mark: Mark, path: KeyPath, depth: int) -> None:
        if depth > MOST_DEPTH:
            what = f"the values are nested more than {MOST_DEPTH} levels deep"
            self._refuse(mark, path[:4], what, _BOUNDED)

    def _count(self, mark: Mark, path: KeyPath, nodes: int = 1) -> None:
        self.nodes += nodes
        if self.nodes > MOST_NODES:
            what = f"there are more than {MOST_NODES:,} values, including copies by aliases"
            self._refuse(mark, path[:4], what, _BOUNDED)

    def _position(self, mark: Mark) -> Position:
        return Position(mark.line + 1, mark.column + 1 - (0 if mark.line else self.shift))

    def _report(self, mark: Mark, path: KeyPath, what: str, hint: str) -> None:
        self.problems.append(Problem(what, place_of(self.source, self._position(mark), path), hint))

    def _refuse(self, mark: Mark, path: KeyPath, what: str, hint: str) -> NoReturn:
        """Raise ConfigError with all problems so far and this one, which ends the reading."""
        self._report(mark, path, what, hint)
        raise _refusal(self.problems, self.source)


def _refusal(problems: list[Problem], source: str) -> ConfigError:
    shown, rest = problems[:MOST_PROBLEMS], problems[MOST_PROBLEMS:]
    if rest:
        what = f"there are {len(rest):,} more problems"
        shown.append(Problem(what, source, "correct the problems above, then check the file again"))
    return ConfigError(shown)


def check_size(content: str | bytes, source: str) -> None:
    """Raise ConfigError if `content`, of the file `source`, is larger than MOST_BYTES."""
    if len(content) > MOST_BYTES:
        what = f"the file is larger than {MOST_BYTES:,} bytes"
        raise ConfigError(what, where=source, hint=_BOUNDED)


def _quoted(text: str) -> str:
    return dotted([abridged(text, 40)])


def kind_of(value: Any) -> str:
    """Return a description of a value for error messages, such as `the number 3` or `a list`."""
    match value:
        case None:
            return "nothing"
        case bool() | int() | float():
            return f"the {'truth value' if isinstance(value, bool) else 'number'} {value}"
        case str():
            return f"the text {_quoted(value)}"
        case _:
            return "a mapping" if isinstance(value, dict) else "a list"


_OPEN = object()  # The value of an anchor while its node is being read.
_BOUNDED = "a config describes one experiment; put data in a separate file"
_KEY_FORM = "a key is a short word, followed by a colon and a space"
