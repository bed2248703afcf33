"""`gdrun runs`: list, label and delete runs and studies."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gdrun.cli import console, next_steps
from gdrun.cli.experiments import Json
from gdrun.cli.running import RUNS, Out
from gdrun.errors import GdrunError

if TYPE_CHECKING:
    from gdrun.runs.labels import Labels

Words = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[KEY=VALUE]...",
        help="List only runs with these values, such as status=diverged or tags=baseline. Or an "
        "action: tag RUN WORD..., untag RUN WORD..., note RUN TEXT, delete RUN...",
    ),
]
Sort = Annotated[
    str,
    typer.Option(
        "--sort",
        metavar="KEY",
        help="Sort by a column, such as test_loss; -KEY sorts in descending order.",
    ),
]
Where = Annotated[
    str | None,
    typer.Option(
        "--where",
        metavar="SQL",
        help="List only runs that fulfil a condition, such as '\"optimizer.lr\" < 0.1' or "
        "\"status = 'finished'\".",
    ),
]
Columns = Annotated[
    str | None,
    typer.Option(
        "--columns", metavar="KEY,...", help="Show these columns, such as lr,batch_size,test_loss."
    ),
]
Csv = Annotated[bool, typer.Option("--csv", help="Print all columns as CSV.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Delete without confirmation.")]


def runs(
    words: Words = None,
    sort: Sort = "started",
    where: Where = None,
    columns: Columns = None,
    out: Out = RUNS,
    csv: Csv = False,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """List runs and studies, filtered and sorted; tag, note or delete them.

    A run whose budget is used up has the status finished in tables, and exhausted in run.json and
    --json. Filters accept both words.
    """
    words = words or []
    if words and words[0] in _ACTIONS:
        _ACTIONS[words[0]](words[1:], out, yes)
        return
    from gdrun.runs.run_list import differing_settings, list_runs
    from gdrun.study.storage.study_directory import list_studies
    from gdrun.views.run_table import chosen_table, runs_table, studies_table

    rows = list_runs(out, words, sort, where)
    chosen = _chosen(columns, rows)
    filtered = bool(words or where is not None)
    listed = [] if where is not None or csv or chosen else list_studies(out)
    studies = [study for study in listed if all(_is_tagged(study, word) for word in words)]
    if json:
        shown = [{key: row.get(key) for key in ("id", *chosen)} for row in rows] if chosen else rows
        console.print_json({"runs": shown, "studies": studies})
    elif csv:
        sys.stdout.write(_csv(rows, chosen))
    elif rows and (shown_columns := chosen or _with_sorted(sort, rows)):
        console.show(chosen_table(rows, shown_columns))
    elif rows or not studies:
        remedy = "--columns KEY,... shows these"
        differing = differing_settings(rows)
        console.show(runs_table(rows, out, differing, filtered=filtered, remedy=remedy))
    if studies and not json:
        console.show(*([""] if rows else []), studies_table(studies))
    if (rows or studies) and not (json or csv):
        newest = max((*rows, *studies), key=lambda row: str(row["started"]))
        place = [] if out == RUNS else ["-o", str(out)]
        following = next_steps.step("show one", "show", str(newest["id"]), *place)
        console.show(*next_steps.shown(following))


def _is_tagged(study: Mapping[str, Any], condition: str) -> bool:
    """Whether a study fulfils a filter: tags=WORD is the only one that studies have."""
    key, _, word = condition.partition("=")
    return key.strip() == "tags" and word.strip() in study.get("tags", ())


def _chosen(columns: str | None, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The columns of --columns. Raises GdrunError for a column that no run has."""
    if columns is None:
        return []
    from gdrun.runs.run_list import known_key

    chosen = [name.strip() for name in columns.split(",") if name.strip()]
    known = list(dict.fromkeys(key for row in rows for key in row))
    return [known_key(name, known) for name in chosen] if rows else chosen


def _with_sorted(sort: str, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The columns of a table that shows by what the runs are sorted: two results, and this column.

    Empty if the usual table has the column by which the runs are sorted.
    """
    from gdrun.runs.run_list import known_key

    known = list(dict.fromkeys(key for row in rows for key in row))
    key = known_key(sort.removeprefix("-"), known)
    usual = [name for name in ("train_loss", "validation_loss", "test_accuracy") if name in known]
    shown = key in (*usual, "id", "name", "status", "started")
    return [] if shown else [*usual[:2], key]


def _csv(rows: Sequence[Mapping[str, Any]], chosen: Sequence[str]) -> str:
    from gdrun.cli.new_files import csv_text

    names = ["id", *chosen] if chosen else list(dict.fromkeys(key for row in rows for key in row))
    cells = [[_cell(name, row) for name in names] for row in rows]
    return csv_text([names, *cells])


def _cell(name: str, row: Mapping[str, Any]) -> Any:
    """The value of a column for a CSV file. A status is the word that the table shows."""
    from gdrun.config.writing import short_flow
    from gdrun.runs.statuses import status_word

    if name == "status":
        return status_word(row["status"], row.get("rule"))
    value = row.get(name)
    if isinstance(value, dict):
        return short_flow(value)
    return " ".join(map(str, value)) if isinstance(value, list) else value


def _find(word: str, out: Path) -> Path:
    from gdrun.runs.finding import RECORD, STUDY, find_run

    path = find_run(word, out, (RECORD, STUDY))
    if not any((path / record).is_file() for record in (RECORD, STUDY)):
        hint = "only directories with a run.json or a study.json are labelled or deleted"
        raise GdrunError("is neither a run nor a study", where=str(path), hint=hint)
    return path


def _tag(words: list[str], out: Path, yes: bool) -> None:
    from gdrun.runs.labels import add_tags

    run, *tags = _given(words, 2, "tag last baseline")
    path = _find(run, out)
    _say(path, add_tags(path, tags))


def _untag(words: list[str], out: Path, yes: bool) -> None:
    from gdrun.runs.labels import remove_tags

    run, *tags = _given(words, 2, "untag last baseline")
    path = _find(run, out)
    _say(path, remove_tags(path, tags))


def _note(words: list[str], out: Path, yes: bool) -> None:
    from gdrun.runs.labels import write_note

    run, *text = _given(words, 2, "note last 'the rate is too large'")
    path = _find(run, out)
    _say(path, write_note(path, " ".join(text)))


def _delete(words: list[str], out: Path, yes: bool) -> None:
    """Delete the directories of runs and studies, after the user has confirmed it."""
    from shutil import rmtree

    paths = list(dict.fromkeys(_find(word, out) for word in _given(words, 1, "delete last")))
    _require_ended(paths)
    for path in paths:
        console.show(console.unwrapped(str(path)))
    if not yes:
        if not sys.stdin.isatty():
            hint = "add --yes to delete without confirmation"
            raise GdrunError(
                "needs a confirmation that is typed in a terminal",
                where="gdrun runs delete",
                hint=hint,
            )
        typer.confirm("delete these for ever?", abort=True, err=True)
    for path in paths:
        try:
            rmtree(path)
        except OSError as error:
            hint = "check the permissions of the directory"
            what = f"cannot be deleted: {error.strerror}"
            raise GdrunError(what, where=str(path), hint=hint) from None
    directories = "directory" if len(paths) == 1 else "directories"
    console.show(f"deleted {len(paths)} {directories}")


def _require_ended(paths: Sequence[Path]) -> None:
    """Raise GdrunError if one of the runs is still running."""
    from gdrun.runs.finding import RECORD
    from gdrun.runs.run import read_record

    for path in paths:
        if (path / RECORD).is_file() and read_record(path)["status"] == "running":
            hint = "interrupt it first, or wait until it has ended"
            raise GdrunError("the run is still running", where=str(path), hint=hint)


def _given(words: list[str], least: int, example: str) -> list[str]:
    if len(words) < least:
        needed = "the name of a run" if least == 1 else "the name of a run, and a word after it"
        hint = f"write for example `gdrun runs {example}`"
        raise GdrunError(f"needs {needed}", where=f"gdrun runs {example.split()[0]}", hint=hint)
    return words


def _say(path: Path, labels: Labels) -> None:
    from gdrun.runs.labels import labels_words

    console.show(console.unwrapped(f"{path.name}: {labels_words(labels) or 'no labels'}"))


_ACTIONS: dict[str, Callable[[list[str], Path, bool], None]] = {
    "tag": _tag,
    "untag": _untag,
    "note": _note,
    "delete": _delete,
}
"""The function of each action, by its word; any other first word is a filter."""
