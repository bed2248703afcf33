"""The metrics of a run: at its end, by part, with the baseline; and as the rule that stops it."""

import numpy as np
import pytest

import gdrun
from gdrun.config.loading import load
from gdrun.config.resolving import resolve
from gdrun.data.arrays import table_from_arrays
from gdrun.engine import measuring
from gdrun.engine.build import build
from gdrun.engine.cohort import Lanes
from gdrun.engine.trainer import Trainer
from gdrun.errors import ConfigError
from gdrun.problems.metrics import METRICS, Predictions
from gdrun.runs.experiment_data import experiment_data
from gdrun.runs.session import Session

ENGINES = ("numpy", "compiled")
CHURN_ROWS = 300


def churn(seed=5):
    """Rows of two unequal classes that features tell only in part: 85 % are of class 0."""
    rng = np.random.default_rng(seed)
    y = (rng.random(CHURN_ROWS) < 0.15).astype(int)
    X = rng.normal(size=(CHURN_ROWS, 25))
    X[:, 0] += 1.5 * y
    return X, y


def config(**more):
    return {
        "dataset": {"split": {"validation": 80, "test": 60}},
        "model": "logistic",
        "variant": {"name": "mbgd", "batch_size": 10},
        "optimizer": {"name": "vanilla", "lr": 0.3},
        "stopping": {"epochs": 30},
    } | more


def predicted(run, part):
    """Predictions of a linear model, from its weights by name with NumPy alone."""
    X = np.asarray(part.X, dtype=float)
    scores = X @ run.weights["w"].astype(float) + run.weights["b"].astype(float)
    if scores.ndim == 1:
        positive = 1 / (1 + np.exp(-scores))
        return (scores > 0).astype(int), np.stack([1 - positive, positive], axis=1)
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return scores.argmax(axis=1), powers / powers.sum(axis=1, keepdims=True)


ALL = [name for name, metric in METRICS.items() if metric.task == "classification"]


@pytest.mark.longer
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("dataset", "model", "metrics"),
    [
        ("breast-cancer", "logistic", ALL),
        ("iris", "softmax", ALL),
        ("wine", "svm", ["accuracy", "balanced_accuracy", "precision", "recall", "f1"]),
    ],
)
def test_the_metrics_of_every_part(engine, dataset, model, metrics):
    words = (f"dataset={dataset}", f"model={model}", "epochs=3", f"engine={engine}")
    run = gdrun.train(None, *words, f"evaluate.metrics=[{','.join(metrics)}]")
    data = experiment_data(resolve(run.config))
    summary = run.summary
    assert [*summary["metrics"]] == ["train", "validation", "test"]
    for name, values in summary["metrics"].items():
        part = getattr(data, name)
        found = Predictions(part.y, *predicted(run, part), len(data.classes))
        assert [*values] == metrics
        for metric in metrics:
            assert values[metric] == pytest.approx(METRICS[metric].value(found), rel=1e-9)
        assert values["accuracy"] == pytest.approx(summary[f"{name}_accuracy"], rel=1e-12)
        if "log_loss" in values and name != "train":
            assert values["log_loss"] == pytest.approx(summary[f"{name}_loss"], rel=1e-9)
    confusion = np.zeros((len(data.classes),) * 2, dtype=int)
    np.add.at(confusion, (data.test.y, predicted(run, data.test)[0]), 1)
    assert summary["confusion"] == {"part": "test", "matrix": confusion.tolist()}
    for name, recalls in summary["recalls"].items():
        y, found = getattr(data, name).y, predicted(run, getattr(data, name))[0]
        classes = range(len(data.classes))
        assert recalls["rows"] == [int(np.sum(y == k)) for k in classes]
        assert recalls["found"] == [int(np.sum((y == k) & (found == k))) for k in classes]


def test_threads_compute_the_metrics_of_many_rows_alike(monkeypatch):
    words = ("dataset=iris", "model=softmax", "epochs=2", f"evaluate.metrics=[{','.join(ALL)}]")
    alone = gdrun.train(None, *words).summary
    monkeypatch.setattr(measuring, "ROWS_FOR_THREADS", 0)
    together = gdrun.train(None, *words).summary
    assert together["metrics"] == alone["metrics"]
    assert together["baseline"] == alone["baseline"]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_regression_is_measured_in_the_unit_of_its_target(dtype):
    run = gdrun.train(None, "dataset=diabetes", "model=linear", "epochs=5", f"dtype={dtype}")
    data = experiment_data(resolve(run.config))
    for name, values in run.summary["metrics"].items():
        part = getattr(data, name)
        y = part.y.astype(float)
        X = np.asarray(part.X, dtype=float)
        errors = X @ run.weights["w"].astype(float) + run.weights["b"].astype(float) - y
        tolerance = 1e-12 if dtype == "float64" else 1e-4
        assert values == pytest.approx(
            {
                "rmse": np.sqrt(np.mean(errors**2)),
                "mae": np.mean(np.abs(errors)),
                "r2": 1 - np.sum(errors**2) / np.sum((y - y.mean()) ** 2),
            },
            rel=tolerance,
        )
        # The loss is the mean squared error.
        assert values["rmse"] ** 2 == pytest.approx(run.summary[f"{name}_loss"], rel=1e-4)
    baseline, mean = run.summary["baseline"], data.train.y.mean(dtype=float)
    assert baseline["prediction"] == pytest.approx(mean, rel=1e-12)
    squares = np.mean((data.test.y.astype(float) - mean) ** 2)
    assert baseline["metrics"]["test"]["rmse"] ** 2 == pytest.approx(squares, rel=1e-6)
    assert baseline["loss"]["test"] == pytest.approx(squares, rel=1e-6)
    assert not {"confusion", "recalls"} & run.summary.keys()


def test_the_baseline_of_unequal_classes():
    X, y = churn()
    run = gdrun.train(config(evaluate={"metrics": ALL}), data=(X, y))
    data = experiment_data(resolve(run.config), table_from_arrays(X, y))
    share = data.train.y.mean()
    rare = data.test.y.mean()
    baseline = run.summary["baseline"]
    assert baseline["prediction"] == "0"
    assert baseline["metrics"]["test"] == pytest.approx(
        {
            "accuracy": 1 - rare,
            "balanced_accuracy": 0.5,
            "precision": 0,
            "recall": 0,
            "f1": 0,
            "log_loss": -rare * np.log(share) - (1 - rare) * np.log(1 - share),
            "roc_auc": 0.5,
        },
        rel=1e-12,
    )
    # Of the logistic loss, the constant score is the log-odds of the classes.
    assert baseline["loss"]["test"] == pytest.approx(
        baseline["metrics"]["test"]["log_loss"], rel=1e-12
    )


def test_a_network_is_measured_with_its_running_statistics():
    model = {"name": "mlp", "hidden": [5], "batch_norm": True}
    given = {"dataset": "iris", "model": model, "stopping": {"epochs": 5}}
    run = gdrun.train(given | {"evaluate": {"metrics": ["accuracy", "log_loss"]}})
    for part in ("validation", "test"):
        values = run.summary["metrics"][part]
        assert values["accuracy"] == pytest.approx(run.summary[f"{part}_accuracy"], rel=1e-12)
        assert values["log_loss"] == pytest.approx(run.summary[f"{part}_loss"], rel=1e-9)


def test_no_metrics_if_none_are_chosen_or_the_run_diverged_or_walks_on_a_surface():
    assert "metrics" not in gdrun.train(None, "epochs=1", "evaluate.metrics=[]").summary
    assert "metrics" not in gdrun.train({"surface": "bowl", "stopping": {"steps": 3}}).summary
    lost = gdrun.train(None, "dataset=diabetes", "model=linear", "variant=bgd", "lr=5")
    assert lost.status == "diverged"
    assert "metrics" not in lost.summary


# Early stopping on a metric, against a loop over the values of the run that is left alone.


def stopping(engine="numpy", seed=0, **rules):
    X, y = churn()
    return gdrun.train(
        config(stopping={"epochs": 30} | rules, engine=engine, seed=seed), data=(X, y)
    )


def recorded(metric, **more):
    """The values of a metric at each evaluation of a run that no rule stops."""
    watch = {"early_stopping": {"metric": metric, "patience": 1000}}
    return stopping(watch=watch, **more).evals[f"validation_{metric}"]


def waiting(scores, patience, min_delta=0.0):
    """The evaluation at which patience runs out, and the first one with the lowest score."""
    best, stale = np.inf, 0
    for k, score in enumerate(scores):
        best, stale = (score, 0) if score < best - min_delta else (best, stale + 1)
        if stale >= patience:
            return k, int(np.argmin(scores[: k + 1]))
    return None, int(np.argmin(scores))


@pytest.mark.longer
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("metric", ALL)
def test_a_metric_stops_the_run_in_its_own_direction(engine, metric):
    values = recorded(metric, engine=engine)
    sign = -1 if METRICS[metric].larger else 1
    end, best = waiting(sign * values, 4)
    assert end is not None
    run = stopping(engine, early_stopping={"metric": metric, "patience": 4})
    assert (run.status, run.stop["epoch"]) == ("stopped", end)
    name = "validation_accuracy" if metric == "accuracy" else f"validation_{metric}"
    assert run.evals[name].tolist() == values[: end + 1].tolist()
    record = run.summary["best"]
    assert record["epoch"] == best
    assert (record["metric"], record["value"]) == (metric, values[best])
    assert run.summary["weights"] == "best"
    assert run.summary["metrics"]["validation"].get(metric, values[best]) == values[best]
    words = METRICS[metric].words
    assert run.stop["message"].startswith(
        f"the validation {words} has not improved for 4 evaluations "
        f"(best {values[best]:.4g} at epoch {best}) at epoch {end} "
    )


def test_min_delta_is_in_the_unit_of_the_metric():
    values = recorded("f1")
    end, _ = waiting(-values, 3, 0.05)
    run = stopping(early_stopping={"metric": "f1", "patience": 3, "min_delta": 0.05})
    assert run.stop["epoch"] == end


def test_a_watched_metric_has_a_memory_of_its_own():
    end, _ = waiting(-recorded("f1"), 2)
    run = stopping(
        early_stopping={"patience": 1000},
        watch={"early_stopping": {"metric": "f1", "patience": 2}},
    )
    assert [stop["epoch"] for stop in run.record["watched"]] == [end]
    # The obeyed rule is by the loss, so the best evaluation is too.
    assert run.summary["best"]["epoch"] == np.argmin(run.evals["validation_loss"])


@pytest.mark.longer
@pytest.mark.parametrize("engine", ENGINES)
def test_lanes_stop_as_they_would_alone(engine):
    rules = {"early_stopping": {"metric": "roc_auc", "patience": 2}}
    words = config(dataset="breast-cancer", stopping={"epochs": 12} | rules, engine=engine)
    words["evaluate"] = {"every": 0.25}
    experiments = [load(words).with_seed(seed) for seed in range(4)]
    together = Session(experiments, out=None).run()
    alone = [Session([each], out=None).run()[0] for each in experiments]
    assert len({run.stop["step"] for run in together}) > 1
    for one, other in zip(together, alone, strict=True):
        assert one.stop == other.stop
        assert one.summary["metrics"]["test"] == pytest.approx(other.summary["metrics"]["test"])


def test_metrics_cost_nothing_where_no_rule_needs_them(monkeypatch):
    experiment = load(config(dataset="breast-cancer", stopping={"epochs": 3}))
    cohort, engine = build([experiment], experiment_data(experiment))
    for name in METRICS:
        monkeypatch.setattr(type(METRICS[name]), "value", lambda *_: pytest.fail("measured"))
    (outcome,) = Trainer(cohort, engine).run()
    known = {"step", "epoch", "gradients", "seconds", "train_loss", "train_accuracy"}
    assert set(outcome.evaluations) == known | {"validation_loss", "validation_accuracy"}


def test_scores_of_many_lanes_are_computed_in_groups(monkeypatch):
    values = recorded("roc_auc", seed=3)
    monkeypatch.setattr(measuring, "MOST_SCORES", 200)  # one lane of 80 rows and 2 classes
    experiments = [load(config(dataset="iris", model="mlp")).with_seed(k) for k in range(3)]
    data = experiment_data(experiments[0])
    cohort, engine = build(experiments, data)
    objective = engine.objective(Lanes.all_of(cohort).objective)
    W = cohort.initial_weights()
    found = list(measuring.predictions_of(cohort, "validation", objective, W, probabilities=True))
    assert len(found) == 3
    for lane, each in enumerate(found):
        one = objective.model.scores(W[lane : lane + 1], cohort.validation.X)[:, 0]
        assert np.array_equal(each.predictions, one.argmax(axis=1))
    assert recorded("roc_auc", seed=3).tolist() == values.tolist()


# Metrics that cannot be measured are refused by name.


@pytest.mark.parametrize(
    ("words", "where", "what"),
    [
        (["model=svm", "metrics=[log_loss]"], "evaluate.metrics.0", "log_loss needs probabilities"),
        (["model=svm", "early_stopping.metric=roc_auc"], "early_stopping.metric", "roc_auc needs"),
        (["model=mlp", "metrics=[f1,rmse]"], "evaluate.metrics.1", "rmse needs numbers, but mlp"),
        (["dataset=diabetes", "model=mlp", "metrics=[f1]"], "evaluate.metrics.0", "needs classes"),
        (["dataset=diabetes", "model=linear", "metrics=[f1]"], "metrics.0", "needs classes"),
        (
            ["dataset.split.validation=2", "early_stopping.metric=roc_auc"],
            "stopping.early_stopping.metric",
            "roc_auc is not defined on the 2 validation rows",
        ),
    ],
)
def test_a_metric_that_does_not_fit(words, where, what):
    with pytest.raises(ConfigError) as caught:
        gdrun.train(None, "dataset=iris", "model=softmax", *words)
    (problem,) = caught.value.problems
    assert where in problem.where
    assert what in problem.what
    assert problem.hint


@pytest.mark.parametrize(
    ("name", "hint"),
    [("acuracy", "did you mean accuracy?"), ("auc", "the name in gdrun is roc_auc")],
)
def test_an_unknown_metric_is_answered_with_a_near_one(name, hint):
    for key in ("metrics=[{}]", "early_stopping.metric={}"):
        with pytest.raises(ConfigError) as caught:
            gdrun.train(None, key.format(name))
        assert caught.value.problems[0].hint == hint
