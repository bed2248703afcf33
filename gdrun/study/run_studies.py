"""Sweeps and comparisons from plan to findings: run, judge, and record them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from gdrun.config.writing import to_yaml
from gdrun.errors import RecordError
from gdrun.study.design.axes import Axis
from gdrun.study.design.comparison_plan import plan_comparison
from gdrun.study.design.trials import Candidate, StudyPlan
from gdrun.study.design.tuning_plan import TuningPlan
from gdrun.study.halving import carry_out_halving
from gdrun.study.judgement.comparison_findings import Comparison, judge_comparison
from gdrun.study.judgement.metrics import Metric, Target
from gdrun.study.judgement.sweep_findings import Sweep, judge_sweep
from gdrun.study.storage.records import Question
from gdrun.study.storage.study_directory import StudyDirectory
from gdrun.study.storage.study_record import (
    comparison_record,
    sweep_record,
    target_record,
    tuning_record,
)
from gdrun.study.study import StudyContext, Work, carry_out
from gdrun.study.timing import paces
from gdrun.study.tuning import Tuning, choose, try_out


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

    The findings are written to study.json, and the config of the best candidate to best.yaml.
    Raises ConfigError if the plan does not allow halving, RecordError if the directory cannot be
    written or its halving cannot be continued.
    """
    with _recording(context.directory, metric, target, halving=halving):
        if halving:
            results, work, rungs = carry_out_halving(plan, context, metric)
        else:
            (results, work), rungs = carry_out(plan, context), ()
        found = judge_sweep(
            plan, axes, results, metric, work, table=context.table, target=target, rungs=rungs
        )
        if context.directory is not None:
            context.directory.write(sweep_record(found))
            if found.best is not None:
                context.directory.write_text("best.yaml", to_yaml(found.best.experiment.plain()))
        return found


def run_comparison(
    plan: StudyPlan,
    metric: Metric,
    context: StudyContext,
    *,
    target: Target | None = None,
    tuning: TuningPlan | None = None,
) -> Comparison:
    """Run a planned comparison, and return its findings, which are also written to study.json.

    tuning: the settings that are tried first; then the contenders are compared with their best
    settings. If any contender has a budget in seconds, every run trains alone, so that no run slows
    another down. Raises RecordError if the directory cannot be written.
    """
    alone = limits_seconds(plan)
    tunings, tuning_work = None, None
    with _recording(context.directory, metric, target):
        if tuning is not None:
            contenders, tunings, tuning_work = _tuned(plan, tuning, metric, context, alone=alone)
            plan = plan_comparison(contenders, plan.seeds)
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
            tunings=tunings,
            tuning_work=tuning_work,
        )
        if context.directory is not None:
            context.directory.write(comparison_record(found))
        return found


@contextmanager
def _recording(
    directory: StudyDirectory | None,
    metric: Metric,
    target: Target | None,
    *,
    halving: bool = False,
) -> Iterator[None]:
    """Record the metric and the target before the study runs, and an error if one ends the study.

    Raises RecordError if the halving of an earlier study cannot be continued with these.
    """
    if directory is None:
        yield
        return
    question: Question = {
        "metric": metric.name,
        "halving": halving,
        "target": target_record(target),
    }
    _refuse_other_halving(directory, question)
    # Written first, so that `gdrun show` can judge a study that was killed.
    with directory.guarded():
        directory.write(question)
        yield


def _refuse_other_halving(directory: StudyDirectory, question: Question) -> None:
    """Raise RecordError if the candidates, seeds or metric of an earlier halving were different.

    With these, its rungs would have kept other candidates.
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
        begun = f"it was started by: {earlier.get('command', earlier['verb'])}"
        what = "halving can only continue with the same settings, seeds and metric"
        raise RecordError(what, where=str(directory.path), hint=begun)


def limits_seconds(plan: StudyPlan) -> bool:
    """Whether any run has a budget in seconds: then runs must not slow each other down."""
    return any(each.experiment.stopping.seconds is not None for each in plan.candidates)


def _tuned(
    plan: StudyPlan, tuning: TuningPlan, metric: Metric, context: StudyContext, *, alone: bool
) -> tuple[tuple[Candidate, ...], dict[str, Tuning], Work]:
    """Tune the contenders. Returns them with their best settings, how each was tuned, and the work.

    Tuning is recorded as a separate study, in a subdirectory of the comparison's directory.
    """
    if context.directory is not None:
        within = StudyDirectory.within(context.directory.path / "tuning", tuning.plan)
        context = replace(context, directory=within)
    found, work = try_out(tuning.plan, metric, context, alone=alone)
    if context.directory is not None:
        context.directory.write(tuning_record(tuning.plan, found, metric))
    tuned, tunings = choose(plan.candidates, tuning, found)
    return tuned, tunings, work
