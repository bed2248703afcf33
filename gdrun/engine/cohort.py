"""A cohort: runs that share data, model, variant and kinds of method, and differ in numbers.

Each run is a lane. Everything a lane may have of its own, such as rate, decay, l2 or seed, is a
column of numbers along the lane axis; everything else is shared, and so is the work. Lanes are kept
in the order of their seeds, so that those of one index stream lie side by side.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gdrun.data.table import Part, Prepared
from gdrun.errors import ConfigError
from gdrun.methods.rules import OPTIMIZERS, Rule
from gdrun.methods.sampling import VARIANTS, Batching
from gdrun.problems.inits import initial_row
from gdrun.problems.models import MODELS
from gdrun.problems.objective import Array, Model, Objective
from gdrun.spec.experiment import Experiment

Numbers = Callable[[Experiment], float]


@dataclass(frozen=True)
class Design:
    """One part of the data as the model multiplies it: X (n, D), encoded targets y (n,)."""

    X: Array
    y: NDArray[Any]

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
        return cls(
            experiments=lanes,
            data=data,
            model=model,
            rule=OPTIMIZERS[shared.optimizer.name],
            batching=VARIANTS[shared.variant.name].function(
                data.train.rows, **shared.variant.options
            ),
            train=_design(model, data.train),
            validation=_design(model, data.validation) if data.validation else None,
            test=_design(model, data.test) if data.test else None,
        )

    @property
    def shared(self) -> Experiment:
        """One of the experiments, to read what all share."""
        return self.experiments[0]

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype(self.shared.dtype)

    def initial_weights(self) -> Array:
        """W (lanes, P) at the start: lanes of one seed start alike."""
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
    index: NDArray[np.int64]

    @property
    def experiments(self) -> tuple[Experiment, ...]:
        return tuple(self.cohort.experiments[k] for k in self.index)

    def column(self, number: Numbers) -> NDArray[np.float64]:
        """A number of each lane's experiment: (lanes,) in float64."""
        return np.array([number(experiment) for experiment in self.experiments], dtype=float)

    def operand(self, number: Numbers) -> Any:
        """The same as an operand against (lanes, P): a float where lanes agree, else (lanes, 1).

        A float keeps the arithmetic of its powers and differences, such as 1 − β₂ᵗ, in double
        precision when the weights are float32.
        """
        values = self.column(number)
        if (values == values[0]).all():
            return float(values[0])
        return values[:, None].astype(self.cohort.dtype)

    def rule_options(self) -> dict[str, Any]:
        """The rule's options except lr, which follows the schedule."""
        return {
            name: self.operand(lambda experiment, key=name: experiment.optimizer[key])  # type: ignore[misc]
            if option.varies
            else self.cohort.shared.optimizer[name]
            for name, option in self.cohort.rule.options.items()
            if name != "lr"
        }

    def objective(self) -> Objective:
        return Objective(self.cohort.model, self.operand(lambda experiment: experiment.model["l2"]))

    def streams(self) -> list[tuple[int, slice]]:
        """The index streams in use: each seed, with the lanes that follow it."""
        seeds = [experiment.seed for experiment in self.experiments]
        starts = [k for k, seed in enumerate(seeds) if k == 0 or seed != seeds[k - 1]]
        return [
            (seeds[start], slice(start, end))
            for start, end in zip(starts, [*starts[1:], len(seeds)], strict=True)
        ]


@dataclass
class State:
    """The whole changing state of a cohort: counters, and arrays with one row a lane.

    Arrays are replaced, never written into, so an earlier state stays good to return to.
    step counts updates; epoch those passed; position the steps of the epoch under way.
    best_*: the best evaluation so far, by validation loss (training loss without a validation
    part); stale: evaluations since. rising and clipped count steps.
    """

    lanes: NDArray[np.int64]
    W: Array
    slots: tuple[Array, ...]
    step: int
    epoch: int
    position: int
    evaluations: int
    gradients: int
    initial_loss: NDArray[np.float64]
    last_loss: NDArray[np.float64]
    last_batch_loss: NDArray[np.float64]
    last_W: Array
    best_W: Array
    best_loss: NDArray[np.float64]
    best_step: NDArray[np.int64]
    best_epoch: NDArray[np.float64]
    stale: NDArray[np.int64]
    rising: NDArray[np.int64]
    clipped: NDArray[np.int64]

    @classmethod
    def start(cls, cohort: Cohort) -> State:
        W = cohort.initial_weights()
        lanes = len(W)
        unknown = np.full(lanes, np.nan)
        none = np.zeros(lanes, dtype=np.int64)
        return cls(
            lanes=np.arange(lanes),
            W=W,
            slots=tuple(np.zeros_like(W) for _ in cohort.rule.slots),
            step=0,
            epoch=0,
            position=0,
            evaluations=0,
            gradients=0,
            initial_loss=unknown,
            last_loss=unknown,
            last_batch_loss=unknown,
            last_W=W,
            best_W=W,
            best_loss=np.full(lanes, np.inf),
            best_step=none,
            best_epoch=np.zeros(lanes),
            stale=none,
            rising=none,
            clipped=none,
        )

    def keep(self, alive: NDArray[np.bool_]) -> State:
        """The state with only the lanes marked alive (lanes,)."""
        changed: dict[str, Any] = {"slots": tuple(slot[alive] for slot in self.slots)}
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, np.ndarray):
                changed[field.name] = value[alive]
        return replace(self, **changed)


def _build_model(experiment: Experiment, data: Prepared) -> Model:
    definition = MODELS[experiment.model.name]
    classes = len(data.classes)
    if definition.classes == "two" and classes != 2:
        raise ConfigError(
            f"{definition.name} separates two classes, and {data.name} has {classes}",
            where="model.name",
            hint="use model: softmax",
        )
    options = {name: experiment.model[name] for name in definition.options}
    built: Model = definition.function(data.features, classes, **options)
    return built


def _design(model: Model, part: Part) -> Design:
    return Design(model.design(part.X), model.encode(part.y))
