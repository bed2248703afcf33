"""Models of every kind, trained on the table of houses."""

from houses import table

import gdrun

MISSING = {"", "NA", "?"}
"""The cells of the table without a value."""

BATCH_NORM = {"name": "mlp", "hidden": [5, 4], "batch_norm": True, "residual": True}
MODELS = {
    "linear": ("price", "linear"),
    "without bias": ("price", {"name": "linear", "bias": False, "loss": "huber"}),
    "logistic": ("dear", "logistic"),
    "softmax": ("size", "softmax"),
    "svm": ("size", "svm"),
    "mlp": ("size", {"name": "mlp", "hidden": [6], "activation": "tanh"}),
    "mlp for numbers": ("price", {"name": "mlp", "hidden": [6], "activation": "tanh"}),
    "batch_norm": ("size", BATCH_NORM),
}
"""For each kind of model its target in the table, and its section of a config."""


def train(tmp_path, kind, *words, file=None, **sections):
    """A short run of one of MODELS on the whole table, with its directory."""
    target, model = MODELS[kind]
    config = {
        "dataset": {
            "path": str(file or table(tmp_path / "houses.csv", target)),
            "missing": "mean",
            "split": {"validation": 0, "test": 0},
        },
        "model": model,
        "optimizer": {"name": "adam", "lr": 0.05},
        "stopping": {"epochs": 6},
        **sections,
    }
    return gdrun.train(config, *words, out=tmp_path / "runs")
