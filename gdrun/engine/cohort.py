"""A cohort: runs that share data, model, variant and kinds of method, and differ in numbers.

Each run is a lane. A number that lanes may differ in, such as rate, decay, l2 or seed, is an array
along the lane axis; everything else is shared, and so is the work. Lanes are kept in the order of
their seeds, so that those of one index stream are neighbours.

A cohort holds arrays, numbers and small records: what they come from, a configuration, is read in
`build` alone. It has no engine either, so whoever wants to know something of a cohort compiles
nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from gdrun.array_types import Array, Counts, Flags, Numbers
from gdrun.data import Part, Prepared
from gdrun.engine.plan import Plan
from gdrun.methods.rules import Rule
from gdrun.methods.sampling import Batching
from gdrun.methods.stopping import StoppingRules
from gdrun.problems.inits import INITS, Init, initial_row
from gdrun.problems.network import Network
from gdrun.problems.objective import Model, Objective
from gdrun.problems.rows import Examples
from gdrun.problems.surfaces import Surface, SurfaceModel

SAMPLE_ROWS = 512
"""The most examples that the readings of a network's layers are taken from."""


@dataclass(frozen=True)
class Design:
    """One part of the data as the model multiplies it: X (n, D), encoded targets y (n,)."""

    X: Examples
    y: Array

    @property
    def rows(self) -> int:
        return len(self.X)


@dataclass(frozen=True)
class LaneNumbers:
    """The numbers that lanes may differ in, each (lanes,).

    seeds: whole numbers of Python, as a seed has no upper bound. lr: the rate that the schedule
    starts from. clip_norm and clip_value: infinite where nothing is clipped. rule and schedule: the
    options of the rule, but for lr, and of the schedule, by name.
    """

    seeds: tuple[int, ...]
    lr: Numbers
    l2: Numbers
    dropout: Numbers
    clip_norm: Numbers
    clip_value: Numbers
    rule: Mapping[str, Numbers]
    schedule: Mapping[str, Numbers]

    def take(self, index: Counts) -> LaneNumbers:
        """The numbers of these lanes."""
        return LaneNumbers(
            tuple(self.seeds[lane] for lane in index.tolist()),
            self.lr[index],
            self.l2[index],
            self.dropout[index],
            self.clip_norm[index],
            self.clip_value[index],
            {name: values[index] for name, values in self.rule.items()},
            {name: values[index] for name, values in self.schedule.items()},
        )


@dataclass(frozen=True)
class InitialWeights:
    """Where lanes start: an init with its options, or for a walk a place (2,) on the surface."""

    init: Init
    place: tuple[float, ...] | None = None


@dataclass(frozen=True)
class Cohort:
    """What all lanes share, and their numbers.

    rule_options: those that lanes cannot differ in. averages: whether an average of the weights,
    which is the rule's last slot, is evaluated in their place. points: the most step records that a
    lane keeps; None keeps all.
    """

    data: Prepared
    model: Model
    rule: Rule
    rule_options: Mapping[str, Any]
    averages: bool
    batching: Batching
    plan: Plan
    stopping: StoppingRules
    numbers: LaneNumbers
    initial: InitialWeights
    dtype: np.dtype[Any]
    points: int | None

    @property
    def lanes(self) -> int:
        """The number of lanes, those that have ended included."""
        return len(self.numbers.seeds)

    @cached_property
    def train(self) -> Design:
        """The training part."""
        return self._design(self.data.train)

    @cached_property
    def validation(self) -> Design | None:
        """The validation part, if there is one."""
        return self._design(self.data.validation) if self.data.validation else None

    @cached_property
    def test(self) -> Design | None:
        """The test part, if there is one."""
        return self._design(self.data.test) if self.data.test else None

    @property
    def surface(self) -> Surface | None:
        """The surface that is walked on, if the problem is one."""
        return self.model.surface if isinstance(self.model, SurfaceModel) else None

    @property
    def place_names(self) -> tuple[str, ...]:
        """The names of the weights, where the trace keeps them at every step."""
        return () if self.surface is None else ("x", "y")

    def named(self, weights: Array, running_stats: Array) -> dict[str, Array]:
        """A lane's weights (P,) by name, with the running statistics (Q,) that belong to them."""
        named = self.model.layout.named(weights)
        if not isinstance(self.model, Network):
            return named
        return named | self.model.stats_layout.named(running_stats)

    @cached_property
    def sample(self) -> Design:
        """At most SAMPLE_ROWS examples of the training part, evenly spaced."""
        rows = self.train.rows
        chosen = np.linspace(0, rows - 1, min(rows, SAMPLE_ROWS)).astype(np.int64)
        return Design(self.train.X.take(chosen, axis=0), self.train.y[chosen])

    def initial_running_stats(self) -> Array:
        """The running statistics (lanes, Q) at the start; Q is 0 where the model has none."""
        if not isinstance(self.model, Network):
            return np.empty((self.lanes, 0), dtype=self.dtype)
        row = initial_row(self.model.stats_layout, INITS["zeros"], 0)
        return np.tile(row.astype(self.dtype), (self.lanes, 1))

    def initial_weights(self) -> Array:
        """W (lanes, P) at the start: lanes of one seed start alike."""
        if self.initial.place is not None:
            return np.tile(np.array(self.initial.place, dtype=self.dtype), (self.lanes, 1))
        seeds = self.numbers.seeds
        rows = {
            seed: initial_row(self.model.layout, self.initial.init, seed) for seed in set(seeds)
        }
        return np.array([rows[seed] for seed in seeds], dtype=self.dtype)

    def _design(self, part: Part) -> Design:
        return Design(self.model.design(part.X), self.model.encode(part.y))


@dataclass(frozen=True)
class Lanes:
    """The lanes of a cohort that are still training: index (lanes,) among all of them."""

    cohort: Cohort
    index: Counts

    @classmethod
    def all_of(cls, cohort: Cohort) -> Lanes:
        """Every lane of the cohort, as at the start."""
        return cls(cohort, np.arange(cohort.lanes))

    @cached_property
    def numbers(self) -> LaneNumbers:
        """The numbers of these lanes."""
        return self.cohort.numbers.take(self.index)

    def keep(self, alive: Flags) -> Lanes:
        """Only the lanes marked alive (lanes,)."""
        return Lanes(self.cohort, self.index[alive])

    def operand(self, values: Numbers) -> Any:
        """Numbers (lanes,) as an operand against (lanes, P): a float where lanes agree, else
        (lanes, 1).

        A float keeps the arithmetic of its powers and differences, such as 1 − β₂ᵗ, in double
        precision when the weights are float32.
        """
        if (values == values[0]).all():
            return float(values[0])
        return values[:, None].astype(self.cohort.dtype)

    @cached_property
    def schedule_options(self) -> dict[str, Any]:
        """The options of the schedule: (lanes,) where lanes may differ."""
        return {**self.cohort.plan.schedule.options, **self.numbers.schedule}

    def rule_options(self) -> dict[str, Any]:
        """The rule's options as operands, except lr, which follows the schedule."""
        varying = {name: self.operand(values) for name, values in self.numbers.rule.items()}
        return {**self.cohort.rule_options, **varying}

    @cached_property
    def objective(self) -> Objective:
        """The objective with each lane's own numbers."""
        dropout = self.operand(self.numbers.dropout) if self.drops else 0.0
        return Objective(self.cohort.model, self.operand(self.numbers.l2), dropout)

    @cached_property
    def drops(self) -> bool:
        """Whether any lane leaves out units in training."""
        return bool(self.numbers.dropout.any())

    @cached_property
    def streams(self) -> list[tuple[int, slice]]:
        """The random streams of steps in use: each seed, with the lanes that follow it.

        Where neither the order of the data nor dropout is drawn, all lanes follow one stream.
        """
        seeds = self.numbers.seeds
        if not (self.cohort.batching.draws or self.drops):
            return [(seeds[0], slice(0, len(seeds)))]
        starts = [k for k, seed in enumerate(seeds) if k == 0 or seed != seeds[k - 1]]
        return [
            (seeds[start], slice(start, end))
            for start, end in zip(starts, [*starts[1:], len(seeds)], strict=True)
        ]
