"""The config of a first experiment as YAML, with the reason for each assumption as a comment."""

from __future__ import annotations

from typing import Any

from gdrun.config.settings import HELD_OUT
from gdrun.config.writing import to_yaml
from gdrun.data.column_report import LEFT_OUT
from gdrun.errors import abridged
from gdrun.study.starting import Start

MOST_COLUMNS = 20
"""The most columns of the file that the comments describe."""


def commented_config(found: Start) -> str:
    """The config of a first experiment as YAML with comments."""
    lines = ["# A first experiment on these data. Check it with `gdrun config check FILE`."]
    lines += ["# The comments say why a value was chosen; change any of them."]
    if found.columns:
        lines += ["#", "# What the columns become (`gdrun inspect` shows more):"]
        for report in found.columns[:MOST_COLUMNS]:
            lines.append(f"#   {_plain(report.name)}: {_plain(report.becomes)}")
        if (more := len(found.columns) - MOST_COLUMNS) > 0:
            lines.append(f"#   and {more} more")
    for key, value in found.config.items():
        lines.append("")
        lines += [f"# {_plain(found.assumed[key])}"] if key in found.assumed else []
        lines += _section(key, value, found)
    return "\n".join(lines) + "\n"


def _section(key: str, value: Any, found: Start) -> list[str]:
    if key != "dataset":
        return to_yaml({key: value}).splitlines()
    lines = ["dataset:"]
    value = _with_left_out(value, found)
    for inner, option in value.items():
        if (reason := found.assumed.get(f"dataset.{inner}")) is not None:
            lines.append(f"  # {_plain(reason)}")
        lines += [f"  {line}" for line in to_yaml({inner: option}).splitlines()]
    if "split" not in value and (drawn := [part for part in HELD_OUT if value.get(part) is None]):
        lines.append(f"  split: {{{', '.join(f'{part}: 0.1' for part in drawn)}}}")
    return lines


def _with_left_out(dataset: dict[str, Any], found: Start) -> dict[str, Any]:
    """The section with the columns that were left out under `ignore`.

    So other files with these columns, such as those of later months, give the same features.
    """
    given = dataset.get("ignore", [])
    ignored = list(given) if isinstance(given, list | tuple) else [given]
    named = [each.name for each in found.columns if each.becomes.startswith(LEFT_OUT)]
    more = [name for name in named if name not in ignored]
    return dataset | {"ignore": [*ignored, *more]} if more else dataset


def _plain(text: str) -> str:
    """A text on one line without control characters, so that it can be a comment."""
    return abridged("".join(sign if sign.isprintable() else "?" for sign in text), 90)
