"""gdrun: run, watch and understand gradient descent experiments.

    >>> import gdrun
    >>> run = gdrun.train({"dataset": "breast-cancer", "model": "logistic"}, "optimizer.lr=0.1")
    >>> run.summary["test_accuracy"] > 0.9
    True

`import gdrun` is fast: a public name imports its module when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gdrun.api import TrainedModel as TrainedModel
    from gdrun.api import load_model as load_model
    from gdrun.api import read_run as read_run
    from gdrun.api import train as train
    from gdrun.errors import ConfigError as ConfigError
    from gdrun.errors import DataError as DataError
    from gdrun.errors import GdrunError as GdrunError
    from gdrun.errors import RecordError as RecordError
    from gdrun.methods.definitions import Decay as Decay
    from gdrun.methods.definitions import Positive as Positive
    from gdrun.methods.definitions import Rate as Rate
    from gdrun.methods.plugins import load_plugin as load_plugin
    from gdrun.methods.rules import rule as rule
    from gdrun.methods.schedules import schedule as schedule
    from gdrun.problems.losses import loss as loss
    from gdrun.problems.surfaces import surface as surface
    from gdrun.runs.run import Run as Run
    from gdrun.studies import Comparison as Comparison
    from gdrun.studies import Sweep as Sweep
    from gdrun.studies import compare as compare
    from gdrun.studies import read_study as read_study
    from gdrun.studies import sweep as sweep

_MODULES = {
    "train": "gdrun.api",
    "sweep": "gdrun.studies",
    "compare": "gdrun.studies",
    "read_study": "gdrun.studies",
    "Sweep": "gdrun.studies",
    "Comparison": "gdrun.studies",
    "load_plugin": "gdrun.methods.plugins",
    "rule": "gdrun.methods.rules",
    "schedule": "gdrun.methods.schedules",
    "loss": "gdrun.problems.losses",
    "surface": "gdrun.problems.surfaces",
    "Rate": "gdrun.methods.definitions",
    "Decay": "gdrun.methods.definitions",
    "Positive": "gdrun.methods.definitions",
    "Run": "gdrun.api",
    "read_run": "gdrun.api",
    "load_model": "gdrun.api",
    "TrainedModel": "gdrun.api",
    "ConfigError": "gdrun.errors",
    "DataError": "gdrun.errors",
    "GdrunError": "gdrun.errors",
    "RecordError": "gdrun.errors",
}

__all__ = [*_MODULES]
__version__: str


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version(__name__)
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
