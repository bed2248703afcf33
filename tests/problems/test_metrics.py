"""Every metric in the registry: its direction, its symmetries, and its definition as a loop."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, strategies

from gdrun.methods.definitions import inputs_of
from gdrun.problems.losses import LOSSES
from gdrun.problems.metrics import (
    DEFAULT_METRICS,
    METRICS,
    Predictions,
    confusion_matrix,
    metric_names,
)

every_metric = pytest.mark.parametrize("name", METRICS)


def some(task, seed, rows=40, classes=3):
    """Random targets and predictions, in which every class occurs."""
    rng = np.random.default_rng(seed)
    if task == "regression":
        return Predictions(rng.normal(size=rows), rng.normal(size=rows))
    targets = np.arange(rows) % classes
    shares = np.round(rng.dirichlet(np.ones(classes), rows), 1)  # many of them are equal
    shares[:, 0] += 1 - shares.sum(axis=1)
    return Predictions(targets, rng.integers(classes, size=rows), np.abs(shares), classes)


def perfect(found):
    """The same targets, and predictions that are all right and sure."""
    sure = np.eye(found.classes)[found.targets] if found.classes else None
    return Predictions(found.targets, found.targets, sure, found.classes)


# The slow loops. For two classes, those of a class are those of class 1.


def slow_counts(found, code):
    pairs = list(zip(found.targets.tolist(), found.predictions.tolist(), strict=True))
    right = sum(y == code and p == code for y, p in pairs)
    missed = sum(y == code and p != code for y, p in pairs)
    false = sum(y != code and p == code for y, p in pairs)
    return right, missed, false


def slow_by_class(ratio):
    def value(found):
        if found.classes == 2:
            return ratio(*slow_counts(found, 1))
        codes = {*found.targets.tolist(), *found.predictions.tolist()}
        return sum(ratio(*slow_counts(found, code)) for code in codes) / len(codes)

    return value


def slow_balanced(found):
    codes = set(found.targets.tolist())
    parts = [slow_counts(found, code) for code in codes]
    return sum(right / (right + missed) for right, missed, _ in parts) / len(codes)


def slow_area(found):
    def area(code):
        rows = list(zip(found.targets.tolist(), found.probabilities[:, code], strict=True))
        wins = [
            1.0 if positive > negative else 0.5 if positive == negative else 0.0
            for y, positive in rows
            if y == code
            for other, negative in rows
            if other != code
        ]
        return sum(wins) / len(wins)

    codes = [1] if found.classes == 2 else range(found.classes)
    return sum(map(area, codes)) / len(codes)


def slow_log_loss(found):
    rows = zip(found.targets.tolist(), found.probabilities.tolist(), strict=True)
    eps = 2.0**-52
    return -sum(math.log(min(max(row[y], eps), 1 - eps)) for y, row in rows) / len(found.targets)


def pairs_of(found):
    return list(zip(found.targets.tolist(), found.predictions.tolist(), strict=True))


def slow_r2(found):
    mean = sum(found.targets.tolist()) / len(found.targets)
    explained = sum((p - y) ** 2 for y, p in pairs_of(found))
    return 1 - explained / sum((y - mean) ** 2 for y in found.targets.tolist())


SLOW = {
    "accuracy": lambda found: sum(y == p for y, p in pairs_of(found)) / len(found.targets),
    "balanced_accuracy": slow_balanced,
    "precision": slow_by_class(lambda tp, fn, fp: tp / (tp + fp) if tp + fp else 0.0),
    "recall": slow_by_class(lambda tp, fn, fp: tp / (tp + fn) if tp + fn else 0.0),
    "f1": slow_by_class(lambda tp, fn, fp: 2 * tp / (2 * tp + fn + fp) if tp + fn + fp else 0.0),
    "log_loss": slow_log_loss,
    "roc_auc": slow_area,
    "rmse": lambda found: math.sqrt(
        sum((p - y) ** 2 for y, p in pairs_of(found)) / len(found.targets)
    ),
    "mae": lambda found: sum(abs(p - y) for y, p in pairs_of(found)) / len(found.targets),
    "r2": slow_r2,
}


def test_every_metric_has_a_slow_loop():
    assert set(SLOW) == set(METRICS)


@every_metric
@pytest.mark.parametrize("classes", [2, 3, 5])
def test_it_equals_its_slow_loop(name, classes):
    for seed in range(5):
        found = some(METRICS[name].task, seed, classes=classes)
        assert METRICS[name].value(found) == pytest.approx(SLOW[name](found), rel=1e-12)


@every_metric
@pytest.mark.parametrize("classes", [2, 3])
def test_nothing_is_better_than_perfect_predictions(name, classes):
    metric = METRICS[name]
    for seed in range(20):
        found = some(metric.task, seed, rows=12, classes=classes)
        value, best = metric.value(found), metric.value(perfect(found))
        assert best == pytest.approx(1.0 if metric.larger else 0.0, abs=1e-15)
        assert value < best if metric.larger else value > best


@pytest.mark.longer
@every_metric
@given(seed=strategies.integers(0, 2**32))
def test_the_order_of_the_rows_has_no_effect(name, seed):
    found = some(METRICS[name].task, seed)
    order = np.random.default_rng(seed).permutation(len(found.targets))
    likely = None if found.probabilities is None else found.probabilities[order]
    moved = Predictions(found.targets[order], found.predictions[order], likely, found.classes)
    assert METRICS[name].value(moved) == pytest.approx(METRICS[name].value(found), rel=1e-12)


@every_metric
def test_its_arguments_are_not_changed(name):
    found = some(METRICS[name].task, 1)
    before = [np.copy(getattr(found, each)) for each in ("targets", "predictions")]
    likely = None if found.probabilities is None else found.probabilities.copy()
    METRICS[name].value(found)
    assert np.array_equal(before[0], found.targets)
    assert np.array_equal(before[1], found.predictions)
    assert likely is None or np.array_equal(likely, found.probabilities)


@every_metric
def test_its_documentation_has_a_formula(name):
    metric = METRICS[name]
    assert metric.doc.summary.endswith(".")
    assert metric.doc.equation
    assert set(inputs_of(metric.function)) <= set(Predictions.__dataclass_fields__)
    assert not metric.options


def test_errors_are_in_the_unit_of_the_target():
    # 3 m too high and 4 m too low: MAE 3.5 m, RMSE √12.5 m; in cm a hundred times as much.
    metres = Predictions(np.array([10.0, 20.0]), np.array([13.0, 16.0]))
    centimetres = Predictions(100 * metres.targets, 100 * metres.predictions)
    assert METRICS["mae"].value(metres) == 3.5
    assert METRICS["rmse"].value(metres) == pytest.approx(math.sqrt(12.5), rel=1e-15)
    assert METRICS["mae"].value(centimetres) == 350
    # 1 − 25/50 of the variance about 15.
    assert METRICS["r2"].value(metres) == METRICS["r2"].value(centimetres) == 0.5


def test_the_constant_0_1_is_constant():
    # The mean of three times 0.1 is 0.10000000000000002 in floats, which is no variance.
    targets = np.full(3, 0.1)
    assert METRICS["r2"].value(Predictions(targets, targets + 1)) == 0
    assert METRICS["r2"].value(Predictions(targets, targets)) == 1


def test_always_the_common_class():
    # Nine of ten are class 0: 90 % are right, but half of the classes, and no example of class 1.
    targets = np.array([0] * 9 + [1])
    always = Predictions(targets, np.zeros(10, dtype=np.int64), np.full((10, 2), 0.5), 2)
    values = {name: METRICS[name].value(always) for name in ("accuracy", "balanced_accuracy")}
    assert values == {"accuracy": 0.9, "balanced_accuracy": 0.5}
    assert [METRICS[name].value(always) for name in ("precision", "recall", "f1")] == [0, 0, 0]
    assert METRICS["roc_auc"].value(always) == 0.5
    assert METRICS["log_loss"].value(always) == pytest.approx(math.log(2), rel=1e-15)


def test_a_confusion_matrix_by_hand():
    targets, predictions = np.array([0, 0, 1, 2, 2, 2]), np.array([0, 1, 1, 0, 2, 2])
    assert confusion_matrix(targets, predictions, 4).tolist() == [
        [1, 1, 0, 0],
        [0, 1, 0, 0],
        [1, 0, 2, 0],
        [0, 0, 0, 0],
    ]


def test_the_defaults_fit_their_task():
    for task, names in DEFAULT_METRICS.items():
        assert {METRICS[name].task for name in names} == {task}
        assert metric_names(None, task) == names
        assert not any(METRICS[name].needs_probabilities for name in names)
    assert metric_names(["f1", "recall", "f1"], "classification") == ("f1", "recall")


@pytest.mark.parametrize("name", [name for name, loss in LOSSES.items() if loss.probabilities])
def test_the_loss_is_the_negative_logarithm_of_its_probability(name):
    rng = np.random.default_rng(4)
    loss, codes = LOSSES[name], rng.integers(2, size=30)
    scores = rng.normal(scale=3, size=(30, 1) if loss.targets == "sign" else (30, 1, 2))
    values, _ = loss.bound(scores.copy(), 2 * codes - 1 if loss.targets == "sign" else codes)
    likely = loss.probabilities(scores[:, 0])
    assert likely.sum(axis=1) == pytest.approx(np.ones(30), rel=1e-15)
    assert values[:, 0] == pytest.approx(-np.log(likely[np.arange(30), codes]), rel=1e-12)


def test_losses_of_margins_and_of_numbers_have_none():
    assert {name for name, loss in LOSSES.items() if loss.probabilities} == {
        "logistic",
        "cross_entropy",
    }


def test_the_area_grows_with_each_pair_in_order():
    # Of 4 positives and 1 negative, k positives above the negative give k/4.
    targets = np.array([0, 1, 1, 1, 1])
    areas = []
    for k in range(5):
        ranks = np.array([0.5, *([0.9] * k), *([0.1] * (4 - k))])
        found = Predictions(targets, targets, np.stack([1 - ranks, ranks], axis=1), 2)
        areas.append(METRICS["roc_auc"].value(found))
    assert areas == [0, 0.25, 0.5, 0.75, 1]
    assert all(low < high for low, high in pairwise(areas))
