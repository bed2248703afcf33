"""`gdrun sweep --resume STUDY` without keys: the command that the record of the study has.

Options beside --resume are added to the recorded command. Those that would make another study are
refused.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from gdrun.cli.groups import Command
from gdrun.cli.recorded_commands import STDIN, without_resume
from gdrun.cli.running import RUNS
from gdrun.errors import GdrunError, Problem, RecordError

if TYPE_CHECKING:
    from gdrun.study.storage.records import StudyRecord

OF_THE_CALL = ("resume", "quiet", "watch", "json")
"""The options that are never taken from the record: they do not change the study."""

OF_THE_STUDY = ("config", "seed", "search", "halving", "tune", "budget")
"""The options that a study keeps. With another value, none of its runs could be used again."""

Values = Mapping[str, Any]
"""The values of options and arguments that were typed, by the name of the parameter."""


class StudyCommand(Command):
    """A command that continues a study if it has --resume, and no keys or names."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        typed = self._typed(ctx, args) if any(map(_resumes, args)) else {}
        if typed.get("help"):
            return super().parse_args(ctx, args)
        words = typed.get(self._argument.name)
        if words and all(map(_is_setting, words)):
            what = "a study that continues keeps its settings"
            hint = "leave it out, or start a new study without --resume"
            raise GdrunError([Problem(what, repr(word), hint) for word in words])
        if "resume" in typed and not words and not ctx.resilient_parsing:
            args = self._continued(ctx, typed)
            # Hints and the record of the study read the command line: it is now the whole one.
            sys.argv[1:] = [ctx.info_name, *args]
        return super().parse_args(ctx, args)

    def _continued(self, ctx: Any, typed: Values) -> list[str]:
        """The words of the whole command that continues the study which --resume names.

        typed: the values of the command line. Raises RecordError if there is no such study, or its
        record has no command, and GdrunError for an option that would make another study.
        """
        from gdrun.study.recorded_calls import study_to_continue
        from gdrun.study.storage.records import ONLY_TUNING
        from gdrun.study.storage.study_directory import find_study, read_study

        path = find_study(str(typed["resume"]), Path(typed.get("out") or RUNS))
        record = read_study(path)
        verb = ctx.info_name
        if record["verb"] != verb:
            other, study = study_to_continue(record, path)
            what = f"is a study of gdrun {other}, not of gdrun {verb}"
            hint = _continuing_hint(other, study)
            raise RecordError(what if study == path else ONLY_TUNING, where=str(path), hint=hint)
        words = without_resume(record.get("command", ""))
        recorded = self._typed_at_start(ctx, words)
        if recorded is None:
            raise _without_command(path, record)
        if problems := [*self._changes_of_study(recorded, typed)]:
            raise GdrunError(problems)
        kept = {name: value for name, value in recorded.items() if name not in OF_THE_CALL}
        added = {name: value for name, value in typed.items() if value and name != "out"}
        plugins = dict.fromkeys([*(recorded.get("plugins") or ()), *(typed.get("plugins") or ())])
        whole = {**kept, **added, "plugins": [*plugins], "resume": str(path)}
        line = self._words(whole)
        _require_config(recorded, typed, path, shlex.join(["gdrun", verb, *line]))
        return line

    def _typed(self, ctx: Any, words: Sequence[str]) -> dict[str, Any]:
        """The values in the words of a command, by parameter, without defaults and checks."""
        return dict(self.make_parser(ctx).parse_args(args=list(words))[0])

    def _typed_at_start(self, ctx: Any, words: Sequence[str]) -> dict[str, Any] | None:
        """The values in the command line of a record; None if it is no line of this command."""
        if words[1:2] != [ctx.info_name]:
            return None
        try:
            values = self._typed(ctx, words[2:])
            for option in self.params:
                # A callback loads plugins or reads the config, which the whole line does later.
                if option.name in values and option.callback is None:
                    option.process_value(ctx, values[option.name])
        except typer.TyperException:  # study.json was edited
            return None
        return values if values.get(self._argument.name) else None

    @property
    def _argument(self) -> Any:
        return next(each for each in self.params if each.param_type_name == "argument")

    def _words(self, values: Values) -> list[str]:
        """The words of a command with these values: the argument, then the options."""
        words = [*values[self._argument.name]]
        for option in self.params:
            value = values.get(option.name)
            if option is self._argument or value in (None, False, (), []):
                continue
            for each in value if isinstance(value, (list, tuple)) else [value]:
                words += [option.opts[0]] if each is True else [option.opts[0], str(each)]
        return words

    def _changes_of_study(self, recorded: Values, typed: Values) -> list[Problem]:
        """A Problem for each typed option that differs from that of the study."""
        problems = []
        for option in self.params:
            name = option.name
            if name not in OF_THE_STUDY or not typed.get(name):
                continue
            before, now = recorded.get(name), typed[name]
            if before == now or (name == "config" and before == STDIN):
                continue
            started = f"with {_option(option, before)}" if before else f"without {option.opts[0]}"
            hint = "leave it out, or start a new study without --resume"
            what = f"this study was started {started}"
            problems.append(Problem(what, _option(option, now), hint))
        return problems


def _resumes(word: str) -> bool:
    return word.partition("=")[0] == "--resume"


def _is_setting(word: str) -> bool:
    """Whether a word sets a key for all runs, such as epochs=5, and is no key to sweep."""
    from gdrun.config.overrides import swept_values
    from gdrun.study.design.contenders import is_setting

    key, _, values = word.partition("=")
    with suppress(GdrunError):
        return is_setting(word) and len(swept_values(key, values)) == 1
    return False


def _option(option: Any, value: Any) -> str:
    """An option with its value, as it is typed."""
    name, values = option.opts[0], value if isinstance(value, (list, tuple)) else [value]
    return " ".join(name if each is True else f"{name} {shlex.quote(each)}" for each in values)


def _continuing_hint(verb: str, path: Path) -> str:
    """The hint that continues a study of another command than the one that was typed.

    verb: the command of the study, sweep or compare. path: its directory. A study that Python
    started has no command that could be repeated.
    """
    from gdrun.study.storage.study_directory import read_study

    record = read_study(path)
    if without_resume(record.get("command", ""))[1:2] == [verb]:
        return f"`gdrun {verb} --resume {shlex.quote(str(path))}` continues it"
    return _other_ways(path, record)


def _without_command(path: Path, record: StudyRecord) -> RecordError:
    """The error for a study whose record has no usable command, with the line that continues it."""
    what = "the record of this study has no command"
    if "command" in record:
        what += f" that can be repeated, but {record['command']!r}"
    return RecordError(what, where=str(path), hint=_other_ways(path, record))


def _other_ways(path: Path, record: StudyRecord) -> str:
    """The hint that continues a study whose record has no usable command."""
    from gdrun.config.writing import short_flow
    from gdrun.study.recorded_calls import continuing_call, runs_on_arrays

    candidates = record["candidates"]
    if record["verb"] == "compare":
        words = [each["name"] for each in candidates]
    else:
        values: dict[str, dict[str, None]] = {}
        for each in candidates:
            for key, value in each["settings"].items():
                values.setdefault(key, {})[short_flow(value)] = None
        words = [f"{key}={','.join(each)}" for key, each in values.items()]
    line = ["gdrun", record["verb"], *words, "--seeds", str(len(record["seeds"]))]
    hint = f"in Python, {continuing_call(record, path)} continues it"
    if not runs_on_arrays(record):  # a command line has none
        hint += "; on the command line, add its config and options to: "
        hint += shlex.join([*line, "--resume", str(path)])
    return hint


def _require_config(recorded: Values, typed: Values, path: Path, line: str) -> None:
    """Raise GdrunError if the recorded config cannot be read again.

    path: the directory of the study. line: the whole command that continues it.
    """
    config = recorded.get("config")
    if config is None or typed.get("config"):
        return
    if config == STDIN:
        what = "the config of this study came from stdin, and is not recorded as a file"
        raise GdrunError(what, where=str(path), hint=f"pass it again: {line} < CONFIG")
    file = Path(config)
    if file.suffix and not file.exists() and "://" not in config:
        what = f"the config of this study, {config}, is not in this directory"
        hint = f"change to the directory of the study's start, or restore the file, then: {line}"
        raise GdrunError(what, where=str(path), hint=hint)
