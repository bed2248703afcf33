"""The rules of the verdicts, in their order: the verdict is the first word whose rule holds.

A rule compares the rate of a candidate with those of its group: the candidates that differ from it
only in the rate. The rules on the steps (diverged, unstable, and the oscillation with full batches)
use only the training losses of the trace. So they depend neither on the metric nor on which weights
the runs return.

p is the progress: the share of the best improvement of the metric that ranks the candidates. q is p
for a metric that is the loss, and for candidates with different models. For another metric, such as
the accuracy, q is the progress of the training loss at the last evaluation: F1 may be bad where the
loss is smooth and low, or best in the first epoch. So slow means that the loss did not fall far.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from gdrun.study.judgement.ranking import Standing
from gdrun.study.judgement.training_losses import (
    Drop,
    growth_of_peaks,
    peaks_fall,
    sum_of_rises,
)
from gdrun.study.judgement.usual_target import GOOD
from gdrun.symptoms.peaks import STEADY

HALFWAY = 0.5
"""The least progress p of a slow candidate."""

LOST = 0.05
"""A run that loses this much of its highest progress p got worse."""

Word = Literal[
    "diverged",
    "dropped",
    "unstable",
    "best",
    "not ranked",
    "good",
    "oscillating",
    "too large",
    "worse",
    "slow",
    "too small",
    "poor",
]


@dataclass(frozen=True)
class Facts:
    """What decides on the verdict of a candidate.

    Its group has all candidates that differ from it only in the rate. p and q are shares of the
    best improvement of all candidates (of the group, if the data or the losses of the candidates
    differ); −∞ if they are not known. p is the share of a score. q is p, or the share of the last
    training loss if the metric that ranks the candidates is not the loss and all have the same
    model and loss. progress: p of the median score. highest: the highest p at any evaluation of a
    run, the median over the runs. trained: p of the training loss at the last evaluation. course: q
    of the candidate. best_rate: the highest q in the group. own: q, but 1 at the best score of the
    group instead of that of all. side: where the candidate's rate is, compared with that of the
    highest q in the group: −1 below, 0 equal, 1 above; None if no rate was swept, or none can be
    the best. beyond: whether the rate is above that of the lowest training loss in the group. loss:
    how far the training loss fell. fell: p of the training loss, but 1 at the lowest training loss
    of the group. early: whether its median run reached the default target at all, or the user's
    target no later than that of the best candidate. comparable: whether any other candidate can be
    compared with it. first: whether it is the best of all candidates.
    """

    standing: Standing
    progress: float
    highest: float
    trained: float
    course: float
    own: float
    best_rate: float
    side: int | None
    loss: Drop
    fell: float
    beyond: bool
    early: bool
    comparable: bool
    first: bool

    @cached_property
    def peaks(self) -> float | None:
        return growth_of_peaks(self.standing)

    @cached_property
    def settles(self) -> bool:
        """Whether the peaks of the training loss fall; False if the gradients have noise."""
        return peaks_fall(self.standing)

    @property
    def steady(self) -> bool:
        """Whether the peaks of the training loss stay equally high; False with noisy gradients."""
        return self.peaks is not None and abs(self.peaks - 1) <= STEADY

    @property
    def bounces(self) -> bool:
        """Whether the loss moves up and down without falling, because the rate is too large.

        False with noisy gradients, since noise has the same effect.
        """
        return self.beyond and self.steady and self.fell < GOOD

    @property
    def above(self) -> bool:
        """Whether the candidate's rate is above the best rate of its group, and not as good."""
        return self.side == 1 and self.own < GOOD

    @property
    def stable(self) -> bool:
        """Whether the steps were stable, whatever the metric and the weights that a run returns."""
        return not (_diverged(self) or _unstable(self) or self.bounces)


@dataclass(frozen=True)
class Rule:
    """The rule of one verdict.

    word: the verdict. meaning: the rule as a text. holds: a function that decides whether the rule
    holds for a candidate.
    """

    word: Word
    meaning: str
    holds: Callable[[Facts], bool]

    def meaning_with(self, *, one: bool) -> str:
        """The rule as a text, such as `p ≥ 0.95`. one: whether to write q as p.

        p is the progress by the metric. q is the same, or the progress of the training loss.
        """
        return re.sub(r"\bq\b", "p", self.meaning) if one else self.meaning


def _diverged(facts: Facts) -> bool:
    return 2 * facts.standing.diverged >= facts.standing.runs


def _unstable(facts: Facts) -> bool:
    if facts.standing.diverged:
        return True
    if facts.loss.rose or not facts.standing.descends:
        return not facts.settles or facts.fell >= GOOD
    return facts.beyond and facts.loss.share < GOOD and not (facts.settles or facts.steady)


def _oscillating(facts: Facts) -> bool:
    if facts.peaks is None:
        return facts.course < GOOD and sum_of_rises(facts.standing, facts.loss) > HALFWAY
    return facts.bounces


def _worse(facts: Facts) -> bool:
    lost = facts.highest >= facts.progress + LOST
    return facts.early or lost or facts.trained >= GOOD


def _too_small(facts: Facts) -> bool:
    return facts.side == -1 and (facts.best_rate >= HALFWAY or facts.own < HALFWAY)


RULES = (
    Rule(
        "diverged",
        "half of the runs or more diverged; the verdict adds the median step",
        _diverged,
    ),
    # Before any verdict on its loss: a dropped run had no time to lower it.
    Rule(
        "dropped",
        "successive halving dropped the setting; the verdict adds the epoch",
        lambda facts: facts.standing.dropped is not None,
    ),
    # Before the best: some runs of the best setting may have diverged.
    Rule(
        "unstable",
        "a run diverged; or the training loss exploded or ended above its start (with full batches "
        "and less than 95 % of its best improvement, only if its peaks were not falling); or, at a "
        "rate above that of the lowest training loss, it fell by less than 95 % of the largest "
        "drop that any of the rates reached in as many steps (with full batches, only if its peaks "
        "were neither falling nor equally high)",
        _unstable,
    ),
    Rule(
        "best",
        "the best median of the metric that ranks the settings; among equally good medians, within "
        "2 % and with p ≥ 0.995, that of the setting that reaches the target first; if all runs "
        "stop at the same target of this metric, the setting that needs the least work to reach it",
        lambda facts: facts.first,
    ),
    Rule(
        "not ranked",
        "the values of settings with other data or another loss are not comparable",
        lambda facts: not facts.comparable,
    ),
    Rule("good", "p ≥ 0.95", lambda facts: facts.progress >= GOOD),
    Rule(
        "oscillating",
        "q < 0.95, and the rises of the training loss add up to more than half of the largest drop "
        "that any of the rates reached in as many steps; with full batches instead, at a rate "
        "above that of the lowest training loss, the peaks of the training loss stay equally high",
        _oscillating,
    ),
    Rule(
        "too large",
        "at a rate above the best, q < 0.95 times that of the best rate",
        lambda facts: facts.above,
    ),
    Rule(
        "worse",
        "p < 0.95, although at another evaluation p was ≥ 0.95, or higher by 0.05 or more; or the "
        "target was reached no later than by the best setting; or p ≥ 0.95 for the training loss",
        _worse,
    ),
    Rule("slow", "0.5 ≤ q < 0.95", lambda facts: facts.course >= HALFWAY),
    # The best rate may not be poor, or this one may be far behind it.
    Rule(
        "too small",
        "q < 0.5, at a rate below the best, which has q ≥ 0.5 or more than twice this q",
        _too_small,
    ),
    Rule("poor", "q < 0.5", lambda facts: True),
)
"""All rules, in the order in which they are tried."""

MEANINGS = {rule.word: rule.meaning for rule in RULES}
"""What each word means, in the order of the rules."""
