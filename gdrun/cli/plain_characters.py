"""ASCII in place of characters that a terminal's encoding cannot represent.

What a table aligns is replaced by one character each, so that columns stay aligned; signs of
sentences and formulas are spelt out.
"""

from __future__ import annotations

import codecs

HANDLER = "gdrun.plain"
"""The name of the error handler for text streams."""

_ONE_FOR_ONE = str.maketrans(
    "▁▂▃▄▅▆▇█×↑…–−│─┤├┬┴┼└┘┌┐╭╮╰╯·•",
    "_.:-=+*#x^---|-++++++++++++++*",
)
_SPELT = {
    "≤": "<=",
    "≥": ">=",
    "≠": "!=",
    "≈": "~",
    "→": "->",
    "←": "<-",
    "↓": "(down)",
    "∞": "inf",
    "√": "sqrt ",
    "½": "1/2",
    "∇": "grad ",
    "∈": "in",
    "Σ": "sum ",
    "‖": "|",
    **dict(zip("₀₁₂₃₄₅₆₇₈₉", "0123456789", strict=True)),
    **{sign: f"^{digit}" for sign, digit in zip("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789", strict=True)},
    "α": "alpha",
    "β": "beta",
    "γ": "gamma",
    "δ": "delta",
    "ε": "eps",
    "η": "eta",
    "κ": "kappa",
    "λ": "lambda",
    "μ": "mu",
    "ν": "nu",
    "π": "pi",
    "ρ": "rho",
    "σ": "sigma",
    "τ": "tau",
}


def plain(text: str) -> str:
    """The text in ASCII; ? for a character without a substitute.

    >>> plain("▁▄█ val loss ≤ 0.1 … 0.2, β² → 1")
    '_-# val loss <= 0.1 - 0.2, beta^2 -> 1'
    """
    return "".join(map(_plain_character, text.translate(_ONE_FOR_ONE)))


def _plain_character(sign: str) -> str:
    if sign.isascii():
        return sign
    if "\u2800" <= sign <= "\u28ff":  # braille, of which drawings are made; the first has no dot
        return " " if sign == "\u2800" else "*"
    return _SPELT.get(sign, "?")


def _substitute(error: UnicodeError) -> tuple[str, int]:
    """The substitute for a part of a text that a stream cannot encode, and where that part ends."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return plain(error.object[error.start : error.end]), error.end


codecs.register_error(HANDLER, _substitute)
