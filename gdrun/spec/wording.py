"""What pydantic found wrong, in gdrun's words: where, what, and the next move."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from gdrun.errors import Problem, suggestion

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
    "finite_number": "a finite number",
}

HINTS: dict[str, str] = {
    "schedule.warmup": "warm-up counts epochs before the schedule begins; 0 switches it off",
    "optimizer.lr": "a learning rate is a positive number, such as 0.01",
    "dataset.split": "such as split: {validation: 0.1, test: 0.1}; 0 means none",
    "stopping.early_stopping": "such as early_stopping: {patience: 5}",
    "stopping.watch": "such as watch: [grad_norm], or watch: {grad_norm: 1e-6}",
    "clip": "such as clip: {norm: 1.0}",
}
"""What to do about a bad value, for keys whose meaning is easily mistaken."""


def problems_of(
    error: ValidationError,
    prefix: Path,
    where: Callable[[Path], str],
    *,
    known: Iterable[str],
    of: str,
) -> list[Problem]:
    """Each thing pydantic found wrong in the section at `prefix`, once.

    known: the section's own keys; of: the name of what is being configured, for unknown keys.
    """
    found: dict[str, Problem] = {}
    for detail in error.errors(include_url=False):
        path = _path(prefix, detail["loc"])
        kind = detail["type"]
        what, hint = f"must be {_wanted(detail)}, got {_shown(detail['input'])}", _hint(path)
        if kind == "extra_forbidden":
            top = len(detail["loc"]) == 1
            what = f"{of} has no option {path[-1]!r}" if top else f"unknown key {path[-1]!r}"
            hint = suggestion(path[-1], known) if top else _hint(path[:-1])
        elif kind == "missing":
            what = "is missing"
        elif kind == "literal_error" and isinstance(detail["input"], str):
            hint = suggestion(detail["input"], _choices(detail)) if hint is None else hint
        # A union reports each of its members; the last says what is wanted most fully.
        found[".".join(map(str, path))] = Problem(what, where(path), hint)
    return list(found.values())


def _path(prefix: Path, loc: Path) -> Path:
    """The key's path, without the marks that pydantic adds for the members of a union."""
    marks = ("int", "float", "str", "bool", "none", "constrained-int", "constrained-float")
    own = [
        part
        for part in loc
        if not (
            isinstance(part, str) and (part in marks or part.startswith(("literal[", "function-")))
        )
    ]
    return (*prefix, *own)


def _wanted(detail: ErrorDetails) -> str:
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


def _shown(value: Any, most: int = 60) -> str:
    words = {True: "true", False: "false", None: "nothing"}
    if value is None or isinstance(value, bool):
        return words[value]
    text = repr(value)
    return text if len(text) <= most else f"{text[: most - 1]}…"
