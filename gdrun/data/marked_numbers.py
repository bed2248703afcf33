"""Numbers with marks: a percent sign, the sign of a currency, marks between thousands, or a minus
in another form, such as (3.50).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from gdrun.data.cells import STANDARD, MissingMarks, cell_value

CURRENCIES = ("$", "€", "£", "¥", "₹", "EUR", "USD", "GBP", "CHF", "JPY")

TOGETHER = ({"%"}, *({sign, ""} for sign in CURRENCIES))
"""The signs that occur together in a column.

If one number has a percent sign, all must have it: 0.12 and 12 % are hardly in the same unit. All
currency signs must be equal.
"""

MOST_CHARACTERS = 100
"""A longer text is no number with marks; matching one would take long."""

SPACES = " \u00a0\u202f"  # RE2, which DuckDB uses, has no escapes for them
MINUS = "\u2212-"  # Unicode has a minus sign of its own

_BLANK = rf"[\s{SPACES}]*"
_CURRENCY = "|".join(map(re.escape, CURRENCIES))
_SIGN = f"[+{MINUS}]"


def _forms(number: str) -> list[str]:
    """The regular expressions of a cell with a number and its marks, one for each place of a minus.

    It is before the number, after it, or it is a pair of parentheses. number: the regular
    expression of the number without marks.
    """
    before = rf"(?P<before>{_CURRENCY})?{_BLANK}"
    after = rf"(?P<number>{number}){_BLANK}(?P<after>{_CURRENCY}|%)?"
    forms = (
        rf"(?P<sign>{_SIGN})?{_BLANK}{before}(?P<sign2>{_SIGN})?{after}",
        rf"{before}{after}(?P<last>[{MINUS}])",
        rf"(?P<open>\(){_BLANK}{before}{after}{_BLANK}\)",
    )
    return [f"{_BLANK}{form}{_BLANK}" for form in forms]


def marked_pattern(number: str) -> str:
    """The regular expression, for Python and DuckDB, of a cell with a number and its marks.

    number: the regular expression of the number without marks.
    """
    return "|".join(re.sub(r"\?P<\w+>", "", form) for form in _forms(number))


_FORMS = [re.compile(form) for form in _forms(rf"\d[\d.,'’{SPACES}]*?")]
_BY_BLANKS = rf"\d{{1,3}}(?:['’{SPACES}]\d{{3}})+"
_GROUPED = {
    ".": re.compile(rf"(?:\d{{1,3}}(?:,\d{{3}})+|{_BY_BLANKS})(?:\.\d*)?"),
    ",": re.compile(rf"(?:\d{{1,3}}(?:\.\d{{3}})+|{_BY_BLANKS})(?:,\d*)?"),
}
_PLAIN = {".": re.compile(r"\d+(?:\.\d*)?"), ",": re.compile(r"\d+(?:,\d*)?")}


def marked_number(
    cell: str, decimal: str = ".", missing: MissingMarks = STANDARD
) -> tuple[float, str] | None:
    """The number in a cell without its marks, and its sign: a currency, %, or an empty text.

    The value of 12 % is 12. Returns None for text; NaN for a missing value.

    >>> marked_number("$501,600"), marked_number("-3.5 %"), marked_number("1.234,5 €", ",")
    ((501600.0, '$'), (-3.5, '%'), (1234.5, '€'))
    >>> marked_number("(3.50)"), marked_number("\u22123"), marked_number("1,234.50-")
    ((-3.5, ''), (-3.0, ''), (-1234.5, ''))
    >>> marked_number("12,5"), marked_number("3 kg")
    (None, None)
    """
    plain = cell_value(cell, decimal, missing)
    if plain is not None:
        return plain, ""
    if len(cell) > MOST_CHARACTERS:
        return None
    found = next(filter(None, (form.fullmatch(cell) for form in _FORMS)), None)
    if found is None:
        return None
    marks = found.groupdict()
    signs = [sign for each in ("sign", "sign2", "last", "open") if (sign := marks.get(each))]
    digits = marks["number"]
    # Some programs write 1,234.50-, but 2- is hardly a number.
    unlike = marks.get("last") and not re.search("[.,]", digits)
    if len(signs) > 1 or unlike or (marks["before"] and marks["after"]):
        return None
    # A number such as 0,123 has no mark between thousands.
    grouped = _GROUPED[decimal].fullmatch(digits) and digits[0] != "0"
    if not grouped and not _PLAIN[decimal].fullmatch(digits):
        return None
    value = float(re.sub(r"[^\d.]", "", re.sub(rf"[^\d{decimal}]", "", digits).replace(",", ".")))
    return value if signs in ([], ["+"]) else -value, marks["before"] or marks["after"] or ""


def have_marks(texts: Sequence[str], decimal: str, missing: MissingMarks) -> bool:
    """Whether all these texts are numbers whose signs may be in one column, or missing values.

    Either all numbers have a percent sign, or some or all have the same currency sign, or none has
    a sign. decimal: the decimal sign. missing: the cells that are missing values.
    """
    signs = set()
    for text in texts:
        found = marked_number(text, decimal, missing)
        if found is None:
            return False
        if found[0] == found[0]:
            signs.add(found[1])
    return any(signs <= together for together in TOGETHER)


def misfits(texts: Sequence[str], decimal: str, missing: MissingMarks) -> list[str]:
    """The fewest texts without which `have_marks` is true of the others.

    >>> misfits(["€5", "€6.50", "7", "£8", "approx 9"], ".", STANDARD)
    ['£8', 'approx 9']
    """
    read = {text: marked_number(text, decimal, missing) for text in texts}
    # A missing value fits all signs.
    signs = {
        text: None if found is None else found[1]
        for text, found in read.items()
        if found is None or found[0] == found[0]
    }
    counted = Counter(signs.values())
    most = max(TOGETHER, key=lambda together: sum(counted[sign] for sign in together))
    return [text for text, sign in signs.items() if sign not in most]
