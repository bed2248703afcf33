"""Checks of documents from disk: whether they have the keys and types of a TypedDict."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, TypeVar, cast

from annotated_types import Ge, Interval
from pydantic import FiniteFloat, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails
from typing_extensions import TypedDict

from gdrun.config.wording import requirement, shown
from gdrun.errors import RecordError

Shape = TypeVar("Shape")

Count = Annotated[int, Interval(ge=0, lt=2**63)]
"""A whole number from 0 up, below 2**63, which is the limit of int64 arrays."""
Seconds = Annotated[FiniteFloat, Ge(0)]
"""A finite number of seconds from 0 up."""


def checked(document: object, shape: type[Shape], file: Path | str) -> Shape:
    """The document itself, typed as `shape`, a TypedDict.

    The document may have more keys. Raises RecordError for the first key that is missing or whose
    value has the wrong type. file: where the document is from.
    """
    if (wrong := misfit(document, shape)) is not None:
        raise unreadable(file, wrong)
    return cast("Shape", document)


def misfit(document: object, shape: type[Any]) -> str | None:
    """A sentence on the first key that does not match this TypedDict; None if all keys match.

    >>> misfit({"schema_version": "one"}, Versioned)
    "schema_version must be a whole number, got 'one'"
    """
    if shape not in _ADAPTERS:
        _ADAPTERS[shape] = TypeAdapter(shape)
    try:
        # Strict: JSON has types, so the text "1" is not the number 1.
        _ADAPTERS[shape].validate_python(document, strict=True)
    except ValidationError as error:
        return _sentence(error.errors(include_url=False)[0])
    return None


def check_version(document: object, known: int, file: Path) -> None:
    """Raise RecordError if the schema_version of a document is above `known`, or missing."""
    version = checked(document, Versioned, file)["schema_version"]
    if version > known:
        raise RecordError(
            f"was written by a newer gdrun (schema {version})",
            where=str(file),
            hint="python -m pip install --upgrade gdrun",
        )


def unreadable(file: Path | str, reason: str) -> RecordError:
    """The error for a file of a record that is damaged or cannot be opened."""
    hint = "restore the file from a copy, or remove its directory"
    return RecordError(f"cannot be read: {reason}", where=str(file), hint=hint)


class Versioned(TypedDict):
    """The key that the records of runs and of studies share."""

    schema_version: int


_ADAPTERS: dict[type, TypeAdapter[Any]] = {}
"""The validators by type. They are cached, because making one takes milliseconds."""


def _sentence(detail: ErrorDetails) -> str:
    """The sentence on an error of pydantic."""
    key = _key(detail["loc"]) or "the document"
    if detail["type"] == "missing":
        return f"{key} is missing"
    return f"{key} must be {requirement(detail)}, got {shown(detail['input'])}"


def _key(path: tuple[str | int, ...]) -> str:
    """The path of a value, such as rows[1].count, without pydantic's names of union members."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return "".join(part for part in parts if not part.startswith(".list[")).removeprefix(".")
