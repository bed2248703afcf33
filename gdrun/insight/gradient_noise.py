"""The noise of mini-batch gradients: bias, variance against the batch size, and the noise scale.

gᵢ is the gradient of example i, ḡ = ∇f the mean over all N examples, and g_B the mean over a random
batch of B examples. With tr Σ = (1/N) Σᵢ ‖gᵢ − ḡ‖²,

    E g_B = ḡ                                          the batch gradient has no bias
    E ‖g_B − ḡ‖² = tr Σ / B                            batches with replacement
    E ‖g_B − ḡ‖² = (tr Σ / B) (N − B)/(N − 1)          without, as in shuffled epochs
    B_simple = tr Σ / ‖ḡ‖²                             the gradient noise scale

With batches of B_simple examples, noise and gradient are equally large. Much smaller batches need
as many examples for the same progress, and more steps; much larger ones waste examples.

Source: Cochran 1977, theorem 2.2, for the factor (N − B)/(N − 1); McCandlish et al. 2018 for the
noise scale.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from gdrun.array_types import Array, Integers, Numbers
from gdrun.errors import ConfigError, RecordError
from gdrun.insight.problem import AnalysedProblem
from gdrun.problems.network import Network
from gdrun.threads import single_blas_thread

BATCHES = 400
"""The number of random batches of each size from which bias and variance are measured."""

MOST_EXAMPLES = 2**20
"""The most examples in all batches of one size: larger sizes are left out."""

CHUNK_NUMBERS = 2**21
"""The most numbers in one array: 16 MB of float64. Batches are computed in chunks of this size."""

ROUNDING = 1e-24
"""The share of the mean ‖gᵢ‖² below which a variance counts as the rounding error of 0."""

SIGNIFICANT = 4.0
"""A bias of more than this many standard errors is not due to chance."""


@dataclass(frozen=True)
class BatchNoise:
    """The noise of batches of one size, drawn with replacement or drawn without.

    size: B. variance: the mean of ‖g_B − ḡ‖² over BATCHES batches, where g_B is the gradient of a
    batch and ḡ that of all examples; for B = 1 the mean over all examples. variance_error: the
    standard error of this mean; 0 for B = 1. predicted: the variance that theory predicts. bias:
    the norm of the mean of g_B − ḡ. error: the standard error of this norm, which is also its
    expected value if the gradient has no bias.
    """

    size: int
    variance: float
    variance_error: float
    predicted: float
    bias: float
    error: float

    @property
    def unbiased(self) -> bool:
        """Whether the bias is at most SIGNIFICANT standard errors, and so may be 0."""
        return self.bias <= SIGNIFICANT * self.error


@dataclass(frozen=True)
class GradientNoise:
    """The noise of the gradient at some weights.

    step: the step of the run after which the weights were taken; None for the initial weights.
    rows: the number N of examples. spread: tr Σ, the mean of ‖gᵢ − ḡ‖² over the examples, where gᵢ
    is the gradient of an example and ḡ the mean of all. signal: ‖ḡ‖². replacement, without: the
    noise of batches with and without replacement, one item for each batch size B.
    """

    step: int | None
    rows: int
    spread: float
    signal: float
    replacement: tuple[BatchNoise, ...]
    without: tuple[BatchNoise, ...]

    @property
    def exponent(self) -> float | None:
        """p in the fit variance ∝ B^p, for batches with replacement; theory predicts −1.

        None if fewer than two variances are above 0.
        """
        return _exponent([(each.size, each.variance) for each in self.replacement])

    @property
    def exponent_without(self) -> float | None:
        """p in the same fit for batches without replacement; theory predicts −1.

        Their variance is first divided by (N − B)/(N − 1). None if fewer than two variances are
        above 0.
        """
        return _exponent(
            [
                (each.size, each.variance * (self.rows - 1) / (self.rows - each.size))
                for each in self.without
                if each.size < self.rows
            ]
        )

    @property
    def noise_scale(self) -> float | None:
        """The gradient noise scale: the variance of one example's gradient, divided by ‖∇f‖².

        It is B_simple of McCandlish et al. 2018. None if the full gradient ∇f is 0.
        """
        return self.spread / self.signal if self.signal > 0 else None

    @property
    def batch_size(self) -> int | None:
        """The power of two that is nearest to the noise scale, at least 1.

        If it is above the number of examples, this number is returned. None if the noise scale is
        None or infinite.
        """
        scale = self.noise_scale
        if scale is None or not math.isfinite(scale):
            return None
        return int(min(2 ** round(math.log2(max(scale, 1))), self.rows))


def gradient_noise(
    problem: AnalysedProblem, w: Array | None = None, step: int | None = None
) -> GradientNoise:
    """Measure the noise of the gradient.

    w (P,): the P weights; None for the initial ones. step: the step after which a run had these
    weights; None for the initial ones. Raises ConfigError for a network with batch_norm, in which
    an example has no gradient of its own, and RecordError if the weights or the squares of the
    gradients are not finite.
    """
    model = problem.model
    if isinstance(model, Network) and model.batch_norm:
        raise ConfigError(
            "an example has no gradient of its own with batch_norm",
            where="model.batch_norm",
            hint="model.batch_norm=false measures the noise without it",
        )
    at = problem.start if w is None else w
    if not np.isfinite(at).all():
        raise RecordError("the weights are not finite", hint="choose a run that did not diverge")
    with single_blas_thread():
        rows = problem.rows
        draw = np.random.Generator(np.random.PCG64(problem.experiment.seed))
        everything = np.arange(rows)[:, None]
        with np.errstate(over="ignore", invalid="ignore"):
            _, mean = problem.value_and_gradient(at)
            signal = float(mean @ mean)
            deviations = _deviations(problem, at, mean, everything)
            spread = sum(float((off**2).sum()) for off in deviations) / rows
        if not math.isfinite(signal + spread):
            scaled = "standardise the features and the target, or scale them"
            hint = scaled if w is None else "choose a run that did not diverge"
            raise RecordError("the gradients at the weights are too large to square", hint=hint)
        least = ROUNDING * (spread + signal)
        spread = spread if spread > least else 0.0
        replacement, without = [], []
        for size in _sizes(problem):
            chosen = draw.integers(rows, size=(BATCHES, size))
            predicted = spread / size
            replacement.append(_measured(problem, at, mean, chosen, predicted, least))
            chosen = np.array([draw.choice(rows, size, replace=False) for _ in range(BATCHES)])
            factor = (rows - size) / max(rows - 1, 1)
            without.append(_measured(problem, at, mean, chosen, predicted * factor, least))
            if size == 1:
                # All batches of one example are known, so that their variance has no error.
                for found in (replacement, without):
                    found[-1] = replace(found[-1], variance=spread, variance_error=0.0)
    return GradientNoise(step, rows, spread, signal, tuple(replacement), tuple(without))


def _exponent(points: Sequence[tuple[int, float]]) -> float | None:
    """p in the fit variance ∝ B^p to points (B, variance).

    Points with the variance 0 are left out. None if fewer than two points are left.
    """
    found = [point for point in points if point[1] > 0]
    if len(found) < 2:
        return None
    sizes, variances = np.log(np.array(found)).T
    return float(np.polyfit(sizes, variances, 1)[0])


def _sizes(problem: AnalysedProblem) -> list[int]:
    """The batch sizes in ascending order.

    These are powers of four, half of the rows, all rows and the batch size of the experiment, each
    if it is at most the number of rows and MOST_EXAMPLES / BATCHES.
    """
    rows = problem.rows
    sizes = {4**k for k in range(11)} | {rows // 2, rows, problem.cohort.batching.batch_size}
    most = min(rows, MOST_EXAMPLES // BATCHES)
    return sorted(size for size in sizes if 1 <= size <= most)


def _measured(
    problem: AnalysedProblem,
    w: Array,
    mean: Numbers,
    chosen: Integers,
    predicted: float,
    least: float,
) -> BatchNoise:
    """The noise of the batches of rows `chosen` (batches, B).

    mean: ḡ (P,). predicted: the expected variance. least: a variance up to this value counts as a
    rounding error of 0.
    """
    batches, size = chosen.shape
    squares, total = [], np.zeros_like(mean)
    for off in _deviations(problem, w, mean, chosen):
        squares.append((off**2).sum(axis=1))
        total += off.sum(axis=0)
    distances = np.concatenate(squares)
    variance, spread = float(distances.mean()), float(distances.std(ddof=1))
    if variance <= least:
        return BatchNoise(size, 0.0, 0.0, predicted, 0.0, 0.0)
    bias = float(np.linalg.norm(total)) / batches
    error = spread / math.sqrt(batches)
    return BatchNoise(size, variance, error, predicted, bias, math.sqrt(variance / batches))


def _deviations(
    problem: AnalysedProblem, w: Array, mean: Numbers, chosen: Integers
) -> Iterator[Array]:
    """Yield g_B − ḡ (n, P) for the first n batches, then for the next n, and so on.

    chosen (batches, B): the rows of each batch. mean: ḡ (P,). The n batches are stacked along a new
    first axis, so that the objective computes their gradients at once.
    """
    batches, size = chosen.shape
    columns = max(problem.X.shape[1], *getattr(problem.model, "hidden", ()), 1)
    at_once = max(CHUNK_NUMBERS // max(size * columns, w.size), 1)
    for start in range(0, batches, at_once):
        rows = chosen[start : start + at_once]
        W = np.broadcast_to(w, (len(rows), 1, w.size))
        X = problem.X.take(rows, axis=0)
        _, gradient = problem.objective.value_and_gradient(W, X, problem.y[rows])
        yield gradient[:, 0] - mean
