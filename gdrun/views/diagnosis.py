"""The view of a diagnosis: symptoms with evidence and remedies, and the remedies that were run."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import groupby, pairwise
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from gdrun.config.overrides import is_plain_query
from gdrun.config.writing import short_flow
from gdrun.insight.attempts import ALIKE, Attempt
from gdrun.insight.cure_limit import CLOSE
from gdrun.problems.metrics import METRICS
from gdrun.quantities import quantity, rounded_down, separating_digits
from gdrun.study.judgement.progress import CAP
from gdrun.symptoms.facts import Symptom, Traced
from gdrun.symptoms.registry import FEWEST, too_few_evaluations
from gdrun.views.fitting import fitting
from gdrun.views.names import Name


def diagnosis_view(
    run: Traced, symptoms: Sequence[Symptom], tried: Sequence[Attempt] | None
) -> RenderableType:
    """The symptoms of a run with their evidence, and below them the remedies that were run.

    tried: these remedies with their results; None if none was run, and each symptom then has its
    possible remedies.
    """
    parts: list[RenderableType] = []
    if not symptoms:
        parts += [Text("no symptom", style="bold green"), ""]
    for symptom in symptoms:
        parts += [*symptom_lines(symptom, remedies=tried is None), ""]
    if too_few_evaluations(run):
        parts += [_few_evaluations(run), ""]
    if tried is not None and symptoms:
        parts += [_tried(tried), ""]
    return Group(*parts[:-1])


def _few_evaluations(run: Traced) -> Text:
    # The trace of a damaged run may have no evaluation after that at epoch 0.
    more, last = "a longer run has more", float(run.epochs[-1])
    if (run.summary.get("steps") or 0) >= FEWEST and last > 0:
        more = f"evaluate.every={rounded_down(last / 10, 1):g} gives more"
    words = f"{len(run.loss)} evaluations are too few to judge the course of the loss"
    return Text(f"note: {words}: {FEWEST} are needed; {more}")


def symptom_lines(symptom: Symptom, *, remedies: bool) -> list[RenderableType]:
    """The name of a symptom, its evidence, and its remedies if they are to be shown."""
    lines = [Text(symptom.evidence)]
    if remedies:
        for why, same in groupby(symptom.remedies, key=lambda each: each.why):
            lines.append(Text(f"to try: {_choices([r.changes for r in same])}: {why}"))
    heading = Text(f"{symptom.name} (confidence {symptom.confidence:.2f})", style="bold")
    return [heading, *(Padding(line, (0, 0, 0, 2)) for line in lines)]


def _choices(every: Sequence[Mapping[str, Any]]) -> str:
    """The changes of several remedies as text; what a remedy adds to the one before is `this with`.

    >>> _choices([{"seed": 1}, {"seed": 1, "lr": 0.1}, {"seed": 2}])
    'seed=1, or this with lr=0.1, or seed=2'
    """
    texts = [_text(changes) for changes in every[:1]]
    for before, changes in pairwise(every):
        if before.items() < changes.items():
            added = {key: value for key, value in changes.items() if key not in before}
            texts.append(f"this with {_text(added)}")
        else:
            texts.append(_text(changes))
    plain = not any(" " in text for text in texts)
    return (" or " if plain else ", or ").join(texts)


def diagnosis_data(
    symptoms: Sequence[Symptom], tried: Sequence[Attempt] | None = None
) -> dict[str, Any]:
    """The diagnosis as a dict for JSON; a value that is not finite is None.

    tried: the remedies that were run, with their results; None if none was run.
    """
    return {
        "symptoms": symptoms_data(symptoms),
        "tried": [
            {
                "changes": dict(each.changes),
                "metric": each.metric,
                "before": _finite(each.before),
                "after": _finite(each.after),
                "cured": each.cured,
            }
            for each in tried or ()
        ],
    }


def symptoms_data(symptoms: Sequence[Symptom]) -> list[dict[str, Any]]:
    """Symptoms with their remedies as data for JSON."""
    return [
        {
            "name": each.name,
            "confidence": each.confidence,
            "evidence": each.evidence,
            "remedies": [{"changes": dict(r.changes), "why": r.why} for r in each.remedies],
        }
        for each in symptoms
    ]


def change_words(changes: Mapping[str, Any]) -> list[str]:
    """Changes as the words of a command line, such as `optimizer.lr=0.1`, not quoted for a shell.

    A query in SQL is written as it is.
    """
    return [
        f"{key}={value if is_plain_query(key, str(value)) else short_flow(value)}"
        for key, value in changes.items()
    ]


def _text(changes: Mapping[str, Any]) -> str:
    return " ".join(change_words(changes))


def _tried(tried: Sequence[Attempt]) -> RenderableType:
    """The table of the remedies that were run, and the change to keep."""
    if not tried:
        return Text("no remedy was tried: none applies to this config")
    treated = tried[0].treated
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("change", overflow="fold", max_width=36)
    metric = _words(tried[0].metric)
    table.add_column(metric, no_wrap=True)
    table.add_column(treated, no_wrap=True)
    table.add_column("cured")
    digits = _digits(tried)
    for each in tried:
        table.add_row(
            Name(" +\n".join(change_words(each.changes))),
            f"{_loss(each.before, digits)} → {_loss(each.after, digits)}",
            _left(each),
            "yes" if each.cured else "no",
        )
    best = tried[0]
    keep = f"keep {_text(best.changes)}{_why(tried)}" if best.cured else "no remedy cured the run"
    below: list[RenderableType] = [_rule(tried, digits), *_order(tried), *_harmless(tried), ""]
    return Group(fitting(table, [treated, metric]), "", *below, Text(keep, style="bold"))


def _digits(tried: Sequence[Attempt]) -> int:
    """The fewest digits with which each metric differs from the limit of a cure, but at least 4."""
    limit = tried[0].limit
    if limit is None or not math.isfinite(limit.metric):
        return 4
    values = [value for each in tried for value in (each.before, each.after)]
    finite = filter(math.isfinite, values)
    return max((separating_digits((limit.metric, each)) for each in finite), default=4)


def _rule(tried: Sequence[Attempt], digits: int) -> Text:
    """The sentence on when a change counts as a cure, with the worst metric of a cure.

    It explains the word `but` if the table has it. digits: the number of significant digits of this
    metric.
    """
    attempt, limit = tried[0], tried[0].limit
    gone = f"cured: {attempt.treated} is gone"
    if any(each.gone and each.barring for each in tried):
        gone += ', with no symptom after "but"'
    if limit is None or not math.isfinite(limit.metric):
        return Text(gone)
    sign = "≥" if limit.larger else "≤"
    words = f"{gone}, and {_words(attempt.metric)} {sign} {quantity(limit.metric, digits)}"
    if not limit.close:
        return Text(f"{words}, which is clearly better than without the change")
    words += f": {100 * CLOSE:.0f} % of the best improvement from {quantity(limit.start)}"
    words += ", in logarithms" if limit.improvement.logarithmic else ""
    return Text(f"{words}; {CAP}" if limit.improvement.capped else words)


def _order(tried: Sequence[Attempt]) -> list[Text]:
    """The sentence on which cure is kept; none if there is at most one."""
    if sum(each.cured for each in tried) < 2:
        return []
    near = f"have a {_words(tried[0].metric)} within {100 * ALIKE:.0f} % of the best one"
    return [
        Text(
            "kept: the cure that leaves the fewest symptoms; of several that leave equally few and "
            f"{near}, the one that changes the fewest keys"
        )
    ]


def _words(metric: str) -> str:
    """The words of a column of the evaluations, such as validation ROC AUC."""
    part, _, name = metric.partition("_")
    return f"{part} {METRICS[name].words if name in METRICS else name}"


def _why(tried: Sequence[Attempt]) -> str:
    """Why the first cure is kept if another one has a better metric; empty if none has."""
    kept, best = tried[0], min((each for each in tried if each.cured), key=lambda each: each.score)
    if best.score >= kept.score:
        return ""
    metric = _words(kept.metric)
    if len(best.left) > len(kept.left):
        return f": it leaves fewer symptoms than the cure with the best {metric}"
    what = "changes the fewest keys" if len(kept.changes) > 1 else "is a single change"
    if kept.is_rate:
        what = "changes only the learning rate"
    if abs(kept.score - best.score) > ALIKE * abs(best.score):
        return f": it {what}, and both values count as equal, because {CAP}"
    return f": it {what}, with a {metric} within {100 * ALIKE:.0f} % of the best one"


def _left(attempt: Attempt) -> str:
    """Whether the treated symptom is gone. If it is, the text also names the gravest one left.

    A symptom that keeps the attempt from being a cure has the word `but`, any other `with`. If the
    treated symptom is that of a high loss, and the loss is not lower, it is not gone but replaced.
    """
    if attempt.treated in attempt.symptoms:
        return "still there"
    if not attempt.gone:
        return f"no better: {attempt.symptoms[0]}" if attempt.symptoms else "no better"
    if attempt.barring:
        return f"gone, but {attempt.barring[0]}"
    return f"gone, with {attempt.symptoms[0]}" if attempt.symptoms else "gone"


_HARMLESS = {
    "still falling": "the loss now falls, and more epochs lower it further",
    "noise floor": "the symptom that is gone hid it",
}
"""For each new symptom that a cure may have, the reason."""


def _harmless(tried: Sequence[Attempt]) -> list[Text]:
    """A note for each symptom after the word `with` in the table: why it may be left."""
    shown = [each for each in tried if each.gone and not each.barring and each.symptoms]
    new = {each.symptoms[0]: each.symptoms[0] in each.new for each in shown}
    reasons = {name: _HARMLESS[name] if new[name] else "it was there before" for name in new}
    return [Text(f"note: a cure may leave {name}: {why}") for name, why in reasons.items()]


def _loss(value: float, digits: int) -> str:
    return quantity(value, digits) if math.isfinite(value) else "diverged"


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
