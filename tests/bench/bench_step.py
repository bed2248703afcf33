"""A step of gdrun's NumPy engine against a plain NumPy loop that does the same work.

Logistic regression with Adam, every step traced: loss, gradient norm, update norm, weight norm.

    python tests/bench/bench_step.py [--rows N] [--features D] [--batch B] [--repeats K]
"""

import argparse
import time

import numpy as np

import gdrun


def plain_loop(X, y, batch, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
    """One epoch by hand: the seconds of its steps, its trace, and the weights."""
    X = np.column_stack([X, np.ones(len(X))])
    sign = 2.0 * y - 1
    w, m, v = np.zeros((3, X.shape[1]))
    order = np.random.default_rng(0).permutation(len(X))
    trace = []
    begin = time.perf_counter()
    for t, start in enumerate(range(0, len(X), batch), start=1):
        chosen = order[start : start + batch]
        rows, signs = X[chosen], sign[chosen]
        margin = signs * (rows @ w)
        small = np.exp(-np.abs(margin))
        loss = (np.log1p(small) - np.minimum(margin, 0)).mean()
        slopes = -signs * np.where(margin > 0, small, 1) / (1 + small)
        g = slopes @ rows / len(rows)
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g * g
        update = lr * (m / (1 - beta1**t)) / (np.sqrt(v / (1 - beta2**t)) + eps)
        w = w - update
        trace.append((loss, np.sqrt(g @ g), np.sqrt(update @ update), np.sqrt(w @ w)))
    return time.perf_counter() - begin, trace, w


def gdrun_epoch(X, y, batch):
    """The same epoch as a run: the seconds of its steps, tracing included."""
    run = gdrun.train(
        {
            "engine": "numpy",
            "dataset": {"split": {"validation": 0, "test": 0}, "standardize": False},
            "model": "logistic",
            "variant": {"name": "mbgd", "batch_size": batch},
            "optimizer": {"name": "adam", "lr": 0.001},
            "stopping": {"epochs": 1},
            "log": {"points": "all"},
        },
        data=(X, y),
    )
    return run.summary["seconds"], run


def measure(rows, features, batch, repeats):
    """Microseconds a step: the plain loop's and gdrun's, the best of several, taken in turn."""
    rng = np.random.default_rng(1)
    X = rng.normal(size=(rows, features))
    y = (X @ rng.normal(size=features) + rng.normal(size=rows) > 0).astype(int)
    steps = -(-rows // batch)
    plain, ours = zip(
        *((plain_loop(X, y, batch)[0], gdrun_epoch(X, y, batch)[0]) for _ in range(repeats)),
        strict=True,
    )
    return 1e6 * min(plain) / steps, 1e6 * min(ours) / steps


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=64_000)
    parser.add_argument("--features", type=int, default=50)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--repeats", type=int, default=5)
    chosen = parser.parse_args(arguments)
    plain, ours = measure(**vars(chosen))
    print(f"logistic, Adam, B = {chosen.batch}, d = {chosen.features}, every step traced")
    print(f"  plain NumPy loop  {plain:6.1f} µs a step")
    print(f"  gdrun, numpy      {ours:6.1f} µs a step   {ours / plain:.2f} times as long")


if __name__ == "__main__":
    main()
