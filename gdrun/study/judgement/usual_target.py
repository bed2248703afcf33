"""The best improvement of a study, from its start to its best median, and the default target.

The start is the median first value of all runs. With the largest one, a single run with unlucky
initial weights or an unlucky split would make the target easy for all candidates. The median is
also the start of a typical run, which a reader can compare with the curves.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from gdrun.quantities import quantity
from gdrun.study.judgement.metrics import Metric, Target
from gdrun.study.judgement.progress import CAP, Improvement
from gdrun.study.judgement.ranking import Standing

GOOD = 0.95
"""The least progress p of a good candidate, and the progress of the default target.

p is the share of the best improvement of a study (`progress.py`).
"""


def best_improvement(found: Sequence[Standing], metric: Metric) -> Improvement | None:
    """The best improvement of the metric: from the median start of all runs to the best median.

    The improvement is one of scores: lower is better. Candidates that do not lower the training
    loss do not count for the best median. If all runs stop at the same target, every candidate that
    reached it made the whole improvement, however far its last step went past it. Returns None if
    no first value or no median is finite.
    """
    medians = [standing.spread.median for standing in found if standing.eligible]
    arrived = [standing.spread.median for standing in found if standing.eligible and standing.stops]
    firsts = [
        metric.sign * float(result.evals[metric.name][0])
        for standing in found
        for result in standing.results
        if len(result.evals.get(metric.name, ()))
    ]
    finite = [first for first in firsts if math.isfinite(first)]
    if not finite or not medians:
        return None
    best = max(arrived) if arrived else min(medians)
    return Improvement.between(float(np.median(finite)), best)


def usual_target(found: Sequence[Standing], metric: Metric) -> Target | None:
    """The default target: the value of the metric with the progress p = GOOD.

    p is the share of the best improvement (`progress.py`). For a large improvement of a loss, p is
    computed from logarithms: in a valley, 95 % of the linear improvement is made on the steep wall,
    long before the minimum. Returns None if no candidate improved on the start.
    """
    improvement = best_improvement(found, metric)
    if improvement is None or not improvement.positive:
        return None
    ends = (metric.sign * improvement.start, metric.sign * improvement.best)
    start, best = map(quantity, ends)
    reason = f"{100 * GOOD:.0f} % of the best improvement, from {start} (median start) to "
    reason += f"{best} (best median)"
    reason += ", in logarithms" if improvement.logarithmic else ""
    reason += f" ({CAP})" if improvement.capped else ""
    return Target(metric, metric.sign * improvement.score_at(GOOD), reason)
