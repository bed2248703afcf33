"""The rules of the verdicts, in their order: the verdict is the first word whose rule holds.

A rule compares the rate of a candidate with the best rate of its group: the candidates that differ
from it only in the rate.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from gdrun.study.judgement.ranking import GOOD, Standing
from gdrun.study.judgement.training_losses import (
    Drop,
    growth_of_peaks,
    peaks_fall,
    sum_of_rises,
)

HALFWAY = 0.5
"""The least progress p of a slow candidate."""

LOST = 0.05
"""A run that loses this much of its highest progress p got worse."""

STEADY = 1e-3
"""Peaks of the loss stay equal if their ratio differs from 1 by at most this much."""

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

    Its group has all candidates that differ from it only in the rate. The progress p of a score is
    the share of the best improvement of all candidates (of the group, if the data or the losses of
    the candidates differ); −∞ if it is not known. progress: p of the median score. best_rate: p of
    the best median in the group. own: progress divided by best_rate. highest: the highest p at any
    evaluation of a run, the median over the runs. trained: p of the training loss. side: where the
    candidate's rate is, compared with the best rate of the group: −1 below, 0 equal, 1 above; None
    if no rate was swept, or none can be the best. early: whether its median run reached the
    default target at all, or the user's target no later than that of the best candidate.
    comparable: whether any other candidate can be compared with it. first: whether it is the best
    of all candidates.
    """

    standing: Standing
    progress: float
    own: float
    best_rate: float
    highest: float
    trained: float
    loss: Drop
    side: int | None
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
    def above(self) -> bool:
        """Whether the candidate's rate is above the best rate of its group, and not as good."""
        return self.side == 1 and self.own < GOOD


@dataclass(frozen=True)
class Rule:
    """The rule of one verdict.

    word: the verdict. meaning: the rule as a text. holds: a function that decides whether the rule
    holds for a candidate.
    """

    word: Word
    meaning: str
    holds: Callable[[Facts], bool]


def _diverged(facts: Facts) -> bool:
    return 2 * facts.standing.diverged >= len(facts.standing.results)


def _unstable(facts: Facts) -> bool:
    if facts.standing.diverged:
        return True
    if facts.loss.rose or not facts.standing.descends:
        return not facts.settles or facts.progress >= GOOD
    if facts.first or facts.progress >= GOOD or facts.settles or facts.steady:
        return False
    return facts.above and facts.loss.share < GOOD


def _oscillating(facts: Facts) -> bool:
    if facts.peaks is None:
        return sum_of_rises(facts.standing, facts.loss) > HALFWAY
    return facts.side == 1 and facts.steady


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
        "and p < 0.95, only if its peaks were not falling); or, at a rate above the best, p < 0.95 "
        "times that of the best rate and the training loss fell by less than 95 % of the largest "
        "drop that any of the rates reached (with full batches, only if its peaks were neither "
        "falling nor equally high)",
        _unstable,
    ),
    Rule(
        "best",
        "the best median of the metric that ranks the settings; among equally good medians, within "
        "2 % and with p ≥ 0.995, that of the setting that reaches the target first",
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
        "the rises of the training loss add up to more than half of the largest drop that any of "
        "the rates reached; with full batches instead, at a rate above the best, the peaks of the "
        "training loss stay equally high",
        _oscillating,
    ),
    Rule(
        "too large",
        "at a rate above the best, p < 0.95 times that of the best rate",
        lambda facts: facts.above,
    ),
    Rule(
        "worse",
        "p < 0.95 at the end, although p was ≥ 0.95 before, or higher by 0.05 or more than at the "
        "end; or the target was reached no later than by the best setting; or p ≥ 0.95 for the "
        "training loss",
        _worse,
    ),
    Rule("slow", "0.5 ≤ p < 0.95", lambda facts: facts.progress >= HALFWAY),
    # The best rate may not be poor, or this one may be far behind it.
    Rule(
        "too small",
        "p < 0.5, at a rate below the best, which has p ≥ 0.5 or more than twice this p",
        _too_small,
    ),
    Rule("poor", "p < 0.5", lambda facts: True),
)
"""All rules, in the order in which they are tried.

p is the progress: the share of the best improvement of the metric. For a metric that is no loss,
such as the accuracy, the words in BY_LOSS use that of the training loss.
"""

MEANINGS = {rule.word: rule.meaning for rule in RULES}
"""What each word means, in the order of the rules."""

BY_LOSS = frozenset({"slow", "too small", "too large", "poor", "oscillating", "unstable"})
"""The words on the course of training, which a loss shows, but no other metric."""
