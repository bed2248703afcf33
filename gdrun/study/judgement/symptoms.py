"""The symptoms of the runs of a study."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from gdrun.config.experiment import Experiment
from gdrun.study.storage.results import Result
from gdrun.symptoms.facts import traced_of
from gdrun.symptoms.registry import SYMPTOMS, diagnose


def main_symptom(experiment: Experiment, results: Sequence[Result]) -> str | None:
    """The name of the gravest symptom that most runs of a candidate have; None for healthy ones.

    results: the runs, one for each seed. Of two symptoms that equally many runs have, the graver
    one counts. The rules that need the metrics of a run find nothing, because a study does not
    measure them.
    """
    config = experiment.plain()
    firsts: Counter[str | None] = Counter()
    for result in results:
        if len(result.evals["train_loss"]):
            found = diagnose(traced_of(result.record, config, result.steps, result.evals))
            firsts[found[0].name if found else None] += 1
    order = [*SYMPTOMS, None]
    return min(firsts, key=lambda name: (-firsts[name], order.index(name)), default=None)
