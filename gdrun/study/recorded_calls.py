"""The arguments of gdrun.sweep and gdrun.compare in the record of a study, to continue it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gdrun.config.experiment import Experiment
from gdrun.errors import ConfigError, Parameter, Problem, RecordError
from gdrun.study.storage.study_directory import find_study, read_study


def recordable(arguments: Mapping[str, Any]) -> dict[str, Any] | None:
    """The arguments as plain data; None if one of them cannot be written to a record.

    Arrays become lists, paths texts, and experiments dicts.
    """
    try:
        return {name: _plain(value) for name, value in arguments.items()}
    except TypeError:
        return None


def _plain(value: Any) -> Any:
    """A value as plain data. Raises TypeError if this is not possible."""
    value = value.tolist() if hasattr(value, "tolist") else value
    match value:
        case None | bool() | int() | str():
            return value
        case float() if math.isfinite(value):
            return value
        case Path():
            return str(value)
        case Experiment():
            return value.plain()
        case Mapping() if all(isinstance(key, str) for key in value):
            return {key: _plain(each) for key, each in value.items()}
        case list() | tuple():
            return [_plain(each) for each in value]
    raise TypeError(f"cannot be recorded: {value!r}")


def recorded_call(
    verb: str,
    resume: str | Path,
    out: str | Path | None,
    given: Mapping[str, Any],
    defaults: Mapping[str, Any],
    *,
    with_data: bool,
) -> dict[str, Any]:
    """The arguments with which gdrun.sweep or gdrun.compare started the study in `resume`.

    verb: sweep or compare. out: where a study that is given by its id is searched. given: the
    arguments of the call that continues it, and defaults: their values if they are left out.
    with_data: whether this call has data. Raises ConfigError if it has arguments that the record
    has, too; RecordError if the study was not started by this function, or needs data.
    """
    path = find_study(str(resume), Path(out or "runs"))
    hint = f"leave it out, or give every argument of gdrun.{verb} again"
    problems = [
        Problem("the study has this argument in its record", Parameter(name), hint)
        for name, value in given.items()
        if not _is_default(value, defaults[name])
    ]
    if problems:
        raise ConfigError(problems)
    record = read_study(path)
    if record["verb"] != verb:
        what = f"is a study of gdrun.{record['verb']}, not of gdrun.{verb}"
        hint = f"gdrun.{record['verb']}(resume={str(path)!r}) continues it"
        raise RecordError(what, where=str(path), hint=hint)
    call = record.get("call")
    if call is None:
        hint = f"give every argument of gdrun.{verb} again, and `resume`"
        if "command" in record:
            hint = f"the command line can continue it: it was started by {record['command']}"
        raise RecordError("the record has no arguments of Python", where=str(path), hint=hint)
    if call["data"] and not with_data:
        hint = "give the same arrays again: `data`"
        raise RecordError("the study was run on arrays", where=str(path), hint=hint)
    return {name: value for name, value in call.items() if name != "data"}


def _is_default(value: Any, default: Any) -> bool:
    """Whether an argument was left out; an array, which has no single truth value, was not."""
    return value is default or (isinstance(value, type(default)) and bool(value == default))
