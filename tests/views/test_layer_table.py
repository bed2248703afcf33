"""The table of a network's layers: its rows and columns, and its rows for a deep network."""

import io

import numpy as np
from rich.console import Console

from gdrun.views.layers import MOST_LAYERS, layer_table


def text(evals, width=80):
    screen = Console(file=io.StringIO(), width=width, highlight=False)
    screen.print(layer_table(evals))
    return [line.rstrip() for line in screen.file.getvalue().splitlines()]


def test_the_whole_table():
    evals = {
        "epoch": np.array([0.0, 1.0, 2.5]),
        "train_loss": np.array([3.0, 2.0, 1.0]),
        "layer1.grad_norm": np.array([1e-9, 0.5, 0.25]),
        "layer1.update_ratio": np.array([0.0, 1.0, 0.001234]),
        "layer1.dead": np.array([0.0, 0.0, 0.125]),
        "layer1.saturated": np.array([1.0, 1.0, 0.5]),
        "layer2.grad_norm": np.array([2.0, 3.0, np.inf]),
        "layer2.update_ratio": np.array([0.0, 0.0, np.nan]),
    }
    assert text(evals) == [
        "layer   grad norm at epoch 0  at epoch 2.5  update/weight    dead  saturated",
        "layer1                 1e-09          0.25        0.00123  12.5 %     50.0 %",
        "layer2                     2           inf            nan       –          –",
        "",
        "update/weight  at epoch 2.5: norm of the last update over norm of the weights;",
        "               about 0.001 is usual",
        "dead           at epoch 2.5: share of units whose activation has slope 0 for",
        "               every example",
        "saturated      at epoch 2.5: share of other units whose mean slope is below a",
        "               tenth of the largest slope",
    ]
    # A narrow terminal has neither the columns nor their meanings.
    assert text(evals, 34) == [
        "layer   grad norm at epoch 0",
        "layer1                 1e-09",
        "layer2                     2",
        "no room for the columns at epoch",
        "2.5, update/weight, dead,",
        "saturated",
    ]
    assert text(evals, 36)[0] == "layer   grad norm at epoch 0    dead"
    assert text(evals, 57)[0].endswith("at epoch 2.5  update/weight")
    assert text(evals, 57)[5].startswith("update/weight  at epoch 2.5: norm of the last update")
    assert not [line for line in text(evals, 57) if line.startswith("dead")]


def test_one_evaluation_is_shown_once():
    evals = {"epoch": np.array([0.0])}
    evals |= {"layer1.grad_norm": np.array([2.0]), "layer1.update_ratio": np.array([0.0])}
    assert text(evals) == [
        "layer   grad norm at epoch 0  update/weight  dead  saturated",
        "layer1                     2              –     –          –",
        "",
        "update/weight  no evaluation followed an update",
        "dead           at epoch 0: share of units whose activation has slope 0 for every",
        "               example",
        "saturated      at epoch 0: share of other units whose mean slope is below a",
        "               tenth of the largest slope",
    ]


def test_an_update_of_size_0_is_shown_as_0():
    evals = {"epoch": np.array([0.0, 1.0]), "layer1.grad_norm": np.array([2.0, 0.0])}
    evals["layer1.update_ratio"] = np.array([0.0, 0.0])
    assert text(evals)[1].split()[:4] == ["layer1", "2", "0", "0"]


def test_a_deep_network_is_shown_from_end_to_end():
    evals = {"epoch": np.array([0.0])}
    for number in range(1, 101):
        evals[f"layer{number}.grad_norm"] = np.array([float(number)])
        evals[f"layer{number}.update_ratio"] = np.array([0.0])
    rows = text(evals)
    shown = [line.split()[0] for line in rows[1 : rows.index("")]]
    assert len(shown) == MOST_LAYERS
    assert (shown[0], shown[-1]) == ("layer1", "layer100")
    gaps = np.diff([int(name.removeprefix("layer")) for name in shown])
    assert set(gaps) == {4, 5}  # 99 steps in 23 parts
