"""The axes of a sweep: which key, and the values to try along it.

    lr=0.1,0.01    lr=log:1e-4:10:21    optimizer=momentum,adam    lr

A bare key takes a range that suits its kind: a positive number half-decades around its present
value, a share of the past the usual ones, a batch size powers of four, a name every name there is.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

import numpy as np
from annotated_types import Gt

from gdrun.config.catalogue import option_of
from gdrun.config.experiment import FIXED, Experiment
from gdrun.config.overrides import Override, apply, resolve_key
from gdrun.config.sections import SECTIONS
from gdrun.config.values import parse_sweep
from gdrun.errors import ConfigError, Problem
from gdrun.methods.definitions import Decay, Growth, NonNegative, Option, Positive, Rate

Spacing = Literal["log", "lin"]
Path = tuple[str, ...]

DECADES_BELOW, DECADES_ABOVE = 3, 2
SHARES = (0.0, 0.5, 0.8, 0.9, 0.95, 0.99)
PENALTIES = (0.0, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1)
BATCH_SIZES = (1, 4, 16, 64, 256)


@dataclass(frozen=True)
class Axis:
    """One swept key: its dotted path, and its values in the order given.

    spacing: how a range was spaced, which a random search draws from; None for a list.
    """

    key: str
    values: tuple[Any, ...]
    spacing: Spacing | None = None

    @property
    def numeric(self) -> bool:
        """Whether the values are numbers, which have an order."""
        kinds = (int, float)
        return all(isinstance(v, kinds) and not isinstance(v, bool) for v in self.values)

    @property
    def leaf(self) -> str:
        """The short name of the key, as a table heads its column."""
        return self.key.rpartition(".")[2]

    def draw(self, rng: np.random.Generator) -> Any:
        """One value: uniform along a range, or any of a list."""
        if self.spacing is None:
            return self.values[int(rng.integers(len(self.values)))]
        low, high = self.values[0], self.values[-1]
        share = rng.random()
        if self.spacing == "log":
            drawn = math.exp((1 - share) * math.log(low) + share * math.log(high))
        else:
            drawn = (1 - share) * low + share * high
        # Four digits are easy to read and to type again, and the run is repeated from them.
        whole = all(isinstance(value, int) for value in self.values)
        return round(drawn) if whole else float(f"{drawn:.4g}")


def parse_axis(text: str, experiment: Experiment) -> Axis:
    """The axis that KEY=VALUES, or a bare KEY, stands for on this experiment."""
    key, equals, values = text.partition("=")
    path = _path(key.strip(), text, experiment)
    if not equals:
        return default_axis(path, experiment, where=repr(text))
    try:
        return axis_of(path, values)
    except ConfigError as error:
        hinted = (Problem(found.what, repr(text), found.hint) for found in error.problems)
        raise ConfigError(hinted) from None


def axes_of(given: Mapping[str, Any] | Iterable[str], experiment: Experiment) -> tuple[Axis, ...]:
    """The axes of a sweep, from texts or from a mapping of keys to values.

    Raises ConfigError with everything that is wrong.
    """
    axes: list[Axis] = []
    problems: list[Problem] = []
    words = given.items() if isinstance(given, Mapping) else ((text, None) for text in given)
    for word, values in words:
        try:
            if values is None:
                axes.append(parse_axis(word, experiment))
            else:
                axes.append(axis_of(_path(word, word, experiment), values))
        except ConfigError as error:
            problems.extend(error.problems)
    keys = [axis.key for axis in axes]
    twice = dict.fromkeys(key for key in keys if keys.count(key) > 1)
    problems += [Problem("is swept twice", key, "give all its values at once") for key in twice]
    if problems:
        raise ConfigError(problems)
    return tuple(axes)


def axis_of(path: Path, values: Any) -> Axis:
    """An axis from values: a text such as log:1e-4:10:21, a list, or an array."""
    key = ".".join(path)
    if isinstance(values, str):
        spacing: Any = word if (word := values.partition(":")[0].strip()) in _SPACINGS else None
        return Axis(key, tuple(parse_sweep(values)), spacing)
    plain = values.tolist() if hasattr(values, "tolist") else values
    if not isinstance(plain, Iterable):
        raise ConfigError(
            f"one value, {plain!r}", where=key, hint="a sweep tries several: [0.1, 1]"
        )
    listed = list(plain)
    if not listed:
        raise ConfigError("no values to try", where=key, hint="such as [0.1, 0.01]")
    counts = Counter(map(repr, listed))
    if twice := [value for value, times in counts.items() if times > 1]:
        what = f"the value {twice[0]} is listed twice"
        raise ConfigError(what, where=key, hint="a sweep tries each value once")
    return Axis(key, tuple(listed))


def default_axis(path: Path, experiment: Experiment, where: str) -> Axis:
    """The axis of a key without values: a range that suits its kind."""
    key = ".".join(path)
    if len(path) == 1 and path[0] in SECTIONS:
        return Axis(key, tuple(SECTIONS[path[0]].registry))
    option = _option(path, experiment)
    if option is not None:
        present = _present(path, experiment, option)
        if (values := _usual(option, present)) is not None:
            return Axis(key, values, "log" if option.annotation in (Positive, Rate) else None)
    hint = f"write the values to try, such as {path[-1]}=…,… or {path[-1]}=lin:START:STOP:COUNT"
    raise ConfigError(f"{key} has no usual range", where=where, hint=hint)


def around(value: float) -> tuple[float, ...]:
    """Half-decades from a thousandth of the value to a hundred times it.

    >>> around(0.1)[:3], around(0.1)[-1]
    ((0.0001, 0.0003162, 0.001), 10.0)
    """
    halves = range(-2 * DECADES_BELOW, 2 * DECADES_ABOVE + 1)
    return tuple(float(f"{value * 10 ** (half / 2):.4g}") for half in halves)


def grid(axes: Sequence[Axis]) -> list[dict[str, Any]]:
    """Every combination of the values, the last axis fastest."""
    combinations: list[dict[str, Any]] = [{}]
    for axis in axes:
        combinations = [{**one, axis.key: value} for one in combinations for value in axis.values]
    return combinations


def sample(axes: Sequence[Axis], count: int, seed: int) -> list[dict[str, Any]]:
    """So many random combinations, no two the same where the values allow it.

    The first k of them do not depend on `count`, so a search can be widened later.
    """
    rng = np.random.default_rng([seed, len(axes)])
    drawn: dict[str, dict[str, Any]] = {}
    for _ in range(20 * count):
        one = {axis.key: axis.draw(rng) for axis in axes}
        drawn.setdefault(repr(one), one)
        if len(drawn) == count:
            break
    return list(drawn.values())


_SPACINGS = get_args(Spacing)


def _path(key: str, text: str, experiment: Experiment) -> Path:
    found = resolve_key(key, experiment.plain())
    if found == [("seed",)]:
        hint = "`seeds=K` repeats every run under K seeds and judges by the median"
        what = "the seed is no setting to choose by its result"
        raise ConfigError(what, where=repr(text), hint=hint)
    if len(found) == 1:
        return found[0]
    # Setting such a key is refused, in words that know what it may have meant.
    apply(experiment.plain(), [Override(key, None, text)], lambda path: "")
    raise AssertionError(f"{key} is unclear, and was not refused")


def _option(path: Path, experiment: Experiment) -> Option | None:
    """What is known of the option that a path sets."""
    section, leaf = path[0], path[-1]
    if section in experiment.sections and len(path) == 2:
        kind, chosen = SECTIONS[section], getattr(experiment, section)
        return kind.options(kind.definition(chosen), chosen.options).get(leaf)
    if section in FIXED and len(path) == 2:
        return option_of(FIXED[section], leaf)
    return None


def _present(path: Path, experiment: Experiment, option: Option) -> Any:
    section = getattr(experiment, path[0])
    value = section[path[1]] if path[0] in SECTIONS else getattr(section, path[1])
    return option.default if value is None else value


def _usual(option: Option, present: Any) -> tuple[Any, ...] | None:
    """The usual values of an option, by its type and bounds."""
    annotation = option.annotation
    if get_origin(annotation) is Literal:
        return get_args(annotation)
    if annotation is bool:
        return (False, True)
    if option.name == "batch_size":
        return BATCH_SIZES
    if annotation == Decay:
        return SHARES
    if annotation == NonNegative and option.name in ("l2", "weight_decay"):
        return PENALTIES
    positive = annotation in (Positive, Rate) or (
        annotation != Growth and any(isinstance(mark, Gt) for mark in get_args(annotation)[1:])
    )
    if positive and option.varies and isinstance(present, float) and present > 0:
        return around(present)
    return None
