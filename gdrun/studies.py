"""gdrun.sweep and gdrun.compare: studies from Python, with results as arrays and as tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from inspect import signature
from pathlib import Path
from typing import Any, TypeVar

from gdrun.array_types import Array
from gdrun.config.experiment import Experiment
from gdrun.config.loading import Change, Source
from gdrun.data.sources import is_data_file
from gdrun.errors import ConfigError, Parameter
from gdrun.result_tables import HTML, TABLES, WARNINGS
from gdrun.study.design.axis_words import Given, varied_keys
from gdrun.study.design.contenders import chosen_names
from gdrun.study.design.sweep_plan import Search
from gdrun.study.judgement.comparison_findings import Comparison as Comparison
from gdrun.study.judgement.sweep_findings import Sweep as Sweep
from gdrun.study.recorded_calls import recordable, recorded_call
from gdrun.study.requests import ComparisonRequest, SweepRequest
from gdrun.study.starting import start_study
from gdrun.study.storage.reading import read_found

Data = tuple[Any, Any]
"""Features and targets (X, y), with X (N, d) and y (N,)."""

Continued = TypeVar("Continued", Sweep, Comparison)

OneValue = str | Mapping[str, float] | None
"""A budget or a target: a text KEY=VALUE, or a dict with one key."""


def sweep(
    config: Source = None,
    values: Given = (),
    *overrides: Change,
    seeds: int = 1,
    metric: str | None = None,
    target: OneValue = None,
    search: Search = "grid",
    trials: int | None = None,
    halving: bool = False,
    jobs: int = 1,
    executor: Executor | None = None,
    data: Data | None = None,
    out: str | Path | None = None,
    resume: str | Path | None = None,
) -> Sweep:
    """Train with every combination of values, and rank the combinations by a metric.

    A combination is ranked by the median of its runs with different seeds; if nothing in the
    training is random, only one seed is run. values: a dict that has for each key a list, an array,
    or a text such as "log:1e-4:10:21"; or a text such as "lr=0.1,1", or "lr" for the default range
    of this key; or a list of such texts. seeds: the number of runs of each combination. metric: a
    name such as "validation_accuracy"; None for the validation loss. target: a text such as
    "loss=0.1", or a dict with one key; the epochs until it is reached are counted; None for the
    value at 95 % of the improvement (if large, of its logarithm) from the median first value of all
    runs to the best median.
    search: "grid" for every combination, "random" for `trials` random ones, with any number of a
    range such as "log:1e-4:10" and only the values of a list. halving: whether to use
    successive halving: only the best third of the settings continues at 1/3 of the epochs, and
    earlier at 1/9, 1/27, … as often as needed to leave one setting, but not before the first
    evaluation. jobs: the number of processes; with more than one, a script must call this below
    `if __name__ == "__main__":`, because every process imports the script. executor: any
    `concurrent.futures.Executor`, such as that of a Dask cluster; it runs `jobs` tasks at a
    time, or one for each core of this machine if `jobs` is 1.
    resume: the directory of an earlier study; only the trials that it has not finished are run.
    Without config, values and the other arguments, those in the record of the study are used;
    give data again if the study was run on arrays. jobs and executor are never recorded.
    config: the path of a YAML or data file, a dict with the keys of a config, an Experiment, or
    None for the quickstart config. overrides: changes of the config: texts such as "epochs=5", or
    dicts. data: a pair (X, y) of arrays that replaces the dataset. out: the directory in which a
    new directory is made for the study; None writes nothing. Ctrl-C returns the findings so far; a
    second Ctrl-C raises KeyboardInterrupt.

    Raises ConfigError or DataError, with every problem, if an experiment cannot be run;
    RecordError if the directory cannot be written, or the study in `resume` cannot be continued.

    >>> found = sweep({"dataset": "iris", "model": "softmax"}, {"lr": [1e-4, 0.1]}, "epochs=5")
    >>> found.best.settings, found.results.shape
    ({'optimizer.lr': 0.1}, (2, 1))
    """
    given = {
        "config": config,
        "values": values,
        "overrides": overrides,
        "seeds": seeds,
        "metric": metric,
        "target": target,
        "search": search,
        "trials": trials,
        "halving": halving,
    }
    if resume is not None and isinstance(values, tuple) and not values:
        now = {"jobs": jobs, "executor": executor, "data": data, "out": out, "resume": resume}
        return _continued(sweep, given, now)
    call = recordable({**given, "data": data is not None})
    if data is None and is_data_file(config):
        config, _ = start_study(str(config), overrides, varied_keys(values))
    request = SweepRequest(
        config=config,
        overrides=overrides,
        values=values,
        seeds=seeds,
        metric=metric,
        target=_one_value(target, "target"),
        search=search,
        trials=trials,
        halving=halving,
        jobs=jobs,
        executor=executor,
        data=data,
        out=out,
        resume=resume,
        call=call,
    )
    return request.planned().run()


def compare(
    contenders: Sequence[str | Mapping[str, Any] | Experiment] = (),
    config: Source = None,
    *overrides: Change,
    seeds: int = 8,
    tune: Given = (),
    budget: OneValue = None,
    baseline: str | None = None,
    metric: str | None = None,
    target: OneValue = None,
    jobs: int = 1,
    executor: Executor | None = None,
    data: Data | None = None,
    out: str | Path | None = None,
    resume: str | Path | None = None,
) -> Comparison:
    """Compare experiments, the contenders, on one problem with the same seeds.

    contenders: names such as "bgd" or "mbgd+adam", paths of YAML files, or configs. tune: keys such
    as "lr", or a dict that has for each key a list, an array or a text, as the values of `sweep`;
    before the comparison, the best value of each key is searched for every contender. budget: a
    text such as "gradients=50000", or a dict with one key, which replaces the budget of every
    contender; None keeps their own budgets. baseline: the name of the contender with which all
    others are compared; None to compare all pairs. config: the experiment that a contender given by
    a name changes; other contenders do not need it. The other arguments and the errors are those of
    `sweep`.

    >>> found = compare(["bgd", "mbgd"], {"dataset": "iris", "model": "softmax"}, "epochs=5")
    >>> [row.name for row in found.ranking], found.results.shape
    (['mbgd', 'bgd'], (2, 8))
    """
    given = {
        "contenders": contenders,
        "config": config,
        "overrides": overrides,
        "seeds": seeds,
        "tune": tune,
        "budget": budget,
        "baseline": baseline,
        "metric": metric,
        "target": target,
    }
    if resume is not None and isinstance(contenders, tuple) and not contenders:
        now = {"jobs": jobs, "executor": executor, "data": data, "out": out, "resume": resume}
        return _continued(compare, given, now)
    call = recordable({**given, "data": data is not None})
    if data is None and is_data_file(config):
        config, _ = start_study(str(config), overrides, chosen_names(contenders))
    request = ComparisonRequest(
        config=config,
        overrides=overrides,
        contenders=contenders,
        seeds=seeds,
        tune=tune,
        budget=_one_value(budget, "budget"),
        baseline=baseline,
        metric=metric,
        target=_one_value(target, "target"),
        jobs=jobs,
        executor=executor,
        data=data,
        out=out,
        resume=resume,
        call=call,
    )
    return request.planned().run()


def _continued(
    function: Callable[..., Continued], given: Mapping[str, Any], now: Mapping[str, Any]
) -> Continued:
    """Continue a study with the arguments in its record.

    function: sweep or compare. given: those of its arguments that a record has, in their order; its
    two positional ones and the overrides are first. now: its other arguments, which are never
    recorded. Raises ConfigError or RecordError as `recorded_call` does.
    """
    kept = recorded_call(
        function.__name__,
        now["resume"],
        now["out"],
        given,
        _defaults(function),
        with_data=now["data"] is not None,
    )
    first, second, overrides = (kept.pop(name) for name in list(given)[:3])
    return function(first, second, *overrides, **kept, **now)


def _defaults(function: Callable[..., Any]) -> dict[str, Any]:
    """The default of each argument of a function; () for those that it collects, like overrides."""
    parameters = signature(function).parameters.values()
    return {
        each.name: () if each.kind is each.VAR_POSITIONAL else each.default for each in parameters
    }


def _one_value(given: OneValue, parameter: str) -> str | None:
    """The text KEY=VALUE for a budget or a target. Raises ConfigError if it is no such value."""
    if given is None or isinstance(given, str):
        return given
    if isinstance(given, Mapping) and len(given) == 1:
        ((key, value),) = given.items()
        return f"{key}={value}"
    example = {"budget": "gradients=2000", "target": "loss=0.1"}[parameter]
    key, _, number = example.partition("=")
    what = f"must be a text or a dict with one key, got {given!r}"
    hint = f'write "{example}" or {{"{key}": {number}}}'
    raise ConfigError(what, where=Parameter(parameter), hint=hint)


def read_study(directory: str | Path) -> Sweep | Comparison:
    """Read the findings of a sweep or a comparison that was written to a directory.

    A plugin of the study is only needed if the study swept over names of methods from this plugin.
    Raises RecordError if a plugin is needed and not loaded, or the directory has no study or a
    damaged one.
    """
    return read_found(Path(directory)).found


def _sweep_html(found: Sweep) -> str:
    from gdrun.views import notebook, sweeps

    return notebook.html(sweeps.sweep_result(found)) + notebook.curves_of_best(found)


def _comparison_html(found: Comparison) -> str:
    from gdrun.views import comparisons, notebook

    return notebook.html(comparisons.comparison_result(found)) + notebook.curves_of_best(found)


def _sweep_warnings(found: Sweep) -> list[str]:
    from gdrun.views.study_warnings import sweep_warnings

    return sweep_warnings(found)


def _comparison_warnings(found: Comparison) -> list[str]:
    from gdrun.views.comparisons import comparison_warnings

    return comparison_warnings(found)


def _tables(found: Sweep | Comparison) -> dict[str, dict[str, Array]]:
    from gdrun.views.export.tables import tables
    from gdrun.views.recorded import recorded_trials

    return tables(recorded_trials(found))


HTML[Sweep] = _sweep_html
HTML[Comparison] = _comparison_html
WARNINGS[Sweep] = _sweep_warnings
WARNINGS[Comparison] = _comparison_warnings
TABLES[Sweep] = TABLES[Comparison] = _tables
