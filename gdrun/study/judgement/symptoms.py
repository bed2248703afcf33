"""The symptoms of the runs of a study."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from gdrun.config.experiment import Experiment
from gdrun.data import Prepared, Table
from gdrun.quantities import ROUNDING
from gdrun.runs.judged import judged
from gdrun.runs.record_contents import data_record, has_own_data
from gdrun.runs.run_list import differing_options
from gdrun.study.design.trials import label
from gdrun.study.judgement.comparable import one_problem
from gdrun.study.storage.records import DataSymptomRecord
from gdrun.study.storage.results import Result
from gdrun.study.tasks import prepared
from gdrun.symptoms.facts import Symptom, Traced
from gdrun.symptoms.registry import RUN_SYMPTOMS, diagnose, diagnose_data
from gdrun.symptoms.stability_rules import exploding


def symptoms_of(
    experiment: Experiment, results: Sequence[Result], classes: Sequence[str] = ()
) -> list[list[Symptom]]:
    """The symptoms of each run of a candidate, the gravest first; empty for a healthy run.

    results: the runs, one for each seed. classes: the labels of the classes; without labels, the
    classes are named by numbers. Rules on the data find nothing here, because `data_symptoms`
    applies them once for the whole study.
    """
    config, data = experiment.plain(), {"classes": classes}
    return [
        diagnose(judged({**each.record, "data": data}, config, each.steps, each.evals))
        if len(each.evals["train_loss"])
        else []
        for each in results
    ]


def rising_runs(experiment: Experiment, results: Sequence[Result]) -> tuple[bool, ...]:
    """For each run of a candidate, whether its training loss was not lowered (see `rises`).

    results: the runs.
    """
    config = experiment.plain()
    return tuple(
        bool(len(each.evals["train_loss"]))
        and rises(judged(each.record, config, each.steps, each.evals))
        for each in results
    )


def rises(run: Traced) -> bool:
    """Whether the training loss of a run was not lowered, although it could have been.

    The run diverged, has the symptom exploding, or has a training loss that ended above its start.
    The end is `Traced.end`, so that noise counts less. False for a run that starts at the minimum
    of a surface and did not diverge.
    """
    with np.errstate(all="ignore"):  # differences and ratios of losses that are not finite
        if run.diverged is not None:
            return True
        risen = run.fallen < -ROUNDING * abs(run.start)
        return run.gap > 0 and (risen or exploding(run) is not None)


def most_descend(rising: Sequence[bool]) -> bool:
    """Whether a candidate lowers the training loss in more than half of its runs.

    Only such a candidate can be the best, whatever its score. rising: for each run, whether its
    training loss was not lowered; True is returned if there are no runs.
    """
    return not rising or 2 * sum(rising) < len(rising)


def data_symptoms(experiment: Experiment, data: Prepared) -> list[DataSymptomRecord]:
    """The symptoms of the data of an experiment, for study.json; none on a surface."""
    if experiment.surface is not None:
        return []
    record = data_record(data, own=has_own_data(experiment))
    return [
        {
            "name": each.name,
            "confidence": each.confidence,
            "evidence": each.evidence,
            "remedies": [{"changes": dict(r.changes), "why": r.why} for r in each.remedies],
        }
        for each in diagnose_data(Traced(experiment.plain(), {}, data=record))
    ]


def data_symptoms_of_all(
    experiments: Sequence[Experiment], table: Table | None = None
) -> list[DataSymptomRecord]:
    """The symptoms of the data of a study, for study.json.

    If experiments differ in the features of the same rows, such as their scale, the evidence begins
    with the settings that have the symptom. Other rows than those of the first experiment are left
    out. table: the data that replace the dataset; None to use the dataset.
    """
    first = experiments[0]
    alike = [each for each in experiments if one_problem([first, each])]
    datasets = {repr(each.dataset.plain()): each for each in alike}.values()
    differing = differing_options([{"dataset": each.dataset.plain()} for each in datasets])
    compared = {f"dataset.{key}" for key in differing}
    found: list[DataSymptomRecord] = []
    for place, experiment in enumerate(datasets):
        settings = label({key: values[place] for key, values in differing.items()})
        start = f"with {settings}, " if settings else ""
        for own in data_symptoms(experiment, prepared(experiment, table)):
            # A remedy that sets what the study compares would end the comparison.
            remedies = [each for each in own["remedies"] if not compared & each["changes"].keys()]
            found.append({**own, "evidence": start + own["evidence"], "remedies": remedies})
    return found


def main_symptom(every: Sequence[Sequence[Symptom]]) -> tuple[str | None, int]:
    """The most frequent of the gravest symptoms of a candidate's runs, and its number of runs.

    Each run counts for its gravest symptom only, or as healthy. The graver of two equally frequent
    symptoms is taken. The symptom is None if healthy runs are more frequent; the number is then
    that of the healthy runs. every: the symptoms of each run, as `symptoms_of` returns them.
    """
    firsts = Counter(found[0].name if found else None for found in every)
    order = [*RUN_SYMPTOMS, None]
    name = min(firsts, key=lambda name: (-firsts[name], order.index(name)), default=None)
    return name, firsts[name]
