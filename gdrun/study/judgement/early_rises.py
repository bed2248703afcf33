"""The runs of a setting whose training loss rose well above its start, and fell again later."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gdrun.study.judgement.ranking import Standing
from gdrun.symptoms.early_explosion import rose_first
from gdrun.symptoms.facts import traced_of

EXPLOSIONS = frozenset({"exploding", "early explosion"})
"""The symptoms of a run whose steps were too long, whether it recovered or not."""


@dataclass(frozen=True)
class EarlyRises:
    """How many of the `runs` of a setting `rose` well above their start and fell again.

    exploded: how many of them have a symptom of an explosion. Runs that diverged, or that ended
    above their start, are counted elsewhere.
    """

    rose: int
    exploded: int
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
    rose = exploded = 0
    for result, symptoms in zip(trained, standing.symptoms_of_runs, strict=True):
        losses = result.evals["train_loss"]
        if result.diverged or not len(losses) or not losses[-1] < losses[0]:
            continue
        explosion = any(each.name in EXPLOSIONS for each in symptoms)
        with np.errstate(all="ignore"):  # losses that are not finite
            early = rose_first(traced_of(result.record, config, result.steps, result.evals))
        rose += early or explosion
        exploded += explosion
    return EarlyRises(rose, exploded, len(trained))
