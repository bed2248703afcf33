"""Losses: the value for each example, and its slope with respect to the scores.

A loss takes scores and encoded targets, and returns values and slopes, for all lanes at once (a
lane is one of several runs that train together). With B examples and L lanes, the scores of a model
with one output are (..., B, L), and the scores of a model with C classes are (..., B, L, C).
Targets are (..., B). Values are (..., B, L); slopes have the shape of the scores. No equation
overflows, also in float32.

A loss of one score for each example is an elementwise equation of this score s and the target y: it
works on arrays of any shape, and on single numbers when it is compiled.

Parameters with a default are the options of the loss. A config sets them in the section where it
names the loss, as in `model: {name: linear, loss: huber, delta: 0.5}`. All lanes share the options:
different options for each lane would need one more axis in every equation and one more argument in
every kernel.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Literal, overload

import numpy as np
from numpy import absolute, exp, log1p, maximum, minimum, sign, where

from gdrun.array_types import Array
from gdrun.methods.definitions import Definition, Level, Positive, define
from gdrun.methods.plugin_checks import Fault
from gdrun.methods.plugin_kinds import KINDS, PluginKind
from gdrun.problems.model_options import COMMON_OPTIONS
from gdrun.problems.plugin_checks import loss_fault
from gdrun.problems.probabilities import PROBABILITIES

Targets = Literal["number", "sign", "code"]


@dataclass(frozen=True)
class Loss(Definition):
    """A loss function with properties that models and engines need.

    targets: the form of its targets: numbers, signs −1 and +1, or class codes 0 … C−1. margin:
    whether it is a loss of the differences between class scores, for support vector machines.
    equation: the loss as an elementwise function of one score for each example; None for a loss of
    class scores. curvature: a function of the number of scores and the options, which returns the
    largest second derivative of the loss; None if its slope jumps, or the curvature is not known.
    zero_curvature: the same for the second derivative in each score if all scores are 0; None if it
    depends on the target, or is not known. quadratic: whether the second derivative is the same
    everywhere. slopes: for a loss that is linear on both sides of one kink, a function of the
    options, which returns the slopes below and above the kink; None for all other losses. The kink
    is where the score s equals the target y, or, for a loss of margins, where the score of a wrong
    class j equals that of the right class y minus 1: sⱼ − s_y + 1 = 0. convex: whether it is a
    convex function of the scores.
    """

    targets: Targets = "number"
    margin: bool = False
    curvature: Curvature | None = None
    zero_curvature: Curvature | None = None
    quadratic: bool = False
    slopes: Slopes | None = None
    convex: bool = True
    equation: LossFunction | None = None

    @property
    def probabilities(self) -> Callable[[Array], Array] | None:
        """The function from scores of n examples to probabilities (n, classes).

        None if the loss gives no probabilities.
        """
        return PROBABILITIES.get(self.name)


LOSSES: dict[str, Loss] = {}
"""Every loss by name."""

SAME_VALUES = {"logistic": "cross_entropy"}
"""For the name of a loss, the loss whose values can be compared with its own.

Both are the mean of −log p of the correct class.
"""

LossFunction = Callable[..., tuple[Array, Array]]
Curvature = Callable[..., float]
Slopes = Callable[..., tuple[float, float]]


@overload
def loss(equation: LossFunction, /) -> LossFunction: ...
@overload
def loss(
    *,
    targets: Targets = "number",
    margin: bool = False,
    curvature: Curvature | None = None,
    zero_curvature: Curvature | None = None,
    quadratic: bool = False,
    slopes: Slopes | None = None,
    convex: bool = True,
) -> Callable[[LossFunction], LossFunction]: ...
def loss(
    equation: LossFunction | None = None,
    /,
    *,
    targets: Targets = "number",
    margin: bool = False,
    curvature: Curvature | None = None,
    zero_curvature: Curvature | None = None,
    quadratic: bool = False,
    slopes: Slopes | None = None,
    convex: bool = True,
) -> LossFunction | Callable[[LossFunction], LossFunction]:
    """Register the decorated function as a loss.

    The function takes scores and targets, then options, and returns the losses and their
    derivatives in the scores. It must be elementwise, except with class codes as targets. No option
    may be called name, loss, l2 or init: every model has these keys already. The parameters are the
    fields of the class `Loss`.
    """

    def register(function: LossFunction) -> LossFunction:
        known = define(function)
        by_class = targets == "code"
        LOSSES[known.name] = Loss(
            known.name,
            function if by_class else _for_all_lanes(function),
            known.options,
            known.doc,
            targets=targets,
            margin=margin,
            curvature=curvature,
            zero_curvature=zero_curvature,
            quadratic=quadratic,
            slopes=slopes,
            convex=convex,
            equation=None if by_class else function,
        )
        return function

    return register if equation is None else register(equation)


def _for_all_lanes(equation: LossFunction) -> LossFunction:
    """Return the elementwise `equation` as a loss for L lanes and B examples.

    The loss takes scores (..., B, L) and targets (..., B).
    """

    @wraps(equation)
    def function(scores: Array, y: Array, **options: Any) -> tuple[Array, Array]:
        return equation(scores, y[..., None].astype(scores.dtype, copy=False), **options)

    return function


@loss(
    targets="number",
    curvature=lambda outputs: 2.0,
    zero_curvature=lambda outputs: 2.0,
    quadratic=True,
)
def mse(s: Array, y: Array) -> tuple[Array, Array]:
    """Squared error, without a factor ½.

        ℓ = (s − y)²,  dℓ/ds = 2 (s − y)

    s is the prediction of the model, y the target.
    """
    residual = s - y
    return residual * residual, 2 * residual


@loss(targets="number", slopes=lambda: (-1.0, 1.0))
def mae(s: Array, y: Array) -> tuple[Array, Array]:
    """Absolute error; its slope where s = y is taken as 0.

        ℓ = |s − y|,  dℓ/ds = sign(s − y)

    s is the prediction of the model, y the target.
    """
    residual = s - y
    return absolute(residual), sign(residual)


@loss(targets="number", curvature=lambda outputs, delta: 1.0)
def huber(s: Array, y: Array, delta: Positive = 1.0) -> tuple[Array, Array]:
    """Huber's loss: half the squared error for small errors, linear for errors above δ.

        ℓ = ½ r²             for |r| ≤ δ
        ℓ = δ (|r| − ½ δ)    for |r| > δ
        dℓ/ds = max(−δ, min(r, δ)),  r = s − y

    s is the prediction of the model, y the target, and δ is delta, in the unit of the target.

    Source: Huber 1964.
    """
    residual = s - y
    slopes = minimum(maximum(residual, -delta), delta)
    return slopes * (residual - 0.5 * slopes), slopes


@loss(targets="number", slopes=lambda tau: (-tau, 1 - tau))
def pinball(s: Array, y: Array, tau: Level = 0.5) -> tuple[Array, Array]:
    """Pinball loss: the mean loss is smallest if the scores are the τ-quantile of the target.

        ℓ = max(τ r, (τ − 1) r),  r = y − s
        dℓ/ds = −τ for r > 0, 1 − τ for r < 0, and 0 at zero

    s is the score, y the target, and τ is tau. With τ = 0.5 the loss is half the absolute error,
    whose mean is smallest at the median.

    Source: Koenker & Bassett 1978.
    """
    above = s - y
    side = sign(above)
    slopes = (1 - tau) * maximum(side, 0) + tau * minimum(side, 0)
    return above * slopes, slopes


# σ(s)(1 − σ(s)) is largest at s = 0.
@loss(targets="sign", curvature=lambda outputs: 0.25, zero_curvature=lambda outputs: 0.25)
def logistic(s: Array, y: Array) -> tuple[Array, Array]:
    """Binary cross-entropy on the score (log-odds), in nats.

        ℓ = log(1 + e^(−m)),  m = y s with y ∈ {−1, +1}
        dℓ/ds = −y / (1 + e^m)

    s is the score, y the class, and m the margin. ℓ is computed from e^(−|m|), which cannot
    overflow. So ℓ is accurate for both signs of m.
    """
    margin = s * y
    small = exp(-absolute(margin))
    values = log1p(small) - minimum(margin, 0)
    return values, where(margin > 0, small, 1) / (1 + small) * -y


# λmax(diag(p) − p pᵀ) ≤ ½, with equality if two classes have p = ½. Böhning 1992.
# The diagonal of this matrix has p (1 − p), where p = 1/C if all C scores are equal.
@loss(
    targets="code",
    curvature=lambda outputs: 0.5,
    zero_curvature=lambda outputs: (1 - 1 / outputs) / outputs,
)
def cross_entropy(scores: Array, y: Array) -> tuple[Array, Array]:
    """Multi-class cross-entropy on the scores (logits), in nats.

        ℓ = log Σⱼ e^(sⱼ) − s_y,  dℓ/dsⱼ = softmax(s)ⱼ − [j = y]

    sⱼ is the score of class j, and y is the class of the example. [j = y] is 1 for this class, else
    0. The largest score is subtracted before the exponentials (log-sum-exp).
    """
    own = _own_class(y)
    shifted = scores - scores.max(axis=-1, keepdims=True)
    chosen = shifted[own]
    slopes = np.exp(shifted, out=shifted)
    total = slopes.sum(axis=-1, keepdims=True)
    slopes /= total
    slopes[own] -= 1
    return np.log(total[..., 0]) - chosen, slopes


@loss(targets="code", margin=True, slopes=lambda: (0.0, 1.0))
def hinge(scores: Array, y: Array) -> tuple[Array, Array]:
    """Multi-class hinge, summed over the wrong classes.

        ℓ = Σ_{j≠y} max(0, sⱼ − s_y + 1)
        dℓ/dsⱼ = [sⱼ − s_y + 1 > 0] for j ≠ y,  dℓ/ds_y = −Σ_{j≠y} dℓ/dsⱼ

    sⱼ is the score of class j, and y is the class of the example. […] is 1 if the condition holds,
    else 0.

    Source: Weston & Watkins 1999.
    """
    own = _own_class(y)
    margins = _margins(scores, own)
    slopes = (margins > 0).astype(scores.dtype)
    slopes[own] = -slopes.sum(axis=-1)
    return margins.sum(axis=-1), slopes


# Each active term (sⱼ − s_y + 1)² has the Hessian 2 (eⱼ − e_y)(eⱼ − e_y)ᵀ. If all C − 1 terms are
# active, the sum is twice the Laplacian of a star graph with C vertices, whose λmax is C.
@loss(targets="code", margin=True, curvature=lambda outputs: 2.0 * outputs)
def squared_hinge(scores: Array, y: Array) -> tuple[Array, Array]:
    """Multi-class squared hinge, summed over the wrong classes.

        ℓ = Σ_{j≠y} max(0, sⱼ − s_y + 1)²
        dℓ/dsⱼ = 2 max(0, sⱼ − s_y + 1) for j ≠ y,  dℓ/ds_y = −Σ_{j≠y} dℓ/dsⱼ

    sⱼ is the score of class j, and y is the class of the example.
    """
    own = _own_class(y)
    margins = _margins(scores, own)
    slopes = 2 * margins
    slopes[own] = -slopes.sum(axis=-1)
    return (margins * margins).sum(axis=-1), slopes


def _margins(scores: Array, own: tuple[Any, ...]) -> Array:
    """Return max(0, sⱼ − s_y + 1) for each class j ≠ y, and 0 for j = y, the class of the example.

    scores: (..., B, L, C) for B examples, L lanes and C classes. own: the index that selects s_y,
    from `_own_class`.
    """
    margins: Array = scores - scores[own][..., None]
    margins += 1
    np.maximum(margins, 0, out=margins)
    margins[own] -= 1
    return margins


def _own_class(y: Array) -> tuple[Any, ...]:
    """Return an index that selects, from scores (..., B, L, C), the score s_y of each example.

    y: the class codes, (..., B). B: the examples, L: the lanes, C: the classes.
    """
    examples = [np.arange(y.size)] if y.ndim == 1 else np.indices(y.shape, sparse=True)
    return (*examples, slice(None), y)


def _fault(loss: Loss) -> Fault | None:
    if loss.equation is None or loss.targets != "number":
        what = f"has targets of the form {loss.targets!r}"
        return what, "a loss of a plugin is one of numbers: leave `targets` out"
    largest = None if loss.curvature is None else loss.curvature(1, **loss.defaults)
    return loss_fault(loss, loss.equation, loss.convex, largest)


# The key loss of the section names the loss.
_TAKEN = ("name", "loss", *COMMON_OPTIONS)
KINDS.append(PluginKind("loss", LOSSES, _fault, "model", _TAKEN))
