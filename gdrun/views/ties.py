"""The note on settings or contenders that are equally good."""

from __future__ import annotations

from collections.abc import Sequence

from gdrun.problems.rises import REORDERED
from gdrun.study.design.trials import StudyPlan
from gdrun.study.judgement.metrics import Metric
from gdrun.study.judgement.ranking import Standing
from gdrun.views.study_notes import cost_words

MOST_TIED = 12
"""The most settings that the note on a tie names; of more it has the number."""


def tie_notes(
    plan: StudyPlan, ranking: Sequence[Standing], metric: Metric
) -> list[tuple[str, str]]:
    """The note that several candidates share rank 1, as (label, text); empty if only one has it.

    It says what is equal: the work to a common target, or the metric. In the second case, it says
    how much the medians may differ, if these are not exactly equal. In a sweep it says which
    setting is taken as the best. ranking: the standings, the best first.
    """
    best = [each for each in ranking if each.rank == 1]
    if len(best) < 2:
        return []
    names = [each.name for each in best]
    listed = f"{', '.join(names[:-1])} and {names[-1]}"
    if len(names) > MOST_TIED:
        noun = "settings" if plan.verb == "sweep" else "contenders"
        listed = f"{len(names)} of {len(plan.candidates)} {noun}"
    if best[0].stops:
        text = f"{listed} need equally many {cost_words(plan)} to the target"
    else:
        text = f"{listed} have the same {metric.words}"
        if len({each.median for each in best}) > 1:
            share = max(REORDERED[each.candidate.experiment.dtype] for each in best)
            text += f" up to rounding: a difference below {share:g} of it does not count"
    if plan.verb == "sweep":
        text += f"; {names[0]} is the first in the order of the values"
    return [("tie", text)]
