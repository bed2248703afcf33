"""Why every run of a study diverged, if the learning rate is not the cause."""

from __future__ import annotations

from collections.abc import Sequence

from gdrun.study.judgement.ranking import Standing
from gdrun.symptoms.facts import Symptom


def cause_beyond_rates(found: Sequence[Standing]) -> Symptom | None:
    """The symptom of the first run, if all runs diverged and a smaller rate would cure none.

    found: the candidates of the study, each with its results. A rate cures no run if the gravest
    symptom of each run has no remedy that changes the rate. None if a run did not diverge, or if a
    smaller rate may cure one of the runs.
    """
    if any(standing.diverged < standing.runs for standing in found):
        return None
    runs = [run for standing in found for run in standing.symptoms_of_runs]
    if not runs or any(not run or run[0].depends_on_rate for run in runs):
        return None
    return runs[0][0]
