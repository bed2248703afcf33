"""How a cohort (runs that train together) and its engine are built from experiments.

No other module of the engine reads configs: the other modules work on arrays, numbers and small
records. `cohort_of` and `facts` are cheap, because they compile nothing and copy no data. `build`
also compiles the kernels.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gdrun.array_types import Numbers
from gdrun.config.experiment import Experiment
from gdrun.config.metric_checks import named_metrics, unfit_metrics
from gdrun.config.settings import EarlyStoppingSettings, Rules
from gdrun.data import Prepared
from gdrun.engine.cohort import Cohort, InitialWeights, LaneNumbers
from gdrun.engine.contract import Engine
from gdrun.engine.engines import engine_maker
from gdrun.engine.measuring import baseline_predictions
from gdrun.engine.plan import Plan, SchedulePlan
from gdrun.errors import ConfigError, Problem
from gdrun.methods.averaging import AVERAGES, averaged
from gdrun.methods.rules import OPTIMIZERS, Rule
from gdrun.methods.sampling import VARIANTS, Batching
from gdrun.methods.schedules import SCHEDULES
from gdrun.methods.stopping import Criteria, EarlyStopping, StoppingRules
from gdrun.problems.inits import INITS
from gdrun.problems.linear import LinearModel
from gdrun.problems.metrics import METRICS, metric_names
from gdrun.problems.models import MODELS
from gdrun.problems.network import Network
from gdrun.problems.objective import Model
from gdrun.problems.predictor import Predictor


@dataclass(frozen=True)
class Facts:
    """What is known of an experiment and its data without training and compiling.

    parameters, outputs: how many weights and outputs the model has. loss: the name of the model's
    loss; an empty text for a surface. batch_size: the number of examples of a batch in the first
    epoch. steps: the most steps that the budget allows; None with a budget in seconds only.
    """

    parameters: int
    outputs: int
    loss: str
    batch_size: int
    steps: int | None


def build(experiments: Sequence[Experiment], data: Prepared) -> tuple[Cohort, Engine]:
    """Return the cohort of these experiments, which train together, and the engine that runs it.

    If the engine is a compiled one, `build` compiles its kernels. data: the data of all
    experiments. Raises ConfigError or DataError if the experiments do not fit the data, ConfigError
    or MissingExtraError if the config names an engine that cannot run the experiments.
    """
    cohort = cohort_of(experiments, data)
    return cohort, engine_maker(cohort, experiments[0].header.engine)()


def facts(experiment: Experiment, data: Prepared) -> Facts:
    """Return how many weights, outputs and steps an experiment has, its loss and its batch size.

    Nothing is trained or compiled.

    Raises ConfigError or DataError if the experiment does not fit the data, ConfigError or
    MissingExtraError if the config names an engine that cannot run the experiment.
    """
    cohort = cohort_of([experiment], data)
    # Called only for its errors: a study checks its experiments before it runs any.
    engine_maker(cohort, experiment.header.engine)
    model, layout = cohort.model, cohort.model.layout
    loss = model.loss.name if isinstance(model, LinearModel | Network) else ""
    batching = cohort.batching
    budget = cohort.plan.budget
    steps = None if budget is None else budget.steps
    return Facts(layout.size, layout.layers[-1].outputs, loss, batching.batch_size, steps)


def in_lane_order(experiments: Sequence[Experiment]) -> tuple[Experiment, ...]:
    """The experiments sorted by seed, which is the order of runs that train together."""
    return tuple(sorted(experiments, key=lambda experiment: experiment.seed))


def cohort_of(experiments: Sequence[Experiment], data: Prepared) -> Cohort:
    """Return the cohort of these experiments, which train together.

    The experiments may differ only in their names, in their seeds, and in options that are one
    number for each run, such as lr; see Experiment.shape. data: the data of all experiments. Raises
    ValueError if the experiments differ in anything else, ConfigError or DataError if the
    experiments do not fit the data.
    """
    lanes = in_lane_order(experiments)
    shared = lanes[0]
    if any(lane.shape != shared.shape for lane in lanes):
        what = "these experiments cannot train together: they differ not only in numbers"
        raise ValueError(what)
    model = _model(shared, data)
    batching = VARIANTS[shared.variant.name].function(data.train.rows, **shared.variant.options)
    plan = Plan(batching, shared.stopping.budgets, shared.evaluate.every, _schedule(shared))
    _check_batches(model, plan, shared)
    rule = _rule(shared)
    points = shared.log.points
    return Cohort(
        data=data,
        model=model,
        rule=rule,
        rule_options={
            name: shared.optimizer[name]
            for name, option in rule.options.items()
            if not option.varies and name != "lr"
        },
        averages=shared.optimizer["average"] is not None,
        batching=batching,
        plan=plan,
        stopping=_stopping_rules(shared),
        numbers=_numbers(lanes, rule),
        initial=_initial_weights(shared),
        dtype=np.dtype(shared.dtype),
        points=None if points == "all" else points,
        metrics=_metrics(shared, model, data),
        named_metrics=() if shared.surface else tuple(shared.evaluate.metrics or ()),
    )


def _numbers(lanes: Sequence[Experiment], rule: Rule) -> LaneNumbers:
    """The numbers in which runs that train together may differ, as arrays (lanes,).

    lanes: the experiments of the runs, sorted by seed.
    """

    def column(number: Callable[[Experiment], Any]) -> Numbers:
        return np.array([number(lane) for lane in lanes], dtype=float)

    def option(section: str, name: str) -> Numbers:
        return column(lambda lane: getattr(lane, section)[name])

    schedule = SCHEDULES[lanes[0].schedule.name]
    return LaneNumbers(
        seeds=tuple(lane.seed for lane in lanes),
        lr=option("optimizer", "lr"),
        l2=option("model", "l2"),
        dropout=column(lambda lane: lane.model.options.get("dropout", 0.0)),
        clip_norm=column(lambda lane: _or_infinite(lane.clip.norm)),
        clip_value=column(lambda lane: _or_infinite(lane.clip.value)),
        rule={
            name: option("optimizer", name)
            for name, known in rule.options.items()
            if known.varies and name != "lr"
        },
        schedule={
            name: option("schedule", name)
            for name, known in schedule.options.items()
            if known.varies
        },
    )


def _or_infinite(bound: float | None) -> float:
    """The bound, or ∞ for None, so that runs with and without clipping can train together."""
    return np.inf if bound is None else bound


def _schedule(experiment: Experiment) -> SchedulePlan:
    section = experiment.schedule
    form = SCHEDULES[section.name]
    shared = {name: section[name] for name, option in form.options.items() if not option.varies}
    per_step = section["per"] == "step"
    return SchedulePlan(form, shared, per_step, section["warmup"], section["warmup_start"])


def _stopping_rules(experiment: Experiment) -> StoppingRules:
    stopping = experiment.stopping
    return StoppingRules(_criteria(stopping), _criteria(stopping.watch), stopping.divergence.factor)


def _criteria(rules: Rules) -> Criteria:
    early = rules.early_stopping
    return Criteria(rules.thresholds, _early_stopping(early) if early else None)


def _early_stopping(settings: EarlyStoppingSettings) -> EarlyStopping:
    given = settings.model_dump(exclude={"metric"})
    if settings.metric is None:
        return EarlyStopping(**given)
    metric = METRICS[settings.metric]
    return EarlyStopping(
        **given, reading=f"validation_{metric.name}", words=metric.words, larger=metric.larger
    )


def _initial_weights(experiment: Experiment) -> InitialWeights:
    surface = experiment.surface
    if surface is None:
        init = INITS[experiment.model["init"]]
        return InitialWeights(init.with_options(experiment.model.options))
    return InitialWeights(INITS["zeros"], tuple(surface["start"]))


def _model(experiment: Experiment, data: Prepared) -> Model:
    """The model of the experiment, for the features and classes of the data."""
    if (surface := experiment.walks_on) is not None and experiment.surface is not None:
        return surface.model(**{name: experiment.surface[name] for name in surface.options})
    definition = MODELS[experiment.model.name]
    classes = len(data.classes)
    if definition.classes == "two" and classes != 2:
        what = f"{definition.name} needs 2 classes, but {data.name} has {classes}"
        ways = [each.advice for label, each in data.strays.items() if label in data.classes]
        raise ConfigError(
            f"{what}: {data.classes_with_rows}" if classes else what,
            where="model.name",
            hint="; or ".join([*ways, "use model: softmax"]),
        )
    _check_accuracy(experiment, classes)
    return definition.build(data.features, classes, experiment.model.options)


def _check_accuracy(experiment: Experiment, classes: int) -> None:
    """Raise ConfigError for a stopping rule on accuracy if the data require regression.

    Models whose task does not depend on the data are checked when the config is read.
    """
    stopping = experiment.stopping
    if experiment.task is None and not classes:
        for key, rules in (("stopping", stopping), ("stopping.watch", stopping.watch)):
            if rules.target_accuracy is not None:
                raise ConfigError(
                    f"{experiment.model.name} does regression on these data, so it has no accuracy",
                    where=f"{key}.target_accuracy",
                    hint="use target_loss, or model.loss: cross_entropy",
                )


def _metrics(experiment: Experiment, model: Model, data: Prepared) -> tuple[str, ...]:
    """The metrics to measure when a run has ended. Raises ConfigError for an unsuitable metric."""
    if experiment.surface is not None:
        return ()
    loss = model.loss.name if isinstance(model, Predictor) else None
    problems = [
        Problem(what, ".".join(map(str, path)), hint)
        for path, what, hint in unfit_metrics(experiment, data.task, loss)
    ]
    for path, name in named_metrics(experiment):
        if path[0] == "stopping" and not problems and data.validation is not None:
            value = METRICS[name].value(baseline_predictions(data, data.validation))
            if np.isnan(value):
                what = f"{name} is not defined on the {data.validation.rows} validation rows"
                hint = "use another metric, or a larger validation part"
                problems.append(Problem(what, ".".join(map(str, path)), hint))
    if problems:
        raise ConfigError(problems)
    return metric_names(experiment.evaluate.metrics, data.task)


def _check_batches(model: Model, plan: Plan, experiment: Experiment) -> None:
    """Raise ConfigError if the model uses batch_norm and a batch of the run has only one example.

    If batches grow, a later epoch may have such a batch: with 121 rows, the last batch has 25
    examples if batch_size is 48, but 1 example if batch_size has grown to 120.
    """
    if not isinstance(model, Network) or not model.batch_norm:
        return
    batching, last = plan.batching, plan.batching.ending_in_one()
    if batching.batch_size == 1:
        what = "each batch has 1"
        hint = _larger_batches(batching, experiment)
    elif last is not None and (plan.epochs is None or plan.epochs >= last[0] + 1):
        epoch, size = last
        what = "the last batch of an epoch has 1"
        what += f" when batches have grown to {size}, after {epoch} epochs" if epoch else ""
        other = "batch_size or batch_growth" if epoch else "batch_size"
        hint = f"choose another {other}, or drop_last: true"
    else:
        return
    raise ConfigError(
        f"needs at least 2 examples a batch, but {what}", where="model.batch_norm", hint=hint
    )


def _larger_batches(batching: Batching, experiment: Experiment) -> str:
    """A hint on how to get batches of more than one example."""
    if batching.rows == 1:
        return "use at least 2 training examples"
    if "batch_size" in experiment.variant.options:
        return "use a batch_size of at least 2"
    return "use variant: mbgd with a batch_size of at least 2"


def _rule(experiment: Experiment) -> Rule:
    """The update rule of the experiment.

    If the config averages weights, the average is an additional last slot. A slot is an array of
    state that the rule carries from step to step.
    """
    rule, average = OPTIMIZERS[experiment.optimizer.name], experiment.optimizer["average"]
    return rule if average is None else averaged(rule, AVERAGES[average.name], average.options)
