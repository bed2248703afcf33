"""Kernels: the text of the module that holds the fused loops for one loss and one rule.

The module is complete in itself, the rule's and the loss's own source included, so that the hash of
its text says all about what it computes: it names the file under which compiled code is kept.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib.metadata import version
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gdrun.engine.compiled import loops, sums
from gdrun.engine.compiled.block_losses import BLOCK_LOSSES
from gdrun.engine.compiled.modules import loaded
from gdrun.engine.compiled.sources import NotCompilableError, body_of, source_of
from gdrun.methods.averaging import AveragedRule
from gdrun.methods.definitions import Definition
from gdrun.methods.rules import Rule
from gdrun.problems.losses import Loss

LINE = 64
"""Bytes that memory hands over at once."""

HEADER = '''"""Fused loops of gdrun for {what} and the rule {rule}: written by a program.

gdrun {gdrun}, numba {numba}, llvmlite {llvmlite}
"""

from __future__ import annotations

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.core.registry import cpu_target
from numba.extending import intrinsic
from numba.np.arrayobj import make_array, populate_array

LINE = {line}
# The bytes of a vector: those of a register where registers are long; elsewhere a core takes a part
# at a time, or two. Found out here, not in the text, as Numba keeps its code by processor anyway.
*_, features = cpu_target.target_context.codegen().magic_tuple()
VECTOR = 64 if "+avx512f" in features else 32

# Sums may be reordered, products and sums fused, and one reciprocal serve several divisions; NaN
# and infinity keep their meaning.
free, strict = {{"reassoc", "contract", "arcp"}}, {{"contract"}}
outer = dict(fastmath=free, error_model="numpy", cache=True, nogil=True)
# Without arrays of its own a loop need not count who holds those it is given: a count for each
# array and call takes longer than many a loop, and threads wait for each other's. An equation that
# makes an array is refused, and left to NumPy.
kernel = njit(_nrt=False, **outer)
allocating = njit(_nrt=True, **outer)
# What only kernels call needs no door to Python, and no place in the cache.
inner = dict(error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True, _nrt=False)
loop = njit(fastmath=free, **inner)
# What a loop calls for each number becomes a part of the loop, which is then vectorised.
inlined = njit(fastmath=free, forceinline=True, **inner)
exact = njit(fastmath=strict, forceinline=True, **inner)
# What hands back a part of an array is written out where it is called.
written_out = njit(inline="always")


@intrinsic
def as_bits(context, x):
    def build(context, builder, signature, given):
        return builder.bitcast(given[0], ir.IntType(64))

    return types.int64(types.float64), build


@intrinsic
def as_float(context, bits):
    def build(context, builder, signature, given):
        return builder.bitcast(given[0], ir.DoubleType())

    return types.float64(types.int64), build


@intrinsic(prefer_literal=True)
def prefetch(context, array, row, cache):
    def build(context, builder, signature, given):
        view = make_array(signature.args[0])(context, builder, given[0])
        stride = cgutils.unpack_tuple(builder, view.strides)[0]
        number, byte = ir.IntType(32), ir.IntType(8).as_pointer()
        start = builder.gep(builder.bitcast(view.data, byte), [builder.mul(given[1], stride)])
        form = ir.FunctionType(ir.VoidType(), [byte, number, number, number])
        function = cgutils.get_or_insert_function(builder.module, form, "llvm.prefetch.p0")
        hints = [number(0), number(4 - cache.literal_value), number(1)]
        # Rows lie one behind the other, so from one to the next is a row's length. One that begins
        # late in a line ends in a line more than that length has: its last byte is asked for too.
        lines = builder.udiv(builder.add(stride, stride.type(LINE - 1)), stride.type(LINE))
        with cgutils.for_range(builder, lines) as line:
            offset = builder.mul(line.index, stride.type(LINE))
            builder.call(function, [builder.gep(start, [offset]), *hints])
        last = builder.sub(stride, stride.type(1))
        builder.call(function, [builder.gep(start, [last]), *hints])
        return context.get_dummy_value()

    return types.void(array, types.int64, cache), build

'''

UPDATE = """
@inlined
def update(W, g, slots, t, options, lane):
    {options}
    moved = length = 0.0
    for j in range(len(g)):
        old = W[lane, j]
        {results} = {rule}({arguments})
        {stores}
        kept = W.dtype.type(new_0)
        moved += (kept - old) * (kept - old)
        length += kept * kept
    return moved, length


@inlined
def update_by_example(X, i, slope, decay, W, slots, t, options, lane):
    {options}
    squares = penalty = moved = length = 0.0
    for j in range(W.shape[1]):
        old = W[lane, j]
        g = slope * X[i, j]
        if DECAYS:
            pull = decay[lane, j] * old
            penalty += pull * old
            g += pull
        squares += g * g
        {results} = {rule}({arguments_by_example})
        {stores}
        kept = W.dtype.type(new_0)
        moved += (kept - old) * (kept - old)
        length += kept * kept
    return squares, penalty, moved, length

"""

ONE_LOSS = """
@inlined
def loss(s, y, extra):
    return {name}(s, y{options})
"""

BLOCK_LOSS = """
@inlined
def block_loss(scores, y, slopes, work, extra):
    return {name}(scores, y, work)
"""

DEFINED = re.compile(r"^(?:def |class )?(\w+)(?: = |\(|:)", re.MULTILINE)
IMPORTED = re.compile(r"^(?:from \w+ )?import \w+ as (\w+)$", re.MULTILINE)
"""What a text gives a name to, at its margin."""

CONSTANTS = {"AHEAD": sums.AHEAD, "SOON": sums.SOON}
LOOPS: dict[Callable[..., Any], str] = {
    sums.fetch: "@inlined",
    sums.bring: "@inlined",
    sums.copy_rows: "@loop",
    sums.row_scores: "@loop",
    sums.row_gradients: "@loop",
    sums.row_sums: "@kernel",
    sums.add: "@loop",
    sums.product_sums: "@allocating",
    loops.clip: "@loop",
    loops.finish_steps: "@kernel",
    loops.advance_rows: "@kernel",
}
LOOPS_OF_ONE_SCORE: dict[Callable[..., Any], str] = {
    sums.streamed_sums: "@kernel",
    loops.examine: "@loop",
    loops.first_unsound: "@loop",
    loops.advance_examples: "@kernel",
}


def kernel_text(loss: Loss, rule: Rule, fixed: Mapping[str, Any], *, decays: bool) -> str:
    """The module's text.

    fixed: the values of the rule's options that lanes cannot differ in. decays: whether any lane
    has an l2 term, which the others' loops are spared.

    Raises NotCompilableError where the rule or the loss has no compiled form.
    """
    if rule.uses_norm:
        raise NotCompilableError(f"{rule.name} asks for layer norms")
    numbers = CONSTANTS | {"DECAYS": decays}
    constants = "".join(f"{name} = {number}\n" for name, number in numbers.items())
    head = header(f"the loss {loss.name}", rule) + constants
    source = equations(rule, *loss_forms(loss))
    return module_text(head, source, _update(rule, fixed), *_loops(loss))


def header(what: str, rule: Rule) -> str:
    """The head of a module: what it is for, the versions that shape it, and its imports."""
    versions = {name: version(name) for name in ("gdrun", "numba", "llvmlite")}
    return HEADER.format(what=what, rule=rule.name, line=LINE, **versions)


@cache
def kernels(text: str) -> ModuleType:
    """The module of this text, compiled as its functions are first called."""
    return loaded(text)


def option_order(rule: Rule) -> list[str]:
    """The options that lanes may differ in, in the order of a kernel's columns; lr is first."""
    varying = [name for name, option in rule.options.items() if option.varies]
    return ["lr", *(name for name in varying if name != "lr")]


def equations(rule: Rule, *others: Callable[..., Any]) -> str:
    """The source of the rule, of its average as average_ if it carries one, and of the others."""
    if not isinstance(rule, AveragedRule):
        return source_of(rule.function, *others)
    text = source_of(rule.function, rule.average, *others)
    return f"{text}\n\naverage_ = {rule.average.__name__}\n"


def average_of(rule: Rule, weight: str, slots: Sequence[str], t: str) -> dict[str, str]:
    """Where the average of a rule goes, and what it is, if it carries one.

    weight: a new weight, in the arrays' type. slots: their places. It is worked out in double
    precision.
    """
    if not isinstance(rule, AveragedRule):
        return {}
    options = "".join(f", {name}={value!r}" for name, value in rule.average_options.items())
    return {slots[-1]: f"average_(float({slots[-1]}), float({weight}), {t}{options})"}


def module_text(head: str, source: str, *body: str) -> str:
    """The whole module: its head, the equations, and the loops that call them.

    Raises NotCompilableError where an equation has a name that the loops use for something else.
    """
    text = "\n\n".join(part.strip("\n") for part in (head, source, *body)) + "\n"
    rest = {name for part in (head, *body) for name in DEFINED.findall(part)}
    if taken := rest.intersection(DEFINED.findall(source) + IMPORTED.findall(source)):
        name = min(taken)
        raise NotCompilableError(f"{name} is a name that its loops have taken: choose another")
    return text


def _update(rule: Rule, fixed: Mapping[str, Any]) -> str:
    """The rule as a loop over parameters, in double precision whatever the arrays hold."""
    slots = [f"slots[lane, {k}, j]" for k in range(len(rule.slots))]
    own = slots[: len(rule.own_slots)]
    # Under names of their own: an option may be called anything, say `squares` or `t`.
    varying = {name: f"option_{k}" for k, name in enumerate(option_order(rule))}
    given = varying | {name: repr(value) for name, value in fixed.items()}
    inputs = ["float(old)", "float(g[j])", *(f"float({slot})" for slot in own)]
    # The function's own parameter order: options may be declared in any.
    arguments = [*inputs, *(("t",) if rule.uses_t else ()), *(given[name] for name in rule.options)]
    results = [f"new_{k}" for k in range(len(own) + 1)]
    stores = dict(zip(["W[lane, j]", *own], results, strict=True))
    stores |= average_of(rule, "W.dtype.type(new_0)", slots, "t")
    return UPDATE.format(
        options="\n    ".join(f"option_{k} = options[lane, {k}]" for k in range(len(varying))),
        rule=rule.function.__name__,
        results=", ".join(results),
        arguments=", ".join(arguments),
        arguments_by_example=", ".join(arguments).replace("g[j]", "g"),
        stores="\n        ".join(f"{place} = {new}" for place, new in stores.items()),
    )


def _loops(loss: Loss) -> list[str]:
    """The loops for the loss's kind of scores, each behind what it calls."""
    # The same steps through products, whose compilation takes longer: a second text of its own.
    by_products = body_of(loops.advance_rows, "@allocating").replace("row_sums(", "product_sums(")
    of_one_score = {} if loss.equation is None else LOOPS_OF_ONE_SCORE
    return [
        *loss_text(loss),
        *(body_of(function, decorator) for function, decorator in LOOPS.items()),
        by_products.replace("def advance_rows(", "def advance_products("),
        *(body_of(loop, decorator) for loop, decorator in of_one_score.items()),
    ]


def option_numbers(*definitions: Definition) -> NDArray[np.float64]:
    """The options of a loss, and of an activation, as loops take them: one after the other."""
    numbers = [number for each in definitions for number in each.values.values()]
    return np.array(numbers, dtype=np.float64)


def option_arguments(definition: Definition, first: int = 0) -> str:
    """What a call of its function says of its options, which begin at this place of `extra`.

    Raises NotCompilableError where one of them is no number.
    """
    if not all(isinstance(value, int | float) for value in definition.values.values()):
        raise NotCompilableError(f"{definition.name} has an option that is no number")
    return "".join(f", extra[{first + k}]" for k in range(len(definition.options)))


def loss_text(loss: Loss) -> list[str]:
    """The losses of a block of scores, as loops call them."""
    parts, form = [], BLOCK_LOSSES.get(loss.name)
    if loss.equation is not None:
        parts.append(ONE_LOSS.format(name=loss.name, options=option_arguments(loss)))
    if form is not None:
        parts.append(BLOCK_LOSS.format(name=form.__name__))
    else:
        whole = body_of(sums.equation_losses, "@inlined")
        parts.append(whole.replace("def equation_losses(", "def block_loss("))
    losses = sums.class_losses if loss.equation is None else sums.score_losses
    return [*parts, body_of(losses, "@loop"), f"losses = {losses.__name__}\n"]


def loss_forms(loss: Loss) -> list[Callable[..., Any]]:
    """The functions that losses are worked out with: an equation, a form for a block, or both."""
    forms = [form for form in (loss.equation, BLOCK_LOSSES.get(loss.name)) if form is not None]
    if not forms:
        raise NotCompilableError(f"{loss.name} has no form for a block of examples")
    return forms
