"""`gdrun claims`: statements of texts on gradient descent, tested by measurements."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from gdrun.cli import console
from gdrun.cli.experiments import Json
from gdrun.cli.next_steps import shown, step
from gdrun.cli.options import as_options
from gdrun.errors import GdrunError, suggestion

if TYPE_CHECKING:
    from gdrun.insight.claims import Claim, Finding

Name: TypeAlias = Annotated[
    str | None,
    typer.Argument(
        metavar="NAME",
        help="The name of a claim, to see it in full; or a word or a chapter, to list the claims "
        "with it (default: all).",
    ),
]


def claims(name: Name = None, json: Json = False) -> None:
    """Test statements from texts on gradient descent, and show which of them hold."""
    from gdrun.insight.claims import CLAIMS
    from gdrun.views.claims import claim_view, claims_data, claims_view

    chosen = list(CLAIMS.values()) if name is None else _called(name)
    measured = list(_measured(chosen))
    if json:
        console.print_json(claims_data(measured))
    elif name in CLAIMS:
        commands = map(console.unwrapped, measured[0][1].commands)
        console.show(claim_view(*measured[0]), *commands)
    else:
        following = step("see the commands behind a claim", "claims", chosen[0].name)
        console.show(claims_view(measured), *shown(following))


def _called(word: str) -> list[Claim]:
    """The claim with the name `word`; or else the claims of a chapter, or that contain the word.

    A claim contains the word in its name or its statement. Raises GdrunError if no claim fits.
    """
    from gdrun.insight.claims import CLAIMS

    if word in CLAIMS:
        return [CLAIMS[word]]
    wanted = word.lower().replace("-", " ")
    found = [
        each
        for each in CLAIMS.values()
        if each.chapter.lower() == wanted
        or wanted in f"{each.name} {each.statement}".lower().replace("-", " ")
    ]
    if not found:
        raise GdrunError(f"no claim is called or mentions {word!r}", hint=suggestion(word, CLAIMS))
    return found


def _measured(claims: Sequence[Claim]) -> Iterator[tuple[Claim, Finding, float]]:
    """Measure claims: yield each claim, its finding, and the seconds that the measurement took.

    If stderr is a terminal, it shows which claim is measured.
    """
    screen = console.stderr()
    line = screen.status("") if screen.is_terminal else None
    with line or nullcontext():
        for place, each in enumerate(claims, 1):
            if line is not None:
                line.update(f"claim {place} of {len(claims)}: {each.name}")
            finding, seconds = each.measure()
            typed = tuple(map(as_options, finding.commands))
            yield each, replace(finding, commands=typed), seconds
