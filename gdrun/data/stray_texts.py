"""A few texts in a column of numbers: words for a missing value, limits such as <0.5, and mistakes.

The hint is that of all columns together: a setting with the words of one column only would be
refused for those of the next.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from gdrun.data.column_options import ColumnOptions, how_missing
from gdrun.data.columns import KindError
from gdrun.errors import DataError, Problem

MOST = 3
"""The largest number of different texts that a message names; the message counts the others."""

_LIMIT = re.compile(r"([<>≤≥])=?\s*[\d.,]*\d.*")
"""A value below or above the limit of what was measured, such as <0.5."""


@dataclass(frozen=True)
class StrayTexts:
    """The texts in a column of numbers that are no numbers.

    name: the column. texts: the different texts. cells: the number of their cells. sign: the
    decimal sign that must be set for the numbers; empty if none must be. last: a further way, which
    ends the hint; empty for none.
    """

    name: str
    texts: Sequence[str]
    cells: int
    options: ColumnOptions
    sign: str = ""
    last: str = ""

    @property
    def nameable(self) -> tuple[str, ...]:
        """The texts, if they are few enough to be listed in a setting; otherwise none."""
        return tuple(self.texts) if len(self.texts) <= MOST else ()

    def hint(self, others: Sequence[StrayTexts] = ()) -> str:
        """What to do about the texts.

        others: the texts of other columns. The setting for words lists all words of these columns;
        only the setting for amounts lists amounts too, since an amount is hardly a missing value.

        >>> print(StrayTexts("age", ["n"], 1, ColumnOptions(missing="mean")).hint())
        if it means a missing value, set missing_values: ["standard", "n"]; or correct this cell
        """
        these = "this cell" if self.cells == 1 else "these cells"
        and_sign = f", and set {_decimal(self.sign)}" if self.sign else ""
        correct = f"correct {these}{and_sign}"
        ways = [correct]
        if self.nameable:
            setting = self._as_missing(others)
            limits = [_LIMIT.fullmatch(text) for text in self.texts]
            if all(map(_is_word, self.texts)):
                mean = "it means" if len(self.texts) == 1 else "they mean"
                ways = [f"if {mean} a missing value, set {setting}", correct]
            elif all(limits):
                signs = {found[1] for found in limits if found}
                which = (
                    "lowest" if signs <= {*"<≤"} else "highest" if signs <= {*">≥"} else "extreme"
                )
                ways = [
                    f"write a number in {these}, such as the limit itself{and_sign}",
                    f"count these {which} values as missing ones with {setting}",
                ]
            else:
                ways.append(f"read them as missing values with {setting}")
        return "; or ".join([*ways, *([self.last] if self.last else [])])

    def _as_missing(self, others: Sequence[StrayTexts]) -> str:
        """The settings that read the texts as missing values, with those of other columns."""
        words = all(map(_is_word, self.texts))
        every = [*self.texts, *(text for other in others for text in other.nameable)]
        listed = [text for text in every if not words or _is_word(text)]
        settings = [self.options.adding("missing_values", *listed)]
        if sign := next((each.sign for each in (self, *others) if each.sign), ""):
            settings.append(_decimal(sign))
        if how_missing(self.options.missing, self.name) == "error":
            settings.append(self.options.filling("drop"))
        return " and ".join(settings)


def _decimal(sign: str) -> str:
    return f'decimal: "{sign}"'


def _is_word(text: str) -> bool:
    """Whether a text has no digit, or is an error of a spreadsheet, such as #DIV/0!.

    Another text with a digit is an amount, and hardly a missing value.
    """
    return text.startswith("#") or not re.search(r"\d", text)


class StrayTextsError(KindError):
    """The error for a few texts in a column of numbers. strays: these texts."""

    def __init__(self, what: str, *, where: str, strays: StrayTexts) -> None:
        super().__init__(what, kind="text", where=where, hint=strays.hint())
        self.strays = strays


def problems_of(errors: Sequence[DataError]) -> list[Problem]:
    """The problems of columns, in which each hint on stray texts names those of all columns."""
    found = [error.strays for error in errors if isinstance(error, StrayTextsError)]
    problems: list[Problem] = []
    for error in errors:
        if isinstance(error, StrayTextsError):
            hint = error.strays.hint(found)
            problems += [replace(each, hint=hint) for each in error.problems]
        else:
            problems += error.problems
    return problems
