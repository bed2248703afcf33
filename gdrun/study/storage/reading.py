"""Reading a study from its directory. The findings are the same as when the study ended.

Nothing is trained. The data are only loaded if the study was killed before it ranked its trials.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from gdrun.config.loading import load
from gdrun.config.recorded_methods import recorded_methods
from gdrun.errors import ConfigError, RecordError
from gdrun.methods.plugins import loading
from gdrun.runs.checked import checked, unreadable
from gdrun.runs.finding import STUDY
from gdrun.study.descent import FirstRises
from gdrun.study.design.axes import Axis
from gdrun.study.design.comparison_plan import plan_comparison
from gdrun.study.design.trials import Candidate, StudyPlan, candidates_of
from gdrun.study.judgement.comparison_findings import Comparison, Contender, judge_comparison
from gdrun.study.judgement.metrics import NAMES, Metric, Target
from gdrun.study.judgement.ranking import Standing, in_order_of_values, led_by, ranked, standings
from gdrun.study.judgement.stability import StabilityLimit
from gdrun.study.judgement.sweep_findings import Sweep, judge_sweep
from gdrun.study.judgement.verdicts import verdicts
from gdrun.study.storage.records import (
    ONLY_TUNING,
    ComparisonFindings,
    Question,
    StudyRecord,
    SweepFindings,
    SweepQuestion,
)
from gdrun.study.storage.results import Result
from gdrun.study.storage.row_records import ContenderRow, TuningRecord
from gdrun.study.storage.study_directory import read_study
from gdrun.study.storage.study_record import read_axis, read_rung
from gdrun.study.storage.trial_files import TRIALS, read_results
from gdrun.study.study import Work
from gdrun.study.tuning import Tuning

Found = Sweep | Comparison
Results = Mapping[str, Result]


@dataclass(frozen=True)
class ReadStudy:
    """A study that was read from its directory: its record, and its findings."""

    path: Path
    record: StudyRecord
    found: Found


def read_found(path: Path) -> ReadStudy:
    """Read the study of a directory.

    Raises RecordError if the directory contains no study, a damaged study, or only the tuning part
    of a comparison; or if the study uses a method of a plugin that is not loaded, and the record
    does not have the options of this method.
    """
    record = read_study(path)
    if record["verb"] not in _READERS:
        hint = f"`gdrun show {path}` shows the values that were tried, and `gdrun show "
        hint += f"{path.parent}` the comparison; {path / TRIALS} has a line for each run"
        raise RecordError(ONLY_TUNING, where=str(path), hint=hint)
    plugins = record.get("plugins", [])
    try:
        with recorded_methods(plugins, _configs(record)):
            found = replace(_judged(record, path), directory=path)
    except ConfigError as error:
        calls = " ".join(loading(each["path"]) for each in plugins)
        raise RecordError(
            f"cannot be read: {error.problems[0].what}",
            where=str(path / STUDY),
            hint=f"load the plugins of the study: {calls}" if calls else None,
        ) from None
    return ReadStudy(path, record, found)


def _judged(record: StudyRecord, path: Path) -> Found:
    """Read the values of a study from its record, and judge them.

    Raises RecordError if the values contradict each other: their types are checked, so that the
    record is damaged then. An exception while they are judged is a fault of gdrun, and no reason to
    delete a record.
    """
    try:
        judge = _READERS[record["verb"]](record, path)
    except (LookupError, ArithmeticError, TypeError, ValueError) as error:
        reason = f"its values contradict each other ({type(error).__name__}: {error})"
        raise unreadable(path / STUDY, reason) from None
    return judge()


def _configs(record: StudyRecord) -> list[dict[str, Any]]:
    """The recorded configs, from which the candidates are made."""
    rows: list[Any] = [record, *record["candidates"]]
    return [row[key] for row in rows for key in ("base", "config") if key in row]


Judge = Callable[[], Found]
"""A function that judges the values of a study, after they were read."""


def _read_sweep(record: StudyRecord, path: Path) -> Judge:
    """Read a sweep. Its findings are those of the record, or new ones if it was killed before."""
    question = checked(record, SweepQuestion, path / STUDY)
    settings = [row["settings"] for row in record["candidates"]]
    base, for_all = load(question["base"]), question.get("for_all", {})
    candidates = candidates_of(base, settings, for_all)
    plan = StudyPlan("sweep", candidates, tuple(record["seeds"]), for_all)
    results = read_results(path, plan)
    metric, target, axes = _metric(question["metric"]), _target(question), _axes(plan)
    if "axes" in question:
        axes = tuple(map(read_axis, question["axes"]))
    rungs = tuple(map(read_rung, record.get("rungs", ())))
    if "ranking" not in record:
        work = _found_only(plan, results)
        return partial(judge_sweep, plan, axes, results, metric, work, target=target, rungs=rungs)
    judged = checked(record, SweepFindings, path / STUDY)
    limits = {own: StabilityLimit(**limit) for own, limit in judged["stability_of"].items()}
    if judged["stability"]:
        limits[""] = StabilityLimit(**judged["stability"])
    work, differing = Work(**judged["work"]), judged["unlike"]

    def judge() -> Sweep:
        found = standings(plan, results, metric, rungs)
        if differing is None:
            found = _led_as_recorded(found, judged)
        words = tuple(verdicts(found, metric, target, ranked=differing is None))
        return Sweep(plan, axes, metric, found, words, target, limits, work, rungs, differing)

    return judge


def _led_as_recorded(found: Sequence[Standing], judged: SweepFindings) -> tuple[Standing, ...]:
    """The standings, led by the settings that have the rank 1 in the record, the best one first.

    An earlier version may have chosen the best setting by another rule: then it leads alone.
    """
    best = judged["best"]
    leading = {row["name"] for row in judged["ranking"] if row["rank"] == 1}
    led = led_by(found, leading if best is not None else ())
    first = next(iter(ranked(in_order_of_values(led))), None)
    return led if best is None or (first and first.name == best) else led_by(found, {best})


def _read_comparison(record: StudyRecord, path: Path) -> Judge:
    """Read a comparison. Its findings are those of the record, or new ones if it was killed before.

    New findings have no timing of the contenders.
    """
    question = checked(record, Question, path / STUDY)
    contenders = [
        Candidate(row["name"], row["settings"], load(row["config"])) for row in record["candidates"]
    ]
    plan = plan_comparison(contenders, record["seeds"], record.get("for_all"))
    results = read_results(path, plan)
    metric, target = _metric(question["metric"]), _target(question)
    baseline = question.get("baseline")
    if "ranking" not in record:
        work = _found_only(plan, results)
        return partial(
            judge_comparison, plan, results, metric, work, target=target, baseline=baseline
        )
    judged = checked(record, ComparisonFindings, path / STUDY)
    rows = {row["name"]: row for row in judged["ranking"]}
    # All contenders of which a run has ended have a row; a LookupError tells a damaged record.
    ended = {trial.candidate for trial in plan.trials if trial.identity in results}
    rows_of = {name: rows[name] for name in (plan.candidates[k].name for k in ended)}
    tuned = judged["tuning_work"]
    work, tuning = Work(**judged["work"]), Work(**tuned) if tuned else None

    def judge() -> Comparison:
        found = [
            _contender(standing, target, rows_of[standing.candidate.name])
            for standing in standings(plan, results, metric)
        ]
        unlike = judged["unlike"]
        return Comparison(plan, metric, target, tuple(found), work, tuning, unlike, baseline)

    return judge


_READERS: dict[str, Callable[[StudyRecord, Path], Judge]] = {
    "sweep": _read_sweep,
    "compare": _read_comparison,
}


def _contender(standing: Standing, target: Target | None, row: ContenderRow) -> Contender:
    tuning, share = _tuning(row["tuning"]), row["rising_share"]
    first = None if share is None else FirstRises(share, row.get("rising_epochs"))
    return Contender(standing, target, row["batch"], row["seconds_per_step"], tuning, first)


def _found_only(plan: StudyPlan, results: Results) -> Work:
    """What it cost to read a study without running it: all results were found, no trial was run."""
    return Work(0, plan.runs_ended(results), 0, 0.0)


def _axes(plan: StudyPlan) -> tuple[Axis, ...]:
    """The axes of a sweep, with the values that its candidates have.

    Raises ValueError if not all candidates have settings for the same keys.
    """
    if len({frozenset(candidate.settings) for candidate in plan.candidates}) > 1:
        raise ValueError("the settings of the candidates have different keys")
    values: dict[str, dict[str, Any]] = {}
    for candidate in plan.candidates:
        for key, value in candidate.settings.items():
            values.setdefault(key, {})[repr(value)] = value
    return tuple(Axis(key, tuple(each.values())) for key, each in values.items())


def _metric(name: str) -> Metric:
    """The metric of this name. Raises ValueError if there is none."""
    if name not in NAMES:
        raise ValueError(f"there is no metric {name!r}")
    return Metric(name)


def _target(question: Question) -> Target | None:
    target = question["target"]
    return target and Target(_metric(target["metric"]), target["value"], target["reason"])


def _tuning(tuning: TuningRecord | None) -> Tuning | None:
    if tuning is None:
        return None
    return Tuning(
        tuning["settings"],
        tuning["seeds"],
        dict(tuning["chosen"]),
        tuple(tuning["at_edge"]),
        tuning.get("runs", tuning["settings"] * tuning["seeds"]),
        tuning.get("progress"),
    )
