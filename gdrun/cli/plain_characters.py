"""ASCII in place of characters that a terminal's encoding cannot represent.

Each character of tables and curves is replaced by one character, so that columns stay aligned.
Signs of sentences and formulas are spelt out.
"""

from __future__ import annotations

import codecs
import unicodedata

HANDLER = "gdrun.plain"
"""The name of the error handler for text streams."""

_ONE_FOR_ONE = str.maketrans(
    "▁▂▃▄▅▆▇█░▒▓×↑…–−│┊─┤├┬┴┼└┘┌┐╭╮╰╯·•○●★’“”",
    '_.:-=+*#.:%x^---|:-++++++++++++++*o@*\'""',
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
    "¼": "1/4",
    "⌊": "floor(",
    "⌋": ")",
    "⌈": "ceil(",
    "⌉": ")",
    "∂": "d",
    "∝": "is proportional to",
    "∼": "~",
    "±": "+-",
    "≪": "<<",
    "≫": ">>",
    "⊗": "(x)",
    "↗": "(up)",
    "↘": "(down)",
    "°": " degrees",
    "‰": " per mille",
    "€": "EUR",
    "£": "GBP",
    "¥": "JPY",
    "₹": "INR",
    "ß": "ss",
    "ł": "l",
    "∇": "grad ",
    "∈": "in",
    "Σ": "sum ",
    "‖": "|",
    "\N{COMBINING CIRCUMFLEX ACCENT}": "_hat",
    "\N{COMBINING MACRON}": "_bar",
    "\N{COMBINING TILDE}": "_tilde",
    "α": "alpha",
    "β": "beta",
    "γ": "gamma",
    "δ": "delta",
    "ε": "eps",
    "η": "eta",
    "θ": "theta",
    "κ": "kappa",
    "λ": "lambda",
    "μ": "mu",
    "ν": "nu",
    "ξ": "xi",
    "π": "pi",
    "ρ": "rho",
    "σ": "sigma",
    "τ": "tau",
    "φ": "phi",
    "ψ": "psi",
    "Δ": "Delta",
    "Φ": "Phi",
}
"""The substitutes of signs in sentences and formulas."""


def plain(text: str) -> str:
    """The text in ASCII; ? for a character without a substitute.

    >>> plain("▁▄█ val loss ≤ 0.1 … 0.2, β² → 1")
    '_-# val loss <= 0.1 - 0.2, beta^2 -> 1'
    >>> plain("v̂ = v / (1 − β₂ᵗ), ŷᵢ, Größe")
    'v_hat = v / (1 - beta2^t), y_hat_i, Grosse'
    """
    return "".join(map(_plain_character, text.translate(_ONE_FOR_ONE)))


def _plain_character(sign: str) -> str:
    if sign.isascii():
        return sign
    if "\u2800" <= sign <= "\u28ff":  # braille, of which drawings are made; the first has no dot
        return " " if sign == "\u2800" else "*"
    if sign in _SPELT:
        return _SPELT[sign]
    if unicodedata.combining(sign):
        return ""  # an accent
    form, _, codes = unicodedata.decomposition(sign).partition("> ")
    letters = "".join(chr(int(code, 16)) for code in (codes or form).split())
    # The digit of a symbol is read without a mark, as in lr0; a letter is not.
    mark = {"<super": "^", "<sub": "_" if letters.isalpha() else ""}.get(form, "")
    return mark + plain(letters) if letters else "?"


def _substitute(error: UnicodeError) -> tuple[str, int]:
    """The substitute for a part of a text that a stream cannot encode, and where that part ends."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return plain(error.object[error.start : error.end]), error.end


codecs.register_error(HANDLER, _substitute)
