"""How results show in a notebook.

A result has a table; the views, which come later in the order of the layers, register the function
that draws it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

HTML: dict[type, Callable[[Any], str]] = {}
"""For each class of results, the function that renders one as HTML."""


class NotebookTable:
    """A result that a notebook shows as the table registered for its class."""

    def _repr_html_(self) -> str | None:
        """HTML for a notebook; None, so that the plain text is shown, where none is registered."""
        render = HTML.get(type(self))
        return None if render is None else render(self)
