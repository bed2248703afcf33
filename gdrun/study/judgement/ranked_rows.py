"""What a row in the ranking of a comparison shares with one in the ranking of a sweep."""

from __future__ import annotations

from gdrun.array_types import Numbers
from gdrun.study.design.trials import Settings
from gdrun.study.judgement.ranking import Standing
from gdrun.study.judgement.statistics import Interval
from gdrun.study.storage.results import Result


class RankedRow:
    """A row with the same names as a Standing, which is the row of a sweep.

    standing: the candidate of this row, with its results, scores and rank.
    """

    standing: Standing

    def __repr__(self) -> str:
        """One line without the traces of the runs, for the list of a ranking."""
        return self.standing.in_one_line(type(self).__name__)

    @property
    def name(self) -> str:
        """The name of the candidate."""
        return self.standing.name

    @property
    def settings(self) -> Settings:
        """The values, by key, in which the candidate differs from the base of the study."""
        return self.standing.settings

    @property
    def rank(self) -> int | None:
        """The rank, from 1; None if the median is infinite, or the `standing` is beaten."""
        return self.standing.rank

    @property
    def median(self) -> float:
        """The median of the scores: lower is better, so that an accuracy has the opposite sign."""
        return self.standing.median

    @property
    def quartiles(self) -> tuple[float, float]:
        """The first and the third quartile of the scores."""
        return self.standing.quartiles

    @property
    def interval(self) -> Interval | None:
        """The confidence interval of the median; None with too few runs, or if all are the same."""
        return self.standing.interval

    @property
    def scores(self) -> Numbers:
        """The score of each run (runs,): lower is better; +∞ for a run that diverged."""
        return self.standing.scores

    @property
    def results(self) -> tuple[Result, ...]:
        """The results of the runs that have ended, in the order of their seeds."""
        return self.standing.results

    @property
    def runs(self) -> int:
        """The number of runs that were trained and have ended."""
        return self.standing.runs

    @property
    def diverged(self) -> int:
        """The number of runs that diverged."""
        return self.standing.diverged

    @property
    def rose(self) -> int:
        """The number of runs that diverged, exploded, or ended with a higher training loss."""
        return self.standing.rose

    @property
    def symptom(self) -> str | None:
        """The most frequent gravest symptom of a run; None if healthy runs are more frequent."""
        return self.standing.symptom
