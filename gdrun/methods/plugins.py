"""Rules and schedules from outside: a Python file that is named, or an installed package.

A plugin registers what it defines, with the same decorators as gdrun's own methods:

    import numpy as np
    from gdrun import Rate, rule

    @rule
    def sign_descent(w, g, lr: Rate = 0.01):
        '''Steps of one length, down the sign of the gradient.

            w ← w − α sign(g)
        '''
        return w - lr * np.sign(g)

Everything it registers is tried on small arrays first; a plugin with a fault is refused whole, and
the registries stay as they were. A plugin runs as code of the user's own: it is loaded only from a
path given on the command line or in Python, or from a package that the user installed, never from a
config.
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
from gdrun.methods.plugin_checks import complaint
from gdrun.methods.rules import OPTIMIZER_ALIASES, OPTIMIZERS
from gdrun.methods.schedules import SCHEDULES

ENTRY_POINTS = "gdrun.methods"
"""The entry-point group under which an installed package offers its methods."""

Names = tuple[str, ...]

_METHODS: tuple[dict[str, Any], ...] = (OPTIMIZERS, SCHEDULES)
_LOADED: dict[tuple[str, str], Names] = {}


def load_plugin(path: str | Path) -> Names:
    """Load a plugin file; the names of what it registered. Unchanged, it is loaded only once.

    Raises GdrunError for a file that is missing or faulty: where, what, and what to mend.
    """
    shown, file = str(path), Path(path).resolve()
    try:
        source = file.read_bytes()
    except OSError as error:
        what = f"cannot be read: {error.strerror}"
        hint = "a plugin is a file of Python, such as my_rule.py"
        raise GdrunError(what, where=shown, hint=hint) from None
    key = (str(file), hashlib.sha256(source).hexdigest())
    if key not in _LOADED:
        names = _registered(lambda: _execute(file, source), shown, str(file))
        if not names:
            hint = "decorate its function: from gdrun import rule, then @rule above it"
            raise GdrunError("registers no rule and no schedule", where=shown, hint=hint)
        _LOADED[key] = names
    return _LOADED[key]


@cache
def load_entry_points() -> Names:
    """Load the methods of every installed package that offers some, once; their names."""
    names: list[str] = []
    for point in sorted(entry_points(group=ENTRY_POINTS), key=lambda point: point.name):
        names.extend(_registered(point.load, f"entry point {point.name} = {point.value}"))
    return tuple(names)


def loaded_plugins() -> list[dict[str, str]]:
    """The plugin files that are loaded: path and hash of each, as a run records them."""
    return [{"path": path, "sha256": digest} for path, digest in _LOADED]


def _execute(file: Path, source: bytes) -> None:
    """Run the file as a module of its own, under a name that no other file has."""
    mark = hashlib.sha256(str(file).encode()).hexdigest()[:8]
    module = ModuleType(f"gdrun_plugin_{file.stem}_{mark}")
    module.__file__ = str(file)
    sys.modules[module.__name__] = module
    exec(compile(source, str(file), "exec"), module.__dict__)


def _registered(run: Callable[[], object], shown: str, file: str | None = None) -> Names:
    """The names that `run` registers, each tried; after a fault the registries are as before.

    shown: how messages call the plugin, whose code is in `file` where that is known.
    """
    before = [dict(registry) for registry in (*_METHODS, OPTIMIZER_ALIASES)]
    try:
        _run(run, shown, file)
        new = [
            entry
            for registry, old in zip(_METHODS, before, strict=False)
            for name, entry in registry.items()
            if entry is not old.get(name)
        ]
        problems = [problem for entry in new if (problem := _problem(entry, shown, file))]
        if problems:
            raise GdrunError(problems)
    except BaseException:
        for registry, old in zip((*_METHODS, OPTIMIZER_ALIASES), before, strict=True):
            registry.clear()
            registry.update(old)
        raise
    return tuple(entry.name for entry in new)


def _run(run: Callable[[], object], shown: str, file: str | None) -> None:
    """Run the plugin's own code; what it raises becomes an error that says where."""
    try:
        run()
    except GdrunError as error:
        where = _line(error, shown, file)
        raise GdrunError(Problem(each.what, where, each.hint) for each in error.problems) from None
    except SyntaxError as error:
        where = f"{shown if error.filename == file else error.filename}:{error.lineno}"
        raise GdrunError(f"is not Python: {error.msg}", where=where) from None
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a plugin that leaves the program is at fault as well
        what = f"raises {type(error).__name__} when it is loaded: {error}"
        hint = "a plugin must load without an error; python runs it alone for the whole traceback"
        raise GdrunError(what, where=_line(error, shown, file), hint=hint) from error


def _problem(entry: Definition, shown: str, file: str | None) -> Problem | None:
    """What is wrong with a method that the plugin registered."""
    code = entry.function.__code__
    place = shown if code.co_filename == file else code.co_filename
    try:
        found = complaint(entry)
    except Exception as error:
        what = f"{entry.name} raises {type(error).__name__}: {error}"
        hint = (
            "it is given arrays of any shape: write np.where(…) for if, and np.sqrt for math.sqrt"
        )
        return Problem(what, _line(error, place, code.co_filename), hint)
    if found is None:
        return None
    what, hint = found
    return Problem(f"{entry.name} {what}", f"{place}:{code.co_firstlineno}", hint)


def _line(error: BaseException, shown: str, file: str | None) -> str:
    """Where in the plugin's own code an exception came from."""
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename == file
    ]
    return f"{shown}:{lines[-1]}" if lines else shown
