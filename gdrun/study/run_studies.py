"""Run the plan of a sweep or a comparison, judge its results, and record the findings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from gdrun.config.writing import to_yaml
from gdrun.errors import RecordError
from gdrun.runs.finding import BEST
from gdrun.study.descent import loss_rises
from gdrun.study.design.axes import Axis
from gdrun.study.design.comparison_plan import plan_comparison
from gdrun.study.design.trials import Candidate, StudyPlan
from gdrun.study.design.tuning_plan import TuningPlan
from gdrun.study.halving import carry_out_halving
from gdrun.study.judgement.comparison_findings import Comparison, judge_comparison
from gdrun.study.judgement.metrics import Metric, Target
from gdrun.study.judgement.ranking import led_by
from gdrun.study.judgement.sweep_findings import Sweep, judge_sweep
from gdrun.study.storage.records import Question
from gdrun.study.storage.study_directory import TUNING, StudyDirectory
from gdrun.study.storage.study_record import (
    axis_record,
    comparison_record,
    sweep_record,
    target_record,
    tuning_record,
)
from gdrun.study.study import StudyContext, Work, carry_out
from gdrun.study.timing import paces
from gdrun.study.tuning import WIDENINGS, Tuning, choose, try_out, widened


def run_sweep(
    plan: StudyPlan,
    axes: Sequence[Axis],
    metric: Metric,
    context: StudyContext,
    *,
    target: Target | None = None,
    halving: bool = False,
) -> Sweep:
    """Run a planned sweep, and return its findings.

    axes: the swept keys with their values. target: None for the default target. halving: whether to
    use successive halving. If the context has a directory, the findings are written to study.json,
    and the config of the best candidate to best.yaml. Raises ConfigError if the plan does not allow
    halving; RecordError if the directory cannot be written, or contains a study whose successive
    halving was different.
    """
    with _recording(context.directory, metric, target, axes=axes, halving=halving):
        if halving:
            results, work, rungs = carry_out_halving(plan, context, metric)
        else:
            (results, work), rungs = carry_out(plan, context), ()
        found = judge_sweep(
            plan, axes, results, metric, work, table=context.table, target=target, rungs=rungs
        )
        if context.directory is not None:
            found = replace(found, directory=context.directory.path)
            context.directory.write(sweep_record(found))
            _write_best(found, context.directory)
        return found


def run_comparison(
    plan: StudyPlan,
    metric: Metric,
    context: StudyContext,
    *,
    target: Target | None = None,
    tuning: TuningPlan | None = None,
    baseline: str | None = None,
) -> Comparison:
    """Run a planned comparison, and return its findings.

    target: None for the default target. tuning: the settings to try for each contender before the
    comparison, which then uses the best ones; None without tuning. baseline: the name of the
    contender with which all others are compared; None to compare all pairs. If any contender has a
    budget in seconds, every run trains alone, so that no run slows another down. If the context has
    a directory, the findings are written to study.json, and the config of the best contender to
    best.yaml. Raises RecordError if the directory cannot be written.
    """
    alone = limits_seconds(plan)
    tunings, tuning_work = None, None
    with _recording(context.directory, metric, target, baseline=baseline):
        if tuning is not None:
            contenders, tunings, tuning_work = _tuned(plan, tuning, metric, context, alone=alone)
            plan = plan_comparison(contenders, plan.seeds, plan.for_all)
            if context.directory is not None:
                context.directory.adopt(plan)
        results, work = carry_out(plan, context, alone=alone)
        found = judge_comparison(
            plan,
            results,
            metric,
            work,
            table=context.table,
            target=target,
            paces=paces(plan.candidates, context.table, context.interrupted),
            rises=loss_rises(plan.candidates, context.table, context.interrupted),
            tunings=tunings,
            tuning_work=tuning_work,
            baseline=baseline,
        )
        if context.directory is not None:
            found = replace(found, directory=context.directory.path)
            context.directory.write(comparison_record(found))
            _write_best(found, context.directory)
        return found


def _write_best(found: Sweep | Comparison, directory: StudyDirectory) -> None:
    """Write the config of the best candidate to best.yaml; without one there is no such file."""
    if found.best is None:
        directory.remove(BEST)  # of an earlier part of a resumed study
    else:
        directory.write_text(BEST, to_yaml(found.best.experiment.plain()))


@contextmanager
def _recording(
    directory: StudyDirectory | None,
    metric: Metric,
    target: Target | None,
    *,
    axes: Sequence[Axis] = (),
    halving: bool = False,
    baseline: str | None = None,
) -> Iterator[None]:
    """A context for running a study, which writes to study.json unless `directory` is None.

    When it begins, it writes the metric, the target, the axes of a sweep and the baseline; if an
    error ends the study, it writes the status. Raises RecordError if the directory has a study
    whose successive halving was different.
    """
    if directory is None:
        yield
        return
    question: Question = {
        "metric": metric.name,
        "halving": halving,
        "target": target_record(target),
        "baseline": baseline,
    }
    if axes:
        question["axes"] = [axis_record(axis) for axis in axes]
    _refuse_other_halving(directory, question)
    # Written first, so that `gdrun show` can judge a study that was killed.
    with directory.guarded():
        directory.write(question)
        yield


def _refuse_other_halving(directory: StudyDirectory, question: Question) -> None:
    """Raise RecordError if the earlier study in the directory used a different successive halving.

    The earlier and the present study must have the same candidates, seeds and metric; with others,
    other candidates would have been dropped. The error is also raised if only one of the two
    studies uses halving.
    """
    earlier, now = directory.earlier, directory.record
    if earlier is None or "halving" not in earlier:
        return
    same = (
        earlier["halving"] == question["halving"]
        and earlier.get("metric") == question["metric"]
        and (earlier["asked"], earlier["seeds"]) == (now["asked"], now["seeds"])
    )
    if (earlier["halving"] or question["halving"]) and not same:
        begun = f"the study was started by: {earlier.get('command', earlier['verb'])}"
        what = "halving can only continue with the same settings, seeds and metric"
        raise RecordError(what, where=str(directory.path), hint=begun)


def limits_seconds(plan: StudyPlan) -> bool:
    """Whether any candidate has a budget in seconds: then runs must not slow each other down."""
    return any(each.experiment.stopping.seconds is not None for each in plan.candidates)


def _tuned(
    plan: StudyPlan, tuning: TuningPlan, metric: Metric, context: StudyContext, *, alone: bool
) -> tuple[tuple[Candidate, ...], dict[str, Tuning], Work]:
    """Tune the contenders: try settings for each of them.

    A default range whose best value is at its edge is widened, at most WIDENINGS times. Returns the
    contenders with their best settings; how each was tuned, by name; and the work of tuning (the
    numbers of trials and cohorts, and seconds). Tuning is recorded as a separate study,
    in a subdirectory of the comparison's directory.
    """
    if context.directory is not None:
        within = StudyDirectory.within(context.directory.path / TUNING, tuning.plan)
        context = replace(context, directory=within)
    found, work = try_out(tuning.plan, metric, context, alone=alone)
    for _ in range(WIDENINGS):
        more = widened(plan.candidates, tuning, found, metric)
        if not more or context.interrupted():
            break
        tuning = tuning.with_more(more)
        further = tuple(candidate for each in more.values() for candidate in each)
        if context.directory is not None:
            context.directory.adopt(tuning.plan)
            context.directory.write()
        added, cost = try_out(
            replace(tuning.plan, candidates=further), metric, context, alone=alone
        )
        found, work = led_by((*found, *added), ()), work + cost
    if context.directory is not None:
        context.directory.write(tuning_record(tuning.plan, found, metric))
    tuned, tunings = choose(plan.candidates, tuning, found, metric)
    return tuned, tunings, work
