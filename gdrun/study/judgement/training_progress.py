"""How far a candidate was trained: the progress of its training loss."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gdrun.study.judgement.metrics import Metric
from gdrun.study.judgement.progress import Improvement
from gdrun.study.judgement.ranking import Standing
from gdrun.study.judgement.statistics import quantile
from gdrun.study.judgement.verdict_rules import HALFWAY


def training_progress(
    found: Sequence[Standing], standing: Standing, metric: Metric
) -> float | None:
    """The progress p of a candidate's training loss; None if the metric is a loss.

    p is 0 at the median first loss of the candidate's runs, and 1 at the lowest median final loss
    of all candidates. The weights with the best F1 of a sweep, say, may be those of a rate so small
    that the run has hardly trained. found: all candidates. standing: the one whose p is returned.
    """
    if metric.is_loss:
        return None
    loss = Metric("train_loss")
    ends = {
        each.candidate.name: quantile([loss.score(result) for result in each.results], 0.5)
        for each in found
    }
    start = float(np.median([each.evals[loss.name][0] for each in standing.results]))
    improvement = Improvement.between(start, min(ends.values()))
    return improvement.share(ends[standing.candidate.name])


def has_learned_little(progress: float | None) -> bool:
    """Whether a candidate with this progress of its training loss has learned little."""
    return progress is not None and progress < HALFWAY
