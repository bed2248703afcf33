"""The options that the user typed, for hints with a command that keeps them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence

import typer


def typed_options(
    words: Sequence[str], command: Callable[..., int], other: Callable[..., int]
) -> list[str]:
    """The options among the words of a command line, with their values, that another command has.

    words: those after the name of the command. command: the function of the command that was typed.
    other: the function of the command for which options are kept.
    """
    takes_value, known = _options(command), _options(other)
    kept: list[str] = []
    rest = iter(words)
    for word in rest:
        name = word.partition("=")[0] if word.startswith("--") else word[:2]
        if name not in takes_value:
            continue
        # The value is in the next word, unless the word has it already, as in --seeds=3 or -j2.
        whole = [word, next(rest, "")] if takes_value[name] and word == name else [word]
        kept += whole if name in known else []
    return kept


def _options(command: Callable[..., int]) -> dict[str, bool]:
    """Whether each option of a command takes a value, by its name such as --seeds or -o."""
    found: dict[str, bool] = {}
    for parameter in inspect.signature(command, eval_str=True).parameters.values():
        for note in getattr(parameter.annotation, "__metadata__", ()):
            if isinstance(note, typer.models.OptionInfo):
                # In an annotation, the first name takes the place of the default value.
                names = [note.default, *(note.param_decls or ())]
                flag = getattr(parameter.annotation, "__origin__", None) is bool
                found |= {name: not flag for name in names if isinstance(name, str)}
    return found
