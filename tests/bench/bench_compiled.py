"""The compiled engine against the NumPy engine and what users would pick instead.

    python tests/bench/bench_compiled.py [QUICK]

Each work is done by every contender in turn, at least five times over, so that a busy moment hits
all alike; a cell is the median. Peers run in their best form: compiled, warmed, nothing traced.
gdrun runs whole trainings, with its step trace, an evaluation an epoch and its stopping rules. The
data are shuffled anew in each epoch by all. That the same work was done is checked by the loss at
the end. Seconds are per epoch, or per iteration for full batches.
"""

from __future__ import annotations

import sys
import time
import warnings
from dataclasses import replace
from importlib.util import find_spec

import numpy as np

import gdrun

QUICK = "QUICK" in sys.argv
REPEATS = 5
EPOCHS = 2 if QUICK else 5


class Work:
    """One problem, and the contenders that solve it: name to a function that returns a loss."""

    def __init__(self, title, rows, columns, config, *, classes=0, dtype="float64", epochs=EPOCHS):
        draw = np.random.default_rng(0)
        self.title, self.epochs, self.dtype = title, epochs, dtype
        self.X = draw.standard_normal((rows, columns)).astype(dtype)
        scores = self.X @ draw.standard_normal((columns, max(classes, 1)))
        scores += draw.standard_normal(scores.shape)
        if classes > 1:
            self.y = scores.argmax(axis=1)
        else:
            self.y = (scores[:, 0] > 0).astype(int) if classes else scores[:, 0].astype(dtype)
        self.config = config | {
            "dtype": dtype,
            "dataset": {
                "name": "arrays",
                "split": {"validation": 0, "test": 0},
                "standardize": False,
            },
        }
        self.contenders = {
            "gdrun NumPy": lambda: self.gdrun("numpy"),
            "gdrun": lambda: self.gdrun("compiled"),
            "its loops alone": lambda: self.loops(),
        }

    def gdrun(self, engine):
        """Seconds per epoch of updates and evaluations, and the final loss."""
        config = self.config | {"engine": engine, "stopping": {"epochs": self.epochs}}
        run = gdrun.train(config, data=(self.X, self.y))
        timing = run.record["timing"]
        return timing["total"] / self.epochs, run.summary["train_loss"]

    def loops(self):
        """The compiled steps with nothing around them: no trace, no evaluation, no rules."""
        from gdrun.data import table_from_arrays
        from gdrun.engine.batches import Batches
        from gdrun.engine.cohort import Cohort, Lanes, experiment_data
        from gdrun.engine.plan import Place
        from gdrun.engine.state import State
        from gdrun.spec.experiment import resolve

        experiment = resolve(self.config | {"engine": "compiled"})
        cohort = Cohort.of(
            [experiment], experiment_data(experiment, table_from_arrays(self.X, self.y))
        )
        lanes, state = Lanes(cohort, np.arange(1)), State.start(cohort)
        stepper = cohort.engine.stepper(lanes, Batches(cohort), np.full(1, np.inf))
        steps = cohort.batching.steps_per_epoch
        rates = np.broadcast_to(lanes.rates, (steps, 1))
        W, slots = state.W, state.slots
        begin = time.perf_counter()
        for epoch in range(self.epochs):
            done = stepper.advance(W, slots, epoch * steps, Place(epoch, 0), rates)
            W, slots = done.W, done.slots
        return (time.perf_counter() - begin) / self.epochs, None

    def measure(self):
        """Median seconds of each contender, and its final loss."""
        seconds, losses = {name: [] for name in self.contenders}, {}
        for contender in self.contenders.values():
            contender()  # warm
        for _ in range(REPEATS):
            for name, contender in self.contenders.items():
                if name == "gdrun NumPy" and len(seconds[name]) >= 2:
                    continue
                if name == "PyTorch eager" and len(seconds[name]) >= 3:
                    continue
                spent, losses[name] = contender()
                seconds[name].append(spent)
        return {name: float(np.median(found)) for name, found in seconds.items()}, losses

    def report(self):
        seconds, losses = self.measure()
        print(f"\n{self.title}")
        for name, spent in seconds.items():
            loss = "" if losses[name] is None else f"loss {losses[name]:.5f}"
            ratio = spent / seconds["gdrun"]
            print(f"  {name:18s} {spent * 1e3:10.2f} ms  {ratio:7.2f} × gdrun  {loss}", flush=True)
        ends = [loss for loss in losses.values() if loss is not None]
        assert max(ends) - min(ends) < 0.05 * max(abs(end) for end in ends) + 1e-3, "other work"


def mean_loss(kind, W, X, y):
    """The final loss of a peer, by NumPy."""
    scores = X @ W
    if kind == "mse":
        return float(np.mean((scores - y) ** 2))
    if kind == "logistic":
        return float(np.mean(np.logaddexp(0, np.where(y > 0, -scores, scores))))
    shifted = scores - scores.max(axis=1, keepdims=True)
    return float(np.mean(np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(y)), y]))


def with_ones(X):
    return np.ascontiguousarray(np.concatenate([X, np.ones((len(X), 1), X.dtype)], axis=1))


def add_scikit_learn(work, kind, lr):
    if find_spec("sklearn") is None:
        return
    from sklearn.linear_model import SGDClassifier, SGDRegressor

    # Its squared error has a factor of a half.
    given = {"penalty": None, "learning_rate": "constant", "max_iter": work.epochs, "tol": None}
    if kind == "mse":
        model = SGDRegressor(eta0=2 * lr, **given)
    else:
        model = SGDClassifier(loss="log_loss", eta0=lr, **given)

    def train():
        begin = time.perf_counter()
        model.fit(work.X, work.y)
        spent = (time.perf_counter() - begin) / work.epochs
        W = np.append(model.coef_.ravel(), model.intercept_)
        return spent, mean_loss(kind, W, with_ones(work.X), work.y)

    work.contenders["scikit-learn"] = train


def add_jax(work, kind, size, make_update, state):
    """A scan over shuffled batches inside one compiled epoch, as JAX is at its best."""
    if find_spec("jax") is None:
        return
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", work.dtype == "float64")
    X, y = jnp.asarray(with_ones(work.X)), jnp.asarray(work.y)
    steps, update = len(work.X) // size, make_update(jnp)

    def loss(W, X, y):
        scores = X @ W
        if kind == "mse":
            return jnp.mean((scores - y) ** 2)
        if kind == "logistic":
            return jnp.mean(jnp.logaddexp(0.0, jnp.where(y > 0, -scores, scores)))
        log_p = jax.nn.log_softmax(scores)
        return -jnp.mean(jnp.take_along_axis(log_p, y[:, None], axis=1))

    gradient = jax.grad(loss)

    @jax.jit
    def epoch(carry, X, y, order):
        def step(carry, rows):
            W, slots, t = carry
            W, slots = update(W, gradient(W, X[rows], y[rows]), slots, t + 1)
            return (W, slots, t + 1), None

        return jax.lax.scan(step, carry, order)[0]

    shape = (X.shape[1],) if kind != "cross_entropy" else (X.shape[1], int(work.y.max()) + 1)

    def train():
        draw = np.random.default_rng(1)
        W = jnp.zeros(shape, X.dtype)
        carry = (W, state(W), jnp.zeros((), X.dtype))
        begin = time.perf_counter()
        for _ in range(work.epochs):
            order = draw.permutation(len(work.X))[: steps * size].reshape(steps, size)
            carry = epoch(carry, X, y, jnp.asarray(order))
        carry[0].block_until_ready()
        spent = (time.perf_counter() - begin) / work.epochs
        return spent, mean_loss(kind, np.asarray(carry[0]), with_ones(work.X), work.y)

    work.contenders["JAX scan"] = train


def add_torch(work, size, lr):
    """Eager PyTorch with its own Adam, on rows gathered by one index per batch."""
    if find_spec("torch") is None:
        return
    import torch

    X, y = torch.from_numpy(with_ones(work.X)), torch.from_numpy(work.y.astype(work.dtype))

    def train():
        W = torch.zeros(X.shape[1], dtype=X.dtype, requires_grad=True)
        optimizer = torch.optim.Adam([W], lr=lr)
        begin = time.perf_counter()
        for _ in range(work.epochs):
            for rows in torch.randperm(len(X)).split(size):
                optimizer.zero_grad()
                scores = X[rows] @ W
                torch.nn.functional.binary_cross_entropy_with_logits(scores, y[rows]).backward()
                optimizer.step()
        spent = (time.perf_counter() - begin) / work.epochs
        return spent, mean_loss("logistic", W.detach().numpy(), X.numpy(), work.y)

    work.contenders["PyTorch eager"] = train


def vanilla(lr):
    return lambda np_: lambda W, g, slots, t: (W - lr * g, slots)


def momentum(lr):
    def update(W, g, v, t):
        v = 0.9 * v + g
        return W - lr * v, v

    return lambda np_: update


def adam(lr):
    def make(np_):
        def update(W, g, slots, t):
            m, v = 0.9 * slots[0] + 0.1 * g, 0.999 * slots[1] + 0.001 * g * g
            step = m / (1 - 0.9**t) / (np_.sqrt(v / (1 - 0.999**t)) + 1e-8)
            return W - lr * step, (m, v)

        return update

    return make


def works():
    rows = 20_000 if QUICK else 100_000
    plain = {"name": "vanilla", "lr": 0.001}
    config = {"model": "linear", "variant": "sgd", "optimizer": plain}
    work = Work(f"SGD, B=1, least squares, N={rows:,}, d=50", rows, 50, config)
    add_scikit_learn(work, "mse", 0.001)
    add_jax(work, "mse", 1, vanilla(0.001), lambda W: ())
    yield work

    config = {"model": "logistic", "variant": "sgd", "optimizer": plain}
    work = Work(f"SGD, B=1, logistic, N={rows:,}, d=50", rows, 50, config, classes=1)
    add_scikit_learn(work, "logistic", 0.001)
    add_jax(work, "logistic", 1, vanilla(0.001), lambda W: ())
    yield work

    variant = {"name": "mbgd", "batch_size": 64}
    config = {"model": "logistic", "variant": variant, "optimizer": "adam"}
    work = Work(f"MBGD, B=64, logistic, Adam, N={rows:,}, d=50", rows, 50, config, classes=1)
    add_jax(work, "logistic", 64, adam(0.001), lambda W: (W, W))
    add_torch(work, 64, 0.001)
    yield work

    rows = 10_000 if QUICK else 60_000
    variant = {"name": "mbgd", "batch_size": 128}
    config = {
        "model": "softmax",
        "variant": variant,
        "optimizer": {"name": "momentum", "lr": 0.01},
    }
    title = f"softmax 784→10, B=128, float32, momentum, N={rows:,}"
    work = Work(title, rows, 784, config, classes=10, dtype="float32")
    add_jax(work, "cross_entropy", 128, momentum(0.01), lambda W: W)
    yield work


def interleaved(contenders):
    """Median seconds of each of these functions, run in turn."""
    found = {name: [] for name in contenders}
    for repeat in range(REPEATS + 1):
        for name, contender in contenders.items():
            begin = time.perf_counter()
            contender()
            if repeat:
                found[name].append(time.perf_counter() - begin)
    return {name: float(np.median(each)) for name, each in found.items()}


def full_batch():
    """BGD beside one read of X by both cores, and beside two passes of NumPy."""
    from gdrun.data import table_from_arrays
    from gdrun.engine.cohort import Cohort, experiment_data
    from gdrun.engine.compiled.threads import run_all, shares, thread_count
    from gdrun.engine.trainer import Trainer
    from gdrun.spec.experiment import resolve

    rows = 100_000 if QUICK else 1_000_000
    draw = np.random.default_rng(0)
    X = draw.standard_normal((rows, 100))
    y = X @ draw.standard_normal(100) + draw.standard_normal(rows)
    config = {
        "model": "linear",
        "variant": "bgd",
        "engine": "compiled",
        "optimizer": {"name": "vanilla", "lr": 0.05},
        "dataset": {"name": "arrays", "split": {"validation": 0, "test": 0}, "standardize": False},
    }
    table = table_from_arrays(X, y)

    def cohort_for(iterations):
        experiment = resolve(
            config | {"stopping": {"epochs": iterations}, "evaluate": {"every": float(iterations)}}
        )
        return Cohort.of([experiment], experiment_data(experiment, table))

    cohort = cohort_for(20)
    problem, design = cohort.engine.training, cohort.train.X
    flat = design.ravel()
    import numba

    @numba.njit(nogil=True, fastmath=True)
    def total(values):
        found = 0.0
        for k in range(len(values)):
            found += values[k]
        return found

    def read():
        parts = shares(len(flat), thread_count())
        return run_all([lambda a=a, b=b: total(flat[a:b]) for a, b in parts])

    w = np.zeros(design.shape[1])

    def two_passes():
        residual = design @ w - cohort.train.y
        return design.T @ residual

    found = interleaved(
        {
            "one read of X": read,
            "NumPy, two passes": two_passes,
            "gdrun, loss and gradient": lambda: problem.sums(w[None].copy()),
        }
    )
    print(f"\nBGD, N={rows:,}, d=100, one iteration")
    base = found["gdrun, loss and gradient"]
    for name, spent in found.items():
        print(f"  {name:26s} {spent * 1e3:10.2f} ms  {spent / base:7.2f} × gdrun")

    def train(iterations):
        cohort = cohort_for(iterations)

        def run():
            # A copy has an engine of its own, and so makes its triangle anew.
            (outcome,) = Trainer(replace(cohort)).run()
            ends[iterations] = outcome.evaluations["train_loss"][-1]

        return run

    ends = {}
    found = interleaved({"40 plain iterations": train(40), "10,000 through QR": train(10_000)})
    for name, spent in found.items():
        print(f"  {name:26s} {spent * 1e3:10.2f} ms")
    print(f"  losses {ends[40]:.6f} {ends[10_000]:.6f}")


def growth():
    """How the time of an epoch grows with N, d, B and lanes, one at a time."""
    from gdrun.data import table_from_arrays
    from gdrun.engine.cohort import Cohort, experiment_data
    from gdrun.engine.trainer import Trainer
    from gdrun.spec.experiment import resolve

    base = {"N": 20_000, "d": 50, "B": 64, "lanes": 1}
    print("\nlogistic, Adam: ms an epoch as one of N, d, B and lanes grows from", base)
    for key, values in {
        "N": (5_000, 20_000, 80_000),
        "d": (10, 50, 200),
        "B": (1, 16, 64, 1024),
        "lanes": (1, 4, 16, 64),
    }.items():
        cells = []
        for value in values:
            size = base | {key: value}
            draw = np.random.default_rng(0)
            X = draw.standard_normal((size["N"], size["d"]))
            table = table_from_arrays(X, (X[:, 0] > 0).astype(int))
            found = {}
            for engine in ("numpy", "compiled"):
                experiments = [
                    resolve(
                        {
                            "model": "logistic",
                            "engine": engine,
                            "variant": {"name": "mbgd", "batch_size": size["B"]},
                            "optimizer": {"name": "adam", "lr": lr},
                            "dataset": {
                                "name": "arrays",
                                "split": {"validation": 0, "test": 0},
                                "standardize": False,
                            },
                            "stopping": {"epochs": 2},
                        }
                    )
                    for lr in np.geomspace(1e-4, 1e-1, size["lanes"])
                ]
                cohort = Cohort.of(experiments, experiment_data(experiments[0], table))
                repeats = 1 if engine == "numpy" and size["B"] == 1 else 3
                times = [Trainer(cohort).run()[0].timing.updates / 2 for _ in range(repeats)]
                found[engine] = float(np.median(times)) * 1e3
            cells.append(f"{value}: {found['numpy']:.1f} / {found['compiled']:.1f}")
        print(f"  {key:6s}" + "   ".join(cells) + "   (NumPy / compiled)", flush=True)


def machine():
    """What the memory and the matrix products of this machine give."""
    a = np.ones(2**25)
    A = np.ones((1024, 1024))
    found = interleaved({"copy": lambda: a.copy(), "product": lambda: A @ A})
    print(f"memory {2 * a.nbytes / found['copy'] / 1e9:.1f} GB/s copied (both ways)")
    print(f"float64 products {2 * 1024**3 / found['product'] / 1e9:.0f} GFlop/s")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    machine()
    for each in works():
        each.report()
    full_batch()
    growth()
