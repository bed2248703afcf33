"""The tables that a notebook shows for results.

The functions that render results as HTML are views. The module of a result must not import views,
which belong to a later layer. So these functions are registered here, by the class of the result.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

HTML: dict[type, Callable[[Any], str]] = {}
"""The function that renders a result as HTML, by the class of the result."""


class NotebookTable:
    """A base class for results that a notebook shows as a table.

    The table is made by the function that is registered in HTML for the class of the result.
    """

    def _repr_html_(self) -> str | None:
        """The result as HTML, for a notebook.

        None if no function is registered for its class: the notebook then shows the repr.
        """
        render = HTML.get(type(self))
        return None if render is None else render(self)
