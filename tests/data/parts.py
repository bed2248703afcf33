"""A table of prices in files of parts: train.csv, later.csv and last.csv."""

import numpy as np
import pandas as pd
import pytest

from gdrun.config.loading import load
from gdrun.errors import DataError
from gdrun.runs.experiment_data import experiment_data

TOWNS = ["north", "south", "west"]
BASE = {"dataset": {"path": "train.csv", "target": "price"}, "model": "linear"}


def frame(rows, seed):
    """Prices that depend on the size and the town, with noise."""
    draw = np.random.default_rng(seed)
    town = np.array(TOWNS)[np.arange(rows) % 3]
    size = draw.normal(80, 20, rows).round(2)
    price = (3 * size + 40 * (town == "north") + draw.normal(0, 1, rows)).round(3)
    return pd.DataFrame({"town": town, "size": size, "price": price})


def data_of(*overrides, base=BASE):
    """The prepared parts of an experiment with these overrides."""
    return experiment_data(load(base, list(overrides)))


def failure(*overrides, base=BASE):
    """The error message of data that cannot be prepared."""
    with pytest.raises(DataError) as caught:
        data_of(*overrides, base=base)
    return str(caught.value)
