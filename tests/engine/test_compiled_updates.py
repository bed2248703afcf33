"""The fused update against the rule itself, and a network trained with it."""

import numpy as np
import pytest

import gdrun
from gdrun.engine.compiled.units import update_text
from gdrun.engine.compiled.updates import FusedUpdate
from gdrun.engine.contract import NotCompilableError
from gdrun.methods.rules import OPTIMIZERS

# The layer-wise rules look at whole tensors.
UNFUSED = {"lars", "lamb"}
FUSED = sorted(set(OPTIMIZERS) - UNFUSED)


def own_options(rule):
    return {name: value for name, value in rule.defaults.items() if name != "lr"}


def walked(name, dtype, options):
    """The largest difference of weights and norms over ten steps of two lanes."""
    rule, rng = OPTIMIZERS[name], np.random.default_rng(4)
    update = FusedUpdate(rule, options, np.dtype(dtype))
    W = rng.standard_normal((2, 300)).astype(dtype)
    rate = np.array([[0.01], [0.03]], dtype)
    slots = rule.start(W, options | {"lr": rate})
    fused = W.copy()
    kept = np.stack(slots, axis=1) if slots else np.empty((2, 0, 300), dtype)
    moved, length = np.empty((2, 2))
    worst = 0.0
    for t in range(1, 11):
        g, before = rng.standard_normal(W.shape).astype(dtype), W
        W, slots = rule.advance(W, g, slots, float(t), options | {"lr": rate})
        update(fused, g, kept, float(t), {"lr": rate}, moved, length)
        norms = np.linalg.norm(W - before, axis=1), np.linalg.norm(W, axis=1)
        worst = max(worst, np.abs(fused - W).max(), *np.abs(moved / norms[0] - 1))
        worst = max(worst, *np.abs(length / norms[1] - 1))
    assert fused.dtype == dtype
    return worst


# 300 parameters over ten steps: a few roundings of 2⁻⁵³ and 2⁻²⁴ each.
@pytest.mark.slow
@pytest.mark.parametrize("name", FUSED)
@pytest.mark.parametrize(("dtype", "bound"), [(np.float64, 1e-13), (np.float32, 1e-5)])
def test_every_elementwise_rule_steps_alike(name, dtype, bound):
    assert walked(name, dtype, own_options(OPTIMIZERS[name])) < bound


@pytest.mark.slow
def test_options_that_choose_a_form():
    rule = OPTIMIZERS["rmsprop"]
    chosen = own_options(rule) | {"centered": True, "momentum": 0.9}
    assert walked("rmsprop", np.float64, chosen) < 1e-12


@pytest.mark.parametrize("name", sorted(UNFUSED))
def test_what_cannot_be_fused_says_so(name):
    with pytest.raises(NotCompilableError):
        update_text(OPTIMIZERS[name], own_options(OPTIMIZERS[name]), np.dtype(np.float64))


@pytest.mark.slow
@pytest.mark.parametrize("clip", [{}, {"norm": 0.5}])
@pytest.mark.parametrize(
    ("schedule", "average"),
    [("cosine", None), ("cosine", "ema"), ({"name": "one_cycle", "per": "step"}, "polyak")],
)
def test_a_network_takes_the_same_path(clip, schedule, average):
    config = {
        "dataset": "iris",
        "model": {"name": "mlp", "hidden": [16, 8], "batch_norm": True, "dropout": 0.2, "l2": 1e-3},
        "optimizer": {"name": "adam", "lr": 0.01, "average": average},
        "schedule": schedule,
        "clip": clip,
        "stopping": {"epochs": 20},
        "log": {"points": "all"},
    }
    fused, plain = (gdrun.train(config, f"engine={engine}") for engine in ("compiled", "numpy"))
    assert (fused.record["engine"], plain.record["engine"]) == ("compiled", "numpy")
    for name in ("batch_loss", "grad_norm", "update_norm", "weight_norm"):
        assert fused.steps[name] == pytest.approx(plain.steps[name], rel=1e-9)
    assert fused.evals["train_loss"] == pytest.approx(plain.evals["train_loss"], rel=1e-9)


@pytest.mark.slow
def test_a_divergence_is_found_at_the_same_step():
    config = {"dataset": "digits", "model": "mlp", "optimizer": {"name": "vanilla", "lr": 1e4}}
    fused, plain = (gdrun.train(config, f"engine={engine}") for engine in ("compiled", "numpy"))
    assert fused.status == plain.status == "diverged"
    assert fused.stop == plain.stop
    for key, value in plain.divergence.items():
        # The two engines add in another order, so that losses agree to rounding.
        exact = not isinstance(value, float)
        assert fused.divergence[key] == (value if exact else pytest.approx(value, rel=1e-12))
