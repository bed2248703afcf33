"""The runs of a setting whose training loss rose well above its start, and fell again later."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from gdrun.runs.judged import judged
from gdrun.study.judgement.ranking import Standing
from gdrun.symptoms.early_explosion import rose_first

EXPLOSIONS = ("exploding", "early explosion")
"""The symptoms of a run whose steps were too long, whether it recovered or not."""


@dataclass(frozen=True)
class EarlyRises:
    """How many of the `runs` of a setting `rose` well above their start and fell again.

    exploded: how many of them have each symptom of an explosion, by its name, without those that
    none has. Runs that diverged, or that ended above their start, are counted elsewhere.
    """

    rose: int
    exploded: Mapping[str, int]
    runs: int

    @property
    def most(self) -> bool:
        """Whether more than half of the runs rose first."""
        return 2 * self.rose > self.runs


def early_rises(standing: Standing) -> EarlyRises:
    """Count the runs of a setting that rose first (see `early_explosion.rose_first`).

    A run that has a symptom of an explosion counts too: it may have risen later, or by less.
    """
    config, trained = standing.candidate.experiment.plain(), standing.trained
    rose, exploded = 0, Counter[str]()
    for result, symptoms in zip(trained, standing.symptoms_of_runs, strict=True):
        losses = result.evals["train_loss"]
        if result.diverged or not len(losses) or not losses[-1] < losses[0]:
            continue
        explosions = [each.name for each in symptoms if each.name in EXPLOSIONS]
        with np.errstate(all="ignore"):  # losses that are not finite
            early = rose_first(judged(result.record, config, result.steps, result.evals))
        rose += early or bool(explosions)
        exploded.update(explosions)
    return EarlyRises(rose, exploded, len(trained))
