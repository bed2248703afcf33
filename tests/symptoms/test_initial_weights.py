"""Networks that cannot learn from their initial weights: all 0, or far too large."""

import numpy as np
import pytest

import gdrun
from gdrun.config.resolving import resolve
from gdrun.data.arrays import table_from_arrays
from gdrun.insight.remedies import traced, try_remedies
from gdrun.runs.experiment_data import experiment_data
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


def overflowing(standardize, **init):
    """A network on huge features whose first loss is not finite: its symptom."""
    rng = np.random.default_rng(0)
    X = 1e160 * rng.normal(size=(60, 3))
    config = {
        "dataset": {"standardize": standardize},
        "model": {"name": "mlp", "hidden": [64], "loss": "mse", **init},
        "variant": "mbgd",
    }
    run = gdrun.train(
        config, "optimizer=vanilla", "lr=0.01", "epochs=20", data=(X, X[:, 0] / 1e160)
    )
    assert not np.isfinite(run.evals["train_loss"][0])
    (found,) = diagnose(traced(run))
    assert found.name == symptoms(run)[0] == "exploding"
    return found


ALL, NONE = ({"features": each, "target": each} for each in (True, False))
HUGE = {"init": "normal", "init_std": 1e80}


@pytest.mark.parametrize(
    ("standardize", "others"),
    [
        (ALL, []),
        ({"features": True, "target": False}, [ALL]),
        ({"features": False, "target": True}, [ALL]),
        (NONE, [True, ALL]),
    ],
)
def test_weights_whose_first_loss_overflows_are_named_first(standardize, others):
    """Outputs of about 1e80 · 1e80 have squares above the largest number, 1.8e308."""
    found = overflowing(standardize, **HUGE)
    # √(2/64) = 0.177
    words = "init_std = 1e+80 is too large for layers of 64 units, for which init=he takes 0.177"
    assert found.evidence.endswith(f"; {words}")
    changed = [each.changes for each in found.remedies]
    assert changed == [{"model.init": "he"}, *({"dataset.standardize": each} for each in others)]


def test_usual_weights_cure_a_first_loss_that_overflows():
    network = {"name": "mlp", "hidden": [64], "init": "normal", "init_std": 1e80}
    standardize = {"dataset.standardize": ALL}
    run = gdrun.train({"dataset": "diabetes", "model": network}, standardize, "epochs=20")
    assert run.status == "diverged"
    (tried,) = try_remedies(run, diagnose(traced(run)))
    assert (tried.changes, tried.cured, tried.gone) == ({"model.init": "he"}, True, True)


def test_usual_weights_are_not_the_cause_of_a_first_loss_that_overflows():
    found = overflowing(NONE, init="he")
    assert "init_std" not in found.evidence
    changed = [each.changes["dataset.standardize"] for each in found.remedies]
    assert changed == [True, ALL]


def far_target(loss, scaled, shift=1000.0):
    """A network with large weights on a target of the mean `shift` and about the variance 25."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 5))
    y = shift + 5 * X[:, 0] + rng.normal(size=200)
    config = {
        "dataset": {"standardize": {"features": True, "target": scaled}},
        "model": {"name": "mlp", "hidden": [100], "loss": loss, "init": "normal", "init_std": 2},
        "variant": "mbgd",
    }
    words = ("optimizer=vanilla", "lr=1e-9", "epochs=4", "evaluate.metrics=[rmse]")
    return gdrun.train(config, *words, data=(X, y)), table_from_arrays(X, y)


@pytest.mark.parametrize("loss", ["auto", "mse", "mae", "huber", "pinball"])
def test_a_far_target_is_no_sign_of_large_weights_for_any_loss(loss):
    """Scores near 0 have a loss far above that of the mean target, of which they are 1000 away."""
    run, _ = far_target(loss, scaled=False)
    assert run.evals["train_loss"][0] > 10 * run.summary["baseline"]["loss"]["train"]
    assert "large initial weights" not in symptoms(run)


@pytest.mark.parametrize("loss", ["auto", "mse", "huber"])
def test_large_weights_do_not_depend_on_the_mean_of_a_standardised_target(loss):
    """Its mean is 0: the variance of the outputs is 100 · 5 · 2⁴ / 2, far above its own of 1."""
    near, far = (far_target(loss, scaled=True, shift=shift)[0] for shift in (0.0, 1000.0))
    assert near.evals["train_loss"][0] == pytest.approx(far.evals["train_loss"][0], rel=1e-6)
    assert symptoms(near)[0] == symptoms(far)[0] == "large initial weights"


@pytest.mark.parametrize("scaled", [True, False])
@pytest.mark.parametrize(
    ("loss", "of_zero"),
    [
        ("auto", lambda y: y**2),
        ("mae", abs),
        ("huber", lambda y: np.where(abs(y) <= 1, y**2 / 2, abs(y) - 1 / 2)),
    ],
)
def test_the_loss_of_scores_of_zero_is_in_the_scale_of_the_losses(loss, of_zero, scaled):
    run, table = far_target(loss, scaled, shift=3.0)
    y = experiment_data(resolve(run.config), table).train.y.astype(float)
    assert run.summary["baseline"]["zero_loss"] == pytest.approx(of_zero(y).mean(), rel=1e-9)


@pytest.mark.parametrize("model", ["logistic", "softmax", "mlp"])
def test_the_loss_of_scores_of_zero_of_two_classes_is_ln_2(model):
    """Both classes then have the probability 1/2, however rare they are."""
    run = gdrun.train({"dataset": "breast-cancer", "model": model}, "epochs=1")
    assert run.summary["baseline"]["zero_loss"] == pytest.approx(np.log(2), rel=1e-12)


def test_a_remedy_without_a_lower_loss_removes_no_symptom_of_a_high_loss():
    """The units die in the first steps; with a smaller rate they live, but the loss stays high."""
    run = trained(0.1, init="normal", init_std=10)
    dead = Symptom("dead units", 1.0, "", (Remedy({"optimizer.lr": 0.001}, ""),))
    (worse,) = try_remedies(run, [dead])
    assert "dead units" not in worse.symptoms
    assert worse.after > worse.before and not worse.gone
