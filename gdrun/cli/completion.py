"""What the shell completes: keys and names of a config, contenders, entries, runs and commands.

Each function has the form that typer expects. It takes the context of the command line so far, the
words, and the unfinished last word. It returns whole words.

bash gives `optimizer=ad` as three words, `optimizer`, `=` and `ad`, and only replaces the last one;
zsh, fish and PowerShell give it as one. After `optimizer=` the parser gives an empty last word in
both cases. So the key is looked for in the unfinished word, and then in the words before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from gdrun.errors import GdrunError

CONFIGS = (".yaml", ".yml")
"""The suffixes of config files."""


def settings(ctx: Any, args: list[str], incomplete: str) -> list[str]:
    """Config files, and keys of the config with their values, such as optimizer=adam."""
    with suppress(GdrunError, OSError):
        words = _words_before(ctx)
        files = [word for word in (*words, ctx.params.get("config")) if _is_config(word)]
        data = _plain(next(iter(files), None), words)
        key, equals, start = incomplete.rpartition("=")
        if not equals and (before := [word for word in words if word != "="]):
            known = _values(before[-1], data)
            if known:  # the shell has split the word at its `=`
                return list(_lists(known, incomplete))
        if equals:
            return [f"{key}={value}" for value in _lists(_values(key, data), start)]
        return [*files_with(CONFIGS, incomplete), *_assignments(incomplete, data)]
    return []


def contenders(ctx: Any, args: list[str], incomplete: str) -> list[str]:
    """Variants, optimizers, schedules and models, and what `settings` returns, for `gdrun compare`.

    After a `+` in the word, as in adam+cos, the name after the last `+` is completed.
    """
    from gdrun.config.sections import SECTIONS

    with suppress(GdrunError, OSError):
        given, plus, start = incomplete.rpartition("+")
        names = [
            name
            for key in ("variant", "optimizer", "schedule", "model")
            for name in SECTIONS[key].registry
        ]
        found = [f"{given}{plus}{name}" for name in names if name.startswith(start)]
        return [*found, *settings(ctx, args, incomplete)]
    return []


def entries(ctx: Any, args: list[str], incomplete: str) -> list[str]:
    """Completions for `gdrun list`: after a kind its entries, otherwise all kinds and entries."""
    from gdrun.config.catalogue import KINDS, kind_called

    what = ctx.params.get("what")
    kind = kind_called(what) if what else None
    if kind is not None:
        return list(kind.entries)
    return [*KINDS, *(name for each in KINDS.values() for name in each.entries)]


def metrics(ctx: Any, args: list[str], incomplete: str) -> list[str]:
    """The metrics by which a study can be ranked."""
    from gdrun.problems.metrics import METRICS

    return ["validation_loss", "train_loss", *METRICS]


def run_names(ctx: Any, args: list[str], incomplete: str) -> list[str]:
    """`last`, and the ids of runs and studies, the newest first."""
    return ["last", *(path.name for path in _directories(ctx))]


def configs(ctx: Any, args: list[str], incomplete: str) -> list[str]:
    """Config files and directories."""
    return list(files_with(CONFIGS, incomplete))


def configs_and_runs(ctx: Any, args: list[str], incomplete: str) -> list[str]:
    """Config files, directories, and runs."""
    return [*configs(ctx, args, incomplete), *run_names(ctx, args, incomplete)]


def command_names(ctx: Any, args: list[str], incomplete: str) -> list[str]:
    """The commands of gdrun, or the subcommands of the command after `help`."""
    command = ctx.find_root().command
    for word in ctx.params.get("words") or ():
        command = getattr(command, "commands", {}).get(word)
    return list(getattr(command, "commands", ()))


def files_with(suffixes: Iterable[str], start: str) -> Iterator[str]:
    """The paths that begin with `start`: directories, and files with one of these suffixes."""
    folder, slash, name = start.rpartition("/")
    for path in sorted(Path(folder + slash or ".").iterdir()):
        if path.name.startswith(name) and not path.name.startswith("."):
            if path.is_dir():
                yield f"{folder}{slash}{path.name}/"
            elif path.suffix.lower() in suffixes:
                yield f"{folder}{slash}{path.name}"


def _directories(ctx: Any) -> list[Path]:
    from gdrun.cli.running import RUNS
    from gdrun.runs.finding import RECORD, STUDY, run_directories

    given = [Path(ctx.params.get(name) or RUNS) for name in ("runs", "out")]
    place = next((path for path in given if path != RUNS and path.is_dir()), RUNS)
    return run_directories(place, (RECORD, STUDY))[::-1]


def _words_before(ctx: Any) -> list[str]:
    """The arguments of the command line before the unfinished word, in order."""
    words: list[str] = []
    for parameter in ctx.command.params:
        if parameter.param_type_name == "argument":
            value = ctx.params.get(parameter.name)
            words += [value] if isinstance(value, str) else [*(value or ())]
    return words


def _is_config(word: str | None) -> bool:
    return word is not None and "=" not in word and Path(word).suffix.lower() in CONFIGS


def _plain(source: str | None, words: Iterable[str]) -> Mapping[str, Any]:
    """The config that the words describe, as plain data; words that are not valid are left out.

    source: the config file; None for the quickstart config.
    """
    from gdrun.config.loading import read
    from gdrun.config.overrides import applied, parse_override

    overrides = []
    for word in words:
        with suppress(GdrunError):
            overrides.append(parse_override(word))
    return applied(read(source).data, overrides, lambda path: "")[0]


def _assignments(start: str, data: Mapping[str, Any]) -> Iterator[str]:
    """Yield KEY= for each key that begins with `start`; for a single key, KEY=VALUE for each value.

    data: the config so far, as plain data. Its choices, such as the optimizer, decide which keys
    exist.
    """
    from gdrun.config.key_paths import known_paths, resolve_key

    paths = dict.fromkeys(path for path in known_paths(data) if path[-1] != "name")
    keys = []
    for path in paths:
        short = path[-1] if resolve_key(path[-1], data) == [path] else ".".join(path)
        key = ".".join(path) if "." in start else short
        keys += [key] if key.startswith(start) else []
    if len(keys) == 1 and (values := _values(keys[0], data)):
        yield from (f"{keys[0]}={value}" for value in values)
    else:
        yield from (f"{key}=" for key in keys)


def _lists(values: Iterable[str], start: str) -> Iterator[str]:
    """Each value after the finished items of a list. start: the list so far, such as `adam,li`."""
    before, comma, _ = start.rpartition(",")
    return (f"{before}{comma}{value}" for value in values)


def _values(key: str, data: Mapping[str, Any]) -> list[str]:
    """The values of a key that can be listed: names, words, and true and false.

    data: the config so far, as plain data. The list is empty for a key with other values.
    """
    from gdrun.config.key_paths import resolve_key
    from gdrun.config.sections import SECTIONS

    paths = resolve_key(key, data)
    if len(paths) != 1:
        return []
    section, *rest = paths[0]
    if section in SECTIONS and rest in ([], ["name"]):
        return list(SECTIONS[section].registry)
    return _words_of(_annotation(section, rest, data))


def _annotation(section: str, rest: list[str], data: Mapping[str, Any]) -> Any:
    """The type of the values of a key; None if the type is unknown.

    rest: the path of the key in the section. data: the config so far, as plain data.
    """
    from gdrun.config.experiment import DEFAULTS, FIXED, Header
    from gdrun.config.sections import SECTIONS
    from gdrun.errors import Problem

    if not rest:
        field = Header.model_fields.get(section)
        return field.annotation if field else None
    if section in FIXED:
        field = FIXED[section].model_fields.get(rest[0]) if len(rest) == 1 else None
        return field.annotation if field else None
    kind, given = SECTIONS[section], data.get(section, DEFAULTS.get(section))
    values = given if isinstance(given, dict) else {"name": given}
    definition = kind.find(values, kind.choose(values), lambda path: "")
    if isinstance(definition, Problem) or len(rest) > 1:
        return None
    option = kind.options(definition, values).get(rest[0])
    if option is not None and option.nested is not None and option.nested.kind:
        return Literal[tuple(kind.nested_kind(option.nested).registry)]
    return None if option is None else option.annotation


def _words_of(annotation: Any) -> list[str]:
    """The words that a type allows: those of its Literals, and true and false for bool."""
    if annotation is bool:
        return ["true", "false"]
    if get_origin(annotation) is Literal:
        return [str(word) for word in get_args(annotation)]
    return [word for part in get_args(annotation) for word in _words_of(part)]
