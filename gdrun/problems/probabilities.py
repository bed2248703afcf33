"""The probabilities of the classes, computed from scores (inverse link functions).

A loss has probabilities if it is the negative log likelihood of a distribution of the classes. The
hinge losses are not, so a support vector machine has no probabilities.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gdrun.array_types import Array


def of_log_odds(scores: Array) -> Array:
    """The probabilities (n, 2) of two classes from scores (n,) of n examples.

        p₁ = 1 / (1 + e^(−s)),  p₀ = 1 / (1 + e^s)

    Both are computed from e^(−|s|), which cannot overflow. So small probabilities are accurate too.
    """
    small = np.exp(-np.abs(scores))
    likely, unlikely = 1 / (1 + small), small / (1 + small)
    positive = scores > 0
    first = np.where(positive, unlikely, likely)
    return np.stack([first, np.where(positive, likely, unlikely)], axis=-1)


def softmax(scores: Array) -> Array:
    """The probabilities pⱼ = e^(sⱼ) / Σₖ e^(sₖ), (n, C), from scores (n, C); C classes."""
    p: Array = np.exp(scores - scores.max(axis=-1, keepdims=True))
    p /= p.sum(axis=-1, keepdims=True)
    return p


PROBABILITIES: dict[str, Callable[[Array], Array]] = {
    "logistic": of_log_odds,
    "cross_entropy": softmax,
}
"""For each loss with probabilities, the function that computes them from scores."""
