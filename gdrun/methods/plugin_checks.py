"""Checks of a method from a plugin: whether it is a pure, elementwise function of its inputs.

The checks call the method on small arrays, and check the number of returned values, their shapes
and dtypes, that the inputs are unchanged, and that the result for one lane or weight does not
depend on the others.
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
"""A fault of a method: the error message, and a hint on how to correct it."""

_LANES, _WEIGHTS, _TIMES = 3, 4, 6
# For arrays of another shape, NumPy may give results that differ in the last bits.
_TOLERANCES: dict[str, Any] = {"rtol": 1e-9, "atol": 1e-12, "equal_nan": True}


def first_fault(method: Definition) -> Fault | None:
    """The first fault of a rule or a schedule, or None. Exceptions of the method are not caught."""
    faults = [_documentation(method)]
    if isinstance(method, Rule):
        faults.append(_rule_faults(method))
    if isinstance(method, Schedule):
        faults.append(_schedule_faults(method))
    # The random inputs may overflow in a correct rule, which NumPy would report as a warning.
    with np.errstate(all="ignore"):
        return next(chain.from_iterable(faults), None)


def _documentation(method: Definition) -> Iterator[Fault]:
    if not method.doc.summary:
        yield "has no docstring", "describe it in one sentence, then write its equation, indented"


def _rule_faults(rule: Rule) -> Iterator[Fault]:
    """The faults for each dtype, with options as numbers and as one number for each lane."""
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
        what = f"returns shape {np.shape(returned)} for {_TIMES} times and 2 rates"
        yield (
            what,
            "t has shape (times, 1) and lr has shape (lanes,): use elementwise expressions only",
        )
    planned = np.broadcast_to(np.asarray(returned, dtype=float), (_TIMES, 2))
    if not (np.isfinite(planned) & (planned >= 0)).all():
        yield "returns a rate that is negative or not finite", "a learning rate is a number ≥ 0"
    for k in range(_TIMES):
        one = given | {
            "t": given["t"][k : k + 1],
            "lr": given["lr"][1:],
            "drops": given["drops"][1:],
        }
        alone = value_at(schedule.function, options, **one)
        if not np.allclose(alone, planned[k, 1], **_TOLERANCES):
            what = "is not elementwise: the rate at one time depends on the other times or lanes"
            yield what, "lr(t) may depend only on its own t, T, lr and options"


def _results(rule: Rule, w: Any, g: Any, slots: tuple[Any, ...], options: Mapping[str, Any]) -> Any:
    """The return value of the equation at step 3."""
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
    """The faults of the returned weights and slots, which must have the shape and dtype of w."""
    names = ("w", *rule.slots)
    values = results if isinstance(results, tuple) else (results,)
    form = f"return {', '.join(names)}" if rule.slots else "return only the new w"
    if len(values) != len(names) or isinstance(results, tuple) != bool(rule.slots):
        yield f"returns {_counted(results)}, not {len(names)}", form
    for name, value in zip(names, values, strict=True):
        if not isinstance(value, np.ndarray):
            yield f"returns a {type(value).__name__} for {name}, not an array", form
        if value.shape != w.shape:
            yield f"returns {name} with shape {value.shape}, but its input has {w.shape}", form
        if value.dtype != w.dtype:
            hint = "a NumPy number or array of another dtype in the equation changes the result's"
            yield f"returns {name} as {value.dtype}, but its input is {w.dtype}", hint


def _dependences(
    rule: Rule, w: Any, g: Any, slots: tuple[Any, ...], options: dict[str, Any], together: Any
) -> Iterator[Fault]:
    """A fault where the update of a lane, or of a weight in it, depends on the others.

    together: the new weights of all lanes in one call.
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
        hint = "use elementwise expressions only; for the norm of a layer, add the input norm"
        yield "is not elementwise: one weight's update depends on the others, or is random", hint


def _norm(array: Any) -> Any:
    """The L2 norm of each lane, at each entry, as if all its weights were one tensor."""
    norms = np.sqrt((array * array).sum(axis=-1, keepdims=True))
    return np.broadcast_to(norms, array.shape)


def _counted(results: Any) -> str:
    if results is None:
        return "nothing"
    return f"{len(results)} values" if isinstance(results, tuple) else "one value"
