"""What pydantic found wrong, in gdrun's words: where, what, and the next move."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from gdrun.errors import Problem, abridged, near, suggestion

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
    "seed": "a seed is a whole number from 0 up",
    "schedule.warmup": "warm-up counts epochs before the schedule begins; 0 switches it off",
    "optimizer.lr": "a learning rate is a positive number, such as 0.01",
    "model.hidden": "such as hidden: [64, 32], the width of each hidden layer; [] is none",
    "model.dropout": "such as dropout: 0.2, the share of units that a step leaves out",
    "dataset.split": "such as split: {validation: 0.1, test: 0}, where 0 means none",
    "stopping": "such as stopping: {epochs: 50}; `gdrun list stopping` shows what may stand there",
    "stopping.early_stopping": "such as early_stopping: {patience: 5}",
    "stopping.watch": "such as watch: [grad_norm], or watch: {grad_norm: 1e-6}",
    "clip": "such as clip: {norm: 1.0}",
    "evaluate": "such as evaluate: {every: 0.5}, in epochs",
    "log": "such as log: {points: 1000}, or log: {points: all}",
}
"""What to do about a bad value, for keys whose meaning is easily mistaken."""


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
}
"""What PyTorch, JAX and Keras call a choice; the nearest spelling would often be another one."""


def problems_of(
    error: ValidationError,
    prefix: Path,
    where: Callable[[Path], str],
    *,
    model: type[BaseModel],
    of: str,
    owners: Mapping[str, str] = MappingProxyType({}),
) -> list[Problem]:
    """Each thing pydantic found wrong in the section at `prefix`, once.

    model: what checked the section; of: the name of what is being configured; owners: the name of
    what has an option, where that is something else.
    """
    by_path: dict[Path, list[ErrorDetails]] = {}
    for detail in error.errors(include_url=False):
        by_path.setdefault(_path(detail["loc"]), []).append(detail)
    return [
        _problem(details, path, prefix, where, model, owners.get(str(path[0]), of) if path else of)
        for path, details in by_path.items()
    ]


def _problem(
    details: list[ErrorDetails],
    path: Path,
    prefix: Path,
    where: Callable[[Path], str],
    model: type[BaseModel],
    of: str,
) -> Problem:
    """What is wrong with one key: a union reports each of its members, the last most fully."""
    detail, place = details[-1], (*prefix, *path)
    hint = _hint(place)
    if detail["type"] == "extra_forbidden":
        owner = path[-2] if len(path) > 1 else of
        what = f"{owner} has no option {path[-1]!r}"
        return Problem(what, where(place), suggestion(path[-1], _known(model, path)))
    wanted = requirement(detail)
    if detail["type"] == "literal_error" and len(details) > 1:
        wanted = f"{requirement(details[0])}, or {' or '.join(_choices(detail))}"
    elif detail["type"] == "literal_error" and isinstance(detail["input"], str):
        choices, known = _choices(detail), ELSEWHERE.get(detail["input"].lower())
        if known in choices:
            hint = f"that is {known} here"
        elif (
            near(detail["input"], choices) or not prefix
        ):  # else: all of them stand in the sentence
            hint = hint or suggestion(detail["input"], choices)
    elif detail["type"] == "bool_type":
        hint = hint or "YAML 1.2 writes true and false, without quotes"
    elif detail["type"] == "string_type":
        hint = hint or f'quote it if it is text: "{detail["input"]}"'
    if hint is None and prefix and (of,) != prefix:
        hint = f"`gdrun list {of}` shows its options and what they take"
    return Problem(f"must be {wanted}, got {shown(detail['input'])}", where(place), hint)


def _known(model: type[BaseModel], path: Path) -> list[str]:
    """The keys of the section that holds the last key of `path`."""
    for part in path[:-1]:
        annotation = model.model_fields[str(part)].annotation
        within = (annotation, *get_args(annotation))
        model = next(each for each in within if hasattr(each, "model_fields"))
    return list(model.model_fields)


def _path(loc: Path) -> Path:
    """The key's path, without the marks that pydantic adds for the members of a union."""
    marks = ("int", "float", "str", "bool", "none", "constrained-int", "constrained-float")
    return tuple(
        part
        for part in loc
        if not (
            isinstance(part, str) and (part in marks or part.startswith(("literal[", "function-")))
        )
    )


def requirement(detail: ErrorDetails) -> str:
    """What a value must be, such as `a whole number`."""
    context: dict[str, Any] = detail.get("ctx") or {}
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
    for end in range(len(path), 0, -1):
        if (text := HINTS.get(".".join(map(str, path[:end])))) is not None:
            return text
    return None


def shown(value: Any) -> str:
    """A value in the words of an error, no longer than 60 characters."""
    words = {True: "true", False: "false", None: "nothing"}
    if value is None or isinstance(value, bool):
        return words[value]
    return abridged(repr(value), 60)
