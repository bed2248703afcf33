"""The bound on what compressed data may expand to.

A file of a few megabytes can expand to many gigabytes (a decompression bomb), and would fill the
memory or the disk. Data of more than LARGE bytes that are more than MOST_TIMES times as large as
their compressed form are refused. Tables and images stay far below this ratio. The method deflate,
which gzip and ZIP use, can reach 1,032.
"""

from __future__ import annotations

from typing import IO, Protocol

from gdrun.errors import DataError

LARGE = 2**29
"""Up to this size in bytes, data may expand by any ratio: 512 MiB."""

MOST_TIMES = 200
"""The largest ratio of the size of larger data to the size of their compressed form."""

CHUNK = 2**20


class Source(Protocol):
    """A stream to read from, such as a GzipFile."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; none at the end."""


def require_expandable(packed: int, unpacked: int, where: str, unpacking: str) -> None:
    """Raise DataError if `packed` bytes expand to too many bytes, `unpacked`.

    Too many are more than LARGE bytes, and more than MOST_TIMES · packed. where: the file.
    unpacking: what the user can do if the data are good, for the hint.
    """
    if unpacked > LARGE and unpacked > MOST_TIMES * packed:
        raise DataError(
            f"expands to more than {MOST_TIMES} times its size of {packed:,} bytes, as damaged "
            "files and files made to fill the memory do",
            where=where,
            hint=f"if the data are good, {unpacking}",
        )


def expand(source: Source, target: IO[bytes], packed: int, where: str) -> None:
    """Copy the decompressed bytes of `source` to `target`.

    packed: the number of compressed bytes. where: the file. Raises DataError if there are more than
    LARGE bytes, and more than MOST_TIMES · packed.
    """
    unpacked = 0
    while chunk := source.read(CHUNK):
        unpacked += len(chunk)
        require_expandable(packed, unpacked, where, "unpack it, and give the unpacked file")
        target.write(chunk)
