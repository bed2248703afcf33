"""A network's epoch against what users would pick instead.

    python tests/bench/bench_mlp.py [QUICK]

20,000 examples through 784-128-10 at a batch of 128, float32, Adam, in a new order each epoch: the
updates of one epoch, gdrun's with its step trace on. Contenders take turns, so that a busy moment
hits all alike; a cell is the median over epochs. That the same work was done is checked by the loss
over the last batches of all epochs, which the same data and rule bring to the same place.
"""

from __future__ import annotations

import sys
import time
from importlib.util import find_spec

import numpy as np

import gdrun

QUICK = "QUICK" in sys.argv
ROWS, FEATURES, HIDDEN, CLASSES, BATCH = (2_000 if QUICK else 20_000), 784, 128, 10, 128
TURNS, EPOCHS = (2, 1) if QUICK else (5, 2)

draw = np.random.default_rng(0)
centres = draw.normal(size=(CLASSES, FEATURES))
y = draw.integers(0, CLASSES, ROWS)
X = (centres[y] + 4 * draw.normal(size=(ROWS, FEATURES))).astype(np.float32)

CONFIG = {
    "dataset": {"name": "arrays", "split": {"validation": 0, "test": 0}, "standardize": False},
    "dtype": "float32",
    "engine": "compiled",
    "model": {"name": "mlp", "hidden": [HIDDEN], "loss": "cross_entropy"},
    "variant": {"name": "mbgd", "batch_size": BATCH},
    "optimizer": "adam",
    "stopping": {"epochs": EPOCHS},
    "log": {"points": "all"},
}


def with_gdrun() -> tuple[float, float]:
    """Seconds of updates per epoch, and the mean loss of the last epoch's second half."""
    run = gdrun.train(CONFIG, data=(X, y))
    steps = len(run.steps["batch_loss"]) // EPOCHS
    return run.record["timing"]["updates"] / EPOCHS, float(
        run.steps["batch_loss"][-(steps // 2) :].mean()
    )


def with_torch() -> tuple[float, float]:
    import torch
    from torch import nn

    data, targets = torch.tensor(X), torch.tensor(y)
    network = nn.Sequential(nn.Linear(FEATURES, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, CLASSES))
    for layer in (network[0], network[2]):  # the start that the others have
        nn.init.kaiming_normal_(layer.weight)
        nn.init.zeros_(layer.bias)
    optimizer = torch.optim.Adam(network.parameters())
    losses = []
    begin = time.perf_counter()
    for _ in range(EPOCHS):
        order = torch.randperm(ROWS)
        losses = []
        for start in range(0, ROWS, BATCH):
            chosen = order[start : start + BATCH]
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(network(data[chosen]), targets[chosen])
            loss.backward()
            optimizer.step()
            losses.append(loss.detach())
    spent = (time.perf_counter() - begin) / EPOCHS
    return spent, float(torch.stack(losses[-(len(losses) // 2) :]).mean())


def with_jax() -> tuple[float, float]:
    """The whole epoch as one compiled scan; compilation is not counted."""
    import jax
    import jax.numpy as jnp
    import optax

    rule = optax.adam(1e-3)
    data, targets = jnp.asarray(X), jnp.asarray(y)
    keys = jax.random.split(jax.random.key(0), 2)
    shapes = ((FEATURES, HIDDEN), (HIDDEN, CLASSES))
    weights = [
        (jax.random.normal(key, shape) * np.sqrt(2 / shape[0]), jnp.zeros(shape[1]))
        for key, shape in zip(keys, shapes, strict=True)
    ]

    def objective(weights, rows, goals):
        (w1, b1), (w2, b2) = weights
        scores = jax.nn.relu(rows @ w1 + b1) @ w2 + b2
        return optax.softmax_cross_entropy_with_integer_labels(scores, goals).mean()

    @jax.jit
    def epoch(weights, state, order):
        def step(carry, chosen):
            weights, state = carry
            loss, slope = jax.value_and_grad(objective)(weights, data[chosen], targets[chosen])
            update, state = rule.update(slope, state)
            return (optax.apply_updates(weights, update), state), loss

        return jax.lax.scan(step, (weights, state), order)

    state = rule.init(weights)
    orders = [
        draw.permutation(ROWS)[: ROWS // BATCH * BATCH].reshape(-1, BATCH) for _ in range(EPOCHS)
    ]
    jax.block_until_ready(epoch(weights, state, orders[0]))
    begin = time.perf_counter()
    for order in orders:
        (weights, state), losses = epoch(weights, state, order)
    jax.block_until_ready(losses)
    return (time.perf_counter() - begin) / EPOCHS, float(losses[len(losses) // 2 :].mean())


CONTENDERS = {"gdrun": with_gdrun}
if find_spec("torch"):
    CONTENDERS["PyTorch eager"] = with_torch
if find_spec("jax") and find_spec("optax"):
    CONTENDERS["JAX, jit of a scan"] = with_jax


def main() -> None:
    """Print the median epoch of each contender."""
    seconds: dict[str, list[float]] = {name: [] for name in CONTENDERS}
    losses: dict[str, float] = {}
    for contender in CONTENDERS.values():
        contender()  # warm
    for _ in range(TURNS):
        for name, contender in CONTENDERS.items():
            spent, losses[name] = contender()
            seconds[name].append(spent)
    known = {name: float(np.median(found)) for name, found in seconds.items()}
    print(f"MLP {FEATURES}-{HIDDEN}-{CLASSES}, batch {BATCH}, float32, Adam, {ROWS:,} examples")
    for name, spent in known.items():
        ratio = spent / known["gdrun"]
        print(f"  {name:20s} {spent * 1e3:8.1f} ms  {ratio:5.2f} × gdrun  loss {losses[name]:.4f}")
    # Starts are drawn anew by each, so the losses are alike and no more than that.
    assert max(losses.values()) < 2 * min(losses.values()) + 0.05, "other work"


if __name__ == "__main__":
    main()
