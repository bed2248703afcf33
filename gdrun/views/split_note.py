"""The note on what the seeds of a study vary, and on the split of the data that they share."""

from __future__ import annotations

from gdrun.config.experiment import RUN, Experiment
from gdrun.data.sources import DATASETS, is_generated
from gdrun.study.design.trials import StudyPlan


def split_notes(plan: StudyPlan, measures: str) -> list[tuple[str, str]]:
    """The note on the data under each seed, as (label, text); none for surfaces or a single seed.

    If the training rows are the same under every seed, p-values and intervals do not cover the
    choice of these rows. measures: what is computed over the seeds, such as `p and intervals`.
    """
    experiments = [candidate.experiment for candidate in plan.candidates]
    on_data = [each for each in experiments if each.surface is None]
    if len(plan.seeds) < 2 or plan.deterministic or not on_data:
        return []
    drawn = {_drawn(each) for each in on_data}
    new = f"{' or '.join(sorted(drawn - {''}))} for each seed"
    if all(each.draws_data for each in on_data):
        these = "contenders" if plan.verb == "compare" else "settings"
        same = f", the same for all {these}" if len(on_data) > 1 else ""
        return [("seeds", f"a {new} (dataset.seed={RUN}){same}")] if "" not in drawn else []
    if any(each.draws_data for each in on_data):
        return []
    seeds = {each.data_seed for each in on_data}
    which = f": dataset.seed {seeds.pop()}" if "" not in drawn and len(seeds) == 1 else ""
    varied = dict.fromkeys(word for each in experiments for word in _varied(each))
    text = f"one split for all seeds{which}; {measures} cover only {' and '.join(varied)}"
    if drawn != {""}:
        text += f"; dataset.seed={RUN} draws a {new}"
    return [("seeds", text)]


def _drawn(experiment: Experiment) -> str:
    """What is drawn with the seed of the data; an empty text if it draws nothing."""
    dataset = experiment.dataset
    definition = DATASETS.get(dataset.name) if dataset.chosen_by == "name" else None
    if definition is not None and is_generated(definition):
        return "new sample"
    split = dataset["split"]
    return "new split" if split.time is None and (split.validation or split.test) else ""


def _varied(experiment: Experiment) -> list[str]:
    """What the seed of a run changes besides the data."""
    found = {
        "the order of the examples": experiment.variant.options.get("sampling", "sequential")
        != "sequential",
        "the initial weights": experiment.surface is None and experiment.model["init"] != "zeros",
        "the dropout": bool(experiment.model.options.get("dropout")),
    }
    return [word for word, holds in found.items() if holds]
