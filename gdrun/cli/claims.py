"""`gdrun claims`: measure what texts on gradient descent state."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import typer

from gdrun.cli import console
from gdrun.cli.experiments import Json
from gdrun.cli.options import as_options
from gdrun.errors import GdrunError, suggestion

Name: TypeAlias = Annotated[
    str | None, typer.Argument(metavar="NAME", help="One claim, in full (default: all).")
]


def claims(name: Name = None, json: Json = False) -> None:
    """Measure what texts on gradient descent state, and say what holds."""
    from gdrun.insight.claims import CLAIMS
    from gdrun.views.claims import claim_view, claims_data, claims_view

    if name is not None and name not in CLAIMS:
        raise GdrunError(f"no claim is called {name!r}", hint=suggestion(name, CLAIMS))
    chosen = [CLAIMS[name]] if name is not None else list(CLAIMS.values())
    measured = [(each, *each.measure()) for each in chosen]
    if json:
        console.print_json(claims_data(measured))
    elif name is not None:
        from rich.text import Text

        commands = [Text(as_options(line), no_wrap=True) for line in measured[0][1].commands]
        console.show(claim_view(*measured[0]), *commands)
    else:
        console.show(claims_view(measured))
