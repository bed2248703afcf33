"""Symptoms of the data: rare classes, features of unequal sizes, and large targets."""

from dataclasses import replace

import numpy as np
import pytest
from curves import STEADY, against_baseline, curves

import gdrun
from gdrun.insight.goals import goal_of
from gdrun.insight.remedies import traced
from gdrun.symptoms.registry import diagnose


def recalls(**parts):
    """The summary with the recalls of parts. parts: pairs of found and all rows, by class."""
    found = {
        part: {"rows": [rows for _, rows in pairs], "found": [right for right, _ in pairs]}
        for part, pairs in parts.items()
    }
    return {"recalls": found}


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
        symptom = diagnose(run)[-1]
        return next((each.changes for each in symptom.remedies), None)

    early = {"early_stopping": {"patience": 5}}
    metric = {"stopping.early_stopping.metric": "balanced_accuracy"}
    assert first_change(early, validation_loss=0.1) == metric
    whole = {"stopping.early_stopping": {"patience": 20, "metric": "balanced_accuracy"}}
    assert first_change({}, validation_loss=0.1) == whole
    # Without a validation part, or with this metric already, another remedy is first.
    assert first_change({}) not in (metric, whole)
    early = {"early_stopping": {"patience": 5, "metric": "balanced_accuracy"}}
    assert first_change(early, validation_loss=0.1) not in (metric, whole)


@pytest.mark.parametrize(
    ("loss", "further"),
    [
        (0.31 + STEADY, False),  # It falls by 2e-6 in the last tenth: below 0.31 / 100.
        (np.linspace(1, 0.31, 20), True),  # By 0.07 or so.
        (0.31 + STEADY + 0.1 * (np.arange(20) % 2), False),  # It moves up and down.
    ],
    ids=["settled", "falling", "swinging"],
)
def test_a_rare_class_gets_larger_or_more_steps_only_from_a_loss_that_falls(loss, further):
    symptom = diagnose(curves(loss, summary=recalls(test=[(95, 95), (1, 5)])))[-1]
    keys = {key for each in symptom.remedies for key in each.changes}
    assert symptom.name == "imbalance"
    assert ({"optimizer.lr", "stopping.epochs"} & keys != set()) is further


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
    ended = gdrun.train(*words, "stopping.loss_change=1e9", data=(far, X[:, 0]))
    assert ended.status == "converged"
    assert "unequal scales" not in [each["name"] for each in ended.record["diagnosis"]]
    # A target that the user chose says nothing about a minimum.
    reached = gdrun.train(*words, "stopping.target_loss=1e9", data=(far, X[:, 0]))
    assert reached.status == "converged"
    assert "unequal scales" in [each["name"] for each in reached.record["diagnosis"]]


def scaled_run(model, X, y, l2, **options):
    """The symptom `unequal scales` of a linear model on raw features, or None."""
    parts = {"dataset.split": {"validation": 0, "test": 0}, "dataset.standardize": False}
    changes = {"model.l2": l2, "optimizer.lr": 1e-7, "stopping.epochs": 2}
    words = ({"model": {"name": model, **options}, "variant": "bgd"}, parts | changes)
    run = gdrun.train(*words, data=(X, y))
    found = [each for each in run.record["diagnosis"] if each["name"] == "unequal scales"]
    return found[0] if found else None


@pytest.mark.parametrize(
    ("model", "classes", "factor"),
    [("linear", 0, 2), ("logistic", 2, 1 / 4), ("softmax", 2, 1 / 4), ("softmax", 3, 2 / 9)],
)
@pytest.mark.parametrize("l2", [0.0, 0.1])
def test_the_bound_of_the_condition_number_has_the_penalty(model, classes, factor, l2):
    """The diagonal at 0 is c E[x²] with p (1 − p) of C classes as c, and l2 but for the bias."""
    X = np.random.default_rng(4).normal(size=(60, 2)) * [0.01, 300]
    y = np.arange(60) % classes if classes else X[:, 1]
    found = scaled_run(model, X, y, l2)
    words, _, shown = found["evidence"].rpartition(" is at least ")
    at_zero = "" if model == "linear" else " at weights of 0"
    assert words.endswith(f"so that gradient descent is slow: the condition number{at_zero}")
    own = np.column_stack([X, np.ones(60)])
    hessian = factor * own.T @ own / 60 + l2 * np.diag([1, 1, 0])
    bound = float(shown.replace(",", ""))
    assert bound == pytest.approx(np.diag(hessian).max() / np.diag(hessian).min(), rel=1e-3)
    assert np.linalg.cond(hessian) >= bound * (1 - 1e-3)


@pytest.mark.parametrize("model", ["linear", "logistic", "softmax"])
def test_features_that_the_penalty_makes_alike_have_no_unequal_scales(model):
    """With l2 = 1 and squares of 1 and 1e-6 the diagonal is at most 2 + 1 against 1/4."""
    X = np.random.default_rng(4).normal(size=(60, 2)) * [1, 0.001]
    y = X[:, 0] if model == "linear" else (X[:, 0] > 0).astype(int)
    assert scaled_run(model, X, y, 0.0) is not None
    assert scaled_run(model, X, y, 1.0) is None


@pytest.mark.parametrize(
    ("model", "loss"), [("linear", "huber"), ("linear", "mae"), ("svm", "squared_hinge")]
)
def test_no_bound_is_given_for_a_loss_whose_curvature_is_not_known(model, loss):
    X = np.random.default_rng(4).normal(size=(60, 2)) * [0.01, 300]
    y = X[:, 1] if model == "linear" else (X[:, 1] > 0).astype(int)
    found = scaled_run(model, X, y, 0.1, loss=loss)
    assert found["evidence"].endswith(", so that gradient descent is slow")


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


def test_the_loss_auto_of_a_regression_has_the_remedies_of_mse():
    """Its unit is the square of the target's, so that the loss of a scaled target is converted."""
    words = ("dataset=diabetes", "dataset.standardize=true", "lr=1e-5", "epochs=20")
    remedies = []
    for loss in ("auto", "mse"):
        run = gdrun.train({"model": {"name": "mlp", "hidden": [8]}}, *words, f"model.loss={loss}")
        remedies.append([each.changes for s in diagnose(traced(run)) for each in s.remedies])
        assert goal_of(run).power == 2
    assert remedies[0] == remedies[1]
    assert {"dataset.standardize.target": True} in remedies[0]


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
