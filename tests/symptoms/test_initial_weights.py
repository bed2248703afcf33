"""Networks that cannot learn from their initial weights: all 0, or far too large."""

import numpy as np
import pytest

import gdrun
from gdrun.insight.remedies import traced, try_remedies
from gdrun.symptoms.facts import Remedy, Symptom
from gdrun.symptoms.registry import diagnose

DIGITS = {"dataset": "digits", "variant": "mbgd", "optimizer": "vanilla", "schedule": "constant"}


def trained(rate, epochs=8, **model):
    network = {"name": "mlp", "hidden": [32, 32], **model}
    return gdrun.train(DIGITS | {"model": network}, f"lr={rate}", f"epochs={epochs}")


def symptoms(run):
    return [each["name"] for each in run.record["diagnosis"]]


@pytest.mark.parametrize("rate", [0.1, 0.01, 0.001])
@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid"])
def test_weights_of_zero_are_stuck_at_every_rate_and_are_the_cause(rate, activation):
    run = trained(rate, init="zeros", activation=activation)
    first = run.weights["layer1.w"]
    np.testing.assert_allclose(first - first[:, :1], 0, atol=1e-12)  # The units are alike.
    found, *_ = diagnose(traced(run))
    assert symptoms(run)[0] == found.name == "stuck"
    assert "slow convergence" not in symptoms(run)
    assert "all initial weights are 0, so that the units of a layer stay alike" in found.evidence
    (remedy,) = found.remedies
    assert remedy.changes == {"model.init": "he" if activation == "relu" else "xavier"}


def test_weights_that_are_far_too_large_are_the_cause():
    """ln 10 = 2.303 is the loss of a constant prediction of ten equal classes."""
    run = trained(0.1, init="normal", init_std=10)
    assert run.evals["train_loss"][0] > 1000 * np.log(10)
    first, *others = diagnose(traced(run))
    assert first.name == symptoms(run)[0] == "large initial weights"
    assert {each.name for each in others} <= {"baseline"}
    assert "that of always predicting 1 is 2.302: init_std = 10 is too large" in first.evidence
    (remedy,) = first.remedies
    assert remedy.changes == {"model.init": "he"}
    tried = try_remedies(run, [first])
    assert tried[0].cured and tried[0].gone
    assert tried[0].limit.metric > 0


def test_large_weights_are_named_also_if_the_loss_explodes():
    run = trained(100.0, init="normal", init_std=5, activation="tanh")
    first = diagnose(traced(run))[0]
    assert first.name == symptoms(run)[0] == "exploding"
    assert "init_std = 5 is too large" in first.evidence
    assert first.remedies[0].changes == {"model.init": "xavier"}


@pytest.mark.parametrize("init", [{"init": "he"}, {"init": "normal", "init_std": 0.5}])
def test_usual_weights_are_not_too_large(init):
    assert "large initial weights" not in symptoms(trained(0.05, **init))


def test_a_target_far_from_zero_is_no_sign_of_large_weights():
    """Diabetes has a mean target of 150: a network with outputs near 0 has a loss of over 150²."""
    network = {"name": "mlp", "hidden": [8], "init": "normal", "init_std": 2}
    config = {"dataset": "diabetes", "model": network, "variant": "mbgd"}
    run = gdrun.train(config, "optimizer=vanilla", "lr=1e-7", "epochs=8")
    assert "large initial weights" not in symptoms(run)


def test_a_remedy_without_a_lower_loss_removes_no_symptom_of_a_high_loss():
    """The units die in the first steps; with a smaller rate they live, but the loss stays high."""
    run = trained(0.1, init="normal", init_std=10)
    dead = Symptom("dead units", 1.0, "", (Remedy({"optimizer.lr": 0.001}, ""),))
    (worse,) = try_remedies(run, [dead])
    assert "dead units" not in worse.symptoms
    assert worse.after > worse.before and not worse.gone
