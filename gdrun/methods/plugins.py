"""Plugins: update rules and schedules from a Python file or from an installed package.

A plugin registers its methods with the same decorators as gdrun's own methods:

    import numpy as np
    from gdrun import Rate, rule

    @rule
    def sign_descent(w, g, lr: Rate = 0.01):
        '''Sign descent: every weight moves by α, against the sign of its gradient.

            w ← w − α sign(g)
        '''
        return w - lr * np.sign(g)

Every method of a plugin is first checked on small arrays. If one of them has a fault, none of them
is registered. A plugin can run any code, so gdrun loads one only from a path that the user gives on
the command line or in Python, or from a package that the user installed, and never from a config.
"""

from __future__ import annotations

import hashlib
import sys
import traceback
from collections.abc import Callable
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

from gdrun.errors import GdrunError, Problem
from gdrun.methods.definitions import Definition
from gdrun.methods.plugin_checks import first_fault
from gdrun.methods.rules import OPTIMIZER_ALIASES, OPTIMIZERS
from gdrun.methods.schedules import SCHEDULES

ENTRY_POINTS = "gdrun.methods"
"""The entry-point group of installed packages that provide methods."""

Names = tuple[str, ...]

_METHODS: tuple[dict[str, Any], ...] = (OPTIMIZERS, SCHEDULES)
_LOADED: dict[tuple[str, str], Names] = {}


def load_plugin(path: str | Path) -> Names:
    """Load a plugin file, unless it is loaded already, and return the names of its methods.

    Raises GdrunError if the file is missing, cannot be loaded, registers no method, or if a
    check of a method fails.
    """
    shown, file = str(path), Path(path).resolve()
    try:
        source = file.read_bytes()
    except OSError as error:
        what = f"cannot be read: {error.strerror}"
        hint = "a plugin is a Python file, such as my_rule.py"
        raise GdrunError(what, where=shown, hint=hint) from None
    key = (str(file), hashlib.sha256(source).hexdigest())
    if key not in _LOADED:
        names = _registered(lambda: _execute(file, source), shown, str(file))
        if not names:
            hint = "write `from gdrun import rule`, and @rule above the function"
            raise GdrunError("registers no rule and no schedule", where=shown, hint=hint)
        _LOADED[key] = names
    return _LOADED[key]


@cache
def load_entry_points() -> Names:
    """Load the methods of all installed packages that provide some, once; return their names.

    Raises GdrunError if a package cannot be loaded, or if a check of a method fails.
    """
    names: list[str] = []
    # Sorted: the order of the registries should not depend on the order of installation.
    for point in sorted(entry_points(group=ENTRY_POINTS), key=lambda point: point.name):
        names.extend(_registered(point.load, f"entry point {point.name} = {point.value}"))
    return tuple(names)


def loaded_plugins() -> list[dict[str, str]]:
    """The path and the SHA-256 hash of each loaded plugin file, as a run records them."""
    return [{"path": path, "sha256": digest} for path, digest in _LOADED]


def _execute(file: Path, source: bytes) -> None:
    """Run the file as a module with a unique name."""
    # Two plugins may have the same file name in different directories.
    mark = hashlib.sha256(str(file).encode()).hexdigest()[:8]
    module = ModuleType(f"gdrun_plugin_{file.stem}_{mark}")
    module.__file__ = str(file)
    # dataclasses and pickle look a module up by its name.
    sys.modules[module.__name__] = module
    exec(compile(source, str(file), "exec"), module.__dict__)


def _registered(run: Callable[[], object], shown: str, file: str | None = None) -> Names:
    """Call `run`, check the methods that it registers, and return their names.

    shown: the name of the plugin in messages. file: the path of its code, if known.
    Raises GdrunError if a method has a fault; then the registries are as before the call.
    """
    before = [dict(registry) for registry in (*_METHODS, OPTIMIZER_ALIASES)]
    try:
        _run(run, shown, file)
        new = [
            entry
            for registry, old in zip(_METHODS, before, strict=False)
            for name, entry in registry.items()
            if entry is not old.get(name)  # A changed file replaces its entries.
        ]
        problems = [problem for entry in new if (problem := _problem(entry, shown, file))]
        if problems:
            raise GdrunError(problems)
    # Also after Ctrl-C: otherwise methods that are not checked would stay registered.
    except BaseException:
        for registry, old in zip((*_METHODS, OPTIMIZER_ALIASES), before, strict=True):
            registry.clear()
            registry.update(old)
        raise
    return tuple(entry.name for entry in new)


def _run(run: Callable[[], object], shown: str, file: str | None) -> None:
    """Call `run`, the plugin's code. Raises GdrunError, with the line, for any exception in it."""
    try:
        run()
    except GdrunError as error:
        where = _line(error, shown, file)
        raise GdrunError(Problem(each.what, where, each.hint) for each in error.problems) from None
    except SyntaxError as error:
        where = f"{shown if error.filename == file else error.filename}:{error.lineno}"
        hint = "correct the Python syntax in this line"
        raise GdrunError(f"is not valid Python: {error.msg}", where=where, hint=hint) from None
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # A plugin may call sys.exit, which must not end gdrun.
        what = f"raises {type(error).__name__} when it is loaded: {error}"
        hint = "run the file with python to see the whole traceback"
        raise GdrunError(what, where=_line(error, shown, file), hint=hint) from error


def _problem(entry: Definition, shown: str, file: str | None) -> Problem | None:
    """The fault of a method from the plugin, with its line; None if the checks pass."""
    code = entry.function.__code__
    place = shown if code.co_filename == file else code.co_filename
    try:
        fault = first_fault(entry)
    except Exception as error:
        what = f"{entry.name} raises {type(error).__name__}: {error}"
        hint = (
            "its inputs are arrays: write np.where(…) instead of if, np.sqrt instead of math.sqrt"
        )
        return Problem(what, _line(error, place, code.co_filename), hint)
    if fault is None:
        return None
    what, hint = fault
    return Problem(f"{entry.name} {what}", f"{place}:{code.co_firstlineno}", hint)


def _line(error: BaseException, shown: str, file: str | None) -> str:
    """The last line of the plugin in the traceback of `error`, as `shown:LINE`."""
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename == file
    ]
    return f"{shown}:{lines[-1]}" if lines else shown
