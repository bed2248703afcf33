"""Momentum near its limit: a rise for a time, a level, and a growth without limit.

On f = ½ (x² + 10 y²) the heavy ball with β = 0.9 has z² − (1.9 − 10α) z + 0.9 = 0 for y, so that
it is stable below α = 2 · 1.9/10 = 0.38. All runs start at (−4, 1.5), where f = 8 + 11.25.
"""

import numpy as np
import pytest

import gdrun
from gdrun.symptoms.facts import RateLimit, Traced
from gdrun.symptoms.registry import diagnose

WORDS = ("surface=bowl", "optimizer=momentum", "schedule=constant")


def trained(rate, steps):
    return gdrun.train(None, *WORDS, f"lr={rate}", f"steps={steps}")


def walk(rate, steps):
    """The losses (steps + 1,) and gradient norms (steps,) of the heavy ball, as in Polyak 1964."""
    w, v, curvature = np.array([-4, 1.5]), np.zeros(2), np.array([1, 10])
    losses, norms = [0.5 * curvature @ w**2], []
    for _ in range(steps):
        norms.append(np.linalg.norm(curvature * w))
        v = 0.9 * v + curvature * w
        w = w - rate * v
        losses.append(0.5 * curvature @ w**2)
    return np.array(losses), np.array(norms)


def curve(loss, **more):
    evals = {"epoch": np.arange(len(loss), dtype=float), "train_loss": np.asarray(loss, float)}
    config = {"optimizer": {"lr": 0.1}, "variant": {"name": "bgd"}, "stopping": {"epochs": 20}}
    return Traced(config, evals, **more)


@pytest.mark.longer
def test_at_the_limit_the_loss_stays_high_and_is_no_explosion():
    """The roots are −1 and −0.9: y = 28.5 (−1)ⁿ − 27 (−0.9)ⁿ, with y₁ = 1.5 − 0.38 · 15 = −4.2."""
    run = trained(0.38, 2000)
    assert run.summary["train_loss"] == pytest.approx(5 * 28.5**2)
    (found,) = run.record["diagnosis"]
    assert found["name"] == "oscillation"
    stays = "the training loss stays at 4061, because each step jumps across the minimum"
    assert found["evidence"] == f"from epoch 1000 on, {stays}"
    sweep = gdrun.sweep(None, {"lr": [0.3, 0.38]}, *WORDS, "steps=2000")
    assert [each.symptom for each in sweep.standings] == [None, "oscillation"]


@pytest.mark.parametrize("steps", [30, 60, 300])
def test_a_rise_that_passes_is_no_explosion(steps):
    """Below the limit all roots are inside the unit circle: the peaks fall after the first rise."""
    losses, _ = walk(0.379, steps)
    assert losses.max() > 1000 and losses[-1] < losses.max() / 20
    run = trained(0.379, steps)
    assert run.evals["train_loss"] == pytest.approx(losses, rel=1e-6)
    assert {each["name"] for each in run.record["diagnosis"]} <= {"oscillation"}


def test_above_the_limit_the_loss_explodes_with_its_growth_from_the_first_step():
    losses, norms = walk(0.381, 30)
    (found,) = trained(0.381, 30).record["diagnosis"]
    assert found["name"] == "exploding"
    assert f"rose from 19.25 to {round(losses.max(), -1):,.0f} by epoch 30" in found["evidence"]
    grown = f"the gradient norm grew {norms[-1] / norms[0]:.3g}-fold from step 1 to step 30"
    assert found["evidence"].endswith(grown)


def test_the_evidence_says_when_the_largest_loss_was_reached():
    """From 1 to 9 at epoch 1; the peaks fall by 1/18 an epoch, and not to half of their height."""
    steps = {"step": np.arange(1, 20), "grad_norm": np.linspace(3, 5.9, 19)}
    (found,) = diagnose(curve([1, *np.linspace(9, 8, 19)], steps=steps))
    # A growth below 2-fold, as that to 5.9/3, is no evidence.
    assert found.evidence == "the training loss rose from 1 to 9 by epoch 1, and ended at 8"


@pytest.mark.parametrize(("limit", "argues"), [(0.101, False), (0.1, True), (0.099, True)])
def test_a_limit_argues_only_against_a_rate_that_it_forbids(limit, argues):
    run = curve(np.linspace(1, 3, 20), limit=RateLimit(limit, "2/L", exact=True))
    (found,) = diagnose(run)
    reasons = [each.why for each in found.remedies if "optimizer.lr" in each.changes]
    assert any("theory predicts" in why for why in reasons) == argues
