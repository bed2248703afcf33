"""Write plain data as YAML: as a file, or on one short line for display."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from gdrun.config.scalars import scalar_text

LINE_WIDTH = 88


def to_yaml(data: Mapping[str, Any]) -> str:
    """Return `data` as YAML text, which YAML 1.1 and YAML 1.2 read as the same data.

    >>> print(to_yaml({"model": {"name": "mlp", "hidden": [64, 32], "l2": 1e-5}}), end="")
    model:
      name: mlp
      hidden: [64, 32]
      l2: 1.0e-05
    """
    lines = _block(dict(data), LINE_WIDTH) if data else ["{}"]
    return "".join(f"{line}\n" for line in lines)


def short_flow(value: Any) -> str:
    """Return `value` as YAML on one line for display, with short numbers.

    gdrun's reader reads the same value from it; other readers of YAML may not.

    >>> short_flow({"lr": 1e-8, "warmup": 5.0, "hidden": [64, 32], "bias": True})
    '{lr: 1e-08, warmup: 5, hidden: [64, 32], bias: true}'
    >>> short_flow({"age": "median", "*": "most_frequent"})
    '{age: median, "*": most_frequent}'
    """
    match value:
        case Mapping():
            entries = (f"{scalar_text(key)}: {short_flow(item)}" for key, item in value.items())
            return f"{{{', '.join(entries)}}}"
        case list() | tuple():
            return f"[{', '.join(map(short_flow, value))}]"
        case float() if math.isfinite(value):
            return float.__repr__(value).removesuffix(".0")
    return scalar_text(value)


def _block(value: Any, width: int) -> Iterator[str]:
    """Yield the YAML lines of a mapping or list. width: the desired length of a line."""
    is_mapping = isinstance(value, Mapping)
    for key, item in value.items() if is_mapping else enumerate(value):
        head = f"{scalar_text(key)}:" if is_mapping else "-"
        inline = _inline(item, width - len(head) - 1)
        if inline is not None:
            yield f"{head} {inline}"
            continue
        lines = _block(item, width - 2)
        yield head if is_mapping else f"{head} {next(lines)}"
        yield from (f"  {line}" for line in lines)


def _inline(value: Any, width: int) -> str | None:
    """Return `value` as YAML on one line; None if it is a mapping or a list that is too long."""
    if isinstance(value, Mapping):
        return None if value else "{}"
    if not isinstance(value, list | tuple):
        return scalar_text(value)
    # A list with a mapping in it needs block style, so the whole list does.
    items = [text for item in value if (text := _inline(item, width)) is not None]
    text = f"[{', '.join(items)}]"
    return text if len(items) == len(value) and (len(text) <= width or not value) else None
