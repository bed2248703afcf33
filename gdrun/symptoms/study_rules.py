"""Symptoms of a sweep or a comparison as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gdrun.symptoms.facts import Remedy, Symptom


@dataclass(frozen=True)
class BestValue:
    """The best value of a key, if it is the smallest or the largest value that was tried.

    key: the key of the config. of: the name of the contender that was tuned; empty in a sweep.
    value: the best value, as text. smallest: True if it is the smallest value, False if it is the
    largest, None if it is not known which. wider: the values to try next, as text such as
    log:0.001:1:7; empty if the key does not allow them, or they are not known.
    """

    key: str
    of: str
    value: str
    smallest: bool | None
    wider: str


def edge(values: Sequence[BestValue]) -> Symptom | None:
    """The best setting is at the edge of what was tried, so that a better one may be beyond it.

    At least 3 values of a key were tried. The best setting has the smallest or the largest of these
    values, and the key allows values beyond it. In a random search, this value is also close to an
    end of the range from which values were drawn.

    Evidence: ranking of the settings

    Source: Bengio 2012, section 3.3.
    """
    if not values:
        return None
    which = {True: "the smallest", False: "the largest", None: "the smallest or largest"}
    return Symptom(
        "edge",
        0.9,
        "; ".join(
            f"{each.of + ': ' if each.of else ''}the best {each.key}, {each.value}, is "
            f"{which[each.smallest]} that was tried"
            for each in values
        ),
        tuple(
            Remedy({each.key: each.wider}, "these values lie on both sides of the best one")
            for each in values
            if each.wider
        ),
    )
