"""Means over blocks of rows, the penalty, and the count of right predictions."""

import numpy as np
import pytest
from problem_cases import CASES, FEATURES, examples, objective, random_point
from textbook import VALUES, prediction

from gdrun.problems import objective as objectives
from gdrun.problems.layout import Layer, ParameterLayout
from gdrun.problems.models import MODELS
from gdrun.problems.objective import BLOCK_ENTRIES, Objective, block_rows

every_case = pytest.mark.parametrize("case", CASES, ids=str)
every_shape = pytest.mark.parametrize("streams", [(), (2,)], ids=["lanes", "streams"])


class Counted:
    """A model that counts the rows of each block it is handed."""

    def __init__(self, model):
        self.model, self.layout, self.blocks = model, model.layout, []

    def sums(self, W, X, y):
        self.blocks.append(X.shape[-2])
        return self.model.sums(W, X, y)

    def tally(self, W, X, y):
        self.blocks.append(X.shape[-2])
        return self.model.tally(W, X, y)


@every_case
@every_shape
@pytest.mark.parametrize("rows", [64, 65, 3 * 64, 3 * 64 + 17])
def test_a_sum_in_blocks_is_the_whole_sum(case, streams, rows, monkeypatch):
    point = random_point(case, 1, rows=rows, streams=streams)
    whole = objective(case, 0.2)
    expected, slope = whole.value_and_gradient(point.W, point.X, point.y)
    shown = whole.loss_and_accuracy(point.W, point.X, point.y)
    # One entry a block is below the least number of rows that a block has, which is 64.
    monkeypatch.setattr(objectives, "BLOCK_ENTRIES", 1)
    counted = Counted(case.build())
    parts = Objective(counted, 0.2)
    value, gradient = parts.value_and_gradient(point.W, point.X, point.y)
    blocks = [64] * (rows // 64) + [rows % 64] * (rows % 64 > 0)
    assert counted.blocks == blocks
    # Another order of n additions moves a sum by at most n ε relative: 209 · 2e-16.
    assert value == pytest.approx(expected, rel=1e-13)
    assert np.abs(gradient - slope).max() <= 1e-13 * np.abs(slope).max()
    losses, right = parts.loss_and_accuracy(point.W, point.X, point.y)
    assert counted.blocks == 2 * blocks
    assert losses == pytest.approx(shown[0], rel=1e-13)
    np.testing.assert_array_equal(right, shown[1])


def test_blocks_hold_what_a_cache_holds():
    for columns in (1, 10, 51, 785, 2048):
        assert columns * block_rows(columns) <= BLOCK_ENTRIES < columns * (block_rows(columns) + 1)
    assert block_rows(10**6) == 64
    assert block_rows(0) == BLOCK_ENTRIES


def test_a_sum_of_float32_blocks_keeps_float32(monkeypatch):
    monkeypatch.setattr(objectives, "BLOCK_ENTRIES", 1)
    for case in CASES:
        point = random_point(case, 2, rows=150, dtype=np.float32)
        value, gradient = objective(case, 0.1).value_and_gradient(point.W, point.X, point.y)
        assert value.dtype == gradient.dtype == np.float32


@every_case
@every_shape
def test_the_penalty_acts_on_weights_and_never_on_biases(case, streams):
    point = random_point(case, 3, streams=streams)
    bare, slope = objective(case).value_and_gradient(point.W, point.X, point.y)
    known = objective(case, 0.5)
    value, gradient = known.value_and_gradient(point.W, point.X, point.y)
    named = case.build().layout.named
    # d/dw of (0.5/2) w² is 0.5 w, and the biases are left alone.
    assert named(gradient - slope)["w"] == pytest.approx(0.5 * named(point.W)["w"], abs=1e-13)
    if "b" in named(point.W):
        np.testing.assert_array_equal(named(gradient)["b"], named(slope)["b"])
    w = named(point.W)["w"].reshape(*value.shape, -1)
    assert value - bare == pytest.approx(0.25 * (w**2).sum(axis=-1), rel=1e-12)
    assert known.penalty(point.W) == pytest.approx(0.25 * (w**2).sum(axis=-1), rel=1e-14)


def test_the_penalty_in_numbers():
    """w = (3, −4), b = 100, l2 = 0.1: 0.05 · 25 = 1.25; and 2.5 with l2 = 0.2."""
    model = MODELS["logistic"].function(features=2, classes=2)
    W = np.array([[3.0, -4.0, 100.0]])
    assert Objective(model, 0.1).penalty(W).tolist() == [pytest.approx(1.25, rel=1e-15)]
    both = Objective(model, np.array([[0.1], [0.2]])).penalty(np.repeat(W, 2, axis=0))
    assert both.tolist() == pytest.approx([1.25, 2.5], rel=1e-15)
    assert Objective(model).penalty(W) == 0
    doubled = Objective(model, np.array([[0.1]])).with_numbers(lambda l2: 2 * l2)
    assert doubled.penalty(W).tolist() == pytest.approx([2.5], rel=1e-15)


@every_case
@every_shape
def test_evaluation_is_a_plain_loop(case, streams):
    point = random_point(case, 4, rows=30, streams=streams)
    losses, accuracy = objective(case, 0.7).loss_and_accuracy(point.W, point.X, point.y)
    model = case.build()
    outputs = model.layout.layers[0].outputs
    options = {key: value for key, value in case.options if key in model.loss.options}
    mean, right = np.zeros(losses.shape), np.zeros(losses.shape)
    for lane, row, scores, target in examples(case, point):
        mean[lane] += VALUES[model.loss.name](scores, target, **options) / 30
        guess = prediction(scores, case.definition.task, outputs)
        right[lane] += guess == point.raw_y[*lane[:-1], row]
    # The penalty is no part of it.
    assert losses == pytest.approx(mean, rel=1e-13)
    assert losses.dtype == accuracy.dtype == np.float64
    if model.classifies:
        assert accuracy == pytest.approx(right / 30, rel=1e-15)
        assert accuracy.min() < accuracy.max()
    else:
        assert np.isnan(accuracy).all()


@every_case
def test_classifying_is_what_the_registry_says(case):
    assert case.build().classifies == (case.definition.task == "classification")


@every_case
def test_the_design_is_the_features_and_a_column_of_ones(case):
    X = np.random.default_rng(5).normal(size=(4, 2 * FEATURES))[:, ::2].astype(np.float32)
    X.setflags(write=False)
    design = case.build().design(X)
    ones = np.ones((4, 1)) if dict(case.options).get("bias", True) else np.empty((4, 0))
    np.testing.assert_array_equal(design, np.hstack([X, ones]))
    assert design.dtype == np.float32
    assert design.flags.c_contiguous


@every_case
def test_the_gradient_is_new_memory(case):
    point = random_point(case, 6)
    for l2 in (0.0, 0.1):
        _, gradient = objective(case, l2).value_and_gradient(point.W, point.X, point.y)
        assert gradient.shape == point.W.shape
        assert gradient.flags.writeable
        assert not np.shares_memory(gradient, point.W)


def test_layers_of_a_layout_are_where_the_penalty_says():
    """The mask of a layout with and without bias, counted by hand, output by output."""
    layout = ParameterLayout(
        (Layer(2, 2, prefix="layer1."), Layer(2, 1, prefix="layer2.", bias=False))
    )
    assert layout.penalised.tolist() == [True, True, False, True, True, False, True, True]
