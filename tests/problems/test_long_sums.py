"""Sums over many rows are computed block by block, and lanes with equal weights are scored once."""

import numpy as np
import pytest

from gdrun.problems.models import MODELS
from gdrun.problems.objective import BLOCK_SCORES, Objective

ROWS, FEATURES, CLASSES, LANES = 3000, 4, 5, 40


@pytest.fixture
def data():
    rng = np.random.default_rng(3)
    return rng.normal(size=(ROWS, FEATURES)), rng.integers(CLASSES, size=ROWS)


def softmax_by_hand(W, X, y):
    """Mean cross-entropy and accuracy of one lane, an example at a time."""
    weights = W.reshape(CLASSES, FEATURES + 1)
    losses, right = [], 0
    for x, target in zip(X, y, strict=True):
        scores = weights[:, :FEATURES] @ x + weights[:, FEATURES]
        losses.append(np.log(np.exp(scores).sum()) - scores[target])
        right += scores.argmax() == target
    return np.mean(losses), right / len(y)


def test_many_lanes_over_many_rows_are_each_scored_as_alone(data):
    # 40 lanes of 5 classes make 200 scores a row: 32,768 / 200 = 163 rows a block, 19 blocks.
    assert ROWS > 2 * BLOCK_SCORES // (LANES * CLASSES)
    X, y = data
    model = MODELS["softmax"].function(FEATURES, CLASSES)
    W = np.random.default_rng(4).normal(size=(LANES, model.layout.size))
    losses, accuracies = Objective(model).loss_and_accuracy(W, model.design(X), model.encode(y))
    for lane in (0, 17, LANES - 1):
        loss, accuracy = softmax_by_hand(W[lane], X, y)
        assert losses[lane] == pytest.approx(loss, rel=1e-12)
        assert accuracies[lane] == accuracy


def test_lanes_that_are_alike_have_the_scores_of_one(data):
    X, y = data
    model = MODELS["softmax"].function(FEATURES, CLASSES)
    one = np.random.default_rng(5).normal(size=(1, model.layout.size))
    losses, accuracies = Objective(model).loss_and_accuracy(
        np.repeat(one, LANES, axis=0), model.design(X), model.encode(y)
    )
    loss, accuracy = softmax_by_hand(one[0], X, y)
    assert losses == pytest.approx([loss] * LANES, rel=1e-12)
    assert accuracies.tolist() == [accuracy] * LANES


def test_a_lane_of_its_own_among_equal_ones_keeps_its_score(data):
    X, y = data
    model = MODELS["softmax"].function(FEATURES, CLASSES)
    W = np.zeros((3, model.layout.size))
    W[2] = np.random.default_rng(6).normal(size=model.layout.size)
    losses, _ = Objective(model).loss_and_accuracy(W, model.design(X), model.encode(y))
    # At zero weights every class has probability 1/5, so the loss is ln 5.
    assert losses[:2] == pytest.approx([np.log(5)] * 2, rel=1e-12)
    assert losses[2] == pytest.approx(softmax_by_hand(W[2], X, y)[0], rel=1e-12)
