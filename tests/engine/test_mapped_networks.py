"""Full batches of networks on rows that stay on disk: the same steps, and the memory they need."""

import tracemalloc

import numpy as np
import pytest

from gdrun.config.resolving import resolve
from gdrun.engine.build import build
from gdrun.engine.trainer import Trainer
from gdrun.problems.activations import ACTIVATIONS
from gdrun.problems.dropout import Dropout
from gdrun.problems.inits import INITS, initial_row
from gdrun.problems.models import MODELS
from gdrun.problems.objective import Objective
from gdrun.problems.rows import MappedRows
from gdrun.runs.experiment_data import experiment_data

ROWS, FEATURES = 301, 5


@pytest.fixture
def files(tmp_path):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(ROWS, FEATURES))
    y = (X @ rng.normal(size=FEATURES) > 0).astype(np.int64)
    np.save(tmp_path / "X.npy", X)
    np.save(tmp_path / "y.npy", y)
    np.savez(tmp_path / "both.npz", X=X, y=y)
    mapped = {"path": str(tmp_path / "X.npy"), "targets": str(tmp_path / "y.npy")}
    return mapped, {"path": str(tmp_path / "both.npz")}


def outcomes(lanes):
    return Trainer(*build(lanes, experiment_data(lanes[0]))).run()


@pytest.mark.longer
@pytest.mark.parametrize("seeds", [(0,), (0, 1), (0, 0, 1)], ids=str)
@pytest.mark.parametrize(
    "model",
    [
        {"dropout": 0.4},
        {"dropout": 0.4, "residual": True},
        {"dropout": 0.4, "batch_norm": True},
        {"batch_norm": True},
    ],
    ids=str,
)
def test_a_full_batch_on_disk_takes_the_steps_of_one_in_memory(files, model, seeds, monkeypatch):
    on_disk, in_memory = files
    # 9 units in the widest layer: 64 rows a block, the fewest there are, of 301.
    monkeypatch.setattr("gdrun.problems.network.BLOCK_ENTRIES", 1)
    split, hidden = {"validation": 0, "test": 0}, [9, 7]

    def lanes(dataset):
        return [
            resolve(
                {
                    "dataset": dataset | {"split": split},
                    "model": {"name": "mlp", "hidden": hidden, "l2": 0.01 * k, **model},
                    "variant": "bgd",
                    "optimizer": {"name": "vanilla", "lr": 0.5},
                    "stopping": {"epochs": 4},
                    "log": {"points": "all"},
                    "seed": seed,
                }
            )
            for k, seed in enumerate(seeds)
        ]

    read, block = [], MappedRows.block

    def counted(self, part):
        rows = block(self, part)
        read.append(len(rows))
        return rows

    monkeypatch.setattr(MappedRows, "block", counted)
    mapped = outcomes(lanes(on_disk))
    assert max(read) == (ROWS if "batch_norm" in model else 64)
    for found, known in zip(mapped, outcomes(lanes(in_memory)), strict=True):
        assert found.lane == known.lane
        for name in ("batch_loss", "grad_norm", "update_norm"):
            np.testing.assert_allclose(found.steps[name], known.steps[name], rtol=1e-9)
        np.testing.assert_allclose(found.weights, known.weights, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(found.running_stats, known.running_stats, rtol=1e-9, atol=1e-12)


def numbers_held(rows, hidden, *, dropout=0.0, **options):
    """The most that a full-batch step has in memory at once, in float64 numbers."""
    network = MODELS["mlp"].function(FEATURES, 2, hidden=hidden, **options)
    W = initial_row(network.layout, INITS["he"], 0)[None]
    running_stats = initial_row(network.stats_layout, INITS["zeros"], 0)[None]
    X = MappedRows(np.ones((rows, FEATURES)), np.arange(rows), np.dtype(float))
    masks = Dropout(dropout, [0], 1) if dropout else None
    objective, y = Objective(network, 0.0, dropout), np.zeros(rows, dtype=np.int64)
    tracemalloc.start()
    try:
        objective.training_step(W, running_stats, X, y, masks)
        return tracemalloc.get_traced_memory()[1] / 8
    finally:
        tracemalloc.stop()


@pytest.mark.slow
@pytest.mark.parametrize("hidden", [(64,), (64, 64), (64, 32, 64)], ids=str)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_what_a_full_batch_holds_to_normalise_it_is_what_is_documented(activation, hidden):
    """d numbers for each row, and up to 8 for each of its hidden units."""
    rows, options = 4000, {"activation": activation, "batch_norm": True}
    for more in ({}, {"dropout": 0.5}, {"dropout": 0.5, "residual": True}):
        held = numbers_held(rows, hidden, **options, **more)
        # A tenth is left for what is small: the scores of two classes, and the weights.
        assert held / rows < 1.1 * (FEATURES + 8 * sum(hidden))


def test_with_dropout_alone_twice_the_rows_are_no_more_memory(monkeypatch):
    # Blocks of 2¹⁶ / 64 = 1024 rows.
    monkeypatch.setattr("gdrun.problems.network.BLOCK_ENTRIES", 2**16)
    held, doubled = (numbers_held(rows, (64,), dropout=0.5) for rows in (8192, 16384))
    assert doubled == pytest.approx(held, rel=0.01)
    assert held < 1.1 * 1024 * (FEATURES + 8 * 64)
