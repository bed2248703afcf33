"""gdrun.sweep and gdrun.compare: many runs from Python, results as arrays and as tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

from gdrun.config.experiment import Experiment
from gdrun.config.loading import Source
from gdrun.notebook_tables import HTML
from gdrun.study.design.sweep_plan import Search
from gdrun.study.judgement.comparison import Comparison
from gdrun.study.judgement.sweep import Sweep
from gdrun.study.requests import ComparisonRequest, SweepRequest

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
    continues, at a ninth and a third of the way. jobs: processes of this machine; executor: any
    `concurrent.futures.Executor`, such as a Dask cluster's, `jobs` tasks at a time. resume: the
    directory of an earlier study, of which only what is missing is run. config, data and out as in
    `train`.

    >>> found = sweep({"dataset": "iris", "model": "softmax"}, {"lr": [1e-4, 0.1]}, "epochs=5")
    >>> found.best.settings, found.results.shape
    ({'optimizer.lr': 0.1}, (2, 1))
    """
    request = SweepRequest(
        config=config,
        overrides=overrides,
        values=values,
        seeds=seeds,
        metric=metric,
        target=target,
        search=search,
        trials=trials,
        halving=halving,
        jobs=jobs,
        executor=executor,
        data=data,
        out=out,
        resume=resume,
    )
    return request.planned().run()


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
    request = ComparisonRequest(
        config=config,
        overrides=overrides,
        contenders=contenders,
        seeds=seeds,
        tune=tune,
        budget=budget,
        metric=metric,
        target=target,
        jobs=jobs,
        executor=executor,
        data=data,
        out=out,
        resume=resume,
    )
    return request.planned().run()


def _sweep_html(found: Sweep) -> str:
    from gdrun.views import notebook, sweeps

    return notebook.html(sweeps.sweep_result(found))


def _comparison_html(found: Comparison) -> str:
    from gdrun.views import comparisons, notebook

    return notebook.html(comparisons.comparison_result(found))


HTML[Sweep] = _sweep_html
HTML[Comparison] = _comparison_html
