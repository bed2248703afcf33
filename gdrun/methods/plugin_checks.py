"""A trial of a new method: is it the pure, elementwise function that its form promises?

It is called on small arrays of numbers, and what it gives is held against the form: as many values
as slots, shapes and types as they came, inputs left alone, and no lane or weight that sees another.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain, product
from typing import Any

import numpy as np

from gdrun.methods.definitions import Definition
from gdrun.methods.rules import Rule
from gdrun.methods.schedules.form import Schedule, value_at

Complaint = tuple[str, str]
"""What is wrong with a method, and what to do about it."""

_LANES, _WEIGHTS, _TIMES = 3, 4, 6
_ALIKE: dict[str, Any] = {"rtol": 1e-9, "atol": 1e-12, "equal_nan": True}


def complaint(method: Definition) -> Complaint | None:
    """The first thing that is wrong with a rule or a schedule. Its own exceptions pass through."""
    faults = [_documentation(method)]
    if isinstance(method, Rule):
        faults.append(_rule_faults(method))
    if isinstance(method, Schedule):
        faults.append(_schedule_faults(method))
    with np.errstate(all="ignore"):
        return next(chain.from_iterable(faults), None)


def _documentation(method: Definition) -> Iterator[Complaint]:
    if not method.doc.summary:
        yield "has no docstring", "say in a sentence what it does, then its equation, indented"


def _rule_faults(rule: Rule) -> Iterator[Complaint]:
    """Each combination that the engine may use: a type, with options as numbers or by lane."""
    for dtype, by_lane in product((np.float64, np.float32), (False, True)):
        random = np.random.default_rng(0)
        w, g = random.normal(size=(2, _LANES, _WEIGHTS)).astype(dtype)
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
        yield from _changed(given, before)
        yield from _misfits(rule, results, w)
        if dtype is np.float64 and by_lane:
            yield from _mixing(rule, w, g, slots, options, _new_weights(rule, results))


def _schedule_faults(schedule: Schedule) -> Iterator[Complaint]:
    given: dict[str, Any] = {
        "t": np.arange(float(_TIMES))[:, None],
        "T": float(_TIMES),
        "lr": np.array([0.1, 0.2]),
        "drops": np.array([0, 1]),
    }
    before = {name: np.copy(value) for name, value in given.items()}
    options = schedule.defaults
    found = value_at(schedule.function, options, **given)
    yield from _changed(given, before)
    if np.shape(found) not in ((), (2,), (_TIMES, 1), (_TIMES, 2)):
        what = f"returns shape {np.shape(found)} for {_TIMES} times and 2 rates"
        yield (
            what,
            "t is a column (times, 1) and lr a row (lanes,): keep to elementwise expressions",
        )
    planned = np.broadcast_to(np.asarray(found, dtype=float), (_TIMES, 2))
    if not (np.isfinite(planned) & (planned >= 0)).all():
        yield "returns a rate that is negative or not finite", "a learning rate is a number ≥ 0"
    for k in range(_TIMES):
        one = given | {
            "t": given["t"][k : k + 1],
            "lr": given["lr"][1:],
            "drops": given["drops"][1:],
        }
        if not np.allclose(value_at(schedule.function, options, **one), planned[k, 1], **_ALIKE):
            what = "gives another rate for a time and a lane that are asked for alone"
            yield what, "lr(t) may depend on nothing but its own t, T, lr and options"


def _results(rule: Rule, w: Any, g: Any, slots: tuple[Any, ...], options: Mapping[str, Any]) -> Any:
    """What the equation itself returns, at step 3."""
    inputs = (*slots, *((3.0,) if rule.uses_t else ()), *((_norm,) if rule.uses_norm else ()))
    return rule.function(w, g, *inputs, **options)


def _new_weights(rule: Rule, results: Any) -> Any:
    return results[0] if rule.slots else results


def _changed(given: Mapping[str, Any], before: Mapping[str, Any]) -> Iterator[Complaint]:
    for name, value in given.items():
        if not np.array_equal(value, before[name], equal_nan=True):
            yield f"changes its input {name}", f"write {name} = {name} + …, not {name} += …"


def _misfits(rule: Rule, results: Any, w: Any) -> Iterator[Complaint]:
    """How the returned values differ from new weights and slots, each like w."""
    names = ("w", *rule.slots)
    values = results if isinstance(results, tuple) else (results,)
    form = f"return {', '.join(names)}" if rule.slots else "return the new w, and nothing else"
    if len(values) != len(names) or isinstance(results, tuple) != bool(rule.slots):
        yield f"returns {_counted(results)}, not {len(names)}", form
    for name, value in zip(names, values, strict=True):
        if not isinstance(value, np.ndarray):
            yield f"returns a {type(value).__name__} for {name}, not an array", form
        if value.shape != w.shape:
            yield f"returns shape {value.shape} for {name}, which came as {w.shape}", form
        if value.dtype != w.dtype:
            hint = "a NumPy number or array with a type of its own has crept into the equation"
            yield f"returns {value.dtype} for {name}, which came as {w.dtype}", hint


def _mixing(
    rule: Rule, w: Any, g: Any, slots: tuple[Any, ...], options: dict[str, Any], together: Any
) -> Iterator[Complaint]:
    """Whether a lane, or a weight within it, sees another."""
    row = {
        name: value[1:2] if isinstance(value, np.ndarray) else value
        for name, value in options.items()
    }
    weights = slice(None) if rule.uses_norm else slice(2, 3)
    one, slope, *carried = (array[1:2, weights] for array in (w, g, *slots))
    alone = _new_weights(rule, _results(rule, one, slope, tuple(carried), row))
    if not np.allclose(alone, together[1:2, weights], **_ALIKE):
        hint = "write it elementwise; where it needs the norm of a layer, take the input norm"
        yield "moves a weight otherwise when others are beside it", hint


def _norm(array: Any) -> Any:
    """The norm of each lane, as if its weights were one tensor."""
    norms = np.sqrt((array * array).sum(axis=-1, keepdims=True))
    return np.broadcast_to(norms, array.shape)


def _counted(results: Any) -> str:
    if results is None:
        return "nothing"
    return f"{len(results)} values" if isinstance(results, tuple) else "one value"
