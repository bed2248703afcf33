"""Runs whose loss jumped far above its start at a rate far above 2/L, and then fell again."""

from dataclasses import replace

import numpy as np
import pytest
from curves import STEADY, curves

import gdrun
from gdrun.insight.remedies import fitting, traced
from gdrun.symptoms.facts import RateLimit
from gdrun.symptoms.registry import diagnose

PLAIN = {"optimizer": {"name": "vanilla", "lr": 100}, "variant": "bgd", "schedule": "constant"}
RECOVERED = np.concatenate([[1, 9], STEADY[:18]])


@pytest.fixture(scope="module")
def recovered():
    return gdrun.train({"dataset": "breast-cancer", "model": "logistic"}, PLAIN, "epochs=100")


def names(run):
    return [each.name for each in diagnose(run)]


def limited(run, value):
    return replace(run, limit=RateLimit(value, "2/L", exact=False))


def test_a_run_that_recovered_is_told_about_its_rate_first(recovered):
    """2/L = 0.597 is computed here from the features: L is the largest eigenvalue of XᵀX/4N."""
    loss, validation = (recovered.evals[f"{part}_loss"] for part in ("train", "validation"))
    assert loss.argmax() == 1 and loss[-1] < loss[0] < loss[1] / 10
    # Its validation loss is lowest at the start, but it falls in each third of the run.
    assert validation.argmin() == 0 and (np.diff(validation[[1, 34, 67, 100]]) < 0).all()
    facts = traced(recovered)
    first, *others = diagnose(facts)
    assert first.name == "early explosion"
    start = "the training loss jumped from 0.6931 to 7.919 by epoch 1, and then fell to 0.209"
    assert first.evidence.startswith(f"{start}; the rate 100 is 167 times 2/L = 0.5971")
    assert 0.1 < first.remedies[0].changes["optimizer.lr"] / facts.limit.value < 1
    assert "overfitting" not in [each.name for each in others]
    assert recovered.record["diagnosis"][0]["name"] == "early explosion"
    fitted = fitting(recovered.config, first.remedies)
    assert fitted == first.remedies


def test_a_run_that_ends_above_its_start_has_not_recovered():
    """At the rate 1000 the loss falls from its peak, but ends at eight times ln 2, its start."""
    changes = {"optimizer": {"name": "vanilla", "lr": 1000}}
    run = gdrun.train(
        {"dataset": "breast-cancer", "model": "logistic"}, PLAIN, changes, "epochs=50"
    )
    facts = traced(run)
    assert facts.loss[0] == pytest.approx(np.log(2)) and facts.loss[-1] > 7 * np.log(2)
    above = "and then fell to 5.448, still above its start"
    for known in (facts, replace(facts, limit=None)):
        found = next(each for each in diagnose(known) if each.name == "early explosion")
        assert above in found.evidence and "recovered" not in found.evidence
    ended_below = curves(RECOVERED)
    assert "the run recovered" in diagnose(ended_below)[0].evidence


def test_softmax_that_recovered_in_a_few_steps_does_not_overfit():
    """The validation loss peaks in the first epochs, and falls ever since."""
    run = gdrun.train({"dataset": "wine", "model": "softmax"}, PLAIN, "epochs=100")
    validation = run.evals["validation_loss"]
    assert run.evals["train_loss"].max() > 2 * run.evals["train_loss"][0]
    assert (np.diff(validation[10:]) < 0).all() and validation.argmin() < 10
    assert names(traced(run)) == ["early explosion"]


def test_weights_of_the_start_that_an_explosion_returned_are_no_overfitting():
    """Early stopping ends the run while both losses fall towards the values of the start."""
    early = {"stopping.early_stopping": {"patience": 20}, "stopping.epochs": 100}
    run = gdrun.train({"dataset": "breast-cancer", "model": "logistic"}, PLAIN, early)
    validation = run.evals["validation_loss"]
    assert validation.argmin() == 0 and validation[-1] < validation[1] / 5
    assert not any(each.any() for each in run.weights.values())
    first, *others = diagnose(traced(run))
    assert first.name == "early explosion"
    assert first.evidence.endswith("; the returned weights are those of the start")
    assert "overfitting" not in [each.name for each in others]


@pytest.mark.parametrize(("limit", "argues"), [(0.01, True), (0.06, True), (1, False)])
def test_a_limit_is_evidence_and_decides_no_verdict(limit, argues):
    """The rate is 0.1. Only a diagnosis knows the limit, and `train` must say the same."""
    (found,) = diagnose(limited(curves(RECOVERED), limit))
    assert found.name == "early explosion"
    assert ("2/L" in found.evidence) is argues
    assert ("the rate 0.1 is too large" in found.evidence) is not argues


def test_a_jump_of_the_first_step_is_explained_by_the_rate_alone():
    run = curves(RECOVERED)
    assert names(run) == ["early explosion"]
    # With momentum a stable rate may raise the loss at first.
    momentum = replace(run, config=run.config | {"optimizer": {"lr": 0.1, "beta": 0.9}})
    assert names(momentum) == []
    assert names(curves(np.concatenate([[1, 1.9], STEADY[:18]]))) == []


PEAK = np.concatenate([[1.0, 0.2], np.linspace(0.9, 0.6, 18)])


@pytest.mark.parametrize(
    ("validation", "expected"),
    [
        (PEAK, []),  # It falls from its peak to the end.
        (np.concatenate([[1.0, 0.2], np.full(18, 0.75)]), ["overfitting"]),  # It stays high.
        (np.concatenate([[1.0, 0.2], np.linspace(0.3, 0.9, 18)]), ["overfitting"]),  # It rises.
    ],
)
def test_overfitting_is_a_loss_that_is_high_and_not_one_that_recovers(validation, expected):
    assert names(curves(STEADY, validation)) == expected


def changed(run):
    return [dict(each.changes) for symptom in diagnose(run) for each in symptom.remedies]


def test_training_ends_at_the_lowest_validation_loss_or_not_at_all():
    """It rises by 0.1 an epoch: from epoch 3, from the start, or from epoch 2.5."""
    epochs = np.arange(20.0)
    later = 0.5 + 0.1 * np.abs(epochs - 3)
    assert {"stopping.epochs": 3} in changed(curves(STEADY, later))
    start = curves(STEADY, 0.5 + 0.1 * epochs)
    assert names(start) == ["overfitting"]
    assert not any("stopping.epochs" in each for each in changed(start))
    halves = curves(STEADY, 0.5 + 0.1 * np.abs(epochs - 5))
    halves = replace(halves, evals=halves.evals | {"epoch": epochs / 2})
    (found,) = diagnose(halves)
    assert found.remedies[0].changes == {"stopping.epochs": 2}
    assert found.remedies[0].why == "training ends just before the lowest validation loss"
