"""The update alone, fused: for models whose gradients are matrix products, such as networks.

A rule written with arrays makes a temporary for every sign in its equation, and for a network those
cost as much as the products. Here the rule's own text becomes the body of one loop over parameters,
which also sums the norms of the step. The arithmetic is that of the arrays' type, as NumPy's is:
what the equation says of numbers alone, such as 1 − β₂ᵗ, is worked out in double precision before
the loop and rounded once, where NumPy would round it. Only an average of the path is worked out in
double precision.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gdrun.array_types import Array
from gdrun.engine.batches import Batches
from gdrun.engine.cohort import Cohort, Lanes
from gdrun.engine.compiled.kernels import (
    average_of,
    equations,
    header,
    kernels,
    module_text,
    option_order,
)
from gdrun.engine.compiled.sources import NotCompilableError, bare_tree
from gdrun.engine.contract import EngineName
from gdrun.engine.numpy_stepper import NumpyStepper
from gdrun.engine.threaded_objective import ThreadedObjective
from gdrun.engine.threads import single_blas_thread
from gdrun.methods.rules import Rule
from gdrun.problems.objective import Objective

KERNEL = """
@kernel
def fused_update(W_, G_, S_, t_, options_, moved_, length_):
    kind_ = W_.dtype.type
    for lane_ in range(W_.shape[0]):
        {numbers}
        squares_ = sizes_ = kind_(0)
        for j_ in range(W_.shape[1]):
            {loads}
            {body}
            step_ = new_0_ - W_[lane_, j_]
            {stores}
            squares_ += step_ * step_
            sizes_ += new_0_ * new_0_
        moved_[lane_] = np.sqrt(float(squares_))
        length_[lane_] = np.sqrt(float(sizes_))
"""


class UpdateEngine:
    """The NumPy engine with the rule's update fused: for any model, the linear ones apart."""

    name: EngineName = "compiled"
    compression: str | None = None

    def __init__(self, cohort: Cohort) -> None:
        """Compiles the update. Raises NotCompilableError where Numba cannot."""
        from numba.core.errors import NumbaError

        lanes = Lanes.all_of(cohort)
        W = np.zeros((len(lanes.index), 1), cohort.dtype)
        slots = np.zeros((len(W), len(cohort.rule.slots), 1), cohort.dtype)
        try:
            update = FusedUpdate(cohort.rule, lanes.rule_options())
            update(W, W.copy(), slots, 1.0, {"lr": 0.0}, *np.empty((2, len(W))))
        except NumbaError as error:
            reason = str(error).strip().partition("\n")[0]
            raise NotCompilableError(f"{cohort.rule.name} does not compile: {reason}") from error

    def threads(self) -> AbstractContextManager[object]:
        return single_blas_thread()

    def stepper(self, lanes: Lanes, batches: Batches, loss_limit: Any) -> NumpyStepper:
        update = FusedUpdate(lanes.cohort.rule, lanes.rule_options())
        return NumpyStepper(lanes, batches, loss_limit, self.objective(lanes.objective), update)

    def objective(self, objective: Objective) -> Objective:
        return ThreadedObjective(objective.model, objective.l2, objective.dropout)


class FusedUpdate:
    """One step of a rule for all lanes, in place."""

    def __init__(self, rule: Rule, options: Mapping[str, Any]) -> None:
        """Raises NotCompilableError where the rule has no such form.

        options: the rule's own but for lr: floats or (lanes, 1), and what lanes cannot differ in.
        """
        self._names = option_order(rule)
        self._options = dict(options)
        self._run = kernels(update_text(rule, options)).fused_update

    def __call__(
        self,
        W: Array,
        gradient: Array,
        slots: Array,
        t: float,
        changed: Mapping[str, Any],
        moved: NDArray[np.float64],
        length: NDArray[np.float64],
    ) -> None:
        """Write the new W (lanes, P) and slots (lanes, K, P) over the old ones.

        changed: the options of this step, lr among them. moved, length (lanes,): get ‖ΔW‖ and ‖W‖.
        """
        given = self._options | dict(changed)
        options = np.empty((len(W), len(self._names)))
        for column, name in enumerate(self._names):
            options[:, column : column + 1] = given[name]
        self._run(W, gradient, slots, t, options, moved, length)


def text_of_update(cohort: Cohort) -> str:
    """The text of the update that the cohort needs. Raises NotCompilableError where it has none."""
    return update_text(cohort.rule, Lanes.all_of(cohort).rule_options())


def update_text(rule: Rule, options: Mapping[str, Any]) -> str:
    """The text of the module that holds the rule's fused update."""
    kernel = filled(KERNEL, rule, options)
    return module_text(header("the update alone", rule), equations(rule), kernel)


def filled(template: str, rule: Rule, options: Mapping[str, Any]) -> str:
    """The template with the rule's own text in it.

    Its places are {numbers}, before the loop over parameters, {loads}, {body} and {stores} in it.
    Arrays are W_, G_ and S_, a lane and a parameter of theirs lane_ and j_, and the step is t_; the
    loads give g as G_ holds it, the body new_0_, the new weight. Raises NotCompilableError where
    the rule has no such form.
    """
    if rule.uses_norm:
        raise NotCompilableError(f"{rule.name} asks for layer norms")
    names = option_order(rule)
    fixed = {name: value for name, value in options.items() if name not in names}
    tree = bare_tree(rule.function)
    arrays = [argument.arg for argument in tree.args.args[: 2 + len(rule.own_slots)]]
    steps = ["t"] if rule.uses_t else []
    parts = _Parts({*names, *fixed, *steps}, fixed)
    results = parts.take(tree.body)
    if len(results) != 1 + len(rule.own_slots):
        raise NotCompilableError(f"{rule.name} returns {len(results)} values at its end")
    numbers = [
        *(f"{name} = t_" for name in steps),
        *(f"{name} = options_[lane_, {k}]" for k, name in enumerate(names)),
        *(f"{name} = {value!r}" for name, value in fixed.items()),
        *parts.numbers,
    ]
    slots = [f"S_[lane_, {k}, j_]" for k in range(len(rule.slots))]
    own = ["W_[lane_, j_]", *slots[: len(rule.own_slots)]]
    places = [own[0], "G_[lane_, j_]", *own[1:]]
    loads = [f"{name} = {place}" for name, place in zip(arrays, places, strict=True)]
    news = [f"new_{k}_ = kind_({result})" for k, result in enumerate(results)]
    kept = {place: f"new_{k}_" for k, place in enumerate(own)}
    kept |= average_of(rule, "new_0_", slots, "t_")
    stores = [f"{place} = {new}" for place, new in kept.items()]
    lines = {
        "numbers": numbers,
        "loads": loads,
        "body": [*parts.body, *news],
        "stores": stores[1:] + stores[:1],
    }
    for name, texts in lines.items():
        template = _put(template, name, texts)
    return template


def _put(template: str, name: str, lines: list[str]) -> str:
    """The lines in the place of {name}, as far from the margin as it was."""
    (found,) = [line for line in template.splitlines() if line.strip() == f"{{{name}}}"]
    margin = found[: -len(name) - 2]
    return template.replace(found, "\n".join(margin + line for line in lines))


class _Parts:
    """A rule's statements taken apart: what is of numbers alone, and what is of parameters."""

    def __init__(self, numbers: Iterable[str], fixed: Mapping[str, Any]) -> None:
        self._known = set(numbers)
        self._fixed = fixed
        self.numbers: list[str] = []
        self.body: list[str] = []

    def take(self, statements: list[ast.stmt]) -> list[str]:
        """Take the statements in turn; the expressions that the last one returns."""
        for statement in statements:
            match statement:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    self._assign(name, value)
                case ast.Return(value=ast.Tuple(elts=values)):
                    return [self._of_parameters(value) for value in values]
                case ast.Return(value=value) if value is not None:
                    return [self._of_parameters(value)]
                case ast.If(test=test, body=body, orelse=orelse):
                    if results := self.take(body if self._holds(test) else orelse):
                        return results
                case _:
                    raise NotCompilableError("it has a statement that no loop can take over")
        return []

    def _assign(self, name: str, value: ast.expr) -> None:
        if self._is_number(value):
            self.numbers.append(f"{name} = {ast.unparse(value)}")
            self._known.add(name)
        else:
            self.body.append(f"{name} = {self._of_parameters(value)}")
            self._known.discard(name)

    def _holds(self, test: ast.expr) -> bool:
        """Whether a condition on fixed options holds."""
        names = {node.id for node in ast.walk(test) if isinstance(node, ast.Name)}
        if not names <= set(self._fixed):
            raise NotCompilableError("it branches on what is known only in the loop")
        return bool(eval(ast.unparse(test), {"__builtins__": {}}, dict(self._fixed)))

    def _is_number(self, node: ast.expr) -> bool:
        """Whether an expression is of constants, options and the step count alone."""
        called = {id(call.func) for call in ast.walk(node) if isinstance(call, ast.Call)}
        names = [
            name for name in ast.walk(node) if isinstance(name, ast.Name) and id(name) not in called
        ]
        return all(name.id in self._known for name in names)

    def _of_parameters(self, node: ast.expr) -> str:
        """The expression, with what is of numbers alone worked out in front of the loop."""
        return ast.unparse(_Rounded(self).visit(node))

    def rounded(self, node: ast.expr) -> ast.expr:
        """A name for a number, rounded to the arrays' type before the loop."""
        text = f"kind_({ast.unparse(node)})"
        for line in self.numbers:
            name, _, known = line.partition(" = ")
            if known == text:
                return ast.Name(id=name, ctx=ast.Load())
        name = f"number_{len(self.numbers)}_"
        self.numbers.append(f"{name} = {text}")
        return ast.Name(id=name, ctx=ast.Load())


class _Rounded(ast.NodeTransformer):
    """Puts a rounded number in place of every largest expression of numbers alone."""

    def __init__(self, parts: _Parts) -> None:
        self._parts = parts

    def visit(self, node: ast.AST) -> Any:
        if isinstance(node, ast.expr) and not isinstance(node, ast.Constant | ast.Name):
            if isinstance(node, ast.BinOp | ast.UnaryOp | ast.Call) and self._parts._is_number(
                node
            ):
                return self._parts.rounded(node)
            if isinstance(node, ast.Call):
                node.args = [self.visit(argument) for argument in node.args]
                return node
            return self.generic_visit(node)
        if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
            return self._parts.rounded(node)
        if isinstance(node, ast.Name) and node.id in self._parts._known:
            return self._parts.rounded(node)
        return node
