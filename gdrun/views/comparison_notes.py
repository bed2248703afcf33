"""The notes and warnings of a comparison: what its tables do not say."""

from __future__ import annotations

from itertools import islice
from typing import Literal

from gdrun.config.key_paths import RATE
from gdrun.methods.rules import OPTIMIZERS
from gdrun.quantities import telling_digits
from gdrun.study.descent import STEPS, FirstRises
from gdrun.study.judgement.comparison_findings import Comparison, Contender
from gdrun.study.judgement.pairs import Pair
from gdrun.study.judgement.statistics import FEWEST_SEEDS, SIGNIFICANT, enough_seeds
from gdrun.study.judgement.usual_target import best_improvement
from gdrun.views.contender_notes import contender_notes
from gdrun.views.curve_scale import scale_of
from gdrun.views.early_rises import early_rise_notes
from gdrun.views.no_target import no_target_notes
from gdrun.views.numbers import count, quantity
from gdrun.views.returned_weights import weights_notes
from gdrun.views.schedule_notes import schedule_notes
from gdrun.views.split_note import split_notes
from gdrun.views.study_notes import (
    constant_notes,
    engine_notes,
    hardly_trained,
    lacking_notes,
    note_on_hardly_trained,
    order_notes,
    past_target_notes,
    unfinished_notes,
    work_line,
)
from gdrun.views.surface_runs import rate_notes, variant_notes
from gdrun.views.sweeps import ONE_SEED, interval_level, shown_value
from gdrun.views.ties import tie_notes

ALL_STEPS = (
    "the share of all steps of the run with the first seed that raised the full training loss"
)
"""The words on `loss rose` where each step uses the full objective, so that the run has counted."""

FIRST_EPOCHS = (
    "the share of the steps in {part} of the run with the first seed, at its own learning rates, "
    f"that raised the full training loss; of more than {STEPS} steps, evenly spread ones count"
)
"""The words on `loss rose` with mini-batches or dropout. part: the first 7 epochs."""

AT_EDGE = "(edge)"
"""The mark of a contender whose best setting is the smallest or the largest that was tried."""

UNEQUAL = 1.1
"""The work is called unequal if the most gradients exceed this many times the fewest."""

MOST_PAIRS = 10
"""If there are more pairs of contenders, only those with the best contender are shown."""


def notes_of(comparison: Comparison) -> list[tuple[str, str]]:
    """The notes below the tables, as (label, text)."""
    notes = unfinished_notes(comparison.plan, (row.standing for row in comparison.contenders))
    if comparison.target is not None and comparison.target.reason:
        notes.append(("target", comparison.target.sentence_with(digits_of(comparison))))
    if not comparison.unlike:
        rows = [row.standing for row in comparison.ranking]
        if comparison.target is None:
            improvement = best_improvement(rows, comparison.metric)
            notes += no_target_notes(improvement, comparison.metric, "target", "contender")
        notes += tie_notes(comparison.plan, rows, comparison.metric)
        notes += past_target_notes(comparison.plan, rows, comparison.metric)
        notes += order_notes(rows, comparison.metric, comparison.target)
        notes += constant_notes(rows, comparison.metric)
    notes += early_rise_notes(row.standing for row in comparison.ranking if row.standing.eligible)
    notes += weights_notes((row.standing for row in comparison.ranking), comparison.metric)
    if comparison.best is not None:
        progress = comparison.best_progress
        notes += note_on_hardly_trained(comparison.best.name, comparison.metric, progress)
    notes += lacking_notes(comparison.plan)
    notes += schedule_notes(row.standing for row in comparison.contenders)
    notes += variant_notes(comparison.plan)
    notes += rate_notes(comparison.plan)
    if comparison.tuning_work is None:
        notes.append(("tuning", _untuned(comparison)))
    notes += _seed_notes(comparison)
    notes += contender_notes(comparison.plan.candidates)
    notes += [("tuning", _tuning(row)) for row in comparison.contenders if row.tuning is not None]
    notes += [("tuning", text) for text in _not_tuned(comparison)]
    notes += [("tuning", text) for text in _unequal_tuning(comparison)]
    notes.append(("loss rose", _counted_rises(comparison)))
    if scale := scale_of([row.standing for row in comparison.contenders]):
        notes.append(("curve", scale.legend))
    text = f"time of updates only; each contender is timed alone{_engines(comparison)}"
    notes.append(("seconds", text))
    if comparison.tuning_work is not None:
        notes.append(("tuning work", work_line(comparison.tuning_work)))
    notes.append(("work", work_line(comparison.work)))
    return notes + engine_notes(row.standing for row in comparison.contenders)


def _counted_rises(comparison: Comparison) -> str:
    """The words on the column `loss rose`: which steps of which contenders it counts."""
    counted: dict[str, list[str]] = {}
    for row in comparison.contenders:
        exact = row.standing.candidate.experiment.exact_steps
        words = ALL_STEPS if exact else FIRST_EPOCHS.format(part=_first_part(row.first_rises))
        counted.setdefault(words, []).append(row.name)
    texts = [
        words if len(counted) == 1 else f"{', '.join(names)}: {words}"
        for words, names in counted.items()
    ]
    return "; ".join([*texts, "0 % is a smooth descent"])


def _first_part(rises: FirstRises | None) -> str:
    """The part of the training in which steps were measured: the first 7 epochs."""
    if rises is None or rises.epochs is None:
        return "the first part"
    return f"the first {rises.epochs:.3g} epochs" if rises.epochs != 1 else "the first epoch"


def _seed_notes(comparison: Comparison) -> list[tuple[str, str]]:
    """The notes on what the seeds show, as (label, text): the interval, and each pair."""
    seeds = len(comparison.plan.seeds)
    if comparison.plan.deterministic:
        return [("seeds", ONE_SEED)]
    pairs = comparison.pairs
    tests = max(len(pairs), 1)
    enough = enough_seeds(tests)
    if seeds == 1:
        text = f"unknown with one seed: `seeds={enough}` runs every contender under {enough} seeds"
        return [("significance", text)]
    notes = split_notes(comparison.plan, "p and intervals")
    if comparison.baseline is not None:
        text = f"{comparison.baseline}, with which every other contender is compared"
        notes.append(("baseline", text))
    elif len(pairs) > MOST_PAIRS:
        pairs = [pair for pair in pairs if pair.first == comparison.ranking[0].name]
    notes += [("pairs", pair_words(pair)) for pair in pairs]
    if pairs:
        notes.append(("p", words_on_p(comparison)))
    identical = [row for row in comparison.ranking if row.standing.identical]
    if identical:
        once = all(row.standing.candidate.experiment.deterministic for row in identical)
        names = ", ".join(row.name for row in identical)
        ran = "run, which is trained once," if once else "run,"
        text = f"{names}: every seed gives the same {ran} so that there is no interval"
        notes.append(("seeds", text))
    if seeds < enough and len(identical) < len(comparison.contenders):
        p = f"p < {SIGNIFICANT}"
        needed = f"{p} needs"
        if seeds < FEWEST_SEEDS == enough:
            needed = f"an interval and {p} need"
        elif seeds < FEWEST_SEEDS:
            needed = f"an interval needs {FEWEST_SEEDS} or more, and {p} for {tests} pairs"
        notes.append(("seeds", f"{seeds} are too few: {needed} {enough} or more, `seeds={enough}`"))
    intervals = filter(None, (row.standing.interval for row in comparison.contenders))
    return notes + [
        ("interval", f"of the median, {interval_level(each)}") for each in islice(intervals, 1)
    ]


def pair_words(pair: Pair) -> str:
    """A sentence on two contenders: mbgd is better than bgd under 8 of 8 seeds, p = 0.023.

    If p ≥ SIGNIFICANT, the text says that no difference is shown. The contender with the worse
    median may be better under most of the seeds.
    """
    tied = f", {pair.ties} tied" if pair.ties else ""
    p = f"p = {quantity(pair.p, 2)}"
    if pair.p < SIGNIFICANT:
        names = (pair.first, pair.second)
        better, worse = names if pair.wins > pair.losses else names[::-1]
        seeds = f"{max(pair.wins, pair.losses)} of {pair.seeds} seeds{tied}"
        return f"{better} is better than {worse} under {seeds}, {p}"
    wins = count(pair.wins, "seed")
    counts = f"{pair.first} is better under {wins}, {pair.second} under {pair.losses}"
    return f"no difference shown: {counts}{tied}, {p}"


def unequal_work(comparison: Comparison) -> list[str]:
    """A warning if the budgets allow contenders different numbers of gradients; else empty.

    The most are then over UNEQUAL times the fewest. On surfaces without noise a step costs the same
    for any batch, so steps are counted.
    """
    unit: Literal["gradients", "steps"] = "steps" if comparison.plan.noiseless else "gradients"
    spent = {row.name: row.spent(unit) for row in comparison.contenders}
    finished = {name: amount for name, amount in spent.items() if amount is not None}
    if not finished or max(finished.values()) <= UNEQUAL * min(finished.values()):
        return []
    listed = ", ".join(f"{name} {amount:,.0f}" for name, amount in finished.items())
    if unit == "steps":
        same = f"stopping.steps={min(finished.values()):.0f} gives all the same number"
        return [f"the budgets differ in steps: {listed}; {same}"]
    same = "`budget=gradients` gives all the same number"
    return [f"the budgets differ in work, counted in gradients of examples: {listed}; {same}"]


def _engines(comparison: Comparison) -> str:
    """A text with the engine of each contender; empty if all used the same engine."""
    used = {row.name: row.standing.results[0].record["engine"] for row in comparison.contenders}
    if len(set(used.values())) < 2:
        return ""
    return f"; the engines differ: {', '.join(f'{name} {used[name]}' for name in used)}"


def words_on_p(comparison: Comparison) -> str:
    """The words on what the p-values of a comparison are: the test, and for how many pairs."""
    pairs = len(comparison.pairs)
    adjusted = f", Holm-adjusted for {pairs} pairs" if pairs > 1 else ""
    return f"two-sided sign test over shared seeds{adjusted}"


def _tuning(row: Contender) -> str:
    """A sentence on the result of tuning a contender, and on how many runs that took."""
    tuning = row.tuning
    assert tuning is not None
    if not tuning.settings:
        return f"{row.name}: its own settings, because it has none of the keys"
    budget = f"{tuning.settings} settings × {count(tuning.seeds, 'tuning seed')}"
    if tuning.runs < tuning.settings * tuning.seeds:
        budget = f"{tuning.settings} settings in {count(tuning.runs, 'run')}"
    if not tuning.chosen:
        return f"{row.name}: none of {budget} lowered the loss; its own settings are kept"
    chosen = ", ".join(f"{key} {shown_value(value)}" for key, value in tuning.chosen.items())
    keys = " and ".join(tuning.at_edge)
    edge = (
        f"; {AT_EDGE}: the value of {keys} is the smallest or largest that was tried, and a wider "
        "range may have a better one"
        if keys
        else ""
    )
    return f"{row.name}: {chosen}, the best of {budget}{edge}{hardly_trained(tuning.progress)}"


def _untuned(comparison: Comparison) -> str:
    """A sentence on a comparison without tuning.

    It warns if optimizers differ, and some have their default learning rate: such a rate suits no
    problem in particular, so that the ranking may show the rates rather than the optimizers.
    """
    candidates = [row.standing.candidate for row in comparison.contenders]
    advice = '`tune="lr"` finds the best rate of each'
    defaults = [
        f"{each.name} (lr {quantity(rate)})"
        for each in candidates
        if RATE not in {**each.settings, **comparison.plan.for_all}
        and (optimizer := each.experiment.optimizer).name in OPTIMIZERS  # its plugin is loaded
        and (rate := optimizer.options["lr"]) == OPTIMIZERS[optimizer.name].options["lr"].default
    ]
    if len({each.experiment.optimizer.name for each in candidates}) < 2 or not defaults:
        return f"none: contenders keep their settings; {advice}"
    rates = "at default rates" if len(defaults) > 1 else "at its default rate"
    return (
        f"none: {', '.join(defaults)} trained {rates}, so that the ranking may show the rates "
        f"rather than the optimizers; {advice}"
    )


def _unequal_tuning(comparison: Comparison) -> list[str]:
    """A note if tuning tried more settings for some contenders than for others; else empty."""
    tried = {row.name: row.tuning.settings for row in comparison.contenders if row.tuning}
    if len(set(tried.values())) < 2:
        return []
    listed = ", ".join(f"{name} {amount}" for name, amount in tried.items())
    if _not_tuned(comparison):
        why = "not every contender has every tuned key"
        return [f"unequal numbers of settings: {listed}, because {why}"]
    why = "a default range is widened while its best value is at an edge"
    same = 'values of your own, such as `tune="lr=0.001,0.01,0.1"`, give all the same number'
    return [f"unequal numbers of settings: {listed}, because {why}; {same}"]


def _not_tuned(comparison: Comparison) -> list[str]:
    """A sentence for each key that some contenders do not have, so that it was not tuned there.

    A contender of which no setting lowered the loss has no best setting, and is left out.
    """
    tuned = {
        row.name: row.tuning.chosen
        for row in comparison.contenders
        if row.tuning is not None and (row.tuning.chosen or not row.tuning.settings)
    }
    keys = dict.fromkeys(key for chosen in tuned.values() for key in chosen)
    lacking = {key: [name for name in tuned if key not in tuned[name]] for key in keys}
    return [
        f"{key} was not tuned for {', '.join(names)}: no such option"
        for key, names in lacking.items()
        if names
    ]


def digits_of(comparison: Comparison) -> int:
    """The significant digits that tell the contenders' values of the metric apart."""
    value = comparison.metric.value
    return telling_digits(
        value(row.standing.spread.median) for row in comparison.contenders if row.standing.finite
    )
