"""The titles of charts: what all curves share, and the number of seeds of each median."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from gdrun.data.sources import stem
from gdrun.runs.run import Run
from gdrun.study.judgement.comparison_findings import Comparison
from gdrun.study.judgement.sweep_findings import Sweep
from gdrun.views.curves import divergence_words, explained, seed_groups
from gdrun.views.numbers import count


def runs_title(runs: Sequence[Run]) -> str:
    """The title of a chart of runs, in which runs that differ only in the seed are one curve."""
    name = shared_name([run.config for run in runs], "run")
    groups = [group for _, group in seed_groups(runs)]
    if len(groups) == 1:
        name = explained(name, divergence_words(runs))
    return over_seeds(name, {len({run.record["seed"] for run in group}) for group in groups})


def study_title(found: Sweep | Comparison) -> str:
    """The title of the curves of a study."""
    noun = "setting" if isinstance(found, Sweep) else "contender"
    configs = [candidate.experiment.plain() for candidate in found.plan.candidates]
    return over_seeds(shared_name(configs, noun), {len(found.plan.seeds)})


def shared_name(configs: Sequence[Mapping[str, Any]], noun: str) -> str:
    """The name of these configs; if their names differ, their number, and what they share.

    >>> iris = {"dataset": {"name": "iris"}}
    >>> shared_name([{"name": "a", **iris}, {"name": "b", **iris}], "run")
    '2 runs on iris'
    """
    names = {str(config["name"]) for config in configs}
    models = {config["model"]["name"] for config in configs if "model" in config}
    places = {place_of(config) for config in configs}
    # In a comparison of models, contenders have the name of the base config, such as iris-softmax.
    of_one_model = len(models) > 1 and names & {
        f"{place}-{one}" for place in places for one in models
    }
    if len(names) == 1 and not of_one_model:
        return names.pop()
    of = f" of {models.pop()}" if len(models) == 1 else ""
    on = f" on {places.pop()}" if len(places) == 1 else ""
    return f"{count(len(configs), noun)}{of}{on}"


def over_seeds(title: str, sizes: Collection[int]) -> str:
    """The title with the number of seeds of the medians. sizes: the number for each curve."""
    most = max(sizes)
    if most == 1:
        return title
    return f"{title}: median of {'' if len(sizes) == 1 else 'up to '}{most} seeds"


def place_of(config: Mapping[str, Any]) -> str:
    """The surface or the data of a config."""
    section = config.get("surface") or config["dataset"]
    if "name" in section:
        return str(section["name"])
    return stem(section["path"]) if "path" in section else "query"
