"""The metric of every run of a study, as a table of candidates and seeds."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from gdrun.array_types import Numbers
from gdrun.study.design.trials import StudyPlan
from gdrun.study.judgement.metrics import Metric
from gdrun.study.judgement.ranking import Standing


def values_by_seed(plan: StudyPlan, found: Sequence[Standing], metric: Metric) -> Numbers:
    """The metric of every run (candidates, seeds); NaN for a run that diverged or is missing.

    found: the standing (results, scores and rank) of each candidate.
    """
    seeds = {trial.identity: plan.seeds.index(trial.experiment.seed) for trial in plan.trials}
    table = np.full((len(found), len(plan.seeds)), np.nan)
    for row, standing in enumerate(found):
        for result, score in zip(standing.results, standing.scores, strict=True):
            if math.isfinite(score):
                table[row, seeds[result.identity]] = metric.value(float(score))
    return table
