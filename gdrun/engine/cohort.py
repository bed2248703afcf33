"""A cohort: runs that share data, model, variant and kinds of method, and differ in numbers.

Each run is a lane. Everything a lane may have of its own, such as rate, decay, l2 or seed, is a
column of numbers along the lane axis; everything else is shared, and so is the work. Lanes are kept
in the order of their seeds, so that those of one index stream lie side by side.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from gdrun.array_types import Array, Counts, Flags, Numbers
from gdrun.config.experiment import Experiment
from gdrun.config.sections import Section
from gdrun.data import Part, Prepared, Table, load_table, prepare
from gdrun.engine.plan import Plan
from gdrun.errors import ConfigError
from gdrun.methods.averaging import AVERAGES, averaged
from gdrun.methods.randomness import stream
from gdrun.methods.rules import OPTIMIZERS, Rule
from gdrun.methods.sampling import VARIANTS, Batching
from gdrun.methods.schedules import SCHEDULES
from gdrun.problems.inits import initial_row
from gdrun.problems.models import LANE_OPTIONS, MODELS
from gdrun.problems.network import Network
from gdrun.problems.objective import Model, Objective
from gdrun.problems.rows import Examples
from gdrun.problems.surfaces import noise_vectors

if TYPE_CHECKING:
    from gdrun.engine.engines import Engine

NumberOf = Callable[[Experiment], float]

SAMPLE_ROWS = 512
"""The most examples that a look into a network takes."""


@dataclass(frozen=True)
class Design:
    """One part of the data as the model multiplies it: X (n, D), encoded targets y (n,)."""

    X: Examples
    y: Array

    @property
    def rows(self) -> int:
        return len(self.X)


@dataclass(frozen=True)
class Cohort:
    """What all lanes share, and the experiment of each. Lane k is `experiments[k]`."""

    experiments: tuple[Experiment, ...]
    data: Prepared
    model: Model
    rule: Rule
    batching: Batching
    train: Design
    validation: Design | None
    test: Design | None

    @classmethod
    def of(cls, experiments: Sequence[Experiment], data: Prepared) -> Cohort:
        """The cohort of these experiments, which must share everything but numbers and seeds."""
        lanes = tuple(sorted(experiments, key=lambda experiment: experiment.seed))
        shared = lanes[0]
        if any(lane.shape != shared.shape for lane in lanes):
            raise ValueError("experiments of different shapes cannot be lanes of one cohort")
        model = _build_model(shared, data)
        batching = VARIANTS[shared.variant.name].function(data.train.rows, **shared.variant.options)
        _check_batches(model, Plan(shared, batching))
        cohort = cls(
            experiments=lanes,
            data=data,
            model=model,
            rule=_rule(shared),
            batching=batching,
            train=_design(model, data.train),
            validation=_design(model, data.validation) if data.validation else None,
            test=_design(model, data.test) if data.test else None,
        )
        _ = cohort.engine  # one that cannot be had is an error now, before anything is written
        return cohort

    @property
    def shared(self) -> Experiment:
        """One of the experiments, to read what all share."""
        return self.experiments[0]

    @cached_property
    def engine(self) -> Engine:
        """What advances the lanes. Raises ConfigError where the one asked for cannot be had."""
        from gdrun.engine.engines import engine_for

        return engine_for(self)

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype(self.shared.dtype)

    @property
    def averages(self) -> bool:
        """Whether an average of the weights, the rule's last slot, is evaluated in their place."""
        return self.shared.optimizer["average"] is not None

    @property
    def place_names(self) -> tuple[str, ...]:
        """The names of the weights, where the trace keeps them at every step."""
        return ("x", "y") if self.shared.surface is not None else ()

    def named(self, weights: Array, memory: Array) -> dict[str, Array]:
        """A lane's weights (P,) by name, and the running statistics (Q,) that belong to them."""
        named = self.model.layout.named(weights)
        return named | self.model.memory.named(memory) if isinstance(self.model, Network) else named

    @cached_property
    def sample(self) -> Design:
        """A fixed share of the training part, to look into a network with."""
        rows = self.train.rows
        chosen = np.linspace(0, rows - 1, min(rows, SAMPLE_ROWS)).astype(np.int64)
        return Design(self.train.X.take(chosen, axis=0), self.train.y[chosen])

    def initial_memory(self) -> Array:
        """The running statistics (lanes, Q) at the start; Q is 0 where the model has none."""
        lanes = len(self.experiments)
        if not isinstance(self.model, Network):
            return np.empty((lanes, 0), dtype=self.dtype)
        row = initial_row(self.model.memory, "zeros", 0, 0.0)
        return np.tile(row.astype(self.dtype), (lanes, 1))

    def initial_weights(self) -> Array:
        """W (lanes, P) at the start: lanes of one seed start alike."""
        if (surface := self.shared.walks_on) is not None and self.shared.surface is not None:
            start = self.shared.surface["start"] or surface.start
            return np.tile(np.array(start, dtype=self.dtype), (len(self.experiments), 1))
        init, std = (self.shared.model[key] for key in ("init", "init_std"))
        rows = {
            seed: initial_row(self.model.layout, init, seed, std)
            for seed in {experiment.seed for experiment in self.experiments}
        }
        return np.array([rows[lane.seed] for lane in self.experiments], dtype=self.dtype)


@dataclass(frozen=True)
class Lanes:
    """The lanes of a cohort that are still training, with their numbers as arrays."""

    cohort: Cohort
    index: Counts

    @classmethod
    def all_of(cls, cohort: Cohort) -> Lanes:
        """Every lane of the cohort, as at the start."""
        return cls(cohort, np.arange(len(cohort.experiments)))

    @cached_property
    def experiments(self) -> tuple[Experiment, ...]:
        return tuple(self.cohort.experiments[k] for k in self.index)

    @cached_property
    def rates(self) -> Numbers:
        """The learning rate that each lane's schedule starts from: (lanes,)."""
        return self.column(lambda experiment: experiment.optimizer["lr"])

    def keep(self, alive: Flags) -> Lanes:
        """Only the lanes marked alive (lanes,)."""
        return Lanes(self.cohort, self.index[alive])

    def column(self, number: NumberOf) -> Numbers:
        """A number of each lane's experiment: (lanes,) in float64."""
        return np.array([number(experiment) for experiment in self.experiments], dtype=float)

    def operand(self, number: NumberOf) -> Any:
        """The same as an operand against (lanes, P): a float where lanes agree, else (lanes, 1).

        A float keeps the arithmetic of its powers and differences, such as 1 − β₂ᵗ, in double
        precision when the weights are float32.
        """
        values = self.column(number)
        if (values == values[0]).all():
            return float(values[0])
        return values[:, None].astype(self.cohort.dtype)

    @cached_property
    def schedule_options(self) -> dict[str, Any]:
        """The options of the schedule's own form: (lanes,) where lanes may differ."""
        schedule = self.cohort.shared.schedule
        return {
            name: self.column(lambda experiment, key=name: experiment.schedule[key])  # type: ignore[misc]
            if option.varies
            else schedule[name]
            for name, option in SCHEDULES[schedule.name].options.items()
        }

    def rule_options(self) -> dict[str, Any]:
        """The rule's options except lr, which follows the schedule."""
        return {
            name: self.operand(lambda experiment, key=name: experiment.optimizer[key])  # type: ignore[misc]
            if option.varies
            else self.cohort.shared.optimizer[name]
            for name, option in self.cohort.rule.options.items()
            if name != "lr"
        }

    @cached_property
    def objective(self) -> Objective:
        """The objective with each lane's own numbers."""
        l2 = self.operand(lambda experiment: experiment.model["l2"])
        dropout = (
            self.operand(lambda experiment: experiment.model["dropout"]) if self.drops else 0.0
        )
        return self.cohort.engine.objective(Objective(self.cohort.model, l2, dropout))

    @cached_property
    def drops(self) -> bool:
        """Whether any lane leaves out units in training."""
        return any(experiment.model.options.get("dropout") for experiment in self.experiments)

    @cached_property
    def streams(self) -> list[tuple[int, slice]]:
        """The random streams of steps in use: each seed, with the lanes that follow it.

        Where neither the order of the data nor dropout is drawn, all lanes follow one stream.
        """
        seeds = [experiment.seed for experiment in self.experiments]
        if not (self.cohort.batching.draws or self.drops):
            return [(seeds[0], slice(0, len(seeds)))]
        starts = [k for k, seed in enumerate(seeds) if k == 0 or seed != seeds[k - 1]]
        return [
            (seeds[start], slice(start, end))
            for start, end in zip(starts, [*starts[1:], len(seeds)], strict=True)
        ]


def experiment_data(experiment: Experiment, table: Table | None = None) -> Prepared:
    """The data of an experiment, read or generated, split and standardised.

    table: stands in for the dataset that the experiment names, as arrays from Python do.
    """
    dataset = experiment.dataset
    if experiment.surface is not None:
        return _noise(experiment, experiment.surface)
    if table is None:
        given = {name: value for name, value in dataset.options.items() if value is not None}
        table = load_table(given | {dataset.chosen_by: dataset.name})
    return prepare(
        table,
        task=experiment.task,
        validation=dataset["split"].validation,
        test=dataset["split"].test,
        standardize=dataset["standardize"],
        seed=dataset["seed"],
        dtype=experiment.dtype,
    )


def _noise(experiment: Experiment, surface: Section) -> Prepared:
    """The examples of a surface: noise vectors, which belong to the problem as a dataset's do."""
    drawn = noise_vectors(stream(0, "noise"), surface["examples"], surface["noise"])
    table = Table("gradient noise", drawn, np.zeros(len(drawn)), ("x", "y"), "f", ())
    return prepare(
        table,
        task="regression",
        validation=0,
        test=0,
        standardize=False,
        seed=0,
        dtype=experiment.dtype,
    )


def _build_model(experiment: Experiment, data: Prepared) -> Model:
    if (surface := experiment.walks_on) is not None and experiment.surface is not None:
        return surface.model(**{name: experiment.surface[name] for name in surface.options})
    definition = MODELS[experiment.model.name]
    classes = len(data.classes)
    if definition.classes == "two" and classes != 2:
        raise ConfigError(
            f"{definition.name} separates two classes, and {data.name} has {classes}",
            where="model.name",
            hint="use model: softmax",
        )
    _check_accuracy(experiment, classes)
    options = {
        name: experiment.model[name] for name in definition.options if name not in LANE_OPTIONS
    }
    built: Model = definition.function(data.features, classes, **options)
    return built


def _check_accuracy(experiment: Experiment, classes: int) -> None:
    """Where the target decides what is predicted, rules on accuracy are judged only now."""
    stopping = experiment.stopping
    if experiment.task is None and not classes:
        for key, rules in (("stopping", stopping), ("stopping.watch", stopping.watch)):
            if rules.target_accuracy is not None:
                raise ConfigError(
                    f"{experiment.model.name} predicts numbers here, which have no accuracy",
                    where=f"{key}.target_accuracy",
                    hint="use target_loss, or model.loss: cross_entropy",
                )


def _check_batches(model: Model, plan: Plan) -> None:
    """The statistics of a batch need two examples or more, in every batch that the budget reaches.

    Also where batches grow: 121 rows in batches of 48 leave 25, and in batches of 120 leave one.
    """
    if not isinstance(model, Network) or not model.batch_norm:
        return
    batching, last = plan.batching, plan.batching.ending_in_one()
    if batching.batch_size == 1:
        what = "each batch is one example"
        hint = _larger_batches(plan)
    elif last is not None and (plan.epochs is None or plan.epochs >= last[0] + 1):
        epoch, size = last
        what = "the last batch of an epoch is one example"
        what += f" where batches have grown to {size}, after {epoch} epochs" if epoch else ""
        other = "batch_size or batch_growth" if epoch else "batch_size"
        hint = f"choose another {other}, or drop_last: true"
    else:
        return
    raise ConfigError(
        f"normalises by the statistics of a batch, and {what}", where="model.batch_norm", hint=hint
    )


def _larger_batches(plan: Plan) -> str:
    """How batches can hold more than the one example that they do."""
    if plan.batching.rows == 1:
        return "it takes two training examples or more"
    if "batch_size" in plan.experiment.variant.options:
        return "choose another batch_size"
    return "use variant: mbgd, whose batches hold batch_size examples"


def _rule(experiment: Experiment) -> Rule:
    rule, average = OPTIMIZERS[experiment.optimizer.name], experiment.optimizer["average"]
    return rule if average is None else averaged(rule, AVERAGES[average.name], average.options)


def _design(model: Model, part: Part) -> Design:
    return Design(model.design(part.X), model.encode(part.y))
