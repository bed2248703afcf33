"""The losses in plain Python, one example at a time, as the expected values for the tests."""

import math


def mse(scores, y):
    return (scores[0] - y) ** 2


def mae(scores, y):
    return abs(scores[0] - y)


def huber(scores, y, delta=1.0):
    r = abs(scores[0] - y)
    return 0.5 * r * r if r <= delta else delta * r - 0.5 * delta * delta


def pinball(scores, y, tau=0.5):
    r = y - scores[0]
    return max(tau * r, (tau - 1) * r)


def logistic(scores, y):
    margin = y * scores[0]
    if margin < 0:
        return -margin + math.log1p(math.exp(margin))
    return math.log1p(math.exp(-margin))


def cross_entropy(scores, y):
    largest = max(scores)
    return largest + math.log(sum(math.exp(s - largest) for s in scores)) - scores[y]


def hinge(scores, y):
    return sum(max(0.0, s - scores[y] + 1) for j, s in enumerate(scores) if j != y)


def squared_hinge(scores, y):
    return sum(max(0.0, s - scores[y] + 1) ** 2 for j, s in enumerate(scores) if j != y)


VALUES = {
    function.__name__: function
    for function in (mse, mae, huber, pinball, logistic, cross_entropy, hinge, squared_hinge)
}
"""ℓ(scores of one example, its encoded target, options), by the name of the loss."""

KINKS = {
    "mae": lambda scores, y: [scores[0] - y],
    "huber": lambda scores, y, delta=1.0: [abs(scores[0] - y) - delta],
    "pinball": lambda scores, y, tau=0.5: [scores[0] - y],
    "hinge": lambda scores, y: [s - scores[y] + 1 for j, s in enumerate(scores) if j != y],
}
KINKS["squared_hinge"] = KINKS["hinge"]
"""Functions that are zero where a loss has a kink; finite differences must avoid these points."""


def far_from_kinks(loss, scores, y, distance=1e-2, **options):
    return all(
        abs(gap) > distance for gap in KINKS.get(loss, lambda *_, **__: [])(scores, y, **options)
    )


def prediction(scores, task, outputs):
    """The class of one example by its scores, ties to the first; None for a regression."""
    if task == "regression":
        return None
    if outputs == 1:
        return int(scores[0] > 0)
    return max(range(outputs), key=lambda j: scores[j])
