"""Converts the validation errors of pydantic to problems with a place, a message and a hint."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from gdrun.config.names_elsewhere import key_elsewhere
from gdrun.errors import Problem, abridged, near, suggestion
from gdrun.methods.plugin_kinds import chooses_from_plugins
from gdrun.methods.plugins import with_own_names

Path = tuple[str | int, ...]

_KINDS = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "string_type": "text",
    "model_type": "keys and values",
    "model_attributes_type": "keys and values",
    "dict_type": "keys and values",
    "list_type": "a list",
    "tuple_type": "a list",
    "finite_number": "a finite number",
}

HINTS: dict[str, str] = {
    "seed": "a seed is a whole number ≥ 0",
    "dataset.seed": "such as seed: 1, or seed: run, which draws a new split for each seed of a run",
    "schedule.warmup": "warmup is the number of epochs (or steps) with a rising rate; 0 means none",
    "optimizer.lr": "a learning rate is a positive number, such as 0.01",
    "model.hidden": "such as hidden: [64, 32], the widths of the hidden layers; [] means none",
    "model.dropout": "such as dropout: 0.2, the share of units that are dropped in each step",
    "dataset.validation": "such as validation: new.csv; for a share write split: {validation: 0.1}",
    "dataset.test": "such as test: new.csv; for a share of the rows write split: {test: 0.1}",
    "dataset.split": "such as split: {validation: 0.1, test: 0}, where 0 means no such part",
    "stopping.steps": "such as steps: 1000; steps=none removes this budget",
    "stopping.divergence.factor": "a run whose loss is above factor times its initial loss has "
    "diverged, so that a factor is > 1, such as 1e4",
    "stopping.divergence": "such as divergence: {factor: 1e6}; divergence=none sets the default",
    "stopping.target_accuracy": "a share between 0 and 1, such as target_accuracy: 0.95",
    "stopping": "such as stopping: {epochs: 50}; `gdrun list stopping` shows all its keys",
    "stopping.early_stopping.metric": "`gdrun list metrics` shows all metrics",
    "stopping.watch.early_stopping.metric": "`gdrun list metrics` shows all metrics",
    "evaluate.metrics": "such as metrics: [accuracy, f1]; `gdrun list metrics` shows all",
    "stopping.early_stopping": "such as early_stopping: {patience: 5}",
    "stopping.watch": "such as watch: [grad_norm], or watch: {grad_norm: 1e-6}",
    "clip": "such as clip: {norm: 1.0}",
    "evaluate": "such as evaluate: {every: 0.5}, in epochs",
    "diagnose.mute": "such as mute: [overfitting]; `gdrun list symptoms` shows all symptoms",
    "diagnose": "such as diagnose: {mute: [overfitting]}",
    "log": "such as log: {points: 1000}, or log: {points: all}",
}
"""The hint for a wrong value of a key, or of a key inside it, by the path of the key."""


ELSEWHERE: dict[str, str] = {
    "glorot": "xavier",
    "glorot_uniform": "xavier",
    "xavier_uniform": "xavier",
    "glorot_normal": "xavier_normal",
    "kaiming": "he",
    "kaiming_normal": "he",
    "he_normal": "he",
    "kaiming_uniform": "he_uniform",
    "lecun_normal": "lecun",
    "swish": "silu",
    "linear": "identity",
    "l1": "mae",
    "smooth_l1": "huber",
    "quantile": "pinball",
    "categorical_crossentropy": "cross_entropy",
    "crossentropy": "cross_entropy",
    "acc": "accuracy",
    "accuracy_score": "accuracy",
    "auc": "roc_auc",
    "auroc": "roc_auc",
    "roc_auc_score": "roc_auc",
    "f1_score": "f1",
    "f1_macro": "f1",
    "logloss": "log_loss",
    "neg_log_loss": "log_loss",
    "sensitivity": "recall",
    "r2_score": "r2",
    "mean_absolute_error": "mae",
    "root_mean_squared_error": "rmse",
}
"""The name in gdrun, by the name that another library uses for the same thing."""


_IDX_FILES = "dataset.path=train-images-idx3-ubyte.gz dataset.targets=train-labels-idx1-ubyte.gz"

FILES_ELSEWHERE: dict[str, str] = {
    "mnist": _IDX_FILES,
    "fashion-mnist": _IDX_FILES,
    "cifar10": "dataset.path=cifar-10-batches-bin",
    "cifar-10": "dataset.path=cifar-10-batches-bin",
}
"""The overrides that read a well-known dataset from its files, by the name of the dataset."""


def problems_of(
    error: ValidationError,
    prefix: Path,
    where: Callable[[Path], str],
    *,
    model: type[BaseModel],
    of: str,
    owners: Mapping[str, str] = MappingProxyType({}),
) -> list[Problem]:
    """Return the problems in a validation error of a section, one for each key.

    prefix: the path of the section. where: a function that returns the place of a key path, for
    messages. model: the pydantic model that checked the section. of: the name of the definition or
    section that has the options, for messages. owners: for an option that comes with another
    registry entry, such as a loss, the name of that entry, by option name.
    """
    by_path: dict[Path, list[ErrorDetails]] = {}
    for detail in error.errors(include_url=False):
        by_path.setdefault(_path(detail), []).append(detail)
    return [
        _problem(details, path, prefix, where, model, owners.get(str(path[0]), of) if path else of)
        for path, details in by_path.items()
        # If a mapping may also be a word, an error within the mapping is the more exact one.
        if not any(other[: len(path)] == path and len(other) > len(path) for other in by_path)
    ]


def _problem(
    details: list[ErrorDetails],
    path: Path,
    prefix: Path,
    where: Callable[[Path], str],
    model: type[BaseModel],
    of: str,
) -> Problem:
    """Return the problem with one key of a section.

    details: the errors that pydantic reports for the key. path: the path of the key within the
    section. The other parameters are those of `problems_of`.
    """
    # For a union pydantic reports each member; the last one is the most detailed.
    detail, place = details[-1], (*prefix, *path)
    hint = _hint(place)
    if detail["type"] == "extra_forbidden":
        owner = path[-2] if len(path) > 1 else of
        what = f"{owner} has no option {path[-1]!r}"
        options = _known(model, path)
        elsewhere = key_elsewhere(str(path[-1]), {str(key): of for key in prefix[:1]}) or ""
        meant = elsewhere.rpartition(".")[2]
        hint = (
            f"the name in gdrun is {meant}" if meant in options else suggestion(path[-1], options)
        )
        return Problem(what, where(place), hint)
    if detail["type"] == "missing":
        return Problem("must be given", where(place), hint)
    wanted = requirement(detail)
    if detail["type"] == "literal_error" and len(details) > 1:
        wanted = f"{requirement(details[0])}, or {' or '.join(_choices(detail))}"
    if detail["type"] == "literal_error" and isinstance(detail["input"], str):
        choices, known = _choices(detail), ELSEWHERE.get(detail["input"].lower())
        if known in choices:
            hint = f"the name in gdrun is {known}"
        # A list of all choices would repeat the message, so only similar names are suggested.
        elif near(detail["input"], choices):
            hint = suggestion(detail["input"], choices)
        elif not prefix:
            hint = hint or suggestion(detail["input"], choices)
        if chooses_from_plugins(choices):
            hint = with_own_names(hint or suggestion(detail["input"], choices))
    elif detail["type"] == "bool_type":
        hint = hint or "write true or false, without quotes"
    elif detail["type"] == "string_type":
        hint = hint or f'put the value in quotes if it is text: "{detail["input"]}"'
    if isinstance(detail["input"], list) and wanted in ("a number", "a whole number"):
        if isinstance(place[-1], int):  # an entry of a list, such as hidden
            one = f"{place[-2]}={detail['input']}".replace(" ", "")
            hint = f"one list is {one}; `gdrun sweep '{one},[32,16]'` tries several lists"
        else:
            values = ",".join(map(str, detail["input"]))
            hint = f"`gdrun sweep {place[-1]}={values}` tries several values"
    elif isinstance(detail["input"], float) and wanted == "a whole number":
        hint = f"write {detail['input']:.0f}" if detail["input"].is_integer() else hint
    if hint is None and prefix and (of,) != prefix:
        hint = f"`gdrun list {of}` shows the options of {of} and their values"
    return Problem(f"must be {wanted}, got {shown(detail['input'])}", where(place), hint)


def _known(model: type[BaseModel], path: Path) -> list[str]:
    """Return the allowed keys of the section that contains the last key of `path`.

    model: the pydantic model of the outer section. path: a path within it.
    """
    for part in path[:-1]:
        annotation = model.model_fields[str(part)].annotation
        within = (annotation, *get_args(annotation))
        model = next(each for each in within if hasattr(each, "model_fields"))
    return list(model.model_fields)


def _path(detail: ErrorDetails) -> Path:
    """Return the path of the key of an error, without the parts that name the member of a union."""
    loc = detail["loc"]
    # A key of the user may have the name of such a member: the first part, and one that is unknown.
    keys = {0, len(loc) - 1} if detail["type"] == "extra_forbidden" else {0}
    # Pydantic names the member of a union in the path, such as ("points", "constrained-int").
    marks = ("int", "float", "str", "bool", "none", "constrained-int", "constrained-float")
    return tuple(
        part
        for place, part in enumerate(loc)
        if place in keys
        or not (
            isinstance(part, str)
            and (part in marks or part.startswith(("literal[", "dict[", "function-")))
        )
    )


def requirement(detail: ErrorDetails) -> str:
    """Return what a value must be, such as `a whole number` or `> 0`.

    detail: an error of pydantic.
    """
    context: dict[str, Any] = detail.get("ctx") or {}
    if "wanted" in context:  # an error of our own
        return str(context["wanted"])
    match detail["type"]:
        case "greater_than":
            return f"> {context['gt']:g}"
        case "greater_than_equal":
            return f"≥ {context['ge']:g}"
        case "less_than":
            return f"< {context['lt']:g}"
        case "less_than_equal":
            return f"≤ {context['le']:g}"
        case "literal_error":
            return f"one of {', '.join(_choices(detail))}"
        case kind if kind in _KINDS:
            return _KINDS[kind]
    return f"valid ({detail['msg']})"


def _choices(detail: ErrorDetails) -> list[str]:
    text = str((detail.get("ctx") or {}).get("expected", ""))
    return [word.strip("'") for word in text.replace(" or ", ", ").split(", ")]


def _hint(path: Path) -> str | None:
    # The longest path first: stopping.watch has a hint of its own.
    for end in range(len(path), 0, -1):
        if (text := HINTS.get(".".join(map(str, path[:end])))) is not None:
            return text
    return None


def shown(value: Any) -> str:
    """Return a value as text for an error message, with at most 60 characters."""
    words = {True: "true", False: "false", None: "nothing"}
    if value is None or isinstance(value, bool):
        return words[value]
    return abridged(repr(value), 60)
