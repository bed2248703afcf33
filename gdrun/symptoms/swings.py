"""The swings of a loss: how far it moves up and down, without its trend, and how to say it."""

from __future__ import annotations

import numpy as np

from gdrun.array_types import Array
from gdrun.quantities import contrasted, quantity
from gdrun.symptoms.wording import multiple


def size(loss: Array) -> float:
    """The largest rise of a loss (n,) or its largest fall, whichever is smaller.

    Each is between any two places in the order of time, so that a trend has only one of them.

    >>> [size(np.array(loss)) for loss in ([4.0, 1.0, 2.0, 0.0], [3.0, 2.0, 1.0])]
    [1.0, 0.0]
    """
    rise = float((loss - np.minimum.accumulate(loss)).max())
    return min(rise, float((np.maximum.accumulate(loss) - loss).max()))


def alternations(loss: Array) -> float:
    """The share of the changes of a loss (n,) with the opposite sign of the change before."""
    signs = np.sign(np.diff(loss))
    return float(np.mean(signs[1:] * signs[:-1] < 0)) if len(signs) > 1 else 0.0


def words(loss: Array, fall: float) -> str:
    """How a loss (n,) moves, compared with the fall of the whole run, as text.

    If the swings are below half of the range, they are named apart from the trend.
    """
    width, own = float(np.ptp(loss)), size(loss)
    if own >= width / 2:
        moved, compared, part = f"moves up and down between {_range(loss)}", "a range of ", width
    else:
        first, last = float(loss[0]), float(loss[-1])
        verb, back = ("falls", "rises") if last < first else ("rises", "falls")
        moved, compared, part = "{} from {} to {}".format(verb, *contrasted(first, last)), "", own
        if own > 0:
            moved += f", and {back} in between by up to {quantity(own, 3)}"
        else:
            compared, part = "by ", width
    if fall <= 0:
        return f"{moved}, and was never below its start"
    return f"{moved}, {compared}{multiple(part, fall)} its whole fall"


def course(loss: Array, floor: float) -> str:
    """How a loss (n,) moves: whether it stays, falls slowly, rises slowly, or moves up and down.

    It stays if its range is at most 1/20 of its height above `floor`, a lower bound of it. It falls
    if its fall from the first to the last value is at least half of its range.
    """
    first, last, width = float(loss[0]), float(loss[-1]), float(np.ptp(loss))
    if width <= (float(loss.max()) - floor) / 20:
        return f"stays at {quantity(last)}"
    if abs(first - last) < width / 2:
        return f"moves up and down between {_range(loss)}"
    verb = "falls" if last < first else "rises"
    return "{} slowly, from {} to {}".format(verb, *contrasted(first, last))


def _range(loss: Array) -> str:
    """The smallest and the largest value of a loss (n,), as text."""
    return " and ".join(contrasted(loss.min(), loss.max()))
