"""Stopping rules: thresholds at their edges, and the sentence of every reason."""

import numpy as np
import pytest

from gdrun.methods.stopping import (
    STOP_RULES,
    EarlyStopping,
    budget_moment,
    budget_sentence,
    divergence_sentence,
    moment,
    position,
)
from gdrun.quantities import quantity


@pytest.mark.parametrize(
    ("name", "fires"),
    [
        # Below, at, and above a threshold of 0.5.
        ("grad_norm", [True, False, False]),
        ("loss_change", [True, False, False]),
        ("weight_change", [True, False, False]),
        ("target_loss", [True, True, False]),
        ("target_accuracy", [False, True, True]),
    ],
)
def test_a_threshold_at_its_edge(name, fires):
    rule = STOP_RULES[name]
    readings = {rule.reading: np.array([0.4, 0.5, 0.6])}
    assert rule.fired(readings, 0.5).tolist() == fires


def test_every_threshold_rule_is_tried_at_its_edge():
    assert set(STOP_RULES) == {
        "grad_norm",
        "loss_change",
        "weight_change",
        "target_loss",
        "target_accuracy",
    }


@pytest.mark.parametrize("rule", STOP_RULES.values(), ids=STOP_RULES)
def test_a_reading_that_was_not_taken_fires_nothing(rule):
    assert not rule.fired({rule.reading: np.array([np.nan])}, 0.5).any()


@pytest.mark.parametrize("rule", STOP_RULES.values(), ids=STOP_RULES)
def test_each_lane_is_judged_by_its_own_threshold(rule):
    fired = rule.fired({rule.reading: np.array([0.5, 0.5])}, np.array([0.4, 0.6]))
    assert fired.tolist() in ([True, False], [False, True])


def test_sentences_hold_their_numbers():
    sentences = [rule.sentence(9.8768e-07, 1e-06) for rule in STOP_RULES.values()]
    assert sentences == [
        "gradient norm 9.877e-07 < 1e-06",
        "change of the training loss 9.877e-07 < 1e-06",
        "change of the weights 9.877e-07 < 1e-06",
        "training loss 9.877e-07 ≤ 1e-06",
        "training accuracy 9.877e-07 ≥ 1e-06",
    ]


def test_the_sentence_of_the_specification():
    rule = STOP_RULES["grad_norm"]
    sentence = f"stopped: {rule.sentence(9.8e-07, 1e-06)} {moment(41.0, 943)}"
    assert sentence == "stopped: gradient norm 9.8e-07 < 1e-06 at epoch 41 (step 943)"


def test_early_stopping_names_its_best_and_when_it_was():
    assert EarlyStopping(1).sentence(0.25, 3.0) == (
        "the validation loss has not improved for 1 evaluation (best 0.25 at epoch 3)"
    )
    assert EarlyStopping(5).sentence(0.123456, 12.5) == (
        "the validation loss has not improved for 5 evaluations (best 0.1235 at epoch 12.5)"
    )


@pytest.mark.parametrize(
    ("budget", "amount", "sentence"),
    [
        ("epochs", 50, "all 50 epochs done"),
        ("epochs", 1, "1 epoch done"),
        ("seconds", 0.5, "the budget of 0.5 seconds is used up"),
        ("steps", 1234567, "all 1,234,567 steps done"),
        ("gradients", 10**9, "the budget of 1,000,000,000 gradients is used up"),
    ],
)
def test_a_budget_is_named_in_full(budget, amount, sentence):
    assert budget_sentence(budget, amount) == sentence


@pytest.mark.parametrize(
    ("budget", "epoch", "step", "text"),
    [
        ("epochs", 30.0, 1690, "(1,690 steps)"),
        ("epochs", 1.0, 1, "(1 step)"),
        ("steps", 2.5, 7, "(epoch 2.5)"),
        ("seconds", 3.0, 9, "(epoch 3, 9 steps)"),
    ],
)
def test_a_used_up_budget_has_its_time_in_other_units(budget, epoch, step, text):
    assert budget_moment(budget, epoch, step) == text


def test_a_divergence_says_what_became_of_what():
    words = {"factor": 1e4, "initial_loss": 0.6931}
    assert divergence_sentence("batch loss", np.inf, None, **words) == "the batch loss became inf"
    assert divergence_sentence("gradient", np.nan, "w", **words) == "the gradient of w became nan"
    assert divergence_sentence("batch loss", 8000.0, None, **words) == (
        "the batch loss 8000 is above 10,000 times the initial loss 0.6931"
    )


def test_numbers_and_epochs_without_noise():
    assert [quantity(value) for value in (0.1 + 0.2, 1e-12, 123456.0, 0.0)] == [
        "0.3",
        "1e-12",
        "123,500",
        "0",
    ]
    assert [position(epoch) for epoch in (0.0, 1 / 3, 10.0, 2.999999, 1234567.5)] == [
        "0",
        "0.33",
        "10",
        "3",
        "1234567.5",
    ]


@pytest.mark.parametrize(
    ("value", "threshold", "text"),
    [
        (2796.71, 2797.2, "training loss 2796.7 ≤ 2797.2"),
        (2797.0, 2797.0, "training loss 2797 ≤ 2797"),
        (0.12344, 0.12341, "training loss 0.12344 ≤ 0.12341"),
        (1.0, 1.0 + 2**-40, "training loss 1 ≤ 1.000000000001"),
    ],
)
def test_two_numbers_that_differ_look_different(value, threshold, text):
    assert STOP_RULES["target_loss"].sentence(value, threshold) == text
