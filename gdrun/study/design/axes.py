"""The axes of a sweep: each is a key and the values to try for it.

    lr=0.1,0.01    lr=log:1e-4:10:21    optimizer=momentum,adam    lr

A key without values gets a default range: for a positive number, powers of √10 times its current
value; for a decay rate such as beta, 0 to 0.99; for a penalty, 0 to 0.1; for a batch size, powers
of four; for a name, every name that can be chosen.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args, get_origin

import numpy as np
from annotated_types import Gt

from gdrun.config.experiment import FIXED, Experiment
from gdrun.config.key_paths import resolve_key
from gdrun.config.loading import load
from gdrun.config.option_models import option_of
from gdrun.config.overrides import Override, apply, swept_values
from gdrun.config.sections import SECTIONS
from gdrun.errors import ConfigError, Problem
from gdrun.methods.definitions import Decay, Growth, NonNegative, Option, Positive, Rate
from gdrun.study.design.axis_words import Given, axis_words

Spacing = Literal["log", "lin"]
Path = tuple[str, ...]

DECADES_BELOW, DECADES_ABOVE = 3, 2
"""The default range of a positive number, in decades below and above its current value."""

DECAYS = (0.0, 0.5, 0.8, 0.9, 0.95, 0.99)
PENALTIES = (0.0, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1)
BATCH_SIZES = (1, 4, 16, 64, 256)


@dataclass(frozen=True)
class Axis:
    """One swept key with the values to try, in the order given.

    key: the dotted path, such as optimizer.lr. spacing: "log" or "lin" if the values were given as
    a range, from which a random search may also draw other values; None for a list of values.
    drawn: whether a random search draws the values that are tried; then `values` are those of the
    list, or the ends of the range and perhaps values between them.
    """

    key: str
    values: tuple[Any, ...]
    spacing: Spacing | None = None
    drawn: bool = False

    @property
    def numeric(self) -> bool:
        """Whether all values are numbers, so that they have an order."""
        kinds = (int, float)
        # bool is a subclass of int, but has no order that a range could extend.
        return all(isinstance(v, kinds) and not isinstance(v, bool) for v in self.values)

    @property
    def leaf(self) -> str:
        """The last part of the key, such as lr, which is the heading of its column in tables."""
        return self.key.rpartition(".")[2]

    def draw(self, rng: np.random.Generator) -> Any:
        """A random value: uniform in a range (log-uniform for log:), or one value of a list."""
        if self.spacing is None:
            return self.values[int(rng.integers(len(self.values)))]
        low, high = self.values[0], self.values[-1]
        share = rng.random()
        if self.spacing == "log":
            drawn = math.exp((1 - share) * math.log(low) + share * math.log(high))
        else:
            drawn = (1 - share) * low + share * high
        # Four digits are easy to read and to type; the run uses exactly the value that is shown.
        whole = all(isinstance(value, int) for value in self.values)
        return round(drawn) if whole else float(f"{drawn:.4g}")


def parse_axis(text: str, experiment: Experiment, *, drawn: bool = False) -> Axis:
    """Return the axis that a text describes: KEY=VALUES, or KEY alone for a default range.

    An SQL query is one value, although it may contain commas; several queries must each be quoted.

    experiment: the base of the sweep; some default ranges depend on its value for the key. drawn:
    whether the values are drawn from a range, which then needs no count: lr=log:1e-4:0.1.
    Raises ConfigError if the key or a value is wrong, or the key has no default range.
    """
    key, equals, values = text.partition("=")
    path = _path(key.strip(), text, experiment)
    if not equals:
        return default_axis(path, experiment, where=repr(text))
    try:
        return axis_of(path, values, drawn=drawn)
    except ConfigError as error:
        at_text = (Problem(each.what, repr(text), each.hint) for each in error.problems)
        raise ConfigError(at_text) from None


def axes_of(given: Given, experiment: Experiment, *, drawn: bool = False) -> tuple[Axis, ...]:
    """Return the axes of a sweep, from texts such as lr=0.1,1 or from a mapping of keys to values.

    experiment: the base of the sweep. drawn: whether the values are drawn from a range, which then
    needs no count: lr=log:1e-4:0.1. Raises ConfigError with every problem of every axis.
    """
    axes: list[Axis] = []
    problems: list[Problem] = []
    words = axis_words(given)
    names = swept_names(words)
    for each in words:
        try:
            base = _with_key(each.key, experiment, names)
            if each.values is None:
                axes.append(parse_axis(each.text, base, drawn=drawn))
            else:
                path = _path(each.key, each.text, base)
                axes.append(axis_of(path, each.values, drawn=drawn))
        except ConfigError as error:
            problems.extend(error.problems)
    keys = [axis.key for axis in axes]
    twice = dict.fromkeys(key for key in keys if keys.count(key) > 1)
    hint = "write all its values in one list"
    problems += [Problem("is swept twice", key, hint) for key in twice]
    if problems:
        raise ConfigError(problems)
    return tuple(replace(axis, drawn=drawn) for axis in axes)


def swept_names(given: Given) -> list[Override]:
    """The overrides for the names that a sweep tries, such as optimizer=adam.

    given: texts such as optimizer=adam,momentum, or a mapping of keys to values. Wrong values are
    left out here; `axes_of` raises their errors.
    """
    names: list[Override] = []
    for each in axis_words(given):
        section = each.key.removesuffix(".name")
        if section in SECTIONS and not each.is_open:
            values = each.text.partition("=")[2] if each.values is None else each.values
            with suppress(ConfigError):
                axis = axis_of((section,), values)
                names += [Override(section, name, each.text) for name in axis.values]
    return names


def _with_key(key: str, experiment: Experiment, names: Sequence[Override]) -> Experiment:
    """The experiment; if it lacks the key, the experiment with the first name that has the key.

    names: overrides such as optimizer=adam. If none of them leads to the key, the experiment is
    returned unchanged.
    """
    if not resolve_key(key, experiment.plain()):
        for name in names:
            with suppress(ConfigError):
                chosen = load(experiment, [name])
                if resolve_key(key, chosen.plain()):
                    return chosen
    return experiment


def axis_of(path: Path, values: Any, *, drawn: bool = False) -> Axis:
    """Return the axis of a key. values: a text such as log:1e-4:10:21, a list, or an array.

    drawn: whether the values are drawn from a range, which then needs no count: log:1e-4:0.1.
    Raises ConfigError if the text cannot be read, or the values are not a list of different values.
    """
    key = ".".join(path)
    if isinstance(values, str):
        _refuse_ends(values, key, drawn=drawn)
        if drawn and _UNCOUNTED.fullmatch(values.strip()):
            values = f"{values.strip()}:2"  # the two ends
        spacing: Any = word if (word := values.partition(":")[0].strip()) in _SPACINGS else None
        return Axis(key, tuple(swept_values(key, values)), spacing)
    # NumPy numbers become Python numbers, which YAML and JSON can write.
    plain = values.tolist() if hasattr(values, "tolist") else values
    if not isinstance(plain, Iterable):
        raise ConfigError(
            f"needs several values, got {plain!r}", where=key, hint="write a list, such as [0.1, 1]"
        )
    listed = list(plain)
    if not listed:
        raise ConfigError(
            "the list of values is empty",
            where=key,
            hint="write the values to try, such as [0.1, 1]",
        )
    # repr, because a value may be a list or a mapping, which cannot be hashed.
    counts = Counter(map(repr, listed))
    if twice := [value for value, times in counts.items() if times > 1]:
        what = f"the value {twice[0]} is listed twice"
        raise ConfigError(what, where=key, hint="list each value once")
    return Axis(key, tuple(listed))


def has_only_ends(text: str) -> bool:
    """Whether a text has the ends of a range without its spacing, such as 1e-4..1 or 1e-4:1:9."""
    return _ENDS.fullmatch(text.strip()) is not None


def _refuse_ends(text: str, key: str, *, drawn: bool) -> None:
    """Raise ConfigError if a text has only the ends of a range, such as 1e-4..1 or 1e-4:1:9.

    drawn: whether a random search draws from the range, which then needs no count.
    """
    found = _ENDS.fullmatch(text.strip())
    if found is None:
        return
    low, high, count = found["low"], found["high"], found["count"] or "9"
    ends = (float(low), float(high))
    spacing = "log" if min(ends) > 0 and max(ends) >= 10 * min(ends) else "lin"
    written = f"write {key.rpartition('.')[2]}={spacing}:{low}:{high}"
    hint = written if drawn else f"{written}:{count} for {count} values"
    what = f"the range {text.strip()!r} lacks its spacing, log or lin"
    raise ConfigError(what, where=key, hint=hint)


def default_axis(path: Path, experiment: Experiment, where: str) -> Axis:
    """Return the axis of a key that is given without values, with the default range of its type.

    experiment: the base of the sweep, with the current value of the key. where: the text of the
    axis, for the error. Raises ConfigError if the key has no default range.
    """
    key = ".".join(path)
    if len(path) == 1 and path[0] in SECTIONS:
        return Axis(key, tuple(SECTIONS[path[0]].registry))
    option = _option(path, experiment)
    if option is not None:
        current = _current_value(path, experiment, option)
        if (values := _default_values(option, current)) is not None:
            return Axis(key, values, "log" if option.annotation in (Positive, Rate) else None)
    hint = f"write the values to try, such as {path[-1]}=…,… or {path[-1]}=lin:START:STOP:COUNT"
    raise ConfigError(f"{key} has no default range", where=where, hint=hint)


def around(value: float) -> tuple[float, ...]:
    """Numbers from value / 1000 to 100 · value, each √10 times the one before.

    >>> around(0.1)[:3], around(0.1)[-1]
    ((0.0001, 0.0003162, 0.001), 10.0)
    """
    halves = range(-2 * DECADES_BELOW, 2 * DECADES_ABOVE + 1)
    return tuple(float(f"{value * 10 ** (half / 2):.4g}") for half in halves)


def grid(axes: Sequence[Axis]) -> list[dict[str, Any]]:
    """Every combination of one value of each axis, by key; the last axis changes fastest."""
    combinations: list[dict[str, Any]] = [{}]
    for axis in axes:
        combinations = [{**one, axis.key: value} for one in combinations for value in axis.values]
    return combinations


def sample(axes: Sequence[Axis], count: int, seed: int) -> list[dict[str, Any]]:
    """`count` different random combinations of one value of each axis, by key.

    The result has fewer if not so many exist. The first combinations do not depend on `count`, so
    that a resumed search can have more trials.
    """
    rng = np.random.default_rng([seed, len(axes)])
    drawn: dict[str, dict[str, Any]] = {}
    for _ in range(20 * count):  # a list may have fewer combinations than `count`
        one = {axis.key: axis.draw(rng) for axis in axes}
        drawn.setdefault(repr(one), one)
        if len(drawn) == count:
            break
    return list(drawn.values())


_SPACINGS = get_args(Spacing)

_NUMBER = r"[-+]?(?:\d+\.?\d*?|\.\d+)(?:[eE][-+]?\d+)?"
_ENDS = re.compile(
    rf"(?P<low>{_NUMBER})\s*(?:\.{{2,3}}|…|:)\s*(?P<high>{_NUMBER})(?::(?P<count>\d+))?"
)
"""A range that lacks its spacing, and perhaps the number of its values."""

_UNCOUNTED = re.compile(rf"(?:log|lin):\s*{_NUMBER}\s*:\s*{_NUMBER}")
"""A range without the number of its values."""


def _path(key: str, text: str, experiment: Experiment) -> Path:
    found = resolve_key(key, experiment.plain())
    if found == [("seed",)]:
        hint = "`seeds=K` runs every setting under K seeds and compares their medians"
        what = "the seed cannot be swept: the best seed would be luck"
        raise ConfigError(what, where=repr(text), hint=hint)
    if len(found) == 1:
        return found[0]
    # An unknown or ambiguous key: `apply` raises the error that names the similar keys.
    apply(experiment.plain(), [Override(key, None, text)], lambda path: "")
    raise AssertionError(f"{key} is ambiguous, but `apply` accepted it")


def _option(path: Path, experiment: Experiment) -> Option | None:
    """The option that a path sets, with its type and bounds; None if the path sets no option."""
    section, leaf = path[0], path[-1]
    if section in experiment.sections and len(path) == 2:
        kind, chosen = SECTIONS[section], getattr(experiment, section)
        return kind.options(kind.definition(chosen), chosen.options).get(leaf)
    if section in FIXED and len(path) == 2:
        return option_of(FIXED[section], leaf)
    return None


def _current_value(path: Path, experiment: Experiment, option: Option) -> Any:
    section = getattr(experiment, path[0])
    value = section[path[1]] if path[0] in SECTIONS else getattr(section, path[1])
    return option.default if value is None else value


def _default_values(option: Option, current: Any) -> tuple[Any, ...] | None:
    """The values that a sweep tries for an option by default; None if there are none.

    The values depend on the type and the bounds of the option. current: the value of the option in
    the base of the sweep.
    """
    annotation = option.annotation
    if get_origin(annotation) is Literal:
        return get_args(annotation)
    if annotation is bool:
        return (False, True)
    if option.name == "batch_size":
        return BATCH_SIZES
    if annotation == Decay:
        return DECAYS
    if annotation == NonNegative and option.name in ("l2", "weight_decay"):
        return PENALTIES
    positive = annotation in (Positive, Rate) or (
        annotation != Growth and any(isinstance(mark, Gt) for mark in get_args(annotation)[1:])
    )
    if positive and option.varies and isinstance(current, float) and current > 0:
        return around(current)
    return None
