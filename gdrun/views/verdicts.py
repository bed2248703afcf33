"""The rules of the verdicts in a sweep: a page of all rules, and a note below a table."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.table import Table

from gdrun.study.judgement.progress import LOG_FROM
from gdrun.study.judgement.ranking import GOOD
from gdrun.study.judgement.sweep_findings import Sweep
from gdrun.study.judgement.verdicts import BY_LOSS, MEANINGS, Verdict, Word

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
        "divided by the best improvement. If the best improvement is a drop by more than a factor "
        f"of {LOG_FROM}, logarithms are used. A verdict uses the p of the end of a run; the column "
        "`to target` has the first epoch at which a run reached the target. "
        f"The default target is the value with p = {GOOD:g}. "
        "Too small, too large and unstable compare only settings that differ in nothing but the "
        f"rate. If the metric is no loss but, say, the accuracy, the training loss decides on the "
        f"words {', '.join(word for word in MEANINGS if word in BY_LOSS)}."
    )
    return Group(intro, "", table)


def meanings_of(sweep: Sweep, shown: Iterable[Verdict]) -> str:
    """A text that explains those verdicts of a sweep that are not clear by themselves; or empty.

    shown: the verdicts that the table shows.
    """
    words = {verdict.word for verdict in shown} - PLAIN
    texts = [f"{word}: {MEANINGS[word]}" for word in MEANINGS if word in words]
    scale = ", in logarithms" if sweep.logarithmic else ""
    if sweep.unlike:
        scale = f", in logarithms if it is a drop by more than a factor of {LOG_FROM}"
    explained = f"p is the share of the best improvement of the {sweep.metric.words}{scale}; "
    return (explained if "p " in " ".join(texts) else "") + "; ".join(texts)
