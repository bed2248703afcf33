"""Plugins: rules, schedules, losses and surfaces from a Python file or an installed package.

A plugin registers its methods with the same decorators as gdrun's own methods:

    import numpy as np
    from gdrun import Rate, rule

    @rule
    def sign_descent(w, g, lr: Rate = 0.01):
        '''Sign descent: every weight moves by α, against the sign of its gradient.

            w ← w − α sign(g)
        '''
        return w - lr * np.sign(g)

Every method of a plugin is first checked on small arrays. If one method has a fault, no method of
the plugin is registered. A plugin can run any code. So gdrun loads plugins only from a path that
the user gives on the command line or in Python, or from a package that the user installed. A config
cannot load a plugin.
"""

from __future__ import annotations

import hashlib
import re
import shlex
import sys
import traceback
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from importlib.metadata import entry_points
from inspect import unwrap
from pathlib import Path
from types import ModuleType
from typing import Any

from gdrun.errors import COMPLETIONS, GdrunError, Problem, suggestion
from gdrun.methods.definitions import Definition
from gdrun.methods.plugin_checks import BOWL_STEPS, loss_on_bowl
from gdrun.methods.plugin_exceptions import hint_on
from gdrun.methods.plugin_kinds import KINDS, PluginKind
from gdrun.methods.rules import OPTIMIZER_ALIASES, OPTIMIZERS
from gdrun.quantities import contrasted

ENTRY_POINTS = "gdrun.methods"
"""The name of the entry-point group in which installed packages list their plugins."""

WITHOUT_PLUGINS = ("runs", "inspect", "claims", "help")
"""The commands that use no method by its name, and so have no option --plugin."""

_COMMAND = re.compile(r"`gdrun ([^`]+)`")

Names = tuple[str, ...]


_MODULE = "gdrun_plugin_"
_LOADED: dict[tuple[str, str], Names] = {}


def load_plugin(path: str | Path) -> Names:
    """Load a plugin file, unless it is loaded already, and return the names of its methods.

    Raises GdrunError if the file is missing, cannot be loaded or registers no method, or if one of
    its methods fails a check.
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
            hint = "write `from gdrun import rule`, and @rule above the function of your rule; "
            hint += "schedule, loss and surface register the other kinds"
            raise GdrunError("registers no method", where=shown, hint=hint)
        _LOADED[key] = names
    return _LOADED[key]


@cache
def load_entry_points() -> Names:
    """Load the plugins of all installed packages, and return the names of their methods.

    Further calls return the same names and load nothing. Raises GdrunError if a plugin cannot be
    loaded, or if one of its methods fails a check.
    """
    names: list[str] = []
    # Sorted: the order of the registries should not depend on the order of installation.
    for point in sorted(entry_points(group=ENTRY_POINTS), key=lambda point: point.name):
        names.extend(_registered(point.load, f"entry point {point.name} = {point.value}"))
    return tuple(names)


def loading(path: str | Path) -> str:
    """Return a Python call that loads a plugin, in backticks, as a part of a hint.

    The command line shows the option --plugin in place of the call.
    """
    return f'`gdrun.load_plugin("{shown_path(path)}")`'


def with_loaded_plugins(hint: str) -> str:
    """The hint, with --plugin FILE for each loaded plugin file added to the gdrun commands in it.

    A command is a text in backticks that begins with gdrun. A command that already has --plugin, or
    that has no such option, is not changed.
    """
    return _COMMAND.sub(lambda match: f"`gdrun {_completed(match[1])}`", hint)


def options_for(plugins: Iterable[Mapping[str, str]]) -> list[str]:
    """The command-line options that load these plugins, such as ["--plugin", "my_rule.py"].

    Each path occurs once. plugins: the path and the hash of each plugin, as in run.json.
    """
    paths = dict.fromkeys(shown_path(plugin["path"]) for plugin in plugins)
    return [word for path in paths for word in ("--plugin", path)]


def _completed(command: str) -> str:
    words = command.split()
    if not words or "--plugin" in words or words[0] in WITHOUT_PLUGINS:
        return command
    return " ".join([command, *map(shlex.quote, options_for(loaded_plugins()))])


def shown_path(path: str | Path) -> str:
    """Return the path of a plugin for a message, relative if it is in the current directory."""
    file, here = Path(path), Path.cwd()
    return str(file.relative_to(here) if file.is_relative_to(here) else file)


def with_own_names(hint: str) -> str:
    """Return the hint for an unknown name, extended by how to load a method of one's own.

    >>> with_own_names("did you mean adam?")
    'did you mean adam? a method of your own needs `gdrun.load_plugin("FILE.py")`'
    """
    return (
        f"{hint}{'' if hint.endswith('?') else ';'} a method of your own needs {loading('FILE.py')}"
    )


def entry_of(registry: Mapping[str, Any], name: str) -> Any:
    """The entry of a registry. Raises GdrunError without it: its plugin may not be loaded."""
    if name not in registry:
        (kind,) = (each.name for each in KINDS if each.registry is registry)
        hint = with_own_names(suggestion(name, registry))
        raise GdrunError(f"no {kind} is called {name!r}", hint=hint)
    return registry[name]


def is_of_a_file(entry: Definition) -> bool:
    """Whether a method comes from a plugin file, and not from gdrun or an installed package."""
    return entry.function.__module__.startswith(_MODULE)


def note_on_ascent(name: str) -> str | None:
    """A note for a rule that raises the loss on a bowl, where descent lowers it; None for others.

    It is a note and no error, because the author may intend the ascent. name: the name of a method;
    nothing is noted about a rule whose code is not loaded.
    """
    rule = OPTIMIZERS.get(name)
    if rule is None or not rule.loaded:
        return None
    start, end = loss_on_bowl(rule)
    if end <= start:
        return None
    was, is_now = contrasted(start, end)
    return (
        f"{name} raises the loss on a bowl: ½ (x² + 10 y²) was {was} at (1, 1) and is "
        f"{is_now} after {BOWL_STEPS} steps; is a sign wrong?"
    )


def loaded_plugins() -> list[dict[str, str]]:
    """Return the path and the SHA-256 hash of each loaded plugin file, to record with a run."""
    return [{"path": path, "sha256": digest} for path, digest in _LOADED]


def changed(recorded: Iterable[Mapping[str, str]]) -> list[Mapping[str, str]]:
    """The recorded plugins whose files are loaded now, but with another content.

    recorded: the path and the hash of each plugin, as `loaded_plugins` returned them.
    """
    loaded = {plugin["path"]: plugin["sha256"] for plugin in loaded_plugins()}
    return [
        each
        for each in recorded
        if each["path"] in loaded and each["sha256"] not in loaded.values()
    ]


def _execute(file: Path, source: bytes) -> None:
    """Run the plugin's source, read from `file`, as a module with a unique name."""
    # Two plugins may have the same file name in different directories.
    mark = hashlib.sha256(str(file).encode()).hexdigest()[:8]
    module = ModuleType(f"{_MODULE}{file.stem}_{mark}")
    module.__file__ = str(file)
    # dataclasses and pickle look a module up by its name.
    sys.modules[module.__name__] = module
    exec(compile(source, str(file), "exec"), module.__dict__)


def _registered(run: Callable[[], object], shown: str, file: str | None = None) -> Names:
    """Call `run`, check the methods that this registers, and return the names of the methods.

    run: a function that executes a plugin's code. shown: the plugin's name in messages. file: the
    path of its code, or None if unknown.
    Raises GdrunError if the code raises an exception or a method has a fault; then the registries
    are as before the call.
    """
    before = {kind.name: dict(kind.registry) for kind in KINDS}
    aliases = dict(OPTIMIZER_ALIASES)
    try:
        _run(run, shown, file)
        # The code may have imported a kind; its own methods are the built-in ones then.
        new = [
            (kind, entry)
            for kind in KINDS
            for name, entry in kind.registry.items()
            if entry is not before.get(kind.name, kind.builtin).get(name)  # A changed file replaces
        ]
        problems = [found for kind, entry in new if (found := _problem(kind, entry, shown, file))]
        if problems:
            raise GdrunError(problems)
    # Also after Ctrl-C: otherwise methods that are not checked would stay registered.
    except BaseException:
        for kind in KINDS:
            _restore(kind.registry, before.get(kind.name, kind.builtin))
        _restore(OPTIMIZER_ALIASES, aliases)
        raise
    return tuple(entry.name for _, entry in new)


def _restore(registry: dict[str, Any], entries: Mapping[str, Any]) -> None:
    registry.clear()
    registry.update(entries)


def _run(run: Callable[[], object], shown: str, file: str | None) -> None:
    """Call `run`, a function that executes a plugin's code.

    shown: the plugin's name in messages. file: the path of its code, or None if unknown. Raises
    GdrunError, with the line number, if the code raises any exception.
    """
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
        if isinstance(error, ImportError) and error.name == "gdrun":
            hint = "a plugin registers methods with rule, schedule, loss and surface of gdrun"
        raise GdrunError(what, where=_line(error, shown, file), hint=hint) from error


def _problem(kind: PluginKind, entry: Definition, shown: str, file: str | None) -> Problem | None:
    """Return the first fault of a plugin's method as an error with a line; None without a fault.

    shown: the plugin's name in messages. file: the path of the plugin's code, or None if unknown.
    """
    equation = unwrap(entry.function)
    code = equation.__code__
    place = shown if code.co_filename == file else code.co_filename
    try:
        fault = kind.first_fault(entry)
    except Exception as error:
        what = f"{entry.name} raises {type(error).__name__} when it is checked: {error}"
        hint = hint_on(error, equation)
        return Problem(what, _line(error, place, code.co_filename), hint)
    if fault is None:
        return None
    what, hint = fault
    return Problem(f"{entry.name} {what}", f"{place}:{code.co_firstlineno}", hint)


def _line(error: BaseException, shown: str, file: str | None) -> str:
    """Return the last line of the plugin's code in the traceback of `error`, as `shown:LINE`.

    file: the path of the plugin's code. If no line of it is in the traceback, return `shown`.
    """
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename == file
    ]
    return f"{shown}:{lines[-1]}" if lines else shown


COMPLETIONS.append(with_loaded_plugins)
