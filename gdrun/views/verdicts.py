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
        "p is the progress of a setting: the drop of its training loss, divided by the largest "
        "drop of any setting. Logarithms of the losses count where the largest drop is by more "
        f"than a factor of {SPAN}."
    )
    return Group(intro, "", table)


def meanings_of(verdicts: Iterable[Verdict], progress: Metric) -> str:
    """A text that explains those of the verdicts that are not clear by themselves; or empty.

    progress: the metric from which the verdicts are computed.
    """
    words = {verdict.word for verdict in verdicts} - PLAIN
    texts = [f"{word}: {MEANINGS[word]}" for word in MEANINGS if word in words]
    measure = "training loss" if progress.name == "train_loss" else progress.words
    return f"p is the share of the best drop of the {measure}; {'; '.join(texts)}" if texts else ""
