"""Several schedules in sequence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Annotated, Any

from numpy import where

from gdrun.methods.definitions import Nested, NonNegative, Positive
from gdrun.methods.schedules.form import SCHEDULES, Schedule, schedule, value_at


def _contradictions(options: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield contradictions between the options of `join`: (option name, message)."""
    parts, at, scales, lengths = (options[name] for name in ("parts", "at", "scales", "lengths"))
    if len(at) != len(parts) - 1:
        times = f"{len(parts) - 1} time{'' if len(parts) == 2 else 's'}"
        yield "at", f"must have {times} to separate {len(parts)} parts, got {len(at)}"
    if any(later <= earlier for earlier, later in pairwise(at)):
        yield "at", "must list the times in increasing order"
    if scales and len(scales) != len(parts):
        yield "scales", f"must have one scale for each of the {len(parts)} parts, got {len(scales)}"
    if lengths and len(lengths) != len(parts):
        what = f"must have one length for each of the {len(parts)} parts, got {len(lengths)}"
        yield "lengths", what
    elif lengths and lengths[0]:
        yield "lengths", "must begin with 0, because no part precedes the first one"
    for part in parts:
        entry, _ = _entry(part)
        if entry.uses_drops:
            yield "parts", f"cannot include {entry.name}, which depends on the validation loss"
        elif "parts" in entry.options:
            yield "parts", f"cannot include another {entry.name}: list its parts here instead"


@schedule(check=_contradictions)
def join(
    t: Any,
    T: Any,
    lr: Any,
    parts: Annotated[tuple[Any, ...], Nested()] = ("constant", "cosine"),
    at: tuple[Positive, ...] = (10.0,),
    scales: tuple[Positive, ...] = (),
    lengths: tuple[NonNegative, ...] = (),
) -> Any:
    """Several schedules in sequence; in each part the time starts at 0 again.

        lr(t) = partₖ(t − sₖ),  aₖ ≤ t < aₖ₊₁

    parts are schedules, each a name or a mapping with a name and options. at lists the times a₁,
    a₂, … in epochs (or steps) at which one part ends and the next begins; a₀ is 0. The T of a part
    is the part's length aₖ₊₁ − aₖ; the last part ends with the run. The initial rate of a part is
    lr₀, or lr₀ times the part's number in scales if scales are given. The time sₖ from which a part
    counts is its start aₖ. lengths has a number for each part. If the number is above 0, the part
    continues the time of the part before it instead: sₖ = sₖ₋₁, and its T is this number. So a part
    can be the rest of a schedule with a longer T.

    Source: common practice.

    Elsewhere: SequentialLR in PyTorch and join_schedules in optax count the time in the same way.
    There each part is given its own rate and length.
    """
    starts = (0.0, *at)
    # A run may end before its last part begins; that part still needs a length above 0.
    ends = (*at, max(T, starts[-1] + 1))
    value = 0.0 * t + 0.0 * lr
    origin, ones, zeros = 0.0, (1.0,) * len(parts), (0.0,) * len(parts)
    for part, start, end, scale, length in zip(
        parts, starts, ends, scales or ones, lengths or zeros, strict=True
    ):
        entry, options = _entry(part)
        origin = origin if length else start
        # Before its start a part is evaluated at 0, to avoid negative times; its value is not used
        # there. After its end the next part replaces its value.
        local = where(t >= start, t - origin, 0.0)
        own = value_at(entry.function, options, t=local, T=length or end - start, lr=scale * lr)
        value = where(t >= start, own, value)
    return value


def _entry(part: Any) -> tuple[Schedule, Mapping[str, Any]]:
    """Return the schedule of a part of `join`, and this schedule's option values by name.

    part: a name, which means default options, or a record with `name` and `options`.
    """
    if isinstance(part, str):
        return SCHEDULES[part], SCHEDULES[part].defaults
    return SCHEDULES[part.name], part.options
