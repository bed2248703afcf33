"""A network 784-128-10 with Adam on an NPZ file of images, in JAX.

An epoch is one compiled scan over shuffled batches.

python mnist_jax.py FILE EPOCHS
"""

import sys

import jax
import jax.numpy as jnp
import numpy as np
import optax

path, epochs = sys.argv[1], int(sys.argv[2])
BATCH, HIDDEN, CLASSES = 64, 128, 10

with np.load(path) as arrays:
    images, labels = arrays["X"].astype(np.float32), arrays["y"]
spread = images.std(axis=0)
images = (images - images.mean(axis=0)) / np.where(spread > 0, spread, 1)
X, y = jnp.asarray(images), jnp.asarray(labels)

optimizer = optax.adam(0.001)


def loss_of(weights, X, y):
    hidden = jax.nn.relu(X @ weights["w1"] + weights["b1"])
    scores = hidden @ weights["w2"] + weights["b2"]
    return optax.softmax_cross_entropy_with_integer_labels(scores, y).mean()


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


rng = np.random.default_rng(0)


def he_normal(inputs, outputs):
    draw = rng.standard_normal((inputs, outputs), dtype=np.float32)
    return jnp.asarray(draw * np.sqrt(2 / inputs, dtype=np.float32))


weights = {
    "w1": he_normal(X.shape[1], HIDDEN),
    "b1": jnp.zeros(HIDDEN),
    "w2": he_normal(HIDDEN, CLASSES),
    "b2": jnp.zeros(CLASSES),
}
state = optimizer.init(weights)
steps = len(X) // BATCH
for epoch in range(1, epochs + 1):
    order = rng.permutation(len(X))[: steps * BATCH].reshape(steps, BATCH)
    weights, state, loss = train_epoch(weights, state, X, y, order)
    print(f"epoch {epoch}: loss {loss:.6f}")
