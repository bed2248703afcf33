"""The range to try next, if the best value of a key is at an end of the range that was tried.

The next range contains the whole range that was tried and goes beyond this end: by the width of the
range if its spacing is linear, and by the factor between its ends, but at most by ten, if it is
logarithmic. If the key does not allow this, it goes half as far, or a quarter, and so on. The
values of a grid keep their spacing: all of them are tried again, because a grid of another spacing
has a best value that cannot be compared with them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np

from gdrun.array_types import Array
from gdrun.config.values import parse_sweep
from gdrun.config.writing import short_flow
from gdrun.errors import ConfigError
from gdrun.study.design.axes import Spacing

MANY_TIMES = 10
"""A list whose ends differ by this factor or more is spaced logarithmically, unless its steps are
equal. A logarithmic range is extended by this factor at most.
"""

EVEN = 1.1
"""The values of a list are evenly spaced if their steps differ by at most this factor. The steps of
logarithms are the ratios of neighbours.
"""

HALVINGS = 10
"""How often the extension of a range is halved, while the key does not allow it."""

HALF_DECADE = math.sqrt(10)
"""The ratio of the values that are tried below a linear grid whose next step is not positive."""


@dataclass(frozen=True)
class TriedRange:
    """The range of a key that was tried.

    low, high: its ends, without a zero in a logarithmic list. spacing: of its values. smallest:
    whether the best value is at the low end, and not at the high one. whole: whether the key is for
    whole numbers only. allows: a function that tells whether the key allows a value.
    """

    low: float
    high: float
    spacing: Spacing
    smallest: bool
    whole: bool
    allows: Callable[[Any], bool]

    @property
    def end(self) -> float:
        """The end at which the best value is."""
        return self.low if self.smallest else self.high

    @property
    def extension(self) -> float:
        """How far the next range may go beyond the end: a difference, or a factor."""
        if self.spacing == "lin":
            return float(self.high - self.low)
        return float(min(MANY_TIMES, self.high / self.low))

    def beyond(self, step: float, steps: float = 1) -> float:
        """The number that is so many steps beyond the end. step: a difference, or a factor."""
        signed = -steps if self.smallest else steps
        moved = self.end * step**signed if self.spacing == "log" else self.end + signed * step
        return float(moved)

    def accepts(self, value: float) -> bool:
        """Whether a value beyond the end may be tried; 0 and the other sign are not proposed."""
        return value != self.end and value * self.end > 0 and self.allows(value)

    def written(self, value: float, margin: float = math.inf) -> Any:
        """The value with four digits, or as many as move it by less than the margin."""
        if self.whole:
            return round(value)
        texts = (float(f"{value:.{digits}g}") for digits in range(4, 18))
        return next(short for short in texts if abs(short - value) <= margin)

    def further_end(self) -> Any:
        """The new end of the range; None if the key allows no extension."""
        ends = (
            self.written(self.beyond(self.extension, 0.5**each)) for each in range(HALVINGS + 1)
        )
        return next(filter(self.accepts, ends), None)


def wider_draws(tried: TriedRange) -> str:
    """A wider range from which to draw values, as a text such as log:0.001:10; may be empty."""
    further = tried.further_end()
    if further is None:
        return ""
    ends = (further, tried.high) if tried.smallest else (tried.low, further)
    return ":".join([tried.spacing, *map(short_flow, ends)])


def wider_grid(tried: TriedRange, values: Sequence[Any]) -> str:
    """All values of a grid and further ones, as a text such as log:0.001:10:5 or 8,32,128.

    values: those that were tried, in ascending order. Empty if the key allows no further value.
    """
    further = next(filter(None, _extensions(tried, values)), None) or [tried.further_end()]
    if None in further:
        return ""
    everything = sorted({*values, *further})
    listed = ",".join(map(short_flow, everything))
    ends = map(short_flow, (everything[0], everything[-1]))
    text = ":".join([tried.spacing, *ends, str(len(everything))])
    return text if len(text) < len(listed) and _has(text, everything) else listed


def spacing_of(values: Sequence[Any]) -> Spacing:
    """The spacing of a list of at least three different numbers, in ascending order.

    A zero before positive values is left out, as in a list of penalties.
    """
    listed = np.array([each for each in values if each != 0], dtype=float)
    if listed[0] < 0:
        return "lin"
    steps, ratios = _spread(np.diff(np.array(values, dtype=float))), _spread(_ratios(listed))
    if steps <= min(EVEN, ratios):
        return "lin"
    return "log" if listed[-1] >= MANY_TIMES * listed[0] or ratios <= EVEN else "lin"


def _extensions(tried: TriedRange, values: Sequence[Any]) -> Iterator[list[Any]]:
    """Yield further values that keep the spacing: half as many each time; none if not allowed.

    A step below a linear grid of positive values may reach 0: then these values are half decades.
    """
    steps = sum(each != 0 for each in values) - 1 if tried.spacing == "log" else len(values) - 1
    if tried.spacing == "log":
        step = (tried.high / tried.low) ** (1 / steps)
        most = max(1, round(math.log(tried.extension) / math.log(step)))
    else:
        step, most = (tried.high - tried.low) / steps, steps
        if tried.smallest and 0 < tried.low <= step:
            tried, step, most = replace(tried, spacing="log"), HALF_DECADE, 2
    while most:
        places = [tried.beyond(step, each) for each in range(most + 1)]
        margins = (abs(after - before) / 10 for before, after in pairwise(places))
        further = list(map(tried.written, places[1:], margins))
        yield further if tried.accepts(further[-1]) else []
        most //= 2


def _has(text: str, values: Sequence[Any]) -> bool:
    """Whether a range given as a text has these values, up to 1/1000 of the step before each."""
    try:
        found = parse_sweep(text)
    except ConfigError:
        return False
    margin = np.diff(np.array(values, dtype=float)) / 1000
    return bool(np.all(np.abs(np.subtract(found, values))[1:] <= margin))


def _ratios(values: Array) -> Array:
    ratios: Array = values[1:] / values[:-1]
    return ratios


def _spread(steps: Array) -> float:
    """The largest of the steps divided by the smallest."""
    return float(steps.max() / steps.min())
