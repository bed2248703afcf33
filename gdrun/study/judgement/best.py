"""The best candidate of a study, as Python users get it."""

from __future__ import annotations

from dataclasses import dataclass

from gdrun.study.design.trials import Candidate
from gdrun.study.judgement.ranking import Standing
from gdrun.study.judgement.statistics import Interval


@dataclass(frozen=True)
class Best(Candidate):
    """The best candidate of a study, with its median score and the interval of this median.

    name: its name. settings: the values, by key, in which it differs from the base of the study.
    experiment: its config, checked; `experiment.plain()` is a dict. median: of the scores of its
    runs; lower is better, so that an accuracy has the opposite sign. interval: the confidence
    interval of the median; None with too few runs, or if all are the same.
    """

    median: float
    interval: Interval | None

    def __repr__(self) -> str:
        """One line without the config of the experiment."""
        return (
            f"<Best name={self.name!r}, median={self.median:.4g}, settings={dict(self.settings)}>"
        )


def best_of(first: Standing | None) -> Best | None:
    """The first candidate of a ranking, if it may be the best; otherwise None.

    It must lower the training loss in more than half of its runs, and its median must be finite.
    first: the candidate with its results and scores; None if the ranking is empty.
    """
    if first is None or not first.eligible:
        return None
    one = first.candidate
    return Best(one.name, one.settings, one.experiment, first.median, first.interval)
