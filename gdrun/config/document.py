"""Configuration documents: data from a file or a text, with the position of each key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gdrun.config.places import KeyPath, Position, place_of
from gdrun.config.reader import MOST_BYTES, Reader, check_size, kind_of
from gdrun.config.scalars import printable
from gdrun.errors import ConfigError, near_files
from gdrun.methods.plugins import loading


@dataclass(frozen=True)
class Document:
    """The plain data of a config, with the place where each value was written.

    data: dicts, lists and scalars. source: the name of the file or text in messages. positions: the
    line and column of each key and list item, by its path.
    """

    data: dict[str, Any]
    source: str
    positions: Mapping[KeyPath, Position] = field(default_factory=dict)

    def where(self, path: Sequence[str | int] = ()) -> str:
        """Return the place of a key in the source, for an error message.

        path: the keys from the top level down to this key. If the source does not contain it, the
        position is that of the last key on the path that the source contains.

        >>> Document({}, "a.yaml", {("schedule",): Position(12, 1)}).where(("schedule", "warmup"))
        'a.yaml:12:1 schedule.warmup'
        """
        known = (self.positions.get(tuple(path[:end])) for end in range(len(path), 0, -1))
        return place_of(self.source, next(filter(None, known), None), path)


def read_document(path: Path) -> Document:
    """Return the document in the file at `path`.

    Raises ConfigError if the file cannot be read, and, with all problems, if it is not valid YAML,
    or not a mapping.
    """
    path = Path(path)
    if path.suffix == ".py":
        hint = f"a Python file is a plugin: {loading(path)}"
        raise ConfigError("is not a config", where=str(path), hint=hint)
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        raise ConfigError(
            "there is no such file", where=str(path), hint=_near_experiments(path)
        ) from None
    except IsADirectoryError:
        hint = _near_experiments(path / "experiment.yaml")
        raise ConfigError("this is a directory, not a file", where=str(path), hint=hint) from None
    except (OSError, ValueError) as error:  # ValueError: the name contains a NUL byte
        reason = getattr(error, "strerror", None) or str(error)
        hint = "check the name and the permissions of the file"
        what = f"the file cannot be read: {reason}"
        raise ConfigError(what, where=printable(str(path)), hint=hint) from None
    check_size(content, str(path))
    return parse_document(_decode(content, str(path)), str(path))


def parse_document(text: str, source: str) -> Document:
    """Return the document in `text`, which is YAML. source: the name of the text in messages.

    Raises ConfigError with all problems if the text is not valid YAML, or not a mapping.
    """
    reader = Reader(text, source)
    data = reader.read()
    if data is None:
        hint = "`gdrun config new` writes a starter file"
        raise ConfigError("the file is empty", where=source, hint=hint)
    if not isinstance(data, dict):
        raise ConfigError(
            f"expected keys and values, got {kind_of(data)}",
            where=source,
            hint="write lines of the form `key: value`, such as `optimizer: adam`",
        )
    return Document(data, source, reader.positions)


def parse_flow(text: str, source: str) -> list[Any]:
    """Return the values in `text`, which are separated by commas, as in a YAML list [1, 2].

    The text has no brackets around the values. source: the name of the text in messages. Raises
    ConfigError if the text is not valid YAML.
    """
    return list(Reader(f"[{text}]", source, shift=1).read(whole=True))


def _decode(content: bytes, source: str) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8")) + 1
        place = place_of(source, Position(before.count(b"\n") + 1, column), ())
        what = f"the file is not UTF-8: byte 0x{content[error.start]:02x}"
        raise ConfigError(what, where=place, hint="save the file with the encoding UTF-8") from None


def _near_experiments(path: Path) -> str:
    return near_files(path, (".yaml", ".yml")) or "`gdrun config new` writes a starter file"
