"""Checks of a method from a plugin: whether it is a pure, elementwise function of its inputs.

The checks call the method on small arrays. They check the number, shapes and dtypes of the returned
values, that the inputs are unchanged, and that the result for one lane (one of several runs trained
together) or for one weight does not depend on the other lanes or weights.
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
"""A fault of a method: the message, without the method's name, and a hint how to correct it."""

_LANES, _WEIGHTS, _TIMES = 3, 4, 6
# For arrays of another shape, NumPy may give results that differ in the last bits.
_TOLERANCES: dict[str, Any] = {"rtol": 1e-9, "atol": 1e-12, "equal_nan": True}


def first_fault(method: Definition) -> Fault | None:
    """Return the first fault that the checks find in a rule or a schedule, or None.

    An exception that the method raises is not caught.
    """
    faults = []
    if isinstance(method, Rule):
        faults.append(_rule_faults(method))
    if isinstance(method, Schedule):
        faults.append(_schedule_faults(method))
    # The docstring comes last: its lack would hide a fault of the equation.
    faults.append(_documentation(method))
    # The random inputs may overflow in a correct rule, which NumPy would report as a warning.
    with np.errstate(all="ignore"):
        return next(chain.from_iterable(faults), None)


def _documentation(method: Definition) -> Iterator[Fault]:
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
        yield from _changed_inputs(given, before)
        yield from _wrong_returns(rule, results, w)
        if dtype is np.float64 and by_lane:
            yield from _dependences(rule, w, g, slots, options, _new_weights(rule, results))


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
    yield from _changed_inputs(given, before)
    if np.shape(returned) not in ((), (2,), (_TIMES, 1), (_TIMES, 2)):
        what = f"returns an array of shape {np.shape(returned)} for {_TIMES} times and 2 lanes"
        yield (
            what,
            "use elementwise expressions only: t has shape (times, 1) and lr has shape (lanes,)",
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
            what = "is not elementwise: the rate at one time depends on the other times or lanes"
            yield what, "compute each rate only from its own t, T, lr and options"


def _results(rule: Rule, w: Any, g: Any, slots: tuple[Any, ...], options: Mapping[str, Any]) -> Any:
    """Return what the rule's equation returns at step 3.

    w, g and each slot: (lanes, P), with P weights for each lane (run). options: numbers or arrays
    (lanes, 1).
    """
    # At step 1 the bias correction of Adam cancels its decay, so mistakes would not be seen.
    inputs = (*slots, *((3.0,) if rule.uses_t else ()), *((_norm,) if rule.uses_norm else ()))
    return rule.function(w, g, *inputs, **options)


def _new_weights(rule: Rule, results: Any) -> Any:
    return results[0] if rule.slots else results


def _changed_inputs(given: Mapping[str, Any], before: Mapping[str, Any]) -> Iterator[Fault]:
    for name, value in given.items():
        if not np.array_equal(value, before[name], equal_nan=True):
            yield f"changes its input {name}", f"write {name} = {name} + …, not {name} += …"


def _wrong_returns(rule: Rule, results: Any, w: Any) -> Iterator[Fault]:
    """Yield the faults of `results`, the return value of the rule's equation.

    It must hold the new weights, then the new slots, each with the shape and dtype of w.
    """
    names = ("w", *rule.slots)
    values = results if isinstance(results, tuple) else (results,)
    form = f"return {', '.join(names)}" if rule.slots else "return only the new w"
    if len(values) != len(names) or isinstance(results, tuple) != bool(rule.slots):
        yield f"returns {_counted(results)}, but must return {_counted(names)}", form
    for name, value in zip(names, values, strict=True):
        if not isinstance(value, np.ndarray):
            yield f"returns an object of type {type(value).__name__} for {name}, not an array", form
        if value.shape != w.shape:
            yield f"returns {name} with shape {value.shape}, but its input has {w.shape}", form
        if value.dtype != w.dtype:
            hint = "use no NumPy number or array with a fixed dtype in the equation"
            yield f"returns {name} with dtype {value.dtype}, but its input has {w.dtype}", hint


def _dependences(
    rule: Rule, w: Any, g: Any, slots: tuple[Any, ...], options: dict[str, Any], together: Any
) -> Iterator[Fault]:
    """Yield a fault if one lane gets other new weights when it is computed alone.

    For a rule without layer norms, also one weight of the lane is computed alone. together: the new
    weights (lanes, P) that the rule returned for all lanes in one call. options: numbers or arrays
    (lanes, 1).
    """
    row = {
        name: value[1:2] if isinstance(value, np.ndarray) else value
        for name, value in options.items()
    }
    # A rule with layer norms may use all weights of its lane, but no other lane.
    weights = slice(None) if rule.uses_norm else slice(2, 3)
    one, slope, *carried = (array[1:2, weights] for array in (w, g, *slots))
    alone = _new_weights(rule, _results(rule, one, slope, tuple(carried), row))
    if not np.allclose(alone, together[1:2, weights], **_TOLERANCES):
        hint = "use elementwise expressions only; for the norm of a layer, add an input named norm"
        yield (
            "is not elementwise: the update of one weight depends on other weights, or is random",
            hint,
        )


def _norm(array: Any) -> Any:
    """Return an array of the shape of `array` (lanes, P): each entry is its lane's L2 norm."""
    norms = np.sqrt((array * array).sum(axis=-1, keepdims=True))
    return np.broadcast_to(norms, array.shape)


def _counted(results: Any) -> str:
    if results is None:
        return "nothing"
    count = len(results) if isinstance(results, tuple) else 1
    return "one value" if count == 1 else f"{count} values"
