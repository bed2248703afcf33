"""Values on the command line: one value for KEY=VALUE, or several values for a sweep."""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Callable, Hashable
from fractions import Fraction
from typing import Any, NoReturn, TypeAlias

from gdrun.config.document import parse_flow
from gdrun.errors import ConfigError, Problem, abridged

Number: TypeAlias = int | float

MOST_POINTS = 10_000
# Points between the ends are rounded to ten digits: 0.0177827941 is easier to read and to type than
# 0.017782794100389228, and a relative difference of 5e-10 has no effect on training. The config of
# a run holds the rounded value, so it repeats the run. The ends are not rounded.
DIGITS = 10


def parse_value(
    text: str, key: str | None = None, *, takes_list: Callable[[str], bool] = lambda key: True
) -> Any:
    """Return the value of an override, read as YAML. Raises ConfigError for several values.

    key: the key of the override, for the hint; None if the value cannot be swept. takes_list:
    whether the value of a key can be a list, which only the hint says.

    >>> [parse_value(text) for text in ("1e-3", "bgd", "[64,32]", "{patience: 5}", '"1e-3"', "")]
    [0.001, 'bgd', [64, 32], {'patience': 5}, '1e-3', None]
    """
    values = _items(text)
    if len(values) > 1:
        lists = key is None or takes_list(key)
        _refuse(text, "expected one value, got several", _one_value_hint(text, key, lists))
    return values[0] if values else None


def _one_value_hint(text: str, key: str | None, lists: bool) -> str:
    """How to write a text with commas as one value: a list, a number, or the values of a sweep.

    >>> _one_value_hint("(1,2)", "start", True)
    'for a list write start=[1,2]'
    >>> _one_value_hint("0,2", "lr", False)
    'a number has a decimal point: write lr=0.2'
    """
    assigned = "" if key is None else f"{key}="
    inside = text.strip()
    if lists and inside.startswith("(") and inside.endswith(")"):
        return f"for a list write {assigned}[{inside[1:-1]}]"
    ways = [f"for a list write {assigned}[{text}]"] if lists else []
    if re.fullmatch(r"[-+]?\d+,\d+", inside):
        number = f"a number has a decimal point: write {assigned}{inside.replace(',', '.')}"
        if inside.lstrip("-+").startswith("0"):
            return number  # 1,5 may be a list, but hardly 0,5
        ways.append(number)
    if key is not None:
        ways.append(f"`gdrun sweep {shlex.quote(f'{key}={text}')}` tries several values")
    return "; ".join(ways)


def parse_sweep(text: str) -> list[Any]:
    """Return the values that a sweep tries for one key.

    text: values separated by commas, or a range log:START:STOP:COUNT or lin:START:STOP:COUNT of
    values that are equally spaced on a logarithmic or linear scale. Raises ConfigError if there is
    no value, if a value is listed twice, or if a range is invalid.

    >>> parse_sweep("momentum,adam")
    ['momentum', 'adam']
    >>> parse_sweep("log:1e-3:1:4")
    [0.001, 0.01, 0.1, 1.0]
    """
    spacing = re.match(r"\s*(log|lin):", text)
    values = _spaced(text, spacing[1]) if spacing else _items(text)
    if not values:
        hint = f"write values separated by commas, or a range such as {_EXAMPLES['log']}"
        _refuse(text, "there are no values to try", hint)
    seen: set[Hashable] = set()
    for value in values:
        same = _identity(value)
        if same in seen:
            _refuse(text, f"the value {value} is listed twice", "list each value once")
        seen.add(same)
    return values


def _items(text: str) -> list[Any]:
    if text.strip() == ",":  # the decimal sign, of which the shell has removed the quotes
        return [","]
    if text.rstrip().endswith(","):
        _refuse(text, "no value follows the last comma", "remove the comma")
    try:
        return parse_flow(text, "value")
    except ConfigError as error:
        # The place is the text on the command line, which has no lines and columns.
        raise ConfigError(
            Problem(problem.what, _quoted(text), problem.hint) for problem in error.problems
        ) from None


def _spaced(text: str, spacing: str) -> list[Number]:
    """Return the values of a range SPACING:START:STOP:COUNT.

    text: the range. spacing: log or lin, the scale on which the values are equally spaced.
    """
    parts = [parse_value(part) for part in text.split(":")[1:]]
    form = f"write {spacing}:START:STOP:COUNT, such as {_EXAMPLES[spacing]}"
    if len(parts) != 3 or not all(_is_finite_number(part) for part in parts):
        _refuse(text, "a range needs two finite numbers and a count", form)
    start, stop, count = parts
    if not isinstance(count, int) or not 2 <= count <= MOST_POINTS:
        _refuse(text, f"the count must be a whole number from 2 to {MOST_POINTS:,}", form)
    if spacing == "log" and min(start, stop) <= 0:
        hint = "use lin:START:STOP:COUNT for a range that includes 0 or negative numbers"
        _refuse(text, "the ends of a log range must be positive", hint)
    between = [_POINTS[spacing](start, stop, Fraction(k, count - 1)) for k in range(1, count - 1)]
    rounded = [float(f"{point:.{DIGITS - 1}e}") for point in between]
    # If the ends agree in ten digits, rounded points would be equal, so they are not rounded.
    points = [start, *(rounded if len({start, *rounded, stop}) == count else between), stop]
    if isinstance(start, int) and isinstance(stop, int) and all(p == int(p) for p in points):
        return [int(point) for point in points]
    return [float(point) for point in points]


def _linear(start: Number, stop: Number, share: Fraction) -> float:
    """Return start + (stop − start) · share, rounded once. share: from 0 to 1."""
    # Exact fractions of the decimal text: in floats the middle of −0.3 and 0.3 may not be 0.
    low, high = Fraction(str(start)), Fraction(str(stop))
    return float(low + (high - low) * share)


def _geometric(start: Number, stop: Number, share: Fraction) -> float:
    """Return start^(1 − share) · stop^share. share: from 0 to 1."""
    # Logarithms, because stop / start can overflow.
    exponent = (1 - share) * Fraction(math.log10(start)) + share * Fraction(math.log10(stop))
    return math.pow(10, float(exponent))


def _is_finite_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _identity(value: Any) -> Hashable:
    """Return a key that is equal for values with the same meaning.

    It is equal for 1 and 1.0, but not for 1 and true.
    """
    match value:
        case list():
            return ("list", tuple(map(_identity, value)))
        case dict():
            return ("mapping", frozenset((key, _identity(item)) for key, item in value.items()))
        case float() if math.isnan(value):
            return "nan", None
        case bool() | None | str():
            return type(value), value
        case _:
            return "number", value


def _refuse(text: str, what: str, hint: str) -> NoReturn:
    raise ConfigError(what, where=_quoted(text), hint=hint)


def _quoted(text: str) -> str:
    return repr(abridged(text, 60))


_POINTS: dict[str, Callable[[Number, Number, Fraction], float]] = {
    "lin": _linear,
    "log": _geometric,
}
_EXAMPLES = {"lin": "lin:0.1:0.9:5", "log": "log:1e-4:10:21"}
