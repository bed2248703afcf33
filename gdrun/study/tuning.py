"""Tuning before a comparison: at first the same number of settings is tried for every contender.

If a contender's best value is the smallest or the largest of a default range, a better value may be
beyond the range. Then this contender gets a wider range, at most WIDENINGS times. The other
contenders get no further settings, because their best values are inside their ranges. A note says
by how many runs the contenders differ.

The setting with the best median over the tuning seeds is chosen, because the comparison ranks by
the median, too. A faster setting whose median is slightly worse is not chosen: it could lose the
comparison to a contender that it would have won. Among settings of the same rank, the one that
reaches the target first is chosen. The comparison itself uses new runs with other seeds,
so that a setting with good luck in its tuning seeds has no advantage.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from gdrun.study.design.axes import Axis
from gdrun.study.design.trials import Candidate, StudyPlan
from gdrun.study.design.tuning_plan import TuningPlan, beyond
from gdrun.study.judgement.edges import Edge, edges
from gdrun.study.judgement.fastest import fastest_first
from gdrun.study.judgement.metrics import Metric
from gdrun.study.judgement.ranking import Standing, in_order_of_values, ranked, standings
from gdrun.study.judgement.training_progress import training_progress
from gdrun.study.study import StudyContext, Work, carry_out


@dataclass(frozen=True)
class Tuning:
    """How one contender was tuned.

    settings: the number of settings that were tried; 0 if the contender has none of the keys.
    seeds: the number of seeds with which each was tried. chosen: the best setting, by key; empty if
    no setting lowered the training loss, so that the contender keeps its own setting. at_edge: the
    keys whose best value was the smallest or the largest that was tried. runs: the number of runs
    that were trained, fewer than settings × seeds if seeds give the same run. progress: the share
    of the best improvement of the training loss that the chosen setting made; None if a loss ranks
    the settings, or none was chosen.
    """

    settings: int
    seeds: int
    chosen: Mapping[str, Any]
    at_edge: tuple[str, ...]
    runs: int
    progress: float | None = None


def try_out(
    plan: StudyPlan, metric: Metric, context: StudyContext, *, alone: bool = False
) -> tuple[tuple[Standing, ...], Work]:
    """Run every setting of every contender.

    Returns the standing (results, scores and rank) of each setting, and the work (the numbers of
    trials and cohorts, and seconds). alone: whether each trial trains alone, so that the seconds of
    trials can be compared. Raises DataError if a setting does not fit its data, RecordError if the
    directory cannot be read or written, GdrunError if worker processes die repeatedly.
    """
    results, work = carry_out(plan, context, alone=alone)
    return standings(plan, results, metric), work


def choose(
    contenders: Sequence[Candidate],
    tuning: TuningPlan,
    found: Sequence[Standing],
    metric: Metric,
) -> tuple[tuple[Candidate, ...], dict[str, Tuning]]:
    """Return the contenders with their best settings, and how each was tuned, by contender name.

    found: the standings (results, scores and ranks) of the settings that were tried.
    """
    seeds = len(tuning.plan.seeds)
    by_name = {each.candidate.name: each for each in found}
    tuned: list[Candidate] = []
    tunings: dict[str, Tuning] = {}
    for contender in contenders:
        tried = tuning.tried[contender.name]
        names = [each.name for each in tried]
        runs = replace(tuning.plan, candidates=tuple(tried)).runs
        own = [by_name[name] for name in names if name in by_name]
        tied = _best(own, metric)
        if not tied or not tied[0].eligible:
            tuned.append(contender)
            tunings[contender.name] = Tuning(len(names), seeds, {}, (), runs)
            continue
        best = tied[0]
        chosen = best.candidate.settings
        tuned.append(replace(contender, experiment=best.candidate.experiment))
        edge, progress = _edges(tied, own), training_progress(own, best, metric)
        tunings[contender.name] = Tuning(len(names), seeds, chosen, edge, runs, progress)
    return tuple(tuned), tunings


def _best(own: Sequence[Standing], metric: Metric) -> list[Standing]:
    """The settings with the rank 1, the fastest ones if several have it; empty without settings.

    Settings that are equally good are in ascending order of their values. own: the standings
    (results, scores and ranks) of the contender's settings.
    """
    order = ranked(own)
    first = [each for each in order if each.rank == order[0].rank]
    found = ranked(in_order_of_values(fastest_first(first, metric)))
    return [each for each in found if each.rank == found[0].rank]


WIDENINGS = 3
"""How often the range of a contender is widened, while its best setting is at an edge.

An edge is the smallest or the largest value of a key that was tried.
"""


def widened(
    contenders: Sequence[Candidate],
    tuning: TuningPlan,
    found: Sequence[Standing],
    metric: Metric,
) -> dict[str, list[Candidate]]:
    """The settings to try next, by the name of the contender whose best setting is at an edge.

    An edge is the smallest or the largest value of a key that was tried. Only a default range is
    widened: values that the user has listed are kept. found: the standings (results, scores and
    ranks) of the settings that were tried.
    """
    by_name = {each.candidate.name: each for each in found}
    more: dict[str, list[Candidate]] = {}
    for contender in contenders:
        own = [by_name[each.name] for each in tuning.tried[contender.name] if each.name in by_name]
        tied = _best(own, metric)
        if not tied or not tied[0].eligible:
            continue
        for edge in _edges_of(tied, own):
            if (key := edge.axis.key) in tuning.open_keys:
                values = edge.axis.values
                further = beyond(contender, tied[0].candidate, key, edge.smallest, values)
                more.setdefault(contender.name, []).extend(further)
    return {name: each for name, each in more.items() if each}


def _edges(tied: Sequence[Standing], own: Sequence[Standing]) -> tuple[str, ...]:
    """The numeric keys whose best value is the smallest or the largest that was tried.

    tied: the best one first, then those as good as it. own: all settings of the contender.
    """
    return tuple(edge.axis.key for edge in _edges_of(tied, own))


def _edges_of(tied: Sequence[Standing], own: Sequence[Standing]) -> list[Edge]:
    """The edges: for each key, the best value if it is the smallest or the largest that was tried.

    tied: the contender's best setting first, then those as good as it. own: all its settings.
    """
    best, *others = (each.candidate for each in tied)
    tried = [each.candidate for each in own]
    axes = [Axis(key, tuple(each.settings[key] for each in tried)) for key in best.settings]
    return edges(axes, best, tried, others)
