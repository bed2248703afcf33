"""Every model with every choice of its options, from the registry, and random points for each."""

import itertools
import typing
from dataclasses import dataclass

import numpy as np
from textbook import VALUES, far_from_kinks

import gdrun.problems  # noqa: F401  (registers the models)
from gdrun.methods.chosen_options import with_chosen
from gdrun.problems.models import MODELS
from gdrun.problems.objective import Objective

FEATURES, CLASSES = 5, 4


@dataclass(frozen=True)
class Case:
    """A model with some of its options set."""

    name: str
    options: tuple

    def __str__(self):
        return "-".join([self.name, *(f"{key}={value}" for key, value in self.options)])

    @property
    def definition(self):
        return MODELS[self.name]

    @property
    def classes(self):
        if self.definition.task == "regression":
            return 0
        return 2 if self.definition.classes == "two" else CLASSES

    def build(self, features=FEATURES):
        return self.definition.function(
            features=features, classes=self.classes, **dict(self.options)
        )

    def targets(self, draw, shape, dtype=float):
        """Targets as the data layer hands them over: numbers in the run's dtype, or codes."""
        if self.definition.task == "regression":
            return draw.normal(scale=2, size=shape).astype(dtype)
        return draw.integers(0, self.classes, shape)


def brought_by(options, given):
    """The options of the entries that are chosen, such as those of a loss."""
    known = with_chosen(options, given)
    return {name: option for name, option in known.items() if name not in options}


def choices(option):
    """The values of an option that the tests go through."""
    annotation = option.listed().annotation
    if typing.get_origin(annotation) is typing.Literal:
        return typing.get_args(annotation)
    if annotation is bool:
        return (True, False)
    if option.varies:
        return (option.default, 0.6 * option.default)
    return (option.default,)


NETWORKS = {"mlp"}
"""The models that have tests of their own, in test_mlp.py."""


def combinations(options):
    """Every combination of the values of these options."""
    for values in itertools.product(*map(choices, options.values())):
        yield dict(zip(options, values, strict=True))


CASES = [
    Case(name, tuple({**given, **brought}.items()))
    for name, definition in MODELS.items()
    if name not in NETWORKS
    for given in combinations(definition.options)
    for brought in combinations(brought_by(definition.options, given))
]


@dataclass(frozen=True)
class Point:
    """Weights, design and encoded targets, all of them read-only, and the targets as they came."""

    W: np.ndarray
    X: np.ndarray
    y: np.ndarray
    raw_y: np.ndarray


def random_point(case, seed, *, rows=7, lanes=3, streams=(), dtype=float, smooth=False):
    """A random point for the case. smooth: one at which no example is near a kink of its loss."""
    draw = np.random.default_rng(seed)
    model = case.build()
    while True:
        X = draw.normal(size=(*streams, rows, FEATURES)).astype(dtype)
        y = case.targets(draw, (*streams, rows), dtype)
        flat = [model.design(part) for part in X.reshape(-1, rows, FEATURES)]
        design = np.stack(flat).reshape(*streams, rows, -1)
        W = draw.normal(size=(*streams, lanes, model.layout.size)).astype(dtype)
        point = Point(W, design, model.encode(y), y)
        for array in (point.W, point.X, point.y):
            array.setflags(write=False)
        if not smooth or all(
            far_from_kinks(model.loss.name, scores, target, **loss_options(case))
            for _, _, scores, target in examples(case, point)
        ):
            return point


def loss_options(case):
    return case.build().loss.given


def examples(case, point):
    """(lane, row, scores, target) one at a time, the scores summed in a loop from named weights."""
    model = case.build()
    named = model.layout.named(point.W)
    w = named["w"].reshape(*point.W.shape[:-1], FEATURES, -1)
    b = named["b"].reshape(*point.W.shape[:-1], -1) if "b" in named else None
    for lane in np.ndindex(point.W.shape[:-1]):
        stream = lane[:-1]
        for row in range(point.X.shape[-2]):
            x = point.X[stream][row]
            scores = [
                sum(float(x[i]) * float(w[lane][i, j]) for i in range(FEATURES))
                + (float(b[lane][j]) if b is not None else 0.0)
                for j in range(w.shape[-1])
            ]
            yield lane, row, scores, point.y[stream][row].item()


def textbook_objective(case, point, l2):
    """(1/B) Σ ℓ + (l2/2) Σ w², looped: an array over the lanes."""
    model = case.build()
    loss = VALUES[model.loss.name]
    rows = point.X.shape[-2]
    result = np.zeros(point.W.shape[:-1])
    for lane, _, scores, target in examples(case, point):
        result[lane] += loss(scores, target, **loss_options(case)) / rows
    w = model.layout.named(point.W)["w"]
    for lane in np.ndindex(result.shape):
        strength = float(np.broadcast_to(l2, (*result.shape, 1))[lane][0])
        result[lane] += 0.5 * strength * sum(float(v) ** 2 for v in w[lane].ravel())
    return result


def objective(case, l2=0.0):
    return Objective(case.build(), l2)
