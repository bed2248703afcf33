"""Logistic regression with Adam on a CSV file: pandas reads it, JAX trains.

An epoch is one compiled scan over shuffled batches.

python csv_jax.py FILE EPOCHS
"""

import sys

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pandas as pd

path, epochs = sys.argv[1], int(sys.argv[2])
BATCH = 64

table = pd.read_csv(path)
target = table.pop("target").to_numpy()
features = table.to_numpy()
features = (features - features.mean(axis=0)) / features.std(axis=0)
X, y = jnp.asarray(features), jnp.asarray(target)

optimizer = optax.adam(0.001)


def loss_of(weights, X, y):
    scores = X @ weights["w"] + weights["b"]
    return optax.sigmoid_binary_cross_entropy(scores, y).mean()


@jax.jit
def train_epoch(weights, state, X, y, order):
    """The weights and the optimizer's state after a step for each row of order, and the loss."""

    def step(carry, batch):
        weights, state = carry
        gradient = jax.grad(loss_of)(weights, X[batch], y[batch])
        update, state = optimizer.update(gradient, state)
        return (optax.apply_updates(weights, update), state), None

    (weights, state), _ = jax.lax.scan(step, (weights, state), order)
    return weights, state, loss_of(weights, X, y)


weights = {"w": jnp.zeros(X.shape[1]), "b": jnp.zeros(())}
state = optimizer.init(weights)
rng = np.random.default_rng(0)
steps = len(X) // BATCH
for epoch in range(1, epochs + 1):
    order = rng.permutation(len(X))[: steps * BATCH].reshape(steps, BATCH)
    weights, state, loss = train_epoch(weights, state, X, y, order)
    print(f"epoch {epoch}: loss {loss:.6f}")
