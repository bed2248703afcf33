"""The warnings below the tables of a study."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import RenderableType
from rich.text import Text

from gdrun.study.judgement.ranking import Standing
from gdrun.study.judgement.sweep_findings import Sweep
from gdrun.views.numbers import count
from gdrun.views.study_notes import constant_warnings
from gdrun.views.surface_runs import flat_end_words

NOT_COMPARABLE = {
    "data": "the datasets or surfaces differ, so the values cannot be ranked",
    "loss": "the losses are different quantities, so the values cannot be ranked",
}
"""The warning that values of the metric cannot be ranked, by what differs between the settings."""


def warning_lines(texts: Sequence[str]) -> list[RenderableType]:
    """A blank line and a line for each warning; nothing without warnings."""
    lines = [Text(f"warning: {text}", style="yellow") for text in texts]
    return ["", *lines] if lines else []


def sweep_warnings(sweep: Sweep) -> list[str]:
    """The warnings below the notes of a sweep."""
    warnings = [NOT_COMPARABLE[sweep.unlike]] if sweep.unlike else []
    if not sweep.unlike:
        warnings += constant_warnings(sweep.ranking, sweep.metric, "setting")
    warnings += _risky_best(sweep.ranking)
    if sweep.complete and not sweep.descends:
        warnings += _no_descent(sweep)
    if shared := sweep.shared_seconds:
        text = f"the budget in seconds ended {count(shared, 'run')} that trained beside others"
        warnings.append(
            f"{text}, which takes longer; for a fair comparison, use a budget of epochs"
        )
    if sweep.flat_end is not None:
        warnings.append(flat_end_words(sweep.flat_end, [axis.leaf for axis in sweep.axes]))
    for edge in sweep.at_edge:
        side, leaf = "smallest" if edge.smallest else "largest", edge.axis.leaf
        wider = f": {leaf}={edge.wider}" if edge.wider else ""
        advice = f"try a wider range{wider}" if edge.bounded else "a wider range may be better"
        warnings.append(f"the best {leaf} is the {side} that was tried; {advice}")
    return warnings


def _risky_best(ranking: Sequence[Standing]) -> list[str]:
    """A warning if some runs of the best setting diverged; empty otherwise.

    It also names the best setting of which no run diverged.
    """
    best = next(iter(ranking), None)
    if best is None or not best.eligible or not best.diverged:
        return []
    text = f"{best.diverged} of {best.runs} runs of the best setting diverged"
    safe = next(
        (each.candidate.name for each in ranking if each.eligible and not each.diverged), None
    )
    return [f"{text}; {safe} is the best setting without a diverged run" if safe else text]


def _no_descent(sweep: Sweep) -> list[str]:
    """A warning for a sweep of which no setting lowered the training loss: why, or what to try."""
    what = "every run diverged" if sweep.diverged else "no setting lowered the training loss"
    if (cause := sweep.cause_beyond_rates) is not None:
        return [f"{what}, and smaller rates do not help: {cause.evidence}"]
    rates = sweep.smaller_rates
    return [] if rates is None else [f"{what}; try smaller rates: lr={rates}"]
