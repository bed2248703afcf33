"""Losses that no longer fall: noise floors, and small steps that stopped a run."""

import re
from dataclasses import replace

import numpy as np
import pytest
from curves import STEADY, SWINGING, curves

import gdrun
from gdrun.symptoms.registry import diagnose


def test_a_loss_of_batches_that_slowly_returns_is_at_a_noise_floor():
    """The loss falls from 1 to 0.2, and is at 0.7 at the end: 0.5 of its fall of 0.8 are lost."""
    run = curves(np.concatenate([np.linspace(1, 0.2, 10), np.linspace(0.25, 0.7, 10)]))
    batches = replace(run, config=run.config | {"variant": {"name": "mbgd"}})
    assert [each.name for each in diagnose(batches)] == ["noise floor"]


def test_a_noise_floor_needs_a_rate_that_does_not_fall_to_zero():
    """The size of the noise follows the rate: with cosine it falls to 0, and the loss settles."""
    steps = np.arange(1, 81)
    share = steps / 80
    noise = np.where(steps % 2, 0.1, -0.1)
    names = {}
    for name, rates, size in (
        ("constant", np.ones(80), np.ones(80)),
        ("cosine", 0.5 + 0.5 * np.cos(np.pi * share), 1 - share),
        ("cosine to 1/4", 0.625 + 0.375 * np.cos(np.pi * share), np.ones(80)),
        ("halved at 3/4", np.where(share > 0.75, 0.5, 1), np.where(share > 0.75, 0.1, 1)),
        ("halved at 1/4", np.where(share > 0.25, 0.5, 1), np.ones(80)),
    ):
        run = curves(np.concatenate([[1], 0.3 + size * noise]))
        run.evals["step"] = np.arange(81)
        config = run.config | {"variant": {"name": "mbgd"}}
        run = replace(run, config=config, steps={"step": steps, "lr": 0.1 * rates})
        names[name] = [each.name for each in diagnose(run)]
    assert names == {
        "constant": ["noise floor"],
        "cosine": [],
        "cosine to 1/4": ["noise floor"],
        "halved at 3/4": [],  # a range of 0.02 is 1/40 of the fall
        "halved at 1/4": ["noise floor"],
    }


@pytest.mark.parametrize(("evaluations", "most"), [(7, 0.7), (80, 1.0)])
def test_few_evaluations_give_a_noise_floor_a_small_confidence(evaluations, most):
    """Four late losses have three changes, and so two pairs of changes to compare."""
    loss = np.where(np.arange(evaluations) % 2, 0.2, 0.4)
    loss[0] = 1
    run = curves(loss)
    batches = replace(run, config=run.config | {"variant": {"name": "mbgd"}})
    (found,) = diagnose(batches)
    assert found.name == "noise floor"
    assert most - 0.05 < found.confidence <= most


@pytest.mark.longer
def test_noise_from_a_start_at_the_minimum_is_a_noise_floor():
    """E f rises from 0 to α σ²/(2 − α) and stays there; above α = 2 it grows without limit."""
    surface = {"name": "bowl", "condition": 1, "noise": 1, "start": [0, 0]}
    words = ({"surface": surface}, "variant=sgd", "optimizer=vanilla", "epochs=20")
    names = [each["name"] for each in gdrun.train(*words, "lr=0.1").record["diagnosis"]]
    assert names == ["noise floor"]
    growing = gdrun.train(*words, "lr=2.02", "stopping.divergence.factor=1e300")
    assert growing.status == "exhausted"
    assert [each["name"] for each in growing.record["diagnosis"]] == ["exploding"]


SMALL_CHANGE = "a small change of the loss stopped the run, and not a minimum: "
SMALL_STEPS = "small steps stopped the run, and not a minimum: "


@pytest.mark.parametrize(
    ("words", "evidence"),
    [
        # On ½ (x² + 10 y²), α‖g‖² = 1e-5 · (16 + 225) is the first fall: below the threshold.
        (
            ("surface=bowl", "lr=1e-5", "loss_change=0.01"),
            f"{SMALL_CHANGE}the training loss ended at 19.25, and the minimum of the surface is 0: "
            "over 99 % of its largest possible fall is left",
        ),
        # x ← 0.9 x and y ← 0: the first step has the length √(0.4² + 1.5²) < 2, and f is ½ 3.6².
        (
            ("surface=bowl", "lr=0.1", "weight_change=2"),
            f"{SMALL_STEPS}the training loss ended at 6.48, and the minimum of the surface is 0: "
            "34 % of its largest possible fall is left",
        ),
        (("surface=bowl", "lr=0.1", "loss_change=1e-6"), None),
        (
            ("dataset=diabetes", "model=linear", "lr=1e-6", "weight_change=1"),
            f"{SMALL_STEPS}the gradient norm ended at 360.2, which is 100 % of its first value "
            "360.2",
        ),
        (("dataset=diabetes", "model=linear", "lr=0.1", "loss_change=0.5"), None),
    ],
)
def test_small_steps_are_told_from_a_minimum(words, evidence):
    plain = ("variant=bgd", "optimizer=vanilla", "schedule=constant", "engine=numpy")
    run = gdrun.train(None, *words, *plain, "epochs=500")
    assert run.status == "converged"
    found = {each["name"]: each["evidence"] for each in run.record["diagnosis"]}
    assert found.get("slow convergence") == evidence


@pytest.mark.parametrize("variant", ["sgd", {"name": "mbgd", "batch_size": 16}])
@pytest.mark.parametrize("engine", ["numpy", "compiled"])
@pytest.mark.parametrize(
    ("stop", "rate", "far"),
    [
        ({"weight_change": 1.0}, 1e-5, True),
        ({"loss_change": 1.0}, 1e-5, True),
        ({"weight_change": 0.1}, 0.01, False),
        ({"loss_change": 0.1}, 0.01, False),
    ],
)
def test_small_steps_with_batches_are_judged_by_the_full_gradient(stop, rate, far, variant, engine):
    rng = np.random.default_rng(8)
    X = rng.normal(size=(200, 3))
    y = X @ [1.0, -2.0, 3.0] + 0.5 + 0.1 * rng.normal(size=200)
    plain = {"dataset.split": {"validation": 0, "test": 0}, "dataset.standardize": False}
    settings = {"model": "linear", "variant": variant, "optimizer": "vanilla", "stopping": stop}
    run = gdrun.train(settings | {"engine": engine}, f"lr={rate}", plain, data=(X, y))
    assert run.status == "converged"

    def slope(w, b):
        """The norm of the gradient of mean (Xw + b − y)²."""
        wrong = X @ w + b - y
        return np.hypot(np.linalg.norm(2 / 200 * X.T @ wrong), 2 * wrong.mean())

    first, last = slope(np.zeros(3), 0), slope(run.weights["w"], float(run.weights["b"]))
    assert bool(last > first / 5) is far
    found = {each["name"]: each["evidence"] for each in run.record["diagnosis"]}
    assert ("slow convergence" in found) is far
    if far:
        why = SMALL_STEPS if "weight_change" in stop else SMALL_CHANGE
        ended = (
            rf"{why}the norm of the full gradient ended at (\S+), which is .* its first value (\S+)"
        )
        shown = re.fullmatch(ended, found["slow convergence"]).groups()
        assert list(map(float, shown)) == pytest.approx([last, first], rel=1e-3)
        assert shown[0] != shown[1]


def test_noise_that_repeats_a_loss_is_not_a_small_step():
    gradient = np.array([4.0, *[1.0] * 19])
    noisy = replace(
        curves(SWINGING),
        rule="loss_change",
        status="converged",
        config=curves(SWINGING).config
        | {"variant": {"name": "sgd"}, "stopping": {"loss_change": 0.1}},
    )
    noisy.evals["full_grad_norm"] = gradient
    assert "slow convergence" not in [each.name for each in diagnose(noisy)]
    steady = replace(noisy, evals=noisy.evals | {"train_loss": 0.5 + STEADY / 2})
    assert "slow convergence" in [each.name for each in diagnose(steady)]
