"""Translates a Python equation to C: the rule, loss or activation that NumPy runs.

The Python function is executed symbolically (see `execution`). The result is two C functions. One
computes the numbers that all parameters or examples share; it is called once. The other computes
the values of one parameter or example; it is called in a loop.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gdrun.engine.compiled.execution import Execution
from gdrun.engine.compiled.python_functions import Function
from gdrun.engine.compiled.terms import Term, Translation, Writing, is_number
from gdrun.engine.contract import NotCompilableError


def translate(
    function: Function,
    *,
    each: Mapping[str, str],
    shared: Mapping[str, str],
    constants: Mapping[str, Any],
    results: int,
) -> Translation:
    """Translate a Python function to C.

    each: the arguments of the function with a value for each parameter of the model, or for each
    example. shared: the arguments that are one number for all. Both map the name of an argument to
    its C expression. constants: the values of the other arguments. results: the number of values
    that the function must return. Raises NotCompilableError if the function cannot be translated.
    """
    arguments = {name: Term(text, each=True) for name, text in each.items()}
    arguments |= {name: Term(text, each=False) for name, text in shared.items()}
    writing = Writing()
    found = Execution(function, writing, arguments | dict(constants)).result()
    values = found if isinstance(found, tuple) else (found,)
    if len(values) != results or not all(isinstance(v, Term) or is_number(v) for v in values):
        needed = "1 number" if results == 1 else f"{results} numbers"
        raise NotCompilableError(f"{function.__name__} must return {needed}")
    texts = [writing.as_real(value) for value in values]
    return Translation(writing.shared, writing.fields, writing.statements, texts)
