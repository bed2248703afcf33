"""The columns of a run in one line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

PLURALS = {"category": "categories", "boolean": "booleans"}


def columns_line(columns: Sequence[Mapping[str, Any]]) -> str:
    """The columns of a run in short: how many of each kind are features, and those left out.

    columns: the entries of `data.columns` in run.json.
    """
    used = Counter(column["kind"] for column in columns if column["features"])
    kinds = [_counted(number, kind) for kind, number in used.most_common()]
    left_out = [column["name"] for column in columns if column["becomes"].startswith("left out")]
    line = ", ".join(kinds)
    return f"{line}; left out: {_listed(left_out)}" if left_out else line


def _counted(number: int, kind: str) -> str:
    return f"1 {kind}" if number == 1 else f"{number:,} {PLURALS.get(kind, f'{kind}s')}"


def _listed(names: Iterable[str]) -> str:
    shown = [name or "a column without a name" for name in names]
    return ", ".join(shown[:5]) + (f" and {len(shown) - 5} more" if len(shown) > 5 else "")
