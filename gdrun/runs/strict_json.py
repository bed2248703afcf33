"""Strict JSON. A non-finite number is written as null, and `nonfinite` has its kind by key.

    {"loss": inf, "step": 2}  →  {"loss": null, "step": 2, "nonfinite": {"loss": "inf"}}

For a list, `nonfinite` has a list of kinds, null for finite numbers: {"place": [null, "-inf"]}.

Python's json module would write `Infinity`, which is not JSON and which other programs cannot read.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

MOST_BYTES = 2**26
"""The largest size of a file with one document: 64 MiB."""

_KINDS = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


def dumps(document: Any, *, indent: int | None = None) -> str:
    """The document as a text of strict JSON. indent: the spaces for each level; None for one line.

    >>> dumps({"loss": float("inf"), "step": 2})
    '{"loss": null, "step": 2, "nonfinite": {"loss": "inf"}}'
    """
    try:
        return json.dumps(document, allow_nan=False, indent=indent, ensure_ascii=False)
    except ValueError:  # a number is not finite, which is rare: only then look for it
        return json.dumps(_marked(document), allow_nan=False, indent=indent, ensure_ascii=False)


def loads(text: str | bytes) -> Any:
    """The document that a text of strict JSON contains, with its non-finite numbers restored.

    Raises ValueError if the text is not JSON, or an entry `nonfinite` is damaged.

    >>> loads('{"loss": null, "nonfinite": {"loss": "-inf"}}')
    {'loss': -inf}
    """
    try:
        return json.loads(text, object_hook=_restored)
    except (KeyError, TypeError, AttributeError):
        raise ValueError("an entry `nonfinite` is damaged") from None
    except RecursionError:
        raise ValueError("too many nested brackets") from None


def read(file: Path) -> Any:
    """The document in a file of strict JSON, with its non-finite numbers restored.

    Raises OSError if the file cannot be read, and ValueError if it is larger than MOST_BYTES or not
    strict JSON.
    """
    with file.open("rb") as opened:
        content = opened.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise ValueError(f"the file is larger than {MOST_BYTES:,} bytes")
    return loads(content)


def _marked(value: Any) -> Any:
    if isinstance(value, Mapping):
        kinds: dict[str, Any] = {}
        marked = {key: _marked_entry(str(key), item, kinds) for key, item in value.items()}
        return marked | {"nonfinite": kinds} if kinds else marked
    if isinstance(value, list | tuple):
        return [None if _is_nonfinite(item) else _marked(item) for item in value]
    return value


def _marked_entry(key: str, item: Any, kinds: dict[str, Any]) -> Any:
    if _is_nonfinite(item):
        kinds[key] = repr(item)
        return None
    if isinstance(item, list | tuple) and any(map(_is_nonfinite, item)):
        kinds[key] = [repr(entry) if _is_nonfinite(entry) else None for entry in item]
    return _marked(item)


def _is_nonfinite(value: Any) -> bool:
    return isinstance(value, float) and not math.isfinite(value)


def _restored(entry: dict[str, Any]) -> dict[str, Any]:
    kinds = entry.pop("nonfinite", {})
    for key, kind in kinds.items():
        if isinstance(kind, list):
            pairs = zip(entry[key], kind, strict=True)
            entry[key] = [_KINDS[mark] if mark else item for item, mark in pairs]
        else:
            entry[key] = _KINDS[kind]
    return entry
