"""Verdicts by a metric that is no loss, or with early stopping, worked out from the traces.

The oracle follows the rules as `gdrun list verdicts` prints them, for mini-batches and a single
group of rates of which none diverged.
"""

import csv

import numpy as np
import pytest

import gdrun
from gdrun.study.judgement.metrics import Metric
from gdrun.study.judgement.ranking import standings
from gdrun.study.judgement.verdicts import verdicts
from study.cases import plan_and_results, result

RATES = [0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0]


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """A rare class, so that the first epochs may have a better F1 than the lowest loss."""
    rng = np.random.default_rng(8)
    X = rng.normal(size=(700, 4))
    odds = X @ [1.0, -0.8, 0.5, 0.0] + rng.logistic(size=700)
    labels = np.where(odds > np.quantile(odds, 0.92), "yes", "no")
    path = tmp_path_factory.mktemp("data") / "rare.csv"
    with path.open("w", newline="") as out:
        rows = [[*x, label] for x, label in zip(X.tolist(), labels, strict=True)]
        csv.writer(out).writerows([["a", "b", "c", "d", "label"], *rows])
    return path


def swept(file, metric, early, seeds, patience=10):
    config = {
        "dataset": {"path": str(file), "target": "label"},
        "model": "logistic",
        "variant": {"name": "mbgd", "batch_size": 32},
        "optimizer": "momentum",
        "stopping": {"epochs": 50},
        "engine": "numpy",
    }
    stop = f"{{patience: {patience}, metric: {early}}}" if early else "null"
    override = f"early_stopping={stop}"
    return gdrun.sweep(config, {"lr": RATES}, override, metric=metric, seeds=seeds)


def progress(start, best, value):
    """The share p of an improvement; of logarithms for a drop by more than a factor of 30."""
    if start > 30 * best > 0:
        start, best, value = np.log([start, best, value])
    return (start - value) / (start - best)


def by_hand(sweep):
    """The words of the verdicts of all rates."""
    name, sign = sweep.metric.name, sweep.metric.sign
    runs = [standing.results for standing in sweep.standings]

    def medians(value):
        return np.array([np.median([value(run) for run in each]) for each in runs])

    returned = medians(lambda run: sign * run.number(name))
    highest = medians(lambda run: np.min(sign * run.evals[name]))
    losses = medians(lambda run: run.evals["train_loss"][-1])
    rises = medians(lambda run: np.maximum(np.diff(run.evals["train_loss"]), 0).sum())
    fell = np.array([standing.descends for standing in sweep.standings])
    first = max(sign * run.evals[name][0] for each in runs for run in each)
    begin = max(run.evals["train_loss"][0] for each in runs for run in each)
    best = returned[fell].min()
    p = np.array([progress(first, best, value) for value in returned])
    top = np.array([progress(first, best, value) for value in highest])
    trained = np.array([progress(begin, losses[fell].min(), value) for value in losses])
    q = p if name.endswith("loss") else trained
    lowest, highest_q = (int(np.argmax(np.where(fell, each, -np.inf))) for each in (-losses, q))
    words = []
    for place, standing in enumerate(sweep.standings):
        until = np.median([run.evals["step"][-1] for run in runs[place]])
        then = medians(
            lambda run, until=until: run.evals["train_loss"][run.evals["step"] <= until][-1]
        )
        drop = begin - min(then.min(), losses[place])
        if not fell[place] or (place > lowest and begin - losses[place] < 0.95 * drop):
            words.append("unstable")
        elif standing.rank == 1:
            words.append("best")
        elif p[place] >= 0.95:
            words.append("good")
        elif q[place] < 0.95 and rises[place] > 0.5 * drop:
            words.append("oscillating")
        elif place > highest_q and q[place] < 0.95 * q[highest_q]:
            words.append("too large")
        elif (
            top[place] >= p[place] + 0.05
            or trained[place] >= 0.95
            or np.isfinite(np.median(standing.to_target(sweep.target, "epoch")))
        ):
            words.append("worse")
        elif q[place] >= 0.5:
            words.append("slow")
        else:
            words.append("too small" if place < highest_q else "poor")
    return words


@pytest.mark.longer
@pytest.mark.parametrize("seeds", [1, 3])
@pytest.mark.parametrize("early", [None, "f1", "roc_auc", "log_loss"])
@pytest.mark.parametrize("metric", ["validation_loss", "train_loss", "f1", "roc_auc", "accuracy"])
def test_every_row_of_a_sweep(file, metric, early, seeds):
    sweep = swept(file, metric, early, seeds)
    assert [each.word for each in sweep.verdicts] == by_hand(sweep)


@pytest.mark.longer
def test_stability_depends_neither_on_the_metric_nor_on_early_stopping(file):
    """With a patience of all 50 epochs, the steps of a rate are the same in all these sweeps."""
    lines = {
        (metric, early): (limit.stable, limit.unstable)
        for metric in ("validation_loss", "f1", "roc_auc")
        for early in (None, "f1", "roc_auc")
        for limit in [swept(file, metric, early, 1, patience=50).limit]
    }
    assert len(lines) == 9 and len(set(lines.values())) == 1


def row(losses, accuracies, returned):
    """A run that returns the weights of the evaluation at this place."""
    made = result(losses)
    made.evals["validation_accuracy"] = np.array(accuracies, dtype=float)
    made.summary["validation_accuracy"] = float(accuracies[returned])
    made.summary["train_loss"] = float(losses[returned])
    made.summary["weights"] = "best"
    return made


def test_returned_weights_of_the_first_epochs_do_not_make_a_rate_unstable():
    rows = {
        # q = (10 − 9) / 10 at the last evaluation: too small, although no weights are better.
        0.01: [row([10, 9.8, 9.5, 9], [0.5, 0.6, 0.6, 0.6], 1)],
        0.1: [row([10, 5, 2, 0], [0.5, 0.6, 0.55, 0.55], 1)],
        1.0: [row([10, 5, 2, 0.1], [0.5, 0.6, 0.8, 0.9], 3)],
        # It stopped after two evaluations, when no rate had fallen further: not unstable.
        3.0: [row([10, 4], [0.5, 0.6], 1)],
    }
    plan, results = plan_and_results(rows)
    accuracy = Metric("validation_accuracy")
    found = verdicts(standings(plan, results, accuracy), accuracy)
    assert [each.word for each in found] == ["too small", "worse", "best", "too large"]
    assert all(each.stable for each in found)


def test_a_rate_is_unstable_by_its_training_loss_and_for_any_metric():
    losses = {0.1: [10, 5, 2, 0], 1.0: [10, 7, 9, 8]}
    for best in losses:
        rows = {
            rate: [row(each, [0.5, 0.6, 0.7, 0.9 if rate == best else 0.6], 3)]
            for rate, each in losses.items()
        }
        plan, results = plan_and_results(rows)
        accuracy = Metric("validation_accuracy")
        found = verdicts(standings(plan, results, accuracy), accuracy)
        # Its loss fell by 2 of 10, also if its accuracy is the best.
        assert found[1].word == "unstable"
        assert [each.stable for each in found] == [True, False]


def test_a_metric_that_was_better_before_the_end_is_worse():
    rows = {
        0.01: [row([10, 9, 8, 7.5], [0.5, 0.9, 0.9, 0.6], 3)],  # p = 1 at first, then 0.25
        0.1: [row([10, 5, 2, 1], [0.5, 0.7, 0.8, 0.9], 3)],
    }
    plan, results = plan_and_results(rows)
    accuracy = Metric("validation_accuracy")
    found = verdicts(standings(plan, results, accuracy), accuracy)
    assert [each.word for each in found] == ["worse", "best"]
