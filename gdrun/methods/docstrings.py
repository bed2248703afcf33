"""The docstring of a method, and its parts.

The docstring has this form:

    A sentence that names the method.

        the equation, indented, on one line or more

    Notes: the symbols, the shapes, the units.

    Source: author and year, and the place in the text.

    Raises: the exceptions, each with its condition.

    Elsewhere: the differences from other libraries.

    Evidence: the quantities from which a symptom is read.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass

_LABELS = ("Source", "Raises", "Elsewhere", "Licence", "Evidence")


@dataclass(frozen=True)
class Doc:
    """The parts of a method's docstring, as text; a missing part is empty.

    summary: the first sentence. notes: the paragraphs without a label. source: the text after
    `Source:`. extra: the text of every other paragraph with a label, such as Raises, by label.
    """

    summary: str
    equation: str
    notes: str
    source: str
    extra: Mapping[str, str]


def parse_doc(text: str | None) -> Doc:
    """Return the parts of `text`, a method's docstring: summary, equation, notes and so on.

    The form of such a docstring is described at the top of this module. None counts as an empty
    docstring.
    """
    paragraphs: list[list[str]] = [[]]
    for line in inspect.cleandoc(text or "").splitlines():
        if line.strip():
            paragraphs[-1].append(line)
        elif paragraphs[-1]:
            paragraphs.append([])
    summary, equation, notes, extra = "", [], [], {}
    for paragraph in filter(None, paragraphs):
        label, colon, rest = paragraph[0].partition(":")
        if paragraph[0].startswith("    "):
            equation.append("\n".join(line.removeprefix("    ") for line in paragraph))
        elif not summary:
            summary = " ".join(paragraph)
        elif colon and label in _LABELS:
            extra[label] = " ".join([rest.strip(), *paragraph[1:]])
        else:
            notes.append(paragraph)
    # cleandoc removes the indent of an equation that is the whole body. It is recognised as an
    # equation, because notes end with a full stop and equations do not.
    if not equation and notes and not notes[0][-1].endswith("."):
        equation.append("\n".join(notes.pop(0)))
    source = extra.pop("Source", "")
    notes_text = "\n\n".join(" ".join(paragraph) for paragraph in notes)
    return Doc(summary, "\n\n".join(equation), notes_text, source, extra)
