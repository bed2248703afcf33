"""The C text of each kernel: a generated header, and the file that the header completes.

The header defines the number type, the rule, the loss, the activation, and whether there is an l2
term or clipping. The numbers that lanes (runs trained together) may differ in are not in the
header, but arguments of the kernel.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from gdrun.array_types import Numbers
from gdrun.engine.cohort import Cohort
from gdrun.engine.compiled.translate import translate
from gdrun.engine.contract import NotCompilableError
from gdrun.methods.averaging import AveragedRule
from gdrun.methods.definitions import Definition
from gdrun.methods.rules import Rule
from gdrun.problems.activations import Activation
from gdrun.problems.losses import Loss

BLOCK_LOSSES = {
    "logistic": "logistic_losses",
    "cross_entropy": "cross_entropy_losses",
    "hinge": "hinge_losses",
    "squared_hinge": "squared_hinge_losses",
}
"""The function in losses.h for each loss that has a handwritten one, by the name of the loss."""


@dataclass(frozen=True)
class StepForm:
    """The properties of a cohort, apart from the model, that its kernels of steps depend on.

    fixed: the values of those options of the rule that lanes cannot differ in, by name. decays:
    whether any lane has an l2 term. clips: whether any lane clips its gradient.
    """

    rule: Rule
    fixed: Mapping[str, Any]
    dtype: np.dtype[Any]
    decays: bool
    clips: bool

    @classmethod
    def of(cls, cohort: Cohort) -> StepForm:
        """Return the properties on which the kernels of a cohort depend.

        Lanes that have ended count too, so that nothing is compiled again when a lane ends.
        """
        numbers = cohort.numbers
        clips = np.isfinite(numbers.clip_norm).any() or np.isfinite(numbers.clip_value).any()
        decays = bool(numbers.l2.any())
        return cls(cohort.rule, cohort.rule_options, cohort.dtype, decays, bool(clips))


def pass_text(loss: Loss, dtype: np.dtype[Any]) -> str:
    """Return the C text of the kernel that sums over all rows.

    Raises NotCompilableError if the loss cannot be translated to C.
    """
    return _unit("passes.c", numbers_part(dtype), loss_part(loss))


def step_text(kernel: str, loss: Loss, form: StepForm) -> str:
    """Return the C text of a kernel of steps of a linear model.

    kernel: "examples" for steps on one example each, "rows" for all other steps. Raises
    NotCompilableError if the rule or the loss cannot be translated to C.
    """
    rule = rule_part(form.rule, form.fixed)
    return _unit(f"{kernel}.c", numbers_part(form.dtype), flags_part(form), loss_part(loss), rule)


def update_text(rule: Rule, fixed: Mapping[str, Any], dtype: np.dtype[Any]) -> str:
    """Return the C text of the kernel of a rule's update, which computes no gradients.

    fixed: the values of the options that lanes cannot differ in, by name. Raises NotCompilableError
    if the rule cannot be translated to C.
    """
    return _unit("update.c", numbers_part(dtype), rule_part(rule, fixed))


def network_text(loss: Loss, activation: Activation, form: StepForm) -> str:
    """Return the C text of the kernels of a plain network's steps and evaluations.

    Raises NotCompilableError if the loss, the activation or the rule cannot be translated to C.
    """
    return _unit(
        "network.c",
        numbers_part(form.dtype),
        flags_part(form),
        loss_part(loss),
        activation_part(activation, loss),
        rule_part(form.rule, form.fixed),
        '#include "evaluation.c"\n',
    )


def option_numbers(*definitions: Definition) -> Numbers:
    """Return the option values of the definitions, joined in an array for a kernel.

    definitions: a loss, or a loss and an activation.
    """
    numbers = [number for each in definitions for number in each.values.values()]
    return np.array(numbers, dtype=np.float64)


def _option_places(definition: Definition, first: int = 0) -> dict[str, str]:
    """Return the C expression of each option: an entry of the array of `option_numbers`.

    first: the index of the first option in this array. Raises NotCompilableError if the value of an
    option is not a number.
    """
    if not all(isinstance(value, int | float) for value in definition.values.values()):
        raise NotCompilableError(f"{definition.name} has an option that is not a number")
    return {name: f"extra[{first + k}]" for k, name in enumerate(definition.options)}


def _unit(file: str, *parts: str) -> str:
    return "\n".join([*parts, f'#include "{file}"', ""])


def numbers_part(dtype: np.dtype[Any]) -> str:
    """Return the part of the header that sets the number type and includes functions for it."""
    return f'#define REAL_BITS {8 * dtype.itemsize}\n#include "mathematics.h"\n'


def flags_part(form: StepForm) -> str:
    """Return the part of the header that says whether any lane has an l2 term or clipping."""
    return f"#define DECAYS {int(form.decays)}\n#define CLIPS {int(form.clips)}\n"


def loss_part(loss: Loss) -> str:
    """Return the part of the header with the loss.

    This part names the C function for a block of examples. For a loss of one score, the part also
    contains the translated equation. Raises NotCompilableError if the loss has no form in C.
    """
    by_class = loss.targets == "code"
    if by_class and loss.name not in BLOCK_LOSSES:
        raise NotCompilableError(f"the loss {loss.name} is not available in C")
    lines = [
        f"typedef {'int64_t' if by_class else 'real'} target;",
        f"#define CLASSES {int(by_class)}",
        f"#define LOSS_OF_BLOCK {BLOCK_LOSSES.get(loss.name, 'equation_losses')}",
    ]
    if loss.equation is None:
        empty = "struct loss_numbers {\n    int none;\n};\n"
        return "\n".join([*lines, empty, _constant_numbers("loss", "const double *extra")])
    extra = _option_places(loss)
    form = translate(
        loss.equation, each={"s": "s", "y": "y"}, shared=extra, constants={}, results=2
    )
    return "\n".join([*lines, "", form.text("loss", "const double *extra", ["s", "y"])])


def activation_part(activation: Activation, loss: Loss) -> str:
    """Return the part of the header with the activation and its slope.

    The options of the activation follow the options of the loss in the array of options. Raises
    NotCompilableError if the activation cannot be translated.
    """
    extra = _option_places(activation, len(loss.options))
    form = translate(activation.function, each={"z": "z"}, shared=extra, constants={}, results=2)
    return form.text("activation", "const double *extra", ["z"])


def option_order(rule: Rule) -> list[str]:
    """Return the names of the options that lanes may differ in, in the kernel's order: lr first."""
    varying = [name for name, option in rule.options.items() if option.varies]
    return ["lr", *(name for name in varying if name != "lr")]


def rule_part(rule: Rule, fixed: Mapping[str, Any]) -> str:
    """Return the part of the header with the rule, and with its average of the weights if any.

    The part also contains the C function for a step of one parameter. fixed: the values of the
    options that lanes cannot differ in, by name. Raises NotCompilableError if the rule cannot be
    translated.
    """
    if rule.uses_norm:
        what = "the norm of each weight matrix, which cannot be translated to C"
        raise NotCompilableError(f"{rule.name} uses {what}")
    own = [f"slot{k}" for k in range(len(rule.own_slots))]
    names = ["w", "g", *own]
    shared = {name: f"options[{k}]" for k, name in enumerate(option_order(rule))}
    shared |= {"t": "t"} if rule.uses_t else {}
    form = translate(
        rule.function,
        each=dict(zip(["w", "g", *rule.own_slots], names, strict=True)),
        shared=shared,
        constants={name: value for name, value in fixed.items() if name not in shared},
        results=1 + len(own),
    )
    return "\n".join(
        [
            f"#define SLOTS {len(rule.slots)}",
            f"#define OPTIONS {len(option_order(rule))}\n",
            form.text("rule", "double t, const double *options", names),
            average_part(rule),
            _step_of_one(len(own), averages=isinstance(rule, AveragedRule)),
        ]
    )


def average_part(rule: Rule) -> str:
    """Return the part of the header that computes the average of the weights.

    For a rule without an average, the part has an empty struct instead. Raises NotCompilableError
    if the average cannot be translated.
    """
    if not isinstance(rule, AveragedRule):
        empty = "struct average_numbers {\n    int none;\n};\n\n"
        return empty + _constant_numbers("average", "double t")
    form = translate(
        rule.average,
        each={"mean": "mean", "w": "w"},
        shared={"t": "t"},
        constants=rule.average_options,
        results=1,
    )
    return form.text("average", "double t", ["mean", "w"])


def _constant_numbers(name: str, parameters: str) -> str:
    """Return the C function that returns the shared numbers, for an equation without any.

    name: the start of the name of the function. parameters: the declaration of its parameters.
    """
    return (
        f"static inline struct {name}_numbers {name}_numbers({parameters})\n"
        f"{{\n    return (struct {name}_numbers){{0}};\n}}\n"
    )


def _step_of_one(slots: int, *, averages: bool) -> str:
    """Return the C function that takes a step of one parameter of the model.

    The function returns the new weight and overwrites the slots. slots: the number of slots of the
    rule. averages: whether there is an average of the weights.
    """
    places = [f"slots[{k} * P + j]" for k in range(slots)]
    inputs = ", ".join(["numbers.rule", "w", "g", *places])
    outputs = ", ".join(["&new", *(f"&new{k}" for k in range(slots))])
    declared = ", ".join(["new", *(f"new{k}" for k in range(slots))])
    lines = [f"real {declared};", f"rule({inputs}, {outputs});"]
    lines += [f"{place} = new{k};" for k, place in enumerate(places)]
    if averages:
        mean = f"slots[{slots} * P + j]"
        lines += ["real mean;", f"average(numbers.average, {mean}, new, &mean);", f"{mean} = mean;"]
    body = "".join(f"    {line}\n" for line in [*lines, "return new;"])
    return (
        "struct step_numbers {\n"
        "    struct rule_numbers rule;\n    struct average_numbers average;\n};\n\n"
        "static inline struct step_numbers step_numbers(double t, const double *options)\n"
        "{\n    return (struct step_numbers){rule_numbers(t, options), average_numbers(t)};\n}\n\n"
        "static inline real moved_weight(struct step_numbers numbers, real w, real g,\n"
        "    real *restrict slots, int64_t P, int64_t j)\n"
        f"{{\n{body}}}\n"
    )
