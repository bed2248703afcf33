"""What the tests of trained models share: a model saved by hand, and the settings of others."""

import json

import numpy as np

WORDS = ("lr=0.05", "epochs=4", "batch_size=16", "-q", "dataset.missing=mean")

# A model by hand: prediction = 100 + 2 · area + 10 · [city = Ulm], without standardisation.
LINE = {"w": [0.0, 10.0, 2.0], "b": 100.0, "fill.mean": [0.25, 0.75, 50.0]}
COLUMNS = [{"name": "city", "labels": ["Bonn", "Ulm"]}, {"name": "area", "labels": []}]


def save(path, arrays, **changes):
    record = {
        "schema_version": 1,
        "dtype": "float64",
        "target": "price",
        "classes": [],
        "numbered": False,
        "columns": COLUMNS,
        "options": {"name": "linear", "loss": "mse", "bias": True},
    } | changes
    arrays = {name: np.array(value, dtype=float) for name, value in arrays.items()}
    np.savez(path, **arrays, model=json.dumps(record))


def error_of(answer):
    assert (answer.code, answer.out) == (2, "")
    return answer.err
