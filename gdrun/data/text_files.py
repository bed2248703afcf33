"""Convert text files of rows to plain UTF-8 (decompress and decode), and survey their bytes."""

from __future__ import annotations

import codecs
import gzip
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from gdrun.data.cells import control_character
from gdrun.data.expansion import CHUNK, expand
from gdrun.data.unreadable import require_regular, unreadable
from gdrun.errors import DataError, MissingExtraError

GZIP_MAGIC = b"\x1f\x8b"
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
STANDARD_ZSTD = "compression.zstd"
BLANKS_AND_QUOTES = (b'" ', b' "', b'"\t', b'\t"')
WORD_BYTES = (b"N", b"n", b"?")
"""Each word for a missing value has one of these bytes, except an empty cell and a dash."""


@dataclass(frozen=True)
class Survey:
    """What the bytes of a file contain.

    quotes: the number of the marks ". odd_quotes: whether a " is next to a space or a tab, or the
    number of the marks " is odd. last_underscore, last_word_byte: the position of the last _, and
    of the last of the bytes in WORD_BYTES, counted in bytes from 0; -1 without one. lines: the
    number of lines that end with LF, and one for a line without an end. mixed_line_ends: whether
    the line ends are neither all LF nor all CR LF.
    """

    quotes: int
    last_underscore: int
    last_word_byte: int
    odd_quotes: bool
    lines: int
    mixed_line_ends: bool


@dataclass(frozen=True)
class TextFile:
    """A text file in UTF-8.

    path: the file to read, which may be a temporary copy. where: the user's path, for messages.
    """

    path: Path
    where: str

    @cached_property
    def survey(self) -> Survey:
        """The survey of the bytes. Raises DataError for a NUL byte, which no text contains."""
        size = quotes = 0
        underscore = word_byte = -1
        lines, spaced, ends = 1, False, set()
        last = b""
        with self.path.open("rb") as file:
            while chunk := file.read(CHUNK):
                if b"\0" in chunk:
                    raise _nul(self)
                underscore = max(underscore, _last((b"_",), chunk, size))
                word_byte = max(word_byte, _last(WORD_BYTES, chunk, size))
                size += len(chunk)
                # Python's count takes four times as long where the byte occurs often.
                lines += int(np.count_nonzero(np.frombuffer(chunk, np.uint8) == ord("\n")))
                # The last byte of the previous chunk, so that a pair split between chunks is seen.
                pairs, last = last + chunk, chunk[-1:]
                if b'"' in pairs:
                    quotes += chunk.count(b'"')
                    spaced = spaced or any(pair in pairs for pair in BLANKS_AND_QUOTES)
                if b"\r" in pairs:
                    ends |= _line_ends(pairs)
                elif b"\n" in chunk:
                    ends.add(b"\n")
        odd, mixed = spaced or quotes % 2 == 1, len(ends) > 1 or b"\r" in ends
        return Survey(quotes, underscore, word_byte, odd, lines, mixed)


def _last(wanted: Iterable[bytes], chunk: bytes, start: int) -> int:
    """The position in a file of the last of some bytes in a piece of it; -1 without one.

    start: the position of the first byte of the piece.
    """
    place = max(map(chunk.rfind, wanted))
    return -1 if place < 0 else start + place


def _line_ends(text: bytes) -> set[bytes]:
    """The kinds of line ends in a piece of text. A line end that the piece cuts does not count."""
    pairs = text.count(b"\r\n")
    found = {b"\r\n"} if pairs else set()
    if text.count(b"\r") - text.endswith(b"\r") > pairs:
        found.add(b"\r")
    if text.count(b"\n") - text.startswith(b"\n") > pairs:
        found.add(b"\n")
    return found


@contextmanager
def text_file(path: Path, encoding: str | None = None) -> Iterator[TextFile]:
    """The file as plain UTF-8 text, for the duration of the `with` block.

    A file that is compressed (gzip or zstd, recognised by its first bytes) or that has another
    encoding is written to a temporary directory first. Without `encoding` a file that begins with a
    byte order mark of UTF-16 is read as UTF-16, any other as UTF-8.

    Raises DataError if the file cannot be opened or decompressed, or decoded from another encoding;
    the bytes of a file that is read as UTF-8 are not checked. Raises MissingExtraError if a zstd
    file needs a package that is not installed.
    """
    with TemporaryDirectory(prefix="gdrun-") as folder:
        try:
            yield TextFile(_plain(path, Path(folder), encoding), str(path))
        except OSError as error:
            raise unreadable(path, error) from None


def _plain(path: Path, folder: Path, encoding: str | None) -> Path:
    require_regular(path)
    with path.open("rb") as file:
        head = file.read(4)
    plain = path
    if head.startswith(GZIP_MAGIC):
        plain = _unpacked(path, folder / "unpacked", gzip.open, zlib.error)
    elif head.startswith(ZSTD_MAGIC):
        plain = _unpacked(path, folder / "unpacked", _zstd().open, _zstd().ZstdError)
    if plain is not path:
        with plain.open("rb") as file:
            head = file.read(4)
    if encoding is None and head.startswith(UTF16_MARKS):
        encoding = "utf-16"
    if encoding is None or _is_utf8(encoding):
        return plain
    return _recoded(plain, folder / "recoded", encoding, str(path))


def _unpacked(
    path: Path, plain: Path, opened: Callable[[Path], Any], fault: type[Exception]
) -> Path:
    """Write the decompressed file to `plain`. fault: the error for damaged data."""
    try:
        with opened(path) as source, plain.open("wb") as target:
            expand(source, target, path.stat().st_size, str(path))
    except (EOFError, gzip.BadGzipFile, fault) as error:
        raise DataError(
            f"cannot be decompressed: {error}", where=str(path), hint="download the file again"
        ) from None
    return plain


def _zstd() -> Any:
    """The module that reads zstd: Python's own since 3.14, before that a package.

    Raises MissingExtraError if it is not installed.
    """
    try:
        return import_module(STANDARD_ZSTD)
    except ImportError:
        pass
    try:
        from backports import zstd
    except ImportError:
        raise MissingExtraError("reading zstd files", "zstd") from None
    return zstd


def _recoded(plain: Path, target: Path, encoding: str, where: str) -> Path:
    """Write the text of the file `plain` in UTF-8 to `target`, and return `target`.

    The text is decoded in memory. where: the user's path. Raises DataError if the encoding is
    unknown or wrong.
    """
    try:
        codec = codecs.lookup(encoding)
        text, _ = codec.decode(plain.read_bytes(), "strict")
    except LookupError:
        raise DataError(
            f"no encoding is called {encoding!r}",
            where="dataset.encoding",
            hint="name one such as utf-8, latin-1, windows-1252 or utf-16",
        ) from None
    except UnicodeError as error:
        raise DataError(
            f"is not {encoding} text: {getattr(error, 'reason', error)}",
            where=where,
            hint=f"name another encoding{_such_as(likely_encoding(plain.read_bytes()))}",
        ) from None
    if not isinstance(text, str):
        raise DataError(
            f"{encoding!r} is not an encoding of text",
            where="dataset.encoding",
            hint="name one such as utf-8, latin-1, windows-1252 or utf-16",
        )
    target.write_text(text.removeprefix("\ufeff"), encoding="utf-8", newline="")
    return target


def _is_utf8(encoding: str) -> bool:
    try:
        return codecs.lookup(encoding).name in ("utf-8", "utf-8-sig", "ascii")
    except LookupError:
        return False


def _nul(file: TextFile) -> DataError:
    before, _, _ = file.path.read_bytes().partition(b"\0")
    line = before.count(b"\n") + 1
    return DataError(
        "contains a NUL byte, so it is not text, or it is damaged",
        where=f"{file.where}:{line}",
        hint="save the file as UTF-8 text",
    )


def undecodable(file: TextFile) -> DataError:
    """The error for a file that is not UTF-8, with the line of the first wrong byte."""
    data = file.path.read_bytes()
    try:
        data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line, byte = data.count(b"\n", 0, error.start) + 1, data[error.start]
    return DataError(
        f"is not UTF-8 text: the byte 0x{byte:02x} in this line is wrong",
        where=f"{file.where}:{line}",
        hint=f"save the file as UTF-8, or name its encoding{_such_as(likely_encoding(data))}",
    )


def _such_as(encoding: str | None) -> str:
    if encoding is None:
        return "; it may be damaged, or not be a text file"
    return f", such as encoding: {encoding}"


def likely_encoding(data: bytes) -> str | None:
    """The encoding that text with one byte for each character probably has: cp1252 or latin-1.

    The two differ only in the bytes 0x80 to 0x9f. In cp1252, that of Windows, they are signs such
    as € and quotation marks; in latin-1 they are control characters, which no text has. None if
    the text has control characters in both.

    >>> likely_encoding("Größe".encode("cp1252")), likely_encoding("Preis in €".encode("cp1252"))
    ('latin-1', 'cp1252')
    """
    for encoding in ("latin-1", "cp1252"):
        with suppress(UnicodeDecodeError):
            if control_character(data.decode(encoding)) is None:
                return encoding
    return None


def undecoded_hint(text: str) -> str:
    """The beginning of a hint that suggests the encoding cp1252, that of Windows.

    text: a text with a control character. Empty if cp1252 would not help: if the bytes of the text
    cannot be decoded as cp1252, or would then have a control character too.
    """
    with suppress(UnicodeError):
        if control_character(text.encode("latin-1").decode("cp1252")) is None:
            return "if the file comes from Windows, set encoding: cp1252; or "
    return ""
