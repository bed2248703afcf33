"""Scalars of YAML (text, numbers, truth values and null): conversion from and to text.

Unquoted text is read as in the core schema of YAML 1.2.2, section 10.3. Text is written so that
readers of YAML 1.1 and of YAML 1.2 read the same value from it.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any, TypeAlias

import yaml

Scalar: TypeAlias = str | int | float | bool | None


def plain_value(text: str) -> Scalar:
    """Return the value of unquoted text in the core schema of YAML 1.2.

    >>> [plain_value(text) for text in ("1e-3", "0o17", "no", "~", "12:30")]
    [0.001, 15, 'no', None, '12:30']
    """
    if text in _WORDS:
        return _WORDS[text]
    if INTEGER.fullmatch(text):
        return int(text, _BASES.get(text[:2], 10))
    if FLOAT.fullmatch(text):
        return float(text)
    if _INFINITY.fullmatch(text):
        return -math.inf if text[0] == "-" else math.inf
    return text


def scalar_text(value: Scalar) -> str:
    """Return a value as YAML text, in quotes if needed. Raises TypeError if it is no scalar."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return int.__repr__(value)
    if isinstance(value, float):
        return _float_text(value)
    if isinstance(value, str):
        return value if _is_plain(value) else quoted(value)
    raise TypeError(f"a configuration cannot hold a value of type {type(value).__name__}")


def _float_text(value: float) -> str:
    """Return the shortest text that is read as the same float.

    It has a decimal point, which YAML 1.1 requires.
    """
    if not math.isfinite(value):
        return ".nan" if math.isnan(value) else ".inf" if value > 0 else "-.inf"
    digits, e, exponent = float.__repr__(value).partition("e")
    return f"{digits}{'' if '.' in digits else '.0'}{e}{exponent}"


def _is_plain(text: str) -> bool:
    """Return whether YAML 1.1 and YAML 1.2 read the unquoted text as this same text."""
    return (
        _PLAIN.fullmatch(text) is not None
        and isinstance(plain_value(text), str)
        and text.lower() not in ("y", "n")
        and _YAML_1_1.resolve(yaml.ScalarNode, text, (True, False)) == _TEXT_1_1
    )


def quoted(text: str) -> str:
    """Return the text in double quotes, with escapes, as YAML reads it."""
    # JSON strings are valid in YAML, except that YAML must also escape UNPRINTABLE characters.
    written = json.dumps(text, ensure_ascii=False)
    return UNPRINTABLE.sub(lambda match: f"\\u{ord(match[0]):04x}", written)


def printable(text: str) -> str:
    """Return the text with U+FFFD, the replacement character, for each unprintable character."""
    return UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text)


_WORDS: Mapping[str, Scalar] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
}
_BASES = {"0o": 8, "0x": 16}
INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_INFINITY = re.compile(r"[-+]?\.(inf|Inf|INF)")
_PLAIN = re.compile(r"(\w|\.{0,2}/)([\w ./+-]*[\w./+-])?")
_TEXT_1_1 = "tag:yaml.org,2002:str"
_YAML_1_1: Any = yaml.resolver.Resolver()
SURROGATE = re.compile("[\ud800-\udfff]")
# Everything but YAML's printable characters; also the three that end a line in YAML 1.1 only, and
# a byte order mark inside the text, because readers disagree about what follows them.
UNPRINTABLE = re.compile(
    "[^\t\n\r -~\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
