"""Checks of a method from a plugin: whether it is a pure, elementwise function of its inputs.

The checks call the method on small arrays. The returned values must have the right number, shapes
and dtypes. The inputs must be unchanged. The result for one lane (one of several runs trained
together) or for one weight must not depend on the other lanes or weights. The first step must be
finite, also where the gradient is 0.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain, product
from typing import Any

import numpy as np

from gdrun.methods.definitions import Definition
from gdrun.methods.rules import Rule
from gdrun.methods.schedules.form import Schedule, value_at

Fault = tuple[str, str]
"""A fault of a method: the message, without the method's name, and a hint for its author."""

_LANES, _WEIGHTS, _TIMES = 3, 4, 6
_MANY = 1000
"""The number of weights of each lane in the checks of dependence.

A faulty rule may limit each entry of g to k standard deviations of all entries. Among n numbers,
none is more than √n standard deviations from their mean, so with k > √n the limit has no effect.
With 1000 weights the checks can find such a rule if k is at most 31.
"""
# For arrays of another shape, NumPy may give results that differ in the last bits.
_TOLERANCES: dict[str, Any] = {"rtol": 1e-9, "atol": 1e-12, "equal_nan": True}


def first_fault(method: Definition) -> Fault | None:
    """Return the first fault that the checks find in a rule or a schedule, or None.

    A fault is a pair: what is wrong, and a hint for the author of the method. An exception that the
    method raises is not caught.
    """
    faults = []
    if isinstance(method, Rule):
        faults.append(_rule_faults(method))
    if isinstance(method, Schedule):
        faults.append(_schedule_faults(method))
    # The docstring comes last: its lack would hide a fault of the equation.
    faults.append(documentation_faults(method))
    # The random inputs may overflow in a correct rule, which NumPy would report as a warning.
    with np.errstate(all="ignore"):
        return next(chain.from_iterable(faults), None)


def documentation_faults(method: Definition) -> Iterator[Fault]:
    """Yield a fault if a method has no docstring."""
    if not method.doc.summary:
        hint = "add a docstring: one sentence, then the equation, indented"
        yield "has no docstring", hint


def _rule_faults(rule: Rule) -> Iterator[Fault]:
    """Yield the faults of a rule, called with weights of each dtype and two forms of options.

    Options are given as one number for all lanes, and as an array with one number for each lane.
    """
    for dtype, by_lane in product((np.float64, np.float32), (False, True)):
        random = np.random.default_rng(0)
        w, g = random.normal(size=(2, _LANES, _WEIGHTS)).astype(dtype)
        # Positive slots: a rule may take the root of a second moment, which is never negative.
        slots = tuple(random.uniform(0.1, 1, size=(len(rule.slots), *w.shape)).astype(dtype))
        options = {
            name: np.full((_LANES, 1), option.default, dtype)
            if by_lane and option.varies
            else option.default
            for name, option in rule.options.items()
        }
        given = {"w": w, "g": g, **dict(zip(rule.slots, slots, strict=True))}
        before = {name: array.copy() for name, array in given.items()}
        results = _results(rule, w, g, slots, options)
        yield from changed_inputs(given, before)
        yield from _wrong_returns(rule, results, w)
    yield from _dependences(rule)
    yield from _undefined(rule)


def _schedule_faults(schedule: Schedule) -> Iterator[Fault]:
    given: dict[str, Any] = {
        "t": np.arange(float(_TIMES))[:, None],
        "T": float(_TIMES),
        "lr": np.array([0.1, 0.2]),
        "drops": np.array([0, 1]),
    }
    before = {name: np.copy(value) for name, value in given.items()}
    options = schedule.defaults
    returned = value_at(schedule.function, options, **given)
    yield from changed_inputs(given, before)
    if np.shape(returned) not in ((), (2,), (_TIMES, 1), (_TIMES, 2)):
        what = f"returns an array of shape {np.shape(returned)} for {_TIMES} times and 2 runs"
        yield (
            what,
            "use elementwise expressions only: t has shape (times, 1) and lr has shape (runs,), "
            "because runs are trained together",
        )
    planned = np.broadcast_to(np.asarray(returned, dtype=float), (_TIMES, 2))
    wrong = ~(np.isfinite(planned) & (planned >= 0))
    if wrong.any():
        time, lane = np.argwhere(wrong)[0].tolist()
        what = (
            f"returns {planned[time, lane]:.4g} at t = {time}, with T = {_TIMES} and "
            f"lr = {given['lr'][lane]:g}"
        )
        yield what, "return a finite rate ≥ 0"
    for k in range(_TIMES):
        one = given | {
            "t": given["t"][k : k + 1],
            "lr": given["lr"][1:],
            "drops": given["drops"][1:],
        }
        alone = value_at(schedule.function, options, **one)
        if not np.allclose(alone, planned[k, 1], **_TOLERANCES):
            what = "is not elementwise: the rate at one time depends on other times or runs"
            yield what, "compute each rate only from its own t, T, lr and options"


def _results(
    rule: Rule,
    w: Any,
    g: Any,
    slots: tuple[Any, ...],
    options: Mapping[str, Any],
    *,
    step: float = 3.0,
) -> Any:
    """Return what the rule's equation returns.

    w, g and each slot: (lanes, P), with P weights for each lane (run). options: numbers or arrays
    (lanes, 1). step: the step count; at step 1 the bias correction of Adam cancels its decay, so
    that mistakes would not be seen.
    """
    inputs = (*slots, *((step,) if rule.uses_t else ()), *((_norm,) if rule.uses_norm else ()))
    return rule.function(w, g, *inputs, **options)


def changed_inputs(given: Mapping[str, Any], before: Mapping[str, Any]) -> Iterator[Fault]:
    """Yield a fault for each input that is not equal to its copy in `before`."""
    for name, value in given.items():
        if not np.array_equal(value, before[name], equal_nan=True):
            yield f"changes its input {name}", f"write {name} = {name} + …, not {name} += …"


def _wrong_returns(rule: Rule, results: Any, w: Any) -> Iterator[Fault]:
    """Yield the faults of `results`, the return value of the rule's equation.

    It must hold the new weights, then the new slots, each with the shape of w, and at least its
    precision: Rule.advance rounds more exact results.
    """
    names = ("w", *rule.slots)
    values = _as_tuple(results)
    form = f"return {', '.join(names)}" if rule.slots else "return only the new w"
    if len(values) != len(names) or isinstance(results, tuple) != bool(rule.slots):
        yield f"returns {_counted(results)}, but must return {_counted(names)}", form
    for name, value in zip(names, values, strict=True):
        if not isinstance(value, np.ndarray):
            yield f"returns an object of type {type(value).__name__} for {name}, not an array", form
        if value.shape != w.shape:
            yield (
                f"returns {name} with shape {value.shape}, but must return it with {w.shape}",
                form,
            )
        exact = value.dtype.kind == "f" and value.dtype.itemsize >= w.dtype.itemsize
        if not exact:
            hint = "convert no array to another dtype in the equation"
            yield (
                f"returns {name} with dtype {value.dtype}, but must return it with {w.dtype}",
                hint,
            )


def _dependences(rule: Rule) -> Iterator[Fault]:
    """Yield a fault if the update of one weight depends on other weights, or on other lanes.

    The rule updates all weights together, and then some of them alone: single weights, or whole
    lanes if the rule uses the norm of each weight matrix. Both updates must be equal. There are two
    sets of inputs. In the second set the sizes of the entries differ by 6 orders of magnitude,
    within each lane and from lane to lane. Without this set, a rule that limits the entries to 10
    times the median of |g| would not be found.
    """
    random, shape = np.random.default_rng(0), (_LANES, _MANY)
    differing = 1 - 0.01 * np.arange(_LANES)[:, None]
    options = {
        name: option.default * differing if option.varies else option.default
        for name, option in rule.options.items()
    }
    for orders in (0, 3):
        size = 10 ** random.uniform(-orders, orders, shape)
        w, g = random.normal(size=shape), size * random.normal(size=shape)
        # Positive slots: a rule may take the root of a second moment, which is never negative.
        slots = tuple(size * random.uniform(0.1, 1, size=(len(rule.slots), *shape)))
        together = _as_tuple(_results(rule, w, g, slots, options))
        for lane, weights in _parts(g, whole_lanes=rule.uses_norm):
            at = (lane, weights)
            own = {
                name: value[lane] if isinstance(value, np.ndarray) else value
                for name, value in options.items()
            }
            carried = tuple(slot[at] for slot in slots)
            alone = _as_tuple(_results(rule, w[at], g[at], carried, own))
            pairs = zip(alone, together, strict=True)
            if not all(np.allclose(one, all_[at], **_TOLERANCES) for one, all_ in pairs):
                yield (
                    "is not elementwise: the update of one weight depends on other weights, "
                    "or is random",
                    "use elementwise expressions only; for the norm of a layer, add an input "
                    "named norm",
                )


def _parts(g: Any, *, whole_lanes: bool) -> Iterator[tuple[slice, slice]]:
    """Yield parts of the gradients (lanes, P): whole lanes, or single weights of each lane."""
    for lane, row in enumerate(np.argsort(np.abs(g), axis=1)):
        quantiles = row[np.linspace(0, len(row) - 1, 5).astype(int)].tolist()
        parts = [slice(None)] if whole_lanes else [slice(each, each + 1) for each in quantiles]
        yield from ((slice(lane, lane + 1), part) for part in parts)


def _undefined(rule: Rule) -> Iterator[Fault]:
    """Yield a fault if the first step of a rule gives NaN or an infinite number.

    A gradient is 0 for many weights of real problems: of a feature that is 0 in a whole batch, or
    of a ReLU unit that is inactive.
    """
    # The norm is not 0: a whole layer without a gradient is at a critical point.
    w, g = np.array([[0.5, -0.5, 0.0, 0.5, 0.0]]), np.array([[1.0, -2.0, 0.5, 0.0, 0.0]])
    slots = rule.start(w, rule.defaults)
    values = _as_tuple(_results(rule, w, g, slots, rule.defaults, step=1.0))
    for name, value in zip(("w", *rule.slots), values, strict=True):
        wrong = ~np.isfinite(value)
        if wrong[g != 0].any():
            what = f"returns {value[wrong & (g != 0)][0]:g} for {name} at the first step"
            yield what, "avoid a division by 0, and the root or logarithm of a negative number"
        if wrong.any():
            what = f"returns {value[wrong][0]:g} for {name} if the gradient of a weight is 0"
            yield what, "add a small number to the divisor, such as an option eps=1e-8"


BOWL_STEPS = 20
"""The steps on a bowl after which a rule should have lowered the loss."""


def loss_on_bowl(rule: Rule) -> tuple[float, float]:
    """The loss of a bowl at the start, and after BOWL_STEPS steps with a small learning rate.

    The bowl is f(w) = ½ (w₁² + 10 w₂²), and the start is (1, 1). The learning rate is the default
    of the rule, but at most 0.01; gradient descent is stable below 2/10. All other options have
    their defaults.
    """
    curvature = np.array([[1.0, 10.0]])
    options = {**rule.defaults, "lr": min(0.01, float(rule.defaults["lr"]))}
    w = np.ones((1, 2))
    slots, start = rule.start(w, options), float((curvature * w * w).sum() / 2)
    with np.errstate(all="ignore"):
        for step in range(1, BOWL_STEPS + 1):
            results = _results(rule, w, curvature * w, slots, options, step=float(step))
            w, *kept = _as_tuple(results)
            slots = tuple(kept)
    return start, float((curvature * w * w).sum() / 2)


def _as_tuple(results: Any) -> tuple[Any, ...]:
    """What a rule returned, as a tuple: the new weights, then the new slots."""
    return results if isinstance(results, tuple) else (results,)


def _norm(array: Any) -> Any:
    """Return an array of the shape of `array` (lanes, P): each entry is its lane's L2 norm."""
    norms = np.sqrt((array * array).sum(axis=-1, keepdims=True))
    return np.broadcast_to(norms, array.shape)


def _counted(results: Any) -> str:
    if results is None:
        return "nothing"
    count = len(results) if isinstance(results, tuple) else 1
    return "one value" if count == 1 else f"{count} values"
