"""Small problems for studies, and plans on them."""

from gdrun.config.loading import load
from gdrun.study.design.axes import axes_of
from gdrun.study.design.sweep_plan import plan_sweep
from gdrun.study.design.trials import StudyPlan

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
