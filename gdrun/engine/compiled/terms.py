"""Values of a translated equation, and the C statements that name them.

A value is a Python constant, a tuple of values, or a Term, which is a C expression. A Term is
either a value of each parameter or example (`each`), of the run's number type `real`; or one number
for all of them, such as 1 − β₂ᵗ, which is computed in double precision, and rounded where it meets
a value of each, as NumPy does with a Python float.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Value = Any
"""A Python constant, a tuple of values, or a Term."""


@dataclass(frozen=True, eq=False)
class Term:
    """A C expression.

    each: whether it is a value of each parameter or example, or one number for all. truth: whether
    it is a truth value, a C int of 0 or 1.
    """

    text: str
    each: bool
    truth: bool = False


@dataclass(frozen=True)
class Translation:
    """An equation as C.

    shared: the statements that compute numbers for all values, in double precision. fields: what
    the other statements read of those, each with its C type and expression. statements: those for
    one value. results: the expressions that the equation returns.
    """

    shared: Sequence[str]
    fields: Mapping[str, tuple[str, str]]
    statements: Sequence[str]
    results: Sequence[str]

    def text(self, name: str, shared: str, each: Sequence[str]) -> str:
        """Two C functions: NAME_numbers of the shared parameters, NAME of those of each value.

        shared: the declaration of the first one's parameters. each: the names of the second one's,
        behind the struct that the first returns; the results follow, as pointers result0, ….
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
    """The C statements of an equation so far."""

    shared: list[str] = field(default_factory=list)
    statements: list[str] = field(default_factory=list)
    fields: dict[str, tuple[str, str]] = field(default_factory=dict)
    names: int = 0
    depth: int = 0

    def keep(self, name: str, value: Value) -> Value:
        """The value under a name of its own, so that its expression is written once.

        The name ends in a number, so it is no word of C and no name of the kernels.
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
        """The value among those of each parameter or example."""
        if not isinstance(value, Term):
            return _literal(value, "(real)")
        text = value.text if value.each else self._field(value)
        return f"(real){text}" if value.truth else text

    def as_number(self, value: Value) -> str:
        """The value among the numbers for all."""
        if not isinstance(value, Term):
            return _literal(value, "")
        return f"(double){value.text}" if value.truth else value.text

    def as_truth(self, value: Value, *, each: bool) -> str:
        """A truth value, among those of each parameter or example or not."""
        if not isinstance(value, Term):
            return str(int(bool(value)))
        return self._field(value) if each and not value.each else value.text

    def operands(self, values: Sequence[Value], *, each: bool | None = None) -> list[str]:
        """The values as operands of one operation."""
        form = self.as_real if (any_each(values) if each is None else each) else self.as_number
        return [form(value) for value in values]

    def _field(self, value: Term) -> str:
        """The name under which the statements for each value read a number for all."""
        entry = ("int" if value.truth else "real", value.text)
        for name, known in self.fields.items():
            if known == entry:
                return f"numbers.{name}"
        name = f"n{len(self.fields)}"
        self.fields[name] = entry
        return f"numbers.{name}"


def any_each(values: Iterable[Value]) -> bool:
    """Whether any is a value of each parameter or example."""
    return any(isinstance(value, Term) and value.each for value in values)


def any_term(values: Iterable[Value]) -> bool:
    """Whether any is a C expression, or a tuple with one in it."""
    return any(
        any_term(value) if isinstance(value, tuple) else isinstance(value, Term) for value in values
    )


def is_truth(value: Value) -> bool:
    """Whether it is a truth value."""
    return value.truth if isinstance(value, Term) else isinstance(value, bool | np.bool_)


def is_number(value: Value) -> bool:
    """Whether it is a constant number or truth value."""
    return isinstance(value, bool | int | float | np.bool_ | np.integer | np.floating)


def block(lines: Iterable[str]) -> str:
    """The lines as a C block."""
    return "{\n" + "".join(f"    {line}\n" for line in lines) + "}\n"


def bare(text: str) -> str:
    """The expression without parentheses around the whole of it."""
    depth = 0
    for place, sign in enumerate(text):
        depth += (sign == "(") - (sign == ")")
        if depth == 0:
            return text[1:-1] if sign == ")" and place == len(text) - 1 else text
    return text


def _in_c(name: str) -> str:
    """The name in the letters that every C compiler takes."""
    return "".join(sign if sign.isascii() else f"u{ord(sign):x}" for sign in name)


def _literal(value: Any, cast: str) -> str:
    """A number in C, with every digit of it."""
    number = float(value)
    if math.isnan(number):
        return f"{cast}NAN"
    text = "INFINITY" if math.isinf(number) else repr(abs(number))
    return f"{cast}{text}" if math.copysign(1, number) > 0 else f"(-{cast}{text})"
