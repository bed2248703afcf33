"""Several schedules, one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Annotated, Any

from numpy import where

from gdrun.methods.definitions import Nested, Positive
from gdrun.methods.schedules.form import SCHEDULES, Schedule, schedule, value_at


def _fitting(options: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What does not fit together among the parts, the times between them, and their scales."""
    parts, at, scales = (options[name] for name in ("parts", "at", "scales"))
    if len(at) != len(parts) - 1:
        yield "at", f"must hold a time between each two of the {len(parts)} parts, got {len(at)}"
    if any(later <= earlier for earlier, later in pairwise(at)):
        yield "at", "must rise from each time to the next"
    if scales and len(scales) != len(parts):
        yield "scales", f"must hold one for each of the {len(parts)} parts, got {len(scales)}"
    for part in parts:
        entry, _ = _entry(part)
        if entry.uses_drops or "parts" in entry.options:
            yield "parts", f"cannot hold {entry.name}, which is no function of the time alone"


@schedule(check=_fitting)
def join(
    t: Any,
    T: Any,
    lr: Any,
    parts: Annotated[tuple[Any, ...], Nested()] = ("constant", "cosine"),
    at: tuple[Positive, ...] = (10.0,),
    scales: tuple[Positive, ...] = (),
) -> Any:
    """Several schedules, one after the other, each with a time of its own from 0.

        lr(t) = partₖ(t − aₖ),  aₖ ≤ t < aₖ₊₁

    parts are schedules, each by its name or with its options. aₖ are the times in at, in epochs (or
    steps), where one part ends and the next begins; a₀ is 0. A part's T is its own length,
    aₖ₊₁ − aₖ, and the last one's is what the run leaves. Each starts from lr₀ times its entry in
    scales, where that is given.

    Source: common practice.

    Elsewhere: SequentialLR in PyTorch and join_schedules in optax count time alike; their parts
    hold their own rates and lengths.
    """
    starts = (0.0, *at)
    # A last part that the run never reaches is given some length all the same.
    ends = (*at, max(T, starts[-1] + 1))
    value = 0.0 * t + 0.0 * lr
    for part, start, end, scale in zip(
        parts, starts, ends, scales or (1.0,) * len(parts), strict=True
    ):
        entry, options = _entry(part)
        # Before its start a part is not asked for; after its end the next one overrides it.
        local = where(t > start, t - start, 0.0)
        own = value_at(entry.function, options, t=local, T=end - start, lr=scale * lr)
        value = where(t >= start, own, value)
    return value


def _entry(part: Any) -> tuple[Schedule, Mapping[str, Any]]:
    """The schedule that a part names, with its options: a bare name has the defaults."""
    if isinstance(part, str):
        return SCHEDULES[part], SCHEDULES[part].defaults
    return SCHEDULES[part.name], part.options
