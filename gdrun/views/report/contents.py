"""What a report shows, as plain data for JSON.

A run and a trial of a study have the same form here, so that the page has one table and one set of
curves for both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from rich.console import Group, RenderableType

from gdrun.array_types import Array
from gdrun.config.writing import short_flow
from gdrun.engine.trace import Columns
from gdrun.runs.run import Run
from gdrun.study.judgement.comparable import comparable_loss
from gdrun.study.judgement.comparison_findings import Comparison
from gdrun.study.judgement.importance import importances
from gdrun.study.judgement.ranking import Standing
from gdrun.study.judgement.sweep_findings import Sweep
from gdrun.views.comparable_runs import problem_names, problems_of
from gdrun.views.comparisons import comparison_result
from gdrun.views.curves import seed_groups
from gdrun.views.experiment_panel import experiment_panel
from gdrun.views.notebook import plain_text
from gdrun.views.numbers import count, duration
from gdrun.views.recorded import Recorded, recorded_runs, recorded_trials, standings_of
from gdrun.views.report.packing import packed
from gdrun.views.surface_runs import is_noiseless
from gdrun.views.sweeps import sweep_result
from gdrun.views.training import run_result
from gdrun.views.walks import places_of, plane_around, surface_of

MOST_POINTS = 1000
"""The most points of a curve; a longer one is thinned, and keeps its extreme points."""

STEP_QUANTITIES = ("batch_loss", "grad_norm", "update_norm", "weight_norm", "lr")
"""The columns of the trace of steps that the page can draw."""

X_AXES = ("epoch", "step", "gradients", "seconds")
"""The columns that the page can use as horizontal axis."""

GRID = 121
"""The points along each axis at which a surface is computed."""

Contents = dict[str, Any]


def of_runs(runs: Sequence[Run], checks: Sequence[Contents] = ()) -> Contents:
    """The contents of a report on runs.

    checks: comparisons of runs with the bounds of theory, as `check_contents` returns them.
    """
    recorded = recorded_runs(runs)
    named = zip(recorded, _names(runs), problems_of(runs), strict=True)
    entries = [_entry(each) | {"name": name, "problem": problem} for each, name, problem in named]
    different = {str(run.config["name"]) for run in runs}
    title = ", ".join(
        [*different] * (len(different) == 1) + [f"{len(runs)} runs"] * (len(runs) > 1)
    )
    return _report(title, entries, all(map(is_noiseless, runs))) | {
        "time": {"value": duration(_seconds(runs)), "words": "in updates"},
        "result": plain_text(_results(runs)),
        "theory": list(checks),
        "surfaces": _surfaces(recorded),
    }


def of_study(found: Sweep | Comparison, title: str, spell: Callable[[str], str] = str) -> Contents:
    """The contents of a report on a sweep or a comparison. title: of the page.

    spell: a function of the text of a note, which replaces the names of Python arguments by options
    of the command line.
    """
    trials = recorded_trials(found)
    losses = [_loss(each) if found.unlike == "loss" else "" for each in trials]
    problems = problem_names([each.config for each in trials], losses)
    entries = [
        _entry(each) | {"problem": problem if found.unlike else ""}
        for each, problem in zip(trials, problems, strict=True)
    ]
    work = found.work
    if isinstance(found, Comparison) and found.tuning_work is not None:
        work += found.tuning_work
    view = sweep_result(found) if isinstance(found, Sweep) else comparison_result(found, spell)
    return _report(title, entries, found.plan.noiseless) | {
        "time": {
            "value": duration(work.seconds) if work.run else "",
            "words": f"for {count(work.run, 'run')}",
        },
        "result": plain_text(view),
        "study": _study(found, standings_of(found)),
        "surfaces": _surfaces(_walkers(found)),
    }


def _loss(trial: Recorded) -> str:
    """The loss of a trial as its config names it, or its model, which decides the loss."""
    model = trial.config["model"]
    return comparable_loss(str(model.get("loss", model["name"])), trial.config["dataset"])


MOST_RESULTS = 20
"""The most runs whose experiment and metrics are shown as text."""


def _results(runs: Sequence[Run]) -> RenderableType:
    """The experiment of each run (data, model, optimizer, ...), and its metrics and baseline.

    Of a single run, also its evaluations and symptoms.
    """
    parts: list[RenderableType] = []
    brief = len(runs) > 1
    for run, name in zip(runs[:MOST_RESULTS], _names(runs), strict=False):
        panel = experiment_panel({**run.config, "name": name}, run.record)
        parts += [panel, "", run_result(run, brief=brief), *(["", ""] if brief else [])]
    if len(runs) > MOST_RESULTS:
        parts.append(f"and {len(runs) - MOST_RESULTS} more runs")
    return Group(*parts)


def _names(runs: Sequence[Run]) -> list[str]:
    """A name for each run: that in its config, with what differs if several runs have this name.

    If all runs have it, the title has it, and the names are only what differs. If the names are
    still equal, they are the ids.
    """
    names = {run.id: str(run.config["name"]) for run in runs}
    different = set(names.values())
    for name in different:
        equal = [run for run in runs if run.config["name"] == name]
        for label, group in seed_groups(equal) if len(equal) > 1 else ():
            for run in group:
                seed = f", seed {run.record['seed']}" if len(group) > 1 else ""
                words = filter(None, (name if len(different) > 1 or not label else "", label))
                names[run.id] = " ".join(words) + seed
    found = list(names.values())
    return [name if found.count(name) == 1 else run for run, name in names.items()]


def _seconds(runs: Sequence[Run]) -> float:
    """The seconds in updates of all runs; the seconds of runs that trained together count once."""
    cohorts: dict[tuple[str, ...], float] = {}
    for run in runs:
        key = tuple(run.record.get("cohort") or [run.id])
        cohorts[key] = max(cohorts.get(key, 0.0), run.summary["seconds"])
    return sum(cohorts.values())


def _entry(recorded: Recorded) -> Contents:
    return {
        "id": recorded.id,
        "name": recorded.name,
        "status": recorded.status,
        "verdict": recorded.verdict,
        "symptom": recorded.symptom,
        "settings": recorded.settings,
        "summary": dict(recorded.summary),
        "diagnosis": list(recorded.diagnosis),
        **_traces(recorded.steps, recorded.evals),
    }


def check_contents(
    name: str, steps: Array, observed: Array, bounds: Sequence[tuple[str, Array, Array, bool]]
) -> Contents:
    """The comparison of the run of this name with the bounds of theory.

    observed (n,): f − f* at `steps` (n,). bounds: for each bound its name, its steps, the values
    that it allows, and whether it held.
    """
    return {
        "name": name,
        "steps": packed(steps),
        "observed": packed(observed),
        "bounds": [
            {"name": bound, "steps": packed(at), "allowed": packed(allowed), "held": held}
            for bound, at, allowed, held in bounds
        ],
    }


def _report(title: str, entries: list[Contents], noiseless: bool = False) -> Contents:
    """The contents that all reports have.

    noiseless: whether all runs are on surfaces without noise, where gradients of examples are no
    measure of work.
    """
    axes = [axis for axis in X_AXES if axis != "gradients" or not noiseless]
    differing = _differing([entry["settings"] for entry in entries])
    quantities = [
        {"name": name, "of": of, "words": name.replace("_", " ")}
        for of, names in (("evals", _eval_quantities(entries)), ("steps", STEP_QUANTITIES))
        for name in names
        if any(name in entry[of] for entry in entries)
    ]
    return {
        "title": title,
        "runs": entries,
        "keys": differing,
        "quantities": quantities,
        "axes": [axis for axis in axes if any(axis in entry["evals"] for entry in entries)],
        "time": {"value": "", "words": ""},
        "result": "",
        "theory": [],
        "surfaces": [],
        "study": None,
    }


def _eval_quantities(entries: Sequence[Contents]) -> list[str]:
    names = dict.fromkeys(name for entry in entries for name in entry["evals"])
    return [name for name in names if name not in X_AXES]


def _differing(settings: Sequence[Mapping[str, str]]) -> list[str]:
    """The keys, except the name, whose values differ between runs, in the order of a config."""
    keys = dict.fromkeys(key for each in settings for key in each if key != "name")
    return [key for key in keys if len({each.get(key) for each in settings}) > 1]


def _study(found: Sweep | Comparison, standings: Sequence[Standing]) -> Contents:
    metric = found.metric
    verdicts = [verdict.word for verdict in found.verdicts] if isinstance(found, Sweep) else None
    keys = [axis.key for axis in found.axes] if isinstance(found, Sweep) else []
    limits = found.limits if isinstance(found, Sweep) else {}
    return {
        "kind": "sweep" if isinstance(found, Sweep) else "comparison",
        "metric": {"name": metric.name, "words": metric.words, "sign": metric.sign},
        "keys": [
            {"key": axis.key, "leaf": axis.leaf, "numeric": axis.numeric}
            for axis in (found.axes if isinstance(found, Sweep) else ())
        ],
        "settings": [
            {
                "name": standing.candidate.name,
                "values": {key: standing.candidate.settings.get(key) for key in keys},
                "verdict": verdicts[place] if verdicts else None,
                "scores": packed(metric.sign * standing.scores),
                "median": metric.value(standing.spread.median) if standing.finite else None,
                "diverged": standing.diverged,
            }
            for place, standing in enumerate(standings)
        ],
        "importances": importances(standings, keys),
        "limits": [{"of": own, **asdict(limit)} for own, limit in limits.items()],
    }


def _traces(steps: Columns, evals: Columns) -> Contents:
    names = [name for name in (*X_AXES, *STEP_QUANTITIES, "x", "y") if name in steps]
    kept = _thinned({name: steps[name] for name in names})
    return {
        "steps": {name: packed(kept[name]) for name in names},
        "evals": {name: packed(column) for name, column in _thinned(evals).items()},
    }


def _thinned(columns: Columns) -> Columns:
    """At most MOST_POINTS points, evenly spaced, with those of the largest loss and gradient."""
    length = len(next(iter(columns.values()), ()))
    if length <= MOST_POINTS:
        return columns
    extremes = [
        int(np.nanargmax(columns[name]))
        for name in ("batch_loss", "grad_norm", "train_loss")
        if name in columns and np.isfinite(columns[name]).any()
    ]
    spaced = np.linspace(0, length - 1, MOST_POINTS - len(extremes)).round().astype(int)
    places = np.unique([*spaced, *extremes])
    return {name: column[places] for name, column in columns.items()}


def _walkers(found: Sweep | Comparison) -> list[Recorded]:
    """The first trial of each contender: the walks of many trials could not be told apart."""
    if isinstance(found, Sweep):
        return []
    first = {each.standing.results[0].identity for each in found.contenders}
    return [trial for trial in recorded_trials(found) if trial.id in first]


def _surfaces(runs: Sequence[Recorded]) -> list[Contents]:
    """Each surface that runs walk on, with its values on a grid around their walks."""
    groups: dict[str, list[Recorded]] = {}
    for run in runs:
        if "surface" in run.config and "x" in run.steps:
            section = {k: v for k, v in run.config["surface"].items() if k not in _NOT_OPTIONS}
            groups.setdefault(short_flow(section), []).append(run)
    return [_surface(group) for group in groups.values()]


_NOT_OPTIONS = ("start", "n", "noise", "seed")
"""The keys of the section surface that do not change the surface."""


def _surface(runs: Sequence[Recorded]) -> Contents:
    surface, options = surface_of(runs[0].config["surface"])
    starts = [run.config["surface"]["start"] for run in runs]
    plane = plane_around(
        surface, options, [*starts, *surface.minima], [places_of(run.steps) for run in runs], GRID
    )
    return {
        "name": surface.name,
        "xs": packed(plane.x),
        "ys": packed(plane.y),
        "equal_scales": plane.equal_scales,
        "values": packed(plane.values.ravel()),
        "minima": [list(map(float, place)) for place in surface.minima],
        "runs": [run.id for run in runs],
        "starts": [list(map(float, start)) for start in starts],
    }
