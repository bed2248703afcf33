"""Many runs as lanes: 64 learning rates, compared with one run and with JAX; 1,000 on digits."""

from __future__ import annotations

from typing import Any

import numpy as np

import gdrun
from bench import jax_scan
from bench.linear import Linear, examples
from bench.measure import seconds_of
from bench.ours import AS_GIVEN, ENGINES, sweep, trainings
from bench.work import COMPILED, JAX, NUMPY, Bar, Contender, Finish, Work

ONE = "one NumPy run"
RATES = np.geomspace(1e-4, 1.0, 64)


def lanes(quick: bool) -> Work:
    X, y = examples("logistic", 2_000 if quick else 100_000, 50)
    problem = Linear(X, y, "logistic", 64, {"name": "adam", "lr": 0.001}, epochs=1)
    config = AS_GIVEN | problem.config | {"stopping": {"epochs": 1}, "log": {"points": 100}}

    def swept(engine: str) -> Contender:
        return lambda: sweep(config | {"engine": engine}, RATES, (X, y))

    def one() -> Finish:
        # Its loss is that of one rate, and not the best of many.
        return run()._replace(loss=None)

    run = trainings(config, (X, y), 1)[NUMPY]
    return Work(
        f"{len(RATES)} learning rates, logistic, Adam, B=64, N={len(X):,}, d=50",
        {name: swept(engine) for name, engine in ENGINES.items()} | {ONE: one} | _in_jax(problem),
        (
            Bar(NUMPY, ONE, at_most=2.5),
            Bar(COMPILED, ONE, at_most=2.5),
            Bar(JAX, COMPILED, at_least=2.5),
        ),
    )


def _in_jax(problem: Linear) -> dict[str, Contender]:
    """The same sweep as a compiled `vmap` of `scan`; its loss is that of the best rate."""
    if not jax_scan.installed():
        return {}
    import jax
    import jax.numpy as jnp
    import optax

    with jax_scan.precision(problem.X.dtype):
        X, y = jnp.asarray(problem.with_ones), jnp.asarray(problem.y)
        rates = jnp.asarray(RATES)

    def objective(w: Any, X: Any, y: Any) -> Any:
        scores = X @ w
        return jnp.mean(jnp.logaddexp(0.0, jnp.where(y > 0, -scores, scores)))

    def run(rate: Any, X: Any, y: Any, order: Any) -> Any:
        rule, w = optax.adam(rate), jnp.zeros(problem.shape, X.dtype)
        epoch = jax_scan.compiled_epoch(objective, rule)
        return epoch((w, rule.init(w)), X, y, order)[0]

    compiled = jax.jit(jax.vmap(run, in_axes=(0, None, None, None)))

    def train() -> Finish:
        with jax_scan.precision(problem.X.dtype):
            (order,) = jax_scan.orders(len(X), problem.batch, 1)
            spent, W = seconds_of(lambda: jax.block_until_ready(compiled(rates, X, y, order)))
        return Finish(spent, min(map(problem.mean_loss, np.asarray(W))))

    return {JAX: train}


def thousand(quick: bool) -> Work:
    """Whole calls, with the data read and the rates ranked."""
    seeds, epochs = 5, 2 if quick else 20
    rates = np.geomspace(1e-4, 10, 4 if quick else 200)

    def swept(engine: str) -> Finish:
        words = (f"epochs={epochs}", f"engine={engine}")
        spent, found = seconds_of(lambda: gdrun.sweep(None, {"lr": rates}, *words, seeds=seeds))
        losses = [result.record["summary"]["train_loss"] for result in found.standings[0].results]
        return Finish(spent, float(np.median(losses)))

    return Work(
        f"softmax on digits, {len(rates)} rates × {seeds} seeds, {epochs} epochs",
        {name: (lambda engine=engine: swept(engine)) for name, engine in ENGINES.items()},
        (Bar(COMPILED, at_most=3.0),),
        per="sweep",
    )
