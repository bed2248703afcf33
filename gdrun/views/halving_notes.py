"""The notes on successive halving below the table of a sweep."""

from __future__ import annotations

from gdrun.methods.stopping import position
from gdrun.study.halving import fewest_epochs, rung_epochs
from gdrun.study.judgement.sweep_findings import Sweep
from gdrun.views.numbers import count


def continuing_notes(sweep: Sweep) -> list[tuple[str, str]]:
    """The note in place of the best setting while it is one of those that continue, or empty.

    It is (label, text), and names the first of them by the values at the last rung.
    """
    kept = sweep.continuing
    if not kept or sweep.best is not None or sweep.unlike:
        return []
    if len(kept) == 1:
        return [("best", f"not known yet: halving kept {kept[0]}, of which runs are missing")]
    text = f"not known yet: halving kept {len(kept)} settings of which runs are missing; "
    epoch = position(sweep.rungs[-1].epoch)
    return [("best", f"{text}at epoch {epoch} the best of them was {kept[0]}")]


def rung_notes(sweep: Sweep) -> list[tuple[str, str]]:
    """The notes on the rungs, the epochs at which settings were dropped, as (label, text)."""
    notes = []
    for rung in sweep.rungs:
        if not rung.dropped:
            continue
        counts = f"{count(len(rung.dropped), 'setting')} dropped, {len(rung.kept)} continued"
        notes.append(("halving", f"at epoch {position(rung.epoch)}: {counts}"))
    return notes + _too_few_rungs(sweep)


def _too_few_rungs(sweep: Sweep) -> list[tuple[str, str]]:
    """The note that the epochs were too few to leave one setting, as (label, text); or empty."""
    left = len(sweep.rungs[-1].kept) if sweep.rungs else 1
    experiment, settings = sweep.plan.candidates[0].experiment, len(sweep.plan.candidates)
    if left <= 1 or len(sweep.rungs) < len(rung_epochs(experiment, settings)):
        return []
    epochs = position(fewest_epochs(experiment, settings))
    text = f"{left} settings are left, because no rung is before the first evaluation; "
    return [("halving", f"{text}epochs={epochs} leaves one")]
