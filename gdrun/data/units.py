"""Numbers with a unit, such as 70 kg, which gdrun does not remove."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Sequence

from gdrun.data.duckdb_connection import identifier, quoted
from gdrun.data.marked_numbers import MOST_CHARACTERS, SPACES

_UNITS = (
    r"[$€£¥₹%‰°]|EUR|USD|GBP|CHF|JPY|kg|mg|km/h|km|cm|mm|ml|m2|m²|m3|m³|sqft|ft|lbs?|oz|mi|mph|"
    r"kWh|kW|k|hp|°C|°F|min|h|s|g|l|m|N|E|W"
)
_KNOWN = re.compile(rf"[+-]?([$€£¥₹])?\s*[+-]?\d[\d.,'’{SPACES}]*\s*({_UNITS})?", re.IGNORECASE)
_ANY = re.compile(
    rf"(?P<before>[^\d+-]*)[+-]?\d(?:[\d.,'’{SPACES}]*\d)?(?P<blank>\s*)(?P<after>\D*)"
)
_QUERIED = (".csv", ".tsv", ".parquet", ".jsonl", ".ndjson")
"""The endings of the files that a query can name without a function, each also with .gz."""
_ORDINALS = {"st", "nd", "rd", "th"}


def have_units(texts: Sequence[str]) -> bool:
    """Whether all these texts are numbers with units.

    The units are well-known ones; or all texts, at least three, have the same words after the
    number, or the same currency before it.

    >>> have_units(["70 kg", "5 g"]), have_units(["5 kr", "7 kr", "9 kr"])
    (True, True)

    The letters of codes and of ordinal numbers are no units:

    >>> have_units(["A11", "A12", "A13"]), have_units(["5th", "6th", "7th"])
    (False, False)
    """
    if any(len(text) > MOST_CHARACTERS for text in texts):
        return False
    if all(_KNOWN.fullmatch(text) for text in texts):
        return True
    found = [_ANY.fullmatch(text) for text in texts]
    words = {(each["before"].strip(), each["after"].strip().lower()) for each in found if each}
    if len(texts) < 3 or len(words) != 1 or None in found:
        return False
    before, after = words.pop()
    if before:
        currency = any(unicodedata.category(sign) == "Sc" for sign in before)
        return not after and (currency or before.lower() == "rs.")
    blank = all(each and each["blank"] for each in found)
    return bool(after) and after not in _ORDINALS and (len(after) > 1 or blank)


def without_unit(name: str, texts: Sequence[str], table: str) -> list[str]:
    """How to remove the unit with a query, if all texts have the same one; else an empty list.

    The list is also empty for a file that a query cannot read by its name. name: the column.
    table: the file, or `dataset.query` for the result of a query. The query keeps texts, so that
    marks between thousands and marks of missing values are read as usual.

    >>> without_unit("temp", ["70 kg", "5 kg"], "dataset.query")
    ["select replace(temp, 'kg', '') AS temp in the query"]
    """
    found = [_ANY.fullmatch(text) for text in texts]
    words = {(each["before"].strip(), each["after"].strip()) for each in found if each}
    if None in found or len(words) != 1:
        return []
    before, after = words.pop()
    if not (before or after) or (before and after):
        return []
    column = identifier(name)
    changed = f"replace({column}, {quoted(before or after)}, '') AS {column}"
    if table == "dataset.query":
        return [f"select {changed} in the query"]
    if not table.lower().removesuffix(".gz").endswith(_QUERIED):
        return []
    query = f"SELECT * REPLACE ({changed}) FROM {quoted(table)}"
    return [f"remove the unit with query: {json.dumps(query, ensure_ascii=False)}"]
