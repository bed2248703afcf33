"""Symptoms: planted faults are found first and cured, and healthy runs have none."""

import numpy as np
import pytest

import gdrun
from gdrun.errors import RecordError
from gdrun.insight.remedies import fitting, traced, try_remedies
from gdrun.insight.symptoms import Remedy, Traced, diagnose

EPOCHS = "epochs=60"

SIGMOIDS = {"name": "mlp", "hidden": [8] * 7, "activation": "sigmoid"}
ZEROS = {"name": "mlp", "hidden": [16], "init": "zeros"}
RAW = {"name": "breast-cancer", "standardize": False}

FAULTS = {
    "rate × 1000": ("diabetes", "linear", "bgd", 100, "exploding"),
    "rate ÷ 1000": ("breast-cancer", "logistic", "bgd", 1e-4, "slow convergence"),
    "seven layers of sigmoids": ("iris", SIGMOIDS, "bgd", 0.1, "vanishing"),
    "weights of zero": ("iris", ZEROS, "bgd", 0.1, "stuck"),
    "unscaled features": (RAW, "logistic", "bgd", 0.1, "exploding"),
    "batch of one": ("diabetes", "linear", "sgd", 0.02, "noise floor"),
}


def trained(dataset, model, variant, rate):
    config = {"dataset": dataset, "model": model, "variant": variant}
    return gdrun.train(config, "optimizer=vanilla", f"lr={rate}", EPOCHS)


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_the_first_symptom_and_a_remedy_cures_it(fault):
    *words, expected = FAULTS[fault]
    run = trained(*words)
    symptoms = diagnose(traced(run))
    assert symptoms[0].name == expected
    kept = [Remedy(r.changes, r.why) for r in fitting(run.config, symptoms[0].remedies)]
    best = try_remedies(run, [type(symptoms[0])(expected, 1.0, "", tuple(kept))])[0]
    assert best.cured
    assert best.after < best.before
    # The same change, trained by itself, gives the value in the table.
    changes = [f"{key}={str(value).lower()}" for key, value in best.changes.items()]
    again = gdrun.train(run.config, *changes)
    assert again.evals[best.metric][-1] == pytest.approx(best.after, rel=1e-6)


HEALTHY = [
    (dataset, model, variant)
    for dataset, model in (
        ("iris", "softmax"),
        ("wine", "softmax"),
        ("digits", "softmax"),
        ("breast-cancer", "logistic"),
        ("diabetes", "linear"),
    )
    for variant in ("bgd", "mbgd")
]


@pytest.mark.parametrize(("dataset", "model", "variant"), HEALTHY)
def test_a_healthy_run_has_no_symptom(dataset, model, variant):
    assert diagnose(traced(trained(dataset, model, variant, 0.1))) == []


def curves(train, validation=None):
    evals = {"epoch": np.arange(len(train), dtype=float), "train_loss": np.asarray(train, float)}
    if validation is not None:
        evals["validation_loss"] = np.asarray(validation, float)
    config = {"optimizer": {"lr": 0.1}, "variant": {"name": "bgd"}, "stopping": {"epochs": 20}}
    return Traced(config, evals)


STEADY = 2.0 ** -np.arange(20)
SWINGING = np.where(np.arange(20) % 2, 0.4, 0.2) + 2 * STEADY
# The validation loss falls by 0.75 until epoch 2, and rises by 0.01 an epoch until epoch 19.
RISING = np.concatenate([[1, 0.5], 0.25 + 0.01 * np.arange(18)])

CURVES = {
    "falling": (curves(STEADY), []),
    "swinging": (curves(SWINGING), ["oscillation"]),
    "rising": (curves(STEADY, RISING), ["overfitting"]),
    "straight": (curves(np.linspace(1, 0.5, 20)), ["slow convergence"]),
    "flat": (curves(np.ones(20)), ["stuck"]),
    "higher": (curves(np.linspace(1, 2, 20)), ["exploding"]),
    "short": (curves([1, 0.9, 0.8]), []),
}


@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e12])
@pytest.mark.parametrize("curve", CURVES)
def test_the_scale_of_the_loss_changes_no_symptom(curve, scale):
    run, expected = CURVES[curve]
    scaled = {k: v if k == "epoch" else v * scale for k, v in run.evals.items()}
    assert [each.name for each in diagnose(Traced(run.config, scaled))] == expected


@pytest.mark.parametrize("curve", CURVES)
def test_a_confidence_is_between_0_and_1(curve):
    assert all(0 < each.confidence <= 1 for each in diagnose(CURVES[curve][0]))


def test_a_remedy_that_does_not_fit_is_not_offered():
    """A logistic model has no dropout, and its features are standardised already."""
    run = gdrun.train({"dataset": "iris", "model": "softmax"}, "epochs=2")
    remedies = [
        Remedy({"model.dropout": 0.5}, ""),
        Remedy({"dataset.standardize": True}, ""),
        Remedy({"model.l2": 0.1}, ""),
    ]
    assert fitting(run.config, remedies) == (remedies[2],)


def test_a_run_that_has_not_ended_is_refused():
    run = gdrun.train({"dataset": "iris", "model": "softmax"}, "epochs=2")
    run.record["status"] = "interrupted"
    with pytest.raises(RecordError, match="has not ended"):
        traced(run)
