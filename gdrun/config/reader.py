"""YAML read into plain data that knows where each key stood.

PyYAML scans and parses; what the text means is decided here, from its events, because its own
constructors follow YAML 1.1 (where `1e-3` is text and `no` is false), keep the last of two equal
keys in silence, and forget positions.

A file is data from anywhere, so tags are refused, and size, depth and aliases are bounded. Reading
goes on after a problem wherever the text still has a structure, and reports all of them at once.
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
from gdrun.errors import ConfigError, Problem, abridged

# PyYAML's events and marks carry no types worth the name.
Event: TypeAlias = Any
Mark: TypeAlias = Any
MOST_BYTES = 2**20
MOST_DEPTH = 32
MOST_NODES = 100_000
# A key of 128 characters, each of them escaped, still fits PyYAML's limit of 1024 for a key.
MOST_KEY_LENGTH = 128
# 16^250 ≈ 10^301: every whole number that is accepted is also a finite float64.
MOST_NUMBER_LENGTH = 250
MOST_PROBLEMS = 50


class Reader:
    """One pass over the events of a text. `shift` columns of the first line were put before it."""

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
        """The data. `whole`: the first node must reach to the end, with nothing behind it."""
        self._check_text()
        self.events: Any = yaml.SafeLoader(self.text)
        try:
            data = self._document(whole)
        except yaml.MarkedYAMLError as error:
            self._refuse(*self._reworded(error))
        except (ValueError, OverflowError):
            # PyYAML hands \U escapes to chr() and version numbers to int() without a check.
            what, hint = "no character has this number", "\\U takes eight digits, up to 0010FFFF"
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
            hint = f'remove it, or write it as "\\u{ord(match[0]):04x}" in double quotes'
            if SURROGATE.match(match[0]):
                hint = "it is half a character: is the text UTF-8?"
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
            self._report(end.start_mark, (), "something stands behind the value", _QUOTE)
        return data

    def _node(self, path: KeyPath, depth: int) -> Any:
        event = self.events.get_event()
        self._count(event.start_mark, path)
        if isinstance(event, AliasEvent):
            return self._alias(event, path, depth)
        if event.tag is not None:
            what = f"tags are not allowed, got {event.tag.replace('tag:yaml.org,2002:', '!!')}"
            self._report(event.start_mark, path, what, _TAG)
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
            hint = "write characters beyond U+FFFF as they are, or as \\U and eight digits"
            self._report(event.start_mark, path, "half of a surrogate pair is no text", hint)
        if event.style is not None:
            return text
        if len(text) > MOST_NUMBER_LENGTH and (INTEGER.fullmatch(text) or FLOAT.fullmatch(text)):
            what = f"a number of {len(text):,} characters; the most is {MOST_NUMBER_LENGTH}"
            self._report(event.start_mark, path, what, "quote it if it is text")
            return None
        value = plain_value(text)
        if isinstance(value, float) and math.isinf(value) and "inf" not in text.lower():
            what = f"{text} is beyond the range of float64"
            self._report(
                event.start_mark, path, what, "the largest is about 1.8e308; or write .inf"
            )
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
                self._node(path, depth)
                continue
            place, mark = (*path, key), key_event.start_mark
            if key in entries:
                what = f"the key {_quoted(key)} is given twice, first at {self.positions[place]}"
                self._report(mark, place, what, "keep one of the two")
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
        """The key, or None where it cannot be one, which is reported."""
        event = self.events.peek_event()
        key = self._node(path, depth)
        if not isinstance(key, str):
            what = f"a key must be text, got {kind_of(key)}"
            hint = f'quote it: "{event.value}"' if getattr(event, "value", "") else _KEY_FORM
        elif key == "<<" and getattr(event, "style", "") is None:
            what = "merge keys (<<) are not part of YAML 1.2"
            hint = "write the keys out; an alias can stand for a whole value"
        elif len(key) > MOST_KEY_LENGTH:
            what = f"a key of {len(key)} characters; the most is {MOST_KEY_LENGTH}"
            hint = _KEY_FORM
        else:
            return key
        self._report(event.start_mark, path, what, hint)
        return None

    def _lacks_space(self, key: Event) -> bool:
        """`{patience:5}` is one key without a value, which nobody means."""
        value: Event = self.events.peek_event()
        if not all(
            isinstance(event, ScalarEvent) and event.style is None for event in (key, value)
        ):
            return False
        return ":" in key.value[1:-1] and value.start_mark.index == value.end_mark.index

    def _alias(self, event: Event, path: KeyPath, depth: int) -> Any:
        name, mark = event.anchor, event.start_mark
        if name not in self.anchors:
            hint = f'quote it if it is text: "*{name}"'
            self._report(mark, path, f"no anchor &{name} stands before the alias *{name}", hint)
        elif self.anchors[name] is _OPEN:
            hint = "write the value out"
            self._report(mark, path, f"the alias *{name} stands inside its own anchor", hint)
        else:
            return self._copied(self.anchors[name], mark, path, depth)
        return None

    def _copied(self, value: Any, mark: Mark, path: KeyPath, depth: int) -> Any:
        """A copy for each use, so that no two keys share a list; every copied node counts."""
        if not isinstance(value, list | dict):
            return value
        self._check_depth(mark, path, depth)
        self._count(mark, path, len(value))
        if isinstance(value, list):
            return [self._copied(item, mark, path, depth + 1) for item in value]
        return {key: self._copied(item, mark, path, depth + 1) for key, item in value.items()}

    def _check_depth(self, mark: Mark, path: KeyPath, depth: int) -> None:
        if depth > MOST_DEPTH:
            what = f"nested deeper than {MOST_DEPTH} levels"
            self._refuse(mark, path[:4], what, _BOUNDED)

    def _count(self, mark: Mark, path: KeyPath, nodes: int = 1) -> None:
        self.nodes += nodes
        if self.nodes > MOST_NODES:
            what = f"more than {MOST_NODES:,} values, aliases written out"
            self._refuse(mark, path[:4], what, _BOUNDED)

    def _position(self, mark: Mark) -> Position:
        return Position(mark.line + 1, mark.column + 1 - (0 if mark.line else self.shift))

    def _report(self, mark: Mark, path: KeyPath, what: str, hint: str) -> None:
        self.problems.append(Problem(what, place_of(self.source, self._position(mark), path), hint))

    def _refuse(self, mark: Mark, path: KeyPath, what: str, hint: str) -> NoReturn:
        """Report, and stop: what follows cannot be understood, or should not be read."""
        self._report(mark, path, what, hint)
        raise _refusal(self.problems, self.source)

    def _reworded(self, error: yaml.MarkedYAMLError) -> tuple[Mark, KeyPath, str, str]:
        """The parser's complaint in a user's words: place, path, what, hint."""
        mark: Mark = error.problem_mark or error.context_mark or self.events.get_mark()
        line = self.text.splitlines()[mark.line] if mark.index < len(self.text) else ""
        before = line[: mark.column]
        if line[mark.column : mark.column + 1] == "\t" or (not before.strip() and "\t" in before):
            return mark, (), "a tab where YAML takes only spaces", "use spaces instead"
        complaint = f"{error.context or ''}: {error.problem or ''}"
        if "mapping values are not allowed" in complaint and ":" not in before:
            what = "this line reads as a continuation of the line above"
            return mark, (), what, "is a colon missing there, or is this line indented too far?"
        if "<block end>" in complaint and before.strip():
            return mark, (), "nothing more can stand behind the value", _QUOTE
        for fragment, at_start, what, hint in _SYNTAX:
            if fragment in complaint:
                start: Mark = error.context_mark
                start = start if at_start else None
                if start is not None and start.index < self.shift:
                    return mark, (), "the value is not complete", _UNFINISHED
                return start or mark, (), what, hint
        return mark, (), f"this is not YAML: {error.problem}", _QUOTE


def _refusal(problems: list[Problem], source: str) -> ConfigError:
    shown, rest = problems[:MOST_PROBLEMS], problems[MOST_PROBLEMS:]
    if rest:
        what = f"{len(rest):,} more problems like these"
        shown.append(Problem(what, source, "mend the first ones, and read the file again"))
    return ConfigError(shown)


def check_size(content: str | bytes, source: str) -> None:
    if len(content) > MOST_BYTES:
        what = f"the file is larger than {MOST_BYTES:,} bytes"
        raise ConfigError(what, where=source, hint=_BOUNDED)


def _quoted(text: str) -> str:
    return dotted([abridged(text, 40)])


def kind_of(value: Any) -> str:
    match value:
        case None:
            return "nothing"
        case bool() | int() | float():
            return f"the {'truth value' if isinstance(value, bool) else 'number'} {value}"
        case str():
            return f"the text {_quoted(value)}"
        case _:
            return "a mapping" if isinstance(value, dict) else "a list"


_OPEN = object()
_BOUNDED = "an experiment is a page of text; if data stand here, put them in a file of their own"
_QUOTE = "put text that holds any of : # , [ ] { } & * ! | > ' \" % @ ` in quotes"
_UNFINISHED = f"close every bracket and quote; {_QUOTE}"
_KEY_FORM = "a key is a short word, followed by a colon and a space"
_ESCAPE = r"in double quotes a backslash begins an escape; single quotes keep it: 'C:\data'"
_TAG = "leave it out, or quote text that begins with !"
# What PyYAML says, whether its place is where the construct began, and what is said instead.
_SYNTAX = (
    ("flow sequence", True, "this [ is never closed", "a list is written [1, 2, 3]"),
    ("flow mapping", True, "this { is never closed", "a mapping is written {norm: 1.0}"),
    ("unexpected end of stream", True, "this quote is never closed", "end the text with the same"),
    ("document separator", True, "this quote is never closed", "end the text with the same"),
    ("escape", False, "unknown escape in double quotes", _ESCAPE),
    ("an alias", True, "* begins an alias, and no name follows", 'quote it if it is text: "*.csv"'),
    ("an anchor", True, "& begins an anchor, and no name follows", "quote it if it is text"),
    ("a tag", True, "tags are not allowed", _TAG),
    ("tag handle", True, "tags are not allowed", _TAG),
    ("expected ':'", True, "no colon follows this key", "write `key: value`, with a space"),
    ("mapping values are not allowed", False, "a second colon in one value", _QUOTE),
    (
        "expected <block end>",
        False,
        "this line does not line up with those above it",
        "keys of one section begin in the same column; so do the items of a list",
    ),
    ("sequence entries", False, "no list can begin here", "begin the list on a line of its own"),
    ("mapping keys", False, "no key can stand here", "begin the mapping on a line of its own"),
    ("cannot start any token", False, "no value can begin with this character", _QUOTE),
    ("<document start>", False, "nothing can stand here", _QUOTE),
    ("expected the node content", False, "a value is missing here", _QUOTE),
    ("directive", False, "a line cannot begin with %", "remove the line"),
    ("incompatible YAML document", False, "this is another YAML version", "YAML 1.2 is read"),
)
