"""The tables that a notebook shows for results.

The functions that render them are views. A result must not import a view, which is in a later
layer, so they are registered here, by the class of the result.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

HTML: dict[type, Callable[[Any], str]] = {}
"""The function that renders a result as HTML, by the class of the result."""


class NotebookTable:
    """A result that a notebook shows as the table that is registered for its class."""

    def _repr_html_(self) -> str | None:
        """HTML for a notebook; None if no function is registered: then it shows the repr."""
        render = HTML.get(type(self))
        return None if render is None else render(self)
