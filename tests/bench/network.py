"""A network's epoch: 784-128-10 at B=128, float32, Adam, in a new order each time.

Every contender draws its own He-normal initial weights, so the final losses are only similar.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bench import jax_scan, torch_eager
from bench.linear import cross_entropy
from bench.measure import seconds_of
from bench.ours import Data, trainings
from bench.work import COMPILED, JAX, TORCH, Bar, Contender, Finish, Work

FEATURES, HIDDEN, CLASSES, BATCH = 784, 128, 10, 128
SHAPES = ((FEATURES, HIDDEN), (HIDDEN, CLASSES))
NOISE = 12.0
"""The spread of each class: classes overlap, so that the final loss is not zero."""


def mlp(quick: bool) -> Work:
    rows, epochs = (1_024, 1) if quick else (20_000, 2)
    draw = np.random.default_rng(0)
    centres = draw.standard_normal((CLASSES, FEATURES)) / NOISE
    y = draw.integers(0, CLASSES, rows)
    data = ((centres[y] + draw.standard_normal((rows, FEATURES))).astype(np.float32), y)
    config = {
        "dtype": "float32",
        "model": {"name": "mlp", "hidden": [HIDDEN], "loss": "cross_entropy"},
        "variant": {"name": "mbgd", "batch_size": BATCH},
        "optimizer": "adam",
    }
    return Work(
        f"MLP 784-128-10, B=128, float32, Adam, {rows:,} examples",
        trainings(config, data, epochs) | _in_jax(data, epochs) | _in_torch(data, epochs),
        (
            Bar(TORCH, COMPILED, at_least=2.5),
            Bar(JAX, COMPILED, at_least=1.3),
        ),
        tolerance=0.15,
    )


def _loss(weights: list[tuple[np.ndarray, np.ndarray]], data: Data) -> float:
    (w1, b1), (w2, b2) = weights
    return cross_entropy(np.maximum(data[0] @ w1 + b1, 0) @ w2 + b2, data[1])


def _in_jax(data: Data, epochs: int) -> dict[str, Contender]:
    if not jax_scan.installed():
        return {}
    import jax
    import jax.numpy as jnp
    import optax

    def objective(weights: Any, X: Any, y: Any) -> Any:
        (w1, b1), (w2, b2) = weights
        scores = jax.nn.relu(X @ w1 + b1) @ w2 + b2
        return optax.softmax_cross_entropy_with_integer_labels(scores, y).mean()

    rule = optax.adam(1e-3)
    epoch = jax_scan.compiled_epoch(objective, rule)
    with jax_scan.precision(np.float32):
        X, y = map(jnp.asarray, data)

    def start() -> Any:
        keys = jax.random.split(jax.random.key(0), len(SHAPES))
        weights = [
            (jax.random.normal(key, shape) * np.sqrt(2 / shape[0]), jnp.zeros(shape[1]))
            for key, shape in zip(keys, SHAPES, strict=True)
        ]
        return jax.block_until_ready((weights, rule.init(weights)))

    def run(carry: Any) -> Any:
        for order in jax_scan.orders(len(X), BATCH, epochs):
            carry = epoch(carry, X, y, order)
        return jax.block_until_ready(carry[0])

    def train() -> Finish:
        with jax_scan.precision(np.float32):
            carry = start()
            spent, weights = seconds_of(lambda: run(carry))
        return Finish(spent / epochs, _loss(jax.tree.map(np.asarray, weights), data))

    return {JAX: train}


def _in_torch(data: Data, epochs: int) -> dict[str, Contender]:
    if not torch_eager.installed():
        return {}
    import torch
    from torch import nn

    X, y = map(torch.from_numpy, data)

    def start() -> tuple[nn.Sequential, list[nn.Linear]]:
        layers = [nn.Linear(*shape) for shape in SHAPES]
        for layer in layers:
            nn.init.kaiming_normal_(layer.weight)
            nn.init.zeros_(layer.bias)
        return nn.Sequential(layers[0], nn.ReLU(), layers[1]), layers

    def run(network: nn.Sequential) -> None:
        optimizer = torch.optim.Adam(network.parameters(), fused=True)
        for _ in range(epochs):
            for batch in torch.randperm(len(X)).split(BATCH):
                optimizer.zero_grad()
                nn.functional.cross_entropy(network(X[batch]), y[batch]).backward()
                optimizer.step()

    def train() -> Finish:
        network, layers = start()
        spent, _ = seconds_of(lambda: run(network))
        weights = [
            (layer.weight.detach().numpy().T, layer.bias.detach().numpy()) for layer in layers
        ]
        return Finish(spent / epochs, _loss(weights, data))

    return {TORCH: train}
