"""The notes below the tables of sweeps and comparisons."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import partial

import numpy as np

from gdrun.config.experiment import Experiment
from gdrun.config.writing import short_flow
from gdrun.methods.stopping import position
from gdrun.quantities import separating_digits
from gdrun.study.design.trials import StudyPlan
from gdrun.study.judgement.constant_predictions import ConstantPrediction, constant_prediction
from gdrun.study.judgement.metrics import Metric, Target
from gdrun.study.judgement.ranking import Standing
from gdrun.study.judgement.stability import StabilityLimit
from gdrun.study.judgement.statistics import quantile
from gdrun.study.judgement.stopping_targets import cost_unit
from gdrun.study.judgement.sweep_findings import Sweep
from gdrun.study.judgement.training_progress import has_learned_little
from gdrun.study.judgement.verdicts import others
from gdrun.study.study import Work
from gdrun.symptoms.wording import predicted
from gdrun.views.numbers import contrasted, count, duration, percent, quantity

MOST_NAMES = 3
"""The most settings that a note names; of more it has the number."""

MOST_LAST = 12
"""The most settings that the note on those which come last names; of more it has the number."""

MOST_UNFINISHED = 12
"""The most settings without a result that a note names; of more it has the number."""


def lacking_notes(plan: StudyPlan) -> list[tuple[str, str]]:
    """The notes on settings that some candidates have no option for, as (label, text)."""
    return [
        ("settings", f"{key}={short_flow(plan.for_all[key])} has no effect on {', '.join(names)}")
        for key, names in plan.lacking.items()
    ]


def better_median_notes(sweep: Sweep) -> list[tuple[str, str]]:
    """A note if another setting has a better median than the best one, but is not chosen.

    It reaches the target later, is less stable, or was dropped by successive halving. If runs stop
    at a common target, `past_target_notes` says why.
    """
    other = _better_median(sweep)
    if other is None or not other.descends or (other.stops and other.dropped is None):
        return []
    return [("as good" if other.dropped is None else "dropped", why_chosen(sweep))]


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
    if other.costs is not None:
        return f"{text}which is further past the target, but it reaches the target later"
    slower = other.symptom == "exploding" or other.diverged
    how = "is less stable" if slower else "reaches the target later"
    return f"{text}which is better by less than 2 %, but it {how}"


def _better_median(sweep: Sweep) -> Standing | None:
    """The setting with the best median if it ranks below the best one; None without a best one.

    A setting that lowers the training loss comes before one that does not.
    """
    if sweep.best is None:
        return None
    best = sweep.ranking[0]
    below = [each for each in sweep.ranking if each.rank != best.rank]
    better = [each for each in below if each.spread.median < best.spread.median]
    return min(
        better,
        key=lambda each: (not each.descends, each.dropped is not None, each.spread.median),
        default=None,
    )


def unfinished_notes(plan: StudyPlan, found: Iterable[Standing]) -> list[tuple[str, str]]:
    """The note on settings of which runs are missing, as (label, text); empty if none is.

    found: the settings of which at least one run has ended.
    """
    known, of = list(found), len(plan.seeds)
    partly: dict[int, list[str]] = {}
    for each in known:
        if len(each.trained) == len(each.results) < of:
            partly.setdefault(each.runs, []).append(each.name)
    texts = [f"{_listed(names)} ({runs} of {of} runs ended)" for runs, names in partly.items()]
    ended = {each.name for each in known}
    if none := [each.name for each in plan.candidates if each.name not in ended]:
        texts.append(f"no run has ended: {_listed(none)}")
    return [("unfinished", "; ".join(texts))] if texts else []


def _listed(names: Sequence[str]) -> str:
    """The names of settings, or their number if there are many."""
    few = len(names) <= MOST_UNFINISHED
    return ", ".join(names) if few else count(len(names), "setting")


ROSE = "diverged, exploded, or ended with a training loss above its start"
"""What a run did that counts against its setting, whatever its metric."""


def order_notes(
    ranking: Sequence[Standing],
    metric: Metric,
    target: Target | None,
    *,
    best_only: bool = False,
) -> list[tuple[str, str]]:
    """The note on settings that come last because their training loss rose, as (label, text).

    It has all of them, if it explains any cell of the table: the median of such a setting is better
    than that of a setting before it; or half of its runs had values that meet the target, which
    they do not reach. Otherwise there is no note. ranking: the settings, the best first. best_only:
    whether only a median better than the best one counts, because the table does not show the
    order.
    """
    medians = [each.median for each in ranking if each.descends and each.finite]
    passed = max(medians[: 1 if best_only else None], default=-math.inf)
    last = [each for each in ranking if each.finite and not each.descends]
    met = [each for each in last if target is not None and _meets(each, target)]
    if not met and not any(each.median < passed for each in last):
        return []
    counts = [f"{each.rose} of {each.runs} runs" for each in last]
    names = [f"{each.name} ({of})" for each, of in zip(last, counts, strict=True)]
    if len(last) > 1 and len(set(counts)) == 1:
        names = [each.name for each in last]
        names[-1] += f" ({counts[0]} each)"
    listed = ", ".join(names)
    if len(last) > MOST_LAST:
        listed = f"{len(last)} settings (half of their runs or more)"
    place = "last, and never at the target" if met else "last"
    return [("order", f"{place}, whatever the {metric.words}, because they {ROSE}: {listed}")]


def past_target_notes(
    plan: StudyPlan, ranking: Sequence[Standing], metric: Metric
) -> list[tuple[str, str]]:
    """The note on what ranks the settings if all runs stop at a target, as (label, text).

    ranking: the settings of the plan of which a run has ended. It is empty if all runs have no
    common target of the metric, or no run reached it.
    """
    costs = [each.costs for each in ranking if each.costs is not None]
    if not any(np.isfinite(each).any() for each in costs):
        return []
    end = f"the final {metric.words} only shows how far the last step went past it"
    return [("ranked by", f"{cost_words(plan)} to the target, at which a run stops: {end}")]


def cost_words(plan: StudyPlan) -> str:
    """What counts the work to a common target: steps or gradients."""
    return "steps" if cost_unit(plan) == "step" else "gradients"


def _meets(standing: Standing, target: Target) -> bool:
    """Whether half of a setting's runs have values that meet the target."""
    costs = [target.reached(result, "step") for result in standing.results]
    return math.isfinite(quantile(costs, 0.5))


def constant_notes(ranking: Sequence[Standing], metric: Metric) -> list[tuple[str, str]]:
    """The note on the constant prediction, as (label, text); empty if it is not known.

    ranking: the settings, the best first. The note is left out if `constant_warnings` has one.
    """
    constant = constant_prediction(ranking, metric)
    if constant is None or constant.beaten is False:
        return []
    return [("no features", f"{_constant_words(constant)} has {_constant_value(constant, metric)}")]


def constant_warnings(ranking: Sequence[Standing], metric: Metric, noun: str) -> list[str]:
    """A warning if the best setting is no better than a constant prediction; else empty.

    ranking: the settings, the best first. noun: what they are called.
    """
    constant = constant_prediction(ranking, metric)
    if constant is None or constant.beaten is not False:
        return []
    value = _constant_value(constant, metric)
    words = _constant_words(constant)
    return [f"the best {noun} is no better than {words}, which has {value}"]


def _constant_words(constant: ConstantPrediction) -> str:
    """The words for a constant prediction, such as always predicting no."""
    if constant.prediction is None:
        return "the best constant prediction of each training part"
    return f"always predicting {predicted(constant.prediction)}"


def _constant_value(constant: ConstantPrediction, metric: Metric) -> str:
    """The metric of a constant prediction with its name, such as a val loss of 0.4."""
    return f"a {metric.words} of {quantity(metric.value(constant.score))}"


def trained_once_notes(plan: StudyPlan) -> list[tuple[str, str]]:
    """The note on settings of which every seed gives the same run, as (label, text); or empty."""
    names = [each.name for each in plan.candidates if each.experiment.deterministic]
    if not names or len(plan.seeds) == 1:
        return []
    settings = ", ".join(names) if len(names) <= MOST_NAMES else f"{len(names)} settings"
    return [("seeds", f"{settings}: every seed gives the same run, which is trained once")]


def work_line(work: Work) -> str:
    """The number of new runs, their time, and the number of runs that were done before.

    >>> work_line(Work(4, 2, 1, 1.5))
    '4 runs in 1.5 s; 2 runs already done'
    """
    if not work.run:
        return f"no new runs; {count(work.found, 'run')} already done"
    parts = [f"{count(work.run, 'run')} in {duration(work.seconds)}"]
    if work.continued:
        words = "continued from a checkpoint, and the time before it is not counted"
        parts.append(f"{work.continued} of them {words}")
    if work.found:
        parts.append(f"{count(work.found, 'run')} already done")
    return "; ".join(parts)


def hardly_trained(progress: float | None) -> str:
    """The end of a sentence on the best setting, if its training loss hardly fell; else empty.

    progress: the share of the best improvement of the training loss that the setting made; None if
    a loss ranks the settings.
    """
    if progress is None or not has_learned_little(progress):
        return ""
    fell = f"its training loss made {percent(max(progress, 0.0))} of the best improvement"
    return f"; {fell}, so that it has learned little"


def note_on_hardly_trained(
    name: str, metric: Metric, progress: float | None
) -> list[tuple[str, str]]:
    """The note, as (label, text), on the best contender if it has learned little; else empty."""
    hardly = hardly_trained(progress)
    part = metric.name.partition("_")[0]
    by_loss = f'`metric="{part}_loss"` ranks by the loss'
    return [("best", f"{name}: first by {metric.words}{hardly}; {by_loss}")] if hardly else []


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


def limit_notes(sweep: Sweep) -> list[tuple[str, str]]:
    """The notes on the stability limits of a sweep of the learning rate, as (label, text)."""
    notes = []
    for own, limit in sweep.limits.items():
        members = [each for each in sweep.plan.candidates if others(each) == own]
        reason = _changing_rate([each.experiment for each in members])
        sentence = limit_sentence(limit, reason)
        notes.append(("stability", f"{own}: {sentence}" if own else sentence))
    return notes


def _changing_rate(experiments: Sequence[Experiment]) -> str:
    """Why rates above the limit of theory may be stable: the rate changes during the run.

    Empty if it does not, or with noisy gradients, for which the limit of full batches is no limit.
    """
    schedules = {each.schedule.name for each in experiments} - {"constant"}
    warms = any(each.schedule["warmup"] for each in experiments)
    if not (schedules or warms) or not all(each.exact_steps for each in experiments):
        return ""
    names = [*sorted(schedules), *(["the warm-up"] if warms else [])]
    constant = [*(["schedule=constant"] if schedules else []), *(["warmup=0"] if warms else [])]
    verb = "changes" if len(names) == 1 else "change"
    return f"because {' and '.join(names)} {verb} the rate: {' '.join(constant)} keeps it"


def limit_sentence(limit: StabilityLimit, reason: str = "") -> str:
    """A sentence with the observed and the predicted stability limit of the learning rate.

    reason: why larger rates may be stable; empty if it is not known.
    """
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
        theory += f"stable near a minimum, and larger ones may be{', ' if reason else ''}{reason}"
    L = f"L = {quantity(limit.smoothness)}"
    known = f"{L} is an upper bound of the curvature" if limit.is_bound else f"curvature {L}"
    return f"{observed}; {theory} ({known})"
