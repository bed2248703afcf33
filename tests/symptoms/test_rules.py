"""The rules on small curves: no verdict depends on the unit of the loss or on a constant in it."""

import re
from dataclasses import replace

import numpy as np
import pytest

import gdrun
from gdrun.insight.remedies import traced
from gdrun.symptoms.facts import RateLimit, Traced, lowest_loss
from gdrun.symptoms.registry import SYMPTOMS, diagnose


def curves(train, validation=None, **more):
    evals = {"epoch": np.arange(len(train), dtype=float), "train_loss": np.asarray(train, float)}
    if validation is not None:
        evals["validation_loss"] = np.asarray(validation, float)
    config = {"optimizer": {"lr": 0.1}, "variant": {"name": "bgd"}, "stopping": {"epochs": 20}}
    return Traced(config, evals, **more)


def recalls(**parts):
    """The summary with the recalls of parts. parts: pairs of found and all rows, by class."""
    found = {
        part: {"rows": [rows for _, rows in pairs], "found": [right for right, _ in pairs]}
        for part, pairs in parts.items()
    }
    return {"recalls": found}


def against_baseline(loss, accuracy):
    metrics = {"test": {"accuracy": 0.6}}
    known = {"prediction": "no", "loss": {"test": 0.7}, "metrics": metrics}
    return {"baseline": known, "test_loss": loss, "test_accuracy": accuracy}


STEADY = 2.0 ** -np.arange(20)
SWINGING = np.where(np.arange(20) % 2, 0.4, 0.2) + 2 * STEADY
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


RATES = {
    "cosine": 0.5 * (1 + np.cos(np.pi * np.arange(200) / 200)),
    "exponential": np.exp(-np.arange(200) / 40),
    "warm-up": np.arange(1, 201) / 200,
}


@pytest.mark.parametrize("schedule", RATES)
@pytest.mark.parametrize(
    ("fall", "expected"),
    [
        (lambda used: 1 - 0.3 * used, ["slow convergence"]),
        (lambda used: 1 - 0.9 * used, ["still falling"]),
        (lambda used: 2.0 ** (-20 * used), []),
        (lambda used: np.ones(len(used)), ["stuck"]),
    ],
    ids=["slow", "still falling", "healthy", "stuck"],
)
def test_a_loss_that_depends_on_the_sum_of_the_rates_only(schedule, fall, expected):
    """A schedule only moves the steps at which the same points of the path are reached."""
    rates, every = RATES[schedule], 5
    used = np.concatenate([[0], np.cumsum(rates)])[::every] / rates.sum()
    run = curves(fall(used), steps={"step": np.arange(1, 201), "lr": rates})
    run = replace(run, evals=run.evals | {"step": np.arange(0, 201, every)})
    assert [each.name for each in diagnose(run)] == expected
    assert run.epochs[0] < run.half_epoch < run.epochs[-1]


@pytest.mark.longer
@pytest.mark.parametrize(
    "schedule", ["constant", "cosine", "linear", "polynomial", "exponential", "one_cycle"]
)
def test_a_schedule_that_ends_at_zero_is_not_slow_unless_the_rate_is_too_small(schedule):
    """The loss flattens at the end in both runs; 2/L is about 0.9 here."""
    config = {"dataset": "wine", "model": "softmax", "variant": "bgd", "optimizer": "vanilla"}
    for rate, expected in ((0.5, []), (5e-4, ["slow convergence"])):
        changes = {"optimizer.lr": rate, "stopping.epochs": 60, "schedule": schedule}
        run = gdrun.train(config, changes)
        loss = run.evals["train_loss"]
        assert schedule in ("constant", "exponential") or loss[-3] - loss[-1] < loss[3] - loss[5]
        assert [each["name"] for each in run.record["diagnosis"]] == expected


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


def test_an_update_that_is_not_defined_is_no_explosion():
    steps = {"step": [1, 2], "batch_loss": [1.0, 0.9], "grad_norm": [2.0, 1.5]}
    steps = {name: np.array(column) for name, column in steps.items()}
    said = "the weights of w became nan at step 2"
    base = curves([1.0])

    def names(**columns):
        run = replace(base, steps=steps | columns, diverged=said, status="diverged")
        return [each.name for each in diagnose(run)]

    assert names(update_norm=np.array([0.1, np.nan])) == ["undefined update"]
    # Weights that overflow are an explosion, and so is a loss or a gradient that grew before.
    assert names(update_norm=np.array([0.1, np.inf])) == ["exploding"]
    grown = {"batch_loss": np.array([1.0, 1e9])}
    assert names(update_norm=np.array([0.1, np.nan]), **grown) == ["exploding"]
    lost = {"grad_norm": np.array([2.0, np.inf])}
    assert names(update_norm=np.array([0.1, np.nan]), **lost) == ["exploding"]


def test_a_loss_that_once_doubled_is_exploding_unless_it_recovered():
    """From 1, with the lower bound 0: a peak of 2.5 is a rise by more than the largest fall."""
    peaked = np.concatenate([[1, 2.5], np.linspace(2.4, 1.5, 18)])
    (found,) = diagnose(curves(peaked))
    assert found.name == "exploding"
    assert "rose from 1 to 2.5 by epoch 1, and ended at 1.5" in found.evidence
    # Full batches whose loss fell to less than half of its peak rose for a time only.
    fallen = curves(np.concatenate([[1, 2.5], np.linspace(2, 0.5, 18)]))
    assert [each.name for each in diagnose(fallen)] == ["slow convergence"]
    noisy = replace(fallen, config=fallen.config | {"variant": {"name": "mbgd"}})
    assert [each.name for each in diagnose(noisy)] == ["exploding"]
    recovered = np.concatenate([[1, 2.5], 0.1 + 2.0 ** -np.arange(18)])
    assert diagnose(curves(recovered)) == []
    again = recovered.copy()
    again[15] = 2.5  # The loss explodes again in the second half.
    assert [each.name for each in diagnose(curves(again))] == ["exploding"]


def test_a_swing_is_compared_with_the_fall_of_the_loss():
    """From 2.2 to 0.2 the loss falls by 2; late it moves between 0.2 and 0.4, by 10 % of that.

    From 1.3 to 1 it falls by 0.3, and then moves between 1 and 1.5, by 5/3 of that.
    """
    (found,) = diagnose(curves(SWINGING))
    assert found.evidence.endswith("between 0.2 and 0.401, a range of 10 % of its whole fall")
    rising = np.where(np.arange(20) % 2, 1.0, 1.5)
    rising[0] = 1.3
    swung = next(each for each in diagnose(curves(rising)) if each.name == "oscillation")
    assert swung.evidence.endswith("between 1 and 1.5, a range of 1.67 times its whole fall")


def test_a_loss_that_first_rose_has_its_whole_fall_in_the_second_half():
    """The loss is above its start until epoch 14, and falls by 0.4 in the last epochs."""
    loss = np.concatenate([np.linspace(1, 1.2, 10), np.linspace(1.18, 0.6, 10)])
    (found,) = diagnose(curves(loss))
    assert found.name == "slow convergence"
    assert "100 % of the fall of the training loss came after epoch 9.5 of 19" in found.evidence


def test_a_loss_that_recovered_from_a_large_rise_is_not_called_slow():
    """2/L is about 0.25: the cosine schedule starts above it and ends far below it."""
    run = gdrun.train(
        {"dataset": "diabetes", "model": "linear", "variant": "bgd", "schedule": "cosine"},
        "optimizer=vanilla",
        "lr=0.3",
        "epochs=60",
    )
    loss = run.evals["train_loss"]
    assert loss.max() > 2 * loss[0] > 20 * loss[-1] / 3
    assert run.record["diagnosis"] == []


def test_a_penalty_that_keeps_the_loss_near_its_start():
    """With l2 = 8 and ‖w‖ = 0.1 the penalty is 0.04, and the loss fell by 0.05 only."""
    run = curves(0.95 + 0.05 * STEADY, status="converged")
    steps = {"weight_norm": np.array([0.0, 0.1])}
    assert diagnose(replace(run, steps=steps)) == []
    (found,) = diagnose(replace(run, steps=steps, config=run.config | {"model": {"l2": 8.0}}))
    assert found.name == "stuck"
    assert found.evidence.endswith("; the penalty l2 = 8 keeps the weights small")
    # A penalty of 0.004 is a small part of the fall.
    assert diagnose(replace(run, steps=steps, config=run.config | {"model": {"l2": 0.8}})) == []


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


def test_a_loss_that_settles_under_cosine_leaves_the_imbalance_as_the_first_symptom():
    """One class in eight is rare, and the loss is within 1e-4 of its end for three epochs."""
    random = np.random.default_rng(4)
    X = random.normal(size=(600, 6))
    rare = random.random(600) < 1 / (1 + np.exp(2.15 - 0.6 * X[:, 0] - 0.3 * X[:, 1]))
    run = gdrun.train(
        {"model": "logistic", "variant": {"name": "mbgd", "batch_size": 16}, "seed": 2},
        {"schedule": "cosine", "optimizer": {"name": "momentum", "lr": 0.3}, "stopping.epochs": 20},
        data=(X, rare.astype(int)),
    )
    loss = run.evals["train_loss"]
    assert np.ptp(loss[10:]) > np.ptp(loss) / 20
    assert np.ptp(loss[-3:]) < 1e-4
    assert [each["name"] for each in run.record["diagnosis"]] == ["imbalance"]


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


def test_a_model_that_is_no_better_than_a_constant():
    def names(loss, accuracy):
        summary = against_baseline(loss, accuracy)
        return [each.name for each in diagnose(curves(STEADY, summary=summary))]

    assert names(0.8, 0.6) == ["baseline"]
    assert names(0.8, 0.7) == []  # The labels are right more often, at a poor calibration.
    assert names(0.6, 0.6) == []


def test_a_rare_class_that_is_not_found():
    def names(**parts):
        return [each.name for each in diagnose(curves(STEADY, summary=recalls(**parts)))]

    assert names(test=[(95, 95), (1, 5)]) == ["imbalance"]
    assert names(test=[(95, 95), (3, 5)]) == []
    assert names(test=[(50, 50), (10, 50)]) == []  # The classes are balanced.
    # 70 + 2 of 91 are right, and class 0 alone has 72: the model is no better than a constant.
    assert names(test=[(70, 72), (2, 19)]) == ["imbalance"]
    assert names(test=[(70, 72), (9, 19)]) == []
    assert names(test=[(97, 97), (0, 3)]) == []  # Three examples are too few to judge.
    assert names(test=[(0, 95), (5, 5)]) == []  # The class that is not found is not rare.


def test_a_rare_class_leads_to_the_metric_that_counts_classes_alike():
    def first_change(stopping, **summary):
        summary |= recalls(test=[(95, 95), (1, 5)])
        run = curves(STEADY, summary=summary)
        run.config["stopping"] |= stopping
        (symptom,) = diagnose(run)
        return symptom.remedies[0].changes

    early = {"early_stopping": {"patience": 5}}
    metric = {"stopping.early_stopping.metric": "balanced_accuracy"}
    assert first_change(early, validation_loss=0.1) == metric
    whole = {"stopping.early_stopping": {"patience": 20, "metric": "balanced_accuracy"}}
    assert first_change({}, validation_loss=0.1) == whole
    # Without a validation part, or with this metric already, another remedy is first.
    assert first_change({}) not in (metric, whole)
    early = {"early_stopping": {"patience": 5, "metric": "balanced_accuracy"}}
    assert first_change(early, validation_loss=0.1) not in (metric, whole)


def test_a_class_that_is_too_rare_in_the_test_part_is_judged_on_the_training_part():
    """Of 3 test examples too few can be right by chance; of 20 in training, 2 are."""
    summary = recalls(train=[(880, 880), (2, 20)], test=[(97, 97), (3, 3)])
    run = curves(STEADY, summary=summary, data={"classes": ["ok", "fraud"]})
    (found,) = diagnose(run)
    assert found.evidence == (
        "the predictions are right for only 2 of 20 examples of class fraud in the training part; "
        "the accuracy is 98 %, because 98 % of the examples are of class ok"
    )
    enough = recalls(train=[(880, 880), (2, 20)], test=[(90, 90), (9, 10)])
    assert diagnose(replace(run, summary=enough)) == []


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


def test_the_stability_limit_is_evidence():
    """A rate of 0.1 is 50 times a limit of 0.002; the first remedy is half the limit."""
    run = curves(np.linspace(1, 2, 20), limit=RateLimit(0.002, "2/L", exact=True))
    (found,) = diagnose(run)
    assert found.evidence.endswith("the rate 0.1 is 50 times the stability limit 2/L = 0.002")
    assert {"optimizer.lr": 0.001} in [dict(each.changes) for each in found.remedies]


def test_a_limit_that_is_not_exact_is_not_called_the_cause():
    """Full batches of a loss that is not quadratic may be stable above it, mini-batches below."""
    limit = RateLimit(0.002, "2/L", exact=False)
    norms = {"grad_norm": np.linspace(1, 3, 20), "batch_size": np.full(20, 8)}
    run = curves(np.linspace(1, 2, 20), limit=limit, steps=norms)
    (found,) = diagnose(run)
    grown, compared = found.evidence.split("; ")[1:]
    assert grown == "the gradient norm grew 3-fold from step 1 to step 20"
    known = "the rate 0.1 is 50 times 2/L = 0.002"
    assert compared == f"{known}, below which full batches are stable near a minimum"
    (found,) = diagnose(replace(run, config=run.config | {"variant": {"name": "mbgd"}}))
    grown, compared, own = found.evidence.split("; ")[1:]
    # Medians of two steps: (3 − 1/19)/(1 + 1/19) = 56/20.
    tenths = "from the first to the last tenth of the steps"
    assert grown == f"the median gradient norm grew 2.8-fold {tenths}"
    assert compared == f"{known}, the limit of full batches near a minimum"
    assert own == "batches of 8 may need less"


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


@pytest.mark.parametrize("standardize", [True, False])
def test_the_sizes_of_the_features_are_those_of_numpy(standardize):
    rng = np.random.default_rng(3)
    X = rng.normal(size=(50, 4)) * [1, 3000, 0.2, 0] + [0, 0, 0.1, 0]
    words = ({"model": "linear", "variant": "bgd", "optimizer": "adam"}, "epochs=2", "lr=1e-6")
    parts = {"dataset.split": {"validation": 0, "test": 0}, "dataset.standardize": standardize}
    run = gdrun.train(*words, parts, data=(X, X[:, 0]))
    found = [each["name"] for each in run.record["diagnosis"]]
    assert ("unequal scales" in found) is not standardize
    if standardize:
        assert "scales" not in run.record["data"]
        return
    rms = np.sqrt(np.mean(X**2, axis=0))  # The column of zeros does not count.
    scales = run.record["data"]["scales"]
    assert scales["smallest"]["rms"] == pytest.approx(rms[2])
    assert scales["largest"]["rms"] == pytest.approx(rms[1])
    # The Hessian 2 E[xxᵀ] of the other columns and the bias has at least this condition number.
    own = np.column_stack([X[:, :3], np.ones(50)])
    assert np.linalg.cond(own.T @ own) >= (rms[1] / rms[2]) ** 2


def test_features_of_similar_sizes_and_a_converged_run_have_no_unequal_scales():
    X = np.random.default_rng(3).normal(size=(50, 2)) * [1, 50]
    words = (
        {"model": "linear", "variant": "bgd", "optimizer": "adam"},
        "dataset.standardize=false",
    )
    similar = gdrun.train(*words, "epochs=2", data=(X, X[:, 0]))
    assert "unequal scales" not in [each["name"] for each in similar.record["diagnosis"]]
    far = X * [1, 50]
    ended = gdrun.train(*words, "stopping.target_loss=1e9", data=(far, X[:, 0]))
    assert ended.status == "converged"
    assert "unequal scales" not in [each["name"] for each in ended.record["diagnosis"]]


def test_a_standardised_target_is_the_first_remedy_of_a_large_one():
    """Only for a regression whose loss begins above 100, and whose loss has a unit."""
    rng = np.random.default_rng(5)
    X = rng.normal(size=(60, 2))
    y = 5000 + X @ [300.0, 200.0]
    words = ({"model": "linear", "variant": "bgd", "optimizer": "adam"}, "epochs=20")
    first = {}
    for loss in ("mse", "mae", "huber"):
        run = gdrun.train(*words, f"model.loss={loss}", data=(X, y))
        found = diagnose(traced(run))
        first[loss] = next(iter(found[0].remedies)).changes
    wide = {"dataset.standardize.target": True}
    assert (first["mse"], first["mae"]) == (wide, wide)
    assert first["huber"] != wide


@pytest.mark.parametrize("optimizer", ["adam", "rmsprop", "adagrad"])
def test_squares_of_gradients_beyond_float32_are_said(optimizer):
    # The gradient is about 1e31. Its square overflows, so that g / √v = 0: no weight moves.
    y = 1e15 * np.arange(40)
    run = gdrun.train(
        {"model": "linear", "variant": "bgd", "optimizer": optimizer, "dtype": "float32"},
        {"dataset.standardize": False, "epochs": 40},
        data=(np.arange(40.0)[:, None] % 7 * 1e15, y),
    )
    assert not run.weights["w"].any()
    assert "stuck" in [each["name"] for each in run.record["diagnosis"]]


@pytest.mark.parametrize("epochs", [40, 100])
def test_the_shares_of_a_straight_loss_are_those_of_the_epochs(epochs):
    """A rate of 1e-6 moves the loss along a straight line: half of it falls after the middle."""
    words = ({"dataset": "diabetes", "model": "linear", "variant": "bgd"}, "optimizer=vanilla")
    run = gdrun.train(*words, "schedule=constant", "lr=1e-6", f"epochs={epochs}")
    loss = run.evals["train_loss"]
    late = (loss[epochs // 2] - loss[-1]) / (loss[0] - loss[-1])
    assert late == pytest.approx(0.5, abs=0.001)
    evidence = run.record["diagnosis"][0]["evidence"]
    half = f"50 % of the fall of the training loss came after epoch {epochs // 2} of {epochs}, "
    assert evidence.startswith(half)


def test_an_epoch_is_named_with_all_its_digits():
    """The loss is at its middle, 0.6, at epoch 1234.5 of 2469."""
    run = curves(np.linspace(1, 0.2, 2470))
    (found,) = diagnose(run)
    assert "50 % of the fall of the training loss came after epoch 1234.5 of 2469" in found.evidence


@pytest.mark.parametrize(
    ("words", "ended"),
    [
        # f* = -0.25 is reached at half of the epochs, but at 3/4 of the sum of the rates.
        (("optimizer=vanilla", "epochs=240"), -0.25),
        # The loss was -0.2498 at epoch 21, and is higher at the end.
        (("optimizer=momentum", "variant=mbgd"), -0.2454),
    ],
)
def test_a_loss_that_fell_only_before_the_end_is_not_still_falling(words, ended):
    run = gdrun.train(None, "surface=saddle", *words)
    assert run.evals["train_loss"][-1] == pytest.approx(ended, abs=1e-4)
    assert run.record["diagnosis"] == []


def test_a_straight_fall_to_the_minimum_of_a_surface_is_complete():
    """From 1 to 0.0005 the loss falls by 0.9995, and 1/2000 of this is left above 0."""
    config = {"surface": {"name": "bowl"}}
    run = curves(np.linspace(1, 0.0005, 20))
    assert diagnose(replace(run, config=run.config | config)) == []
    assert [each.name for each in diagnose(run)] == ["still falling"]
    run = curves(np.linspace(1, 0.002, 20))
    found = diagnose(replace(run, config=run.config | config))
    assert [each.name for each in found] == ["still falling"]
