"""The hint for an unknown option: often it is a key of the config, which has no dashes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from gdrun.cli.typed_settings import COMMANDS, config_keys, shell_word
from gdrun.errors import GdrunError, near, suggestion

_STOPPED_BY = {
    "": "target_loss",
    "loss": "target_loss",
    "train_loss": "target_loss",
    "accuracy": "target_accuracy",
    "train_accuracy": "target_accuracy",
}
"""The key of the training loss or accuracy at which a run stops, by the metric of a target."""

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
    owners = _owners(context, option)
    if option == "--target" and owners:
        target = _value(option, given, also=_STOPPED_BY)
        if not _is_column(target):
            way = _target_of_run(target, given) if command == "train" else None
            return "; ".join(filter(None, [_owned(option, owners, target), way]))
    if option == "--metric" and owners and _is_loss(value):
        return _owned(option, owners)
    if command in COMMANDS and is_key:
        return f"keys of the config have no dashes: write {setting}"
    if command == "export" and option in ("-o", "--out"):
        words = [word for word in given if word not in (option, f"{option}={value}", value)]
        return f"the destination is the last word: gdrun {' '.join([*words, value])}"
    if option in ("-c", "--config"):
        return f"write the config without {option}: {context.command_path} {value}"
    if (other := _directory_option(context, option, value)) is not None:
        return f"for the directory of runs, write {other}"
    close = near(option, options, least=0.75)
    if command in _KEPT and is_key:
        meant = f"; did you mean {' or '.join(close)}?" if close else ""
        return f"{key} is a key of the config, and a run keeps its own: leave out {option}{meant}"
    if close:
        return f"did you mean {' or '.join(close)}?"
    return _owned(option, owners) if owners else suggestion("", options)


def _owners(context: Any, option: str) -> list[str]:
    """The commands that have an option. context: the parser's context of a command."""
    commands = context.find_root().command.commands
    return [name for name, each in commands.items() if option in _options(each)]


def _owned(option: str, owners: Sequence[str], value: str = "…") -> str:
    """A sentence on the commands that have an option. value: the value that the user gave it."""
    *first, last = owners
    written = f"{option} {shell_word(value)}" if "=" in value else option
    return f"{written} is an option of gdrun {', '.join(first)}{' and ' if first else ''}{last}"


_DIRECTORY = {"--runs": ("--runs",), "--out": ("--out", "-o")}
"""The options that choose the directory of runs, with their names: commands have one of them."""


def _directory_option(context: Any, option: str, value: str) -> str | None:
    """The option for the directory of runs, with its value, in the place of the unknown one.

    None if the command has none, or the unknown option is --out and its value is no directory: it
    may be a file to write. value: that of the unknown option.
    """
    meant = next((each for each, names in _DIRECTORY.items() if option in names), None)
    if meant is None or (meant == "--out" and not Path(value).is_dir()):
        return None
    for each in context.command.params:
        if (each.metavar or "").startswith("DIR") and (own := [*_DIRECTORY.keys() & each.opts]):
            return f"{own[0]} {'DIR' if value == '…' else shell_word(value)}"
    return None


def _is_loss(metric: str) -> bool:
    """Whether a metric is a loss, which ranks studies, but which early stopping does not take."""
    from gdrun.problems.metrics import METRICS

    return metric.endswith("loss") and metric not in METRICS


def _is_column(value: str) -> bool:
    """Whether the value of --target can be that of dataset.target: the name of a column."""
    with suppress(ValueError):
        float(value)
        return False
    return "=" not in value


def _target_of_run(value: str, given: Sequence[str]) -> str:
    """How a run, which `gdrun train` trains, gets a target such as loss=0.1 or 0.1.

    It stops at a training loss or a training accuracy, so that the target of another metric has no
    key. value: the value of --target. given: the words after `gdrun`.
    """
    metric, _, number = value.rpartition("=")
    key = _STOPPED_BY.get(metric.strip().replace("-", "_"))
    if metric == "suboptimality":
        key, number = "target_loss", _on_surface(value, given)
    if key is None or not number:
        return "a run stops at a training loss, target_loss=0.1, or at target_accuracy=0.95"
    return f"for a run, write {shell_word(f'{key}={number}')}"


def _on_surface(target: str, given: Sequence[str]) -> str:
    """The training loss f* + ε of a target suboptimality=ε as text; empty if f* is not known.

    given: the words after `gdrun`.
    """
    from gdrun.config.loading import load
    from gdrun.study.judgement.metrics import parse_target

    words = [word for word in given[1:] if not word.startswith("-") and word != target]
    files = [word for word in words if Path(word).suffix in (".yaml", ".yml")]
    with suppress(GdrunError):
        experiment = load(next(iter(files), None), [word for word in words if "=" in word])
        if experiment.surface is not None:
            return f"{parse_target(target, [experiment]).value:.6g}"
    return ""


def _value(option: str, given: Sequence[str], also: Collection[str] = ()) -> str:
    """The value of an option, after = or in the next word; … without one.

    given: all words. also: the keys of overrides KEY=VALUE that may be the value.
    """
    place = next((n for n, word in enumerate(given) if word.partition("=")[0] == option), None)
    if place is None:
        return "…"
    if value := given[place].partition("=")[2]:
        return value
    after = next(iter(given[place + 1 :]), "-")
    # The next word may be another option, or an override KEY=VALUE.
    key = after.partition("=")[0].rpartition(".")[2]
    override = "=" in after and key in config_keys() and key not in also
    return "…" if after.startswith("-") or override else after


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
