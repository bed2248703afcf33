"""What holds for all rules, whatever the unit of the loss; and the symptoms of layers and units."""

from dataclasses import replace

import numpy as np
import pytest
from curves import STEADY, SWINGING, against_baseline, curves

import gdrun
from gdrun.insight.remedies import traced
from gdrun.symptoms.facts import RateLimit
from gdrun.symptoms.lowest_loss import lowest_loss
from gdrun.symptoms.registry import SYMPTOMS, diagnose

# The validation loss falls by 0.75 until epoch 2, and rises by 0.01 an epoch until epoch 19.
RISING = np.concatenate([[1, 0.5], 0.25 + 0.01 * np.arange(18)])
LAYERS = {f"layer{k}.grad_norm": np.full(20, 10.0 ** (2 * k)) for k in (1, 2, 3, 4)}

CURVES = {
    "falling": (curves(STEADY), []),
    "swinging": (curves(SWINGING), ["oscillation"]),
    "rising": (curves(STEADY, RISING), ["overfitting"]),
    "swinging and falling": (
        curves(np.linspace(1, 0.4, 20) + 0.2 * (np.arange(20) % 2)),
        ["oscillation"],
    ),
    "shrunk by a penalty": (curves(1 + 8 * STEADY, 1 - 0.4 * 0.5 ** np.arange(20)), []),
    "straight to 0.7": (curves(np.linspace(1, 0.7, 20)), ["slow convergence"]),
    "straight to 0.1": (curves(np.linspace(1, 0.1, 20)), ["still falling"]),
    "straight to 0.55 after a quick start": (
        curves(np.concatenate([[1], np.linspace(0.7, 0.55, 19)])),
        ["slow convergence"],
    ),
    "straight, but stopped": (curves(np.linspace(1, 0.1, 20), status="stopped"), []),
    "flat": (curves(np.ones(20)), ["stuck"]),
    "flat, and converged": (curves(np.ones(20), status="converged"), []),
    "higher": (curves(np.linspace(1, 2, 20)), ["exploding"]),
    "short": (curves([1, 0.9, 0.8]), []),
}


@pytest.mark.parametrize("constant", [-3.0, 0.0, 50.0])
@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e9])
@pytest.mark.parametrize("curve", CURVES)
def test_neither_the_scale_of_the_loss_nor_a_constant_changes_a_symptom(curve, scale, constant):
    run, expected = CURVES[curve]
    losses = ("train_loss", "validation_loss")
    moved = {k: scale * (v + constant) if k in losses else v for k, v in run.evals.items()}
    found = diagnose(replace(run, evals=moved, floor=scale * constant))
    assert [each.name for each in found] == expected


@pytest.mark.parametrize("curve", CURVES)
def test_a_confidence_is_between_0_and_1(curve):
    assert all(0 < each.confidence <= 1 for each in diagnose(CURVES[curve][0]))


@pytest.mark.parametrize("factor", [1e-3, 1.0, 1e3])
def test_the_unit_of_the_features_changes_no_symptom(factor):
    """Standardised features are the same in every unit, so the whole run is."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 3))
    y = X @ [1.0, -2.0, 0.5] + 0.1 * rng.normal(size=60)
    for rate, expected in ((0.1, []), (1e-4, ["slow convergence", "baseline"]), (5, ["exploding"])):
        run = gdrun.train(
            {"model": "linear", "variant": "bgd", "optimizer": "vanilla"},
            {"optimizer.lr": rate, "stopping.epochs": 60},
            data=(X * [factor, 1, 1], y),
        )
        assert [each.name for each in diagnose(traced(run))] == expected


def test_a_gradient_that_shrinks_from_layer_to_layer_vanishes():
    """The gradients of layers 1 and 2 are 10² / 10⁸ and 10⁴ / 10⁸ of that of layer 4."""
    run = curves(np.ones(20), status="stopped")
    first = diagnose(replace(run, evals=run.evals | LAYERS))[0]
    assert first.name == "vanishing"
    assert "the gradient of layer 1 is 1e-06 of that of layer 4" in first.evidence
    large = {**LAYERS, "layer1.grad_norm": np.full(20, 1e9)}  # Large features, for instance.
    first = diagnose(replace(run, evals=run.evals | large))[0]
    assert "the gradient of layer 2 is 0.0001 of that of layer 4" in first.evidence
    # With a loss that fell to less than half, the small gradient did no harm.
    learnt = curves(STEADY)
    assert diagnose(replace(learnt, evals=learnt.evals | LAYERS)) == []


def test_units_that_died_at_a_huge_first_loss_are_found_by_the_loss_of_a_constant():
    """The loss fell from 500 to 1.08, but a constant prediction has 1.1 as well."""
    fallen = np.concatenate([[500.0], np.full(19, 1.08)])
    run = curves(fallen, status="stopped")
    run = replace(run, evals=run.evals | {"layer1.dead": np.ones(20)})
    assert diagnose(run) == []
    known = {"baseline": {"loss": {"train": 1.1}}, "train_loss": 1.08}
    (found,) = diagnose(replace(run, summary=known))
    assert found.name == "dead units"


@pytest.mark.parametrize("kind", ["dead", "saturated"])
def test_dead_units(kind):
    run = curves(np.ones(20))
    shares = {f"layer1.{kind}": np.full(20, 0.2), f"layer2.{kind}": np.full(20, 0.95)}
    found = {each.name: each for each in diagnose(replace(run, evals=run.evals | shares))}
    assert f"95 % of the units of layer 2 are {kind}" in found["dead units"].evidence


def test_every_run_that_has_ended_records_its_symptoms():
    """The rate is far above 2/L of this data, and 0.1 is below it."""
    words = ({"dataset": "diabetes", "model": "linear", "variant": "bgd"}, "optimizer=vanilla")
    (found,) = gdrun.train(*words, "lr=100").record["diagnosis"]
    assert (found["name"], found["confidence"]) == ("exploding", 1.0)
    assert found["sentence"] == f"exploding: {found['evidence']}"
    assert gdrun.train(*words, "lr=0.1", "epochs=60").record["diagnosis"] == []


def test_a_muted_symptom_is_not_reported():
    run = CURVES["flat"][0]
    assert diagnose(replace(run, config=run.config | {"diagnose": {"mute": ["stuck"]}})) == []


def test_every_rule_has_a_docstring():
    assert all(rule.__doc__ for rule in SYMPTOMS.values())


def test_the_lower_bound_of_a_loss():
    """The saddle's minima are f(0, ±1) = −1/4; losses on data are at least 0."""
    assert lowest_loss({"surface": {"name": "saddle", "noise": 0.0}}) == -0.25
    assert lowest_loss({"dataset": {"name": "iris"}}) == 0.0


def test_numbers_that_are_compared_have_the_digits_that_tell_them_apart():
    """0.1 is 1.0005 times 0.09995: with four digits, both would be 0.1, and the multiple 1."""
    run = curves(np.linspace(1, 2, 20), limit=RateLimit(0.09995, "2/L", exact=True))
    (found,) = diagnose(run)
    assert found.evidence.endswith("the rate 0.1 is 1.0005 times the stability limit 2/L = 0.09995")
    run = curves(np.linspace(1, 2, 20), limit=RateLimit(0.099997, "2/L", exact=True))
    (found,) = diagnose(run)
    assert found.evidence.endswith("1.00003 times the stability limit 2/L = 0.099997")
    run = curves(0.5 * STEADY + 0.4, summary=against_baseline(0.700012, 0.5))
    (found,) = diagnose(run)
    assert found.evidence.startswith("the test loss 0.700012 is no better than 0.7, the loss of")


def test_an_epoch_is_named_with_all_its_digits():
    """The loss is at its middle, 0.6, at epoch 1234.5 of 2469."""
    run = curves(np.linspace(1, 0.2, 2470))
    (found,) = diagnose(run)
    assert "50 % of the fall of the training loss came after epoch 1234.5 of 2469" in found.evidence
