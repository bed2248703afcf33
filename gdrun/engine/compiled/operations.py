"""Translates the operators and functions in an equation to C expressions.

Operations whose operands are all constants are computed by Python during the translation.
NoFormError describes an operation that cannot be translated to C.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from gdrun.engine.compiled.elementary import NUMPY_OPERATORS, elementary
from gdrun.engine.compiled.terms import (
    Term,
    Value,
    Writing,
    any_each,
    any_term,
    is_number,
    is_truth,
)

Function = Callable[..., Any]


class NoFormError(Exception):
    """An operation cannot be translated to C; the message says which operation."""


class Operations:
    """Translates the operations of one equation, and adds their C statements to a `Writing`.

    A Value is a Python constant, a tuple of values, or a C expression. The methods raise
    NoFormError for an operation that cannot be translated.
    """

    def __init__(self, writing: Writing) -> None:
        self._writing = writing

    def computed(self, function: Function, *given: Value) -> Value:
        """Return the result of a function whose arguments are all constants, computed by Python."""
        if any_term(given):
            raise NoFormError("a tuple used as a number cannot be translated to C")
        try:
            with np.errstate(all="ignore"):
                found = function(*given)
        except (ArithmeticError, TypeError, ValueError) as error:
            raise NoFormError(str(error)) from None
        return found.item() if isinstance(found, np.generic) else found

    def binary(self, op: type[ast.operator], left: Value, right: Value) -> Value:
        """Return the value of the expression `left op right`."""
        if not any_term((left, right)):
            return self.computed(_PYTHON[op], left, right)
        sign, each = _SIGNS.get(op), any_each((left, right))
        _check_numbers(left, right)
        if is_truth(left) and is_truth(right):
            if sign not in ("&", "|", "^"):
                raise NoFormError("arithmetic on two truth values cannot be translated to C")
            texts = [self._writing.as_truth(value, each=each) for value in (left, right)]
            return Term(f"({texts[0]} {sign} {texts[1]})", each, truth=True)
        if op is ast.Pow:
            return self._power(left, right)
        if op in (ast.FloorDiv, ast.Mod):
            name = "floor_divide" if op is ast.FloorDiv else "remainder"
            return self._function(f"real_{name}", f"number_{name}", [left, right])
        if sign not in ("+", "-", "*", "/"):
            raise NoFormError(f"the operator {_called(op)} on numbers cannot be translated to C")
        if sign == "/" and each and isinstance(right, Term) and not right.each:
            # A product is ten times faster; the reciprocal is computed once, in double precision.
            sign, right = "*", self._reciprocal(right)
        texts = self._writing.operands([left, right])
        return Term(f"({texts[0]} {sign} {texts[1]})", each)

    def _power(self, base: Value, exponent: Value) -> Term:
        """Return the value of base ** exponent.

        Whole exponents up to 4 become products, and the exponent ½ becomes a square root.
        """
        size = None if isinstance(exponent, Term) else abs(exponent)
        if size not in (0.5, 1, 2, 3, 4):
            return self._function("REAL(pow)", "pow", [base, exponent])
        if size == 0.5:
            found = self._function("REAL(sqrt)", "sqrt", [base])
        else:
            base = self._writing.keep("base", base)
            found = Term(f"({' * '.join([base.text] * int(size))})", base.each)
        return found if exponent > 0 else self._reciprocal(found)

    def _reciprocal(self, value: Term) -> Term:
        one, text = self._writing.operands([1, value], each=value.each)
        return Term(f"({one} / {text})", value.each)

    def unary(self, op: type[ast.unaryop], value: Value) -> Value:
        """Return the value of the expression `op value`."""
        if not isinstance(value, Term):
            return self.computed(_PYTHON[op], value)
        if op is ast.Not:
            check_test(value)
        if op in (ast.Not, ast.Invert) and value.truth:
            return Term(f"(!{value.text})", value.each, truth=True)
        if op is ast.UAdd and not value.truth:
            return value
        if op is ast.USub and not value.truth:
            return Term(f"(-{value.text})", value.each)
        raise NoFormError(f"the operator {_called(op)} on {_kind(value)} cannot be translated to C")

    def compared(self, op: type[ast.cmpop], left: Value, right: Value) -> Value:
        """Return the truth value of the comparison `left op right`."""
        if not any_term((left, right)):
            return self.computed(_PYTHON[op], left, right)
        if op in (ast.Is, ast.IsNot) and (left is None or right is None):
            return op is ast.IsNot  # a C expression is not None
        _check_numbers(left, right)
        if op not in _SIGNS:
            raise NoFormError(f"the comparison {_called(op)} cannot be translated to C")
        texts = self._writing.operands([left, right])
        text = f"({texts[0]} {_SIGNS[op]} {texts[1]})"
        return Term(text, any_each((left, right)), truth=True)

    def chained(self, ops: Sequence[type[ast.cmpop]], values: Sequence[Value]) -> Value:
        """Return the truth value of a chain of comparisons, such as a < b < c."""
        if len(ops) > 1:
            values = [self._writing.keep("compared", value) for value in values]
        links = [self.compared(op, *pair) for op, *pair in zip(ops, values, values[1:])]  # noqa: B905 (values[1:] is shorter)
        terms = [link for link in links if isinstance(link, Term)]
        if len(links) > 1 and any_each(links):
            raise NoFormError("a < b < c on arrays cannot be translated: write (a < b) & (b < c)")
        if not all(link for link in links if not isinstance(link, Term)):
            return False
        return self.joined("&&", terms) if terms else True

    def joined(self, sign: str, terms: Sequence[Term]) -> Term:
        """Return the C expression that joins truth values by a C operator.

        sign: the operator, && or ||. terms: the C expressions of the truth values, none of which
        differs between parameters or examples.
        """
        if len(terms) == 1:
            return terms[0]
        return Term(f"({f' {sign} '.join(term.text for term in terms)})", each=False, truth=True)

    def selected(self, test: Value, first: Value, second: Value) -> Value:
        """Return a value that is `first` where the test is true, and otherwise `second`."""
        if not isinstance(test, Term):
            return first if test else second
        if isinstance(first, tuple) and isinstance(second, tuple) and len(first) == len(second):
            return tuple(self.selected(test, *pair) for pair in zip(first, second, strict=True))
        _check_numbers(first, second)
        each, truth = any_each((test, first, second)), is_truth(first) and is_truth(second)
        if truth:
            texts = [self._writing.as_truth(value, each=each) for value in (first, second)]
        else:
            texts = self._writing.operands([first, second], each=each)
        chosen = self._writing.as_truth(test, each=each)
        return Term(f"({chosen} ? {texts[0]} : {texts[1]})", each, truth)

    def called(self, function: Any, given: Sequence[Value]) -> Value:
        """Return the value of a call of a function of NumPy, math or Python."""
        _check_numbers(*given)
        if function in _SPECIAL:
            return self._special(_SPECIAL[function], list(given))
        if (op := NUMPY_OPERATORS.get(function)) is not None and len(given) == 2:
            if issubclass(op, ast.cmpop):
                return self.compared(op, *given)
            return self.binary(op, *given)
        known = elementary(function)
        if known is None or known.arity != len(given):
            raise NoFormError(f"{_named(function)} with {_count(given)} cannot be translated to C")
        return self._function(known.real, known.number, given, truth=known.truth)

    def _special(self, name: str, given: list[Value]) -> Value:
        """Return the value of a call of a function that is not translated to one C function.

        name: the name of the function in _SPECIAL. given: the arguments.
        """
        match name, given:
            case "where", [test, first, second]:
                return self.selected(self._truth(test), first, second)
            case "clip", [value, low, high]:
                for bound, way in ((low, "maximum"), (high, "minimum")):
                    if bound is not None:
                        value = self._function(f"real_{way}", f"number_{way}", [value, bound])
                return value
            case "negative", [value]:
                return self.unary(ast.USub, value)
            case "not", [value]:
                return self.unary(ast.Invert, self._truth(value))
            case "reciprocal", [value]:
                return self._reciprocal(value)
            case (("zeros_like" | "ones_like" | "full_like"), [value, *content]):
                content = content or [float(name == "ones_like")]
                each = any_each((value, *content))
                return Term(self._writing.operands(content, each=each)[0], each)
            case "float64", [Term(each=False) as value]:
                return Term(self._writing.as_number(value), each=False)
            case "float32", [Term(each=False) as value]:
                return Term(f"((double)(float){self._writing.as_number(value)})", each=False)
            case "int", [Term(each=False) as value]:
                return Term(f"trunc({self._writing.as_number(value)})", each=False)
            case "bool", [Term(each=False) as value]:
                return self._truth(value)
            case (("min" | "max"), [first, *others]) if others:
                return self._extreme(ast.Lt if name == "min" else ast.Gt, first, others)
            case _:
                kinds = ", ".join(map(_kind, given)) or "no values"
                raise NoFormError(f"{name} of {kinds} cannot be translated to C")

    def _truth(self, value: Value) -> Value:
        """Return the truth value of `value`: whether it is not zero."""
        if isinstance(value, Term) and not value.truth:
            return self.compared(ast.NotEq, value, 0)
        return value

    def _extreme(self, op: type[ast.cmpop], best: Value, others: Sequence[Value]) -> Value:
        """Return the min or max of several values, as Python computes it.

        op: `<` for min, `>` for max. best: the first value. others: the other values. As in Python,
        the earlier of two equal values is returned, and a comparison with NaN is false.
        """
        for other in others:
            best, other = (self._writing.keep("bound", value) for value in (best, other))
            test = self.compared(op, other, best)
            check_test(test)
            best = self.selected(test, other, best)
        return best

    def _function(
        self, real: str, number: str, given: Sequence[Value], *, truth: bool = False
    ) -> Term:
        each = any_each(given)
        arguments = ", ".join(self._writing.operands(given))
        return Term(f"{real if each else number}({arguments})", each, truth)


def check_test(test: Value) -> None:
    """Raise NoFormError if the test of a branch differs between parameters or examples."""
    if any_each([test]):
        raise NoFormError("a branch depends on an array: use np.where")


def _check_numbers(*values: Value) -> None:
    for value in values:
        if not (isinstance(value, Term) or is_number(value) or value is None):
            kind = type(value).__name__
            raise NoFormError(
                f"an object of type {kind} used as a number cannot be translated to C"
            )


def _kind(value: Value) -> str:
    """What an argument is, in the words of NumPy, for a message."""
    if not isinstance(value, Term):
        return f"the constant {value!r}"
    if value.truth:
        return "an array of booleans" if value.each else "a boolean"
    return "an array" if value.each else "a number"


def _count(given: Sequence[Value]) -> str:
    return "1 argument" if len(given) == 1 else f"{len(given)} arguments"


def _named(function: Any) -> str:
    return str(getattr(function, "__name__", function))


def _called(op: type[ast.AST]) -> str:
    return f"`{op.__name__.lower()}`"


_SIGNS: Mapping[type[ast.AST], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.BitAnd: "&",
    ast.BitOr: "|",
    ast.BitXor: "^",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
}

_PYTHON: Mapping[type[ast.AST], Function] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
    ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_,
    ast.BitXor: operator.xor,
    ast.LShift: operator.lshift,
    ast.RShift: operator.rshift,
    ast.MatMult: operator.matmul,
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
    ast.Not: operator.not_,
    ast.Invert: operator.invert,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
    ast.In: lambda part, whole: part in whole,
    ast.NotIn: lambda part, whole: part not in whole,
}

_SPECIAL: Mapping[Any, str] = {
    np.where: "where",
    np.clip: "clip",
    np.negative: "negative",
    np.logical_not: "not",
    np.invert: "not",
    np.reciprocal: "reciprocal",
    np.zeros_like: "zeros_like",
    np.ones_like: "ones_like",
    np.full_like: "full_like",
    np.float64: "float64",
    np.float32: "float32",
    float: "float64",
    int: "int",
    bool: "bool",
    min: "min",
    max: "max",
}
