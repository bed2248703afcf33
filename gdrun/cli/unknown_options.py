"""The hint for an unknown option: often it is a key of the config, which has no dashes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gdrun.cli.typed_settings import COMMANDS, config_keys, shell_word
from gdrun.errors import near, suggestion

_KEPT = ("predict", "evaluate", "show", "report", "export", "diagnose")
"""The commands that read a run, whose config they cannot change."""


def hint_for_option(
    context: Any, option: str, options: Sequence[str], arguments: Sequence[str]
) -> str:
    """The hint for an unknown option: what to write instead, or which other command has it.

    What to write is often a key of the config, such as lr=0.1 for --lr 0.1, or an option with a
    similar name. context: the parser's context of the command. option: the unknown one. options:
    those of the command. arguments: the words after `gdrun`.
    """
    key, given = option.lstrip("-").replace("-", "_"), list(arguments)
    value = _value(option, given)
    command = next(iter(given), "")
    if command == "evaluate" and option == "--metric":
        return "gdrun evaluate prints all metrics; --json has their values in full"
    setting = f"{key}={value}"
    setting = setting if value == "…" else shell_word(setting)
    if option == "--query" and command in ("inspect", "predict", "evaluate"):
        return f"a query takes the place of the data file: write {setting}"
    is_key = option.startswith("--") and key.rpartition(".")[2] in config_keys()
    if command in COMMANDS and is_key:
        return f"keys of the config have no dashes: write {setting}"
    if command == "export" and option in ("-o", "--out"):
        words = [word for word in given if word not in (option, f"{option}={value}", value)]
        return f"the destination is the last word: gdrun {' '.join([*words, value])}"
    if option in ("-c", "--config"):
        return f"write the config without {option}: {context.command_path} {value}"
    close = near(option, options, least=0.75)
    if command in _KEPT and is_key:
        meant = f"; did you mean {' or '.join(close)}?" if close else ""
        return f"{key} is a key of the config, and a run keeps its own: leave out {option}{meant}"
    if close:
        return f"did you mean {' or '.join(close)}?"
    commands = context.find_root().command.commands
    owners = [name for name, each in commands.items() if option in _options(each)]
    if owners:
        *first, last = owners
        return f"{option} is an option of gdrun {', '.join(first)}{' and ' if first else ''}{last}"
    return suggestion("", options)


def _value(option: str, given: Sequence[str]) -> str:
    """The value of an option, after = or in the next word; … without one. given: all words."""
    place = next((n for n, word in enumerate(given) if word.partition("=")[0] == option), None)
    if place is None:
        return "…"
    if value := given[place].partition("=")[2]:
        return value
    after = next(iter(given[place + 1 :]), "-")
    # The next word may be another option, or an override KEY=VALUE.
    key = after.partition("=")[0].rpartition(".")[2]
    return "…" if after.startswith("-") or ("=" in after and key in config_keys()) else after


def option_as_key(context: Any, arguments: Sequence[str]) -> str | None:
    """The option that is meant by a word such as threshold=0.2; None if there is no such word.

    arguments: the words after `gdrun`.
    """
    known = {name: each for each in context.command.params for name in each.opts}
    for word in arguments:
        key, sign, value = word.partition("=")
        option = f"--{key.replace('_', '-')}"
        if sign and option in known:
            return option if known[option].is_flag else f"{option} {shell_word(value)}"
    return None


def _options(command: Any) -> list[str]:
    """The options of a command, such as --seed and -o."""
    return [option for parameter in command.params for option in parameter.opts]
