"""The notes below the tables of sweeps and comparisons."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import partial

from gdrun.config.writing import short_flow
from gdrun.methods.stopping import position
from gdrun.quantities import separating_digits
from gdrun.study.design.trials import StudyPlan
from gdrun.study.judgement.metrics import Metric
from gdrun.study.judgement.ranking import Standing
from gdrun.study.judgement.stability import StabilityLimit
from gdrun.study.judgement.sweep_findings import Sweep
from gdrun.study.judgement.verdict_rules import HALFWAY
from gdrun.study.study import Work
from gdrun.views.numbers import contrasted, count, duration, percent, quantity

MOST_NAMES = 3
"""The most settings that a note names; of more it has the number."""

MOST_UNFINISHED = 12
"""The most settings without a result that a note names; of more it has the number."""


def lacking_notes(plan: StudyPlan) -> list[tuple[str, str]]:
    """The notes on settings that some candidates have no option for, as (label, text)."""
    return [
        ("settings", f"{key}={short_flow(plan.for_all[key])} has no effect on {', '.join(names)}")
        for key, names in plan.lacking.items()
    ]


def as_good_notes(sweep: Sweep) -> list[tuple[str, str]]:
    """A note if another setting has a better median than the best one, but is not chosen.

    It reaches the target later, or is less stable.
    """
    other = _better_median(sweep)
    as_good = other is not None and other.eligible and other.dropped is None
    return [("as good", why_chosen(sweep))] if as_good else []


def why_chosen(sweep: Sweep) -> str:
    """Why a setting with a better median than the best setting is not the best one.

    Empty if there is none.
    """
    other = _better_median(sweep)
    if other is None:
        return ""
    value, best = sweep.metric.value, sweep.ranking[0]
    _, better = contrasted(value(best.spread.median), value(other.spread.median))
    text = f"{other.name} has {better}, "
    if not other.descends:
        return f"{text}but its training loss did not fall"
    if other.dropped is not None:
        return f"{text}but successive halving dropped it at epoch {position(other.dropped)}"
    slower = other.symptom == "exploding" or other.diverged
    how = "is less stable" if slower else "reaches the target later"
    return f"{text}which is better by less than 2 %, but it {how}"


def _better_median(sweep: Sweep) -> Standing | None:
    """The setting with the best median if it is not the best setting; None without a best one.

    A setting that may be the best comes before one that may not.
    """
    if sweep.best is None:
        return None
    best = sweep.ranking[0]
    better = [each for each in sweep.ranking if each.spread.median < best.spread.median]
    return min(
        better,
        key=lambda each: (not each.eligible, each.dropped is not None, each.spread.median),
        default=None,
    )


def unfinished_notes(plan: StudyPlan, found: Iterable[Standing]) -> list[tuple[str, str]]:
    """The note on settings of which runs are missing, as (label, text); empty if none is.

    found: the settings of which at least one run has ended.
    """
    ended = {each.name for each in found}
    of = len(plan.seeds)
    partly = [
        f"{each.name} ({each.runs} of {of} runs ended)"
        for each in found
        if len(each.trained) == len(each.results) < of
    ]
    none = [each.name for each in plan.candidates if each.name not in ended]
    listed = ", ".join(none) if len(none) <= MOST_UNFINISHED else count(len(none), "setting")
    texts = [*partly, f"no run has ended: {listed}"] if none else partly
    return [("unfinished", "; ".join(texts))] if texts else []


ROSE = "diverged, exploded, or ended with a training loss above its start"
"""What a run did that counts against its setting, whatever its metric."""


def order_notes(
    ranking: Sequence[Standing], metric: Metric, *, best_only: bool = False
) -> list[tuple[str, str]]:
    """The note on settings that come last although their median is better, as (label, text).

    Empty if there are none. ranking: the settings, the best first. best_only: whether only settings
    with a better median than the best one count, because the table does not show the order.
    """
    medians = [each.median for each in ranking if each.eligible]
    passed = max(medians[: 1 if best_only else None], default=-math.inf)
    last = [each for each in ranking if each.finite and not each.descends and each.median < passed]
    if not last:
        return []
    names = ", ".join(f"{each.name} ({each.rose} of {each.runs} runs)" for each in last)
    if len(last) > MOST_NAMES:
        names = f"{len(last)} settings (half of their runs or more)"
    return [("order", f"last, whatever the {metric.words}, because they {ROSE}: {names}")]


def trained_once_notes(plan: StudyPlan) -> list[tuple[str, str]]:
    """The note on settings of which every seed gives the same run, as (label, text); or empty."""
    names = [each.name for each in plan.candidates if each.experiment.deterministic]
    if not names or len(plan.seeds) == 1:
        return []
    settings = ", ".join(names) if len(names) <= MOST_NAMES else f"{len(names)} settings"
    return [("seeds", f"{settings}: every seed gives the same run, which is trained once")]


def work_line(work: Work) -> str:
    """A line with the number of new runs, their time, and the number of runs done before."""
    if not work.run:
        return f"no new runs; {count(work.found, 'run')} already done"
    earlier = f"; {count(work.found, 'run')} already done" if work.found else ""
    return f"{count(work.run, 'run')} in {duration(work.seconds)}{earlier}"


def hardly_trained(progress: float | None) -> str:
    """The end of a sentence on the best setting, if its training loss hardly fell; else empty.

    progress: the share of the best improvement of the training loss that the setting made; None if
    a loss ranks the settings.
    """
    if progress is None or progress >= HALFWAY:
        return ""
    fell = f"its training loss made {percent(max(progress, 0.0))} of the best improvement"
    return f"; {fell}, so that it has learned little"


def engine_notes(standings: Iterable[Standing]) -> list[tuple[str, str]]:
    """The notes on what would make the engine of these runs faster, once each, as (label, text)."""
    notes = (result.record.get("engine_note") for row in standings for result in row.results)
    return [("engine", f"NumPy; {note}") for note in dict.fromkeys(notes) if note]


def symptom_notes(standings: Iterable[Standing]) -> list[tuple[str, str]]:
    """The note that replaces the column of symptoms, as (label, text); empty for healthy runs.

    Settings of which every run diverged are left out: another column says so.
    """
    found: dict[str, list[str]] = {}
    for each in standings:
        if each.symptom_words and each.diverged < each.runs:
            found.setdefault(each.symptom_words, []).append(each.candidate.name)
    listed = (f"{symptom} ({', '.join(names)})" for symptom, names in found.items())
    return [("symptom", "; ".join(listed))] if found else []


def limit_sentence(limit: StabilityLimit) -> str:
    """A sentence with the observed and the predicted stability limit of the learning rate."""
    rates = (limit.stable, limit.unstable, limit.unclear, limit.predicted)
    shown = partial(quantity, digits=separating_digits(rate for rate in rates if rate is not None))
    if limit.steps_needed is not None:
        observed = f"not observed: that needs runs of {limit.steps_needed:,} steps or more"
    elif limit.unstable is None and limit.unclear is None:
        observed = "every rate was stable"
    elif limit.unstable is None and limit.stable is None:
        observed = "no rate was stable"
    elif limit.unstable is None:
        observed = f"{shown(limit.stable)} was stable"
    elif limit.stable is None:
        observed = f"the smallest rate {shown(limit.unstable)} was not stable"
        if limit.unclear is not None:
            observed = f"{shown(limit.unstable)} was not stable"
    else:
        observed = f"{shown(limit.stable)} was stable, {shown(limit.unstable)} was not"
    if limit.unclear is not None:
        observed += (
            f"; {shown(limit.unclear)} is unclear: its loss rose above its start, but its peaks "
            "were falling"
        )
    predicted = f"{limit.form} = {shown(limit.predicted)}"
    if limit.exact:
        theory = f"{predicted} is the limit in theory"
    else:
        theory = f"in theory, with full batches, rates below {predicted} are guaranteed to be "
        theory += "stable near a minimum, and larger ones may be"
    return f"{observed}; {theory} (curvature L = {quantity(limit.smoothness)})"
