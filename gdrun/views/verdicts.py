"""The rules of the verdicts in a sweep: a page of all of them, and a note on those of a table."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.table import Table

from gdrun.study.judgement.metrics import Metric
from gdrun.study.judgement.verdicts import MEANINGS, SPAN, Verdict, Word

PLAIN: frozenset[Word] = frozenset(("best", "diverged", "dropped"))
"""Verdicts that need no explanation below the table."""


def verdicts_page() -> RenderableType:
    """The words of the column `verdict`, each with its rule."""
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column()
    for word, meaning in MEANINGS.items():
        table.add_row(word, meaning)
    intro = (
        "p is the progress of a setting: the improvement of the metric that ranks the settings, "
        "divided by the best improvement. Logarithms count where the best one is a drop by more "
        f"than a factor of {SPAN}. Too small, too large and unstable compare only settings that "
        "differ in nothing but the rate."
    )
    return Group(intro, "", table)


def meanings_of(verdicts: Iterable[Verdict], metric: Metric) -> str:
    """A text that explains those of the verdicts that are not clear by themselves; or empty.

    metric: ranks the settings.
    """
    words = {verdict.word for verdict in verdicts} - PLAIN
    texts = [f"{word}: {MEANINGS[word]}" for word in MEANINGS if word in words]
    explained = f"p is the share of the best improvement of the {metric.words}; "
    return (explained if "p " in " ".join(texts) else "") + "; ".join(texts)
