"""Commands that need arrays of Python: the calls in Python that do the same.

No file of a run or a study has the arrays on which it was trained, so a command cannot train on
them again. Next steps and hints give the call instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

ARRAYS = "arrays"
"""The name of a dataset that consists of arrays of Python."""

_OPTIONS = {"--resume": "resume", "--search": "search"}
"""The arguments of Python for the options that next steps and hints have."""


def record_beside(path: Path) -> object:
    """The record of a run or a study; None if there is none, or it is damaged.

    path: the directory of the run or the study, or a file in it.
    """
    from gdrun.runs import strict_json
    from gdrun.runs.finding import RECORD, STUDY

    for directory in (path, path.parent):
        for name in (RECORD, STUDY):
            # Even with a damaged record, the hint is shown.
            with suppress(OSError, ValueError):
                found: object = strict_json.read(directory / name)
                return found
    return None


def is_on_arrays(path: Path) -> bool:
    """Whether a run or a study was trained on arrays. path: its directory, or a file in it."""
    match record_beside(path):
        case {"data": {"name": str(name)}}:
            return name == ARRAYS
    return False


def python_call(words: Sequence[str]) -> str | None:
    """The call in Python for a command that cannot work because it needs arrays.

    words: the words of the command, without gdrun. None if the command works, or has no such call.
    X and y in the call are the arrays; X in a prediction is the features of the rows.
    """
    # Without words, as where another program calls `main`, there is no command to replace.
    verb, rest = "".join(words[:1]), words[1:]
    if verb == "predict" and [*rest[1:]] == [ARRAYS]:
        return f"gdrun.load_model({rest[0]!r}).predict(X)"
    if verb not in ("train", "sweep", "compare") or not any(is_on_arrays(Path(w)) for w in rest):
        return None
    named, source, values = {}, None, []
    left = iter(rest)
    for word in left:
        if word in ("-c", "--config"):
            source = next(left, None)
        elif word in _OPTIONS:
            named[_OPTIONS[word]] = next(left, "")
        elif word.startswith("-"):
            return None
        else:
            values.append(word)
    given = [] if source is None else [repr(source)]
    if verb == "train" or len(values) == 1:
        given += map(repr, values)
    elif values:
        given.append(repr(values))
    # The config comes first in `sweep`, and after the contenders in `compare`.
    if verb == "compare":
        given.reverse()
    given += ["data=(X, y)", *(f"{name}={value!r}" for name, value in named.items())]
    return f"gdrun.{verb}({', '.join(given)})"
