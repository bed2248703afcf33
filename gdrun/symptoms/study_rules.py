"""Symptoms of a sweep or a comparison as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gdrun.symptoms.facts import Remedy, Symptom


@dataclass(frozen=True)
class BestValue:
    """A best value that is the smallest or the largest that was tried.

    key: of the config. of: the name of the contender that was tuned; empty in a sweep. value: as a
    text. smallest: whether it is the smallest. wider: the values to try next, as a text such as
    log:0.001:1:7; empty if the key does not allow them, or they are not known.
    """

    key: str
    of: str
    value: str
    smallest: bool | None
    wider: str


def edge(values: Sequence[BestValue]) -> Symptom | None:
    """The best setting is at the edge of what was tried, so that a better one may be beyond it.

    Of a key at least 3 values were tried, the best setting has the smallest or the largest of them,
    and the key allows values beyond it.

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
            Remedy({each.key: each.wider}, "a sweep of these values has the best one inside")
            for each in values
            if each.wider
        ),
    )
