"""Views in a notebook: what a terminal would show, as a fragment of HTML."""

from __future__ import annotations

import io

from rich.console import Console, RenderableType

WIDTH = 100
"""The width of a view in a notebook, in characters."""


def html(view: RenderableType) -> str:
    """The view as preformatted text in HTML, with its colours as inline styles."""
    # The console records the view for the export; its normal output is discarded.
    screen = Console(
        file=io.StringIO(), record=True, width=WIDTH, highlight=False, markup=False, emoji=False
    )
    screen.print(view)
    fragment = screen.export_html(inline_styles=True, code_format="<pre>{code}</pre>")
    return "\n".join(line.rstrip() for line in fragment.splitlines())
