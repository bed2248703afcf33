"""Mutations: random changes that turn a valid file into one that is damaged or hostile.

Each function takes the bytes of a file and a source of random numbers, and returns other bytes. The
same bytes and the same random numbers give the same result.
"""

from __future__ import annotations

import ast
import gzip
import io
import json
import math
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from random import Random
from typing import Any

Mutation = Callable[[bytes, Random], bytes]

MOST_BYTES = 40_000
"""The largest input. Larger ones have tests of their own, with bounds on time and memory."""

NUMBERS = (
    *("0", "-0", "-1", "1", "2", "1e400", "-1e400", "1e308", "5e-324", "1e-400", "nan", "inf"),
    *(".nan", ".inf", "-.inf", "NaN", "-Infinity", "0x1F", "0o17", "1_000", "+1", "1.", ".5"),
    *("2147483648", "4294967296", "9223372036854775807", "9223372036854775808", "-2147483649"),
    *("18446744073709551616", "9" * 33, "9" * 400, "1e15", "1e16", "0.1e1000000000", "1e-5", "00"),
)

TEXTS = (
    *("\0", "\ufeff", "\ud800", "\udfff", "\u2028", "\x85", "\x1b[2J", "\x7f", "\u202e", "é", "\t"),
    *("\r", "\r\n", "\n\n", " ", '"', "'", ",", ";", "|", ":", ": ", "=", "#", "-", "--", "~", "*"),
    *(
        "&a ",
        "*a",
        "<<: *a",
        "!!python/object:os.system x",
        "!!binary eA==",
        "%YAML 9.9\n",
        "---\n",
    ),
    *(
        "...",
        "? ",
        "- ",
        "[",
        "]",
        "{",
        "}",
        "[[[[[[[[",
        "{a: " * 9,
        "]]",
        "|\n",
        ">-\n ",
        "@",
        "`",
    ),
    *("null", "none", "true", "yes", "off", "NA", "?", "None", "2024-02-30", "3/4/2024", "$1,000"),
    *("50%", "name", "path", "lr", "optimizer", "dataset", "missing", "target", "split", "epochs"),
    *("log:1e-300:1e300:9", "lin:0:1:99999999", "../../..", "/dev/zero", "/", ".", "~root", "٣"),
    *("\\x00", "\\ud800", "\\U00110000", "\\", "\\N{DASH}", "𝟙", "a" * 300, "ı", "İ", "ǆ", "​"),
)
"""Words with a meaning in one of the formats, and characters that programs get wrong."""

DICTIONARY = (
    *(text.encode("utf-8", "surrogatepass") for text in NUMBERS + TEXTS),
    *(b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf", b"\xc3\x28", b"\x80", b"\x1f\x8b", b"PK\x03\x04"),
    *(b"PAR1", b"ARROW1", b"\x93NUMPY", b"\x28\xb5\x2f\xfd", b"\0" * 8, b"\xff" * 8),
)

LENGTHS = (0, 1, 2, 7, 8, 127, 128, 255, 256, 2**15, 2**16, 2**31 - 1, 2**31, 2**32 - 1, 2**62)
"""Values for fields that hold a length. 2**63 − 1 and others follow from their negatives."""

VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 2**31, 2**63, -(2**63) - 1, 10**30, 10**400, 0.5, -0.0, 1e308),
    *(math.nan, math.inf, -math.inf, 5e-324, "", "x", "nan", "1", "\0", "\ud800", "a" * 300, "é"),
    *([], {}, [[]], {"": None}, [None], [1, "x"], {"nonfinite": {"x": "nan"}}, "2024-01-01"),
)
"""Values that take the place of a value in a JSON document."""


def changed_bytes(data: bytes, draw: Random) -> bytes:
    """One to six changes of bits, bytes, words, ranges and lengths, anywhere in the file."""
    changed = bytearray(data)
    for _ in range(draw.choice((1, 1, 1, 2, 3, 6))):
        at = draw.randrange(len(changed) + 1)
        width = draw.choice((1, 1, 2, 4, 8, 40))
        match draw.randrange(9):
            case 0 if at < len(changed):
                changed[at] ^= 1 << draw.randrange(8)
            case 1:
                changed[at : at + width] = draw.randbytes(width)
            case 2:
                changed[at:at] = draw.choice(DICTIONARY)
            case 3:
                changed[at : at + width] = draw.choice(DICTIONARY)
            case 4:
                del changed[at : at + draw.choice((1, 2, 8, 100))]
            case 5:
                length = draw.choice(LENGTHS) * draw.choice((1, 1, 1, -1))
                form = draw.choice("<>") + draw.choice("hiq")
                bits = 8 * struct.calcsize(form)
                wrapped = (length + 2 ** (bits - 1)) % 2**bits - 2 ** (bits - 1)
                changed[at : at + bits // 8] = struct.pack(form, wrapped)
            case 6:
                end = min(len(changed), at + draw.randrange(1, 200))
                changed[at:at] = bytes(changed[at:end]) * draw.choice((1, 2, 30))
            case 7:
                other = draw.randrange(len(changed) + 1)
                changed[at : at + width] = changed[other : other + width]
            case _ if draw.randrange(3) == 0:
                del changed[at:]
    return bytes(changed[:MOST_BYTES])


def changed_text(data: bytes, draw: Random) -> bytes:
    """Changes of words, numbers, lines and the encoding of a text."""
    text = data.decode("utf-8", "replace")
    for _ in range(draw.choice((1, 1, 2, 3, 5))):
        lines = text.split("\n")
        at = draw.randrange(len(lines))
        match draw.randrange(8):
            case 0 | 1 | 2:
                text = _other_word(text, draw)
            case 3:
                lines.insert(at, lines[draw.randrange(len(lines))])
                text = "\n".join(lines)
            case 4:
                del lines[at]
                text = "\n".join(lines)
            case 5:
                lines[at] = draw.choice((" ", "  ", "\t", "")) + lines[at].lstrip()
                text = "\n".join(lines)
            case 6:
                place = draw.randrange(len(text) + 1)
                text = text[:place] + draw.choice(NUMBERS + TEXTS) + text[place:]
            case _:
                lines[at] *= draw.choice((2, 3, 50))
                text = "\n".join(lines)[:MOST_BYTES]
    encoding = draw.choice(("utf-8",) * 12 + ("utf-8-sig", "utf-16", "utf-16-be", "latin-1"))
    errors = "surrogatepass" if encoding.startswith("utf") else "replace"
    return text.encode(encoding, errors)[:MOST_BYTES]


def _other_word(text: str, draw: Random) -> str:
    """The text with another word in place of one of its words."""
    start = draw.randrange(len(text) + 1)
    while start and (text[start - 1].isalnum() or text[start - 1] in "._-+"):
        start -= 1
    end = start
    while end < len(text) and (text[end].isalnum() or text[end] in "._-+"):
        end += 1
    word = draw.choice(NUMBERS + TEXTS)
    if draw.randrange(3) == 0 and (words := text.split()):
        word = draw.choice(words).strip(":,;\"'[]{}")
    return text[:start] + word + text[end:]


def changed_json(data: bytes, draw: Random) -> bytes:
    """One to three changes of values, keys and nesting in a JSON document."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return changed_text(data, draw)
    for _ in range(draw.choice((1, 1, 2, 3))):
        document = _changed_value(document, draw)
    return json.dumps(document).encode()[:MOST_BYTES]


def _changed_value(document: Any, draw: Random) -> Any:
    """The document with a change at a random place below it."""
    if isinstance(document, dict) and document and draw.randrange(8):
        key = draw.choice([*document])
        match draw.randrange(12):
            case 0:
                return {name: value for name, value in document.items() if name != key}
            case 1:
                return document | {draw.choice(TEXTS): document[key]}
        return document | {key: _changed_value(document[key], draw)}
    if isinstance(document, list) and document and draw.randrange(8):
        at = draw.randrange(len(document))
        match draw.randrange(10):
            case 0:
                return document[:at] + document[at + 1 :]
            case 1:
                return document[:at] + document[at:] * draw.choice((2, 20))
        return [*document[:at], _changed_value(document[at], draw), *document[at + 1 :]]
    match draw.randrange(12):
        case 0:
            return [document]
        case 1:
            return {"name": document}
        case 2 if isinstance(document, int | float):
            return -document
        case 3 if isinstance(document, int | float):
            return document * draw.choice((2, 1000, 10**15))
    return draw.choice(VALUES)


def changed_lines(data: bytes, draw: Random) -> bytes:
    """A change of one or two of the JSON documents of a file that has one a line."""
    lines = data.split(b"\n")
    for _ in range(draw.choice((1, 2))):
        at = draw.randrange(len(lines))
        lines[at] = draw.choice((changed_json, changed_json, changed_text))(lines[at], draw)
    return b"\n".join(lines)[:MOST_BYTES]


def changed_npy(data: bytes, draw: Random) -> bytes:
    """Another header with a correct length, or other values, in an NPY file."""
    if len(data) < 12 or data[:6] != b"\x93NUMPY" or draw.randrange(4) == 0:
        return changed_bytes(data, draw)
    size = int.from_bytes(data[8:10], "little")
    header, values = data[10 : 10 + size], data[10 + size :]
    if draw.randrange(3) == 0:
        return data[: 10 + size] + changed_bytes(values, draw)
    with suppress(ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        entries = ast.literal_eval(header.decode("latin-1"))
        key = draw.choice(("descr", "shape", "fortran_order"))
        entries[key] = draw.choice(_HEADERS[key])
        header = repr(entries).encode("latin-1", "replace")
    if draw.randrange(4) == 0:
        header = changed_text(header, draw)
    header = header[:60_000]
    return data[:8] + len(header).to_bytes(2, "little") + header + values


_HEADERS: dict[str, tuple[Any, ...]] = {
    "descr": (
        *("<f4", ">f8", "<f2", "<f16", "|O", "|b1", "<i8", "|u1", "<c16", "<U3", "|S5", "|V8"),
        *("<M8[ns]", "<m8[D]", "<U0", "|S0", "|V0", "<U1000000000", "f", "x", "", None, 8, []),
        *([("a", "<f8"), ("b", "<i4")], [("a", "<f8", (2, 2))], [("a", "|O")], "<f8,<f8"),
    ),
    "shape": (
        *((), (0,), (0, 3), (3, 0), (1,), (30,), (30, 1), (2**31, 2**31), (2**62, 8), (-1, 3)),
        *((10**30,), (1,) * 33, (1,) * 70, (True, 3), (2.0, 3), [30, 3], 30, "x", None, (2**50, 3)),
    ),
    "fortran_order": (True, False, 1, 0, None, "no"),
}


def changed_npy_or_json(data: bytes, draw: Random) -> bytes:
    """Changes of the JSON document in an NPY file of one text, or of another NPY file."""
    size = int.from_bytes(data[8:10], "little")
    if b"'<U" not in data[10 : 10 + size] or draw.randrange(5) == 0:
        return changed_npy(data, draw)
    try:
        text = data[10 + size :].decode("utf-32-le")
    except UnicodeDecodeError:
        return changed_bytes(data, draw)
    changed = changed_json(text.encode("utf-8", "surrogatepass"), draw)
    values = changed.decode("utf-8", "replace").encode("utf-32-le", "surrogatepass")
    header = repr({"descr": f"<U{len(values) // 4}", "fortran_order": False, "shape": ()}).encode()
    return data[:8] + len(header).to_bytes(2, "little") + header + values


def changed_archive(member: Mutation) -> Mutation:
    """Changes of the members of a zip archive, with correct checksums; or of the archive itself.

    member: the mutation of a member.
    """

    def changed(data: bytes, draw: Random) -> bytes:
        if draw.randrange(4) == 0:
            return changed_bytes(data, draw)
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                members = [(each, archive.read(each)) for each in archive.namelist()]
        except (zipfile.BadZipFile, ValueError, NotImplementedError, RuntimeError, OSError):
            return changed_bytes(data, draw)
        except (zlib.error, EOFError, struct.error, KeyError):
            return changed_bytes(data, draw)
        if not members:
            return changed_bytes(data, draw)
        at = draw.randrange(len(members))
        name, content = members[at]
        match draw.randrange(8):
            case 0:
                members.pop(at)
            case 1:
                members.append((name, content))
            case 2:
                members[at] = (draw.choice(TEXTS).replace("\0", "_") + name, content)
            case _:
                members[at] = (name, member(content, draw))
        stream = io.BytesIO()
        with (
            warnings.catch_warnings(action="ignore"),  # two members have the same name
            zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive,
        ):
            for each, content in members:
                archive.writestr(each.encode("utf-8", "replace").decode(), content)
        return stream.getvalue()

    return changed


def changed_unpacked(inner: Mutation) -> Mutation:
    """Changes of the content of a gzip file, or of the file itself. inner: of the content."""

    def changed(data: bytes, draw: Random) -> bytes:
        if data[:2] != b"\x1f\x8b":
            return inner(data, draw)
        if draw.randrange(3):
            with suppress(OSError, EOFError, zlib.error):
                return gzip.compress(inner(gzip.decompress(data), draw), 1, mtime=0)
        return changed_bytes(data, draw)

    return changed


def one_of(*mutations: Mutation) -> Mutation:
    """One of these mutations, drawn each time."""

    def changed(data: bytes, draw: Random) -> bytes:
        return draw.choice(mutations)(data, draw)

    return changed


def spliced(data: bytes, other: bytes, draw: Random) -> bytes:
    """The beginning of one file, and the end of another one."""
    return (data[: draw.randrange(len(data) + 1)] + other[draw.randrange(len(other) + 1) :])[
        :MOST_BYTES
    ]


def nested(draw: Random, openings: Sequence[bytes]) -> bytes:
    """A text of many nested brackets. openings: the texts that open a level."""
    return draw.choice(openings) * draw.choice((10, 100, 1000, 20_000))
