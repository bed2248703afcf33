"""scikit-learn's SGDRegressor and SGDClassifier: its own compiled loop, plain SGD."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np

from bench.linear import Linear
from bench.measure import seconds_of
from bench.work import SCIKIT, Contender, Finish


def contenders(problem: Linear) -> dict[str, Contender]:
    """scikit-learn as a contender, if it is installed."""
    if find_spec("sklearn") is None:
        return {}
    from sklearn import config_context
    from sklearn.linear_model import SGDClassifier, SGDRegressor

    rate = problem.optimizer["lr"]
    given = {
        "penalty": None,
        "learning_rate": "constant",
        "max_iter": problem.epochs,
        "tol": None,
        "random_state": 0,
    }
    if problem.loss == "mse":
        model = SGDRegressor(eta0=2 * rate, **given)  # its squared error has a factor of a half
    else:
        model = SGDClassifier(loss="log_loss", eta0=rate, **given)

    def train() -> Finish:
        with config_context(assume_finite=True):
            spent, _ = seconds_of(lambda: model.fit(problem.X, problem.y))
        W = np.append(model.coef_.ravel(), model.intercept_)
        return Finish(spent / problem.epochs, problem.mean_loss(W))

    return {SCIKIT: train}
