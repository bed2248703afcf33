"""gdrun.sweep and gdrun.compare: many runs from Python, results as arrays and as tables."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

from gdrun.api import arrays_for_dataset
from gdrun.config.experiment import Experiment
from gdrun.config.loading import Source, load
from gdrun.config.overrides import Override
from gdrun.data import Table, table_from_pair
from gdrun.errors import ConfigError
from gdrun.notebook_tables import HTML
from gdrun.study.design.axes import axes_of
from gdrun.study.design.budgets import parse_budget, with_budget
from gdrun.study.design.comparison_plan import plan_comparison
from gdrun.study.design.contenders import are_configs, contenders_of
from gdrun.study.design.sweep_plan import Search, plan_sweep
from gdrun.study.design.trials import StudyPlan
from gdrun.study.executors import InProcess, InProcesses, OnExecutor, Runner
from gdrun.study.judgement.comparison import Comparison
from gdrun.study.judgement.metrics import Metric, Target, metric_called, parse_target
from gdrun.study.judgement.sweep import Sweep
from gdrun.study.storage.study_directory import StudyDirectory
from gdrun.study.studies import run_comparison, run_sweep
from gdrun.study.study import StudyContext
from gdrun.study.tasks import check_fit, prepared

Data = tuple[Any, Any]


def sweep(
    config: Source,
    values: Mapping[str, Any],
    *overrides: str,
    seeds: int = 1,
    metric: str | None = None,
    target: str | None = None,
    search: Search = "grid",
    trials: int | None = None,
    halving: bool = False,
    jobs: int = 1,
    executor: Executor | None = None,
    data: Data | None = None,
    out: str | Path | None = None,
    resume: str | Path | None = None,
) -> Sweep:
    """Try every combination of these values, and judge each by its median over seeds.

    values: for each key a list, an array, or a text such as "log:1e-4:10:21". metric: such as
    "validation_accuracy"; the validation loss if unsaid. target: such as "loss=0.1", to count
    epochs to. search, trials: a grid, or so many random combinations. halving: only the best third
    goes on, at a ninth and a third of the way. jobs: processes of this machine; executor: any
    `concurrent.futures.Executor`, such as a Dask cluster's, `jobs` tasks at a time. resume: the
    directory of an earlier study, of which only what is missing is run. config, data and out as in
    `train`.

    >>> found = sweep({"dataset": "iris", "model": "softmax"}, {"lr": [1e-4, 0.1]}, "epochs=5")
    >>> found.best.settings, found.results.shape
    ({'optimizer.lr': 0.1}, (2, 1))
    """
    _at_least_one(seeds=seeds, jobs=jobs)
    base, table = _experiment(config, overrides, data)
    axes = axes_of(values, base)
    plan = plan_sweep(base, axes, seeds=seeds, search=search, trials=trials)
    by, goal = _aims(metric, target, plan, table)
    context = _context(plan, base, table, jobs, executor, out, resume)
    return run_sweep(plan, axes, by, context, target=goal, halving=halving)


def compare(
    contenders: Sequence[str | Mapping[str, Any] | Experiment],
    config: Source = None,
    *overrides: str,
    seeds: int = 5,
    tune: str | Sequence[str] = (),
    budget: str | None = None,
    metric: str | None = None,
    target: str | None = None,
    jobs: int = 1,
    executor: Executor | None = None,
    data: Data | None = None,
    out: str | Path | None = None,
    resume: str | Path | None = None,
) -> Comparison:
    """Compare contenders on one problem, under the same seeds.

    contenders: names such as "bgd" or "mbgd+adam", paths of YAML files, or configs. tune: keys such
    as "lr", to find every contender's best value first. budget: such as "gradients=50000", the same
    for all in place of their own. The rest as in `sweep`.

    >>> found = compare(["bgd", "mbgd"], {"dataset": "iris", "model": "softmax"}, "epochs=5")
    >>> [row.name for row in found.ranking], found.results.shape
    (['mbgd', 'bgd'], (2, 5))
    """
    _at_least_one(seeds=seeds, jobs=jobs)
    base, table = _experiment(config, overrides, data)
    given = [] if data is None else [Override("dataset", base.dataset.plain(), "data=(X, y)")]
    chosen = contenders_of(contenders, base, [*given, *overrides])
    if config is None and are_configs(contenders):
        base = chosen[0].experiment
    if budget is not None:
        amount = parse_budget(budget, base, prepared(chosen[0].experiment, table).train.rows)
        chosen = tuple(with_budget(each, amount) for each in chosen)
    plan = plan_comparison(chosen, range(base.seed, base.seed + seeds))
    by, goal = _aims(metric, target, plan, table)
    context = _context(plan, base, table, jobs, executor, out, resume)
    keys = (tune,) if isinstance(tune, str) else tuple(tune)
    return run_comparison(plan, by, context, target=goal, keys=keys)


def _at_least_one(**counts: int) -> None:
    for name, count in counts.items():
        if count < 1:
            raise ConfigError(f"must be ≥ 1, got {count}", where=name)


def _experiment(
    config: Source, overrides: Sequence[str], data: Data | None
) -> tuple[Experiment, Table | None]:
    table = None if data is None else table_from_pair(data)
    changes = [] if data is None else [arrays_for_dataset(config)]
    return load(config, [*changes, *overrides]), table


def _aims(
    metric: str | None, target: str | None, plan: StudyPlan, table: Table | None
) -> tuple[Metric, Target | None]:
    """What the trials are judged by, and what they are to reach."""
    experiments = [candidate.experiment for candidate in plan.candidates]
    goal = parse_target(target, experiments, table) if target else None
    return metric_called(metric, experiments, table), goal


def _context(
    plan: StudyPlan,
    base: Experiment,
    table: Table | None,
    jobs: int,
    executor: Executor | None,
    out: str | Path | None,
    resume: str | Path | None,
) -> StudyContext:
    runner: Runner = InProcess()
    if executor is not None:
        jobs = jobs if jobs > 1 else os.cpu_count() or 1
        runner = OnExecutor(executor, jobs)
    elif jobs > 1:
        runner = InProcesses(jobs)
    directory = None
    check_fit((candidate.experiment for candidate in plan.candidates), table)
    if out is not None or resume is not None:
        data = prepared(plan.candidates[0].experiment, table)
        about = {"base": base.plain(), "data": {"name": data.name, "sha256": data.sha256}}
        if resume is not None:
            directory = StudyDirectory.resumed(Path(resume), plan, about)
        else:
            directory = StudyDirectory.new(
                Path(out or "."), f"{plan.verb}-{base.name}", plan, about
            )
    return StudyContext(runner, jobs, directory, table)


def _sweep_html(found: Sweep) -> str:
    from gdrun.views import notebook, sweeps

    return notebook.html(sweeps.sweep_result(found))


def _comparison_html(found: Comparison) -> str:
    from gdrun.views import comparisons, notebook

    return notebook.html(comparisons.comparison_result(found))


HTML[Sweep] = _sweep_html
HTML[Comparison] = _comparison_html
