"""The metric that ranks, its name and its direction, and the targets to be reached."""

import math

import numpy as np
import pytest

from gdrun.config.loading import load
from gdrun.errors import GdrunError
from gdrun.problems.metrics import METRICS, Predictions
from gdrun.study.judgement.metrics import Metric, Target, metric_called, parse_target, unlike
from gdrun.study.judgement.usual_target import usual_target
from study.cases import LEAST_SQUARES, LOGISTIC, LOSS, result, standing_texts


def test_a_target_is_reached_at_the_first_evaluation_that_meets_it():
    run = result([10, 4, 2, 3, 1])
    assert Target(LOSS, 2.0).reached(run, "epoch") == 2.0
    assert Target(LOSS, 2.0).reached(run, "step") == 20.0
    assert Target(LOSS, 0.5).reached(run, "epoch") == math.inf
    accuracy = Target(Metric("validation_accuracy"), 0.5)
    assert accuracy.reached(result([1.0, 0.6, 0.5, 0.1]), "epoch") == 2.0


PERFECT_CLASSES = Predictions(
    np.array([0, 1, 2]), np.array([0, 1, 2]), probabilities=np.eye(3), classes=3
)
PERFECT_NUMBERS = Predictions(np.array([0.5, 1.0, 3.0]), np.array([0.5, 1.0, 3.0]))


@pytest.mark.parametrize("name", [name for name, each in METRICS.items() if each.larger])
def test_a_target_above_the_value_of_perfect_predictions_is_refused(name):
    metric = METRICS[name]
    perfect = PERFECT_CLASSES if metric.task == "classification" else PERFECT_NUMBERS
    best = metric.value(perfect)
    config = {"dataset": "iris", "model": "softmax"}
    if metric.task == "regression":
        config = {"dataset": "diabetes", "model": "linear"}
    experiments = [load(config)]
    assert parse_target(f"{name}={best}", experiments).value == best
    with pytest.raises(GdrunError, match=f"must be ≤ 1, got 97\nhint: .* {name}=0.97"):
        parse_target(f"{name}=97", experiments)


def test_a_run_that_met_the_target_and_diverged_afterwards_never_got_there():
    run = result([10, 1, 900], diverged=True)
    assert Target(LOSS, 2.0).reached(run, "epoch") == math.inf


def test_the_usual_target_is_95_percent_of_the_way_to_the_best():
    found, _ = standing_texts({0.1: [result([10, 4])], 0.3: [result([10, 2])]})
    # 2 + 0.05 · (10 − 2)
    assert usual_target(found, LOSS).value == pytest.approx(2.4)


def test_the_usual_target_in_log_loss_where_losses_span_decades():
    # From 100 to 1e-6 are 8 decades; 5 % of them above the best is 1e-6 · 10^0.4.
    found, _ = standing_texts({0.1: [result([100, 1])], 0.3: [result([100, 1e-6])]})
    target = usual_target(found, LOSS)
    assert target.value == pytest.approx(10**-5.6)
    assert target.reason == (
        "95 % of the best improvement, from 100 (median start) to 1e-06 (best median), "
        "in logarithms"
    )


def test_one_unlucky_start_does_not_make_the_target_easy():
    """The way begins at the median of the first values, 0.4, and not at the largest one, 1.1."""
    rows = {0.1: [result([0.4, 0.3]), result([1.1, 0.3]), result([0.4, 0.3])],
            0.3: [result([0.4, 0.2]), result([1.1, 0.2]), result([0.38, 0.2])]}  # fmt: skip
    found, _ = standing_texts(rows)
    target = usual_target(found, LOSS)
    # 0.4 − 0.95 · (0.4 − 0.2); from the largest start it would be 0.245.
    assert target.value == pytest.approx(0.21)
    assert target.sentence == (
        "val loss ≤ 0.21, 95 % of the best improvement, from 0.4 (median start) to 0.2 "
        "(best median)"
    )


def test_the_target_of_a_metric_that_grows_is_told_in_its_own_values():
    # An accuracy of 1 − loss: from 0.2 to 0.9, whose 95 % are 0.2 + 0.95 · 0.7.
    accuracy = Metric("validation_accuracy")
    found, _ = standing_texts({0.1: [result([0.8, 0.4])], 0.3: [result([0.8, 0.1])]}, accuracy)
    target = usual_target(found, accuracy)
    assert target.value == pytest.approx(0.865)
    assert "from 0.2 (median start) to 0.9 (best median)" in target.reason


def test_no_target_where_everything_failed():
    found, texts = standing_texts(
        {0.1: [result([10, 99], diverged=True)], 0.3: [result([1, 9], diverged=True)]}
    )
    assert usual_target(found, LOSS) is None
    assert texts == ["diverged at step 10", "diverged at step 10"]


def test_a_metric_by_its_name():
    base = load(LOGISTIC)
    names = {None: "validation_loss", "loss": "validation_loss", "accuracy": "validation_accuracy"}
    for given, name in {**names, "train_loss": "train_loss"}.items():
        assert metric_called(given, [base]).name == name
    assert metric_called(None, [load(LEAST_SQUARES)]).name == "train_loss"
    for wrong, where in (("accuracy", LEAST_SQUARES), ("validation_loss", LEAST_SQUARES)):
        with pytest.raises(GdrunError, match="has no metric"):
            metric_called(wrong, [load(where)])


def test_suboptimality_leads_to_a_metric_of_the_same_order():
    for ask in (metric_called, lambda name, bases: parse_target(f"{name}=1e-6", bases)):
        with pytest.raises(GdrunError, match="use train_loss, which ranks runs in the same order"):
            ask("suboptimality", [load(LEAST_SQUARES)])
    assert metric_called("train_loss", [load(LEAST_SQUARES)]).name == "train_loss"


@pytest.mark.parametrize(
    # The minima as the papers give them; that of the saddle's valleys is −1/4.
    ("surface", "minimum"),
    [("bowl", 0.0), ("rosenbrock", 0.0), ("himmelblau", 0.0), ("saddle", -0.25), ("plateau", 0.0)],
)
def test_a_target_of_the_suboptimality_of_a_surface(surface, minimum):
    target = parse_target("suboptimality=1e-3", [load({"surface": surface})])
    assert target.metric.name == "train_loss"
    assert target.value == pytest.approx(minimum + 1e-3, abs=1e-12)
    assert "f − f* ≤ 0.001" in target.sentence
    for wrong, what in (("suboptimality=-1", "must be ≥ 0"), ("loss:0.1", "write it as loss=0.1")):
        with pytest.raises(GdrunError, match=what):
            parse_target(wrong, [load({"surface": surface})])


def test_the_experiment_that_lacks_a_metric_is_named():
    both = [load(LOGISTIC, ["name=first"]), load(LEAST_SQUARES, ["name=second"])]
    with pytest.raises(GdrunError, match="error: metric: second has no metric 'accuracy'"):
        metric_called("accuracy", both)


def test_a_target_from_a_text():
    assert parse_target("loss=0.1", [load(LOGISTIC)]).sentence == "val loss ≤ 0.1"
    assert parse_target("accuracy=0.9", [load(LOGISTIC)]).sentence == "val acc ≥ 0.9"
    for wrong in ("loss", "loss=low", "0.1"):
        with pytest.raises(GdrunError):
            parse_target(wrong, [load(LOGISTIC)])


IRIS = {"dataset": "iris", "variant": {"batch_size": 16, "name": "mbgd"}}
DIABETES = {"dataset": "diabetes"}


@pytest.mark.parametrize(
    ("config", "models", "name"),
    [
        # What a network predicts is decided by the target: here a class.
        (IRIS, ["mlp"], "validation_loss"),
        # Both are the cross-entropy.
        (IRIS, ["mlp", "softmax"], "validation_loss"),
        (IRIS, ["mlp", "svm"], "validation_accuracy"),
        (IRIS, ["svm", "{name: svm, loss: squared_hinge}"], "validation_accuracy"),
        (DIABETES, ["mlp", "linear"], "validation_loss"),
        # Numbers have no accuracy.
        (DIABETES, ["linear", "{name: linear, loss: mae}"], "validation_loss"),
    ],
)
def test_the_metric_if_unsaid_means_the_same_for_all(config, models, name):
    assert metric_called(None, [load(config, [f"model={each}"]) for each in models]).name == name


def test_a_network_of_classes_has_an_accuracy_and_one_of_numbers_has_none():
    assert metric_called("accuracy", [load(IRIS, ["model=mlp"])]).name == "validation_accuracy"
    with pytest.raises(GdrunError, match=r"error: target: .* has no metric 'accuracy'"):
        parse_target("accuracy=0.9", [load(DIABETES, ["model=mlp"])])


def test_every_metric_of_the_registry_ranks_by_its_own_direction():
    experiments = {
        "classification": load(IRIS, ["model=softmax"]),
        "regression": load(DIABETES, ["model=linear"]),
    }
    smaller = {"log_loss", "rmse", "mae"}
    for name, metric in METRICS.items():
        for task, experiment in experiments.items():
            if task != metric.task:
                with pytest.raises(GdrunError, match=f"has no metric '{name}'"):
                    metric_called(name, [experiment])
                continue
            found = metric_called(name, [experiment])
            assert found.name == f"validation_{name}"
            assert found.sign == (1 if name in smaller else -1)


def test_why_an_experiment_lacks_a_metric():
    with pytest.raises(GdrunError, match="choose from"):
        metric_called("roc_auc", [load(IRIS, ["model=svm"])])
    with pytest.raises(GdrunError, match=r"dataset\.split\.validation=0\.2"):
        metric_called("f1", [load(IRIS, ["model=softmax", "dataset.split.validation=0"])])


def test_values_that_are_no_ranking_are_known():
    squared, absolute = (
        load(DIABETES, [f"model={{name: linear, loss: {loss}}}"]) for loss in ("mse", "mae")
    )
    assert unlike(LOSS, [squared, absolute]) == "loss"
    assert unlike(LOSS, [squared, load(DIABETES, ["model=linear", "lr=7"])]) is None
    hinge, softmax = (load(IRIS, [f"model={name}"]) for name in ("svm", "softmax"))
    assert unlike(LOSS, [hinge, softmax]) == "loss"
    assert unlike(Metric("validation_accuracy"), [hinge, softmax]) is None
    assert unlike(LOSS, [softmax, load({"dataset": "wine", "model": "softmax"})]) == "data"
