"""Views in a notebook: what the terminal shows, as a fragment of HTML."""

from __future__ import annotations

import io

from rich.console import Console, RenderableType

WIDTH = 100


def html(view: RenderableType) -> str:
    """The view as preformatted text, its colours as inline styles; it takes the page's own font."""
    screen = Console(
        file=io.StringIO(), record=True, width=WIDTH, highlight=False, markup=False, emoji=False
    )
    screen.print(view)
    fragment = screen.export_html(inline_styles=True, code_format="<pre>{code}</pre>")
    return "\n".join(line.rstrip() for line in fragment.splitlines())
