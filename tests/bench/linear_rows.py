"""The rows for linear models, each with the other libraries that can train the model."""

from __future__ import annotations

from bench import jax_scan, scikit, torch_eager, vowpal
from bench.linear import Linear, Loss, examples
from bench.work import COMPILED, JAX, SCIKIT, TORCH, Bar, Work


def sgd_problem(loss: Loss, quick: bool) -> Linear:
    X, y = examples(loss, 2_000 if quick else 100_000, 50)
    return Linear(X, y, loss, 1, {"name": "vanilla", "lr": 0.001}, epochs=1 if quick else 3)


def mbgd_problem(quick: bool) -> Linear:
    X, y = examples("logistic", 2_000 if quick else 100_000, 50)
    adam = {"name": "adam", "lr": 0.001}
    return Linear(X, y, "logistic", 64, adam, epochs=2 if quick else 5)


def _sgd(loss: Loss, title: str, quick: bool) -> Work:
    problem = sgd_problem(loss, quick)
    return Work(
        f"SGD, B=1, {title}, N={len(problem.X):,}, d=50",
        problem.by_gdrun()
        | scikit.contenders(problem)
        | jax_scan.contenders(problem)
        | vowpal.contenders(problem),
        (Bar(SCIKIT, COMPILED, at_least=3), Bar(JAX, COMPILED, at_least=1.5)),
    )


def sgd_least_squares(quick: bool) -> Work:
    return _sgd("mse", "least squares", quick)


def sgd_logistic(quick: bool) -> Work:
    return _sgd("logistic", "logistic", quick)


def mbgd_logistic(quick: bool) -> Work:
    problem = mbgd_problem(quick)
    return Work(
        f"MBGD, B=64, logistic, Adam, N={len(problem.X):,}, d=50",
        problem.by_gdrun() | jax_scan.contenders(problem) | torch_eager.contenders(problem),
        (Bar(JAX, COMPILED, at_least=2.5), Bar(TORCH, COMPILED, at_least=30)),
    )


def softmax(quick: bool) -> Work:
    X, y = examples("cross_entropy", 1_024 if quick else 60_000, 784, dtype="float32")
    momentum = {"name": "momentum", "lr": 0.01}
    problem = Linear(X, y, "cross_entropy", 128, momentum, epochs=2 if quick else 3)
    return Work(
        f"softmax 784→10, B=128, float32, momentum, N={len(X):,}",
        problem.by_gdrun() | jax_scan.contenders(problem),
        (Bar(JAX, COMPILED, at_least=1.7),),
    )
