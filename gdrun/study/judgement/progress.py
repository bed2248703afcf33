"""Progress: the share of the best improvement of a study that a score made.

    p = (F₀ − F) / (F₀ − F*)          1 at the best score, 0 at the start, below 0 if worse

F is the score, F₀ the score at the start (the median first score of all runs), and F* the best
score at the end (the best median of a candidate). Lower scores are better. If F₀ > LOG_FROM · F* >
0, F₀, F* and F are replaced by their logarithms. Then a loss of 3 is far from a best loss of 1,
even if all losses began at 100. Scores below SMALLEST · F₀ count as SMALLEST · F₀ then, because
such improvements are smaller than the rounding of F₀. The default target of a study and its
verdicts share this definition, so a setting is good if its median reached the default target.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from gdrun.array_types import Numbers

LOG_FROM = 30
"""If the initial score is more than this many times the best score, logarithms are used."""

SMALLEST = 1e-12
"""Losses below this share of the initial loss count as equal: rounding may make the difference."""

CAP = "an improvement by more than a factor of 10¹² counts as 10¹²"
"""What SMALLEST means, in words for the places that define p or the default target."""


@dataclass(frozen=True)
class Improvement:
    """The best improvement of a score, from `start` to `best`; lower scores are better.

    logarithmic: whether progress is computed from the logarithms of the scores.
    """

    start: float
    best: float
    logarithmic: bool

    @classmethod
    def between(cls, start: float, best: float) -> Improvement:
        """The improvement from `start` to `best`; logarithmic if start > LOG_FROM · best > 0."""
        return cls(start, best, start > LOG_FROM * best > 0)

    @property
    def positive(self) -> bool:
        """Whether `best` is better than `start`; otherwise no score has a progress between."""
        return self.start > self.best

    @property
    def capped(self) -> bool:
        """Whether `best` is so small that SMALLEST · start is used in its place.

        This is possible only for a logarithmic improvement.
        """
        return self.logarithmic and self.best < self.start * SMALLEST

    def share(self, score: float) -> float:
        """The progress p of a score: 0 at `start`, 1 at `best`, negative above `start`.

        Between them p is linear in the score, or in its logarithm if the improvement is
        logarithmic. If start ≤ best, p is 1 for a score of at most `start`, else 0.
        """
        if not self.positive:
            return float(score <= self.start)
        start, end, best = map(float, self.on_scale((self.start, score, self.best)))
        return (start - end) / (start - best)

    def score_at(self, share: float) -> float:
        """The score with the progress p = share."""
        start, best = map(float, self.on_scale((self.start, self.best)))
        reached = start - share * (start - best)
        return math.exp(reached) if self.logarithmic else reached

    def counted(self, score: float) -> float:
        """The score, or SMALLEST · start if a logarithmic improvement has a lower score."""
        return max(score, self.start * SMALLEST) if self.logarithmic else score

    def on_scale(self, scores: ArrayLike) -> Numbers:
        """The scores (n,); their logarithms if the improvement is logarithmic.

        Before the logarithm, scores below SMALLEST · start are replaced by this value.
        """
        values: Numbers = np.asarray(scores, dtype=float)
        if not self.logarithmic:
            return values
        logarithms: Numbers = np.log(np.maximum(values, self.start * SMALLEST))
        return logarithms
