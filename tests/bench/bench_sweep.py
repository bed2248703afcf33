"""A sweep as lanes, against one run, against runs one after another, and against JAX.

    python tests/bench/bench_sweep.py [QUICK]

The first work is logistic regression with Adam: N = 100,000, d = 50, B = 64, one epoch, 64 learning
rates. gdrun's times are whole calls from Python (`gdrun.train`, `gdrun.sweep`: data prepared, every
step watched, evaluated at both ends, ranked) and, beside them, the training alone. JAX runs the
same updates as `vmap` of `scan`, compiled beforehand, its data on the device, nothing watched.
Contenders take turns, so that a busy moment hits all alike; a cell is the median.

The second is 1,000 runs of softmax regression on the digits: 200 rates × 5 seeds, 20 epochs.
"""

from __future__ import annotations

import statistics
import sys
import time
from importlib.util import find_spec

import numpy as np

import gdrun

QUICK = "QUICK" in sys.argv
ROWS, COLUMNS, BATCH, RATES = 10_000 if QUICK else 100_000, 50, 64, 64
TURNS = 3 if QUICK else 7

GRID = np.geomspace(1e-4, 1.0, RATES)
CONFIG = {
    "dataset": {"name": "arrays", "split": {"validation": 0, "test": 0}, "standardize": False},
    "model": "logistic",
    "variant": {"name": "mbgd", "batch_size": BATCH},
    "optimizer": "adam",
    "stopping": {"epochs": 1},
    "log": {"points": 100},
    "engine": "numpy",
}


def problem():
    draw = np.random.default_rng(0)
    X = draw.standard_normal((ROWS, COLUMNS))
    scores = X @ draw.standard_normal(COLUMNS) + draw.standard_normal(ROWS)
    return X, (scores > 0).astype(int)


def seconds_of(work):
    """Wall seconds of a call, and what it returned."""
    begin = time.perf_counter()
    found = work()
    return time.perf_counter() - begin, found


def one_run(data):
    """Seconds of the whole call, and of its training."""
    whole, run = seconds_of(lambda: gdrun.train(CONFIG, data=data))
    return whole, run.record["timing"]["total"]


def sweep(data):
    whole, found = seconds_of(lambda: gdrun.sweep(CONFIG, {"lr": GRID}, data=data))
    timings = [row.results[0].record["timing"]["total"] for row in found.standings]
    return whole, max(timings)


def jax_sweep(data):
    """The same sweep as a function of no arguments that returns its seconds; None without JAX."""
    if find_spec("jax") is None:
        return None
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    X, y = (jnp.asarray(array, dtype=jnp.float64) for array in data)
    steps = ROWS // BATCH

    def loss(w, batch):
        margin = (2 * y[batch] - 1) * (X[batch] @ w[:-1] + w[-1])
        return jnp.mean(jnp.logaddexp(0.0, -margin))

    def run(lr, order):
        def step(state, batch):
            w, m, v, t = state
            g = jax.grad(loss)(w, batch)
            m, v, t = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g, t + 1
            scale = jnp.sqrt(v / (1 - 0.999**t)) + 1e-8
            return (w - lr * (m / (1 - 0.9**t)) / scale, m, v, t), None

        zeros = jnp.zeros(COLUMNS + 1)
        (w, *_), _ = jax.lax.scan(step, (zeros, zeros, zeros, 0.0), order)
        return w

    order = jnp.asarray(np.random.default_rng(1).permutation(ROWS)[: steps * BATCH])
    batches, rates = order.reshape(steps, BATCH), jnp.asarray(GRID)
    compiled = jax.jit(jax.vmap(run, in_axes=(0, None)))

    def once():
        return seconds_of(lambda: compiled(rates, batches).block_until_ready())[0]

    print(f"JAX takes {1e3 * once():.0f} ms the first time, to compile")
    return once


def lanes():
    data = problem()
    jax_once = jax_sweep(data)
    times: dict[str, list[float]] = {}

    def note(name, seconds):
        times.setdefault(name, []).append(seconds)

    one_run(data), sweep(data)
    for _ in range(TURNS):
        for name, work in (("one run", one_run), (f"{RATES} rates as lanes", sweep)):
            whole, training = work(data)
            note(name, whole)
            note(f"{name}, training alone", training)
        if jax_once is not None:
            note(f"{RATES} rates in JAX, compiled", jax_once())
    medians = {name: statistics.median(values) for name, values in times.items()}
    print(f"logistic, N={ROWS:,}, d={COLUMNS}, B={BATCH}, Adam, one epoch")
    for name, median in medians.items():
        print(f"  {name:34} {1e3 * median:8.0f} ms")
    whole, training = (
        medians[f"{RATES} rates as lanes{part}"] / medians[f"one run{part}"]
        for part in ("", ", training alone")
    )
    print(f"  {RATES} rates take {whole:.2f} times one run; their training {training:.2f} times")
    if jax_once is not None:
        ratio = medians[f"{RATES} rates in JAX, compiled"] / medians[f"{RATES} rates as lanes"]
        print(f"  JAX takes {ratio:.2f} times as long")


def thousand():
    seeds, rates = 5, 20 if QUICK else 200
    whole, found = seconds_of(
        lambda: gdrun.sweep(None, {"lr": np.geomspace(1e-4, 10, rates)}, "epochs=20", seeds=seeds)
    )
    print(f"softmax on digits, 20 epochs, {found.work.run:,} runs: {whole:.1f} s")


if __name__ == "__main__":
    lanes()
    thousand()
