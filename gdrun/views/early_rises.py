"""The words on settings whose runs rose well above their start before they fell."""

from __future__ import annotations

from collections.abc import Iterable

from gdrun.study.judgement.early_rises import EarlyRises, early_rises
from gdrun.study.judgement.ranking import Standing
from gdrun.study.judgement.verdict_rules import Word

PRAISED: frozenset[Word] = frozenset(("best", "good"))
"""The verdicts that do not say themselves that a loss rose."""

MEANING = (
    "The table adds `rose first` to best and good if, in most runs, the training loss rose above "
    "its start by more than 1/20 of the largest possible fall while the first half of the sum of "
    "the learning rates was used, or exploded, and fell below its start later."
)
"""When a verdict has this addition."""


def rose_first_text(standing: Standing) -> str:
    """The addition to a verdict, such as `6 of 8 rose first`; empty unless most runs did."""
    found = early_rises(standing)
    counted = f"{found.rose} of {found.runs} " if found.runs > 1 else ""
    return f"{counted}rose first" if found.most else ""


def early_rise_notes(standings: Iterable[Standing]) -> list[tuple[str, str]]:
    """The note on settings of which a run rose first, as (label, text); empty without any."""
    counts = [(each.name, early_rises(each)) for each in standings]
    listed = ", ".join(f"{name}{_counted(found)}" for name, found in counts if found.rose)
    if not listed:
        return []
    what = "the training loss rose well above its start, and fell later"
    risk = "with another seed, start or sample of data it may explode; smaller rates are safer"
    return [("rose first", f"{listed}: {what}; {risk}")]


def _counted(found: EarlyRises) -> str:
    """The number of runs that rose first, and of those which exploded, in brackets."""
    parts = [f"{found.rose} of {found.runs} runs"] if found.runs > 1 else []
    counts = found.exploded.items()
    parts += [f"{number} {name}" if found.runs > 1 else name for name, number in counts]
    return f" ({', '.join(parts)})" if parts else ""
