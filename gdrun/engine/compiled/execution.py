"""The symbolic execution of a Python function, whose arithmetic becomes C.

Each name in the function stands for a constant, a tuple or a C expression (see `terms`). Helper
functions are inlined and loops over constants are unrolled, so that only arithmetic is left.

An `if` on a shared number becomes a selection between the results of both branches. An `if` on a
value that differs between parameters has no meaning for arrays. It is an error, and so is anything
else that cannot be translated to C: NotCompilableError names the construct and the line.
"""

from __future__ import annotations

import ast
import builtins
import inspect
import types
from collections.abc import Mapping, Sequence
from typing import Any

from gdrun.engine.compiled.operations import NoFormError, Operations, check_test
from gdrun.engine.compiled.python_functions import (
    Function,
    construct,
    is_library,
    is_mathematics,
    is_readable,
    syntax,
)
from gdrun.engine.compiled.terms import (
    Term,
    Value,
    Writing,
    any_term,
)
from gdrun.engine.contract import NotCompilableError

DEEPEST = 20
"""The largest depth of nested calls of helper functions."""

LONGEST = 64
"""The largest number of iterations of a loop, and of branches of a function."""


_NOTHING = object()


class Execution:
    """The symbolic execution of one call of a function.

    names: the values of the arguments by name. writing: collects the C statements.
    """

    def __init__(self, function: Function, writing: Writing, names: Mapping[str, Value]) -> None:
        self._function = function
        self._writing = writing
        self._operations = Operations(writing)
        self._tree = syntax(function)
        self._names = dict(names)
        self._given = {id(value) for value in names.values()}
        self._branches = 0

    def result(self) -> Value:
        """Return the value that the function returns.

        Raises NotCompilableError if something in the function cannot be translated to C.
        """
        missing = set(inspect.signature(self._function).parameters) - set(self._names)
        if missing:
            name, parameter = self._function.__name__, min(missing)
            raise NotCompilableError(f"{name} has a parameter {parameter} that gets no value")
        found = self._run(self._tree.body)
        if found is _NOTHING:
            raise NotCompilableError(f"{self._function.__name__} ends without a return statement")
        return found

    def _refusal(self, node: ast.AST, what: str) -> NotCompilableError:
        """Return the error for a construct that cannot be translated, with the line of `node`."""
        line = self._function.__code__.co_firstlineno + getattr(node, "lineno", 1) - 1
        return NotCompilableError(f"{self._function.__name__}, line {line}: {what}")

    def _run(self, statements: Sequence[ast.stmt]) -> Value:
        """Execute statements. Return the value that a `return` among them returns.

        Without a `return`, return _NOTHING.
        """
        for place, statement in enumerate(statements):
            try:
                found = self._execute(statement, statements[place + 1 :])
            except NoFormError as error:
                raise self._refusal(statement, str(error)) from None
            if found is not _NOTHING:
                return found
        return _NOTHING

    def _execute(self, statement: ast.stmt, rest: Sequence[ast.stmt]) -> Value:
        """Execute one statement. Return what it returns, or _NOTHING if it does not return.

        rest: the statements after it.
        """
        match statement:
            case ast.Return(value=ast.expr() as value):
                return self._value(value)
            case ast.Assign(targets=targets, value=value):
                found = self._value(value)
                for target in targets:
                    self._bind(target, found)
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                self._bind(target, self._value(value))
            case ast.AugAssign(target=ast.Name(id=name), op=op, value=value):
                self._change(statement, name, type(op), self._value(value))
            case ast.If():
                return self._branch(statement, rest)
            case ast.For(orelse=[]):
                return self._repeat(statement)
            case ast.Expr(value=ast.Constant()) | ast.Pass():
                pass
            case _:
                raise self._refusal(statement, f"{construct(statement)} cannot be translated to C")
        return _NOTHING

    def _bind(self, target: ast.expr, value: Value) -> None:
        match target:
            case ast.Name(id=name):
                self._names[name] = self._writing.keep(name, value)
            case ast.Tuple(elts=parts) if isinstance(value, tuple) and len(parts) == len(value):
                for part, own in zip(parts, value, strict=True):
                    self._bind(part, own)
            case _:
                what = f"an assignment to {ast.unparse(target)} cannot be translated to C"
                raise self._refusal(target, what)

    def _change(self, node: ast.AST, name: str, op: type[ast.operator], value: Value) -> None:
        """Execute the statement `name op= value`.

        It changes an array in place, so no other name may refer to the same array.
        """
        old = self._read(node, name)
        holders = sum(known is old for known in self._names.values())
        if isinstance(old, Term) and old.each and (id(old) in self._given or holders > 1):
            what = f"{name} is changed in place, but another name refers to the same array"
            raise self._refusal(node, what)
        self._names[name] = self._writing.keep(name, self._operations.binary(op, old, value))

    def _branch(self, statement: ast.If, rest: Sequence[ast.stmt]) -> Value:
        """Execute both branches of an `if`, or only one if the test is a constant.

        rest: the statements after the `if`. Returns what `_run` returns.
        """
        test = self._value(statement.test)
        if not isinstance(test, Term):
            return self._run(statement.body if test else statement.orelse)
        check_test(test)
        self._branches += 1
        if self._branches > LONGEST:
            raise self._refusal(
                statement,
                f"more than {LONGEST} uses of `if` cannot be translated to C; each repetition "
                "in a loop counts",
            )
        test = self._writing.keep("test", test)
        if any(isinstance(node, ast.Return) for node in ast.walk(statement)):
            first, _ = self._apart([*statement.body, *rest])
            second, _ = self._apart([*statement.orelse, *rest])
            if _NOTHING in (first, second):
                raise self._refusal(statement, "only one branch of the `if` returns a value")
            return self._operations.selected(test, first, second)
        self._merge(test, self._apart(statement.body)[1], self._apart(statement.orelse)[1])
        return _NOTHING

    def _apart(self, statements: Sequence[ast.stmt]) -> tuple[Value, dict[str, Value]]:
        """Execute statements without changing the names of this execution.

        Return the value that the statements return, and the names with their values after them.
        """
        before, self._names = self._names, dict(self._names)
        found = self._run(statements)
        after, self._names = self._names, before
        return found, after

    def _merge(self, test: Value, first: dict[str, Value], second: dict[str, Value]) -> None:
        """Set the names after an `if`: each becomes a selection between its values in two branches.

        first, second: the names after each branch. Names that only one branch defines are removed.
        """
        self._names = {}
        for name in [name for name in first if name in second]:
            value, other = first[name], second[name]
            if value is not other:
                value = self._operations.selected(test, value, other)
            self._names[name] = self._writing.keep(name, value)

    def _repeat(self, statement: ast.For) -> Value:
        """Execute a loop over constants or a tuple, unrolled. Returns what `_run` returns."""
        values = self._value(statement.iter)
        if not isinstance(values, tuple | range) or len(values) > LONGEST:
            raise self._refusal(
                statement, f"only a loop over at most {LONGEST} constants can be translated to C"
            )
        if any(isinstance(node, ast.Break | ast.Continue) for node in ast.walk(statement)):
            what = "a loop with break or continue cannot be translated to C"
            raise self._refusal(statement, what)
        for value in values:
            self._bind(statement.target, value)
            if (found := self._run(statement.body)) is not _NOTHING:
                return found
        return _NOTHING

    def _value(self, node: ast.expr) -> Value:
        try:
            return self._evaluated(node)
        except NoFormError as error:
            raise self._refusal(node, str(error)) from None

    def _evaluated(self, node: ast.expr) -> Value:
        match node:
            case ast.Constant(value=value):
                return value
            case ast.Name(id=name):
                return self._read(node, name)
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                return tuple(map(self._value, parts))
            case ast.BinOp(left=left, op=op, right=right):
                return self._operations.binary(type(op), self._value(left), self._value(right))
            case ast.UnaryOp(op=op, operand=operand):
                return self._operations.unary(type(op), self._value(operand))
            case ast.Compare(left=left, ops=ops, comparators=rights):
                values = [self._value(part) for part in (left, *rights)]
                return self._operations.chained([type(op) for op in ops], values)
            case ast.BoolOp(op=op, values=parts):
                return self._connected(parts, stops=isinstance(op, ast.Or))
            case ast.IfExp(test=test, body=body, orelse=orelse):
                return self._chosen(self._value(test), body, orelse)
            case ast.Attribute(value=owner, attr=name):
                return self._attribute(node, self._value(owner), name)
            case ast.Subscript(value=whole, slice=place):
                return self._part(node, self._value(whole), place)
            case ast.Call():
                return self._called(node)
            case _:
                raise self._refusal(node, f"{construct(node)} cannot be translated to C")

    def _read(self, node: ast.AST, name: str) -> Value:
        """Return the value of a name that is defined in the function, its module, or Python."""
        if name in self._names:
            return self._names[name]
        scope = inspect.getclosurevars(self._function)
        for names in (scope.nonlocals, scope.globals):
            if name in names:
                if not is_readable(names[name]):
                    raise self._refusal(node, f"{name} is neither a function nor a number")
                return names[name]
        if hasattr(builtins, name):
            return getattr(builtins, name)
        raise self._refusal(node, f"{name} is not defined")

    def _connected(self, parts: Sequence[ast.expr], *, stops: bool) -> Value:
        """Return the value of parts that are joined by `or` or by `and`.

        stops: the truth value that ends the evaluation: True for `or`, False for `and`.
        """
        terms: list[Term] = []
        value: Value = None
        for part in parts:
            value = self._value(part)
            if not isinstance(value, Term):
                if bool(value) is stops:
                    return stops if terms else value
                continue
            check_test(value)
            if not value.truth:
                what = "a number used as a truth value cannot be translated to C"
                raise self._refusal(part, what)
            terms.append(value)
        return self._operations.joined("||" if stops else "&&", terms) if terms else value

    def _chosen(self, test: Value, body: ast.expr, orelse: ast.expr) -> Value:
        """Return the value of the expression `body if test else orelse`."""
        if not isinstance(test, Term):
            return self._value(body if test else orelse)
        check_test(test)
        return self._operations.selected(test, self._value(body), self._value(orelse))

    def _attribute(self, node: ast.expr, owner: Value, name: str) -> Value:
        if is_mathematics(owner) and hasattr(owner, name):
            return getattr(owner, name)
        raise self._refusal(node, f".{name} of a value cannot be translated to C")

    def _part(self, node: ast.expr, whole: Value, place: ast.expr) -> Value:
        """Return an entry or a slice of the tuple `whole`. place: the index or slice."""
        parts = (place.lower, place.upper, place.step) if isinstance(place, ast.Slice) else (place,)
        bounds = [None if part is None else self._value(part) for part in parts]
        if not isinstance(whole, tuple) or any_term(bounds):
            raise self._refusal(node, "an index into an array cannot be translated to C")
        index: Any = slice(*bounds) if isinstance(place, ast.Slice) else bounds[0]
        try:
            return whole[index]
        except (IndexError, TypeError) as error:
            raise self._refusal(node, str(error)) from None

    def _called(self, node: ast.Call) -> Value:
        """Return the value of a call of a helper function, or of NumPy, math or Python."""
        function = self._value(node.func)
        stars = [part for part in node.args if isinstance(part, ast.Starred)]
        if stars or any(keyword.arg is None for keyword in node.keywords):
            raise self._refusal(node, "a call with * or ** cannot be translated to C")
        given = [self._value(argument) for argument in node.args]
        named = {str(keyword.arg): self._value(keyword.value) for keyword in node.keywords}
        if isinstance(function, types.FunctionType) and not is_library(function):
            return self._helper(node, function, given, named)
        if named or isinstance(function, Term) or not callable(function):
            raise self._refusal(node, f"{ast.unparse(node)} cannot be translated to C")
        if not any_term(given) and is_library(function):
            return self._operations.computed(function, *given)
        return self._operations.called(function, given)

    def _helper(
        self, node: ast.Call, function: Function, given: Sequence[Value], named: dict[str, Value]
    ) -> Value:
        """Execute a helper function inline, and return its value.

        given: the positional arguments. named: the keyword arguments.
        """
        try:
            bound = inspect.signature(function).bind(*given, **named)
        except TypeError as error:
            raise self._refusal(node, f"{function.__name__}: {error}") from None
        bound.apply_defaults()
        self._writing.depth += 1
        if self._writing.depth > DEEPEST:
            what = f"{function.__name__} calls itself, or helper functions nest too deeply"
            raise self._refusal(node, what)
        values = {name: self._writing.keep(name, value) for name, value in bound.arguments.items()}
        found = Execution(function, self._writing, values).result()
        self._writing.depth -= 1
        return found
