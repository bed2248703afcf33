"""Whole commands of gdrun compared with the scripts that a user would write with a peer.

Both read the same file and do the same work: the same rows, standardised, in batches of the same
size, at the same learning rate, with the loss over all rows after each epoch. Peers use their
default number of threads, and their default precision unless a script sets it.
"""

from __future__ import annotations

import json
from collections import defaultdict
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np

from bench.linear import examples
from bench.ours import ENGINES
from bench.processes import Folder, gdrun_command, peer_script
from bench.work import COLD, COMPILED, JAX, SCIKIT, TORCH, WARM, Bar, Work

SCRIPT = "NumPy script"
ONE_THREAD = f"{TORCH}, 1 thread"
ALL_ROWS = "dataset.split={validation: 0, test: 0}"
ADAM = ("batch_size=64", "optimizer=adam", "lr=0.001", "schedule=constant")


def csv(quick: bool) -> Work:
    """scikit-learn has no Adam: its SGDClassifier takes plain SGD steps of one row each."""
    rows, columns, epochs = (4_096 if quick else 200_000), 30, (20 if quick else 10)
    folder = Folder()
    _write_csv(folder.path / "table.csv", rows, columns)
    peer = partial(peer_script, folder=folder, words=("table.csv", str(epochs)))
    in_torch = partial(peer, script="csv_torch.py", needs=("pandas", "torch"))
    return Work(
        f"CSV, N={rows:,}, d={columns}: logistic, B=64, Adam, {epochs} epochs",
        gdrun_command(
            folder,
            *("train", "dataset.path=table.csv", "target=target", ALL_ROWS),
            *("model=logistic", *ADAM, f"epochs={epochs}"),
            loss=loss_of_run,
        )
        | peer(SCIKIT, "csv_scikit.py", needs=("pandas", "sklearn"))
        | peer(JAX, "csv_jax.py", needs=("pandas", "jax", "optax"))
        | in_torch(TORCH)
        # Threads gain little in operations this small, and lose much on a busy machine.
        | in_torch(ONE_THREAD, OMP_NUM_THREADS="1"),
        (
            *_faster_than(SCIKIT, 1.5),
            *_faster_than(JAX, 1.5),
            *_faster_than(TORCH, 10.0),
            Bar(ONE_THREAD, WARM, at_least=10.0),
        ),
        per="command",
    )


def _write_csv(path: Path, rows: int, columns: int) -> None:
    """Numbers with six digits, and the column `target` of 0 and 1; the classes overlap."""
    draw = np.random.default_rng(0)
    X = draw.standard_normal((rows, columns))
    scores = X @ draw.standard_normal(columns) / np.sqrt(columns)
    y = scores + draw.standard_normal(rows) > 0
    names = [*(f"x{k}" for k in range(columns)), "target"]
    formats = ["%.6g"] * columns + ["%d"]
    table = np.column_stack([X, y])
    np.savetxt(path, table, formats, delimiter=",", header=",".join(names), comments="")


def mnist(quick: bool) -> Work:
    rows, epochs = (2_048, 2) if quick else (60_000, 5)
    folder = Folder()
    _write_images(folder.path / "mnist.npz", rows)
    peer = partial(peer_script, folder=folder, words=("mnist.npz", str(epochs)))
    return Work(
        f"NPZ, {rows:,} images: MLP 784-128-10, B=64, float32, Adam, {epochs} epochs",
        gdrun_command(
            folder,
            *("train", "dataset.path=mnist.npz", ALL_ROWS, "dtype=float32"),
            *("model={name: mlp, hidden: [128]}", *ADAM, f"epochs={epochs}"),
            loss=loss_of_run,
        )
        | peer(JAX, "mnist_jax.py", needs=("jax", "optax"))
        | peer(TORCH, "mnist_torch.py", needs=("torch",)),
        (*_faster_than(JAX, 1.2), *_faster_than(TORCH, 2.0)),
        per="command",
        # Every contender draws its own initial weights.
        tolerance=0.15,
    )


def _write_images(path: Path, rows: int) -> None:
    """Images of ten classes that overlap, as bytes, so that the final loss is not zero."""
    draw = np.random.default_rng(0)
    centres = draw.standard_normal((10, 784), dtype=np.float32) / 12
    y = draw.integers(0, 10, rows)
    X = centres[y] + draw.standard_normal((rows, 784), dtype=np.float32)
    images = np.clip(127.5 + 40 * X, 0, 255).astype(np.uint8)
    np.savez(path, X=images, y=y.astype(np.uint8))


def npy(quick: bool) -> Work:
    rows, columns, steps = (2_000, 20, 100) if quick else (500_000, 100, 2_000)
    folder = Folder()
    for name, array in zip(("X.npy", "y.npy"), examples("mse", rows, columns), strict=True):
        np.save(folder.path / name, array)
    return Work(
        f"NPY, N={rows:,}, d={columns}: least squares, {steps:,} steps of BGD",
        gdrun_command(
            folder,
            *("train", "dataset.path=X.npy", "targets=y.npy", ALL_ROWS, "model=linear"),
            *("variant=bgd", "optimizer=vanilla", "lr=0.1", "schedule=constant"),
            f"epochs={steps}",
            loss=loss_of_run,
        )
        | peer_script(SCRIPT, "npy_numpy.py", folder=folder, words=("X.npy", "y.npy", str(steps))),
        _faster_than(SCRIPT, 1.0),
        per="command",
        tolerance=1e-4,
    )


def sweep(quick: bool) -> Work:
    """gdrun also evaluates both losses after each epoch; the script only at the end.

    scikit-learn's partial_fit would allow that, and takes several times as long. The check is on
    the lowest training loss, since their validation parts are different rows.
    """
    rates, epochs = (3, 5) if quick else (21, 30)
    folder = Folder()
    return Work(
        f"breast cancer: {rates} rates × 3 seeds, logistic, SGD, {epochs} epochs",
        gdrun_command(
            folder,
            *("sweep", f"lr=log:1e-4:1:{rates}", "--seeds", "3", "dataset=breast-cancer"),
            *("dataset.split={validation: 0.2, test: 0}", "model=logistic", "variant=sgd"),
            *("optimizer=vanilla", "schedule=constant", f"epochs={epochs}"),
            loss=least_loss_of_sweep,
        )
        | peer_script(
            SCIKIT,
            "sweep_scikit.py",
            folder=folder,
            words=(str(rates), str(epochs)),
            needs=("sklearn",),
        ),
        _faster_than(SCIKIT, 1.5),
        per="command",
        # The training parts are different rows too.
        tolerance=0.2,
    )


def sweep_lr(quick: bool) -> Work:
    return _alone(quick, "sweep", "lr", bar=1.0)


def compare_variants(quick: bool) -> Work:
    return _alone(quick, "compare", "bgd", "sgd", "mbgd", bar=1.5)


def train_quickstart(quick: bool) -> Work:
    return _alone(quick, "train")


def _alone(quick: bool, *words: str, bar: float | None = None) -> Work:
    """A command of the quickstart; with an empty cache it must compile (engine=compiled)."""
    return Work(
        f"gdrun {' '.join(words)}",
        gdrun_command(
            Folder(),
            *(*words, *(["epochs=2"] if quick else [])),
            cold=("engine=compiled",) if COMPILED in ENGINES else (),
        ),
        () if bar is None else (Bar(WARM, at_most=bar),),
        per="command",
    )


def _faster_than(peer: str, times: float) -> tuple[Bar, Bar]:
    """Two bars: this many times as fast with a warm cache, and not slower with an empty one."""
    return Bar(peer, WARM, at_least=times), Bar(peer, COLD, at_least=1.0)


def loss_of_run(runs: Path) -> float:
    """The final training loss of the only run in a directory of runs."""
    (record,) = runs.glob("*/run.json")
    return float(json.loads(record.read_text(encoding="utf-8"))["summary"]["train_loss"])


def least_loss_of_sweep(runs: Path) -> float:
    """The lowest training loss of all settings (medians over the seeds) of the only sweep."""
    (trials,) = runs.glob("*/trials.jsonl")
    losses = defaultdict(list)
    for line in trials.read_text(encoding="utf-8").splitlines():
        trial = json.loads(line)
        losses[trial["name"]].append(trial["summary"]["train_loss"])
    return float(min(map(median, losses.values())))
