"""The values in a translated equation, and the C statements that compute them.

A value is a Python constant, a tuple of values, or a Term, which is a C expression. There are two
kinds of terms. A term with `each` has a value for each parameter or example, in the number type of
the run, `real`. The other kind is one number that all parameters or examples share, such as
1 − β₂ᵗ. Such a shared number is computed in double precision, and rounded when it is combined with
a term of the first kind, as NumPy does with a Python float.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Value = Any
"""A value in a translated equation: a Python constant, a tuple of values, or a Term."""


@dataclass(frozen=True, eq=False)
class Term:
    """A C expression for a value in an equation.

    each: whether the value differs between parameters or examples; otherwise it is one number that
    they share. truth: whether it is a truth value, which in C is an int, 0 or 1.
    """

    text: str
    each: bool
    truth: bool = False


@dataclass(frozen=True)
class Translation:
    """An equation, translated to C.

    A shared number is one that all parameters or examples use. shared: the C statements that
    compute the shared numbers, in double precision. fields: the shared numbers that `statements`
    read: C type and expression by name. statements: the C statements that compute the results for
    one parameter or example. results: the C expressions that the equation returns.
    """

    shared: Sequence[str]
    fields: Mapping[str, tuple[str, str]]
    statements: Sequence[str]
    results: Sequence[str]

    def text(self, name: str, shared: str, each: Sequence[str]) -> str:
        """Return the C text of two functions, called `name` and `name` with the ending _numbers.

        The second computes the shared numbers and returns them in a struct; `shared` declares its
        parameters. The first computes the results for one parameter or example. Its parameters are
        the struct, then those named in `each`, then pointers result0, … to the results.
        """
        fields = self.fields or {"none": ("int", "0")}
        members = "".join(f"    {kind} {field};\n" for field, (kind, _) in fields.items())
        values = ", ".join(bare(text) for _, text in fields.values())
        inputs = [f"struct {name}_numbers numbers", *(f"real {name}" for name in each)]
        outputs = [f"real *result{k}" for k in range(len(self.results))]
        stores = [f"*result{k} = {bare(text)};" for k, text in enumerate(self.results)]
        return (
            f"struct {name}_numbers {{\n{members}}};\n\n"
            f"static inline struct {name}_numbers {name}_numbers({shared or 'void'})\n"
            f"{block([*self.shared, f'return (struct {name}_numbers){{{values}}};'])}\n"
            f"static inline void {name}({', '.join([*inputs, *outputs])})\n"
            f"{block([*self.statements, *stores])}"
        )


@dataclass
class Writing:
    """Collects the C statements of an equation during its translation.

    shared: the statements that compute numbers that all parameters or examples share. fields: the C
    type and the expression of each shared number that `statements` read, by name. statements: the
    statements for one parameter or example. names: the number of C variables so far. depth: how
    deeply the call that is being translated is nested in calls of helper functions.
    """

    shared: list[str] = field(default_factory=list)
    statements: list[str] = field(default_factory=list)
    fields: dict[str, tuple[str, str]] = field(default_factory=dict)
    names: int = 0
    depth: int = 0

    def keep(self, name: str, value: Value) -> Value:
        """Store the value in a C variable of its own, and return this variable as a value.

        The expression of the value is then computed only once. name: the start of the variable's
        name. A number is appended, so that the name cannot be a C keyword or a name in the kernels.
        """
        if not isinstance(value, Term) or value.text.isidentifier():
            return value
        kind = "int" if value.truth else "real" if value.each else "double"
        self.names += 1
        own = f"{_in_c(name)}_{self.names}"
        lines = self.statements if value.each else self.shared
        lines.append(f"const {kind} {own} = {bare(value.text)};")
        return Term(own, value.each, value.truth)

    def as_real(self, value: Value) -> str:
        """Return a value's C expression for the loop over parameters or examples.

        Its C type is `real`, the number type of the run.
        """
        if not isinstance(value, Term):
            return _literal(value, "(real)")
        text = value.text if value.each else self._field(value)
        return f"(real){text}" if value.truth else text

    def as_number(self, value: Value) -> str:
        """Return a value's C expression as a double, for statements before the loop."""
        if not isinstance(value, Term):
            return _literal(value, "")
        return f"(double){value.text}" if value.truth else value.text

    def as_truth(self, value: Value, *, each: bool) -> str:
        """Return the C expression of a truth value.

        each: whether it is used inside the loop over the parameters or examples.
        """
        if not isinstance(value, Term):
            return str(int(bool(value)))
        return self._field(value) if each and not value.each else value.text

    def operands(self, values: Sequence[Value], *, each: bool | None = None) -> list[str]:
        """Return the C expressions of the values as operands of one operation.

        each: whether the operation is done for each parameter or example; None means: only if one
        of the values differs between parameters or examples.
        """
        form = self.as_real if (any_each(values) if each is None else each) else self.as_number
        return [form(value) for value in values]

    def _field(self, value: Term) -> str:
        """Return the C name of a shared number inside the loop over parameters or examples."""
        entry = ("int" if value.truth else "real", value.text)
        for name, known in self.fields.items():
            if known == entry:
                return f"numbers.{name}"
        name = f"n{len(self.fields)}"
        self.fields[name] = entry
        return f"numbers.{name}"


def any_each(values: Iterable[Value]) -> bool:
    """Return whether any of the values differs between parameters or examples."""
    return any(isinstance(value, Term) and value.each for value in values)


def any_term(values: Iterable[Value]) -> bool:
    """Return whether any of the values is a Term, or a tuple that contains one."""
    return any(
        any_term(value) if isinstance(value, tuple) else isinstance(value, Term) for value in values
    )


def is_truth(value: Value) -> bool:
    """Return whether a value is a truth value: a bool, or a Term with `truth`."""
    return value.truth if isinstance(value, Term) else isinstance(value, bool | np.bool_)


def is_number(value: Value) -> bool:
    """Return whether a value is a constant number or truth value, and not a Term."""
    return isinstance(value, bool | int | float | np.bool_ | np.integer | np.floating)


def block(lines: Iterable[str]) -> str:
    """Return the lines as a C block: indented, in braces."""
    return "{\n" + "".join(f"    {line}\n" for line in lines) + "}\n"


def bare(text: str) -> str:
    """Return a C expression without its outer parentheses, if it has any."""
    depth = 0
    for place, sign in enumerate(text):
        depth += (sign == "(") - (sign == ")")
        if depth == 0:
            return text[1:-1] if sign == ")" and place == len(text) - 1 else text
    return text


def _in_c(name: str) -> str:
    """Return `name` with each non-ASCII character replaced by u and its code, for C."""
    return "".join(sign if sign.isascii() else f"u{ord(sign):x}" for sign in name)


def _literal(value: Any, cast: str) -> str:
    """Return a C literal of a number, with all its digits. cast: a C cast to put before it."""
    number = float(value)
    if math.isnan(number):
        return f"{cast}NAN"
    text = "INFINITY" if math.isinf(number) else repr(abs(number))
    return f"{cast}{text}" if math.copysign(1, number) > 0 else f"(-{cast}{text})"
