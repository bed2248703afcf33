"""The arguments from which axes are made: a text such as lr=0.1,1, several texts, or a mapping."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from gdrun.config.overrides import Override, is_plain_query
from gdrun.errors import ConfigError, Parameter

_NEXT_KEY = re.compile(r",\s*(?=[A-Za-z_][\w.]*=)")
"""The comma before a further KEY= in a text."""


@dataclass(frozen=True)
class AxisWords:
    """One key with the values to try, as the user wrote them.

    text: such as lr=0.1,1, or the key alone. values: a list, an array or a text that was given
    apart from the key, in Python; None if the text has the values, or the key has its default
    range.
    """

    text: str
    values: Any = None

    @property
    def key(self) -> str:
        """The key, such as lr or optimizer.lr."""
        return self.text.partition("=")[0].strip()

    @property
    def is_open(self) -> bool:
        """Whether there are no values, so that the key has its default range."""
        return self.values is None and "=" not in self.text


Given = str | Mapping[str, Any] | Iterable[str | AxisWords]
"""What users give: a text, texts, or a mapping from each key to its values."""


def axis_words(given: Given, parameter: str = "values") -> list[AxisWords]:
    """The keys and values that a Python argument contains. parameter: the name of the argument.

    Raises ConfigError if the argument has another type, or if one text has several keys.

    >>> axis_words(["lr=0.1,1", "beta"])
    [AxisWords(text='lr=0.1,1', values=None), AxisWords(text='beta', values=None)]
    >>> axis_words({"lr": [0.1, 1]})
    [AxisWords(text='lr', values=[0.1, 1])]
    """
    match given:
        case str():
            words: list[Any] = [given]
        case Mapping():
            words = [
                AxisWords(*item) if isinstance(item[0], str) else item for item in given.items()
            ]
        case Iterable():
            words = list(given)
        case _:
            raise _wrong_type(given, parameter)
    if wrong := [word for word in words if not isinstance(word, str | AxisWords)]:
        raise _wrong_type(wrong[0], parameter)
    found = [word if isinstance(word, AxisWords) else AxisWords(word) for word in words]
    for each in found:
        if each.values is None:
            _check_one_key(each.text, parameter)
    return found


def varied_keys(given: Given, parameter: str = "values") -> list[Override]:
    """An override for each key that a study varies. Its value is None.

    given: the keys, with or without values to try: texts such as "lr=0.1,1", or a dict. These
    values are only in the text of the override, which errors show. parameter: the name of the
    argument that `given` is.
    """
    return [
        Override(
            each.key,
            None,
            each.text.strip() if each.values is None else f"{each.text}={each.values}",
        )
        for each in axis_words(given, parameter)
    ]


def _check_one_key(text: str, parameter: str) -> None:
    """Raise ConfigError if a text has several keys, such as lr,beta or lr=0.1,1,beta=0.5,0.9."""
    key, equals, values = text.partition("=")
    if not equals:
        parts = [part.strip() for part in text.split(",")]
    elif is_plain_query(key, values) or re.search("""["'{[]""", text):
        return
    else:
        parts = _NEXT_KEY.split(text)
    if len(parts) > 1 and all(parts):
        quoted = ", ".join(f'"{part}"' for part in parts)
        hint = f"write `{parameter}=[{quoted}]`"
        what = "a comma cannot separate keys, only the values of one key"
        raise ConfigError(what, where=repr(text), hint=hint)


def _wrong_type(given: object, parameter: str) -> ConfigError:
    what = f"must be a text, a list of texts or a dict, got {given!r}"
    hint = 'such as "lr", "lr=0.1,1", ["lr=0.1,1", "beta"] or {"lr": [0.1, 1]}'
    return ConfigError(what, where=Parameter(parameter), hint=hint)
