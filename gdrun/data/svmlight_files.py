"""svmlight and libsvm files: a target and the features that are not 0 in each line.

    TARGET INDEX:VALUE INDEX:VALUE … # comment

A whole block of lines is checked and converted at once. If it does not have this form, it is read
again line by line, to find the line for the message.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gdrun.array_types import Array, Integers, Numbers
from gdrun.data.several_files import matching_files
from gdrun.data.table import Table
from gdrun.data.text_files import TextFile, text_file
from gdrun.errors import DataError

BLOCK_BYTES = 2**20
"""The number of bytes of text that are converted at once."""

MOST_BYTES = 2**31
"""The largest size of the table in memory, where each 0 takes 8 bytes too: 2 GiB."""

MOST_FEATURES = 2**31 - 1

_COMMENT = re.compile(rb"#[^\n]*")
_QUERY = re.compile(rb"(?<=[ \t])qid:[^\s:]*(?=\s)")
_SPACES = np.zeros(256, dtype=bool)
_SPACES[list(b" \t\r\n\v\f")] = True


@dataclass(frozen=True)
class SparseRows:
    """n rows of a file, in which k values are written; all other values are 0.

    y, counts, lines (n,): the target, the number of written values, and the line of each row.
    indices, values (k,): the feature index and the number of each written value. queries: whether a
    row has a qid.
    """

    y: Numbers
    counts: Integers
    lines: Integers
    indices: Array
    values: Numbers
    queries: bool

    @property
    def rows(self) -> Integers:
        """The row of each value, (k,)."""
        return np.repeat(np.arange(len(self.counts)), self.counts)


def read_svmlight(path: Path) -> Table:
    """A svmlight or libsvm file, plain or compressed; or several, such as data/part-*.svm.

    A line has the target, and the features that are not 0 as INDEX:VALUE with increasing indices.
    The features are called x0, x1, … by their index in the file; without an index 0, the first one
    is x1. The table is kept in memory with its zeros, up to 2 GiB. A comment begins with #. Query
    identifiers (qid:) are left out.

    Raises: DataError if the file cannot be read, if a line has another form or several targets, or
    if the table is too large.
    """
    with ExitStack() as opened:
        files = [opened.enter_context(text_file(file)) for file in matching_files(path)]
        blocks = [block for file in files for block in sparse_blocks(file)]
    rows = sum(len(block.y) for block in blocks)
    filled = [block for block in blocks if len(block.indices)]
    if not rows or not filled:
        raise DataError(
            "has no rows" if not rows else "has no value that is not 0",
            where=str(path),
            hint="each line needs a target and its features, such as 1 3:0.5 7:2",
        )
    first = 0 if any(block.indices.min() == 0 for block in filled) else 1
    width = max(int(block.indices.max()) for block in filled) + 1 - first
    _require_room(rows, width, sum(len(block.indices) for block in filled), path)
    X, start = np.zeros((rows, width)), 0
    for block in blocks:
        X[start + block.rows, block.indices - first] = block.values
        start += len(block.y)
    notes = ("left out the query identifiers (qid:)",)
    return Table(
        name=str(path),
        X=X,
        y=np.concatenate([block.y for block in blocks]),
        feature_names=tuple(f"x{index}" for index in range(first, first + width)),
        target_name="target",
        classes=(),
        notes=notes if any(block.queries for block in blocks) else (),
    )


def _require_room(rows: int, width: int, written: int, path: Path) -> None:
    size = 8 * rows * width
    if size > MOST_BYTES:
        raise DataError(
            f"has {rows:,} rows of {width:,} features with {written:,} nonzero values; as a dense "
            f"table they need {size / 1e9:,.1f} GB, and gdrun reads up to "
            f"{MOST_BYTES / 1e9:.1f} GB",
            where=str(path),
            hint="keep fewer features, such as the most frequent ones, or fewer rows",
        )


def sparse_blocks(file: TextFile) -> Iterator[SparseRows]:
    """The rows of a file in blocks. Raises DataError, with the line, if a line is not svmlight."""
    line, rest = 1, b""
    with file.path.open("rb") as stream:
        while chunk := stream.read(BLOCK_BYTES):
            text, cut, tail = (rest + chunk).rpartition(b"\n")
            rest = tail
            if cut:
                yield _sparse_rows(text + cut, line, file)
                line += text.count(b"\n") + 1
    if rest:
        yield _sparse_rows(rest + b"\n", line, file)


def _sparse_rows(text: bytes, line: int, file: TextFile) -> SparseRows:
    """The rows of whole lines of text. line: the number of the first one."""
    plain = _COMMENT.sub(b"", text) if b"#" in text else text
    queries = b"qid:" in plain
    if queries:
        plain = _QUERY.sub(b"", plain)
    # NumPy ignores a NUL byte at the end of a text, and Python reads 1_000 as a number.
    found = None if b"_" in plain or b"\0" in plain else _converted(plain, line, queries)
    if found is None:
        for number, each in enumerate(plain.split(b"\n"), line):
            _require_form(each, f"{file.where}:{number}")
        raise DataError("is not a svmlight file", where=file.where)
    return found


def _converted(text: bytes, line: int, queries: bool) -> SparseRows | None:
    """The rows of these lines; None if a line has another form.

    Each line has one field more than colons, its first field has no colon, and no field has two.
    So each other field has exactly one colon, between an index and a value.
    """
    signs = np.frombuffer(text, dtype=np.uint8)
    space = _SPACES[signs]
    begins = ~space & np.concatenate(([True], space[:-1]))
    ends = np.flatnonzero(signs == ord("\n"))
    colons = np.flatnonzero(signs == ord(":"))
    fields = np.flatnonzero(begins)
    bounds = np.searchsorted(fields, ends)
    per_line = np.diff(bounds, prepend=0)
    counts = np.diff(np.searchsorted(colons, ends), prepend=0)
    used = per_line > 0
    field_of_colon = np.searchsorted(fields, colons, side="right")
    firsts = (bounds - per_line)[used]
    with_colon = np.zeros(len(fields) + 1, dtype=bool)
    with_colon[field_of_colon - 1] = True
    if (
        (counts[used] != per_line[used] - 1).any()
        or (counts[~used] != 0).any()
        or (np.diff(field_of_colon) == 0).any()
        or with_colon[firsts].any()
    ):
        return None
    try:
        numbers = np.array(text.replace(b":", b" ").split(), dtype="S").astype(np.float64)
    except ValueError:
        return None
    if len(numbers) != len(fields) + len(colons) or not np.isfinite(numbers).all():
        return None
    counts = counts[used]
    sizes = 2 * counts + 1
    at_target = np.cumsum(sizes) - sizes
    pairs = np.delete(numbers, at_target).reshape(-1, 2)
    indices, values = pairs[:, 0], np.ascontiguousarray(pairs[:, 1])
    lines = np.flatnonzero(used) + line
    rows = np.repeat(np.arange(len(counts)), counts)
    unordered = (np.diff(indices) <= 0) & (np.diff(rows) == 0)
    odd = (indices < 0) | (indices > MOST_FEATURES) | (indices != np.floor(indices))
    if unordered.any() or odd.any():
        return None
    return SparseRows(numbers[at_target], counts, lines, indices.astype(np.int32), values, queries)


def _require_form(line: bytes, where: str) -> None:
    """Raise DataError if a line does not have the form of a svmlight file."""
    fields = line.decode("utf-8", "replace").split()
    if not fields:
        return
    target, *features = fields
    if "," in target and _number(target) is None:
        raise DataError(
            f"has several targets, {target!r}: the file is multilabel, which gdrun cannot train",
            where=where,
            hint="keep one target in each line",
        )
    if _number(target) is None:
        what = "begins with a feature" if ":" in target else f"has the target {target!r}"
        hint = "a line begins with its target, a number, such as 1 3:0.5 7:2"
        raise DataError(f"{what}, not with a number", where=where, hint=hint)
    last = -1
    for feature in features:
        index, colon, value = feature.partition(":")
        if not colon or not (index.isascii() and index.isdigit()) or int(index) > MOST_FEATURES:
            what = f"{feature!r} is not a feature: it must be INDEX:VALUE, such as 3:0.5"
            raise DataError(what, where=where, hint="an index is a whole number from 0")
        if _number(value) is None:
            raise DataError(
                f"the value of {feature!r} is not a finite number",
                where=where,
                hint="correct it; a missing value cannot be written in this format",
            )
        if int(index) <= last:
            raise DataError(
                f"the index {index} comes after {last}; the indices of a line must increase",
                where=where,
                hint="sort the features of each line, and write each only once",
            )
        last = int(index)


def _number(text: str) -> float | None:
    """The finite number that a text is; None for another text."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if np.isfinite(number) and "_" not in text else None
