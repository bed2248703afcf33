"""The HTML file of a report: contents, style and program in one text that needs no network."""

from __future__ import annotations

import html
from importlib.resources import files
from typing import Any

from gdrun.errors import MissingExtraError, one_line
from gdrun.runs.strict_json import dumps

PROGRAM = ("data.js", "curves.js", "tables.js", "studies.js", "walks.js", "main.js")
"""The files of the page's program, in the order in which they are joined."""


def report_page(contents: dict[str, Any]) -> str:
    """The HTML of a report. Raises MissingExtraError if the library plotly is not installed."""
    parts = {
        "title": html.escape(one_line(contents["title"])),
        "style": _asset("page.css"),
        "library": _plotly(),
        "contents": _in_script(_with_shared_columns(contents)),
        "program": "\n".join(map(_asset, PROGRAM)),
    }
    page = _asset("page.html")
    for name, text in parts.items():
        before, _, after = page.partition(f"<!-- {name} -->")
        page = f"{before}{text}{after}"
    return page


def _with_shared_columns(contents: dict[str, Any]) -> dict[str, Any]:
    """The contents with a list `columns`, in which equal columns of several runs are stored once.

    A run then has the indices of its columns in this list. This saves a third of a page, because
    the runs of a study have the same steps, epochs and rates.
    """
    places: dict[str, int] = {}
    columns: list[dict[str, str]] = []

    def place(column: dict[str, str]) -> int:
        key = column["type"] + column["data"]
        if key not in places:
            places[key] = len(columns)
            columns.append(column)
        return places[key]

    tables = ("steps", "evals")
    runs = [
        run | {name: {key: place(column) for key, column in run[name].items()} for name in tables}
        for run in contents["runs"]
    ]
    return contents | {"runs": runs, "columns": columns}


def _in_script(contents: dict[str, Any]) -> str:
    """JSON that can be inside an HTML element script: nothing in it can end the element."""
    return dumps(contents).replace("<", "\\u003c")


def _asset(name: str) -> str:
    return (files("gdrun.views.report") / name).read_text(encoding="utf-8")


def _plotly() -> str:
    try:
        from plotly.offline import get_plotlyjs
    except ImportError:
        raise MissingExtraError("gdrun report", "report") from None
    program: str = get_plotlyjs()
    return program
