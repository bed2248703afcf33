"""The arguments of gdrun.sweep and gdrun.compare in the record of a study, to continue it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from typing_extensions import TypedDict

from gdrun.config.experiment import Experiment
from gdrun.errors import ConfigError, Parameter, Problem, RecordError
from gdrun.runs.checked import misfit
from gdrun.runs.finding import STUDY
from gdrun.study.design.sweep_plan import Search
from gdrun.study.storage.records import ONLY_TUNING, StudyRecord
from gdrun.study.storage.study_directory import find_study, read_study

TextOrDict = str | dict[str, Any] | None
"""A budget, a target or a config: a text, a dict, or no value."""

Words = str | list[Any] | dict[str, Any]
"""Keys with the values to try: a text, several texts, or a dict."""


class StudyCall(TypedDict):
    """The arguments that gdrun.sweep and gdrun.compare share, in the record of a study.

    data: whether the study was run on arrays, which the record does not have.
    """

    config: TextOrDict
    overrides: list[Any]
    seeds: int
    metric: str | None
    target: TextOrDict
    data: bool


class SweepCall(StudyCall):
    """The arguments of gdrun.sweep."""

    values: Words
    search: Search
    trials: int | None
    halving: bool


class ComparisonCall(StudyCall):
    """The arguments of gdrun.compare."""

    contenders: list[Any]
    tune: Words
    budget: TextOrDict
    baseline: str | None


class CalledSweep(TypedDict):
    """The record of a sweep that was started from Python."""

    call: SweepCall


class CalledComparison(TypedDict):
    """The record of a comparison that was started from Python."""

    call: ComparisonCall


_CALLED: dict[str, type[Any]] = {"sweep": CalledSweep, "compare": CalledComparison}
"""The required form of the record of a study, by its verb."""


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
        other, study = study_to_continue(record, path)
        what = f"is a study of gdrun.{other}, not of gdrun.{verb}"
        started = record if study == path else read_study(study)
        if _wrong_call(started) is None:
            hint = f"{continuing_call(started, study)} continues it"
        else:
            hint = _without_call(started)
        raise RecordError(what if study == path else ONLY_TUNING, where=str(path), hint=hint)
    if (wrong := _wrong_call(record)) is not None:
        raise RecordError(wrong, where=str(path / STUDY), hint=_without_call(record))
    call = record["call"]
    if call["data"] and not with_data:
        hint = "give the same arrays again: `data`"
        raise RecordError("the study was run on arrays", where=str(path), hint=hint)
    return {name: call[name] for name in given}


def study_to_continue(record: StudyRecord, path: Path) -> tuple[str, Path]:
    """The verb and the directory with which a study is continued.

    Tuning is continued with its comparison. path: the directory of the study.
    """
    return ("compare", path.parent) if record["verb"] == "tune" else (record["verb"], path)


def _without_call(record: StudyRecord) -> str:
    """The hint that continues a study whose record has no arguments of Python."""
    if "command" in record:
        return f"the command line can continue it: it was started by {record['command']}"
    return f"give every argument of gdrun.{record['verb']} again, and `resume`"


def continuing_call(record: StudyRecord, path: Path) -> str:
    """The call of Python that continues a study, for a hint. path: the directory of the study.

    It has the arguments that the record does not have.
    """
    again = f"resume={str(path)!r})"
    if _wrong_call(record) is not None:
        return f"gdrun.{record['verb']}(…, {again} with every argument of its start"
    arrays = "data=(X, y), " if runs_on_arrays(record) else ""
    return f"gdrun.{record['verb']}({arrays}{again}"


def runs_on_arrays(record: StudyRecord) -> bool:
    """Whether the runs of a study use arrays of Python, which no record has."""
    return "data" in record and record["data"]["name"] == "arrays"


def _wrong_call(record: StudyRecord) -> str | None:
    """A sentence on why the arguments in a record cannot be used; None if they can be used."""
    if "call" not in record:
        return "the record has no arguments of Python"
    wrong = misfit(record, _CALLED[record["verb"]])
    return None if wrong is None else f"the arguments of Python cannot be read: {wrong}"


def _is_default(value: Any, default: Any) -> bool:
    """Whether an argument was left out; an array, which has no single truth value, was not."""
    return value is default or (isinstance(value, type(default)) and bool(value == default))
