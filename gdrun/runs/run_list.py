"""The list of runs: one row for each run. Rows can be filtered and sorted by any key."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from gdrun.config.document import read_document
from gdrun.config.values import parse_value
from gdrun.errors import GdrunError, Parameter, RecordError, suggestion
from gdrun.problems.metrics import name_of_heading
from gdrun.runs.finding import run_directories
from gdrun.runs.labels import read_labels
from gdrun.runs.record import RunRecord
from gdrun.runs.run import read_record
from gdrun.runs.run_query import matching
from gdrun.runs.statuses import check_status, has_status, rows_for_condition

Row = dict[str, Any]


def list_runs(
    out: Path, filters: Iterable[str] = (), sort: str = "started", where: str | None = None
) -> list[Row]:
    """A row for each run in the directory `out`, with values of its record, config and summary.

    filters: texts KEY=VALUE; only rows that match all of them are returned. sort: KEY, or -KEY for
    descending order; rows without the key are last. where: a condition in SQL on the columns; the
    filter tags=WORD keeps the runs with this tag. A run whose record cannot be read has the status
    `damaged`. The filters and the condition may name a status by the word in run.json, such as
    `exhausted`, or by the word that tables show instead, `finished`. Raises GdrunError if a filter
    is not KEY=VALUE, if no row has the key of a filter or of `sort`, or if no run can have the
    status that is named.
    """
    rows = [_row(path) for path in run_directories(out)]
    known = list(dict.fromkeys(key for row in rows for key in row))
    for text in filters:
        key, equals, value = text.partition("=")
        if not equals:
            raise GdrunError(
                "is not a filter", where=repr(text), hint="write KEY=VALUE, such as status=diverged"
            )
        key = known_key(key, known) if rows else key
        wanted = parse_value(value)
        if key == "status":
            check_status(str(wanted), repr(text))
            rows = [row for row in rows if has_status(row, str(wanted))]
        else:
            rows = [row for row in rows if _equals(row.get(key), wanted)]
    if where is not None:
        short = [row | _short_paths(row) for row in rows]
        asked = rows_for_condition(short, where, Parameter("where"))
        rows = [rows[place] for place in matching(asked, where)]
    key = known_key(sort.removeprefix("-"), known) if known else sort
    missing = [row for row in rows if row.get(key) is None]
    present = [row for row in rows if row.get(key) is not None]
    try:
        present.sort(key=lambda row: row[key], reverse=sort.startswith("-"))
    except TypeError:  # values of different types are compared as text
        present.sort(key=lambda row: str(row[key]), reverse=sort.startswith("-"))
    return present + missing


def differing_settings(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """The settings in which the runs differ, each with its value for every run.

    rows: as `list_runs` returns them. The value is None for a run without the setting. An option
    that some runs lack is compared only among runs that chose the same name for its section: beta
    of momentum is not compared with adam, which has no beta. The rate, which all have, is compared
    among all. Settings with more values come first. Among settings with equally many values, those
    of the optimizer come first, and engine and dtype last.
    """
    keys = dict.fromkeys(key for row in rows for key in row)
    # The sections that choose a name have a column of their own, with the name.
    sections = {key.partition(".")[0] for key in keys if "." in key}
    whole = _compared_whole(rows, keys)
    settings = [
        key
        for key in keys
        if (key in WITHOUT_SECTION or key in sections or "." in key)
        and key.partition(".")[0] not in WITHOUT_EFFECT
        and whole.get(key, True)
        and not any(whole.get(outer) for outer in _outer_keys(key))
    ]
    values = {key: _values(rows, key, sections & keys.keys()) for key in settings}
    several = sorted(
        (key for key in values if len(values[key]) > 1),
        key=lambda key: (-len(values[key]), _rank(key)),
    )
    leaves = [_without_section(key) for key in several]
    return {
        leaf if leaves.count(leaf) == 1 and _is_column(rows, key, leaf) else key: [
            row.get(key) for row in rows
        ]
        for key, leaf in zip(several, leaves, strict=True)
    }


def differing_options(configs: Sequence[dict[str, Any]]) -> dict[str, list[Any]]:
    """The settings in which configs differ, as `differing_settings` has those of runs."""
    return differing_settings([{"status": "", **_leaves(each)} for each in configs])


def _compared_whole(rows: Sequence[Mapping[str, Any]], keys: Iterable[str]) -> dict[str, bool]:
    """For each setting that is a mapping in some runs, whether it is compared as one value.

    It is, if other runs have another value in its place, such as `missing: mean`. Otherwise the
    entries of the mapping are compared, such as split.test.
    """
    # A run without a dataset, for example, has no split.
    sections = [{key.partition(".")[0] for key in row if "." in key} for row in rows]
    found = {}
    for key in keys:
        mappings = [isinstance(row.get(key), dict) for row in rows]
        if any(mappings):
            section = key.partition(".")[0]
            pairs = zip(mappings, sections, strict=True)
            found[key] = any(section in own and not mapping for mapping, own in pairs)
    return found


def _outer_keys(key: str) -> list[str]:
    """The keys of the mappings that contain a setting: dataset.split of dataset.split.test."""
    parts = key.split(".")
    return [".".join(parts[:count]) for count in range(2, len(parts))]


def _without_section(key: str) -> str:
    """The key of a setting without its section: lr of optimizer.lr, seed of seed."""
    return key.partition(".")[2] or key


def _rank(key: str) -> int:
    """The rank of a setting among settings with equally many values; rank 0 comes first."""
    return 0 if key.partition(".")[0] == "optimizer" else 2 if key in ("engine", "dtype") else 1


def _is_column(rows: Sequence[Mapping[str, Any]], key: str, leaf: str) -> bool:
    """Whether a key without its section is the name of a column with the same values."""
    return "." in leaf or all(row.get(leaf) == row.get(key) for row in rows)


WITHOUT_SECTION = ("seed", "engine", "dtype")
"""The settings that are in no section of a config."""

CHOOSING = ("name", "path", "query")
"""The keys in a section of a config whose value is in the column of the section."""

WITHOUT_EFFECT = ("log", "evaluate", "diagnose")
"""The sections of a config that do not change the training."""


def _values(rows: Sequence[Mapping[str, Any]], key: str, named: Collection[str]) -> set[str]:
    """The different values of a key, as texts.

    If a run lacks the key, only runs that chose the same name in the key's section are compared.
    The result is empty if their values are equal. named: the sections that choose a name.
    """
    section, dot, _ = key.partition(".")
    compared = [row for row in rows if row["status"] != "damaged"]
    apart = dot and section in named and not all(key in row for row in compared)
    by_name: dict[str, set[str]] = {}
    for row in compared:
        name = str(row.get(section)) if apart else ""
        by_name.setdefault(name, set()).add(str(row.get(key)))
    return {value for found in by_name.values() if len(found) > 1 for value in found}


def _row(path: Path) -> Row:
    try:
        record = read_record(path)
        labels = read_labels(path)
        # Runs of earlier versions have their config only as YAML, which takes longer to read.
        config = record.get("config") or read_document(path / "config.yaml").data
    except GdrunError:
        return {"id": path.name, "status": "damaged", "started": ""}
    row: Row = {
        "id": record["id"],
        "name": record["name"],
        "status": record["status"],
        "started": record["started"],
        "seed": record["seed"],
        "tags": labels["tags"],
        "note": labels["note"] or None,
    }
    row |= _leaves(config)
    summary = dict(record["summary"] or {})
    metrics: Any = summary.get("metrics", {})
    row |= {f"{part}_{name}": each for part in metrics for name, each in metrics[part].items()}
    nested = {"best", "metrics", "baseline", "confusion", "recalls"}
    summary = {key: value for key, value in summary.items() if key not in nested}
    computed = {"dtype": config.get("dtype"), "engine": record["engine"]}
    return row | summary | {"rule": _rule(record)} | computed


def _short_paths(row: Row) -> Row:
    """The entries of mappings by their paths without the section, such as split.test."""
    return {_without_section(key): row[key] for key in row if key.count(".") > 1}


def _equals(value: Any, wanted: Any) -> bool:
    return wanted in value if isinstance(value, list) and wanted != value else value == wanted


def _leaves(config: dict[str, Any]) -> Row:
    """The entries of a config as columns of the list of runs.

    The key of a section gives the name chosen in it, such as adam for optimizer. The key of an
    option is its dotted path, such as optimizer.lr; and also the last part of the path, if no other
    option has the same last part. A mapping, such as dataset.split, is a column, and each of its
    entries as well, such as dataset.split.test.
    """
    row: Row = {}
    for section, value in config.items():
        if not isinstance(value, dict):
            continue
        for key, item in value.items():
            if key in CHOOSING:
                row[section] = item
            else:
                row |= _nested(f"{section}.{key}", item)
    options = [path for path in row if path.count(".") == 1]
    leaves = [path.split(".")[-1] for path in options]
    for path, leaf in zip(options, leaves, strict=True):
        if leaves.count(leaf) == 1:
            # setdefault: an option must not replace a section of the same name.
            row.setdefault(leaf, row[path])
    return row


def _nested(path: str, value: Any) -> Row:
    """The value of a path, and if it is a mapping, also those of the paths inside it."""
    found = {path: value}
    for key, item in value.items() if isinstance(value, dict) else ():
        found |= _nested(f"{path}.{key}", item)
    return found


def _rule(record: RunRecord) -> str | None:
    return record["stop"]["rule"] if record["stop"] else None


def known_key(key: str, known: list[str]) -> str:
    """The key in a row of the list for a key or the heading of a column, such as val_loss.

    The keys of a config that choose a section's name, such as model.name and dataset.path, mean the
    column of the section. The last parts of a path, such as split.test, mean the only path that
    ends with them. known: the keys of all rows. Raises RecordError if the key is not among them.
    """
    ending = [each for each in known if each.endswith(f".{key}")]
    full = key if key in known else ending[0] if len(ending) == 1 else name_of_heading(key)
    section, _, leaf = key.rpartition(".")
    if leaf in CHOOSING and section in known:
        full = section
    if full not in known:
        hint = suggestion(key, known, most_listed=12)
        raise RecordError(f"there is no column or setting {key!r}", hint=hint)
    return full
