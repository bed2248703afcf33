"""A cohort: runs that train together. They share data, model and methods, and differ in numbers.

Each run of a cohort is a lane: one row of the cohort's arrays. A number in which lanes may differ,
such as learning rate, l2 or seed, is an array with one entry for each lane; everything else is
shared. So one array operation computes all lanes. Lanes are ordered by seed, so that lanes with the
same index stream (the sequence of row indices that a seed draws) are neighbours.

A cohort contains arrays, numbers and small records. It does not depend on the config, which only
gdrun.engine.build reads. It has no engine, so nothing is compiled when a cohort is made.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from gdrun.array_types import Array, Flags, Integers, Numbers
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
"""The most training examples from which the readings of a network's layers are computed."""


@dataclass(frozen=True)
class Design:
    """One part of the data, such as the training part, encoded for the model.

    X (n, D): the D features of each of n examples. y (n,): the targets.
    """

    X: Examples
    y: Array

    @property
    def rows(self) -> int:
        return len(self.X)


@dataclass(frozen=True)
class LaneNumbers:
    """The numbers in which lanes (runs that train together) may differ, each (lanes,).

    seeds: Python ints, because a seed has no upper bound. lr: the initial learning rate, which the
    schedule changes. clip_norm, clip_value: the limits of clipping; infinite for lanes without
    clipping. rule, schedule: the options of the update rule (without lr) and of the schedule, by
    name.
    """

    seeds: tuple[int, ...]
    lr: Numbers
    l2: Numbers
    dropout: Numbers
    clip_norm: Numbers
    clip_value: Numbers
    rule: Mapping[str, Numbers]
    schedule: Mapping[str, Numbers]

    def take(self, index: Integers) -> LaneNumbers:
        """The numbers of the runs at these indices (k,)."""
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
    """How weights are initialised.

    init: the initialiser of a model. place: on a surface, the starting point (x, y), which is used
    instead of `init`; None for a model on data.
    """

    init: Init
    place: tuple[float, ...] | None = None


@dataclass(frozen=True)
class Cohort:
    """A cohort: everything that its lanes (runs that train together) share, and their numbers.

    rule: the update rule. rule_options: the options of the update rule in which lanes cannot
    differ. averages: whether an average of the weights is evaluated instead of the weights; the
    average is the last slot of the rule (a slot is an array of state that the rule carries from
    step to step). plan: the budgets, the schedule, and how often the runs are evaluated. numbers:
    the numbers in which lanes may differ, such as learning rates. points: the most points of the
    step trace of a lane; None keeps every step. metrics: the names of the metrics that are measured
    when a run has ended; empty for a surface. named_metrics: those that the config names, which are
    also measured on the validation part at each evaluation.
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
    metrics: tuple[str, ...] = ()
    named_metrics: tuple[str, ...] = ()

    @property
    def lanes(self) -> int:
        """The number of lanes (runs that train together), including those that have ended."""
        return len(self.numbers.seeds)

    @cached_property
    def train(self) -> Design:
        """The training part of the data, encoded for the model."""
        return self._design(self.data.train)

    @cached_property
    def validation(self) -> Design | None:
        """The validation part of the data, encoded for the model; None without one."""
        return self._design(self.data.validation) if self.data.validation else None

    @cached_property
    def test(self) -> Design | None:
        """The test part of the data, encoded for the model; None without one."""
        return self._design(self.data.test) if self.data.test else None

    @property
    def surface(self) -> Surface | None:
        """The surface that is minimised; None if the problem is a model on data."""
        return self.model.surface if isinstance(self.model, SurfaceModel) else None

    @property
    def exact_steps(self) -> bool:
        """Whether each step uses the full objective: its batch loss is that of all examples.

        Without noise, all examples of a surface are equal.
        """
        if self.surface is not None and not np.any(self.data.train.X):
            return True
        return self.batching.whole and not self.numbers.dropout.any()

    @property
    def evaluates_steps(self) -> bool:
        """Whether an evaluation after a step measures the function that the next step would use.

        With averaged weights, or with batch normalisation, it measures another one.
        """
        normalises = isinstance(self.model, Network) and self.model.batch_norm
        return self.exact_steps and not self.averages and not normalises

    @property
    def place_names(self) -> tuple[str, ...]:
        """The names of the two weights on a surface; empty for a model on data.

        On a surface, the trace records the weights at every step, in columns with these names.
        """
        return () if self.surface is None else ("x", "y")

    def named(self, weights: Array, running_stats: Array) -> dict[str, Array]:
        """The P weights and the Q running statistics of one run, as arrays by name."""
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
        """The initial running statistics (lanes, Q); Q is 0 for a model without batch_norm."""
        if not isinstance(self.model, Network):
            return np.empty((self.lanes, 0), dtype=self.dtype)
        row = initial_row(self.model.stats_layout, INITS["zeros"], 0)
        return np.tile(row.astype(self.dtype), (self.lanes, 1))

    def initial_weights(self) -> Array:
        """The P initial weights of each run, (lanes, P); equal for runs with the same seed."""
        if self.initial.place is not None:
            return np.tile(np.array(self.initial.place, dtype=self.dtype), (self.lanes, 1))
        seeds = self.numbers.seeds
        rows = {
            seed: initial_row(self.model.layout, self.initial.init, seed) for seed in set(seeds)
        }
        return np.array([rows[seed] for seed in seeds], dtype=self.dtype)

    def _design(self, part: Part) -> Design:
        return Design(self.model.design(part.X, part.wide), self.model.encode(part.y))


@dataclass(frozen=True)
class Lanes:
    """The lanes of a cohort that still train. A lane is one of the runs that train together.

    index (lanes,): the indices of these lanes in the cohort.
    """

    cohort: Cohort
    index: Integers

    @classmethod
    def all_of(cls, cohort: Cohort) -> Lanes:
        """All lanes (runs that train together) of the cohort."""
        return cls(cohort, np.arange(cohort.lanes))

    @cached_property
    def numbers(self) -> LaneNumbers:
        """The numbers, such as rates and seeds, in which these lanes (runs) may differ."""
        return self.cohort.numbers.take(self.index)

    def keep(self, alive: Flags) -> Lanes:
        """The lanes (runs that train together) for which `alive` (lanes,) is true."""
        return Lanes(self.cohort, self.index[alive])

    def operand(self, values: Numbers) -> Any:
        """Return numbers as an operand for arrays (lanes, P), which have P weights for each run.

        values (lanes,): one number for each run. The operand is a float if all runs have the same
        number, else an array (lanes, 1). With a float, terms such as 1 − β₂ᵗ are computed in double
        precision, even if the weights are float32.
        """
        if (values == values[0]).all():
            return float(values[0])
        with np.errstate(over="ignore"):  # such as a rate of 1e300 in float32: the run diverges
            return values[:, None].astype(self.cohort.dtype)

    @cached_property
    def schedule_options(self) -> dict[str, Any]:
        """The options of the schedule by name; an option in which runs may differ is (lanes,)."""
        return {**self.cohort.plan.schedule.options, **self.numbers.schedule}

    def rule_options(self) -> dict[str, Any]:
        """The options of the update rule by name, without lr, which changes with the schedule.

        An option in which lanes (runs) may differ is one float if they all have the same value, or
        else an array (lanes, 1).
        """
        varying = {name: self.operand(values) for name, values in self.numbers.rule.items()}
        return {**self.cohort.rule_options, **varying}

    @cached_property
    def objective(self) -> Objective:
        """The objective that these runs minimise, with the l2 and the dropout of each run."""
        dropout = self.operand(self.numbers.dropout) if self.drops else 0.0
        return Objective(self.cohort.model, self.operand(self.numbers.l2), dropout)

    @cached_property
    def drops(self) -> bool:
        """Whether any of these runs uses dropout."""
        return bool(self.numbers.dropout.any())

    @cached_property
    def streams(self) -> list[tuple[int, slice]]:
        """The random streams of these lanes (runs): each seed, with the slice of lanes that use it.

        If neither the order of the data nor dropout is random, all lanes use one stream.
        """
        seeds = self.numbers.seeds
        if not (self.cohort.batching.draws or self.drops):
            return [(seeds[0], slice(0, len(seeds)))]
        starts = [k for k, seed in enumerate(seeds) if k == 0 or seed != seeds[k - 1]]
        return [
            (seeds[start], slice(start, end))
            for start, end in zip(starts, [*starts[1:], len(seeds)], strict=True)
        ]
