"""The note that a study has no target, because no candidate is better than the start."""

from __future__ import annotations

from gdrun.quantities import quantity
from gdrun.study.judgement.metrics import Metric
from gdrun.study.judgement.progress import Improvement


def no_target_notes(
    improvement: Improvement | None, metric: Metric, label: str, noun: str
) -> list[tuple[str, str]]:
    """The note on why there is no default target, as (label, text); empty if another note says why.

    improvement: from the median start to the best median; None if it is not known, because no
    median is finite, no candidate lowers the training loss, or the values cannot be ranked. noun:
    what a candidate is called.
    """
    if improvement is None or improvement.positive:
        return []
    side = "below" if metric.sign > 0 else "above"
    start = quantity(metric.value(improvement.start))
    return [(label, f"none: no {noun}'s median is {side} the median start {start}")]
