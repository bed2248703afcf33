"""Two small full-batch problems, and the path a rule takes on them.

A point is one row: the weights of a tensor, then its bias, which is a tensor of its own.
"""

import numpy as np

from gdrun.methods.rules import OPTIMIZERS

STEPS = 200
FEATURES = 6


def least_squares(point):
    """The gradient of ‖Xw + b − y‖² / n, where XᵀX/n has condition number 10⁴."""
    return 2 * DESIGN.T @ (DESIGN @ point - TARGETS) / len(DESIGN)


def logistic(point):
    """The gradient of the mean of log(1 + e^(−s m)), for signs s and margins m = Xw + b."""
    margins = SIGNS * (DESIGN @ point)
    return -DESIGN.T @ (SIGNS / (1 + np.exp(margins))) / len(DESIGN)


PROBLEMS = {"least squares": least_squares, "logistic": logistic}


def start_point():
    return np.random.default_rng(3).normal(size=FEATURES + 1)


def split_norm(array):
    """The norm of the tensor each entry belongs to: the weights, or the bias."""
    weights = np.linalg.norm(array[..., :-1], axis=-1, keepdims=True)
    return np.concatenate([np.repeat(weights, FEATURES, -1), np.abs(array[..., -1:])], axis=-1)


def path(name, gradient, *, options=None, slots=None, steps=STEPS):
    """The points a rule visits from the start point: (steps + 1, P).

    options replace defaults; slots replace what a named slot holds before the first step.
    """
    rule = OPTIMIZERS[name]
    options = rule.defaults | (options or {})
    w = start_point()
    carried = dict(zip(rule.slots, rule.start(w, options), strict=True)) | (slots or {})
    state = tuple(carried.values())
    points = [w]
    for t in range(1, steps + 1):
        w, state = rule.advance(w, gradient(w), state, float(t), options, split_norm)
        points.append(w)
    return np.array(points)


def _design():
    random = np.random.default_rng(1)
    left, _ = np.linalg.qr(random.normal(size=(40, FEATURES)))
    right, _ = np.linalg.qr(random.normal(size=(FEATURES, FEATURES)))
    # Singular values √40·(1 … 10⁻²) give XᵀX/40 the eigenvalues 1 … 10⁻⁴.
    features = np.sqrt(40) * left * np.geomspace(1, 1e-2, FEATURES) @ right.T
    return np.column_stack([features, np.ones(40)])


DESIGN = _design()
TARGETS = DESIGN @ np.arange(1.0, FEATURES + 2) + np.random.default_rng(2).normal(size=40)
SIGNS = np.where(np.arange(40) % 3 == 0, -1.0, 1.0)
