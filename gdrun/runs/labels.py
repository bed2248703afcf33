"""Tags and a note that a user gives to a run or a study: the file labels.json in its directory."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from typing_extensions import TypedDict

from gdrun.errors import GdrunError
from gdrun.runs import strict_json
from gdrun.runs.checked import checked, unreadable
from gdrun.runs.files import cannot_write, write_text
from gdrun.runs.strict_json import dumps

LABELS = "labels.json"


class Labels(TypedDict):
    """The contents of labels.json.

    tags: words, each once, in the order in which they were given. note: a text, empty for no note.
    """

    tags: list[str]
    note: str


def read_labels(directory: Path) -> Labels:
    """The labels of a run or a study; without labels.json they are empty.

    Raises RecordError if the file is damaged or cannot be read.
    """
    file = directory / LABELS
    try:
        document = strict_json.read(file)
    except (FileNotFoundError, NotADirectoryError):
        return {"tags": [], "note": ""}
    except (OSError, ValueError) as error:
        raise unreadable(file, str(error)) from None
    return checked(document, Labels, file)


def add_tags(directory: Path, tags: Sequence[str]) -> Labels:
    """Add tags to a run or a study, and return all its labels.

    Raises GdrunError if a tag is not one word, RecordError if the file cannot be read or written.
    """
    for tag in tags:
        if not tag or any(letter.isspace() or letter in ",=" for letter in tag):
            hint = "write a tag such as paper-3, without spaces, commas and equals signs"
            raise GdrunError("is not a tag", where=repr(tag), hint=hint)
    labels = read_labels(directory)
    return _write(directory, {**labels, "tags": list(dict.fromkeys([*labels["tags"], *tags]))})


def remove_tags(directory: Path, tags: Sequence[str]) -> Labels:
    """Remove tags from a run or a study, and return the labels that are left.

    Raises GdrunError for a tag that the run or study does not have.
    """
    labels = read_labels(directory)
    for tag in tags:
        if tag not in labels["tags"]:
            tags = ", ".join(labels["tags"])
            hint = f"the tags are {tags}" if tags else "there are no tags to remove"
            raise GdrunError(f"has no tag {tag!r}", where=str(directory), hint=hint)
    return _write(directory, {**labels, "tags": [t for t in labels["tags"] if t not in tags]})


def write_note(directory: Path, note: str) -> Labels:
    """Replace the note of a run or a study, and return its labels. An empty note is removed."""
    return _write(directory, {**read_labels(directory), "note": note})


def labels_words(labels: Labels) -> str:
    """The labels as one text, such as `tags baseline paper, note a first try`; empty for none."""
    parts = [f"tags {' '.join(labels['tags'])}"] if labels["tags"] else []
    parts += [f"note {labels['note']}"] if labels["note"] else []
    return ", ".join(parts)


def _write(directory: Path, labels: Labels) -> Labels:
    file = directory / LABELS
    try:
        if labels["tags"] or labels["note"]:
            write_text(file, dumps(labels) + "\n")
        else:
            file.unlink(missing_ok=True)
    except OSError as error:
        raise cannot_write(file, error) from None
    return labels
