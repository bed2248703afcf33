"""Small problems for studies, and plans on them."""

import numpy as np

from gdrun.config.loading import load
from gdrun.study.design.axes import axes_of
from gdrun.study.design.sweep_plan import plan_sweep
from gdrun.study.design.trials import StudyPlan
from gdrun.study.judgement.metrics import Metric
from gdrun.study.judgement.ranking import standings
from gdrun.study.judgement.verdicts import verdicts
from gdrun.study.storage.results import Result

LOSS = Metric("validation_loss")

LOGISTIC = {
    "dataset": {"name": "logistic", "n": 240, "d": 3, "split": {"validation": 40, "test": 0}},
    "model": "logistic",
    "variant": {"name": "mbgd", "batch_size": 32},
    "optimizer": {"name": "momentum", "lr": 0.1},
    "stopping": {"epochs": 6},
    "engine": "numpy",
}

LEAST_SQUARES = {
    "dataset": {"name": "linear", "n": 200, "d": 3, "split": {"validation": 0, "test": 0}},
    "model": "linear",
    "variant": "bgd",
    "optimizer": {"name": "vanilla", "lr": 0.1},
    "stopping": {"epochs": 400},
    "engine": "numpy",
}


def planned(values: dict, *overrides: str, seeds: int = 1, config: dict = LOGISTIC) -> StudyPlan:
    """The plan of a grid over these values."""
    base = load(config, overrides)
    return plan_sweep(base, axes_of(values, base), seeds=seeds)


def result(losses, *, diverged=False, rule="epochs", epoch=3.0, identity="x", steps=None):
    """A run with these losses at epochs 0, 1, …: training and validation alike."""
    losses = np.array(losses, dtype=float)
    at = np.arange(len(losses))
    stop = {"rule": rule, "epoch": epoch, "step": 10 * (len(losses) - 1), "message": ""}
    last = float(losses[-1])
    summary = {
        "initial_train_loss": float(losses[0]),
        "train_loss": last,
        "validation_loss": last,
        "validation_accuracy": 1 - last,
    }
    record = {"status": "diverged" if diverged else "exhausted", "stop": stop, "summary": summary}
    evals = {"epoch": at * 1.0, "step": 10 * at, "gradients": 100 * at, "train_loss": losses}
    evals |= {"validation_loss": losses, "validation_accuracy": 1 - losses}
    return Result(identity, record, steps or {}, evals)


def plan_and_results(rows):
    """A real plan over the rates of `rows`, and the results by identity."""
    values = list(rows)
    seeds = len(rows[values[0]])
    plan = planned({"lr": values}, seeds=seeds)
    each = (one for row in rows.values() for one in row)
    return plan, dict(zip((t.identity for t in plan.trials), each, strict=True))


def standing_texts(rows, metric=LOSS):
    """The standings of `plan_and_results(rows)`, and the texts of their verdicts."""
    plan, results = plan_and_results(rows)
    found = standings(plan, results, metric)
    return found, [verdict.text for verdict in verdicts(found, metric)]
