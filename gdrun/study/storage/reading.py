"""A study read back from its directory: what it found, the same as when it ended.

Nothing is run, and no data are loaded unless the study was killed before it judged what had ended.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gdrun.config.loading import load
from gdrun.errors import ConfigError, RecordError
from gdrun.runs.record import Record
from gdrun.study.design.axes import Axis
from gdrun.study.design.comparison_plan import plan_comparison
from gdrun.study.design.trials import Candidate, StudyPlan, candidates_of
from gdrun.study.judgement.comparison import Comparison, Contender, judge_comparison
from gdrun.study.judgement.metrics import Metric, Target
from gdrun.study.judgement.ranking import standings
from gdrun.study.judgement.stability import StabilityLimit
from gdrun.study.judgement.sweep import Rung, Sweep, judge_sweep
from gdrun.study.judgement.verdicts import verdicts
from gdrun.study.storage.results import Result
from gdrun.study.storage.study_directory import RECORD, read_results, read_study
from gdrun.study.study import Work
from gdrun.study.tuning import Tuning

Found = Sweep | Comparison
Results = Mapping[str, Result]


@dataclass(frozen=True)
class ReadStudy:
    """A study on disk: its record, and what it found as far as it went."""

    path: Path
    record: Record
    found: Found


def read_found(path: Path) -> ReadStudy:
    """The study of a directory.

    Raises RecordError where it holds none, or one that is damaged, a part of another, or of a
    plugin that is not loaded.
    """
    record = read_study(path)
    if record.get("verb") not in _READERS:
        hint = f"`gdrun show {path.parent}` shows the comparison"
        raise RecordError("is a part of a comparison", where=str(path), hint=hint)
    plan_of, judged_of = _READERS[record["verb"]]
    try:
        plan = plan_of(record)
        found = judged_of(record, plan, read_results(path, plan))
    except ConfigError as error:
        plugins = " ".join(f'`plugin="{each["path"]}"`' for each in record.get("plugins", ()))
        raise RecordError(
            f"cannot be read: {error.problems[0].what}",
            where=str(path / RECORD),
            hint=f"show it with {plugins}" if plugins else None,
        ) from None
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        what = f"cannot be read: {type(error).__name__}: {error}"
        raise RecordError(what, where=str(path)) from None
    return ReadStudy(path, record, found)


def _sweep_plan(record: Record) -> StudyPlan:
    settings = [row["settings"] for row in record["candidates"]]
    return StudyPlan("sweep", candidates_of(load(record["base"]), settings), tuple(record["seeds"]))


def _comparison_plan(record: Record) -> StudyPlan:
    contenders = [
        Candidate(row["name"], row["settings"], load(row["config"])) for row in record["candidates"]
    ]
    return plan_comparison(contenders, record["seeds"])


def _sweep(record: Record, plan: StudyPlan, results: Results) -> Sweep:
    metric, target, axes = Metric(record["metric"]), _target(record), _axes(plan)
    rungs = [
        Rung(rung["epoch"], tuple(rung["kept"]), tuple(rung["dropped"]))
        for rung in record.get("rungs", ())
    ]
    if "ranking" not in record:
        work = Work(0, len(results), 0, 0.0)
        return judge_sweep(plan, axes, results, metric, work, target=target, rungs=rungs)
    found, progress = standings(plan, results, metric), Metric(record["progress"])
    limits = {own: StabilityLimit(**limit) for own, limit in record["stability_of"].items()}
    if record["stability"]:
        limits[""] = StabilityLimit(**record["stability"])
    return Sweep(
        plan,
        axes,
        metric,
        found,
        tuple(verdicts(found, progress)),
        target,
        limits,
        Work(**record["work"]),
        tuple(rungs),
        record["unlike"],
        progress,
    )


def _comparison(record: Record, plan: StudyPlan, results: Results) -> Comparison:
    metric, target = Metric(record["metric"]), _target(record)
    if "ranking" not in record:
        work = Work(0, len(results), 0, 0.0)
        return judge_comparison(plan, results, metric, work, target=target)
    rows = {row["name"]: row for row in record["ranking"]}
    contenders = [
        Contender(standing, target, row["batch"], row["seconds_per_step"], _tuning(row["tuning"]))
        for standing in standings(plan, results, metric)
        for row in (rows[standing.candidate.name],)
    ]
    tuned = record["tuning_work"]
    return Comparison(
        plan,
        metric,
        target,
        tuple(contenders),
        Work(**record["work"]),
        Work(**tuned) if tuned else None,
        record["unlike"],
    )


_READERS: dict[
    str, tuple[Callable[[Record], StudyPlan], Callable[[Record, StudyPlan, Results], Found]]
] = {
    "sweep": (_sweep_plan, _sweep),
    "compare": (_comparison_plan, _comparison),
}


def _axes(plan: StudyPlan) -> tuple[Axis, ...]:
    """The axes of a sweep, by the values that its candidates have along them."""
    values: dict[str, dict[str, Any]] = {}
    for candidate in plan.candidates:
        for key, value in candidate.settings.items():
            values.setdefault(key, {})[repr(value)] = value
    return tuple(Axis(key, tuple(each.values())) for key, each in values.items())


def _target(record: Record) -> Target | None:
    target = record["target"]
    return target and Target(Metric(target["metric"]), target["value"], target["reason"])


def _tuning(tuning: Mapping[str, Any] | None) -> Tuning | None:
    if tuning is None:
        return None
    return Tuning(
        tuning["settings"], tuning["seeds"], dict(tuning["chosen"]), tuple(tuning["at_edge"])
    )
