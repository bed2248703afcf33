"""JAX in its fastest form: an epoch is one compiled `scan` over shuffled batches, with optax."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

import numpy as np

from bench.linear import Linear
from bench.measure import seconds_of
from bench.work import JAX, Contender, Finish


def installed() -> bool:
    return all(find_spec(name) for name in ("jax", "optax"))


@contextmanager
def precision(dtype: Any) -> Iterator[None]:
    """A context in which JAX uses the dtype of the data; this is a setting of the process."""
    import jax

    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", np.dtype(dtype) == np.float64)
    try:
        yield
    finally:
        jax.config.update("jax_enable_x64", before)


def compiled_epoch(objective: Callable[..., Any], rule: Any) -> Callable[..., Any]:
    """(weights, state), X, y, order (steps, B) → (weights, state), after a step for each batch."""
    import jax
    import optax

    gradient = jax.grad(objective)

    @jax.jit
    def epoch(carry: Any, X: Any, y: Any, order: Any) -> Any:
        def step(carry: Any, batch: Any) -> Any:
            weights, state = carry
            update, state = rule.update(gradient(weights, X[batch], y[batch]), state)
            return (optax.apply_updates(weights, update), state), None

        return jax.lax.scan(step, carry, order)[0]

    return epoch


def orders(rows: int, batch: int, epochs: int) -> list[np.ndarray]:
    """Full batches of shuffled rows, for each epoch."""
    draw = np.random.default_rng(1)
    steps = rows // batch
    return [
        draw.permutation(rows)[: steps * batch].reshape(steps, batch).astype(np.int32)
        for _ in range(epochs)
    ]


def contenders(problem: Linear) -> dict[str, Contender]:
    """JAX as a contender, if it is installed."""
    if not installed():
        return {}
    import jax
    import jax.numpy as jnp
    import optax

    def objective(W: Any, X: Any, y: Any) -> Any:
        scores = X @ W
        if problem.loss == "mse":
            return jnp.mean((scores - y) ** 2)
        if problem.loss == "logistic":
            return jnp.mean(jnp.logaddexp(0.0, jnp.where(y > 0, -scores, scores)))
        return optax.softmax_cross_entropy_with_integer_labels(scores, y).mean()

    rate = problem.optimizer["lr"]
    rule = {
        "vanilla": lambda: optax.sgd(rate),
        "momentum": lambda: optax.sgd(rate, momentum=0.9),
        "adam": lambda: optax.adam(rate),
    }[problem.optimizer["name"]]()
    epoch = compiled_epoch(objective, rule)
    with precision(problem.X.dtype):
        X, y = jnp.asarray(problem.with_ones), jnp.asarray(problem.y)

    def run() -> Any:
        W = jnp.zeros(problem.shape, X.dtype)
        carry = (W, rule.init(W))
        for order in orders(len(X), problem.batch, problem.epochs):
            carry = epoch(carry, X, y, order)
        return jax.block_until_ready(carry[0])

    def train() -> Finish:
        with precision(problem.X.dtype):
            spent, W = seconds_of(run)
        return Finish(spent / problem.epochs, problem.mean_loss(np.asarray(W)))

    return {JAX: train}
