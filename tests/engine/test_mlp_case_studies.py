"""Known results of networks, reproduced with the example configs."""

from pathlib import Path

import pytest

import gdrun

CONFIGS = Path(__file__).parents[2] / "configs"


def test_straight_lines_cannot_tell_spiral_arms_apart():
    run = gdrun.train(CONFIGS / "spirals-softmax.yaml")
    # CS231n's case study has 49 % of its own 300 points right.
    assert 0.4 < run.summary["train_accuracy"] < 0.6


@pytest.mark.slow
def test_a_hidden_layer_can():
    run = gdrun.train(CONFIGS / "spirals-mlp.yaml")
    assert run.summary["train_accuracy"] >= 0.97


@pytest.mark.slow
def test_a_network_reads_digits():
    run = gdrun.train(CONFIGS / "digits-mlp.yaml")
    assert run.summary["test_accuracy"] > 0.97
