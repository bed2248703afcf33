"""`gdrun list`: everything that a config can name, with its formula, defaults and source."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from gdrun.cli import completion, console
from gdrun.cli.experiments import Json, Plugins
from gdrun.cli.next_steps import after_list, shown, step

if TYPE_CHECKING:
    from gdrun.config.catalogue import Kind
    from gdrun.config.catalogue_entry import Entry

VERDICTS = "verdicts"
"""The word after `gdrun list` that lists the verdicts of a sweep; they are no names in configs."""

What = Annotated[
    str | None,
    typer.Argument(
        metavar="KIND",
        help="A kind, such as optimizers, or verdicts (default: all kinds).",
        autocompletion=completion.entries,
    ),
]
Name = Annotated[
    str | None,
    typer.Argument(
        metavar="NAME",
        help="An entry, such as momentum; KIND may be left out.",
        autocompletion=completion.entries,
    ),
]


def list_names(
    what: What = None, name: Name = None, json: Json = False, plugins: Plugins = None
) -> None:
    """List everything that a config can name, with its formula, defaults and source."""
    from gdrun.config.catalogue import KINDS, kind_called
    from gdrun.methods.plugins import load_entry_points
    from gdrun.views import definition_page as views

    load_entry_points()
    if what == VERDICTS and name is None:
        return _list_verdicts(json)
    kind = kind_called(what) if what is not None else None
    of_kind = kind is not None and name is None
    if what is None or of_kind:
        chosen = [kind] if kind is not None else list(KINDS.values())
        entries = [(each, entry) for each in chosen for entry in each.entries.values()]
        rendered = [views.overview(chosen) if kind is None else views.kind_table(kind)]
    else:
        entries = _named(kind, what, name)
        rendered = [view for found in entries for view in (views.page(*found), "")][:-1]
    if json:
        document: dict[str, list[object]] = {}
        for each, entry in entries:
            document.setdefault(each.name, []).append(views.entry_data(each, entry))
        console.print_json(document)
    else:
        shown_entries = [] if what is None else entries[:1] if of_kind else entries
        lines = [line for each in shown_entries for line in after_list(*each, of_kind)]
        # Entries of several kinds share the heading, such as the schedule and the surface plateau.
        console.show(*rendered, *shown(list(dict.fromkeys(lines))))
    return None


def _list_verdicts(json: bool) -> None:
    """Print the words of the column `verdict` of gdrun sweep, each with its rule."""
    from gdrun.study.judgement.verdict_rules import MEANINGS
    from gdrun.views.verdicts import verdicts_page

    if json:
        console.print_json(
            {VERDICTS: [{"name": word, "rule": MEANINGS[word]} for word in MEANINGS]}
        )
    else:
        console.show(verdicts_page(), *shown(step("see them", "sweep", "lr")))


def _named(kind: Kind | None, what: str, name: str | None) -> list[tuple[Kind, Entry]]:
    """The entries that `gdrun list KIND NAME` or `gdrun list NAME` shows, each with its kind.

    what, name: the first and the second word after `gdrun list`; name is None without a second
    word. kind: the kind called `what`; None if no kind has this name. Raises GdrunError if there is
    no such entry.
    """
    from gdrun.config.catalogue import KINDS, find, kind_called
    from gdrun.errors import GdrunError, suggestion

    if name is None:
        return find(what)
    if kind is not None:
        return find(name, [kind])
    if (second := kind_called(name)) is not None:
        find(what, [second])
        raise GdrunError("the kind comes first", hint=f"write `gdrun list {name} {what}`")
    try:
        find(what)
    except GdrunError:
        hint = suggestion(what, KINDS)
        raise GdrunError(f"there is no kind {what!r}", hint=hint) from None
    find(name)  # an unknown name is the first thing to correct
    words = f"gdrun list shows one name at a time, and {what} is no kind"
    raise GdrunError(words, hint=f"write `gdrun list {what}`, then `gdrun list {name}`")
